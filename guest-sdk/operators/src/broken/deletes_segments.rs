//! Tidies up the segments once the playlist is published.
//!
//! Why people write it: a thousand little files look like leftovers of the upload, and the playlist is the recording. It is a
//! list of their names.
//! Breaks `playlist.complete`.

use egress_sim_sdk::{Cx, ObjectId, Outcome};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::recording::{self, Recording};
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "deletes-segments",
    summary: "Deletes the segments once the playlist is published.",
    breaks: Some("playlist.complete"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct DeletesSegments(pub Reference);

impl Steps for DeletesSegments {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn publish(&mut self, cx: &mut Cx<'_>, recording: &Recording) -> Outcome {
        self.0.publish(cx, recording)?;
        let objects = cx.sink(&recording.bucket).objects(&recording.directory)?;
        let segments = objects.iter().filter(|object| recording::is_segment(&object.key));
        let segments: Vec<ObjectId> = segments.map(|object| ObjectId::key(&object.key)).collect();
        for batch in segments.chunks(1000) {
            cx.sink(&recording.bucket).delete_batch(batch.to_vec())?;
        }
        Ok(())
    }
}
