//! An incarnation: a coroutine with a stack of its own, which takes deliveries one after another.

use std::sync::{Arc, Mutex, PoisonError};

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use egress_sim_model::call::{Answer, Boot, Call, Delivery, LogLevel, Reply};
use egress_sim_model::operator::{Guest, Host, Step, Trap, TrapKind};
use egress_sim_sdk::{Instance, Make};

use crate::contract;
use crate::panics;
use crate::world::World;

/// What an operator has for its stack; only what it touches is ever mapped.
const STACK_BYTES: usize = 2 << 20;
/// Stacks kept for the next incarnation.
const SPARE_STACKS: usize = 16;

/// Starts incarnations of an SDK operator in this process.
pub struct NativeHost {
    name: String,
    make: Make,
    spare: Spare,
}

impl NativeHost {
    /// A host for the operators that `make` makes. `name` is what [`Host::name`] gives.
    ///
    /// The first one puts a panic hook before the process's own, so that an operator's panic is noted instead of printed.
    pub fn new(name: &str, make: Make) -> NativeHost {
        panics::note_those_of_operators();
        NativeHost { name: name.to_owned(), make, spare: Spare::default() }
    }
}

impl Host for NativeHost {
    fn start(&self, _boot: &Arc<Boot>) -> Box<dyn Guest> {
        Box::new(Incarnation { make: self.make, spare: self.spare.clone(), life: None, over: false })
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// What comes into the coroutine.
pub enum Message {
    /// A delivery, after `Output::Done` and at first.
    Delivery(Delivery),
    /// The answer to `Output::Call`.
    Reply(Reply),
    /// The incarnation crashed: nothing it does from here on reaches anything.
    Crash,
}

/// What comes out of it.
pub enum Output {
    /// It asks.
    Call(Call),
    /// It answered the delivery.
    Done(Answer),
}

type Life = Coroutine<Message, Output, Option<Trap>, DefaultStack>;

/// Stacks that incarnations have left behind.
#[derive(Clone, Default)]
struct Spare(Arc<Mutex<Vec<DefaultStack>>>);

impl Spare {
    fn take(&self) -> DefaultStack {
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_else(|| DefaultStack::new(STACK_BYTES).expect("there is address space for a stack"))
    }

    fn put(&self, stack: DefaultStack) {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < SPARE_STACKS {
            spare.push(stack);
        }
    }
}

/// A guest of the world. Dropping it in mid-call unwinds the operator.
struct Incarnation {
    make: Make,
    spare: Spare,
    life: Option<Life>,
    over: bool,
}

impl Guest for Incarnation {
    fn begin(&mut self, delivery: &Delivery) -> Step {
        self.step(Message::Delivery(delivery.clone()))
    }

    fn resume(&mut self, reply: Reply) -> Step {
        self.step(Message::Reply(reply))
    }
}

impl Incarnation {
    fn step(&mut self, message: Message) -> Step {
        if self.over {
            return Step::Trapped(Trap { kind: TrapKind::Trap, message: "it has already ended".to_owned() });
        }
        let make = self.make;
        let life = self.life.get_or_insert_with(|| {
            Coroutine::with_stack(self.spare.take(), move |yielder, first| live(yielder, first, make))
        });
        match life.resume(message) {
            CoroutineResult::Yield(Output::Call(call)) => Step::Call(call),
            CoroutineResult::Yield(Output::Done(answer)) => Step::Done(answer),
            CoroutineResult::Return(trap) => {
                self.end();
                Step::Trapped(trap.expect("only a crash ends it without a trap"))
            }
        }
    }

    fn end(&mut self) {
        self.over = true;
        if let Some(life) = self.life.take() {
            self.spare.put(life.into_stack());
        }
    }
}

impl Drop for Incarnation {
    fn drop(&mut self) {
        if let Some(life) = &mut self.life {
            match life.resume(Message::Crash) {
                CoroutineResult::Return(_) => self.end(),
                CoroutineResult::Yield(_) => unreachable!("after a crash nothing is asked and nothing answered"),
            }
        }
    }
}

/// The coroutine. None: it crashed.
fn live(yielder: &Yielder<Message, Output>, first: Message, make: Make) -> Option<Trap> {
    let mut world = World::new(yielder);
    let mut instance = Instance::new();
    let mut message = first;
    loop {
        let delivery = match message {
            Message::Delivery(delivery) => delivery,
            Message::Crash => return None,
            Message::Reply(reply) => panic!("the world replied to nothing: {reply:?}"),
        };
        let result = panics::caught(|| match delivery {
            Delivery::Init(boot) => instance.init(&mut world, &contract::boot(&boot), make),
            Delivery::Webhook { delivery, attempt } => instance.on_webhook(&mut world, delivery, attempt),
            Delivery::Command(command) => instance.on_command(&mut world, contract::command(&command)),
            Delivery::Timer(timer) => instance.on_timer(&mut world, contract::timer(&timer)),
        });
        if world.crashed() {
            return None;
        }
        match result {
            Ok(result) => message = yielder.suspend(Output::Done(contract::answer(result))),
            Err(report) => {
                // As the component's panic hook does, before it traps.
                world.exchange(Call::Log { level: LogLevel::Error, message: report.clone() })?;
                return Some(Trap { kind: TrapKind::Trap, message: report });
            }
        }
    }
}
