//! An incarnation: one future that owns store and instance and takes deliveries one after another.
//!
//! It is polled by hand and never by an executor, so it can wait for one thing only: the other side of its [`Exchange`].

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use egress_sim_model::call::{Answer, Boot, Call, Delivery, Reply};
use egress_sim_model::operator::{Guest, Host, Step, Trap, TrapKind};
use egress_sim_model::scenario::Limits;
use wasmtime::{Error, PoolConcurrencyLimitError, Store};

use crate::contract;
use crate::limits::{self, Growth};
use crate::load::{LoadError, Operator, Prepared};
use crate::wasi::Wasi;
use crate::wit;

/// Starts incarnations of an operator as a component.
pub struct SandboxHost {
    name: String,
    prepared: Arc<Prepared>,
    limits: Arc<Limits>,
}

impl SandboxHost {
    /// A host for `operator` under `limits`. `name` is what [`Host::name`] gives: which of the component's operators to be,
    /// empty for a component that is one.
    ///
    /// # Errors
    /// `limits.stack_bytes` is out of range. A stack size that the process has not met before also compiles the operator
    /// again, or fetches it from the cache.
    pub fn new(operator: &Operator, name: &str, limits: &Limits) -> Result<SandboxHost, LoadError> {
        let prepared = operator.prepare(limits.stack_bytes)?;
        Ok(SandboxHost { name: name.to_owned(), prepared, limits: Arc::new(limits.clone()) })
    }
}

impl Host for SandboxHost {
    fn start(&self, _boot: &Arc<Boot>) -> Box<dyn Guest> {
        let exchange = Exchange::default();
        let life = live(Arc::clone(&self.prepared), Arc::clone(&self.limits), exchange.clone());
        Box::new(Incarnation { exchange, life: Some(Box::pin(life)) })
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// A guest of the world. Dropping it drops the future, and with it store, instance and stack.
struct Incarnation {
    exchange: Exchange,
    /// None: it ended itself.
    life: Option<Pin<Box<dyn Future<Output = Trap>>>>,
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
        let Some(life) = &mut self.life else {
            return Step::Trapped(Trap { kind: TrapKind::Trap, message: "it has already ended".to_owned() });
        };
        self.exchange.put(message);
        let trap = match life.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(trap) => trap,
            Poll::Pending => match self.exchange.take() {
                Message::Call(call) => return Step::Call(call),
                Message::Done(answer) => return Step::Done(answer),
                _ => Trap {
                    kind: TrapKind::Trap,
                    message: "it waits for something that is no part of its world".to_owned(),
                },
            },
        };
        self.life = None;
        Step::Trapped(trap)
    }
}

/// What passes between the world's side and the guest's side, one thing at a time.
#[derive(Default)]
enum Message {
    #[default]
    Nothing,
    Delivery(Delivery),
    Call(Call),
    Reply(Reply),
    Done(Answer),
}

/// The cell that both sides see. A mutex and not a plain cell, because wasmtime wants its store to be `Send`; nobody ever
/// waits for it.
#[derive(Clone, Default)]
struct Exchange(Arc<Mutex<Message>>);

impl Exchange {
    fn lock(&self) -> MutexGuard<'_, Message> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, message: Message) {
        *self.lock() = message;
    }

    fn take(&self) -> Message {
        std::mem::take(&mut *self.lock())
    }

    fn take_reply(&self) -> Option<Reply> {
        let mut message = self.lock();
        match std::mem::take(&mut *message) {
            Message::Reply(reply) => Some(reply),
            other => {
                *message = other;
                None
            }
        }
    }

    fn take_delivery(&self) -> Option<Delivery> {
        let mut message = self.lock();
        match std::mem::take(&mut *message) {
            Message::Delivery(delivery) => Some(delivery),
            other => {
                *message = other;
                None
            }
        }
    }

    async fn next_delivery(&self) -> Delivery {
        std::future::poll_fn(|_| self.take_delivery().map_or(Poll::Pending, Poll::Ready)).await
    }
}

/// What a store holds for its guest.
pub struct State {
    exchange: Exchange,
    growth: Growth,
    /// Only of a component that imports it.
    wasi: Option<Box<Wasi>>,
}

impl State {
    /// Asks the world and waits for its reply: the one way out of the sandbox.
    pub async fn ask(&mut self, call: Call) -> Reply {
        self.log_printed(false).await;
        self.exchange(call).await
    }

    /// WASI's part, for its own functions.
    pub fn wasi(&mut self) -> &mut Wasi {
        self.wasi.as_deref_mut().expect("only a component that imports WASI is linked to it")
    }

    /// Logs what the guest printed, which has no way to wait for the world by itself.
    async fn log_printed(&mut self, all: bool) {
        let Some(wasi) = &self.wasi else { return };
        for line in wasi.take_lines(all) {
            contract::into_nothing(self.exchange(line).await);
        }
    }

    async fn exchange(&mut self, call: Call) -> Reply {
        // There is no reply before the world has seen the call.
        let mut call = Some(call);
        std::future::poll_fn(|_| match call.take() {
            Some(call) => {
                self.exchange.put(Message::Call(call));
                Poll::Pending
            }
            None => self.exchange.take_reply().map_or(Poll::Pending, Poll::Ready),
        })
        .await
    }
}

async fn live(prepared: Arc<Prepared>, limits: Arc<Limits>, exchange: Exchange) -> Trap {
    let new_store = |engine| new_store(engine, &limits, exchange.clone(), prepared.imports_wasi());
    let mut store = new_store(prepared.engine());
    let instance = match prepared.first.instantiate_async(&mut store).await {
        Err(error) if error.is::<PoolConcurrencyLimitError>() => match prepared.overflow() {
            Ok(overflow) => {
                store = new_store(overflow.engine());
                overflow.instantiate_async(&mut store).await
            }
            Err(error) => Err(error),
        },
        done => done,
    };
    let instance = match instance {
        Ok(instance) => instance,
        Err(error) => return end(&mut store, &error, &limits, true).await,
    };
    loop {
        let delivery = exchange.next_delivery().await;
        match deliver(&mut store, &instance, &limits, delivery).await {
            Ok(answer) => {
                store.data_mut().log_printed(true).await;
                exchange.put(Message::Done(answer));
            }
            Err(error) => return end(&mut store, &error, &limits, false).await,
        }
    }
}

/// The last words and the end.
async fn end(store: &mut Store<State>, error: &Error, limits: &Limits, before: bool) -> Trap {
    store.data_mut().log_printed(true).await;
    limits::end_of(error, &store.data().growth, limits, before)
}

fn new_store(engine: &wasmtime::Engine, limits: &Limits, exchange: Exchange, imports_wasi: bool) -> Store<State> {
    let wasi = imports_wasi.then(|| Box::new(Wasi::new()));
    let mut store = Store::new(engine, State { exchange, growth: Growth::new(limits), wasi });
    store.limiter(|state| &mut state.growth);
    store.set_hostcall_fuel(usize::try_from(limits.host_payload_bytes).unwrap_or(usize::MAX));
    store.set_fuel(limits.fuel).expect("the engine counts fuel");
    store
}

async fn deliver(
    store: &mut Store<State>,
    instance: &wit::Operator,
    limits: &Limits,
    delivery: Delivery,
) -> Result<Answer, Error> {
    store.set_fuel(limits.fuel)?;
    store.data_mut().growth.next_delivery();
    let handler = instance.egress_sim_operator_handler();
    let result = match delivery {
        Delivery::Init(boot) => handler.call_init(store, &contract::boot(&boot)).await,
        Delivery::Webhook { delivery, attempt } => handler.call_on_webhook(store, delivery, attempt).await,
        Delivery::Command(command) => handler.call_on_command(store, &contract::command(&command)).await,
        Delivery::Timer(timer) => handler.call_on_timer(store, &contract::timer(&timer)).await,
    };
    result.map(contract::answer)
}
