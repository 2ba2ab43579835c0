//! From path templates to object keys, as the egress worker resolves them.
//!
//! Pure text: a template is cleaned as a path, its placeholders are filled in and the extension is put right. The
//! quirks are LiveKit's (`pkg/config/output_file.go`, `output_segment.go`) and are kept, because operators have to
//! find their recordings under exactly these keys.

use std::borrow::Cow;

use super::path::{clean, join, split};
use crate::livekit::{ImageFileSuffix, S3Upload, SegmentedFileSuffix};
use crate::time::Time;

/// Extensions that the worker takes off a path before it puts the right one on. Any other suffix is part of the name.
const KNOWN_EXTENSIONS: [&str; 9] = [".raw", ".ogg", ".mp3", ".ivf", ".mp4", ".ts", ".webm", ".m3u8", ".jpeg"];
/// The extension of both playlists.
const PLAYLIST_EXTENSION: &str = ".m3u8";

/// What the placeholders of a path template stand for.
#[derive(Clone, Copy, Debug)]
pub struct Naming<'a> {
    /// `{room_name}`; empty: unknown, and `{room_id}` with it.
    pub room_name: &'a str,
    /// `{room_id}`
    pub room_id: &'a str,
    /// `{time}` and `{utc}`; the worker's clock runs in UTC.
    pub now: Time,
    /// The track, where one track is recorded.
    pub track: Option<TrackNaming<'a>>,
    /// The participant, where one is recorded; empty: none is.
    pub participant: &'a str,
}

/// The placeholders of a track egress.
#[derive(Clone, Copy, Debug)]
pub struct TrackNaming<'a> {
    /// `{track_id}`
    pub track_id: &'a str,
    /// `{track_type}`: `audio` or `video`.
    pub track_type: &'a str,
    /// `{track_source}`: `camera`, `microphone`, …
    pub source: &'a str,
    /// `{publisher_identity}`
    pub publisher_identity: &'a str,
}

impl Naming<'_> {
    /// Nothing but the time.
    pub const fn at(now: Time) -> Naming<'static> {
        Naming { room_name: "", room_id: "", now, track: None, participant: "" }
    }

    /// What a path without a name is called: `standup-2026-11-22T101112`.
    fn default_name(&self) -> String {
        let identifier = match self.track {
            Some(track) => track.track_id,
            None if !self.participant.is_empty() => self.participant,
            None if self.room_name.is_empty() => "web",
            None => self.room_name,
        };
        format!("{identifier}-{}", local_time(self.now))
    }

    /// What stands for `placeholder`, braces included. `None` leaves it in the key as it is, which users do see
    /// (egress#466, egress#956).
    fn value(&self, placeholder: &str) -> Option<Cow<'_, str>> {
        let track = self.track.as_ref();
        let room_known = !self.room_name.is_empty();
        let value = match placeholder {
            "{room_name}" if room_known => self.room_name.into(),
            "{room_id}" if room_known => self.room_id.into(),
            "{time}" => local_time(self.now).into(),
            "{utc}" => compact_time(self.now).into(),
            "{track_id}" => track?.track_id.into(),
            "{track_type}" => track?.track_type.into(),
            "{track_source}" => track?.source.into(),
            "{publisher_identity}" => track?.publisher_identity.into(),
            _ => return None,
        };
        Some(value)
    }

    /// `template` with its placeholders filled in, from left to right and once: a room named `{time}` stays that.
    fn fill(&self, template: &str) -> String {
        let mut filled = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            filled.push_str(&rest[..open]);
            rest = &rest[open..];
            let known = rest.find('}').and_then(|close| Some((close, self.value(&rest[..=close])?)));
            if let Some((close, value)) = known {
                filled.push_str(&value);
                rest = &rest[close + 1..];
            } else {
                filled.push('{');
                rest = &rest[1..];
            }
        }
        filled.push_str(rest);
        filled
    }
}

/// The object key of a file output. `extension` has its dot: `.mp4`.
///
/// ```
/// # use egress_sim_model::{egress::filename::{file_path, Naming}, time::Time};
/// let naming = Naming { room_name: "demo", room_id: "RM_a", ..Naming::at(Time(0)) };
/// assert_eq!(file_path("../calls/{room_name}.ogg", ".mp4", &naming), "calls/demo.mp4");
/// ```
pub fn file_path(template: &str, extension: &str, naming: &Naming) -> String {
    let mut path = naming.fill(&clean(template));
    if path.is_empty() || path.ends_with('/') {
        path.push_str(&naming.default_name());
        path.push_str(extension);
    } else if !path.ends_with(extension) {
        if let Some(dot) = path.rfind('.')
            && KNOWN_EXTENSIONS.contains(&&path[dot..])
        {
            path.truncate(dot);
        }
        path.push_str(extension);
    }
    path
}

/// The name that attempt `retry_count` of an egress writes to instead of `path`: `a.mp4` becomes `a-1.mp4`, and the first
/// attempt keeps its name. Playlists and the prefix of segments go the same way.
///
/// ```
/// # use egress_sim_model::egress::filename::retried;
/// assert_eq!(retried("calls/demo.mp4", 1), "calls/demo-1.mp4");
/// assert_eq!(retried("v1.2/segment", 2), "v1.2/segment-2");
/// assert_eq!(retried("calls/demo.mp4", 0), "calls/demo.mp4");
/// ```
pub fn retried(path: &str, retry_count: i32) -> String {
    if retry_count == 0 {
        return path.to_owned();
    }
    let name = path.rfind('/').map_or(0, |slash| slash + 1);
    let dot = path[name..].rfind('.').map_or(path.len(), |dot| name + dot);
    format!("{}-{retry_count}{}", &path[..dot], &path[dot..])
}

/// A name that was announced before anybody knew who publishes what it records.
pub fn published_by(name: &str, publisher_identity: &str) -> String {
    name.replace("{publisher_identity}", publisher_identity)
}

/// What the keys of an image output begin with.
///
/// ```
/// # use egress_sim_model::{egress::filename::{image_prefix, Naming}, time::Time};
/// let naming = Naming { room_name: "demo", room_id: "RM_a", ..Naming::at(Time(0)) };
/// assert_eq!(image_prefix("thumbs/{room_name}", &naming), "thumbs/demo");
/// assert_eq!(image_prefix("thumbs/", &naming), "thumbs/demo-1970-01-01T000000");
/// ```
pub fn image_prefix(template: &str, naming: &Naming) -> String {
    let prefix = naming.fill(&clean(template));
    if prefix.is_empty() || prefix.ends_with('/') { prefix + &naming.default_name() } else { prefix }
}

/// The key of an image. `index` counts from 0, `at` is when it was taken.
///
/// ```
/// # use egress_sim_model::{egress::filename::image_key, livekit::ImageFileSuffix, time::Time};
/// assert_eq!(image_key("a/b", ImageFileSuffix::Index, 7, Time(0)), "a/b_00007.jpeg");
/// assert_eq!(image_key("a/b", ImageFileSuffix::Timestamp, 7, Time(0)), "a/b_19700101000000000.jpeg");
/// assert_eq!(image_key("a/b", ImageFileSuffix::NoneOverwrite, 7, Time(0)), "a/b.jpeg");
/// ```
pub fn image_key(prefix: &str, suffix: ImageFileSuffix, index: u64, at: Time) -> String {
    match suffix {
        ImageFileSuffix::Index => format!("{prefix}_{index:05}.jpeg"),
        ImageFileSuffix::Timestamp => format!("{prefix}_{}.jpeg", compact_time(at)),
        ImageFileSuffix::NoneOverwrite => format!("{prefix}.jpeg"),
    }
}

/// Where the objects of an HLS output go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentPaths {
    /// Object key of the event playlist.
    pub playlist: String,
    /// Object key of the live playlist, where one is asked for.
    pub live_playlist: Option<String>,
    /// Directory of the playlists and the manifest: empty, or ends with `/`.
    pub storage_dir: String,
    /// What segment names begin with, relative to the playlists: `c2/f`.
    pub segment_prefix: String,
}

impl SegmentPaths {
    /// The object key of the segment that playlists list as `name`.
    pub fn segment_key(&self, name: &str) -> String {
        join(&self.storage_dir, name)
    }
}

/// Why a live playlist cannot lie beside its event playlist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LivePlaylistConflict {
    /// It names another directory.
    OtherDirectory,
    /// Both would be one object.
    Identical,
}

/// Where the objects of an HLS output go. A live playlist that `validate` would have refused is left out.
pub fn segment_paths(
    prefix_template: &str,
    playlist_template: &str,
    live_template: &str,
    naming: &Naming,
) -> SegmentPaths {
    resolve_segments(prefix_template, playlist_template, live_template, naming)
        .or_else(|_| resolve_segments(prefix_template, playlist_template, "", naming))
        .expect("without a live playlist nothing can be in its way")
}

/// [`segment_paths`], with the two refusals that depend on names.
pub(crate) fn resolve_segments(
    prefix_template: &str,
    playlist_template: &str,
    live_template: &str,
    naming: &Naming,
) -> Result<SegmentPaths, LivePlaylistConflict> {
    let prefix = naming.fill(&clean(prefix_template));
    let playlist = naming.fill(&clean(playlist_template));
    let live = naming.fill(&clean(live_template));
    let (mut segment_dir, prefix_name) = split(&prefix);
    let (mut playlist_dir, playlist_name) = split(&playlist);
    let (live_dir, live_name) = split(&live);

    // The worker compares before it lends the prefix's directory to the playlist, so `conf/f`, `p`, `conf/live` fails.
    if !live_dir.is_empty() && live_dir != playlist_dir {
        return Err(LivePlaylistConflict::OtherDirectory);
    }
    if playlist_dir.is_empty() {
        playlist_dir = segment_dir;
    }
    if segment_dir == playlist_dir {
        segment_dir = "";
    }

    let playlist_name: Cow<str> = match (without_extension(playlist_name), prefix_name) {
        ("", "") => naming.default_name().into(),
        ("", prefix_name) => prefix_name.into(),
        (playlist_name, _) => playlist_name.into(),
    };
    let live_name = without_extension(live_name);
    if live_name == playlist_name {
        return Err(LivePlaylistConflict::Identical);
    }
    let prefix_name = if prefix_name.is_empty() { &playlist_name } else { prefix_name };

    let key = |name: &str| join(playlist_dir, &format!("{name}{PLAYLIST_EXTENSION}"));
    Ok(SegmentPaths {
        playlist: key(&playlist_name),
        live_playlist: (!live_name.is_empty()).then(|| key(live_name)),
        storage_dir: match join(playlist_dir, "") {
            dir if dir.is_empty() || dir == "/" => dir,
            dir => dir + "/",
        },
        segment_prefix: format!("{segment_dir}{prefix_name}"),
    })
}

/// The name of a segment as playlists list it. `index` counts from 0, `at` is when the segment begins.
///
/// ```
/// # use egress_sim_model::{egress::filename::segment_name, livekit::SegmentedFileSuffix, time::Time};
/// assert_eq!(segment_name("c2/f", SegmentedFileSuffix::Index, 7, Time(0)), "c2/f_00007.ts");
/// ```
pub fn segment_name(prefix: &str, suffix: SegmentedFileSuffix, index: u64, at: Time) -> String {
    match suffix {
        SegmentedFileSuffix::Index => format!("{prefix}_{index:05}.ts"),
        SegmentedFileSuffix::Timestamp => format!("{prefix}_{}.ts", compact_time(at)),
    }
}

/// The object key of the manifest beside an output that lies in `directory`.
pub fn manifest_path(directory: &str, egress_id: &str) -> String {
    join(directory, &format!("{egress_id}.json"))
}

/// The directory of an object key: empty, or ends with `/`.
pub fn directory(key: &str) -> &str {
    split(key).0
}

/// `location` in results: the private address of an object in the sink, as the request's storage spells addresses. The
/// region never appears in it. An endpoint with a scheme comes out malformed where the bucket is put before it; the real
/// one does too.
pub fn location(s3: &S3Upload, bucket: &str, key: &str) -> String {
    // The backup storage is a configuration of its own.
    let own = s3.bucket == bucket;
    let endpoint = if own { s3.endpoint.as_str() } else { "" };
    match (own && s3.force_path_style, endpoint) {
        (true, "") => format!("https://s3.amazonaws.com/{bucket}/{key}"),
        (true, endpoint) => format!("{endpoint}/{bucket}/{key}"),
        (false, "") => format!("https://{bucket}.s3.amazonaws.com/{key}"),
        (false, endpoint) => format!("https://{bucket}.{endpoint}/{key}"),
    }
}

/// The file that a track of this MIME type is stored in as published. Audio that is not listed goes into OGG and
/// video into `WebM`.
pub fn extension_for_track(mime_type: &str) -> &'static str {
    let (kind, codec) = mime_type.split_once('/').unwrap_or(("", mime_type));
    if kind.eq_ignore_ascii_case("audio") {
        ".ogg"
    } else if codec.eq_ignore_ascii_case("h264") {
        ".mp4"
    } else {
        ".webm"
    }
}

/// The `Content-Type` that the worker uploads an object with. `extension` has its dot.
pub fn content_type(extension: &str) -> &'static str {
    match extension {
        ".mp4" => "video/mp4",
        ".ogg" => "audio/ogg",
        ".mp3" => "audio/mpeg",
        ".webm" => "video/webm",
        ".m3u8" => "application/x-mpegurl",
        ".ts" => "video/mp2t",
        ".jpeg" => "image/jpeg",
        ".json" => "application/json",
        _ => "application/octet-stream",
    }
}

/// A playlist's name without what follows its last dot, known extension or not: `rec.v2` becomes `rec`.
fn without_extension(name: &str) -> &str {
    name.rfind('.').map_or(name, |dot| &name[..dot])
}

fn date_time(at: Time) -> jiff::civil::DateTime {
    // 64 bits of nanoseconds end in 2554, and jiff's range in 9999.
    let at = jiff::Timestamp::from_nanosecond(i128::from(at.0)).expect("every model time is a date");
    jiff::tz::Offset::UTC.to_datetime(at)
}

/// `2026-11-22T101112`
fn local_time(at: Time) -> String {
    let at = date_time(at);
    let (year, month, day) = (at.year(), at.month(), at.day());
    format!("{year:04}-{month:02}-{day:02}T{:02}{:02}{:02}", at.hour(), at.minute(), at.second())
}

/// `20261122101112345`, to the millisecond.
fn compact_time(at: Time) -> String {
    let at = date_time(at);
    let (year, month, day) = (at.year(), at.month(), at.day());
    let (hour, minute, second, millisecond) = (at.hour(), at.minute(), at.second(), at.millisecond());
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}{millisecond:03}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn demo() -> Naming<'static> {
        let now = Time::from_rfc3339("2026-11-22T10:11:12.345Z").expect("a date");
        Naming { room_name: "room", room_id: "RM_a", ..Naming::at(now) }
    }

    fn track() -> Naming<'static> {
        let track =
            TrackNaming { track_id: "TR_AMx", track_type: "audio", source: "microphone", publisher_identity: "ada" };
        Naming { track: Some(track), ..demo() }
    }

    fn paths(prefix: &str, playlist: &str) -> (String, String) {
        let paths = segment_paths(prefix, playlist, "", &demo());
        let name = segment_name(&paths.segment_prefix, SegmentedFileSuffix::Index, 0, demo().now);
        (paths.playlist.clone(), paths.segment_key(&name))
    }

    #[test]
    fn a_file_gets_the_right_extension_once() {
        for (template, key) in [
            ("a/b.mp4", "a/b.mp4"),
            ("a/b.ogg", "a/b.mp4"),
            ("a/b.webm", "a/b.mp4"),
            ("a.b", "a.b.mp4"),
            ("a.mp3/b", "a.mp3/b.mp4"),
            ("a", "a.mp4"),
        ] {
            assert_eq!(file_path(template, ".mp4", &demo()), key, "{template}");
        }
    }

    #[test]
    fn a_file_without_a_name_is_named_by_room_or_track_and_time() {
        assert_eq!(file_path("", ".mp4", &demo()), "room-2026-11-22T101112.mp4");
        assert_eq!(file_path("calls/", ".mp4", &demo()), "calls/room-2026-11-22T101112.mp4");
        assert_eq!(file_path("calls/", ".ogg", &track()), "calls/TR_AMx-2026-11-22T101112.ogg");
        let web = Naming { room_name: "", ..demo() };
        assert_eq!(file_path("{room_name}/", ".mp4", &web), "{room_name}/web-2026-11-22T101112.mp4");
    }

    #[test]
    fn a_path_is_cleaned_before_it_is_filled_in() {
        for (template, key) in [
            ("../../a/./b/../c", "a/c.mp4"),
            ("..", "room-2026-11-22T101112.mp4"),
            (".", "room-2026-11-22T101112.mp4"),
            ("./", "room-2026-11-22T101112.mp4"),
            ("/a", "/a.mp4"),
            ("/../a//b/", "/a/b/room-2026-11-22T101112.mp4"),
            ("/", "//room-2026-11-22T101112.mp4"),
            ("..a/b", "..a/b.mp4"),
        ] {
            assert_eq!(file_path(template, ".mp4", &demo()), key, "{template}");
        }
        let odd = Naming { room_name: "a/../b", ..demo() };
        assert_eq!(file_path("{room_name}", ".mp4", &odd), "a/../b.mp4");
    }

    #[test]
    fn placeholders_are_filled_in_where_they_are_known() {
        assert_eq!(file_path("{room_name}/{room_id}-{time}-{utc}", ".mp4", &demo()), {
            "room/RM_a-2026-11-22T101112-20261122101112345.mp4"
        });
        assert_eq!(
            file_path("{publisher_identity}/{track_type}/{track_source}/{track_id}", ".ogg", &track()),
            "ada/audio/microphone/TR_AMx.ogg"
        );
        assert_eq!(file_path("{publisher_identity}/{retry}{x{room_name}}{", ".mp4", &demo()), {
            "{publisher_identity}/{retry}{xroom}{.mp4"
        });
        let nested = Naming { room_name: "{time}", ..demo() };
        assert_eq!(file_path("{room_name}", ".mp4", &nested), "{time}.mp4");
    }

    #[test]
    fn segments_and_playlist_share_a_directory_or_nest() {
        for (prefix, playlist, keys) in [
            ("conf/f", "playlist", ("conf/playlist.m3u8", "conf/f_00000.ts")),
            ("conf/f", "conf/playlist.m3u8", ("conf/playlist.m3u8", "conf/f_00000.ts")),
            ("c2/f", "c1/p", ("c1/p.m3u8", "c1/c2/f_00000.ts")),
            ("", "p", ("p.m3u8", "p_00000.ts")),
            ("", "d/p.m3u8", ("d/p.m3u8", "d/p_00000.ts")),
            ("f", "", ("f.m3u8", "f_00000.ts")),
            ("f", "d/", ("d/f.m3u8", "d/f_00000.ts")),
            ("", "", ("room-2026-11-22T101112.m3u8", "room-2026-11-22T101112_00000.ts")),
            ("d/", "rec.v2", ("d/rec.m3u8", "d/rec_00000.ts")),
            ("d/f.x", "", ("d/f.x.m3u8", "d/f.x_00000.ts")),
            ("/f", "p", ("/p.m3u8", "/f_00000.ts")),
        ] {
            assert_eq!(paths(prefix, playlist), (keys.0.to_owned(), keys.1.to_owned()), "{prefix:?} {playlist:?}");
        }
        let nested = segment_paths("c2/f", "c1/p", "", &demo());
        assert_eq!((nested.storage_dir.as_str(), nested.segment_prefix.as_str()), ("c1/", "c2/f"));
    }

    #[test]
    fn a_live_playlist_lies_beside_the_event_playlist() {
        let live = |playlist, live| resolve_segments("conf/f", playlist, live, &demo());
        let both = live("conf/p", "conf/live.m3u8").expect("one directory");
        assert_eq!(both.live_playlist.as_deref(), Some("conf/live.m3u8"));
        assert_eq!(live("p", "live").expect("no directory").live_playlist.as_deref(), Some("conf/live.m3u8"));
        assert_eq!(live("p", "conf/live"), Err(LivePlaylistConflict::OtherDirectory));
        assert_eq!(live("conf/p", "other/live"), Err(LivePlaylistConflict::OtherDirectory));
        assert_eq!(live("conf/p.m3u8", "conf/p"), Err(LivePlaylistConflict::Identical));
        assert_eq!(live("", "f"), Err(LivePlaylistConflict::Identical));
        assert_eq!(segment_paths("conf/f", "conf/p", "other/live", &demo()).live_playlist, None);
    }

    #[test]
    fn segments_are_numbered_or_dated() {
        let name = |suffix, index| segment_name("f", suffix, index, demo().now);
        assert_eq!(name(SegmentedFileSuffix::Index, 979), "f_00979.ts");
        assert_eq!(name(SegmentedFileSuffix::Index, 123_456), "f_123456.ts");
        assert_eq!(name(SegmentedFileSuffix::Timestamp, 0), "f_20261122101112345.ts");
    }

    #[test]
    fn a_manifest_lies_beside_its_output() {
        assert_eq!(manifest_path(directory("a/b.mp4"), "EG_b"), "a/EG_b.json");
        assert_eq!(manifest_path(directory("b.mp4"), "EG_b"), "EG_b.json");
        assert_eq!(manifest_path("c1/", "EG_b"), "c1/EG_b.json");
    }

    #[test]
    fn tracks_are_stored_by_codec() {
        for (mime_type, extension, content) in [
            ("audio/opus", ".ogg", "audio/ogg"),
            ("audio/PCMU", ".ogg", "audio/ogg"),
            ("video/H264", ".mp4", "video/mp4"),
            ("video/vp8", ".webm", "video/webm"),
            ("video/VP9", ".webm", "video/webm"),
        ] {
            assert_eq!(extension_for_track(mime_type), extension);
            assert_eq!(content_type(extension), content);
        }
    }

    /// Templates as people write them, and as they should not.
    fn template() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("..".to_owned()),
            Just("/".to_owned()),
            Just("{room_name}".to_owned()),
            Just("{time}".to_owned()),
            Just("{track_id}".to_owned()),
            "[a-z{}.é ]{0,4}",
            "\\.(mp4|ogg|m3u8|v2)",
        ];
        prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    fn climbs(key: &str) -> bool {
        key == ".." || key.starts_with("../")
    }

    proptest! {
        #[test]
        fn any_file_template_gives_a_key_inside_the_bucket(
            template in template(),
            extension in prop::sample::select(&[".mp4", ".ogg", ".webm"][..]),
            of_track in any::<bool>(),
            now in any::<u64>(),
        ) {
            let naming = Naming { now: Time(now), ..if of_track { track() } else { demo() } };
            let key = file_path(&template, extension, &naming);
            prop_assert!(key.ends_with(extension), "{key}");
            prop_assert!(!climbs(&key), "{key}");
            prop_assert!(!key.contains("{room_name}") && !key.contains("{time}"), "{key}");
        }

        #[test]
        fn any_segment_templates_give_keys_inside_the_bucket(
            prefix in template(),
            playlist in template(),
            live in template(),
            now in any::<u64>(),
        ) {
            let paths = segment_paths(&prefix, &playlist, &live, &Naming { now: Time(now), ..demo() });
            let name = segment_name(&paths.segment_prefix, SegmentedFileSuffix::Index, 0, Time(now));
            let segment = paths.segment_key(&name);
            prop_assert!(segment.ends_with("_00000.ts") && !climbs(&segment), "{segment}");
            prop_assert!(segment.starts_with(&paths.storage_dir), "{segment}");
            for playlist in paths.live_playlist.iter().chain([&paths.playlist]) {
                prop_assert!(playlist.ends_with(PLAYLIST_EXTENSION) && !climbs(playlist), "{playlist}");
                let expected = paths.storage_dir.trim_end_matches('/');
                prop_assert_eq!(directory(playlist).trim_end_matches('/'), expected);
            }
            prop_assert_ne!(paths.live_playlist.as_ref(), Some(&paths.playlist));
        }
    }
}
