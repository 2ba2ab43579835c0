use super::*;
use crate::campaign::{Odds, Sizes};

fn hits(ids: &[(&str, u64)]) -> Hits {
    Hits(ids.iter().map(|(id, hits)| ((*id).to_owned(), *hits)).collect())
}

fn goals(campaign: &Campaign, shown: &[(&str, u64)]) -> Vec<String> {
    wanted(campaign, &hits(shown), 1000)
}

fn has(goals: &[String], goal: &str) -> bool {
    goals.iter().any(|known| known == goal)
}

#[test]
fn a_fault_is_wanted_at_what_the_operator_does() {
    let campaign = Campaign::default();
    let idle = goals(&campaign, &[]);
    assert!(has(&idle, "fault/s3.timeout") && has(&idle, "fault/s3.timeout:effect=before"));
    assert!(has(&idle, "fault/webhook.drop@webhook.delivery") && has(&idle, "fault/operator.crash@operator.init"));
    assert!(!has(&idle, "fault/s3.timeout@s3.put_object"));
    let busy = goals(&campaign, &[("did/s3.put_object", 400), ("did/s3.get_object", 3)]);
    assert!(has(&busy, "fault/s3.timeout@s3.put_object") && has(&busy, "fault/operator.crash@s3.put_object"));
    assert!(!has(&busy, "fault/livekit.timeout@s3.put_object"), "it cannot strike there");
    assert!(!has(&busy, "fault/s3.timeout@s3.get_object"), "three cases of a thousand are too few to wait for");
}

#[test]
fn what_no_world_of_the_campaign_has_is_not_wanted() {
    let campaign = Campaign::default();
    let does = [("did/s3.list_objects_v2", 900), ("did/s3.delete_objects", 900), ("did/livekit.start_egress", 900)];
    let all = goals(&campaign, &does);
    for goal in ["met/page-two", "met/hold-in-force", "met/two-instances-interleaved", "status/EGRESS_LIMIT_REACHED"] {
        assert!(has(&all, goal), "{goal}");
    }
    let tame = Campaign {
        families: [("s3".to_owned(), Odds(1, 1))].into_iter().collect(),
        without: vec!["s3.batch_partial".into()],
        size: Sizes { commands: [0, 0], ..Sizes::default() },
        world: crate::campaign::Worlds { instances: vec![1], list_page: vec![1000], ..Default::default() },
        ..campaign
    };
    let fewer = goals(&tame, &does);
    for goal in [
        "met/page-two",
        "met/hold-in-force",
        "met/two-instances-interleaved",
        "met/batch-with-refusals",
        "met/restart-in-batch",
        "status/EGRESS_LIMIT_REACHED",
        "fault/s3.batch_partial",
        "fault/operator.crash",
    ] {
        assert!(!has(&fewer, goal), "{goal}");
    }
    assert!(has(&fewer, "fault/s3.timeout@s3.delete_objects") && has(&fewer, "status/EGRESS_COMPLETE"));
}

#[test]
fn what_was_seen_and_never_held_is_wanted() {
    let shown = [
        ("sometimes/busy", 0),
        ("checked/custom.tidy", 0),
        ("fault/s3.timeout@s3.put_object:effect=after", 0),
        ("did/log.write", 900),
    ];
    let all = goals(&Campaign::default(), &shown);
    for (goal, _) in &shown[..3] {
        assert!(has(&all, goal), "{goal}");
    }
    assert!(!all.iter().any(|goal| goal.starts_with("did/")));
    let others = Campaign { properties: vec!["custom.other".into()], ..Campaign::default() };
    assert!(!has(&goals(&others, &shown), "checked/custom.tidy"));
}

#[test]
fn a_waiver_names_a_goal_all_of_a_fault_or_a_beginning() {
    let waive = ["fault/webhook.drop", "told/*", "met/webhook-again"].map(str::to_owned).to_vec();
    let all = goals(
        &Campaign { waive, ..Campaign::default() },
        &[("did/livekit.start_egress", 900), ("did/webhook.open", 900)],
    );
    let beginning = |beginning: &str| all.iter().any(|goal| goal.starts_with(beginning));
    assert!(!beginning("fault/webhook.drop") && !beginning("told/") && !has(&all, "met/webhook-again"));
    assert!(has(&all, "met/webhook-lost") && has(&all, "status/EGRESS_ACTIVE") && beginning("fault/webhook.duplicate"));
}

#[test]
fn every_goal_has_a_meaning() {
    let shown: Vec<(String, u64)> = points().map(|point| (format!("did/{point}"), 1000)).collect();
    let shown: Vec<(&str, u64)> = shown.iter().map(|(id, hits)| (id.as_str(), *hits)).collect();
    for goal in goals(&Campaign::default(), &shown) {
        assert_ne!(meaning(&goal), goal);
    }
    assert_eq!(
        meaning("fault/s3.timeout@s3.put_object:effect=after"),
        "s3.timeout struck at s3.put_object with effect = \"after\""
    );
}

#[test]
fn what_is_missing_is_told_by_the_fault() {
    let goals = [
        ("fault/s3.slow", 0),
        ("fault/s3.slow@s3.put_object", 0),
        ("fault/s3.timeout", 9),
        ("fault/s3.timeout:effect=after", 0),
        ("fault/s3.timeout@s3.get_object", 0),
        ("fault/s3.timeout@s3.put_object", 2),
        ("met/page-two", 0),
        ("met/webhook-lost", 3),
    ];
    let told: Vec<_> = missing(&goals).into_iter().map(|group| (group.group, group.missing, group.of)).collect();
    let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        told,
        [
            ("fault/s3.slow".to_owned(), own(&[]), 2),
            ("fault/s3.timeout".to_owned(), own(&[":effect=after", "@s3.get_object"]), 4),
            ("met/page-two".to_owned(), own(&[]), 1),
        ]
    );
}
