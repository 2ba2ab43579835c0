//! What viewers get, told as short stories.

use super::complete::Complete;
use super::r#final::Final;
use super::plays::Plays;
use super::via_cdn::ViaCdn;
use crate::livekit::{EgressStatus, SegmentsInfo};
use crate::property::stage::{ACME_1, Stage, composite, segments};
use crate::scenario::Recording::Compliance;
use crate::trace::Viewing;

const VIA_CDN: &str = "https://cdn.example/rec/standup/p.m3u8";
const SINK: &str = "https://rec.s3.amazonaws.com/standup/p.m3u8";

mod finality {
    use super::*;

    #[test]
    fn an_ended_playlist_may_be_published_wherever_the_link_leads() {
        let mut stage = Stage::new(Final);
        let egress = stage.recorded_hls("standup", "1h", 3);
        stage.publish(egress, VIA_CDN);
        stage.publish(egress, SINK);
        assert_eq!(stage.tally(), (2, 0));
    }

    #[test]
    fn a_growing_or_missing_playlist_may_not() {
        let mut stage = Stage::new(Final);
        let call = stage.call(ACME_1, Compliance, "standup", "1h", &["alice"]);
        let egress = stage.start(call, composite(), vec![segments("rec")]);
        stage.active(egress);
        stage.publish(egress, "https://cdn.example/rec/standup/other.m3u8");
        stage.upload_playlist(egress, "standup/p.m3u8", 2, false);
        stage.publish(egress, VIA_CDN);
        let verdict = stage.finish();
        assert_eq!((verdict.checks, verdict.violations), (2, 2));
        let message = verdict.first.expect("violated").message;
        assert!(message.contains("for egress EG_0 (EGRESS_ACTIVE) when the playlist is not in the sink"), "{message}");
    }

    #[test]
    fn not_exercised_by_files() {
        let mut stage = Stage::new(Final);
        let egress = stage.recorded(ACME_1, "standup", "1h", &["standup.mp4"]);
        stage.publish(egress, "https://cdn.example/rec/standup.mp4");
        assert_eq!(stage.finish().word(), "not_exercised");
    }
}

mod complete {
    use super::*;

    #[test]
    fn each_segment_is_a_check() {
        let mut stage = Stage::new(Complete::default());
        stage.recorded_hls("standup", "1h", 980);
        assert_eq!(stage.tally(), (980, 0));
    }

    #[test]
    fn at_its_limit_it_is_judged_behind_the_last_upload() {
        let mut stage = Stage::new(Complete::default());
        let call = stage.call(ACME_1, Compliance, "standup", "1h", &["alice"]);
        let egress = stage.start(call, composite(), vec![segments("rec")]);
        let playlist_name = String::from("standup/p.m3u8");
        stage.egress(egress).info.segment_results = vec![SegmentsInfo { playlist_name, ..SegmentsInfo::default() }];
        stage.active(egress);
        stage.upload(egress, "standup/s_0.ts");
        stage.at("10m").limit(egress);
        stage.upload(egress, "standup/s_1.ts");
        stage.upload_playlist(egress, "standup/p.m3u8", 2, true);
        stage.egress(egress).info.segment_results[0].segment_count = 2;
        stage.drained(egress, &[]);
        assert_eq!(stage.tally(), (2, 0));
    }

    #[test]
    fn a_named_segment_that_is_not_there() {
        let mut stage = Stage::new(Complete::default());
        let egress = stage.recorded_hls("standup", "1h", 2);
        stage.state.sink.buckets.get_mut("rec").expect("a bucket").keys.remove("standup/s_1.ts");
        // LiveKit reports an end once; here it does so again, now that the segment is missing.
        stage.complete(egress, &[]);
        let verdict = stage.finish();
        assert_eq!((verdict.checks, verdict.violations), (4, 1));
        let message = verdict.first.expect("violated").message;
        assert!(message.contains("names 2 segments, but s3://rec/standup/s_1.ts of egress EG_0"), "{message}");
    }

    #[test]
    fn a_segment_in_the_backup_storage_is_there_and_one_that_a_fault_took_is_not_judged() {
        let mut stage = Stage::new(Complete::default()).with_backup();
        let egress = stage.recorded_hls("standup", "1h", 3);
        let keys = &mut stage.state.sink.buckets.get_mut("rec").expect("a bucket").keys;
        keys.remove("standup/s_1.ts");
        keys.remove("standup/s_2.ts");
        stage.upload_to_backup(egress, "standup/s_1.ts");
        stage.lose(egress, "standup/s_2.ts");
        stage.complete(egress, &[]);
        assert_eq!(stage.tally(), (5, 0));
    }

    /// An HLS of two segments that ended without its last one, and whose final playlist is on its way, too.
    fn late(end: &str) -> (Stage, crate::state::EgressIx) {
        let mut stage = Stage::new(Complete::default());
        let call = stage.call(ACME_1, Compliance, "standup", "1h", &["alice"]);
        let egress = stage.start(call, composite(), vec![segments("rec")]);
        stage.active(egress);
        stage.upload(egress, "standup/s_0.ts");
        stage.upload_playlist(egress, "standup/p.m3u8", 1, false);
        stage.at(end).hang_up(call);
        let playlist_name = String::from("standup/p.m3u8");
        stage.egress(egress).info.segment_results =
            vec![SegmentsInfo { playlist_name, segment_count: 2, ..SegmentsInfo::default() }];
        stage.expect_upload(egress, "standup/s_1.ts");
        stage.expect_upload(egress, "standup/p.m3u8");
        stage.complete(egress, &[]);
        (stage, egress)
    }

    #[test]
    fn what_is_still_on_its_way_is_waited_for() {
        let arrived: [&[_]; 3] =
            [&[], &[("standup/s_1.ts", None)], &[("standup/s_1.ts", None), ("standup/p.m3u8", Some(2))]];
        for (arrived, tally) in arrived.into_iter().zip([(0, 0), (0, 0), (2, 0)]) {
            let (mut stage, egress) = late("1h");
            stage.at("90m");
            for (key, segments) in arrived {
                stage.arrives(egress, key, *segments);
            }
            assert_eq!(stage.tally(), tally, "{arrived:?}");
        }
    }

    #[test]
    fn what_was_deleted_meanwhile_is_missed_when_the_rest_has_come() {
        let (mut stage, egress) = late("1h");
        stage.at("90m").erase("rec", "standup/s_0.ts");
        stage.arrives(egress, "standup/s_1.ts", None);
        stage.arrives(egress, "standup/p.m3u8", Some(2));
        assert!(stage.complaint().contains("names 2 segments, but s3://rec/standup/s_0.ts of egress EG_0"));
    }

    #[test]
    fn what_comes_behind_its_retention_is_not_judged() {
        let (mut stage, egress) = late("1h");
        stage.at("40d").erase("rec", "standup/s_0.ts");
        stage.arrives(egress, "standup/s_1.ts", None);
        stage.arrives(egress, "standup/p.m3u8", Some(2));
        assert_eq!(stage.finish().word(), "not_exercised");
    }

    #[test]
    fn fewer_segments_than_reported() {
        let mut stage = Stage::new(Complete::default());
        let egress = stage.recorded_hls("standup", "1h", 2);
        stage.egress(egress).info.segment_results[0].segment_count = 3;
        stage.complete(egress, &[]);
        assert!(stage.complaint().contains("reported 3 segments, but its playlist s3://rec/standup/p.m3u8 names 2"));
    }

    #[test]
    fn deleting_one_while_it_is_kept_breaks_it_without_a_further_check() {
        let mut stage = Stage::new(Complete::default());
        stage.recorded_hls("standup", "1h", 3);
        stage.at("30d").erase("rec", "standup/s_2.ts");
        stage.at("31d").erase("rec", "standup/s_1.ts");
        let verdict = stage.finish();
        assert_eq!((verdict.checks, verdict.violations), (3, 1));
        let message = verdict.first.expect("violated").message;
        assert!(message.ends_with("was deleted 1h before its retention ends"), "{message}");
    }

    #[test]
    fn not_exercised_by_files_or_failures() {
        let mut stage = Stage::new(Complete::default());
        stage.recorded(ACME_1, "standup", "1h", &["standup.mp4"]);
        let call = stage.call(ACME_1, Compliance, "other", "1h", &["alice"]);
        let failed = stage.start(call, composite(), vec![segments("rec")]);
        stage.fail(failed);
        assert_eq!(stage.state.egress(failed).info.status, EgressStatus::Aborted);
        assert_eq!(stage.finish().word(), "not_exercised");
    }
}

mod via_cdn {
    use super::*;

    #[test]
    fn the_cdn_holds_and_the_sink_does_not() {
        let mut stage = Stage::new(ViaCdn);
        let egress = stage.recorded_hls("standup", "1h", 1);
        stage.publish(egress, VIA_CDN);
        stage.publish(egress, SINK);
        let verdict = stage.finish();
        assert_eq!((verdict.checks, verdict.violations), (2, 1));
        let message = verdict.first.expect("violated").message;
        assert!(message.contains("links of tenant acme-1 name its CDN cdn.example, but https://rec.s3"), "{message}");
    }

    #[test]
    fn a_tenant_without_cdn_publishes_nothing() {
        let mut stage = Stage::new(ViaCdn);
        stage.scenario().tenants[0].cdn = None;
        let egress = stage.recorded_hls("standup", "1h", 1);
        stage.publish(egress, VIA_CDN);
        assert!(stage.complaint().contains("tenant acme-1 has no CDN, so nothing of it is published"));
    }

    #[test]
    fn not_exercised_without_publication() {
        let mut stage = Stage::new(ViaCdn);
        stage.recorded_hls("standup", "1h", 1);
        assert_eq!(stage.finish().word(), "not_exercised");
    }
}

mod plays {
    use super::*;

    #[test]
    fn all_of_it_holds_and_a_403_does_not() {
        let mut stage = Stage::new(Plays);
        let egress = stage.recorded_hls("standup", "1h", 1);
        stage.view(egress, VIA_CDN, &Viewing::Played { objects: 2 });
        let failed = Viewing::Failed { url: SINK.into(), status: 403, why: "AccessDenied".into() };
        stage.view(egress, SINK, &failed);
        let verdict = stage.finish();
        assert_eq!((verdict.checks, verdict.violations), (2, 1));
        let message = verdict.first.expect("violated").message;
        assert!(
            message.contains("just after it was published") && message.contains("answered 403: AccessDenied"),
            "{message}"
        );
    }

    #[test]
    fn not_exercised_without_viewer() {
        let mut stage = Stage::new(Plays);
        let egress = stage.recorded_hls("standup", "1h", 1);
        stage.publish(egress, VIA_CDN);
        assert_eq!(stage.finish().word(), "not_exercised");
    }
}
