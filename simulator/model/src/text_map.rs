//! A map by text that is quick to look things up in.
//!
//! Egress ids, object keys and the operator's own keys come by the ten thousand, and looking them up is what a large run
//! does most. In a plain `BTreeMap<Arc<str>, V>` each comparison on the way down follows a pointer. Here each key carries
//! its first bytes as a number beside the pointer, which nearly always decides. The order is that of the texts.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// A map by text, in the order of the texts' bytes.
#[derive(Clone, Debug)]
pub struct TextMap<V>(BTreeMap<Key, V>);

/// A text as the map keeps it. The derived order is that of the texts: heads differ where their first bytes differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    head: u128,
    text: Arc<str>,
}

/// A text that is looked for.
struct Sought<'a> {
    head: u128,
    text: &'a str,
}

/// What [`Key`] and [`Sought`] have in common, so that looking up makes no `Arc`.
trait Text {
    fn head(&self) -> u128;
    fn text(&self) -> &str;
}

/// The first sixteen bytes as a number that orders as they do.
fn head_of(text: &str) -> u128 {
    let mut head = [0; 16];
    let length = text.len().min(16);
    head[..length].copy_from_slice(&text.as_bytes()[..length]);
    u128::from_be_bytes(head)
}

impl<V> TextMap<V> {
    /// Nothing.
    pub const fn new() -> TextMap<V> {
        TextMap(BTreeMap::new())
    }

    /// How many texts are in it.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What stands under `text`.
    pub fn get(&self, text: &str) -> Option<&V> {
        self.0.get(sought(text).as_text())
    }

    /// What stands under `text`, to be changed.
    pub fn get_mut(&mut self, text: &str) -> Option<&mut V> {
        self.0.get_mut(sought(text).as_text())
    }

    /// The map's own copy of `text`, and what stands under it.
    pub fn get_key_value(&self, text: &str) -> Option<(&Arc<str>, &V)> {
        self.0.get_key_value(sought(text).as_text()).map(|(key, value)| (&key.text, value))
    }

    /// [`TextMap::get_key_value`], to be changed.
    pub fn get_key_value_mut(&mut self, text: &str) -> Option<(&Arc<str>, &mut V)> {
        self.range_mut(Bound::Included(text)).next().filter(|(key, _)| &***key == text)
    }

    /// Whether something stands under `text`.
    pub fn contains_key(&self, text: &str) -> bool {
        self.0.contains_key(sought(text).as_text())
    }

    /// Puts `value` under `text`, and returns what stood there.
    pub fn insert(&mut self, text: Arc<str>, value: V) -> Option<V> {
        self.0.insert(Key::new(text), value)
    }

    /// What stands under `text`; something new where there is nothing.
    pub fn or_default(&mut self, text: Arc<str>) -> &mut V
    where
        V: Default,
    {
        self.or_insert_with(text, V::default)
    }

    /// What stands under `text`; what `make` makes where there is nothing.
    pub fn or_insert_with(&mut self, text: Arc<str>, make: impl FnOnce() -> V) -> &mut V {
        self.0.entry(Key::new(text)).or_insert_with(make)
    }

    /// Takes out what stands under `text`.
    pub fn remove(&mut self, text: &str) -> Option<V> {
        self.0.remove(sought(text).as_text())
    }

    /// Takes out what stands under `text`, with the map's own copy of it.
    pub fn remove_entry(&mut self, text: &str) -> Option<(Arc<str>, V)> {
        self.0.remove_entry(sought(text).as_text()).map(|(key, value)| (key.text, value))
    }

    /// Everything, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &V)> {
        self.0.iter().map(|(key, value)| (&key.text, value))
    }

    /// Every value, in the order of the texts.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.values()
    }

    /// Everything from a text on, in order.
    pub fn range<'m>(&'m self, from: Bound<&str>) -> impl Iterator<Item = (&'m Arc<str>, &'m V)> + use<'m, V> {
        let from = from.map(sought);
        let range = self.0.range::<dyn Text, _>((from.as_ref().map(Sought::as_text), Bound::Unbounded));
        range.map(|(key, value)| (&key.text, value))
    }

    /// Everything from a text on, in order, to be changed.
    pub fn range_mut<'m>(
        &'m mut self,
        from: Bound<&str>,
    ) -> impl Iterator<Item = (&'m Arc<str>, &'m mut V)> + use<'m, V> {
        let from = from.map(sought);
        let range = self.0.range_mut::<dyn Text, _>((from.as_ref().map(Sought::as_text), Bound::Unbounded));
        range.map(|(key, value)| (&key.text, value))
    }
}

impl<V> Default for TextMap<V> {
    fn default() -> TextMap<V> {
        TextMap::new()
    }
}

impl<V> FromIterator<(Arc<str>, V)> for TextMap<V> {
    fn from_iter<T: IntoIterator<Item = (Arc<str>, V)>>(pairs: T) -> TextMap<V> {
        TextMap(pairs.into_iter().map(|(text, value)| (Key::new(text), value)).collect())
    }
}

impl Key {
    fn new(text: Arc<str>) -> Key {
        Key { head: head_of(&text), text }
    }
}

fn sought(text: &str) -> Sought<'_> {
    Sought { head: head_of(text), text }
}

impl<'a> Sought<'a> {
    fn as_text(&self) -> &(dyn Text + 'a) {
        self
    }
}

impl Text for Key {
    fn head(&self) -> u128 {
        self.head
    }

    fn text(&self) -> &str {
        &self.text
    }
}

impl Text for Sought<'_> {
    fn head(&self) -> u128 {
        self.head
    }

    fn text(&self) -> &str {
        self.text
    }
}

impl<'a> Borrow<dyn Text + 'a> for Key {
    fn borrow(&self) -> &(dyn Text + 'a) {
        self
    }
}

impl Ord for dyn Text + '_ {
    fn cmp(&self, other: &Self) -> Ordering {
        self.head().cmp(&other.head()).then_with(|| self.text().cmp(other.text()))
    }
}

impl PartialOrd for dyn Text + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for dyn Text + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for dyn Text + '_ {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Texts that are alike in their beginnings, among them such as end with NUL, which a head cannot tell from nothing.
    fn texts() -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec("(acme-1/RM_2345678)?[ab\0é]{0,3}", 0..40)
    }

    proptest! {
        #[test]
        fn it_holds_what_a_plain_map_holds_in_the_same_order(texts in texts(), looked_for in texts()) {
            let plain: BTreeMap<Arc<str>, usize> =
                texts.iter().enumerate().map(|(place, text)| (text.as_str().into(), place)).collect();
            let mut map: TextMap<usize> = TextMap::new();
            for (place, text) in texts.iter().enumerate() {
                map.insert(text.as_str().into(), place);
            }
            prop_assert!(map.iter().eq(&plain));
            for text in texts.iter().chain(&looked_for) {
                prop_assert_eq!(map.get(text), plain.get(text.as_str()));
                for bound in [Bound::Included(text.as_str()), Bound::Excluded(text.as_str())] {
                    prop_assert!(map.range(bound).eq(plain.range::<str, _>((bound, Bound::Unbounded))));
                }
            }
            let mut plain = plain;
            for text in &looked_for {
                prop_assert_eq!(map.remove(text), plain.remove(text.as_str()));
            }
        }
    }
}
