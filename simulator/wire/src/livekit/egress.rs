//! `livekit.Egress`: requests as [`Call`]s, replies as messages.

use std::sync::Arc;

use bytes::Bytes;
use egress_sim_model::call::{ApiCall, Call};
use egress_sim_model::livekit::{EgressInfo, StartEgress, proto};
use livekit_protocol as livekit;

use super::grants::{Grants, Keys};
use super::{Encoding, Reads, TwirpError, decode, encode};

mod outputs;
pub(super) mod redact;
pub(super) mod start;

/// A request in full: its call, if the token that came with it may make it.
pub(super) fn read(
    method: &str,
    encoding: Encoding,
    body: &Bytes,
    grants: Option<&Grants>,
    keys: &Keys,
    no_handler: impl Fn() -> TwirpError,
) -> Result<(Call, Reads), TwirpError> {
    let asked = match method {
        "StartEgress" => started(start::unified(decode(encoding, body)?, keys)?),
        "StartRoomCompositeEgress" => started(start::room_composite(decode(encoding, body)?, keys)?),
        "StartWebEgress" => started(start::web(decode(encoding, body)?, keys)?),
        "StartParticipantEgress" => started(start::participant(decode(encoding, body)?, keys)?),
        "StartTrackCompositeEgress" => started(start::track_composite(decode(encoding, body)?, keys)?),
        "StartTrackEgress" => started(start::track(decode(encoding, body)?, keys)?),
        "UpdateLayout" => {
            let livekit::UpdateLayoutRequest { egress_id, layout } = decode(encoding, body)?;
            (Call::Api(ApiCall::UpdateLayout { egress_id, layout }), Reads::Egress)
        }
        "UpdateStream" => {
            let livekit::UpdateStreamRequest { egress_id, add_output_urls, remove_output_urls } =
                decode(encoding, body)?;
            (Call::Api(ApiCall::UpdateStream { egress_id, add_output_urls, remove_output_urls }), Reads::Egress)
        }
        "StopEgress" => {
            let livekit::StopEgressRequest { egress_id } = decode(encoding, body)?;
            (Call::StopEgress { egress_id }, Reads::Egress)
        }
        "ListEgress" => {
            let livekit::ListEgressRequest { room_name, egress_id, active, .. } = decode(encoding, body)?;
            (Call::ListEgress { room_name, egress_id, active }, Reads::EgressList)
        }
        _ => return Err(no_handler()),
    };
    // The server reads the body before it looks at the grant.
    if grants.is_some_and(|grants| grants.room_record) { Ok(asked) } else { Err(TwirpError::permission_denied()) }
}

fn started(request: StartEgress) -> (Call, Reads) {
    (Call::StartEgress(Arc::new(request)), Reads::Egress)
}

pub(super) fn info(encoding: Encoding, info: &EgressInfo) -> Vec<u8> {
    encode(encoding, "EgressInfo", &proto::egress_info(info))
}

pub(super) fn list(encoding: Encoding, infos: &[Arc<EgressInfo>]) -> Vec<u8> {
    let items = infos.iter().map(|info| proto::egress_info(info)).collect();
    encode(encoding, "ListEgressResponse", &livekit::ListEgressResponse { items, next_page_token: None })
}
