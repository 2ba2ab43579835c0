use std::io;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use egress_sim_model::call::s3::request::{Requester, S3Operation, S3Request};
use egress_sim_model::call::{Call, Reply};
use egress_sim_model::scenario::file::parse;
use egress_sim_model::sink::Keep;
use egress_sim_wire::livekit::Keys;
use egress_sim_wire::s3::Door as _;
use egress_sim_wire::s3::shelf::{Incoming, LARGE, Shelf};
use http::header::{CONTENT_LENGTH, HOST, RANGE};
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;

use super::*;
use crate::clock::Mode;
use crate::driver::{self, Begin, Settings, Until};
use crate::spill::Spill;

const WORLD: &str = "format = 1\n[world]\ns3_latency = \"0s\"\n[[tenant]]\nname = \"acme\"\nbuckets = [\"rec\"]\n";
const ANYBODY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*",
    "Resource":["arn:aws:s3:::rec","arn:aws:s3:::rec/*"]}]}"#;

/// S3 in front of a world in which everybody may do everything.
async fn served(shelf: Option<Arc<dyn Shelf>>, faults: &str) -> S3 {
    let keys = Keys { key: "devkey".into(), secret: "secret".into() };
    let quiet = Duration::ZERO;
    let settings = Settings { mode: Mode::Real, quiet, keys, tells_also: Vec::new(), shelf };
    let (world, _) = driver::start(settings);
    let scenario = parse("s3", &format!("{WORLD}{faults}")).expect("it is well formed");
    assert!(world.begin(Begin { scenario, watched: false, until: Until::Replaced { listens: false } }));
    let operation = S3Operation::PutBucketPolicy(ANYBODY.into());
    let request = S3Request { requester: Requester::Owner, bucket: "rec".into(), operation };
    let Reply::S3(answer) = world.ask(Call::S3(Box::new(request))).await else { panic!("S3 was asked") };
    answer.expect("the policy is put");
    S3::new(world, "minioadmin", "minioadmin")
}

async fn ask(s3: &S3, method: Method, path: &str, body: Bytes) -> Result<(StatusCode, Bytes), HttpError> {
    ask_range(s3, method, path, body, None).await
}

async fn ask_range(
    s3: &S3,
    method: Method,
    path: &str,
    body: Bytes,
    range: Option<&str>,
) -> Result<(StatusCode, Bytes), HttpError> {
    let mut request = Request::builder().method(method).uri(path).header(HOST, "127.0.0.1:9000");
    request = request.header(CONTENT_LENGTH, body.len());
    if let Some(range) = range {
        request = request.header(RANGE, range);
    }
    let response = s3.answer(request.body(Body::from(body)).expect("a request")).await?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.expect("it comes whole").to_bytes();
    if let Some(length) = head.headers.get(CONTENT_LENGTH) {
        assert_eq!(length.to_str().ok(), Some(body.len().to_string().as_str()));
    }
    Ok((head.status, body))
}

async fn asked(s3: &S3, method: Method, path: &str, body: &Bytes) -> (StatusCode, Bytes) {
    ask(s3, method, path, body.clone()).await.expect("the connection stands")
}

fn counted(length: u64) -> Bytes {
    (0..length).map(|at| (at % 251) as u8).collect()
}

/// Bodies below a directory that only one process has.
fn bodies(directory: &Path) -> usize {
    let process = std::fs::read_dir(directory).expect("it is there").next().expect("a process").expect("its directory");
    std::fs::read_dir(process.path()).expect("it is there").count() - 1
}

fn between(text: &Bytes, before: &str, behind: &str) -> String {
    let text = str::from_utf8(text).expect("XML");
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split_once(behind).expect("it ends").0.to_owned()
}

#[tokio::test]
async fn large_bodies_are_files_until_they_are_deleted() {
    let directory = tempfile::tempdir().expect("a directory");
    let s3 = served(Some(Spill::open(directory.path()).expect("it can be written to")), "").await;
    let large = counted(2 * LARGE + 1);
    let small = counted(LARGE);
    for (key, body, files) in [("small", &small, 0), ("large", &large, 1), ("large", &large, 1), ("other", &large, 2)] {
        let (status, _) = asked(&s3, Method::PUT, &format!("/rec/{key}"), body).await;
        assert_eq!((status, bodies(directory.path())), (StatusCode::OK, files), "{key}");
        let (status, got) = asked(&s3, Method::GET, &format!("/rec/{key}"), &Bytes::new()).await;
        assert_eq!((status, got == body), (StatusCode::OK, true), "{key}");
    }
    let range = Some("bytes=1048570-3145730");
    let (status, got) = ask_range(&s3, Method::GET, "/rec/large", Bytes::new(), range).await.expect("an answer");
    assert_eq!((status, got == large[1_048_570..=3_145_730]), (StatusCode::PARTIAL_CONTENT, true));

    let (_, begun) = asked(&s3, Method::POST, "/rec/parts?uploads", &Bytes::new()).await;
    let id = between(&begun, "<UploadId>", "</UploadId>");
    let part = counted(5 << 20);
    for number in 1..=2 {
        asked(&s3, Method::PUT, &format!("/rec/parts?partNumber={number}&uploadId={id}"), &part).await;
    }
    assert_eq!(bodies(directory.path()), 4);
    let (_, listed) = asked(&s3, Method::GET, &format!("/rec/parts?uploadId={id}"), &Bytes::new()).await;
    let etag = between(&listed, "<ETag>", "</ETag>");
    let named = |number| format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>");
    let complete = format!("<CompleteMultipartUpload>{}{}</CompleteMultipartUpload>", named(1), named(2));
    let (status, _) = asked(&s3, Method::POST, &format!("/rec/parts?uploadId={id}"), &complete.into()).await;
    assert_eq!(status, StatusCode::OK);
    let (_, got) = asked(&s3, Method::GET, "/rec/parts", &Bytes::new()).await;
    assert!(got == [&part[..], &part[..]].concat(), "both parts, one behind the other");

    for key in ["large", "other", "parts"] {
        asked(&s3, Method::DELETE, &format!("/rec/{key}"), &Bytes::new()).await;
    }
    assert_eq!(bodies(directory.path()), 0);
    assert_eq!(asked(&s3, Method::GET, "/rec/small", &Bytes::new()).await.1, small);
}

/// A disk with room for so many bytes.
#[derive(Debug)]
struct Full(u64);

#[derive(Debug)]
struct Room(u64);

#[async_trait]
impl Shelf for Full {
    async fn begin(&self) -> io::Result<Box<dyn Incoming>> {
        Ok(Box::new(Room(self.0)))
    }

    async fn read(&self, _: Arc<dyn Keep>, _: Range<u64>) -> io::Result<Bytes> {
        unreachable!("nothing is kept")
    }
}

#[async_trait]
impl Incoming for Room {
    async fn write(&mut self, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        self.0 = self.0.checked_sub(bytes.len() as u64).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes)
    }

    async fn finish(self: Box<Self>) -> io::Result<Arc<dyn Keep>> {
        Err(io::ErrorKind::StorageFull.into())
    }
}

#[tokio::test]
async fn a_full_disk_is_an_internal_error_and_costs_nothing_that_was_there() {
    for room in [0, LARGE, 100 * LARGE] {
        let s3 = served(Some(Arc::new(Full(room))), "").await;
        let before = counted(10);
        asked(&s3, Method::PUT, "/rec/k", &before).await;
        let (status, told) = asked(&s3, Method::PUT, "/rec/k", &counted(2 * LARGE)).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(between(&told, "<Code>", "</Code>"), "InternalError");
        assert_eq!(between(&told, "<Message>", "</Message>"), "The body could not be kept: no storage space");
        assert_eq!(asked(&s3, Method::GET, "/rec/k", &Bytes::new()).await, (StatusCode::OK, before));
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_short_is_half_its_xml_or_no_answer_at_all() {
    let fault = |on: &str| format!("[[fault]]\ndo = \"s3.broken_reply\"\nwhat = \"truncated_xml\"\non = \"{on}\"\n");
    let s3 = served(None, &[fault("s3.list_objects_v2"), fault("s3.put_object")].concat()).await;
    let put = ask(&s3, Method::PUT, "/rec/k", counted(1)).await;
    assert!(put.is_err(), "there is nothing to cut in it");
    let nothing = Bytes::new();
    let list = || asked(&s3, Method::GET, "/rec?list-type=2", &nothing);
    let (status, cut) = list().await;
    let (_, whole) = list().await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(between(&whole, "<Key>", "</Key>"), "k", "it was put all the same");
    assert_eq!(cut, whole[..whole.len() / 2]);
}
