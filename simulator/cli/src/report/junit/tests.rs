//! What readers of the document are given: read back, it is what was written.

use super::*;
use crate::report::tests::{campaign_document, everything, passing};

fn read(xml: &str) -> Junit {
    Junit::deserialize_from_str(xml).unwrap_or_else(|error| panic!("{error}: {xml}"))
}

#[test]
fn a_scenario_is_a_suite_and_a_promise_a_case() {
    let xml = of_runs(&everything());
    let suites = read(&xml).test_suites;
    assert_eq!(suites.len(), everything().len());
    insta::assert_snapshot!(xml);
}

#[test]
fn a_campaign_is_a_suite_and_what_was_replayed_another() {
    let xml = of_campaign(&campaign_document());
    assert_eq!(read(&xml).test_suites.len(), 2);
    insta::assert_snapshot!(xml);
}

#[test]
fn no_two_cases_have_the_same_name_in_the_same_class() {
    let twice = [passing("hls-small"), passing("hls-small")];
    let mut known = BTreeSet::new();
    for suite in read(&of_runs(&twice)).test_suites {
        for case in suite.test_cases {
            let key = (case.classname.map(String::from), String::from(case.name));
            assert!(known.insert(key.clone()), "{key:?} stands there twice");
        }
    }
    assert_eq!(class_of("/builds/../scenarios/faults/webhook-drop.toml"), "builds.scenarios.faults.webhook-drop");
}

#[test]
fn whatever_others_write_the_document_is_xml() {
    let hostile: String = (0..0x300_u32).chain([0xfffe, 0xffff, 0x1_f600]).filter_map(char::from_u32).collect();
    let hostile = format!("{hostile}]]><![CDATA[ &amp; <b> \u{1b}[31mred\u{1b}[0m \"'\r\n\ttab");
    let mut report = passing("hls-small");
    report.scenario.clone_from(&hostile);
    report.path.clone_from(&hostile);
    report.unfired.push(hostile.clone());
    let broken =
        Report::error(hostile.clone(), hostile.clone(), hostile.clone(), hostile.clone(), crate::exit::Exit::Usage);
    let mut document = campaign_document();
    document.operator.clone_from(&hostile);
    document.findings[0].message.clone_from(&hostile);
    document.corpus[0].path.clone_from(&hostile);
    for xml in [of_runs(&[report, broken]), of_campaign(&document)] {
        read(&xml);
        let valid = |c: char| matches!(c, '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        assert!(xml.chars().all(valid), "{:?}", xml.chars().find(|c| !valid(*c)));
        assert!(xml.contains("\\u{1b}[31mred"), "nothing is lost: {xml}");
    }
}
