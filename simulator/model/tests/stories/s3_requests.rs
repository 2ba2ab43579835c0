//! Requests of S3's own API, by a socket: faults strike them all, and what the contract has too goes on record as it has it.

use bytes::Bytes;
use egress_sim_model::call::Versioning;
use egress_sim_model::call::s3::answer::{S3Answer, S3Failure};
use egress_sim_model::call::s3::configuration::{
    Acl, Expiration, LifecycleFilter, LifecycleRule, ObjectOwnership, PublicAccessBlock,
};
use egress_sim_model::call::s3::request::{
    CompleteMultipartUpload, Conditions, CopyObject, CopySource, CreateBucket, CreateMultipartUpload, CrossOrigin,
    DeleteObject, DeleteObjects, ListBuckets, ListObjects, ListParts, ListUploads, ListVersions, NewObject, PutObject,
    PutObjectRetention, Read, Requester, S3Operation, S3Request, UploadId, UploadPart, UploadPartCopy,
};
use egress_sim_model::fault::points::{CALLS, SOCKET_CALLS};
use egress_sim_model::fault::{Default as ParameterDefault, KINDS, Kind};
use egress_sim_model::live::{Live, Out};
use egress_sim_model::sink::LockConfiguration;
use egress_sim_model::trace::Actor;

use super::*;

const WORLD: &str = "format = 1\n[world]\nhorizon = \"90d\"\n[[tenant]]\nname = \"acme\"\nbuckets = [\"rec\"]\n\
                     [[bucket]]\nname = \"rec\"\nversioning = true\n";

fn id(key: &str) -> ObjectId {
    ObjectId { key: key.into(), version_id: None }
}

fn upload() -> UploadId {
    UploadId { key: "k".into(), upload_id: "none".into() }
}

fn source() -> CopySource {
    CopySource { bucket: "rec".into(), id: id("k"), conditions: Conditions::default() }
}

fn put(key: &str) -> S3Operation {
    S3Operation::PutObject(Box::new(PutObject {
        key: key.into(),
        object: NewObject::default(),
        conditions: Conditions::default(),
        md5: [7; 16],
        body: Bytes::from_static(b"x").into(),
    }))
}

fn delete_many(keys: &[&str]) -> S3Operation {
    let objects = keys.iter().map(|key| id(key)).collect();
    S3Operation::DeleteObjects(DeleteObjects { objects, quiet: false, bypass_governance: false })
}

/// One of each.
fn every_operation() -> Vec<S3Operation> {
    use S3Operation as Op;
    let origin = CrossOrigin { origin: "https://a".into(), method: "GET".into(), headers: Vec::new() };
    let copy = CopyObject {
        key: "copy".into(),
        source: source(),
        replace_metadata: false,
        replace_tags: false,
        object: NewObject::default(),
        conditions: Conditions::default(),
    };
    let create = CreateMultipartUpload { key: "k".into(), object: NewObject::default(), checksum_type: None };
    let part = UploadPart { upload: upload(), part_number: 1, checksum: None, md5: [7; 16], body: Bytes::new().into() };
    let part_copy = UploadPartCopy { upload: upload(), part_number: 1, source: source(), range: None };
    let complete = CompleteMultipartUpload {
        upload: upload(),
        parts: Vec::new(),
        checksum: None,
        size: None,
        conditions: Conditions::default(),
    };
    let retention = PutObjectRetention { id: id("k"), retention: None, bypass_governance: false };
    vec![
        put("k"),
        Op::ListBuckets(ListBuckets::default()),
        Op::CreateBucket(CreateBucket::default()),
        Op::HeadBucket,
        Op::GetBucketLocation,
        Op::GetBucketVersioning,
        Op::PutBucketVersioning(Versioning::Enabled),
        Op::GetObjectLockConfiguration,
        Op::PutObjectLockConfiguration(LockConfiguration::default()),
        Op::GetBucketPolicy,
        Op::PutBucketPolicy("{}".into()),
        Op::DeleteBucketPolicy,
        Op::GetBucketPolicyStatus,
        Op::GetBucketAcl,
        Op::PutBucketAcl(Acl::Private),
        Op::GetBucketTagging,
        Op::PutBucketTagging(Vec::new()),
        Op::DeleteBucketTagging,
        Op::GetBucketCors,
        Op::PutBucketCors(Vec::new()),
        Op::DeleteBucketCors,
        Op::GetBucketLifecycleConfiguration,
        Op::PutBucketLifecycleConfiguration(Vec::new()),
        Op::DeleteBucketLifecycle,
        Op::GetPublicAccessBlock,
        Op::PutPublicAccessBlock(PublicAccessBlock::default()),
        Op::DeletePublicAccessBlock,
        Op::GetBucketOwnershipControls,
        Op::PutBucketOwnershipControls(ObjectOwnership::ObjectWriter),
        Op::DeleteBucketOwnershipControls,
        Op::Options(origin),
        Op::HeadObject(Read::of(id("k"))),
        Op::GetObject(Read::of(id("k"))),
        Op::GetObjectAttributes(id("k")),
        Op::CopyObject(Box::new(copy)),
        Op::GetObjectTagging(id("k")),
        Op::PutObjectTagging(id("k"), Vec::new()),
        Op::DeleteObjectTagging(id("k")),
        Op::GetObjectAcl(id("k")),
        Op::PutObjectAcl(id("k"), Acl::Private),
        Op::GetObjectRetention(id("k")),
        Op::PutObjectRetention(retention),
        Op::GetObjectLegalHold(id("k")),
        Op::PutObjectLegalHold(id("k"), true),
        Op::ListObjects(ListObjects { after: Some("k".into()), ..ListObjects::default() }),
        Op::ListObjectsV2(ListObjects { token: Some("6b".into()), ..ListObjects::default() }),
        Op::ListObjectVersions(ListVersions { key_marker: Some("k".into()), ..ListVersions::default() }),
        Op::CreateMultipartUpload(Box::new(create)),
        Op::UploadPart(part),
        Op::UploadPartCopy(Box::new(part_copy)),
        Op::CompleteMultipartUpload(Box::new(complete)),
        Op::AbortMultipartUpload(upload()),
        Op::ListParts(ListParts { upload: upload(), after: 0, max_parts: None }),
        Op::ListMultipartUploads(ListUploads::default()),
        Op::DeleteObject(DeleteObject { id: id("k"), bypass_governance: false, if_match: None }),
        delete_many(&["k"]),
        Op::DeleteBucket,
    ]
}

fn request(requester: Requester, operation: S3Operation) -> Call {
    let bucket = if matches!(operation, S3Operation::ListBuckets(_)) { "" } else { "rec" };
    Call::S3(Box::new(S3Request { requester, bucket: bucket.into(), operation }))
}

fn live(fault: &str) -> Live<'static> {
    let source = format!("{WORLD}{fault}");
    let scenario = file::parse("s3", &source).unwrap_or_else(|error| panic!("{source}\n{}", error.render("s3")));
    Live::new(&Rc::new(scenario), Vec::new(), None)
}

/// Asks as the owner, and waits an hour for the answer.
fn asked(live: &mut Live<'_>, operation: S3Operation) -> Result<S3Answer, S3Failure> {
    asked_by(live, Requester::Owner, operation)
}

fn asked_by(live: &mut Live<'_>, requester: Requester, operation: S3Operation) -> Result<S3Answer, S3Failure> {
    live.ask(request(requester, operation));
    live.reach(live.now() + Span::seconds(3600));
    let Some(Out::Reply { reply: Reply::S3(answer), .. }) = live.take() else { panic!("it is answered") };
    *answer
}

fn code(failure: &S3Failure) -> String {
    match &failure.error {
        CallError::Rejected(no) => format!("{} {}", no.code, no.status),
        other => format!("{other:?}"),
    }
}

/// The forms of a kind, as lines of a file: the words of its first choice.
fn forms(kind: &Kind) -> Vec<String> {
    let choice = kind.parameters.iter().find_map(|parameter| match parameter.default {
        ParameterDefault::OneOf(words) => Some((parameter.name, words)),
        _ => None,
    });
    choice.map_or_else(
        || vec![String::new()],
        |(name, words)| words.iter().map(|word| format!("{name} = \"{word}\"\n")).collect(),
    )
}

#[test]
fn every_request_is_a_point_and_every_fault_of_the_sink_strikes_there() {
    // Nothing is versioned in no bucket.
    let nowhere = |kind: &str, point: &str| kind == "s3.versioning_suspended" && point == "s3.list_buckets";
    let mut met: Vec<&str> = Vec::new();
    let mut strikes = 0;
    for operation in every_operation() {
        let point = operation.name();
        met.push(point);
        for kind in KINDS.iter().filter(|kind| kind.name.starts_with("s3.") && kind.strikes_at(point)) {
            for form in forms(kind) {
                let mut live = live(&format!("[[fault]]\ndo = \"{}\"\non = \"{point}\"\n{form}", kind.name));
                let _outcome = asked(&mut live, operation.clone());
                let expected = u64::from(!nowhere(kind.name, point));
                assert_eq!(live.fired(), [expected], "{} {form} at {point}", kind.name);
                strikes += expected;
            }
        }
    }
    met.sort_unstable();
    let mut all: Vec<&str> = CALLS.iter().chain(SOCKET_CALLS).copied().filter(|name| name.starts_with("s3.")).collect();
    all.sort_unstable();
    assert_eq!(met, all);
    assert!(strikes > 500, "{strikes}");
}

#[test]
fn a_request_that_fails_says_so_with_a_status_and_has_its_effect_or_not() {
    for (parameters, code_of_put, stored) in [
        ("do = \"s3.slow_down\"", "SlowDown 503", false),
        ("do = \"s3.internal_error\"", "InternalError 500", false),
        ("do = \"s3.internal_error\"\neffect = \"after\"", "InternalError 500", true),
        ("do = \"s3.refused\"\ncode = \"AccessDenied\"", "AccessDenied 403", false),
        ("do = \"s3.unreachable\"", "NotSent(\"connection refused\")", false),
    ] {
        let mut live = live(&format!("[[fault]]\n{parameters}\non = \"s3.put_object\"\n"));
        assert_eq!(code(&asked(&mut live, put("k")).unwrap_err()), code_of_put, "{parameters}");
        let there = asked(&mut live, S3Operation::HeadObject(Read::of(id("k")))).is_ok();
        assert_eq!(there, stored, "{parameters}");
    }
    let broken =
        |what: &str, on: &str| format!("[[fault]]\ndo = \"s3.broken_reply\"\nwhat = \"{what}\"\non = \"{on}\"\n");
    let mut cut_short = live(&broken("truncated_xml", "s3.delete_objects"));
    asked(&mut cut_short, put("k")).unwrap();
    let Ok(S3Answer::CutShort(whole)) = asked(&mut cut_short, delete_many(&["k"])) else { panic!("it is cut short") };
    assert!(matches!(*whole, S3Answer::DeleteResult(_)), "{whole:?}");
    assert!(asked(&mut cut_short, S3Operation::HeadObject(Read::of(id("k")))).is_err(), "it is deleted all the same");

    let mut live = live(&broken("error_in_200", "s3.copy_object"));
    asked(&mut live, put("k")).unwrap();
    let copy = every_operation().into_iter().find(|operation| operation.name() == "s3.copy_object").unwrap();
    assert_eq!(code(&asked(&mut live, copy).unwrap_err()), "InternalError 200");
    assert!(asked(&mut live, S3Operation::HeadObject(Read::of(id("copy")))).is_ok(), "the copy is there");
}

#[test]
fn what_is_in_an_answer_is_struck_as_for_an_operator_of_the_contract() {
    let fault = |what: &str| format!("[[fault]]\n{what}\n");
    let mut refusing = live(&fault("do = \"s3.batch_partial\"\ncode = \"SlowDown\""));
    for key in ["a", "b"] {
        asked(&mut refusing, put(key)).unwrap();
    }
    let S3Answer::DeleteResult(result) = asked(&mut refusing, delete_many(&["a", "b"])).unwrap() else { panic!() };
    assert_eq!((result.deleted.len(), result.errors[0].key.as_str()), (1, "a"));

    let mut forgetful = live(&fault("do = \"s3.stale_list\"\nby = \"2h\""));
    asked(&mut forgetful, put("a")).unwrap();
    let list = || S3Operation::ListObjectsV2(ListObjects::default());
    let rows = |answer| match answer {
        Ok(S3Answer::Objects(page)) => page.contents.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(rows(asked(&mut forgetful, list())), 0, "it was not there two hours ago");
    assert_eq!(rows(asked(&mut forgetful, list())), 1);
}

/// Names of the calls that went on record, with what they were answered.
struct Recorded(Vec<String>);

impl Witness for Recorded {
    fn record(&mut self, _: Time, _: u64, fact: &Fact<'_>, _: &State) {
        match fact {
            Fact::Replied { call, reply, .. } => {
                let short = |text: String| text.split([' ', '(', '{']).next().unwrap_or_default().to_owned();
                let reply = match reply {
                    Reply::Head(Ok(HeadResult::NotFound { delete_marker })) => format!("404 {delete_marker}"),
                    Reply::Head(Err(CallError::Rejected(no))) => no.code.clone(),
                    Reply::Head(Err(CallError::OutcomeUnknown(why))) => why.clone(),
                    other => short(format!("{other:?}")),
                };
                self.0.push(format!("{} {reply}", short(format!("{call:?}"))));
            }
            Fact::Sink { by: Actor::Operator(_), change, .. } => self.0.push(format!("operator {:?}", change.kind)),
            Fact::Sink { by, change, .. } => self.0.push(format!("{by:?} {:?}", change.kind)),
            _ => {}
        }
    }
}

#[test]
fn what_the_contract_has_too_goes_on_record_as_the_contract_has_it() {
    let fault = "[[fault]]\ndo = \"s3.internal_error\"\non = \"s3.head_object\"\n";
    let scenario = file::parse("s3", &format!("{WORLD}{fault}")).unwrap();
    let mut recorded = Recorded(Vec::new());
    let mut live = Live::new(&Rc::new(scenario), Vec::new(), Some(&mut recorded));
    let head = || S3Operation::HeadObject(Read::of(id("k")));
    assert_eq!(code(&asked(&mut live, head()).unwrap_err()), "InternalError 500");
    asked(&mut live, head()).unwrap_err();
    asked(&mut live, put("k")).unwrap();
    asked_by(&mut live, Requester::Anonymous, head()).unwrap_err();
    asked(&mut live, delete_many(&["k"])).unwrap();
    asked(&mut live, head()).unwrap_err();
    asked(&mut live, S3Operation::ListObjectVersions(ListVersions::default())).unwrap();
    let rolled_up = ListVersions { delimiter: Some("/".into()), ..ListVersions::default() };
    asked(&mut live, S3Operation::ListObjectVersions(rolled_up)).unwrap();
    live.finish();
    assert_eq!(
        recorded.0,
        [
            "HeadObject InternalError (500)",
            "HeadObject 404 false",
            "operator Stored { size: 1 }",
            "S3 S3",
            "HeadObject 403",
            "operator MarkerMade",
            "DeleteObjects DeleteResult",
            "HeadObject 404 true",
            "ListObjectVersions Versions",
            "S3 S3",
        ]
    );
}

#[test]
fn whoever_does_not_sign_may_nothing_and_says_so_in_no_ones_name() {
    let mut live = live("");
    asked(&mut live, put("k")).unwrap();
    for operation in every_operation() {
        let name = operation.name();
        let may = matches!(operation, S3Operation::Options(_));
        let refused = asked_by(&mut live, Requester::Anonymous, operation).map_err(|failure| code(&failure));
        let expected = if may { "AccessForbidden 403" } else { "AccessDenied 403" };
        assert_eq!(refused.unwrap_err(), expected, "{name}");
    }
    assert_eq!(live.state().sink.objects_live(), 1, "nothing has changed");
}

#[test]
fn lifecycle_rules_run_while_time_goes_by_and_only_when_there_may_be_something_to_do() {
    let scenario = file::parse("s3", &WORLD.replace("horizon", "s3_latency = \"0s\"\nhorizon")).unwrap();
    let start = scenario.world.start;
    let mut recorded = Recorded(Vec::new());
    let mut live = Live::new(&Rc::new(scenario), Vec::new(), Some(&mut recorded));
    let rule = LifecycleRule {
        enabled: true,
        filter: LifecycleFilter::default(),
        expiration: Some(Expiration::Days(2)),
        ..LifecycleRule::default()
    };
    live.reach(start + Span::seconds(3600));
    asked(&mut live, S3Operation::PutBucketLifecycleConfiguration(vec![rule])).unwrap();
    assert_eq!(live.next_at().map(|at| at.since(start)), None, "nothing is there that could be due");
    asked(&mut live, put("k")).unwrap();
    let day = Span::seconds(86_400);
    assert_eq!(live.next_at(), Some(start + day.times(3)));
    live.reach(start + day.times(3));
    assert_eq!(live.state().sink.objects_live(), 0);
    live.reach(start + day.times(30));
    assert_eq!(live.next_at(), None, "and then there is an end");
    live.finish();
    assert_eq!(recorded.0.iter().filter(|line| line.starts_with("Lifecycle")).count(), 1, "{:?}", recorded.0);
}
