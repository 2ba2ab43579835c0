//! Outputs and their storage, as the model has them.

use egress_sim_model::livekit::{
    FileOutput, FileType, ImageFileSuffix, ImageOutput, Output, S3Upload, SegmentedFileOutput, SegmentedFileSuffix,
    StreamOutput, StreamProtocol,
};
use livekit_protocol as livekit;

use crate::livekit::TwirpError;

/// The lists of a v1 request, and what the old field of each kind has where a list is empty: SDKs fill in both.
#[derive(Default)]
pub(super) struct V1 {
    pub(super) files: Vec<livekit::EncodedFileOutput>,
    pub(super) streams: Vec<livekit::StreamOutput>,
    pub(super) segments: Vec<livekit::SegmentedFileOutput>,
    pub(super) images: Vec<livekit::ImageOutput>,
}

impl V1 {
    pub(super) fn outputs(self) -> Result<Vec<Output>, TwirpError> {
        let files = self.files.into_iter().map(encoded_file);
        let streams = self.streams.into_iter().map(|stream| Ok(Output::Stream(stream_output(&stream))));
        let segments = self.segments.into_iter().map(segmented_file);
        files.chain(streams).chain(segments).chain(self.images.into_iter().map(image)).collect()
    }
}

/// An output of the unified request. Its storage is its own, or else the request's.
pub(super) fn unified(output: livekit::Output, storage: Option<&livekit::StorageConfig>) -> Result<Output, TwirpError> {
    use livekit::output::Config;
    let s3 = storage_config(output.storage.as_ref().or(storage))?;
    Ok(match output.config {
        None => Output::Unset,
        Some(Config::File(file)) => {
            let file_type = file_type(file.file_type());
            Output::File(FileOutput { filepath: file.filepath, disable_manifest: file.disable_manifest, s3, file_type })
        }
        Some(Config::Stream(stream)) => Output::Stream(stream_output(&stream)),
        Some(Config::Segments(segments)) => Output::Segments(SegmentedFileOutput { s3, ..of_segments(segments) }),
        Some(Config::Images(images)) => Output::Images(ImageOutput { s3, ..of_images(images) }),
    })
}

fn storage_config(storage: Option<&livekit::StorageConfig>) -> Result<S3Upload, TwirpError> {
    use livekit::storage_config::Provider;
    match storage.and_then(|storage| storage.provider.as_ref()) {
        None => Ok(S3Upload::default()),
        Some(Provider::S3(s3)) => Ok(s3_upload(s3.clone())),
        Some(_) => Err(no_such_storage()),
    }
}

fn no_such_storage() -> TwirpError {
    TwirpError::new("unimplemented", "egress-sim has no storage but S3")
}

const fn file_type(file_type: livekit::EncodedFileType) -> FileType {
    match file_type {
        livekit::EncodedFileType::DefaultFiletype => FileType::Default,
        livekit::EncodedFileType::Mp4 => FileType::Mp4,
        livekit::EncodedFileType::Ogg => FileType::Ogg,
        livekit::EncodedFileType::Mp3 => FileType::Mp3,
    }
}

fn encoded_file(file: livekit::EncodedFileOutput) -> Result<Output, TwirpError> {
    use livekit::encoded_file_output::Output as Storage;
    let file_type = file_type(file.file_type());
    let s3 = match file.output {
        Some(Storage::S3(s3)) => s3_upload(s3),
        None => S3Upload::default(),
        Some(_) => return Err(no_such_storage()),
    };
    Ok(Output::File(FileOutput { filepath: file.filepath, disable_manifest: file.disable_manifest, s3, file_type }))
}

pub(super) fn direct_file(file: livekit::DirectFileOutput) -> Result<Output, TwirpError> {
    use livekit::direct_file_output::Output as Storage;
    let s3 = match file.output {
        Some(Storage::S3(s3)) => s3_upload(s3),
        None => S3Upload::default(),
        Some(_) => return Err(no_such_storage()),
    };
    let (filepath, disable_manifest) = (file.filepath, file.disable_manifest);
    Ok(Output::File(FileOutput { filepath, disable_manifest, s3, file_type: FileType::Default }))
}

fn segmented_file(mut segments: livekit::SegmentedFileOutput) -> Result<Output, TwirpError> {
    use livekit::segmented_file_output::Output as Storage;
    let s3 = match segments.output.take() {
        Some(Storage::S3(s3)) => s3_upload(s3),
        None => S3Upload::default(),
        Some(_) => return Err(no_such_storage()),
    };
    Ok(Output::Segments(SegmentedFileOutput { s3, ..of_segments(segments) }))
}

fn of_segments(segments: livekit::SegmentedFileOutput) -> SegmentedFileOutput {
    SegmentedFileOutput {
        filename_suffix: match segments.filename_suffix() {
            livekit::SegmentedFileSuffix::Index => SegmentedFileSuffix::Index,
            livekit::SegmentedFileSuffix::Timestamp => SegmentedFileSuffix::Timestamp,
        },
        filename_prefix: segments.filename_prefix,
        playlist_name: segments.playlist_name,
        live_playlist_name: segments.live_playlist_name,
        segment_duration: segments.segment_duration,
        disable_manifest: segments.disable_manifest,
        s3: S3Upload::default(),
    }
}

fn image(mut images: livekit::ImageOutput) -> Result<Output, TwirpError> {
    use livekit::image_output::Output as Storage;
    let s3 = match images.output.take() {
        Some(Storage::S3(s3)) => s3_upload(s3),
        None => S3Upload::default(),
        Some(_) => return Err(no_such_storage()),
    };
    Ok(Output::Images(ImageOutput { s3, ..of_images(images) }))
}

fn of_images(images: livekit::ImageOutput) -> ImageOutput {
    ImageOutput {
        filename_suffix: match images.filename_suffix() {
            livekit::ImageFileSuffix::ImageSuffixIndex => ImageFileSuffix::Index,
            livekit::ImageFileSuffix::ImageSuffixTimestamp => ImageFileSuffix::Timestamp,
            livekit::ImageFileSuffix::ImageSuffixNoneOverwrite => ImageFileSuffix::NoneOverwrite,
        },
        capture_interval: images.capture_interval,
        filename_prefix: images.filename_prefix,
        disable_manifest: images.disable_manifest,
        s3: S3Upload::default(),
    }
}

pub(super) fn stream_output(stream: &livekit::StreamOutput) -> StreamOutput {
    StreamOutput {
        protocol: match stream.protocol() {
            livekit::StreamProtocol::DefaultProtocol => StreamProtocol::Default,
            livekit::StreamProtocol::Rtmp => StreamProtocol::Rtmp,
            livekit::StreamProtocol::Srt => StreamProtocol::Srt,
            livekit::StreamProtocol::Websocket => StreamProtocol::Websocket,
        },
        urls: stream.urls.clone(),
    }
}

fn s3_upload(s3: livekit::S3Upload) -> S3Upload {
    let mut metadata: Vec<(String, String)> = s3.metadata.into_iter().collect();
    metadata.sort();
    S3Upload {
        bucket: s3.bucket,
        region: s3.region,
        metadata,
        tagging: s3.tagging,
        endpoint: s3.endpoint,
        force_path_style: s3.force_path_style,
        assume_role: !s3.assume_role_arn.is_empty(),
    }
}
