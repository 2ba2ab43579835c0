use super::*;

fn s3() -> S3Upload {
    S3Upload { bucket: "bk".into(), ..S3Upload::default() }
}

fn file() -> Output {
    Output::File(FileOutput { s3: s3(), ..FileOutput::default() })
}

fn segments(playlist_name: &str, live_playlist_name: &str) -> Output {
    Output::Segments(SegmentedFileOutput {
        playlist_name: playlist_name.into(),
        live_playlist_name: live_playlist_name.into(),
        s3: s3(),
        ..SegmentedFileOutput::default()
    })
}

fn composite(outputs: Vec<Output>) -> StartEgress {
    let source = Source::RoomComposite { layout: String::new(), audio_only: false, video_only: false };
    StartEgress { room_name: "demo".into(), source, outputs, details: None }
}

fn track(track_id: &str, outputs: Vec<Output>) -> StartEgress {
    StartEgress { source: Source::Track { track_id: track_id.into() }, ..composite(outputs) }
}

fn refused_field(request: &StartEgress) -> String {
    match validate(request) {
        Err(CallError::Rejected(rejection)) => {
            assert_eq!((rejection.code.as_str(), rejection.status), ("invalid_argument", 400));
            let field = rejection.message.strip_prefix("request has missing or invalid field: ");
            field.expect("the worker's sentence").to_owned()
        }
        other => panic!("{request:?} should be refused, not {other:?}"),
    }
}

#[test]
fn what_a_worker_can_do_it_takes() {
    for request in [
        composite(vec![file()]),
        composite(vec![segments("d/p", "d/live")]),
        composite(vec![segments("{room_name}/p", "demo/live"), file()]),
        track("TR_AMx", vec![file()]),
    ] {
        assert_eq!(validate(&request), Ok(()), "{request:?}");
    }
}

#[test]
fn what_it_cannot_do_it_refuses_by_name() {
    let nowhere = || Output::File(FileOutput::default());
    for (request, field) in [
        (composite(vec![]), "output"),
        (composite(vec![nowhere()]), "output"),
        (composite(vec![file(), file()]), "multiple file outputs"),
        (composite(vec![segments("p", ""), file(), segments("q", "")]), "multiple segmented file outputs"),
        (composite(vec![segments("p", "p.m3u8")]), "live_playlist_name cannot be identical to playlist_name"),
        (composite(vec![segments("p", "d/l")]), "live_playlist_name must be in same directory as playlist_name"),
        (composite(vec![segments("{room_id}", "{room_id}")]), {
            "live_playlist_name cannot be identical to playlist_name"
        }),
        (track("", vec![file()]), "track_id"),
        (track("TR_AMx", vec![]), "output"),
        (track("TR_AMx", vec![segments("p", "")]), "output"),
    ] {
        assert_eq!(refused_field(&request), field, "{request:?}");
    }
}

#[test]
fn the_first_fault_in_the_workers_order_is_the_one_that_is_named() {
    let neither = Source::RoomComposite { layout: String::new(), audio_only: true, video_only: true };
    let mut request =
        StartEgress { room_name: String::new(), source: neither, outputs: vec![file(), file()], details: None };
    assert_eq!(refused_field(&request), "audio_only and video_only");
    request.source = composite(vec![]).source;
    assert_eq!(refused_field(&request), "multiple file outputs");
    request.outputs = vec![];
    assert_eq!(refused_field(&request), "output");
    request.outputs = vec![file()];
    assert_eq!(refused_field(&request), "token or api key/secret");
    request.room_name = "demo".into();
    assert_eq!(validate(&request), Ok(()));
}
