//! LiveKit's egress service.

use crate::bindings::egress_sim::operator::egress::{EgressInfo, RoomCompositeEgressRequest, TrackEgressRequest};
use crate::error::Result;
use crate::imports::Imports;

/// See [`super::Cx::egress`].
pub struct Egress<'a> {
    pub(super) imports: &'a mut dyn Imports,
}

impl Egress<'_> {
    /// `StartRoomCompositeEgress`. Where the outcome is unknown, an egress may be running all the same: list before
    /// starting another.
    pub fn start_room_composite(&mut self, request: RoomCompositeEgressRequest) -> Result<EgressInfo> {
        Ok(self.imports.start_room_composite_egress(request)?)
    }

    /// `StartTrackEgress`; the same caution.
    pub fn start_track(&mut self, request: TrackEgressRequest) -> Result<EgressInfo> {
        Ok(self.imports.start_track_egress(request)?)
    }

    /// `StopEgress`. An egress that has ended answers `failed_precondition` (412), a forgotten one `not_found` (404).
    pub fn stop(&mut self, egress_id: &str) -> Result<EgressInfo> {
        Ok(self.imports.stop_egress(egress_id.to_owned())?)
    }

    /// `ListEgress` for one; none where LiveKit does not know it, or does not any more (24 hours after its end).
    pub fn get(&mut self, egress_id: &str) -> Result<Option<EgressInfo>> {
        match self.imports.list_egress(String::new(), egress_id.to_owned(), false) {
            Ok(found) => Ok(found.into_iter().next()),
            Err(error) => match crate::Error::from(error) {
                error if error.status() == Some(404) => Ok(None),
                error => Err(error),
            },
        }
    }

    /// `ListEgress` for a room's name, ended ones too: earlier rooms of that name are among them, see `room_id`.
    pub fn in_room(&mut self, room_name: &str) -> Result<Vec<EgressInfo>> {
        Ok(self.imports.list_egress(room_name.to_owned(), String::new(), false)?)
    }

    /// The same, only STARTING, ACTIVE and ENDING.
    pub fn active_in(&mut self, room_name: &str) -> Result<Vec<EgressInfo>> {
        Ok(self.imports.list_egress(room_name.to_owned(), String::new(), true)?)
    }

    /// `ListEgress` for everything that is STARTING, ACTIVE or ENDING.
    pub fn active(&mut self) -> Result<Vec<EgressInfo>> {
        Ok(self.imports.list_egress(String::new(), String::new(), true)?)
    }

    /// `ListEgress` for everything LiveKit remembers.
    pub fn all(&mut self) -> Result<Vec<EgressInfo>> {
        Ok(self.imports.list_egress(String::new(), String::new(), false)?)
    }
}
