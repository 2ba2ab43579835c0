//! `livekit.RoomService`: requests as [`Call`]s with the grant that each of them needs, replies as messages.

use std::sync::Arc;

use bytes::Bytes;
use egress_sim_model::call::{ApiCall, Call, CreateRoom, RoomEgress, UpdateParticipant};
use egress_sim_model::livekit::{ParticipantInfo, Permission, Room, RoomLimits, StartEgress, TrackInfo, proto};
use livekit_protocol as livekit;

use super::egress::start;
use super::grants::{Grants, Keys};
use super::{Encoding, Reads, TwirpError, decode, encode};

pub(super) fn read(
    method: &str,
    encoding: Encoding,
    body: &Bytes,
    grants: Option<&Grants>,
    keys: &Keys,
    no_handler: impl Fn() -> TwirpError,
) -> Result<(Call, Reads), TwirpError> {
    let admin = |room: &str| grants.is_some_and(|grants| grants.room_admin && grants.room == room);
    let creates = grants.is_some_and(|grants| grants.room_create);
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
        "CreateRoom" => {
            let request = create_room(decode(encoding, body)?, keys)?;
            (Call::Api(ApiCall::CreateRoom(Arc::new(request))), Reads::Room, creates)
        }
        "DeleteRoom" => {
            let livekit::DeleteRoomRequest { room } = decode(encoding, body)?;
            (Call::Api(ApiCall::DeleteRoom { room }), Reads::Empty("DeleteRoomResponse"), creates)
        }
        "ForwardParticipant" | "MoveParticipant" | "PerformRpc" => {
            return Err(TwirpError::new("unimplemented", format!("egress-sim has no {method}: it is about recording")));
        }
        _ => {
            let (call, reads) = administration(method, encoding, body, no_handler)?;
            let allowed = call.room().is_some_and(admin);
            (Call::Api(call), reads, allowed)
        }
    };
    if allowed { Ok((call, reads)) } else { Err(TwirpError::permission_denied()) }
}

/// What needs `roomAdmin` for its room.
fn administration(
    method: &str,
    encoding: Encoding,
    body: &Bytes,
    no_handler: impl Fn() -> TwirpError,
) -> Result<(ApiCall, Reads), TwirpError> {
    Ok(match method {
        "GetParticipant" => {
            let livekit::RoomParticipantIdentity { room, identity, .. } = decode(encoding, body)?;
            (ApiCall::GetParticipant { room, identity }, Reads::Participant)
        }
        "RemoveParticipant" => {
            let livekit::RoomParticipantIdentity { room, identity, .. } = decode(encoding, body)?;
            (ApiCall::RemoveParticipant { room, identity }, Reads::Empty("RemoveParticipantResponse"))
        }
        "MutePublishedTrack" => {
            let livekit::MuteRoomTrackRequest { room, identity, track_sid, muted } = decode(encoding, body)?;
            (ApiCall::MutePublishedTrack { room, identity, track_sid, muted }, Reads::Track)
        }
        "UpdateParticipant" => {
            let request: livekit::UpdateParticipantRequest = decode(encoding, body)?;
            let mut attributes: Vec<(String, String)> = request.attributes.into_iter().collect();
            attributes.sort();
            let update = UpdateParticipant {
                name: request.name,
                metadata: request.metadata,
                attributes,
                permission: request.permission.map(permission),
            };
            let (room, identity) = (request.room, request.identity);
            (ApiCall::UpdateParticipant { room, identity, update: Arc::new(update) }, Reads::Participant)
        }
        "UpdateSubscriptions" => {
            let request: livekit::UpdateSubscriptionsRequest = decode(encoding, body)?;
            let of_participants = request.participant_tracks.into_iter().flat_map(|tracks| tracks.track_sids);
            let track_sids = request.track_sids.into_iter().chain(of_participants).collect();
            let (room, identity, subscribe) = (request.room, request.identity, request.subscribe);
            let call = ApiCall::UpdateSubscriptions { room, identity, track_sids, subscribe };
            (call, Reads::Empty("UpdateSubscriptionsResponse"))
        }
        "SendData" => {
            let request: livekit::SendDataRequest = decode(encoding, body)?;
            let (room, destination_identities) = (request.room, request.destination_identities);
            let size = request.data.len() as u64;
            (ApiCall::SendData { room, size, destination_identities }, Reads::Empty("SendDataResponse"))
        }
        "UpdateRoomMetadata" => {
            let livekit::UpdateRoomMetadataRequest { room, metadata } = decode(encoding, body)?;
            (ApiCall::UpdateRoomMetadata { room, metadata }, Reads::Room)
        }
        _ => return Err(no_handler()),
    })
}

fn create_room(request: livekit::CreateRoomRequest, keys: &Keys) -> Result<CreateRoom, TwirpError> {
    let limits = RoomLimits {
        empty_timeout: request.empty_timeout,
        departure_timeout: request.departure_timeout,
        max_participants: request.max_participants,
    };
    let egress = match request.egress {
        Some(egress) => room_egress(egress, &request.name, keys)?,
        None => RoomEgress::default(),
    };
    Ok(CreateRoom { name: request.name, metadata: request.metadata, limits, egress })
}

/// The three kinds of auto-egress, each as the request that the server makes of it.
fn room_egress(egress: livekit::RoomEgress, room: &str, keys: &Keys) -> Result<RoomEgress, TwirpError> {
    let arc = |request: Result<StartEgress, TwirpError>| request.map(Arc::new);
    let composite = egress.room.map(|mut request| {
        room.clone_into(&mut request.room_name);
        arc(start::room_composite(request, keys))
    });
    let participant = egress.participant.map(|auto| {
        use livekit::auto_participant_egress::Options as Of;
        use livekit::participant_egress_request::Options;
        let request = livekit::ParticipantEgressRequest {
            room_name: room.to_owned(),
            file_outputs: auto.file_outputs,
            segment_outputs: auto.segment_outputs,
            options: auto.options.map(|options| match options {
                Of::Preset(preset) => Options::Preset(preset),
                Of::Advanced(advanced) => Options::Advanced(advanced),
            }),
            ..livekit::ParticipantEgressRequest::default()
        };
        arc(start::participant(request, keys))
    });
    let tracks = egress.tracks.map(|auto| {
        use livekit::auto_track_egress::Output as Of;
        use livekit::direct_file_output::Output;
        let file = livekit::DirectFileOutput {
            filepath: auto.filepath,
            disable_manifest: auto.disable_manifest,
            output: auto.output.map(|output| match output {
                Of::S3(s3) => Output::S3(s3),
                Of::Gcp(gcp) => Output::Gcp(gcp),
                Of::Azure(azure) => Output::Azure(azure),
                Of::AliOss(ali) => Output::AliOss(ali),
            }),
        };
        let request = livekit::TrackEgressRequest {
            room_name: room.to_owned(),
            output: Some(livekit::track_egress_request::Output::File(file)),
            ..livekit::TrackEgressRequest::default()
        };
        arc(start::track(request, keys))
    });
    Ok(RoomEgress { room: composite.transpose()?, participant: participant.transpose()?, tracks: tracks.transpose()? })
}

fn permission(permission: livekit::ParticipantPermission) -> Permission {
    Permission {
        can_subscribe: permission.can_subscribe,
        can_publish: permission.can_publish,
        can_publish_data: permission.can_publish_data,
        can_publish_sources: permission.can_publish_sources,
        hidden: permission.hidden,
        can_update_metadata: permission.can_update_metadata,
        can_subscribe_metrics: permission.can_subscribe_metrics,
    }
}

pub(super) fn room(encoding: Encoding, room: &Room) -> Vec<u8> {
    encode(encoding, "Room", &proto::room(room))
}

pub(super) fn rooms(encoding: Encoding, rooms: &[Room]) -> Vec<u8> {
    let rooms = rooms.iter().map(proto::room).collect();
    encode(encoding, "ListRoomsResponse", &livekit::ListRoomsResponse { rooms })
}

pub(super) fn participants(encoding: Encoding, participants: &[ParticipantInfo]) -> Vec<u8> {
    let participants = participants.iter().map(proto::participant).collect();
    encode(encoding, "ListParticipantsResponse", &livekit::ListParticipantsResponse { participants })
}

pub(super) fn participant(encoding: Encoding, participant: &ParticipantInfo) -> Vec<u8> {
    encode(encoding, "ParticipantInfo", &proto::participant(participant))
}

pub(super) fn track(encoding: Encoding, track: &TrackInfo) -> Vec<u8> {
    encode(encoding, "MuteRoomTrackResponse", &livekit::MuteRoomTrackResponse { track: Some(proto::track(track)) })
}

/// A message without fields.
pub(super) fn empty(encoding: Encoding, name: &str) -> Vec<u8> {
    encode(encoding, name, &livekit::DeleteRoomResponse::default())
}
