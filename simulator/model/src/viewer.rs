//! Viewers: what somebody gets who opens a published link in a browser.
//!
//! A link leads to a tenant's CDN (`https://{cdn}/{bucket}/{key}`, no cache: the tenant's own buckets, and what is the tenant's
//! in the world's backup bucket) or straight to the sink, which lets nobody in whose bucket is private. A recording plays only if all of it arrives: of HLS the
//! playlist, which must end, and each of its segments. No media is made for it.

use crate::call::Link;
use crate::call::s3::request::Requester;
use crate::scenario::Tenant;
use crate::sink::playlist::directory_of;
use crate::sink::{Bucket, Content, Origin};
use crate::state::State;
use crate::trace::Viewing;

/// Opens a link now.
pub fn watch(state: &State, link: &Link) -> Viewing {
    match play(state, &link.url) {
        Ok(objects) => Viewing::Played { objects },
        Err(failed) => failed,
    }
}

/// How many objects arrived, which are all.
fn play(state: &State, url: &str) -> Result<u64, Viewing> {
    let place = locate(state, url).map_err(|why| why.at(url))?;
    let content = fetch(&place, place.key).map_err(|why| why.at(url))?;
    let useless = |why: &str| Failure { status: 200, why: why.to_owned() }.at(url);
    if content.size == 0 {
        return Err(useless("it is empty: there is nothing to play"));
    }
    let Some(playlist) = state.sink.media.playlist(&content.body) else {
        if place.key.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("m3u8")) {
            return Err(useless("this is not a playlist: its first line is not #EXTM3U"));
        }
        return Ok(1);
    };
    if !playlist.ended {
        return Err(useless("the playlist does not end: EXT-X-ENDLIST is missing"));
    }
    let mut objects = 1;
    let mut key = directory_of(place.key).to_owned();
    let directory = key.len();
    for name in playlist.names() {
        if name.contains("://") {
            let segment = locate(state, name).map_err(|why| why.at(name))?;
            fetch(&segment, segment.key).map_err(|why| why.at(name))?;
        } else {
            key.truncate(directory);
            key.push_str(name);
            fetch(&place, &key).map_err(|why| why.at(&[directory_of(without_query(url)), name].concat()))?;
        }
        objects += 1;
    }
    if objects == 1 {
        return Err(useless("the playlist names no segment: there is nothing to play"));
    }
    Ok(objects)
}

/// Why one URL gave nothing.
struct Failure {
    status: u16,
    why: String,
}

impl Failure {
    fn at(self, url: &str) -> Viewing {
        Viewing::Failed { url: url.to_owned(), status: self.status, why: self.why }
    }
}

/// Where a URL leads, once the door is open.
struct Place<'s, 'u> {
    bucket: &'s Bucket,
    key: &'u str,
}

/// Finds the host and asks whether it lets anybody in.
fn locate<'s, 'u>(state: &'s State, url: &'u str) -> Result<Place<'s, 'u>, Failure> {
    let fail = |status, why| Failure { status, why };
    let rest = without_query(url).split_once("://").filter(|(scheme, _)| matches!(*scheme, "https" | "http"));
    let Some((_, rest)) = rest else {
        return Err(fail(0, "this is not a URL that a browser opens: https://HOST/PATH is expected".to_owned()));
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path_style = || path.split_once('/').unwrap_or((path, ""));

    let mut through_cdn = state.scenario.tenants.iter().filter(|tenant| tenant.cdn.as_deref() == Some(host)).peekable();
    if through_cdn.peek().is_some() {
        let (name, key) = path_style();
        if !through_cdn
            .any(|tenant| tenant.buckets.iter().any(|own| own == name) || in_backup(state, tenant, name, key))
        {
            let why = format!("the CDN {host} serves only its own tenant's buckets, and \"{name}\" is none of them");
            return Err(fail(403, why));
        }
        return Ok(Place { bucket: bucket_of(state, name)?, key });
    }

    let Some((name, key)) = at_the_sink(host, path, path_style) else {
        let why = format!("there is no such host: {host} is neither a tenant's CDN nor the sink");
        return Err(fail(0, why));
    };
    let bucket = bucket_of(state, name)?;
    if !bucket.may(name, Requester::Anonymous, "s3:GetObject", Some(key), (None, None)) {
        let why = format!("the bucket \"{name}\" is private: viewers can reach it only through the tenant's CDN");
        return Err(fail(403, why));
    }
    Ok(Place { bucket, key })
}

/// Whether the backup storage holds something under a key that was recorded for a tenant.
fn in_backup(state: &State, tenant: &Tenant, bucket: &str, key: &str) -> bool {
    if state.scenario.world.backup_bucket.as_deref() != Some(bucket) {
        return false;
    }
    let origin = state.sink.current(bucket, key).map(|version| version.origin);
    matches!(origin, Some(Origin::Egress(ix)) if *state.tenant_of(ix).name == *tenant.name)
}

/// Bucket and key of a URL that names the sink itself: virtual-hosted style (`{bucket}.s3.amazonaws.com/{key}`) or path
/// style (`s3.amazonaws.com/{bucket}/{key}`), with or without a region.
fn at_the_sink<'u>(
    host: &'u str,
    path: &'u str,
    path_style: impl Fn() -> (&'u str, &'u str),
) -> Option<(&'u str, &'u str)> {
    let endpoint = host.strip_suffix(".amazonaws.com")?;
    let is_s3 = |label: &str| label == "s3" || label.starts_with("s3.") || label.starts_with("s3-");
    if is_s3(endpoint) {
        return Some(path_style());
    }
    // The last `.s3`: a bucket's name may hold one itself.
    endpoint.rmatch_indices(".s3").find(|(at, _)| is_s3(&endpoint[at + 1..])).map(|(at, _)| (&endpoint[..at], path))
}

fn bucket_of<'s>(state: &'s State, name: &str) -> Result<&'s Bucket, Failure> {
    let missing = || Failure { status: 404, why: format!("there is no bucket \"{name}\"") };
    state.sink.buckets.get(name).ok_or_else(missing)
}

/// What a browser is sent for a key.
fn fetch<'s>(place: &Place<'s, '_>, key: &str) -> Result<&'s Content, Failure> {
    let versions = place.bucket.keys.get(key);
    if let Some(content) = versions.and_then(|versions| versions.current()?.content.as_ref()) {
        return Ok(content);
    }
    let why = if versions.is_some() {
        format!("\"{key}\" was deleted: a delete marker hides it")
    } else {
        format!("nothing is stored under \"{key}\"")
    };
    Err(Failure { status: 404, why })
}

fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::rc::Rc;

    use super::*;
    use crate::sink::tests::{Bench, id, scenario};
    use crate::sink::{Body, MediaKind, SegmentEntry};
    use crate::state::Ports;
    use crate::text_map::TextMap;
    use crate::time::{Span, Time};

    fn state(bench: Bench) -> State {
        State {
            scenario: Rc::new(scenario()),
            now: Time(0),
            tenants: Vec::new(),
            calls: Vec::new(),
            rooms: BTreeMap::new(),
            egresses: Vec::new(),
            egress_by_id: TextMap::new(),
            sink: bench.sink,
            ports: Ports::default(),
            unanswered: BTreeMap::new(),
        }
    }

    /// `bucket` with an MP4, and an HLS recording of three segments whose playlist is `ended` or not.
    fn recordings(bucket: &str, ended: bool) -> Bench {
        let mut bench = Bench::new();
        let media = |kind| Body::Media { kind, seed: 1, length: 500_000_000 };
        let log = bench.sink.media.new_playlist(6);
        for number in 0..3 {
            let name = format!("seg_{number:05}.ts");
            bench.put_body(bucket, &format!("acme/{name}"), media(MediaKind::Ts)).expect("the put works");
            let segment = SegmentEntry { name, at: Time(0), duration: Span::seconds(6) };
            bench.sink.media.push_segment(log, segment);
        }
        let playlist = Body::Playlist { log, segments: 3, ended, live: false };
        bench.put_body(bucket, "acme/rec.m3u8", playlist).expect("the put works");
        bench.put_body(bucket, "acme/rec.mp4", media(MediaKind::Mp4)).expect("the put works");
        bench
    }

    fn see(bench: Bench, url: &str) -> Result<u64, (String, u16, String)> {
        let link = Link { egress_id: "EG_1".into(), tenant: "acme".into(), url: url.into() };
        match watch(&state(bench), &link) {
            Viewing::Played { objects } => Ok(objects),
            Viewing::Failed { url, status, why } => Err((url, status, why)),
        }
    }

    fn status(bench: Bench, url: &str) -> u16 {
        see(bench, url).expect_err("it does not play").1
    }

    #[test]
    fn the_cdn_plays_its_own_tenants_recordings() {
        for bucket in ["plain", "kept"] {
            let url = |file: &str| format!("https://cdn.acme.example/{bucket}/acme/{file}");
            assert_eq!(see(recordings(bucket, true), &url("rec.mp4")), Ok(1));
            assert_eq!(see(recordings(bucket, true), &url("rec.m3u8?t=10")), Ok(4));
        }
        assert_eq!(status(recordings("other", true), "https://cdn.acme.example/other/acme/rec.mp4"), 403);
        assert_eq!(see(recordings("other", true), "https://cdn.globex.example/other/acme/rec.mp4"), Ok(1));
    }

    #[test]
    fn the_sink_lets_nobody_into_a_private_bucket() {
        for host in
            ["plain.s3.amazonaws.com", "plain.s3.eu-central-1.amazonaws.com", "plain.s3-eu-west-1.amazonaws.com"]
        {
            assert_eq!(status(recordings("plain", true), &format!("https://{host}/acme/rec.mp4")), 403);
        }
        assert_eq!(status(recordings("plain", true), "https://s3.amazonaws.com/plain/acme/rec.mp4"), 403);
        assert_eq!(see(recordings("open", true), "https://open.s3.amazonaws.com/acme/rec.m3u8"), Ok(4));
        assert_eq!(see(recordings("open", true), "https://s3.eu-west-1.amazonaws.com/open/acme/rec.m3u8"), Ok(4));
        assert_eq!(status(recordings("open", true), "https://nobody.s3.amazonaws.com/acme/rec.mp4"), 404);
    }

    #[test]
    fn a_host_that_nobody_runs_gives_no_status() {
        for url in ["https://cdn.initech.example/plain/acme/rec.mp4", "https://amazonaws.com/plain/a", "rec.mp4", ""] {
            assert_eq!(status(recordings("plain", true), url), 0, "{url}");
        }
    }

    #[test]
    fn a_playlist_that_does_not_end_is_not_a_recording() {
        let url = "https://cdn.acme.example/plain/acme/rec.m3u8";
        let why = "the playlist does not end: EXT-X-ENDLIST is missing".to_owned();
        assert_eq!(see(recordings("plain", false), url), Err((url.to_owned(), 200, why)));
    }

    #[test]
    fn every_segment_must_be_there() {
        let url = "https://cdn.acme.example/kept/acme/rec.m3u8?t=10";
        let mut bench = recordings("plain", true);
        bench.delete("plain", &id("acme/seg_00001.ts"));
        let (segment, status, why) =
            see(bench, "https://cdn.acme.example/plain/acme/rec.m3u8").expect_err("a segment is missing");
        assert_eq!(segment, "https://cdn.acme.example/plain/acme/seg_00001.ts");
        assert_eq!((status, why.as_str()), (404, "nothing is stored under \"acme/seg_00001.ts\""));

        let mut bench = recordings("kept", true);
        bench.delete("kept", &id("acme/seg_00002.ts"));
        let (segment, status, why) = see(bench, url).expect_err("a segment is hidden");
        assert_eq!(segment, "https://cdn.acme.example/kept/acme/seg_00002.ts");
        assert_eq!((status, why.as_str()), (404, "\"acme/seg_00002.ts\" was deleted: a delete marker hides it"));
    }

    #[test]
    fn what_is_no_playlist_and_what_names_elsewhere() {
        let url = "https://cdn.acme.example/plain/own.m3u8";
        let with = |text: &'static str| {
            let mut bench = recordings("plain", true);
            bench.put("plain", "own.m3u8", text);
            see(bench, url)
        };
        assert_eq!(with("<html>").expect_err("not a playlist").1, 200);
        assert_eq!(with("").expect_err("no bytes").2, "it is empty: there is nothing to play");
        assert_eq!(with("#EXTM3U\n#EXT-X-ENDLIST\n").expect_err("nothing to play").1, 200);
        assert_eq!(with("#EXTM3U\nacme/seg_00000.ts\n#EXT-X-ENDLIST\n"), Ok(2));
        assert_eq!(with("#EXTM3U\nhttps://cdn.acme.example/plain/acme/rec.mp4\n#EXT-X-ENDLIST\n"), Ok(2));
        let (segment, status, _) = with("#EXTM3U\nhttps://plain.s3.amazonaws.com/acme/rec.mp4\n#EXT-X-ENDLIST\n")
            .expect_err("the sink is private");
        assert_eq!((segment.as_str(), status), ("https://plain.s3.amazonaws.com/acme/rec.mp4", 403));
    }
}
