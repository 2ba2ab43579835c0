//! `session_limits` of the egress worker's configuration: how long a session lasts at most, by what it puts out.
//!
//! The clock of a session starts with its worker's handler, so that waiting for the room counts. It is the fault
//! `egress.limit_reached` that ends a single egress so; these end every one that lasts too long.

use crate::livekit::{EgressStatus, Output};
use crate::state::{EgressIx, End};
use crate::time::Span;
use crate::world::{Event, World};

impl World<'_> {
    /// A handler begins: of several outputs the shortest limit counts.
    pub(super) fn limit_session(&mut self, ix: EgressIx) {
        let world = &self.state.scenario.world;
        let info = &self.state.egress(ix).info;
        let limits = info.request.outputs.iter().map(|output| match output {
            Output::File(_) => world.file_output_max_duration,
            Output::Stream(_) => world.stream_output_max_duration,
            Output::Segments(_) => world.segment_output_max_duration,
            Output::Images(_) => world.image_output_max_duration,
            Output::Unset => Span::ZERO,
        });
        if let Some(limit) = limits.filter(|limit| *limit > Span::ZERO).min() {
            let event = Event::SessionLimit { egress: ix, attempt: info.retry_count };
            self.queue.push(self.state.now + limit, event);
        }
    }

    /// Its time is up, unless it has ended before, or the worker that would know is dead or was followed by another.
    pub(crate) fn session_limit_reached(&mut self, ix: EgressIx, attempt: i32) {
        let egress = self.state.egress(ix);
        if !egress.is_under_way() || egress.draining || egress.info.retry_count != attempt || self.trouble(ix).dead {
            return;
        }
        match egress.info.status {
            EgressStatus::Starting => {
                self.egress_ends_early(ix, End::Failed, "Session limit reached before start signal");
            }
            EgressStatus::Active if egress.is_recording() => self.egress_at_limit(ix),
            _ => {}
        }
    }
}
