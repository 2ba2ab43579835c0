//! What buckets are told: policies and who may, origins, locks, and buckets that come and go.

use super::*;
use crate::call::Versioning;
use crate::call::s3::configuration::{Acl, CorsRule, ObjectOwnership, PublicAccessBlock};
use crate::call::s3::request::{CreateBucket, CrossOrigin, ListBuckets, Requester};
use crate::sink::LockConfiguration;
use crate::sink::policy::{self, Judgement, Policy, Question};

fn statement(text: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":{text}}}"#)
}

#[test]
fn a_policy_that_is_not_understood_is_refused() {
    let with = |field: &str| {
        let rest = r#""Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::rec/*""#;
        statement(&format!("{{{rest}{field}}}"))
    };
    let changed = |from: &str, to: &str| with("").replace(from, to);
    for (text, outcome) in [
        (with(""), None),
        (with(r#","Sid":"x""#), None),
        (with(r#","Condition":{"StringLike":{"s3:prefix":["a/*"]}}"#), None),
        (with(r#","Condition":{"Bool":{"aws:SecureTransport":false}}"#), None),
        (String::new(), Some("MalformedPolicy 400")),
        ("[]".into(), Some("MalformedPolicy 400")),
        (statement("[]"), Some("MalformedPolicy 400")),
        (changed("\"Allow\"", "\"Perhaps\""), Some("MalformedPolicy 400")),
        (changed("\"*\"", "\"somebody\""), Some("MalformedPolicy 400")),
        (changed("s3:GetObject", "ec2:Start"), Some("MalformedPolicy 400")),
        (changed("arn:aws:s3:::rec/*", "arn:aws:s3:::record/*"), Some("MalformedPolicy 400")),
        (with(r#","Else":1"#), Some("MalformedPolicy 400")),
        (with(r#","NotPrincipal":"*""#), Some("NotImplemented 501")),
        (with(r#","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#), Some("NotImplemented 501")),
        (with(r#","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o"}}"#), Some("NotImplemented 501")),
        (with(&" ".repeat(21 * 1024)), Some("MalformedPolicy 400")),
    ] {
        let found = Policy::parse("rec", &text).err().map(|error| code(&error));
        assert_eq!(found.as_deref(), outcome, "{text:.300}");
    }
}

#[test]
fn a_denial_wins_and_silence_is_no_yes() {
    use Judgement::{Allowed, Denied, Silent};
    use Requester::{Anonymous, Owner};
    let policy = |text: &str| Policy::parse("rec", &statement(text)).expect("it is understood");
    let both = policy(
        r#"[{"Effect":"Allow","Principal":"*","Action":["s3:Get*","s3:ListBucket"],"Resource":["arn:aws:s3:::rec","arn:aws:s3:::rec/open/*"]},
            {"Effect":"Deny","Principal":{"AWS":"*"},"NotAction":"s3:GetObject","NotResource":"arn:aws:s3:::rec"}]"#,
    );
    let account = policy(
        r#"{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"s3:DeleteObjectVersion","Resource":"arn:aws:s3:::rec/*"}"#,
    );
    let stranger =
        policy(r#"{"Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"*","Resource":"arn:aws:s3:::rec/*"}"#);
    let prefixed = policy(
        r#"{"Effect":"Allow","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::rec","Condition":{"StringLike":{"s3:prefix":"open/*"}}}"#,
    );
    for (policy, requester, action, key, prefix, judgement) in [
        (&both, Anonymous, "s3:GetObject", "/open/a", None, Allowed),
        (&both, Anonymous, "s3:getobject", "/open/a", None, Allowed),
        (&both, Anonymous, "s3:GetObject", "/else", None, Silent),
        (&both, Anonymous, "s3:GetObjectTagging", "/open/a", None, Denied),
        (&both, Anonymous, "s3:ListBucket", "", None, Allowed),
        (&account, Owner, "s3:DeleteObjectVersion", "/a", None, Denied),
        (&account, Owner, "s3:DeleteObject", "/a", None, Silent),
        (&account, Anonymous, "s3:DeleteObjectVersion", "/a", None, Silent),
        (&stranger, Owner, "s3:GetObject", "/a", None, Silent),
        (&prefixed, Anonymous, "s3:ListBucket", "", Some("open/x"), Allowed),
        (&prefixed, Anonymous, "s3:ListBucket", "", Some("else"), Silent),
        (&prefixed, Anonymous, "s3:ListBucket", "", None, Silent),
    ] {
        let resource = format!("arn:aws:s3:::rec{key}");
        let question = Question { requester, action, resource: &resource, prefix, delimiter: None };
        assert_eq!(policy.judge(&question), judgement, "{question:?}");
    }
}

#[test]
fn stars_and_question_marks_match_as_in_iam() {
    for (pattern, text, matched) in [
        ("*", "", true),
        ("a*", "abc", true),
        ("*c", "abc", true),
        ("a*b*c", "aXbYbZc", true),
        ("a*b*c", "aXbYbZ", false),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("abc", "abcd", false),
        ("", "a", false),
    ] {
        assert_eq!(policy::matches(pattern, text), matched, "{pattern} {text}");
    }
}

#[test]
fn acls_let_everybody_in_unless_they_are_blocked() {
    let mut bench = Bench::new();
    let may = |bench: &Bench, action: &str, key: Option<&str>| {
        bench.sink.may(Requester::Anonymous, "plain", action, key).is_ok()
    };
    bench.put("plain", "k", "x");
    assert!(!may(&bench, "s3:GetObject", Some("k")) && !may(&bench, "s3:ListBucket", None));
    bench.sink.put_object_acl("plain", &id("k"), Acl::PublicRead).unwrap();
    assert!(may(&bench, "s3:GetObject", Some("k")) && !may(&bench, "s3:GetObject", Some("other")));
    bench.sink.put_bucket_acl("plain", Acl::PublicReadWrite).unwrap();
    assert!(may(&bench, "s3:ListBucket", None) && may(&bench, "s3:PutObject", Some("new")));
    assert!(!may(&bench, "s3:DeleteBucket", None) && !may(&bench, "s3:PutObjectAcl", Some("k")));
    let block = PublicAccessBlock { ignore_public_acls: true, block_public_acls: true, ..PublicAccessBlock::default() };
    bench.sink.settings_mut("plain").unwrap().public_access_block = Some(block);
    assert!(!may(&bench, "s3:GetObject", Some("k")) && !may(&bench, "s3:ListBucket", None));
    let refused = |result: Result<(), CallError>| code(&result.unwrap_err());
    assert_eq!(refused(bench.sink.put_bucket_acl("plain", Acl::PublicRead)), "AccessDenied 403");
    bench.sink.settings_mut("plain").unwrap().ownership = Some(ObjectOwnership::BucketOwnerEnforced);
    assert_eq!(refused(bench.sink.put_bucket_acl("plain", Acl::PublicRead)), "AccessControlListNotSupported 400");
    assert!(bench.sink.put_bucket_acl("plain", Acl::Private).is_ok());
}

#[test]
fn the_first_rule_that_allows_an_origin_answers_for_it() {
    let mut bench = Bench::new();
    let rule = |origin: &str, method: &str, header: &str| CorsRule {
        origins: vec![origin.into()],
        methods: vec![method.into()],
        headers: vec![header.into()],
        ..CorsRule::default()
    };
    let rules = [rule("https://*.acme.example", "PUT", "x-amz-*"), rule("*", "GET", "*")];
    bench.sink.put_cors("plain", &rules).unwrap();
    let ask = |origin: &str, method: &str, header: &str| {
        let asked = CrossOrigin { origin: origin.into(), method: method.into(), headers: vec![header.into()] };
        let found = bench.sink.cross_origin("plain", &asked);
        found.map(|rule| rule.origins[0].clone()).map_err(|error| code(&error))
    };
    let acme = "https://app.acme.example";
    assert_eq!(ask(acme, "PUT", "x-amz-date").as_deref(), Ok(acme));
    assert_eq!(ask(acme, "GET", "anything").as_deref(), Ok("*"));
    assert_eq!(ask(acme, "PUT", "authorization").unwrap_err(), "AccessForbidden 403");
    assert_eq!(ask("https://evil.example", "PUT", "x-amz-date").unwrap_err(), "AccessForbidden 403");
    for (rule, refusal) in [
        (rule("https://*.a.*", "GET", "*"), "InvalidRequest 400"),
        (rule("*", "PATCH", "*"), "InvalidRequest 400"),
        (CorsRule::default(), "MalformedXML 400"),
    ] {
        assert_eq!(code(&bench.sink.put_cors("plain", &[rule]).unwrap_err()), refusal);
    }
}

#[test]
fn buckets_come_and_go() {
    let mut bench = Bench::new();
    let make = |location: Option<&str>, object_lock| CreateBucket {
        location: location.map(Into::into),
        object_lock,
        ..CreateBucket::default()
    };
    for (name, location, outcome) in [
        ("new", None, None),
        ("euro", Some("EU"), None),
        ("far", Some("ap-southeast-2"), None),
        ("us", Some("us-east-1"), Some("InvalidLocationConstraint 400")),
        ("mars", Some("mars"), Some("InvalidLocationConstraint 400")),
        ("plain", None, Some("BucketAlreadyOwnedByYou 409")),
    ] {
        let found = bench.sink.create_bucket(bench.now, name, &make(location, false)).err();
        assert_eq!(found.map(|error| code(&error)).as_deref(), outcome, "{name}");
    }
    assert_eq!(bench.sink.region("euro").as_deref(), Ok("eu-west-1"));
    assert_eq!(bench.sink.region("new").as_deref(), Ok("us-east-1"));
    bench.sink.create_bucket(bench.now, "locked", &make(None, true)).unwrap();
    let locked = &bench.sink.buckets["locked"];
    assert_eq!((locked.versioning, locked.object_lock), (Versioning::Enabled, Some(LockConfiguration::default())));

    let page = |after: Option<&str>, most| {
        let list = ListBuckets { prefix: String::new(), after: after.map(Into::into), max_buckets: Some(most) };
        let page = bench.sink.list_buckets(&list);
        (page.buckets.into_iter().map(|(name, ..)| name).collect::<Vec<_>>(), page.truncated)
    };
    assert_eq!(page(None, 2), (vec!["euro".into(), "far".into()], true));
    assert_eq!(page(Some("safe"), 2), (vec!["vault".into()], false));

    bench.put("new", "k", "x");
    super::uploads::begin(&mut bench, "new", "u");
    assert_eq!(code(&bench.sink.delete_bucket("new").unwrap_err()), "BucketNotEmpty 409");
    bench.delete("new", &id("k"));
    let changes: Vec<ChangeKind> =
        bench.sink.delete_bucket("new").unwrap().into_iter().map(|change| change.kind).collect();
    assert_eq!(changes, [ChangeKind::UploadAborted], "it takes its uploads along");
    assert_eq!(code(&bench.sink.delete_bucket("new").unwrap_err()), "NoSuchBucket 404");
    let marker = bench.delete("locked", &id("never")).0.delete_marker_version_id.expect("a marker");
    assert_eq!(code(&bench.sink.delete_bucket("locked").unwrap_err()), "BucketNotEmpty 409", "a marker is something");
    bench.delete("locked", &version("never", &marker));
    assert!(bench.sink.delete_bucket("locked").is_ok());
}
