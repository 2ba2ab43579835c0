//! A link is published only once the stored playlist is final.
//!
//! Why: an HLS playlist without ENDLIST is a live stream to a player. Whoever opens the link too early sees the last
//! seconds, waits for more, and does not know that the rest is missing.
//!
//! The rule: when a link to an `.m3u8` key is published, the playlist that the sink holds under that key at that
//! moment carries `#EXT-X-ENDLIST`.
//!
//! Broken by `publishes-early`, which publishes at the first `egress_updated`.

use crate::property::{About, Mention, Property, Verdict};
use crate::state::State;
use crate::trace::{Fact, FactKind};

static ABOUT: About = About {
    id: "playlist.final",
    promise: "A link is published only once the stored playlist carries ENDLIST.",
    why: "Without ENDLIST a player takes the recording for a live stream: it shows the end and waits for more.",
    one_check: "publication of an HLS",
    broken_by: "publishes-early",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Final;

impl Property for Final {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        kind == FactKind::Published
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        let Fact::Published { link } = *fact else { return };
        let Some(place) = state.resolve_url(&link.url).filter(|place| is_playlist(place.key)) else { return };
        let stored = state.sink.playlist_of(place.bucket, place.key);
        verdict.check(
            stored.as_ref().is_some_and(|playlist| playlist.ended),
            state.now,
            || {
                vec![
                    Mention::Egress(link.egress_id.clone()),
                    Mention::Key(place.bucket.to_owned(), place.key.to_owned()),
                ]
            },
            || {
                let status =
                    state.egress_named(&link.egress_id).map_or("unknown", |egress| egress.info.status.as_str_name());
                let found = match &stored {
                    Some(playlist) => format!("has {} segments so far and no ENDLIST", playlist.segments.len()),
                    None => "is not in the sink".into(),
                };
                format!(
                    "a link is published once its playlist is final, but {} was published for egress {} \
                     ({status}) when the playlist {found}",
                    link.url, link.egress_id
                )
            },
        );
    }
}

fn is_playlist(key: &str) -> bool {
    key.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("m3u8"))
}
