//! The thread that owns the world, and everybody's way to it.
//!
//! It has one world at a time ([`World::begin`]), brings in what comes, says what time it is and gives out what goes
//! ([`Driver`], in `perform`). What comes while there is no world, or belongs to one that is over, finds nobody.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use egress_sim_model::call::{Call, CallError, Reply};
use egress_sim_model::live::Live;
use egress_sim_model::live::journal::Journal;
use egress_sim_model::property;
use egress_sim_model::scenario::Scenario;
use egress_sim_model::time::Time;
use egress_sim_model::world::Outcome;
use egress_sim_wire::livekit::Keys;
use egress_sim_wire::s3::Door;
use egress_sim_wire::s3::shelf::Shelf;
use tokio::sync::{mpsc as tokio_mpsc, oneshot};

use crate::clock::Mode;
use crate::webhooks::Sending;

mod attempts;
mod leases;
mod perform;
mod records;

pub use attempts::Attempt;
use perform::After;
pub use perform::{Began, Driver};
pub use records::{Line, Records};

/// Something that is done with the world, in its thread.
type Errand = Box<dyn FnOnce(&mut Driver<'_>) + Send>;

enum Message {
    Ask(Call, oneshot::Sender<Reply>),
    Errand(Errand),
    Begin(Box<Begin>),
}

/// The way to the world, for everybody.
#[derive(Clone, Debug)]
pub struct World {
    messages: mpsc::Sender<Message>,
    /// Requests to LiveKit's API and to S3 that have come in and are not answered.
    in_flight: Arc<AtomicUsize>,
    /// See [`Settings::shelf`].
    shelf: Option<Arc<dyn Shelf>>,
}

/// How every world is driven.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The clock.
    pub mode: Mode,
    /// How long nothing must have come before `auto` jumps.
    pub quiet: Duration,
    /// What goes out is signed with these.
    pub keys: Keys,
    /// Urls that get every webhook besides the operator, each in its own time.
    pub tells_also: Vec<String>,
    /// Where large bodies go; none: they stay in memory.
    pub shelf: Option<Arc<dyn Shelf>>,
}

/// A world that begins.
#[derive(Debug)]
pub struct Begin {
    /// What happens in it.
    pub scenario: Scenario,
    /// Whether promises are watched over. It costs memory for each object that was ever deleted.
    pub watched: bool,
    /// What becomes of it.
    pub until: Until,
}

/// How long a world goes on.
#[derive(Debug)]
pub enum Until {
    /// Until another begins. Whether anybody takes deliveries.
    Replaced {
        /// See [`Live::listens`].
        listens: bool,
    },
    /// Until the scenario's end, as a run. It stands still until [`World::operator_is_up`].
    Over(Run),
}

/// A scenario that is run to its end.
#[derive(Debug)]
pub struct Run {
    /// The process can be killed and started again.
    pub mortal: bool,
    /// How long, by the wall clock, nothing may happen while somebody works aside.
    pub patience: Duration,
    /// When it is broken off.
    pub deadline: Instant,
    /// Told what it came to.
    pub ended: oneshot::Sender<Ended>,
}

/// What a run came to.
#[derive(Debug)]
pub struct Ended {
    /// What was found.
    pub outcome: Outcome,
    /// What was done, to have it again.
    pub journal: Journal,
    /// Why it was broken off; none: it went to its end.
    pub broken_off: Option<String>,
}

/// Starts the thread. What goes out besides replies comes by the receiver.
pub fn start(settings: Settings) -> (World, tokio_mpsc::UnboundedReceiver<Sending>) {
    let (messages, inbox) = mpsc::channel();
    let (outgoing, outbox) = tokio_mpsc::unbounded_channel();
    let in_flight = Arc::new(AtomicUsize::new(0));
    let shelf = settings.shelf.clone();
    let way = Way { settings, inbox, outgoing, in_flight: Arc::clone(&in_flight) };
    std::thread::Builder::new()
        .name("world".into())
        .spawn(move || way.one_world_after_another())
        .expect("a thread can be started");
    (World { messages, in_flight, shelf }, outbox)
}

/// What all worlds of a thread share.
pub(crate) struct Way {
    settings: Settings,
    inbox: mpsc::Receiver<Message>,
    outgoing: tokio_mpsc::UnboundedSender<Sending>,
    in_flight: Arc<AtomicUsize>,
}

impl Way {
    fn one_world_after_another(&self) {
        let mut epoch = 0;
        let mut next = None;
        while let Some(begin) = next.take().or_else(|| self.next()) {
            epoch += 1;
            match self.one_world(*begin, epoch) {
                After::Another(begin) => next = Some(begin),
                After::Nothing => {}
                After::Gone => return,
            }
        }
    }

    /// Waits until a world begins. None: nobody is left who could begin one. Whoever wants something else finds nobody.
    fn next(&self) -> Option<Box<Begin>> {
        self.inbox.iter().find_map(|message| if let Message::Begin(begin) = message { Some(begin) } else { None })
    }

    fn one_world(&self, begin: Begin, epoch: u64) -> After {
        let listens = matches!(begin.until, Until::Replaced { listens: true });
        let start = Began { scenario: begin.scenario.clone(), watched: begin.watched, listens };
        let scenario = Rc::new(begin.scenario);
        let records = Records::default();
        let mut witness = records.witness();
        let properties = if begin.watched { property::builtin() } else { Vec::new() };
        let mut live = Live::new(&scenario, properties, Some(&mut witness));
        live.tells_also(self.settings.tells_also.clone());
        let run = match begin.until {
            Until::Replaced { listens } => {
                live.listens(listens);
                live.nobody_counts();
                None
            }
            Until::Over(run) => {
                live.keep_journal();
                live.is_mortal(run.mortal);
                Some(run)
            }
        };
        Driver::new(self, live, records, run, start, epoch).drive()
    }
}

impl World {
    /// Does something with the world, and says what came of it. None: there is no world.
    pub async fn with<T: Send + 'static>(
        &self,
        errand: impl FnOnce(&mut Driver<'_>) -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        let errand: Errand = Box::new(move |driver| {
            // Whoever sent it may have gone.
            let _ = answer.send(errand(driver));
        });
        self.messages.send(Message::Errand(errand)).ok()?;
        answered.await.ok()
    }

    /// A world begins, and whatever there was is over. False: the thread is gone.
    pub fn begin(&self, begin: Begin) -> bool {
        self.messages.send(Message::Begin(Box::new(begin))).is_ok()
    }

    /// The operator listens: the run begins.
    pub async fn operator_is_up(&self) {
        self.with(|driver: &mut Driver<'_>| driver.operator_listens()).await;
    }

    /// Asks, and waits for the reply as long as that takes. None: the connection breaks.
    pub async fn reply(&self, call: Call) -> Option<Reply> {
        let (reply, answered) = oneshot::channel();
        self.messages.send(Message::Ask(call, reply)).ok()?;
        answered.await.ok()
    }

    /// A request has begun to come in: as long as this is held, a clock that jumps stands.
    #[must_use]
    pub fn request(&self) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(&self.in_flight))
    }
}

/// See [`World::request`].
#[derive(Debug)]
pub struct InFlight(Arc<AtomicUsize>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl Door for World {
    async fn ask(&self, call: Call) -> Reply {
        // A request of S3 may carry a body, and its failures are all of one form.
        let asked = if let Call::S3(_) = call { None } else { Some(call.clone()) };
        self.reply(call).await.unwrap_or_else(|| {
            let lost = CallError::OutcomeUnknown("the connection broke".into());
            asked.map_or_else(|| Reply::S3(Box::new(Err(lost.clone().into()))), |call| call.failed(lost.clone()))
        })
    }

    fn shelf(&self) -> Option<Arc<dyn Shelf>> {
        self.shelf.clone()
    }
}

/// The wall clock, as the world counts time.
pub fn wall_clock() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
