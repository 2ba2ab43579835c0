//! What goes wrong with the egress worker's uploads, and what of it is in the sink and in `EgressInfo`.

use egress_sim_model::livekit::EgressInfo;
use egress_sim_model::sink::Sink;

use super::*;

/// What was put where, in order, and how the egress ended.
#[derive(Default)]
struct Seen {
    /// `bucket/name size`, without the directory.
    stored: Vec<String>,
    begun: usize,
    ended_at: Option<Time>,
    info: Option<EgressInfo>,
    spoilt: bool,
    lost: Vec<String>,
    /// The texts of the playlists that were stored last, by bucket and name.
    ends: Vec<(String, bool, usize)>,
}

struct Ledger(Rc<RefCell<Seen>>);

fn name(key: &str) -> &str {
    let name = key.rsplit('/').next().unwrap_or_default();
    if name.starts_with("EG_") { "manifest" } else { name }
}

impl Witness for Ledger {
    fn record(&mut self, at: Time, _sequence: u64, fact: &Fact<'_>, state: &State) {
        let mut seen = self.0.borrow_mut();
        match fact {
            Fact::Sink { bucket, change, .. } => {
                use egress_sim_model::sink::ChangeKind;
                match change.kind {
                    ChangeKind::Stored { size } => seen.stored.push(format!("{bucket}/{} {size}", name(&change.key))),
                    ChangeKind::UploadBegun => seen.begun += 1,
                    _ => {}
                }
            }
            Fact::EgressChanged { status, egress, .. } if !status.is_live() => {
                let egress = state.egress(*egress);
                seen.ended_at = Some(at);
                seen.info = Some(egress.info.clone());
                seen.spoilt = egress.spoilt;
                seen.lost = egress.missing.iter().map(|lost| name(&lost.key).to_owned()).collect();
                seen.ends = playlists(&state.sink);
            }
            _ => {}
        }
    }
}

fn playlists(sink: &Sink) -> Vec<(String, bool, usize)> {
    let of_bucket = |name: &str| {
        let view = sink.playlist_of(name, "acme/p.m3u8")?;
        Some((name.to_owned(), view.ended, view.segments.len()))
    };
    sink.buckets.keys().filter_map(|name| of_bucket(name)).collect()
}

const BACKUP: &str = "[world]\nbackup_bucket = \"spare\"\n[[bucket]]\nname = \"spare\"\n";

/// A recording of 17.98 s, which are three segments, with this fault and whatever else is said before it.
fn record(call: Call, before: &str, fault: &str) -> (Seen, Outcome) {
    let source = world("20s", &format!("{before}[[fault]]\n{fault}"));
    let scenario = file::parse("story", &source).unwrap_or_else(|error| panic!("{}", error.render("story.toml")));
    let seen = Rc::new(RefCell::new(Seen::default()));
    let mut ledger = Ledger(Rc::clone(&seen));
    let host = starter(call);
    let run = Run {
        scenario: Rc::new(scenario),
        host: &host,
        older: None,
        properties: Vec::new(),
        witness: Some(&mut ledger),
        progress: None,
    };
    let outcome = run.go();
    (seen.take(), outcome)
}

fn info(seen: &Seen) -> &EgressInfo {
    seen.info.as_ref().expect("the egress has ended")
}

#[test]
fn a_failed_file_goes_to_the_backup_storage_with_its_manifest() {
    let call = start(Output::File(FileOutput {
        filepath: "acme/a.mp4".into(),
        disable_manifest: true,
        s3: bucket(),
        ..FileOutput::default()
    }));
    let (seen, outcome) = record(call, BACKUP, "do = \"upload.fail\"\n");
    assert_eq!(seen.stored.len(), 2, "{:?}", seen.stored);
    assert_eq!(seen.stored[0], "spare/a.mp4 4495000");
    assert!(seen.stored[1].starts_with("spare/manifest "), "it is written although it was not wanted");
    assert_eq!((info(&seen).status, info(&seen).backup_storage_used), (EgressStatus::Complete, true));
    assert_eq!(info(&seen).file_results[0].location, "https://spare.s3.amazonaws.com/acme/a.mp4");
    assert!(info(&seen).manifest_location.starts_with("https://spare.s3.amazonaws.com/acme/EG_"));
    assert!(!seen.spoilt);
    assert_eq!((outcome.counts.objects_put, outcome.faults_fired), (2, vec![1]));
}

#[test]
fn from_the_failed_segment_on_everything_goes_to_the_backup_storage() {
    let (seen, outcome) = record(hls(), BACKUP, "do = \"upload.fail\"\non = \"upload.segment\"\nnth = 2\n");
    let stored: Vec<&str> = seen.stored.iter().map(|line| line.split_once(' ').expect("a size").0).collect();
    assert_eq!(
        stored,
        [
            "rec/s_00000.ts",
            "rec/p.m3u8",
            "rec/live.m3u8",
            "spare/s_00001.ts",
            "spare/p.m3u8",
            "spare/live.m3u8",
            "spare/s_00002.ts",
            "spare/p.m3u8",
            "spare/live.m3u8",
            "spare/manifest",
        ]
    );
    assert_eq!(seen.ends, [("rec".to_owned(), false, 1), ("spare".to_owned(), true, 3)]);
    let result = &info(&seen).segment_results[0];
    assert_eq!((result.segment_count, info(&seen).backup_storage_used), (3, true));
    assert_eq!(result.playlist_location, "https://spare.s3.amazonaws.com/acme/p.m3u8");
    assert_eq!(outcome.counts.objects_put, 8, "each playlist counts in both buckets");
}

#[test]
fn both_failing_is_told_in_two_lines() {
    let fault = "do = \"upload.fail\"\nerror = \"no\"\ncount = 2\nleftover = \"multipart\"\n";
    let (seen, outcome) = record(mp4(), BACKUP, fault);
    assert_eq!(info(&seen).error, "primary: S3 upload failed: no\nbackup: S3 upload failed: no");
    assert_eq!((info(&seen).status, info(&seen).error_code), (EgressStatus::Failed, 400));
    assert!(!info(&seen).backup_storage_used, "nothing of it is there");
    assert!(seen.spoilt);
    assert_eq!((seen.begun, outcome.counts.objects_put), (2, 0), "the parts stay behind in both buckets");
}

#[test]
fn a_failed_segment_can_be_listed_all_the_same() {
    for (listed, named) in [("no", 1), ("yes", 2)] {
        let fault = format!("do = \"upload.fail\"\non = \"upload.segment\"\nnth = 2\nlisted = \"{listed}\"\n");
        let (seen, _) = record(hls(), "", &fault);
        assert_eq!((info(&seen).status, info(&seen).error_code), (EgressStatus::Failed, 400));
        assert!(info(&seen).error.starts_with("S3 upload failed: operation error S3: PutObject, exceeded maximum"));
        assert_eq!(seen.ends, [("rec".to_owned(), false, named)]);
        assert!(!seen.stored.iter().any(|line| line.contains("s_00001")), "{:?}", seen.stored);
    }
}

#[test]
fn a_playlist_on_the_way_and_a_manifest_may_fail_and_the_last_playlist_may_not() {
    let status = |on: &str| {
        let (seen, _) = record(hls(), "", &format!("do = \"upload.fail\"\non = \"{on}\"\n"));
        (info(&seen).status, info(&seen).manifest_location.is_empty())
    };
    assert_eq!(status("upload.playlist"), (EgressStatus::Complete, false));
    assert_eq!(status("upload.manifest"), (EgressStatus::Complete, true));
    assert_eq!(status("upload.playlist_end"), (EgressStatus::Failed, true));
}

#[test]
fn a_playlist_that_failed_at_first_is_an_object_once_it_is_stored() {
    let (seen, outcome) = record(hls(), "", "do = \"upload.fail\"\non = \"upload.playlist\"\n");
    assert_eq!(seen.ends, [("rec".to_owned(), true, 3)]);
    assert_eq!(outcome.counts.objects_put, 6);
}

#[test]
fn a_lost_file_is_reported_as_it_was_asked_for() {
    for (location, told, size) in [
        ("url", "https://rec.s3.amazonaws.com/acme/a.mp4", 4_495_000),
        ("local", "/acme/a.mp4", 4_495_000),
        ("empty", "", 0),
    ] {
        let (seen, _) =
            record(mp4(), "", &format!("do = \"upload.lost\"\non = \"upload.file\"\nlocation = \"{location}\"\n"));
        let file = &info(&seen).file_results[0];
        assert_eq!((info(&seen).status, file.location.as_str(), file.size), (EgressStatus::Complete, told, size));
        assert_eq!((seen.lost.as_slice(), seen.spoilt), (&["a.mp4".to_owned()][..], true));
        assert!(seen.stored.iter().all(|line| line.starts_with("rec/manifest")), "{:?}", seen.stored);
    }
}

#[test]
fn a_poisoned_uploader_stores_nothing_any_more() {
    let fault = "do = \"upload.lost\"\non = \"upload.playlist\"\nnth = 2\npoisons = \"rest\"\nlocation = \"empty\"\n";
    let (seen, outcome) = record(hls(), "", fault);
    let result = &info(&seen).segment_results[0];
    assert_eq!(info(&seen).status, EgressStatus::Complete);
    assert_eq!((result.segment_count, result.size), (3, 3_000_000), "two of them were counted with their bytes");
    assert_eq!((result.playlist_location.as_str(), info(&seen).manifest_location.as_str()), ("", ""));
    assert_eq!(seen.ends, [("rec".to_owned(), false, 1)]);
    assert_eq!(seen.lost, ["s_00002.ts", "p.m3u8"], "the playlists are there, but old; the manifest is not missed");
    assert_eq!(outcome.faults_fired, [1]);
}

#[test]
fn damage_is_stored_under_a_good_name() {
    let (seen, _) = record(mp4(), "", "do = \"upload.damaged\"\n");
    assert_eq!(seen.stored[0], "rec/a.mp4 0");
    assert_eq!((info(&seen).status, info(&seen).file_results[0].size), (EgressStatus::Complete, 0));
    let (seen, _) = record(mp4(), "", "do = \"upload.damaged\"\nwhat = \"corrupt\"\n");
    assert_eq!((seen.stored[0].as_str(), seen.spoilt), ("rec/a.mp4 4495000", true));
    let (seen, _) = record(hls(), "", "do = \"upload.damaged\"\non = \"upload.playlist_end\"\nwhat = \"no_endlist\"\n");
    assert_eq!((info(&seen).status, seen.ends), (EgressStatus::Complete, vec![("rec".to_owned(), false, 3)]));
}

#[test]
fn a_slow_upload_keeps_the_egress_ending() {
    let ended_at = |fault: &str| record(mp4(), "", fault).0.ended_at.expect("it has ended");
    let never = "do = \"upload.slow\"\nnth = 9\n";
    assert_eq!(ended_at("do = \"upload.slow\"\nby = \"7m\"\n").since(ended_at(never)), Span::seconds(420));
    let (seen, outcome) = record(hls(), "", "do = \"upload.slow\"\non = \"upload.segment\"\nnth = 2\nby = \"7m\"\n");
    assert_eq!((info(&seen).segment_results[0].segment_count, outcome.faults_fired), (3, vec![1]));
    assert_eq!(seen.ends, [("rec".to_owned(), true, 3)]);
}

#[test]
fn a_late_upload_is_reported_at_once_and_stored_later() {
    let (seen, outcome) = record(hls(), "", "do = \"upload.late\"\non = \"upload.segment\"\nnth = 2\nby = \"2h\"\n");
    assert_eq!((info(&seen).status, seen.lost.as_slice()), (EgressStatus::Complete, &["s_00001.ts".to_owned()][..]));
    assert_eq!(info(&seen).segment_results[0].segment_count, 3);
    assert_eq!(seen.stored.last().map(String::as_str), Some("rec/s_00001.ts 1500000"));
    assert_eq!((outcome.counts.objects_put, outcome.counts.objects_live), (6, 6));
}

#[test]
fn an_older_playlist_that_comes_late_never_takes_a_newer_ones_place() {
    let (seen, outcome) = record(hls(), "", "do = \"upload.late\"\non = \"upload.playlist\"\nnth = 2\nby = \"2h\"\n");
    assert!(seen.lost.is_empty(), "nobody misses it: {:?}", seen.lost);
    assert_eq!(seen.ends, [("rec".to_owned(), true, 3)]);
    assert!(!seen.stored.last().expect("something").contains("p.m3u8"), "{:?}", seen.stored);
    assert_eq!(outcome.faults_fired, vec![1]);
}

#[test]
fn of_two_late_ones_the_newer_one_stays() {
    let fault = "do = \"upload.late\"\non = \"upload.playlist\"\nnth = 2\ncount = 2\nby = \"2h\"\n";
    let (seen, _) = record(hls(), "", fault);
    assert_eq!(seen.lost, ["p.m3u8"], "the last one is missed");
    let playlists = seen.stored.iter().filter(|line| line.starts_with("rec/p.m3u8")).count();
    assert_eq!(playlists, 3, "both arrive, one behind the other: {:?}", seen.stored);
}

#[test]
fn what_befalls_the_leavings_of_a_first_attempt_does_not_befall_the_recording() {
    for fault in ["upload.lost", "upload.fail", "upload.late", "upload.damaged"] {
        let partial = "[[fault]]\ndo = \"egress.retried\"\nleaves = \"partial\"\n";
        for what in ["", "poisons = \"rest\"\n"] {
            if !what.is_empty() && fault != "upload.lost" {
                continue;
            }
            let (seen, _) = record(hls(), partial, &format!("do = \"{fault}\"\non = \"upload.segment\"\n{what}"));
            assert_eq!(info(&seen).status, EgressStatus::Complete, "{fault}");
            assert_eq!((seen.spoilt, seen.lost.len()), (false, 0), "{fault}: {:?}", seen.lost);
            assert!(seen.stored.iter().any(|line| line.starts_with("rec/s-1_00002.ts")), "{fault}: {:?}", seen.stored);
        }
    }
}
