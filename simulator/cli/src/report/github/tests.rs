//! What GitHub is told, byte by byte.

use super::*;
use crate::report::tests::{campaign_document, everything};

fn drawn(telling: &Telling) -> String {
    let github = GitHub { summary: None, workspace: Some("/checkout".into()) };
    let lines: String = telling.annotations.iter().map(|one| github.line(one) + "\n").collect();
    format!("{lines}\n{}", telling.summary)
}

#[test]
fn a_run_has_an_annotation_for_each_failure_and_a_summary() {
    insta::assert_snapshot!(drawn(&of_runs(&everything())));
}

#[test]
fn a_campaign_has_an_annotation_for_each_fingerprint_and_a_summary() {
    let document = campaign_document();
    let telling = of_campaign(&document);
    assert_eq!(telling.annotations.len(), document.findings.len() + document.parted.len());
    insta::assert_snapshot!(drawn(&telling));
}

#[test]
fn what_stands_in_a_command_ends_nothing() {
    let github = GitHub { summary: None, workspace: Some("/checkout".into()) };
    let annotation = Annotation {
        file: "/checkout/found/a,b:c.toml".into(),
        title: "100 %: a, b".into(),
        message: "one\u{1b}\r\ntwo: three, 5 %25".into(),
    };
    assert_eq!(
        github.line(&annotation),
        "::error file=found/a%2Cb%3Ac.toml,title=100 %25%3A a%2C b::one\\u{1b}%0Atwo: three, 5 %2525"
    );
    assert_eq!(github.line(&Annotation { file: String::new(), ..annotation }).find("file="), None);
}

#[test]
fn markdown_of_others_is_no_markdown() {
    assert_eq!(text("a|b\n<img> *x* `y` [z](u)"), "a\\|b \\<img\\> \\*x\\* \\`y\\` \\[z\\](u)");
    assert_eq!(code("a`|\u{1b}"), "`a'¦\\u{1b}`");
}

#[test]
fn a_summary_has_room_and_is_cut_between_paragraphs() {
    let text = "# head\n\n".to_owned() + &"a paragraph of ünicode\n\n".repeat(100);
    assert_eq!(bounded(&text, text.len()), text);
    for room in [0, 40, 200, 1_000, text.len() - 1] {
        let cut = bounded(&text, room);
        assert!(cut.len() <= room, "{room}: {}", cut.len());
        assert!(cut.is_empty() || cut.ends_with(CUT) && cut.starts_with("# head\n"), "{room}: {cut}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("summary.md");
    fs::write(&path, vec![b'x'; SUMMARY_BYTES - 500]).expect("writable");
    append(&path, &text).expect("writable");
    let written = fs::read(&path).expect("there");
    assert!((SUMMARY_BYTES - 500..=SUMMARY_BYTES).contains(&written.len()), "{}", written.len());
    assert!(written.ends_with(CUT.as_bytes()));
}
