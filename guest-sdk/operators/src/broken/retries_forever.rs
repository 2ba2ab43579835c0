//! Tries a refused request again at once, until it works.
//!
//! Why people write it: 503 means "try again", so it does. There is no sleep in a handler, and a loop is shorter than a timer.
//! Breaks `operator.bounded`.

use egress_sim_sdk::{Cx, DeleteError, ObjectId, ObjectVersion, Result, Row};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "retries-forever",
    summary: "Answers 503 SlowDown by the same request, without a pause, until the sink gives in.",
    breaks: Some("operator.bounded"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct RetriesForever(pub Reference);

impl Steps for RetriesForever {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn find(&mut self, cx: &mut Cx<'_>, row: &Row) -> Result<Vec<ObjectVersion>> {
        until_it_works(|| self.0.find(cx, row))
    }

    fn delete(&mut self, cx: &mut Cx<'_>, bucket: &str, targets: Vec<ObjectId>) -> Result<Vec<DeleteError>> {
        until_it_works(|| self.0.delete(cx, bucket, targets.clone()))
    }
}

fn until_it_works<T>(mut request: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        match request() {
            Err(error) if error.status() == Some(503) => {}
            outcome => return outcome,
        }
    }
}
