//! Listings of buckets, as the AWS command line prints them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Deserializer, Map, Value};

use super::incident::{Incident, Owners};
use super::{ImportError, ObjectsSource, count};

/// What a document of a listing has, of which at least one tells that it is one.
const MARKS: &[&str] = &["Versions", "DeleteMarkers", "Contents", "Name", "RequestCharged", "IsTruncated", "KeyCount"];

/// How to get one.
const COMMAND: &str = "write it with `aws s3api list-object-versions --bucket BUCKET > FILE`";

/// What is in a bucket.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) keys: BTreeMap<String, Key>,
    /// Whether there are versions; none: the listing cannot tell.
    pub(super) versioned: Option<bool>,
    /// `MaxKeys`, where it is less than S3's own.
    pub(super) page: Option<u32>,
    /// Rows of the files.
    pub(super) rows: usize,
}

/// A key of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Key {
    /// Bytes of the newest version with data.
    pub(super) size: u64,
    /// A delete marker stands on it.
    pub(super) hidden: bool,
}

/// By bucket.
pub(super) type Listings = BTreeMap<String, Listing>;

/// Reads all listings. Several files of one bucket are its pages.
///
/// # Errors
/// A file that is no listing, or does not say of what.
pub(super) fn read_all(sources: &[ObjectsSource], incident: &Incident) -> Result<Listings, ImportError> {
    let mut listings = Listings::new();
    for source in sources {
        let problem = |message: String, help: &str| ImportError {
            place: source.file.name.clone(),
            message,
            help: help.to_owned(),
        };
        let mut pages = Vec::new();
        for page in Deserializer::from_slice(&source.file.bytes).into_iter::<Value>() {
            match page {
                Ok(Value::Object(page)) if MARKS.iter().any(|mark| page.contains_key(*mark)) => pages.push(page),
                Ok(_) => return Err(problem("this JSON is no listing of a bucket".into(), COMMAND)),
                Err(error) => {
                    let cut = if error.is_eof() { ": is it cut off?" } else { "" };
                    return Err(problem(format!("this is no JSON ({error}){cut}"), COMMAND));
                }
            }
        }
        let named = pages.iter().find_map(|page| page.get("Name")?.as_str()).map(str::to_owned);
        let bucket = match (&source.bucket, named) {
            (Some(given), Some(named)) if *given != named => {
                let message = format!("it says that it lists the bucket {named}, not {given}");
                return Err(problem(message, &format!("pass --objects {named}={}", source.file.name)));
            }
            (Some(given), _) => given.clone(),
            (None, Some(named)) => named,
            (None, None) => guess(&pages, incident).ok_or_else(|| {
                let help = format!("pass --objects BUCKET={}", source.file.name);
                problem("it does not say which bucket it lists".into(), &help)
            })?,
        };
        let listing = listings.entry(bucket).or_default();
        for page in &pages {
            listing.take(page).map_err(|message| problem(message, COMMAND))?;
        }
    }
    Ok(listings)
}

/// The only bucket of the incident, or the only one with objects that are in the listing.
fn guess(pages: &[Map<String, Value>], incident: &Incident) -> Option<String> {
    let buckets = incident.buckets();
    if let [only] = &buckets[..] {
        return Some((*only).to_owned());
    }
    let owners = Owners::of(incident);
    let listed = pages.iter().flat_map(rows).filter_map(|row| row.get("Key")?.as_str());
    let owned: BTreeSet<&str> = listed.filter_map(|key| owners.owner(key)).collect();
    let mut buckets = incident.egresses().filter(|egress| owned.contains(&*egress.id)).map(|egress| &egress.bucket);
    let first = buckets.next()?;
    buckets.all(|bucket| bucket == first).then(|| first.clone())
}

fn rows(page: &Map<String, Value>) -> impl Iterator<Item = &Map<String, Value>> {
    let table = |name: &str| page.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    [table("Versions"), table("Contents"), table("DeleteMarkers")].into_iter().flatten().filter_map(Value::as_object)
}

impl Listing {
    fn take(&mut self, page: &Map<String, Value>) -> Result<(), String> {
        for name in ["Versions", "Contents", "DeleteMarkers"] {
            let Some(table) = page.get(name).filter(|table| !table.is_null()) else { continue };
            let table = table.as_array().ok_or_else(|| format!("its `{name}` is no list"))?;
            for (place, row) in table.iter().enumerate() {
                let key = row.get("Key").and_then(Value::as_str);
                let key = key.ok_or_else(|| format!("row {} of its `{name}` has no `Key`", place + 1))?;
                self.rows += 1;
                let latest = row.get("IsLatest").and_then(Value::as_bool).unwrap_or(name == "Contents");
                let known = self.keys.entry(key.to_owned()).or_default();
                if name == "DeleteMarkers" {
                    known.hidden |= latest;
                    self.versioned = Some(true);
                } else {
                    let size = row.get("Size").and_then(Value::as_u64).unwrap_or(0);
                    known.size = if latest { size } else { known.size.max(size) };
                }
                if name == "Versions" {
                    let named = row.get("VersionId").and_then(Value::as_str).is_some_and(|id| id != "null");
                    self.versioned = Some(self.versioned == Some(true) || named);
                }
            }
        }
        let page_size = page.get("MaxKeys").and_then(Value::as_u64).and_then(|keys| u32::try_from(keys).ok());
        self.page = self.page.or(page_size.filter(|keys| (1..1000).contains(keys)));
        Ok(())
    }

    /// What was read.
    pub(super) fn words(&self, bucket: &str) -> String {
        let versions = match self.versioned {
            Some(true) => "versioned",
            Some(false) => "no versions",
            None => "versioning not told",
        };
        let keys = count(self.keys.len(), "key");
        format!("the listing of {bucket}: {keys} in {}, {versions}", count(self.rows, "row"))
    }
}
