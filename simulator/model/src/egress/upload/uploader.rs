//! One upload of the egress worker: its primary storage, then the backup storage for good, and the faults of both.
//!
//! An output's uploader that was failed once by the bucket of the request goes to the server's backup storage with this
//! upload and all later ones (`pkg/pipeline/sink/uploader` of livekit/egress), so one recording can lie in two buckets.

use std::sync::Arc;

use crate::call::CallError;
use crate::egress::filename;
use crate::fault::{Fault, Point};
use crate::livekit::S3Upload;
use crate::sink::multipart::CreateMultipartUpload;
use crate::sink::{Body, Change, MediaKind, Origin, Put};
use crate::state::{EgressIx, Object};
use crate::trace::{Actor, Fact};
use crate::world::{Event, World};

/// What can befall an upload once it is under way.
const KINDS: [&str; 4] = ["upload.damaged", "upload.fail", "upload.late", "upload.lost"];

/// The uploader of one output. One that nothing befell is not written down.
#[derive(Clone, Debug, Default)]
pub(in crate::egress) struct Uploader {
    /// Why it has turned to the backup storage.
    primary_failed: Option<String>,
    /// It stores nothing any more, and says so of each upload.
    poisoned: Option<Claim>,
    /// The upload that is under way was delayed by a fault.
    delayed: bool,
}

/// Something to be uploaded.
#[derive(Clone, Copy, Debug)]
pub(in crate::egress) struct Upload<'u> {
    /// The point at which faults strike it: `upload.segment`.
    pub point: &'static str,
    /// Its place in the request's outputs.
    pub output: usize,
    /// Key.
    pub key: &'u Arc<str>,
    /// Body.
    pub body: &'u Body,
    /// `Content-Type`
    pub content_type: &'static str,
    /// The key may have been uploaded before.
    pub rewritten: bool,
    /// It is of an attempt that has failed: the recording has other names.
    pub leftover: bool,
}

impl Upload<'_> {
    /// Whether the recording is not whole without it.
    fn is_essential(&self) -> bool {
        !self.leftover
            && matches!(self.point, "upload.file" | "upload.segment" | "upload.playlist_end" | "upload.image")
    }
}

/// What the worker says of an upload that it takes for done.
#[derive(Debug)]
pub(in crate::egress) struct Uploaded {
    /// `location`
    pub location: String,
    /// Bytes.
    pub size: u64,
}

/// What it says of an upload that is not in the sink.
#[derive(Clone, Copy, Debug)]
enum Claim {
    /// A URL as if all was well.
    Url,
    /// A path on its own disk.
    Local,
    /// Nothing at all.
    Nothing,
}

/// An upload that failed, on every storage that there is.
#[derive(Debug)]
pub(in crate::egress) struct Failure {
    /// `error` of the egress.
    pub error: String,
    /// The playlist is uploaded once more, and names the segment.
    pub listed: bool,
}

impl World<'_> {
    /// Uploads something: to where the request says or, once that has failed, to the backup storage.
    pub(in crate::egress) fn upload(&mut self, ix: EgressIx, upload: Upload<'_>) -> Result<Uploaded, Failure> {
        let known = self.uploader(ix, upload.output).cloned().unwrap_or_default();
        if let Some(claim) = known.poisoned {
            let bucket = Arc::clone(&self.state.egress(ix).bucket);
            return Ok(self.lose(ix, &bucket, upload, claim));
        }
        let primary_error = if let Some(error) = known.primary_failed {
            error
        } else {
            let bucket = Arc::clone(&self.state.egress(ix).bucket);
            let failure = match self.upload_to(ix, &bucket, upload) {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            if self.state.scenario.world.backup_bucket.is_none() {
                return Err(failure);
            }
            self.uploader_mut(ix, upload.output).primary_failed = Some(failure.error.clone());
            failure.error
        };
        let backup = self.state.scenario.world.backup_bucket.as_deref();
        let backup: Arc<str> = backup.expect("nobody turns to a storage that is not there").into();
        match self.upload_to(ix, &backup, upload) {
            Ok(done) => {
                self.state.egresses[ix.0 as usize].info.backup_storage_used = true;
                Ok(done)
            }
            Err(Failure { error, listed }) => {
                Err(Failure { error: format!("primary: {primary_error}\nbackup: {error}"), listed })
            }
        }
    }

    /// Whether an upload whose time has come takes longer because of a fault: then `again` comes once it is done.
    pub(super) fn is_delayed(
        &mut self,
        ix: EgressIx,
        point: &'static str,
        output: usize,
        key: &str,
        again: Event,
    ) -> bool {
        const SLOW: &str = "upload.slow";
        if !self.faults.has(SLOW) {
            return false;
        }
        if self.uploader(ix, output).is_some_and(|uploader| uploader.delayed) {
            self.uploader_mut(ix, output).delayed = false;
            return false;
        }
        let on_backup = self.uploader(ix, output).is_some_and(|uploader| uploader.primary_failed.is_some());
        let backup = self.state.scenario.world.backup_bucket.clone().filter(|_| on_backup);
        let bucket: Arc<str> = backup.map_or_else(|| Arc::clone(&self.state.egress(ix).bucket), Into::into);
        let Some(slow) = self.strike_upload(&[SLOW], ix, point, &bucket, key) else { return false };
        self.uploader_mut(ix, output).delayed = true;
        self.queue.push(self.state.now + slow.span("by"), again);
        true
    }

    fn uploader(&self, ix: EgressIx, output: usize) -> Option<&Uploader> {
        self.recorders.workers.get(&ix)?.uploaders.get(&output)
    }

    fn uploader_mut(&mut self, ix: EgressIx, output: usize) -> &mut Uploader {
        let worker = self.recorders.workers.get_mut(&ix).expect("only a live egress uploads");
        worker.uploaders.entry(output).or_default()
    }

    /// The fault that strikes an upload, if one does.
    fn strike_upload(&mut self, kinds: &[&str], ix: EgressIx, point: &str, bucket: &str, key: &str) -> Option<Fault> {
        if !kinds.iter().any(|kind| self.faults.has(kind)) {
            return None;
        }
        let room = Arc::clone(&self.state.egress(ix).info.room_name);
        let tenant = Arc::clone(&self.state.tenant_of(ix).name);
        let at = Point {
            name: point,
            group: (point == "upload.playlist_end").then_some("upload.playlist"),
            bucket: Some(bucket),
            keys: &[key],
            tenant: Some(&tenant),
            room: Some(&room),
            ..Point::default()
        };
        let strike = self.strike(kinds, &at)?;
        self.state.egresses[ix.0 as usize].struck.insert(strike.fault);
        Some(self.faults.fault(strike).clone())
    }

    fn upload_to(&mut self, ix: EgressIx, bucket: &Arc<str>, upload: Upload<'_>) -> Result<Uploaded, Failure> {
        let Some(fault) = self.strike_upload(&KINDS, ix, upload.point, bucket, upload.key) else {
            return self.put(ix, bucket, upload, upload.body.clone());
        };
        match fault.kind.name {
            "upload.fail" => {
                if fault.text("leftover") == "multipart" {
                    self.leave_parts(ix, bucket, upload);
                }
                let listed = fault.text("listed") == "yes" && upload.point == "upload.segment";
                Err(Failure { error: failed(fault.text("error")), listed })
            }
            "upload.lost" => {
                let claim = match fault.text("location") {
                    "local" => Claim::Local,
                    "empty" => Claim::Nothing,
                    _ => Claim::Url,
                };
                if fault.text("poisons") == "rest" {
                    self.uploader_mut(ix, upload.output).poisoned = Some(claim);
                }
                Ok(self.lose(ix, bucket, upload, claim))
            }
            "upload.late" => {
                let uploaded = self.claimed(ix, bucket, upload, Claim::Url);
                let object = Object { bucket: Arc::clone(bucket), key: Arc::clone(upload.key) };
                let number = self.recorders.late_uploads;
                self.recorders.late_uploads += 1;
                let egress = &mut self.state.egresses[ix.0 as usize];
                egress.owed.push((number, object.clone()));
                if upload.is_essential() {
                    egress.missing.push(object.clone());
                }
                let at = self.state.now + fault.span("by");
                self.owe(at);
                let late = Late {
                    number,
                    object,
                    output: upload.output,
                    body: upload.body.clone(),
                    content_type: upload.content_type,
                };
                self.queue.push(at, Event::UploadArrives { egress: ix, late: Box::new(late) });
                Ok(uploaded)
            }
            _ => {
                let body = self.damaged(upload.body, fault.text("what"));
                if upload.is_essential() {
                    self.state.egresses[ix.0 as usize].spoilt = true;
                }
                self.put(ix, bucket, upload, body)
            }
        }
    }

    /// Puts an object into the sink, who may refuse it.
    fn put(&mut self, ix: EgressIx, bucket: &Arc<str>, upload: Upload<'_>, body: Body) -> Result<Uploaded, Failure> {
        let size = self.state.sink.media.length(&body);
        let change = self
            .put_object(ix, bucket, upload.key, upload.output, upload.content_type, body)
            .map_err(|error| Failure { error: failed(&error), listed: false })?;
        self.announce(ix, bucket, &change);
        let egress = &mut self.state.egresses[ix.0 as usize];
        egress.owed.retain(|(_, late)| late.key != *upload.key || late.bucket != *bucket);
        let objects = &mut egress.objects;
        // What is rewritten stands near the beginning, or there is little.
        let known = |object: &Object| object.key == *upload.key && object.bucket == *bucket;
        if !(upload.rewritten && objects.iter().any(known)) {
            // Most recordings are a file and a manifest for ever.
            if objects.is_empty() {
                objects.reserve_exact(2);
            }
            objects.push(Object { bucket: Arc::clone(bucket), key: Arc::clone(upload.key) });
        }
        Ok(Uploaded { location: self.location(ix, upload.output, bucket, upload.key), size })
    }

    fn put_object(
        &mut self,
        ix: EgressIx,
        bucket: &str,
        key: &Arc<str>,
        output: usize,
        content_type: &str,
        body: Body,
    ) -> Result<Change, String> {
        let s3 = self.storage(ix, output);
        let put = Put {
            chance: self.chance,
            now: self.state.now,
            bucket,
            key: Arc::clone(key),
            body,
            content_type: content_type.into(),
            metadata: Arc::new(s3.metadata),
            tagging: s3.tagging.as_str().into(),
            origin: Origin::Egress(ix),
        };
        self.state.sink.upload(put).map_err(|error| match error {
            CallError::Rejected(rejection) => format!("{}: {}", rejection.code, rejection.message),
            CallError::NotSent(why) | CallError::OutcomeUnknown(why) => why,
        })
    }

    fn announce(&mut self, ix: EgressIx, bucket: &str, change: &Change) {
        self.log.emit(&self.state, &Fact::Sink { by: Actor::Egress(ix), bucket, change });
        self.after_store(bucket, change);
    }

    /// What comes late has come. Nobody waits for it any more: if the sink refuses it, nobody is told. What was uploaded again
    /// meanwhile stays as it is: an older playlist never takes a newer one's place.
    pub(crate) fn upload_arrives(&mut self, ix: EgressIx, late: Late) {
        let Late { number, object, output, body, content_type } = late;
        let owed = &mut self.state.egresses[ix.0 as usize].owed;
        let Some(place) = owed.iter().position(|(owed, _)| *owed == number) else { return };
        owed.remove(place);
        let Ok(change) = self.put_object(ix, &object.bucket, &object.key, output, content_type, body) else { return };
        let egress = &mut self.state.egresses[ix.0 as usize];
        // Of several uploads of a playlist the last one counts.
        if !egress.owed.iter().any(|(_, late)| *late == object) {
            egress.missing.retain(|lost| *lost != object);
        }
        if !egress.objects.contains(&object) {
            egress.objects.push(object.clone());
        }
        self.announce(ix, &object.bucket, &change);
    }

    /// What the worker takes for stored is not in the sink.
    fn lose(&mut self, ix: EgressIx, bucket: &Arc<str>, upload: Upload<'_>, claim: Claim) -> Uploaded {
        let egress = &mut self.state.egresses[ix.0 as usize];
        if upload.is_essential() {
            egress.spoilt = true;
            let object = Object { bucket: Arc::clone(bucket), key: Arc::clone(upload.key) };
            if !egress.missing.contains(&object) {
                egress.missing.push(object);
            }
        }
        self.claimed(ix, bucket, upload, claim)
    }

    fn location(&self, ix: EgressIx, output: usize, bucket: &str, key: &str) -> String {
        filename::location(&self.storage(ix, output), bucket, key)
    }

    /// The storage of an output that is uploaded.
    fn storage(&self, ix: EgressIx, output: usize) -> S3Upload {
        self.state.egress(ix).info.request.outputs[output].s3().cloned().unwrap_or_default()
    }

    fn claimed(&self, ix: EgressIx, bucket: &str, upload: Upload<'_>, claim: Claim) -> Uploaded {
        let size = self.state.sink.media.length(upload.body);
        match claim {
            Claim::Url => Uploaded { location: self.location(ix, upload.output, bucket, upload.key), size },
            Claim::Local => Uploaded { location: format!("/{}", upload.key.trim_start_matches('/')), size },
            Claim::Nothing => Uploaded { location: String::new(), size: 0 },
        }
    }

    /// A multipart upload that was begun and is neither finished nor aborted.
    fn leave_parts(&mut self, ix: EgressIx, bucket: &str, upload: Upload<'_>) {
        let s3 = self.storage(ix, upload.output);
        let create = CreateMultipartUpload {
            chance: self.chance,
            now: self.state.now,
            bucket,
            key: upload.key,
            content_type: upload.content_type.into(),
            metadata: Arc::new(s3.metadata),
            tagging: s3.tagging.as_str().into(),
            origin: Origin::Egress(ix),
        };
        let Ok((_, changes)) = self.state.sink.create_multipart_upload(create) else { return };
        for change in &changes {
            self.log.emit(&self.state, &Fact::Sink { by: Actor::Egress(ix), bucket, change });
        }
    }

    fn damaged(&self, body: &Body, what: &str) -> Body {
        match (what, body) {
            ("empty", _) => Body::Bytes(bytes::Bytes::new()),
            ("corrupt", body) => {
                let length = self.state.sink.media.length(body);
                let seed = if let Body::Media { seed, .. } = body { *seed } else { length };
                Body::Media { kind: MediaKind::Noise, seed, length }
            }
            (_, &Body::Playlist { log, segments, live, .. }) => Body::Playlist { log, segments, ended: false, live },
            (_, body) => body.clone(),
        }
    }
}

/// An upload that the worker has reported and that is still on its way.
#[derive(Debug)]
pub(crate) struct Late {
    number: u64,
    object: Object,
    output: usize,
    body: Body,
    content_type: &'static str,
}

fn failed(why: &str) -> String {
    format!("S3 upload failed: {why}")
}
