//! `livekit.RoomService`, as far as it reads.

use bytes::Bytes;
use egress_sim_model::call::Call;
use egress_sim_model::livekit::{ParticipantInfo, Room, proto};
use livekit_protocol as livekit;

use super::grants::Grants;
use super::{Encoding, Reads, TwirpError, decode, encode};

pub(super) fn read(
    method: &str,
    encoding: Encoding,
    body: &Bytes,
    grants: Option<&Grants>,
    no_handler: impl Fn() -> TwirpError,
) -> Result<(Call, Reads), TwirpError> {
    let admin = |room: &str| grants.is_some_and(|grants| grants.room_admin && grants.room == room);
    let (call, reads, allowed) = match method {
        "ListRooms" => {
            let livekit::ListRoomsRequest { names } = decode(encoding, body)?;
            (Call::ListRooms { names }, Reads::Rooms, grants.is_some_and(|grants| grants.room_list))
        }
        "ListParticipants" => {
            let livekit::ListParticipantsRequest { room } = decode(encoding, body)?;
            let allowed = admin(&room);
            (Call::ListParticipants { room }, Reads::Participants, allowed)
        }
        "GetParticipant" => {
            let livekit::RoomParticipantIdentity { room, identity, .. } = decode(encoding, body)?;
            let allowed = admin(&room);
            (Call::ListParticipants { room }, Reads::Participant(identity), allowed)
        }
        "CreateRoom"
        | "DeleteRoom"
        | "RemoveParticipant"
        | "MutePublishedTrack"
        | "UpdateParticipant"
        | "UpdateSubscriptions"
        | "SendData"
        | "UpdateRoomMetadata"
        | "ForwardParticipant"
        | "MoveParticipant" => {
            let words =
                format!("egress-sim does not have {method} yet: calls are made by the scenario and the control API");
            return Err(TwirpError::new("unimplemented", words));
        }
        _ => return Err(no_handler()),
    };
    if allowed { Ok((call, reads)) } else { Err(TwirpError::permission_denied()) }
}

pub(super) fn rooms(encoding: Encoding, rooms: &[Room]) -> Vec<u8> {
    let rooms = rooms.iter().map(proto::room).collect();
    encode(encoding, "ListRoomsResponse", &livekit::ListRoomsResponse { rooms })
}

pub(super) fn participants(encoding: Encoding, participants: &[ParticipantInfo]) -> Vec<u8> {
    let participants = participants.iter().map(proto::participant).collect();
    encode(encoding, "ListParticipantsResponse", &livekit::ListParticipantsResponse { participants })
}

/// One of them; none: that one is not there.
pub(super) fn participant(encoding: Encoding, participants: &[ParticipantInfo], identity: &str) -> Option<Vec<u8>> {
    let found = participants.iter().find(|participant| *participant.identity == *identity)?;
    Some(encode(encoding, "ParticipantInfo", &proto::participant(found)))
}
