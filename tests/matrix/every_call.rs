//! An operator that makes every call of the contract, for the points that a sensible one never comes to. The probe in
//! `guest-sdk/probe` does so for the hosts, with things that no world has; this one asks of a world what is in it.

use std::sync::Arc;

use egress_sim_model::call::{
    Answer, AuditAction, AuditOutcome, AuditRecord, Boot, Call, Delivery, Link, LogLevel, ObjectId, Reply, Timer, Write,
};
use egress_sim_model::livekit::{FileOutput, Output, S3Upload, Source, StartEgress};
use egress_sim_model::operator::{Guest, Host, Step};
use egress_sim_model::time::Time;

/// Plays [`script`] whenever a room starts, and answers everything with Ok.
pub struct EveryCall;

impl Host for EveryCall {
    fn start(&self, _boot: &Arc<Boot>) -> Box<dyn Guest> {
        Box::new(Player { script: Vec::new() })
    }
    fn name(&self) -> &'static str {
        "every-call"
    }
}

struct Player {
    /// What is still to be asked, the next one last.
    script: Vec<Call>,
}

impl Guest for Player {
    fn begin(&mut self, delivery: &Delivery) -> Step {
        match delivery {
            Delivery::Webhook { delivery, .. } => Step::Call(Call::WebhookOpen { delivery: *delivery }),
            _ => Step::Done(Answer::Ok),
        }
    }

    fn resume(&mut self, reply: Reply) -> Step {
        if let Reply::Opened(Ok(event)) = &reply
            && event.event == "room_started"
            && self.script.is_empty()
            && let Some(room) = &event.room
        {
            self.script = script(&room.name, 0);
            self.script.reverse();
        }
        self.script.pop().map_or(Step::Done(Answer::Ok), Step::Call)
    }
}

/// Every call once; of the room that has just started.
pub fn script(room: &Arc<str>, delivery: u64) -> Vec<Call> {
    let bucket = || "acme-plain".to_owned();
    let key = || format!("acme/{room}/notes.txt");
    let id = || ObjectId { key: key(), version_id: None };
    let egress_id = || "EG_nobody".to_owned();
    let s3 = S3Upload { bucket: bucket(), ..S3Upload::default() };
    let source = Source::RoomComposite { layout: String::new(), audio_only: false, video_only: false };
    let file =
        FileOutput { filepath: format!("acme/{room}/all.mp4"), disable_manifest: false, s3, ..FileOutput::default() };
    let request = StartEgress { room_name: room.to_string(), source, outputs: vec![Output::File(file)], details: None };
    let record = AuditRecord {
        action: AuditAction::RefuseWebhook,
        tenant: "acme".into(),
        egress_id: None,
        bucket: None,
        key: None,
        version_id: None,
        outcome: AuditOutcome::Done,
        idempotency_key: "i".into(),
    };
    let link = Link { egress_id: egress_id(), tenant: "acme".into(), url: "https://cdn.acme.example/x".into() };
    vec![
        Call::WebhookRaw { delivery },
        Call::WebhookOpen { delivery },
        Call::StartEgress(Arc::new(request)),
        Call::ListRooms { names: Vec::new() },
        Call::ListParticipants { room: room.to_string() },
        Call::ListEgress { room_name: room.to_string(), egress_id: String::new(), active: false },
        Call::StopEgress { egress_id: egress_id() },
        Call::GetBucketVersioning { bucket: bucket() },
        Call::PutObject { bucket: bucket(), key: key(), content_type: "text/plain".into(), body: "note".into() },
        Call::HeadObject { bucket: bucket(), id: id() },
        Call::GetObject { bucket: bucket(), id: id(), range: None },
        Call::ListObjectsV2 { bucket: bucket(), prefix: String::new(), continuation_token: None, max_keys: 1 },
        Call::ListObjectVersions { bucket: bucket(), prefix: String::new(), marker: None, max_keys: 1 },
        Call::ListMultipartUploads { bucket: bucket(), prefix: String::new() },
        Call::AbortMultipartUpload { bucket: bucket(), key: key(), upload_id: "none".into() },
        Call::DeleteObject { bucket: bucket(), id: id() },
        Call::DeleteObjects { bucket: bucket(), objects: vec![id()], quiet: false },
        Call::Commit { writes: vec![Write::PutState("seen".into(), room.to_string())], preconditions: Vec::new() },
        Call::InventoryGet { egress_id: egress_id() },
        Call::InventoryScan { tenant: "acme".into(), after: None, limit: 10 },
        Call::StateGet { key: "seen".into() },
        Call::StateScan { prefix: String::new(), after: None, limit: 10 },
        Call::AuditAppend(vec![record]),
        Call::Publish(link),
        Call::Retract { egress_id: egress_id() },
        Call::CheckAlways { name: "sane".into(), condition: true, details: String::new() },
        Call::CheckSometimes { name: "asked".into(), condition: true },
        Call::Now,
        Call::SetTimer(Timer { name: "later".into(), at: Time(0), payload: String::new() }),
        Call::CancelTimer { name: "later".into() },
        Call::Entropy,
        Call::Log { level: LogLevel::Info, message: "all asked".into() },
    ]
}
