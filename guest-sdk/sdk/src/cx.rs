//! The context handle: everything a handler can do hangs off it.

use crate::bindings::egress_sim::operator::audit::AuditRecord;
use crate::bindings::egress_sim::operator::log::Level;
use crate::bindings::egress_sim::operator::publish::Link;
use crate::bindings::egress_sim::operator::rooms::{ParticipantInfo, Room};
use crate::error::Result;
use crate::imports::Imports;

mod commit;
mod egress;
mod sink;
mod store;

pub use commit::Commit;
pub use egress::Egress;
pub use sink::Sink;
pub use store::{Inventory, State};

/// What a handler acts through. Every method below it that reaches the world is one call of the trace, unless it says
/// otherwise; an operator may crash at each of them.
pub struct Cx<'a> {
    imports: &'a mut dyn Imports,
}

impl<'a> Cx<'a> {
    /// A handle on a world; hosts make it, operators are given it.
    pub fn new(imports: &'a mut dyn Imports) -> Cx<'a> {
        Cx { imports }
    }

    /// The contract's own functions, for what the handle has no better way for.
    pub fn imports(&mut self) -> &mut dyn Imports {
        self.imports
    }

    /// Virtual time: nanoseconds since the Unix epoch.
    pub fn now(&mut self) -> u64 {
        self.imports.clock_now()
    }

    /// Sixty-four bits of the scenario's randomness.
    pub fn entropy(&mut self) -> u64 {
        self.imports.entropy_next_u64()
    }

    /// LiveKit's rooms.
    pub fn rooms(&mut self) -> Rooms<'_> {
        Rooms { imports: self.imports }
    }

    /// LiveKit's egress service.
    pub fn egress(&mut self) -> Egress<'_> {
        Egress { imports: self.imports }
    }

    /// One bucket of the sink.
    pub fn sink<'b>(&'b mut self, bucket: &'b str) -> Sink<'b> {
        Sink { imports: self.imports, bucket }
    }

    /// The inventory of recordings, to read. It is written by [`Cx::commit`].
    pub fn inventory(&mut self) -> Inventory<'_> {
        Inventory { imports: self.imports }
    }

    /// The operator's own keys, to read. They are written by [`Cx::commit`].
    pub fn state(&mut self) -> State<'_> {
        State { imports: self.imports }
    }

    /// Writes all of a commit or nothing.
    ///
    /// # Errors
    /// [`crate::Error::Conflict`] names the subject that was not as expected; nothing was written then.
    pub fn commit(&mut self, commit: Commit) -> Result<u64> {
        commit.make(self.imports)
    }

    /// Adds to the audit. Nothing is called for an empty list.
    pub fn audit(&mut self, records: Vec<AuditRecord>) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        Ok(self.imports.audit_append(records)?)
    }

    /// Gives a link to viewers.
    pub fn publish(&mut self, link: Link) -> Result<()> {
        Ok(self.imports.publish(link)?)
    }

    /// Takes back every link of an egress.
    pub fn retract(&mut self, egress_id: &str) -> Result<()> {
        Ok(self.imports.retract(egress_id.to_owned())?)
    }

    /// The author's own promises.
    pub fn check(&mut self) -> Checks<'_> {
        Checks { imports: self.imports }
    }

    /// Durable timers.
    pub fn timers(&mut self) -> Timers<'_> {
        Timers { imports: self.imports }
    }

    /// The operator's log, which is part of the trace.
    pub fn log(&mut self) -> Log<'_> {
        Log { imports: self.imports }
    }
}

/// See [`Cx::rooms`].
pub struct Rooms<'a> {
    imports: &'a mut dyn Imports,
}

impl Rooms<'_> {
    /// Every room there is.
    pub fn all(&mut self) -> Result<Vec<Room>> {
        Ok(self.imports.list_rooms(Vec::new())?)
    }

    /// The room of this name, if there is one now. A room that ended and came again has another `sid`.
    pub fn get(&mut self, name: &str) -> Result<Option<Room>> {
        Ok(self.imports.list_rooms(vec![name.to_owned()])?.into_iter().find(|room| room.name == name))
    }

    /// Who is in it.
    pub fn participants(&mut self, room: &str) -> Result<Vec<ParticipantInfo>> {
        Ok(self.imports.list_participants(room.to_owned())?)
    }
}

/// See [`Cx::check`].
pub struct Checks<'a> {
    imports: &'a mut dyn Imports,
}

impl Checks<'_> {
    /// Must hold each time it is reached; a failure breaks `custom.NAME`.
    pub fn always(&mut self, name: &str, condition: bool, details: &str) {
        self.imports.check_always(name.to_owned(), condition, details.to_owned());
    }

    /// Must hold at least once in a campaign.
    pub fn sometimes(&mut self, name: &str, condition: bool) {
        self.imports.check_sometimes(name.to_owned(), condition);
    }
}

/// See [`Cx::timers`].
pub struct Timers<'a> {
    imports: &'a mut dyn Imports,
}

impl Timers<'_> {
    /// Sets the timer of this name, or moves it. A time in the past fires at once.
    pub fn set(&mut self, name: &str, at: u64) -> Result<()> {
        self.set_with(name, at, "")
    }

    /// The same, with a text to be handed back.
    pub fn set_with(&mut self, name: &str, at: u64, payload: &str) -> Result<()> {
        Ok(self.imports.timers_set(name.to_owned(), at, payload.to_owned())?)
    }

    /// Unsets it; a timer that is not set is no error.
    pub fn cancel(&mut self, name: &str) -> Result<()> {
        Ok(self.imports.timers_cancel(name.to_owned())?)
    }
}

/// See [`Cx::log`].
pub struct Log<'a> {
    imports: &'a mut dyn Imports,
}

impl Log<'_> {
    /// For the author.
    pub fn debug(&mut self, message: impl Into<String>) {
        self.imports.log_write(Level::Debug, message.into());
    }

    /// For whoever runs it.
    pub fn info(&mut self, message: impl Into<String>) {
        self.imports.log_write(Level::Info, message.into());
    }

    /// Something is odd.
    pub fn warn(&mut self, message: impl Into<String>) {
        self.imports.log_write(Level::Warn, message.into());
    }

    /// Something is wrong.
    pub fn error(&mut self, message: impl Into<String>) {
        self.imports.log_write(Level::Error, message.into());
    }
}
