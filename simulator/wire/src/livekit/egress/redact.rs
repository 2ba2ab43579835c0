//! What no request gives back of itself: credentials and stream keys (livekit/protocol, `egress/redact.go`).
//!
//! A v1 list is redacted only where it holds a single item. That is how the server does it, and the others go out as they came.

use egress_sim_model::egress::redacted_url;
use livekit_protocol as livekit;

/// Takes the secrets out of a message.
pub(super) trait Redact {
    fn redact(&mut self);
}

impl Redact for livekit::S3Upload {
    fn redact(&mut self) {
        for (secret, name) in [
            (&mut self.access_key, "{access_key}"),
            (&mut self.secret, "{secret}"),
            (&mut self.session_token, "{session_token}"),
            (&mut self.assume_role_external_id, "{external_id}"),
        ] {
            if !secret.is_empty() {
                name.clone_into(secret);
            }
        }
    }
}

impl Redact for livekit::EncodedFileOutput {
    fn redact(&mut self) {
        if let Some(livekit::encoded_file_output::Output::S3(s3)) = &mut self.output {
            s3.redact();
        }
    }
}

impl Redact for livekit::DirectFileOutput {
    fn redact(&mut self) {
        if let Some(livekit::direct_file_output::Output::S3(s3)) = &mut self.output {
            s3.redact();
        }
    }
}

impl Redact for livekit::SegmentedFileOutput {
    fn redact(&mut self) {
        if let Some(livekit::segmented_file_output::Output::S3(s3)) = &mut self.output {
            s3.redact();
        }
    }
}

impl Redact for livekit::ImageOutput {
    fn redact(&mut self) {
        if let Some(livekit::image_output::Output::S3(s3)) = &mut self.output {
            s3.redact();
        }
    }
}

impl Redact for livekit::StreamOutput {
    fn redact(&mut self) {
        for url in &mut self.urls {
            *url = redacted_url(url);
        }
    }
}

impl Redact for livekit::StorageConfig {
    fn redact(&mut self) {
        if let Some(livekit::storage_config::Provider::S3(s3)) = &mut self.provider {
            s3.redact();
        }
    }
}

/// A v1 list.
pub(super) fn only_one<T: Redact>(list: &mut [T]) {
    if let [one] = list {
        one.redact();
    }
}

impl Redact for livekit::Output {
    fn redact(&mut self) {
        use livekit::output::Config;
        if let Some(storage) = &mut self.storage {
            storage.redact();
        }
        match &mut self.config {
            Some(Config::Stream(stream)) => stream.redact(),
            Some(Config::Segments(segments)) => segments.redact(),
            Some(Config::Images(images)) => images.redact(),
            Some(Config::File(_)) | None => {}
        }
    }
}
