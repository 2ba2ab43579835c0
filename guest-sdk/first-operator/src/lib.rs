//! A first operator, to start your own from: it records every compliance call as one MP4, and enters it into the inventory.
//!
//! It is what most people write first. It works until something goes wrong, and the README shows how that is found.

use egress_sim_sdk::{
    Boot, Commit, Cx, Delivery, Error, FileOutput, Operator, Outcome, RoomCompositeEgressRequest, Row, RowState,
    S3Upload, SinkKey,
};
use serde_json::Value;

struct FirstOperator {
    boot: Boot,
}

impl Operator for FirstOperator {
    fn on_webhook(&mut self, cx: &mut Cx<'_>, delivery: Delivery) -> Outcome {
        let event = delivery.open(cx)?;
        let Some(room) = event.room.filter(|_| event.event == "room_started") else { return Ok(()) };
        let wanted: Value = serde_json::from_str(&room.metadata).map_err(|error| Error::reject(error.to_string()))?;
        if wanted["recording"] != "compliance" {
            return Ok(());
        }
        let tenant = self.boot.tenants.iter().find(|tenant| wanted["tenant"] == tenant.name.as_str());
        let tenant = tenant.ok_or_else(|| Error::reject("a room of nobody's"))?;
        let bucket = &tenant.buckets[0];

        let folder = format!("{}/{}/", tenant.name, room.sid);
        let info = cx.egress().start_room_composite(RoomCompositeEgressRequest {
            room_name: room.name.clone(),
            layout: String::new(),
            audio_only: false,
            video_only: false,
            file_outputs: vec![FileOutput {
                filepath: format!("{folder}recording.mp4"),
                disable_manifest: false,
                s3: S3Upload {
                    bucket: bucket.name.clone(),
                    region: bucket.region.clone(),
                    metadata: Vec::new(),
                    tagging: String::new(),
                },
            }],
            segment_outputs: Vec::new(),
        })?;
        cx.commit(Commit::new().put_row(Row {
            egress_id: info.egress_id,
            tenant: tenant.name.clone(),
            room: room.name,
            bucket: bucket.name.clone(),
            key: SinkKey::Prefix(folder),
            backup_bucket: None,
            kind: "composite".into(),
            state: RowState::Recording,
            details: "{}".into(),
        }))?;
        Ok(())
    }
}

/// Makes one for each incarnation.
pub fn make(boot: &Boot) -> Box<dyn Operator> {
    Box::new(FirstOperator { boot: boot.clone() })
}

egress_sim_sdk::export!(make);
