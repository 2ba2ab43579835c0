//! What LiveKit's API has over HTTP and the contract of the sandbox has not: updates of egresses, and whatever changes rooms.

use std::sync::Arc;

use serde::Serialize;

use super::{CallError, Reply};
use crate::livekit::{Permission, RoomLimits, StartEgress};

/// A call that only comes over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum ApiCall {
    /// `livekit.Egress/UpdateLayout`.
    UpdateLayout {
        /// `EG_…`
        egress_id: String,
        /// The new layout.
        layout: String,
    },
    /// `livekit.Egress/UpdateStream`.
    UpdateStream {
        /// `EG_…`
        egress_id: String,
        /// Urls to send to as well.
        add_output_urls: Vec<String>,
        /// Urls to send to no longer.
        remove_output_urls: Vec<String>,
    },
    /// `livekit.RoomService/CreateRoom`.
    CreateRoom(Arc<CreateRoom>),
    /// `livekit.RoomService/DeleteRoom`.
    DeleteRoom {
        /// The room's name.
        room: String,
    },
    /// `livekit.RoomService/GetParticipant`.
    GetParticipant {
        /// The room's name.
        room: String,
        /// Who.
        identity: String,
    },
    /// `livekit.RoomService/RemoveParticipant`.
    RemoveParticipant {
        /// The room's name.
        room: String,
        /// Who.
        identity: String,
    },
    /// `livekit.RoomService/MutePublishedTrack`.
    MutePublishedTrack {
        /// The room's name.
        room: String,
        /// Whose.
        identity: String,
        /// `TR_…`
        track_sid: String,
        /// Muted or not.
        muted: bool,
    },
    /// `livekit.RoomService/UpdateParticipant`.
    UpdateParticipant {
        /// The room's name.
        room: String,
        /// Who.
        identity: String,
        /// What is new.
        update: Arc<UpdateParticipant>,
    },
    /// `livekit.RoomService/UpdateSubscriptions`.
    UpdateSubscriptions {
        /// The room's name.
        room: String,
        /// Who.
        identity: String,
        /// `TR_…`, of everybody.
        track_sids: Vec<String>,
        /// To them or no longer.
        subscribe: bool,
    },
    /// `livekit.RoomService/SendData`. Nobody in a room of this world reads it.
    SendData {
        /// The room's name.
        room: String,
        /// How much, in bytes.
        size: u64,
        /// Only to these; none: to everybody.
        destination_identities: Vec<String>,
    },
    /// `livekit.RoomService/UpdateRoomMetadata`.
    UpdateRoomMetadata {
        /// The room's name.
        room: String,
        /// All of it.
        metadata: String,
    },
}

/// `livekit.CreateRoomRequest`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CreateRoom {
    /// The room's name.
    pub name: String,
    /// JSON that says whose it is and what is recorded of it, or anything else.
    pub metadata: String,
    /// How long it stays open without anybody in it, and for how many it is.
    pub limits: RoomLimits,
    /// What is recorded of it without anybody asking.
    pub egress: RoomEgress,
}

/// `livekit.RoomEgress`: requests that lack what is known only later.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RoomEgress {
    /// Everybody, from the beginning.
    pub room: Option<Arc<StartEgress>>,
    /// Each participant who publishes anything; lacks the identity.
    pub participant: Option<Arc<StartEgress>>,
    /// Each track; lacks the track's id.
    pub tracks: Option<Arc<StartEgress>>,
}

/// `livekit.UpdateParticipantRequest`; what is empty stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UpdateParticipant {
    /// Display name.
    pub name: String,
    /// Metadata.
    pub metadata: String,
    /// Attributes; an empty value takes one away. In order of their names.
    pub attributes: Vec<(String, String)>,
    /// All permissions.
    pub permission: Option<Permission>,
}

impl ApiCall {
    /// See [`Call::name`](super::Call::name).
    pub const fn name(&self) -> &'static str {
        match self {
            ApiCall::UpdateLayout { .. } => "livekit.update_layout",
            ApiCall::UpdateStream { .. } => "livekit.update_stream",
            ApiCall::CreateRoom(_) => "livekit.create_room",
            ApiCall::DeleteRoom { .. } => "livekit.delete_room",
            ApiCall::GetParticipant { .. } => "livekit.get_participant",
            ApiCall::RemoveParticipant { .. } => "livekit.remove_participant",
            ApiCall::MutePublishedTrack { .. } => "livekit.mute_published_track",
            ApiCall::UpdateParticipant { .. } => "livekit.update_participant",
            ApiCall::UpdateSubscriptions { .. } => "livekit.update_subscriptions",
            ApiCall::SendData { .. } => "livekit.send_data",
            ApiCall::UpdateRoomMetadata { .. } => "livekit.update_room_metadata",
        }
    }

    /// See [`Call::is_mutating`](super::Call::is_mutating).
    pub const fn is_mutating(&self) -> bool {
        !matches!(self, ApiCall::GetParticipant { .. })
    }

    /// The room that it is about, by name.
    pub fn room(&self) -> Option<&str> {
        match self {
            ApiCall::UpdateLayout { .. } | ApiCall::UpdateStream { .. } => None,
            ApiCall::CreateRoom(request) => Some(&request.name),
            ApiCall::DeleteRoom { room }
            | ApiCall::GetParticipant { room, .. }
            | ApiCall::RemoveParticipant { room, .. }
            | ApiCall::MutePublishedTrack { room, .. }
            | ApiCall::UpdateParticipant { room, .. }
            | ApiCall::UpdateSubscriptions { room, .. }
            | ApiCall::SendData { room, .. }
            | ApiCall::UpdateRoomMetadata { room, .. } => Some(room),
        }
    }

    /// The egress that it is about, by id.
    pub fn egress_id(&self) -> Option<&str> {
        match self {
            ApiCall::UpdateLayout { egress_id, .. } | ApiCall::UpdateStream { egress_id, .. } => Some(egress_id),
            _ => None,
        }
    }

    /// See [`Call::failed`](super::Call::failed).
    pub(super) fn failed(&self, error: CallError) -> Reply {
        match self {
            ApiCall::UpdateLayout { .. } | ApiCall::UpdateStream { .. } => Reply::Egress(Err(error)),
            ApiCall::CreateRoom(_) | ApiCall::UpdateRoomMetadata { .. } => Reply::Room(Err(error)),
            ApiCall::GetParticipant { .. } | ApiCall::UpdateParticipant { .. } => Reply::Participant(Err(error)),
            ApiCall::MutePublishedTrack { .. } => Reply::Track(Err(error)),
            ApiCall::DeleteRoom { .. }
            | ApiCall::RemoveParticipant { .. }
            | ApiCall::UpdateSubscriptions { .. }
            | ApiCall::SendData { .. } => Reply::Done(Err(error)),
        }
    }
}
