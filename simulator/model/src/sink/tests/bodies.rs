//! Bodies by reference: playlists that players read, and lengths and tags that agree with the bytes.

use super::*;
use crate::sink::{Media, MediaKind, PlaylistId, PlaylistView, SegmentEntry};

fn log(media: &mut Media, segments: u32) -> PlaylistId {
    let log = media.new_playlist(6);
    let start = WorldParameters::default().start + Span::MILLISECOND.times(4_500);
    for number in 0..segments {
        media.push_segment(
            log,
            SegmentEntry {
                name: format!("rec_{number:05}.ts"),
                at: start + Span(6_000_100_000).times(u64::from(number)),
                duration: if number + 1 == segments { Span(2_345_678_900) } else { Span::seconds(6) },
            },
        );
    }
    log
}

fn read(media: &Media, body: &Body) -> String {
    String::from_utf8(media.read(body, 0..u64::MAX).to_vec()).expect("playlists are text")
}

#[test]
fn an_event_playlist_is_what_the_worker_writes() {
    let mut media = Media::default();
    let log = log(&mut media, 2);
    assert_eq!(
        read(&media, &Body::Playlist { log, segments: 2, ended: true, live: false }),
        "#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-ALLOW-CACHE:NO\n#EXT-X-TARGETDURATION:6\n\
         #EXT-X-MEDIA-SEQUENCE:0\n\
         #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:04.5Z\n#EXTINF:6.000,\nrec_00000.ts\n\
         #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:10.5Z\n#EXTINF:2.346,\nrec_00001.ts\n\
         #EXT-X-ENDLIST\n"
    );
}

#[test]
fn a_player_reads_both_playlists() {
    let mut media = Media::default();
    let log = log(&mut media, 980);
    let event = read(&media, &Body::Playlist { log, segments: 980, ended: true, live: false });
    let event = m3u8_rs::parse_media_playlist_res(event.as_bytes()).expect("a playlist");
    assert_eq!((event.segments.len(), event.end_list, event.target_duration), (980, true, 6));
    assert_eq!((event.playlist_type, event.media_sequence), (Some(m3u8_rs::MediaPlaylistType::Event), 0));
    assert_eq!(event.segments[979].uri, "rec_00979.ts");

    let live = read(&media, &Body::Playlist { log, segments: 12, ended: false, live: true });
    let live = m3u8_rs::parse_media_playlist_res(live.as_bytes()).expect("a playlist");
    assert_eq!((live.segments.len(), live.end_list, live.media_sequence), (5, false, 7));
    assert_eq!((live.playlist_type, live.segments[0].uri.as_str()), (None, "rec_00007.ts"));
    assert!(live.segments[0].program_date_time.is_some());

    let early = read(&media, &Body::Playlist { log, segments: 3, ended: true, live: true });
    let early = m3u8_rs::parse_media_playlist_res(early.as_bytes()).expect("a playlist");
    assert_eq!((early.segments.len(), early.media_sequence, early.end_list), (3, 0, true));
}

#[test]
fn an_earlier_state_stays_what_it_was() {
    let mut media = Media::default();
    let log = log(&mut media, 3);
    let body = Body::Playlist { log, segments: 3, ended: false, live: false };
    let (text, etag) = (read(&media, &body), media.etag(&body));
    let more = SegmentEntry { name: "more.ts".into(), at: Time(0), duration: Span::SECOND };
    media.push_segment(log, more);
    assert_eq!((read(&media, &body), media.etag(&body)), (text, etag));
    assert_eq!(media.segments(log), 4);
}

#[test]
fn lengths_ranges_and_tags_agree_with_the_bytes() {
    let mut media = Media::default();
    let log = log(&mut media, 9);
    for segments in [0, 1, 5, 8, 9] {
        for (ended, live) in [(false, false), (true, false), (false, true), (true, true)] {
            let body = Body::Playlist { log, segments, ended, live };
            let whole = media.read(&body, 0..u64::MAX);
            assert_eq!(media.length(&body), whole.len() as u64);
            assert_eq!(media.etag(&body), media.etag(&Body::Bytes(whole.clone())));
            for start in 0..whole.len() {
                let end = (start * 3 + 1).min(whole.len() + 5);
                let cut = whole.slice(start.min(end)..end.min(whole.len()).max(start.min(end)));
                assert_eq!(media.read(&body, start.min(end) as u64..end as u64), cut);
            }
        }
    }
}

#[test]
fn media_has_the_tag_of_an_upload_in_parts() {
    let media = Media::default();
    let tag = |length| media.etag(&Body::Media { kind: MediaKind::Mp4, seed: 1, length }).to_string();
    assert_eq!(tag(5 << 20).len(), 34);
    assert!(tag((5 << 20) + 1).ends_with("-2\""));
    assert!(tag(450_000_000).ends_with("-86\""));
    assert!(tag(100_000 << 20).ends_with("-10000\""), "the parts grow beyond ten thousand: {}", tag(100_000 << 20));
}

#[test]
fn a_stored_playlist_names_its_segments() {
    let mut bench = Bench::new();
    let log = log(&mut bench.sink.media, 7);
    let live = Body::Playlist { log, segments: 7, ended: false, live: true };
    let event = Body::Playlist { log, segments: 2, ended: true, live: false };
    let segments = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    bench.put_body("kept", "a/b/rec.m3u8", event).unwrap();
    bench.put_body("kept", "live.m3u8", live).unwrap();
    let view = bench.sink.playlist_of("kept", "a/b/rec.m3u8").expect("a playlist");
    assert_eq!(view, PlaylistView { ended: true, segments: segments(&["a/b/rec_00000.ts", "a/b/rec_00001.ts"]) });
    let view = bench.sink.playlist_of("kept", "live.m3u8").expect("a playlist");
    assert_eq!((view.ended, view.segments[0].as_str(), view.segments.len()), (false, "rec_00002.ts", 5));

    bench.put("kept", "a/own.m3u8", "#EXTM3U\r\n#EXTINF:6,\r\n\r\nx/1.ts\r\n#EXT-X-ENDLIST\r\n");
    let view = bench.sink.playlist_of("kept", "a/own.m3u8").expect("a playlist");
    assert_eq!(view, PlaylistView { ended: true, segments: segments(&["a/x/1.ts"]) });
    bench.put("kept", "a/no.m3u8", "<html>");
    bench.put_body("kept", "a/rec.mp4", Body::Media { kind: MediaKind::Mp4, seed: 1, length: 9 }).unwrap();
    bench.delete("kept", &id("live.m3u8"));
    for key in ["a/no.m3u8", "a/rec.mp4", "live.m3u8", "missing"] {
        assert_eq!(bench.sink.playlist_of("kept", key), None, "{key}");
    }
}
