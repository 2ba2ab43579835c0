use super::*;

#[test]
fn an_empty_file_is_the_default_campaign() {
    let read = Campaign::parse("").expect("everything has a default");
    assert_eq!(Campaign { title: String::new(), ..Campaign::default() }, Campaign { title: String::new(), ..read });
}

#[test]
fn the_campaign_in_docs_is_the_default_one() {
    let read = Campaign::parse(include_str!("../../../../docs/campaign.toml")).expect("a campaign");
    assert_eq!(read, Campaign::default());
}

#[test]
fn what_makes_no_sense_is_named_with_a_way_out() {
    for (text, expected) in [
        ("bugdet = 1", "unknown field `bugdet`"),
        ("[size]\nfaults = [3, 1]", "faults = [3, 1] must lie between"),
        ("[families]\nmoon = [1, 2]", "there are no faults of \"moon\""),
        ("[families]\ns3 = [3, 2]", "are no odds"),
        ("[determinism]\nrepeat = [1, 0]", "[determinism]: repeat = [1, 0] are no odds"),
        ("without = [\"s3.nothing\"]", "there is no fault \"s3.nothing\""),
        ("properties = [\"playlist.finall\"]", "there is no property"),
        ("format = 2", "this build reads 1"),
        ("[promises]\ngap = \"soon\"", "gap"),
        ("[world]\nlist_page = []", "needs at least one value"),
        ("[world]\nlock_for = []", "lock_for needs at least one value"),
        ("[world]\nobject_lock = [\"legal\"]", "\"legal\" is no mode; write \"none\""),
        ("[world]\nwebhook_events = [[\"room_begun\"]]", "there is no webhook event \"room_begun\""),
        ("[world]\nbackup_bucket = [\"rec-0\"]", "a bucket that no tenant has"),
        ("[world]\nbackup_bucket = [\"B\"]", "a bucket that no tenant has"),
        ("typical = [2, 1]", "`typical` = [2, 1] are no odds"),
    ] {
        let error = Campaign::parse(text).expect_err(text);
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn the_digest_is_of_what_decides_the_cases() {
    let campaign = Campaign::default();
    let titled = Campaign { title: "x".into(), budget: Budget { cases: 1 }, ..campaign.clone() };
    let titled = Campaign { determinism: Determinism { repeat: Odds(1, 1), fresh: 0 }, ..titled };
    assert_eq!(campaign.digest(), titled.digest());
    let smaller = Campaign { size: Sizes { faults: [0, 1], ..Sizes::default() }, ..campaign.clone() };
    assert_ne!(campaign.digest(), smaller.digest());
}
