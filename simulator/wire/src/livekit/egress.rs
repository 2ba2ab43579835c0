//! `livekit.Egress`: requests as [`Call`]s, replies as messages.

use std::sync::Arc;

use bytes::Bytes;
use egress_sim_model::call::Call;
use egress_sim_model::livekit::{
    EgressInfo, FileOutput, Output, S3Upload, SegmentedFileOutput, SegmentedFileSuffix, Source, StartEgress, proto,
};
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
    let asked = match method {
        "StartRoomCompositeEgress" => (start(room_composite(decode(encoding, body)?)?), Reads::Egress),
        "StartTrackEgress" => (start(track(decode(encoding, body)?)?), Reads::Egress),
        "StopEgress" => {
            let livekit::StopEgressRequest { egress_id } = decode(encoding, body)?;
            (Call::StopEgress { egress_id }, Reads::Egress)
        }
        "ListEgress" => {
            let livekit::ListEgressRequest { room_name, egress_id, active, .. } = decode(encoding, body)?;
            (Call::ListEgress { room_name, egress_id, active }, Reads::EgressList)
        }
        "StartEgress"
        | "StartWebEgress"
        | "StartParticipantEgress"
        | "StartTrackCompositeEgress"
        | "UpdateLayout"
        | "UpdateStream" => return Err(not_built(method)),
        _ => return Err(no_handler()),
    };
    // The server reads the body before it looks at the grant.
    if grants.is_some_and(|grants| grants.room_record) { Ok(asked) } else { Err(TwirpError::permission_denied()) }
}

fn not_built(what: &str) -> TwirpError {
    TwirpError::new("unimplemented", format!("egress-sim does not have {what} yet"))
}

fn start(request: StartEgress) -> Call {
    Call::StartEgress(Arc::new(request))
}

fn room_composite(request: livekit::RoomCompositeEgressRequest) -> Result<StartEgress, TwirpError> {
    use livekit::room_composite_egress_request::Output as Old;
    if !request.stream_outputs.is_empty() {
        return Err(not_built("stream outputs"));
    }
    if !request.image_outputs.is_empty() {
        return Err(not_built("image outputs"));
    }
    let files = request.file_outputs.into_iter().map(encoded_file).collect::<Result<Vec<_>, _>>()?;
    let segments = request.segment_outputs.into_iter().map(segmented_file).collect::<Result<Vec<_>, _>>()?;
    let mut outputs: Vec<Output> = files.into_iter().chain(segments).collect();
    // The old field counts only where no list is given: SDKs fill in both.
    #[expect(deprecated, reason = "old SDKs send nothing else")]
    if outputs.is_empty() {
        match request.output {
            Some(Old::File(file)) => outputs.push(encoded_file(file)?),
            Some(Old::Segments(segments)) => outputs.push(segmented_file(segments)?),
            Some(Old::Stream(_)) => return Err(not_built("stream outputs")),
            None => {}
        }
    }
    let source = Source::RoomComposite {
        layout: request.layout,
        audio_only: request.audio_only,
        video_only: request.video_only,
    };
    Ok(StartEgress { room_name: request.room_name, source, outputs })
}

fn track(request: livekit::TrackEgressRequest) -> Result<StartEgress, TwirpError> {
    use livekit::track_egress_request::Output as Of;
    let outputs = match request.output {
        Some(Of::File(file)) => vec![direct_file(file)?],
        Some(Of::WebsocketUrl(_)) => return Err(not_built("websocket outputs")),
        None => Vec::new(),
    };
    Ok(StartEgress { room_name: request.room_name, source: Source::Track { track_id: request.track_id }, outputs })
}

fn encoded_file(file: livekit::EncodedFileOutput) -> Result<Output, TwirpError> {
    use livekit::encoded_file_output::Output as Storage;
    let s3 = match file.output {
        Some(Storage::S3(s3)) => s3_upload(s3),
        None => S3Upload::default(),
        Some(_) => return Err(not_built("any storage but S3")),
    };
    Ok(Output::File(FileOutput { filepath: file.filepath, disable_manifest: file.disable_manifest, s3 }))
}

fn direct_file(file: livekit::DirectFileOutput) -> Result<Output, TwirpError> {
    use livekit::direct_file_output::Output as Storage;
    let s3 = match file.output {
        Some(Storage::S3(s3)) => s3_upload(s3),
        None => S3Upload::default(),
        Some(_) => return Err(not_built("any storage but S3")),
    };
    Ok(Output::File(FileOutput { filepath: file.filepath, disable_manifest: file.disable_manifest, s3 }))
}

fn segmented_file(segments: livekit::SegmentedFileOutput) -> Result<Output, TwirpError> {
    use livekit::segmented_file_output::Output as Storage;
    let filename_suffix = match segments.filename_suffix() {
        livekit::SegmentedFileSuffix::Index => SegmentedFileSuffix::Index,
        livekit::SegmentedFileSuffix::Timestamp => SegmentedFileSuffix::Timestamp,
    };
    let s3 = match segments.output {
        Some(Storage::S3(s3)) => s3_upload(s3),
        None => S3Upload::default(),
        Some(_) => return Err(not_built("any storage but S3")),
    };
    Ok(Output::Segments(SegmentedFileOutput {
        filename_prefix: segments.filename_prefix,
        playlist_name: segments.playlist_name,
        live_playlist_name: segments.live_playlist_name,
        segment_duration: segments.segment_duration,
        filename_suffix,
        disable_manifest: segments.disable_manifest,
        s3,
    }))
}

/// Credentials stay outside: there is one sink, and it is ours.
fn s3_upload(s3: livekit::S3Upload) -> S3Upload {
    let mut metadata: Vec<(String, String)> = s3.metadata.into_iter().collect();
    metadata.sort_unstable();
    S3Upload { bucket: s3.bucket, region: s3.region, metadata, tagging: s3.tagging }
}

pub(super) fn info(encoding: Encoding, info: &EgressInfo) -> Vec<u8> {
    encode(encoding, "EgressInfo", &proto::egress_info(info))
}

pub(super) fn list(encoding: Encoding, infos: &[Arc<EgressInfo>]) -> Vec<u8> {
    let items = infos.iter().map(|info| proto::egress_info(info)).collect();
    encode(encoding, "ListEgressResponse", &livekit::ListEgressResponse { items, next_page_token: None })
}
