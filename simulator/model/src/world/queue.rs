//! The queue: what is going to happen, in order of time, and in order of insertion where times are equal.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::time::Time;

/// Events to come.
#[derive(Debug)]
pub struct Queue<E> {
    heap: BinaryHeap<Reverse<Entry<E>>>,
    inserted: u64,
}

#[derive(Debug)]
struct Entry<E> {
    at: Time,
    sequence: u64,
    event: E,
}

impl<E> Queue<E> {
    /// Nothing is going to happen.
    pub const fn new() -> Queue<E> {
        Queue { heap: BinaryHeap::new(), inserted: 0 }
    }

    /// `event` happens at `at`, behind everything that was put there before.
    pub fn push(&mut self, at: Time, event: E) {
        self.heap.push(Reverse(Entry { at, sequence: self.inserted, event }));
        self.inserted += 1;
    }

    /// When the next event happens.
    pub fn next_at(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    /// Takes the next event.
    pub fn pop(&mut self) -> Option<(Time, E)> {
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.event))
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.sequence).cmp(&(other.at, other.sequence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_times_keep_their_order_of_insertion() {
        let mut queue = Queue::new();
        queue.push(Time(2), 'c');
        queue.push(Time(1), 'a');
        queue.push(Time(2), 'd');
        queue.push(Time(1), 'b');
        let order: Vec<(Time, char)> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, [(Time(1), 'a'), (Time(1), 'b'), (Time(2), 'c'), (Time(2), 'd')]);
    }
}
