//! `EgressInfo.request`.

use livekit_protocol as proto;

use crate::livekit::{
    Echo, FileOutput, Output, Rpc, S3Upload, SegmentedFileOutput, SegmentedFileSuffix, Source, StartEgress,
};

/// The request, as it came or as an SDK would have sent it.
pub(super) fn request(request: &StartEgress) -> proto::egress_info::Request {
    if let Some(details) = &request.details {
        return echo(&details.echo);
    }
    let files = request.outputs.iter().filter_map(|output| match output {
        Output::File(file) => Some(file),
        _ => None,
    });
    let segments = request.outputs.iter().filter_map(|output| match output {
        Output::Segments(segments) => Some(segments),
        _ => None,
    });
    match &request.source {
        Source::RoomComposite { layout, audio_only, video_only } => {
            proto::egress_info::Request::RoomComposite(proto::RoomCompositeEgressRequest {
                room_name: request.room_name.clone(),
                layout: layout.clone(),
                audio_only: *audio_only,
                video_only: *video_only,
                file_outputs: files.map(encoded_file_output).collect(),
                segment_outputs: segments.map(segmented_file_output).collect(),
                ..proto::RoomCompositeEgressRequest::default()
            })
        }
        Source::Track { track_id } => proto::egress_info::Request::Track(proto::TrackEgressRequest {
            room_name: request.room_name.clone(),
            track_id: track_id.clone(),
            output: files.map(direct_file_output).next().map(proto::track_egress_request::Output::File),
            ..proto::TrackEgressRequest::default()
        }),
        // What comes in no other way than over HTTP has its echo.
        _ => proto::egress_info::Request::Egress(proto::StartEgressRequest {
            room_name: request.room_name.clone(),
            ..proto::StartEgressRequest::default()
        }),
    }
}

fn echo(echo: &Echo) -> proto::egress_info::Request {
    use proto::egress_info::Request;
    match echo.rpc {
        Rpc::Egress => Request::Egress(read(&echo.json)),
        Rpc::RoomComposite => Request::RoomComposite(read(&echo.json)),
        Rpc::Web => Request::Web(read(&echo.json)),
        Rpc::Participant => Request::Participant(read(&echo.json)),
        Rpc::TrackComposite => Request::TrackComposite(read(&echo.json)),
        Rpc::Track => Request::Track(read(&echo.json)),
    }
}

fn read<M: serde::de::DeserializeOwned>(json: &str) -> M {
    serde_json::from_str(json).expect("an echo is a message of its RPC")
}

fn encoded_file_output(file: &FileOutput) -> proto::EncodedFileOutput {
    proto::EncodedFileOutput {
        filepath: file.filepath.clone(),
        disable_manifest: file.disable_manifest,
        output: Some(proto::encoded_file_output::Output::S3(redacted(&file.s3))),
        ..proto::EncodedFileOutput::default()
    }
}

fn direct_file_output(file: &FileOutput) -> proto::DirectFileOutput {
    proto::DirectFileOutput {
        filepath: file.filepath.clone(),
        disable_manifest: file.disable_manifest,
        output: Some(proto::direct_file_output::Output::S3(redacted(&file.s3))),
    }
}

fn segmented_file_output(segments: &SegmentedFileOutput) -> proto::SegmentedFileOutput {
    let suffix = match segments.filename_suffix {
        SegmentedFileSuffix::Index => proto::SegmentedFileSuffix::Index,
        SegmentedFileSuffix::Timestamp => proto::SegmentedFileSuffix::Timestamp,
    };
    proto::SegmentedFileOutput {
        filename_prefix: segments.filename_prefix.clone(),
        playlist_name: segments.playlist_name.clone(),
        live_playlist_name: segments.live_playlist_name.clone(),
        segment_duration: segments.segment_duration,
        filename_suffix: suffix.into(),
        disable_manifest: segments.disable_manifest,
        output: Some(proto::segmented_file_output::Output::S3(redacted(&segments.s3))),
        ..proto::SegmentedFileOutput::default()
    }
}

/// The upload as the server echoes it: no secret ever leaves it again.
fn redacted(s3: &S3Upload) -> proto::S3Upload {
    proto::S3Upload {
        access_key: "{access_key}".to_owned(),
        secret: "{secret}".to_owned(),
        region: s3.region.clone(),
        bucket: s3.bucket.clone(),
        metadata: s3.metadata.iter().cloned().collect(),
        tagging: s3.tagging.clone(),
        ..proto::S3Upload::default()
    }
}
