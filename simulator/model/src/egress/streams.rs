//! Stream outputs: somebody else plays them on, so that nothing of them is in the sink; and `UpdateStream`.

use std::sync::Arc;

use super::{error, stream_url, validate};
use crate::call::{CallError, Rejection};
use crate::livekit::{EgressInfo, EgressStatus, Output, StreamInfo, StreamStatus};
use crate::state::{EgressIx, End};
use crate::time::Span;
use crate::world::{Event, World};

/// How long it takes to notice that nobody is at the other end.
const NOTICED_AFTER: Span = Span::SECOND;

/// What is told of a stream from the start.
pub(super) fn announced(url: &str) -> StreamInfo {
    StreamInfo { url: stream_url::redacted_url(url), ..StreamInfo::default() }
}

impl World<'_> {
    /// The media begins: whoever is there takes it.
    pub(super) fn streams_start(&mut self, ix: EgressIx) {
        let now = self.state.now;
        let Some(worker) = self.recorders.workers.get(&ix) else { return };
        let reached: Vec<bool> = worker.urls.iter().map(|url| !stream_url::is_nowhere(url)).collect();
        let streams = &mut self.state.egresses[ix.0 as usize].info.stream_results;
        for (stream, reached) in streams.iter_mut().zip(&reached) {
            if *reached && stream.started_at.is_none() {
                stream.started_at = Some(now);
            }
        }
        if reached.contains(&false) {
            self.queue.push(now + NOTICED_AFTER, Event::StreamsMissed { egress: ix });
        }
    }

    /// Some streams have not reached anybody.
    pub(crate) fn streams_missed(&mut self, ix: EgressIx) {
        if !self.state.egress(ix).is_recording() || self.trouble(ix).dead {
            return;
        }
        let now = self.state.now;
        let urls = self.recorders.workers[&ix].urls.clone();
        let info = &mut self.state.egresses[ix.0 as usize].info;
        let mut why = String::new();
        for (stream, url) in info.stream_results.iter_mut().zip(&urls) {
            if stream.status == StreamStatus::Active && stream.started_at.is_none() {
                let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
                let host = rest.split(['/', '?', ':']).next().unwrap_or(rest);
                why = format!("Error resolving “{host}”: Name or service not known");
                stream.status = StreamStatus::Failed;
                stream.error.clone_from(&why);
                stream.ended_at = Some(now);
            }
        }
        if why.is_empty() {
            return;
        }
        if self.nothing_left(ix) {
            self.egress_fails(ix, &why, 503);
        } else {
            self.updated(ix);
        }
    }

    /// Whether every output was a stream, and none of them is sent any more.
    fn nothing_left(&self, ix: EgressIx) -> bool {
        let info = &self.state.egress(ix).info;
        let only_streams = info.request.outputs.iter().all(|output| matches!(output, Output::Stream(_)));
        only_streams && info.stream_results.iter().all(|stream| stream.status != StreamStatus::Active)
    }

    fn updated(&mut self, ix: EgressIx) {
        self.state.egresses[ix.0 as usize].info.updated_at = Some(self.state.now);
        self.egress_changed(ix, "egress_updated");
    }

    /// Nothing more is sent.
    pub(super) fn streams_end(&mut self, ix: EgressIx) {
        let now = self.state.now;
        for stream in &mut self.state.egresses[ix.0 as usize].info.stream_results {
            finish(stream, now);
        }
    }

    /// The streams of an egress that ends are closed: nothing of them is uploaded.
    pub(crate) fn streams_closed(&mut self, ix: EgressIx) {
        if self.recorders.workers.get(&ix).is_some_and(|worker| !worker.trouble.hangs) {
            self.output_stored(ix);
        }
    }

    /// `UpdateStream`: what is added first, then what is removed. A url that is refused does not hold the others up.
    pub(crate) fn update_stream(
        &mut self,
        egress_id: &str,
        add: &[String],
        remove: &[String],
    ) -> Result<Arc<EgressInfo>, CallError> {
        let prefixed = self.state.scenario.world.error_prefix;
        let Some(ix) = self.remembered(egress_id) else { return Err(error::egress_does_not_exist(prefixed)) };
        let status = self.state.egress(ix).info.status;
        match status {
            status if status.is_live() && self.trouble(ix).dead => return Err(error::request_timed_out(prefixed)),
            EgressStatus::Starting | EgressStatus::Active => {}
            status => return Err(error::cannot_be_updated(status)),
        }
        let request = Arc::clone(&self.state.egress(ix).info.request);
        let stream = request.outputs.iter().find_map(validate::stream_output);
        let Some(kind) = stream.and_then(|stream| stream_url::protocol(stream).ok()) else {
            let words = "UpdateStream called on non-streaming egress";
            return Err(error::twirp("invalid_argument", words, prefixed));
        };
        let mut refused = Vec::new();
        let mut changed = false;
        for url in add {
            match stream_url::check(url, kind) {
                Ok(()) => changed |= self.add_stream(ix, url),
                Err(refusal) => refused.push(refusal),
            }
        }
        for url in remove {
            if self.remove_stream(ix, url) {
                changed = true;
            } else {
                let words = format!("stream {} not found", stream_url::redacted_url(url));
                refused.push(error::twirp("not_found", &words, false));
            }
        }
        if self.nothing_left(ix) && changed {
            self.egress_stops_streaming(ix);
        } else if changed && status == EgressStatus::Active {
            self.updated(ix);
        }
        match all_of(refused) {
            Some(refusal) => Err(error::with_prefix(refusal, prefixed)),
            None => Ok(Arc::new(self.state.egress(ix).info.clone())),
        }
    }

    fn egress_stops_streaming(&mut self, ix: EgressIx) {
        match self.state.egress(ix).info.status {
            EgressStatus::Active => self.egress_stops(ix, End::Stopped, "End reason: All streams stopped"),
            _ => self.egress_ends_early(ix, End::Stopped, "Stop called before pipeline could start"),
        }
    }

    /// False: it is there already.
    fn add_stream(&mut self, ix: EgressIx, url: &str) -> bool {
        if self.live_stream(ix, url).is_some() {
            return false;
        }
        self.recorders.workers.get_mut(&ix).expect("a live egress has a worker").urls.push(url.to_owned());
        self.state.egresses[ix.0 as usize].info.stream_results.push(announced(url));
        if self.state.egress(ix).active_at.is_some() {
            self.streams_start(ix);
        }
        true
    }

    /// False: it is not there.
    fn remove_stream(&mut self, ix: EgressIx, url: &str) -> bool {
        let Some(place) = self.live_stream(ix, url) else { return false };
        let now = self.state.now;
        finish(&mut self.state.egresses[ix.0 as usize].info.stream_results[place], now);
        true
    }

    fn live_stream(&self, ix: EgressIx, url: &str) -> Option<usize> {
        let streams = &self.state.egress(ix).info.stream_results;
        let urls = &self.recorders.workers.get(&ix)?.urls;
        (0..urls.len()).find(|place| urls[*place] == url && streams[*place].status == StreamStatus::Active)
    }
}

/// A stream that is still sent has ended.
fn finish(stream: &mut StreamInfo, now: crate::time::Time) {
    if stream.status == StreamStatus::Active {
        stream.status = StreamStatus::Finished;
        stream.ended_at = Some(now);
        stream.duration = stream.started_at.map_or(Span::ZERO, |started| now.since(started));
    }
}

/// Several refusals as the worker reports them: all texts, a line each, under the code of the first.
fn all_of(refused: Vec<CallError>) -> Option<CallError> {
    let mut refusals = refused.into_iter().filter_map(|refusal| match refusal {
        CallError::Rejected(rejection) => Some(rejection),
        CallError::NotSent(_) | CallError::OutcomeUnknown(_) => None,
    });
    let first = refusals.next()?;
    let message = refusals.fold(first.message, |all, next| format!("{all}\n{}", next.message));
    Some(CallError::Rejected(Rejection { message, ..first }))
}
