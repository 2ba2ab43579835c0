//! What the egresses said that they stored, against what is in the buckets.

use std::collections::{BTreeMap, BTreeSet};

use livekit_protocol::EgressStatus as Status;

use super::incident::{Egress, Incident, Owners, directory, is_segment};
use super::listing::{Listing, Listings};
use super::lives::{Ranks, ranked};
use super::strikes::{Strike, Strikes};
use super::{Report, count};
use crate::time::Time;

/// How many keys a sentence names.
const NAMED: usize = 3;

/// Compares, and says what is missing and what nobody told of. Gives the number of the latter.
pub(super) fn compare(incident: &Incident, listings: &Listings, strikes: &mut Strikes, report: &mut Report) -> usize {
    let mut unknown = 0;
    for (bucket, listing) in listings {
        report.read.push(listing.words(bucket));
    }
    let owners = Owners::of(incident);
    let left: BTreeMap<&str, BTreeSet<&str>> = listings
        .iter()
        .map(|(bucket, listing)| (bucket.as_str(), listing.keys.keys().filter_map(|key| owners.owner(key)).collect()))
        .collect();
    for (session, egress, ranks) in ranked(incident) {
        let Some(ended) = egress.ended.filter(|_| egress.info.status() == Status::EgressComplete) else { continue };
        let about = format!("{} of {}", egress.id, session.room);
        let stored = Stored { room: &session.room, about, egress, ranks, ended };
        stored.by_its_own_words(strikes, report);
        let listing = listings.get(&egress.bucket);
        match listing.filter(|_| egress.backup().is_none()) {
            Some(_) if !left[&*egress.bucket].contains(&*egress.id) => report.open.push(format!(
                "{}: nothing of it is in the listing; it may have been deleted since, so no fault was made of it",
                stored.about
            )),
            Some(listing) => stored.by_the_listing(listing, strikes, report),
            None => stored.by_the_backup(listings, strikes, report),
        }
    }
    for (bucket, listing) in listings {
        let strange: Vec<&str> =
            listing.keys.keys().map(String::as_str).filter(|key| owners.owner(key).is_none()).collect();
        unknown += strange.len();
        if !strange.is_empty() {
            let named = strange.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
            let more = if strange.len() > NAMED { ", …" } else { "" };
            let keys = count(strange.len(), "key");
            report.open.push(format!(
                "{keys} of {bucket} that no webhook told of: {named}{more}; the scenario has none of them"
            ));
        }
    }
    unknown
}

struct Stored<'a> {
    room: &'a str,
    about: String,
    egress: &'a Egress,
    ranks: Ranks,
    ended: Time,
}

impl Stored<'_> {
    /// COMPLETE, with a file on the worker's own disk or nowhere.
    fn by_its_own_words(&self, strikes: &mut Strikes, report: &mut Report) {
        let Some(file) = self.egress.info.file_results.first() else { return };
        let location = match (file.location.as_str(), file.size) {
            ("", 0) => "empty",
            (local, _) if local.starts_with('/') => "local",
            _ => return,
        };
        let lost = Strike::at("upload.lost", "upload.file", self.room, self.ranks.files + 1).word("location", location);
        strikes.push(self.ended, lost);
        let what = if location == "local" { "on the worker's own disk" } else { "nowhere, with no bytes" };
        report.inferred.push(format!("{}: COMPLETE, but its file is {what}: taken for lost", self.about));
    }

    fn by_the_listing(&self, listing: &Listing, strikes: &mut Strikes, report: &mut Report) {
        for file in self.egress.info.file_results.iter().filter(|file| is_url(&file.location)) {
            let at = |kind| Strike::at(kind, "upload.file", self.room, self.ranks.files + 1);
            match listing.keys.get(&file.filename) {
                None => {
                    strikes.push(self.ended, at("upload.lost"));
                    report.inferred.push(format!(
                        "{}: COMPLETE, but {} is not in the listing: taken for lost",
                        self.about, file.filename
                    ));
                }
                Some(key) if key.size == 0 && file.size > 0 && !key.hidden => {
                    strikes.push(self.ended, at("upload.damaged").word("what", "empty"));
                    report.inferred.push(format!("{}: {} is empty", self.about, file.filename));
                }
                Some(_) => {}
            }
        }
        for segments in self.egress.info.segment_results.iter().filter(|one| is_url(&one.playlist_location)) {
            if !listing.keys.contains_key(&segments.playlist_name) {
                let lost = Strike::at("upload.lost", "upload.playlist_end", self.room, self.ranks.playlists + 1);
                strikes.push(self.ended, lost);
                report
                    .inferred
                    .push(format!("{}: {} is not in the listing: taken for lost", self.about, segments.playlist_name));
            }
            let told = self.egress.segments();
            let missing = missing(&stored_segments(listing, &segments.playlist_name), told);
            for number in &missing {
                let nth = self.ranks.segments + number + 1;
                strikes.push(self.ended, Strike::at("upload.lost", "upload.segment", self.room, nth));
            }
            if !missing.is_empty() {
                let found = told.saturating_sub(missing.len() as u64);
                report.inferred.push(format!(
                    "{}: {found} of {told} segments are in the listing: the others are taken for lost",
                    self.about
                ));
            }
        }
    }

    /// What went to the backup storage had failed where it was to go.
    fn by_the_backup(&self, listings: &Listings, strikes: &mut Strikes, report: &mut Report) {
        let Some(backup) = self.egress.backup() else { return };
        let strike = match self.egress.info.segment_results.first() {
            None => Strike::at("upload.fail", "upload.file", self.room, self.ranks.files + 1),
            Some(segments) => {
                let there = listings.get(backup).map(|listing| stored_segments(listing, &segments.playlist_name));
                let first = there.and_then(|there| there.first().map(|(number, _)| number.unwrap_or(0))).unwrap_or(0);
                Strike::at("upload.fail", "upload.segment", self.room, self.ranks.segments + first + 1)
            }
        };
        strikes.push(self.ended, strike);
        report.inferred.push(format!("{}: stored in the backup storage {backup}", self.about));
    }
}

fn is_url(location: &str) -> bool {
    location.contains("://")
}

/// Segments beside a playlist, by the numbers in their names where they have any.
fn stored_segments<'l>(listing: &'l Listing, playlist: &str) -> Vec<(Option<u64>, &'l str)> {
    let beside = listing.keys.keys().filter(|key| directory(key) == directory(playlist) && is_segment(key));
    let mut found: Vec<_> = beside
        .map(|key| {
            let stem = key.rsplit_once('.').map_or(key.as_str(), |(stem, _)| stem);
            let digits = stem.rsplit('_').next().filter(|digits| digits.len() <= 9);
            (digits.and_then(|digits| digits.parse().ok()), key.as_str())
        })
        .collect();
    found.sort_unstable();
    found
}

/// Numbers of the segments that are not there; where names do not tell, the last ones are missing.
fn missing(found: &[(Option<u64>, &str)], told: u64) -> Vec<u64> {
    let numbered: Option<BTreeSet<u64>> = found.iter().map(|(number, _)| *number).collect();
    match numbered {
        Some(numbers) => (0..told).filter(|number| !numbers.contains(number)).collect(),
        None => (found.len() as u64..told).collect(),
    }
}
