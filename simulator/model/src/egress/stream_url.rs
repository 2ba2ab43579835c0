//! Where a stream goes: which urls a worker takes, and what it tells of them (`pkg/config/urls.go`).

use super::error::{invalid_field, invalid_url};
use crate::call::CallError;
use crate::livekit::{StreamOutput, StreamProtocol};

/// How the worker speaks to the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Rtmp,
    Srt,
    Websocket,
}

impl Kind {
    fn of_scheme(scheme: &str) -> Option<Kind> {
        match scheme {
            "rtmp" | "rtmps" | "mux" | "twitch" => Some(Kind::Rtmp),
            "srt" => Some(Kind::Srt),
            "ws" | "wss" => Some(Kind::Websocket),
            _ => None,
        }
    }
}

/// The scheme of a url, in small letters; none: it has none.
pub(super) fn scheme(url: &str) -> Option<String> {
    let (scheme, _) = url.split_once("://")?;
    let well_formed = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|other| other.is_ascii_alphanumeric() || "+-.".contains(other));
    well_formed.then(|| scheme.to_ascii_lowercase())
}

/// How an output is spoken: as it says, or as its first url says.
///
/// # Errors
/// `invalid_argument`: neither says so.
pub(super) fn protocol(stream: &StreamOutput) -> Result<Kind, CallError> {
    match stream.protocol {
        StreamProtocol::Rtmp => Ok(Kind::Rtmp),
        StreamProtocol::Srt => Ok(Kind::Srt),
        StreamProtocol::Websocket => Ok(Kind::Websocket),
        StreamProtocol::Default => {
            let first = stream.urls.first().ok_or_else(|| invalid_field("stream protocol"))?;
            scheme(first)
                .and_then(|scheme| Kind::of_scheme(&scheme))
                .ok_or_else(|| invalid_url(first, "invalid protocol"))
        }
    }
}

/// Whether a worker sends to a url.
///
/// # Errors
/// `invalid_argument`: why not.
pub(super) fn check(url: &str, kind: Kind) -> Result<(), CallError> {
    if scheme(url).and_then(|scheme| Kind::of_scheme(&scheme)) != Some(kind) {
        return Err(invalid_url(url, "invalid scheme"));
    }
    let whole = resolved(url);
    if kind == Kind::Rtmp && split_key(&whole).is_none() {
        let form = "rtmp urls must be of format rtmp(s)://{host}(/{path})/{app}/{stream_key}( live=1)";
        return Err(invalid_url(&whole, form));
    }
    Ok(())
}

/// What `mux://KEY` and `twitch://KEY` stand for; any other url as it is.
pub(super) fn resolved(url: &str) -> String {
    match url.split_once("://") {
        Some(("mux", key)) => format!("rtmps://global-live.mux.com:443/app/{key}"),
        Some(("twitch", key)) => format!("rtmps://live.twitch.tv/app/{key}"),
        _ => url.to_owned(),
    }
}

/// A url as the server tells it: without an RTMP stream key, and without the values in a websocket's query.
///
/// ```
/// # use egress_sim_model::egress::redacted_url;
/// assert_eq!(redacted_url("rtmp://a.example/live/abcdefghij"), "rtmp://a.example/live/{abc...hij}");
/// assert_eq!(redacted_url("wss://a.example/ws?token=abc"), "wss://a.example/ws?token={...}");
/// assert_eq!(redacted_url("srt://a.example:7001?streamid=x"), "srt://a.example:7001?streamid=x");
/// ```
pub fn redacted_url(url: &str) -> String {
    let url = resolved(url);
    if let Some((before, key, behind)) = split_key(&url) {
        return format!("{before}{}{behind}", redacted(key));
    }
    match (url.split_once("://"), url.split_once('?')) {
        (Some(("ws" | "wss", _)), Some((path, query))) => {
            let values = query.split('&').map(|pair| match pair.split_once('=') {
                Some((name, _)) => format!("{name}={{...}}"),
                None => pair.to_owned(),
            });
            format!("{path}?{}", values.collect::<Vec<_>>().join("&"))
        }
        _ => url,
    }
}

/// An RTMP url up to its stream key, the key, and what follows it. It has a host, an app, and a key without blanks.
fn split_key(url: &str) -> Option<(&str, &str, &str)> {
    let rest = url.strip_prefix("rtmp://").or_else(|| url.strip_prefix("rtmps://"))?;
    if rest.matches('/').count() < 2 {
        return None;
    }
    let slash = url.rfind('/')? + 1;
    let (key, behind) = url[slash..].strip_suffix(" live=1").map_or((&url[slash..], ""), |key| (key, " live=1"));
    (!key.contains(char::is_whitespace)).then_some((&url[..slash], key, behind))
}

/// What is left of a stream key: up to three characters of either end.
fn redacted(key: &str) -> String {
    let characters: Vec<char> = key.chars().collect();
    let kept = (characters.len() / 3).min(3);
    let text = |part: &[char]| part.iter().collect::<String>();
    format!("{{{}...{}}}", text(&characters[..kept]), text(&characters[characters.len() - kept..]))
}

/// Whether nobody can be at a url: names below `.invalid` never resolve (RFC 6761).
pub(super) fn is_nowhere(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?']).next().unwrap_or(rest);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    host.split(':').next().unwrap_or(host).ends_with(".invalid")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Rejection;

    fn words(result: Result<(), CallError>) -> String {
        match result {
            Ok(()) => String::new(),
            Err(CallError::Rejected(Rejection { code, message, .. })) => format!("{code}: {message}"),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn urls_are_of_their_protocol_and_rtmp_has_an_app_and_a_key() {
        for (url, kind, complaint) in [
            ("rtmp://a.example/live/key", Kind::Rtmp, ""),
            ("rtmps://a.example:443/some/app/key live=1", Kind::Rtmp, ""),
            ("mux://key", Kind::Rtmp, ""),
            ("srt://a.example:7001?streamid=x", Kind::Srt, ""),
            ("wss://a.example/ws", Kind::Websocket, ""),
            (
                "http://a.example/live/key",
                Kind::Rtmp,
                "invalid_argument: invalid url http://a.example/live/key: invalid scheme",
            ),
            ("srt://a.example", Kind::Rtmp, "invalid_argument: invalid url srt://a.example: invalid scheme"),
            ("nonsense", Kind::Srt, "invalid_argument: invalid url nonsense: invalid scheme"),
            (
                "rtmp://a.example/key",
                Kind::Rtmp,
                "invalid_argument: invalid url rtmp://a.example/key: rtmp urls must be of format \
                 rtmp(s)://{host}(/{path})/{app}/{stream_key}( live=1)",
            ),
        ] {
            assert_eq!(words(check(url, kind)), complaint, "{url}");
        }
    }

    #[test]
    fn a_key_keeps_a_third_of_itself_at_most() {
        for (key, left) in
            [("", "{...}"), ("ab", "{...}"), ("abc", "{a...c}"), ("abcdef", "{ab...ef}"), ("abcdefghij", "{abc...hij}")]
        {
            assert_eq!(redacted(key), left, "{key}");
        }
        assert_eq!(redacted_url("twitch://live_12345"), "rtmps://live.twitch.tv/app/{liv...345}");
    }

    #[test]
    fn names_that_never_resolve_are_nowhere() {
        assert!(is_nowhere("rtmp://user@live.invalid:1935/app/key") && is_nowhere("srt://x.invalid?a=b"));
        assert!(!is_nowhere("rtmp://live.example/app/x.invalid"));
    }
}
