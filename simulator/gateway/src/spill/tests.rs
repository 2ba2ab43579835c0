use super::*;

fn files(spill: &Spill) -> Vec<String> {
    let names =
        fs::read_dir(&spill.place).expect("it is there").map(|entry| entry.expect("it can be read").file_name());
    let mut names: Vec<String> =
        names.map(|name| name.to_string_lossy().into_owned()).filter(|name| name != LOCK).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_body_is_a_file_as_long_as_somebody_has_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let spill = Spill::open(&directory.path().join("not/yet")).expect("it is made");
    let mut incoming = spill.begin().await.expect("it begins");
    for part in [&b"0123"[..], b"", b"456789"] {
        incoming.write(part.to_vec()).await.expect("it is written");
    }
    let body = incoming.finish().await.expect("it is all there");
    assert_eq!((body.length(), files(&spill).len()), (10, 1));
    for (range, text) in [(0..10, "0123456789"), (3..5, "34"), (10..10, "")] {
        assert_eq!(spill.read(Arc::clone(&body), range).await.expect("it is there"), text);
    }
    assert!(spill.read(Arc::clone(&body), 5..11).await.is_err(), "no more than there is");
    drop(body);
    assert_eq!(files(&spill), [""; 0]);

    let broken_off = spill.begin().await.expect("it begins");
    assert_eq!(files(&spill), ["1"]);
    drop(broken_off);
    assert_eq!(files(&spill), [""; 0], "what did not come in whole is not kept");

    let place = spill.place.clone();
    drop(spill);
    assert!(!place.exists());
}

#[test]
fn what_the_dead_left_is_removed_and_nothing_else() {
    let directory = tempfile::tempdir().expect("a directory");
    let at = |name: &str| directory.path().join(name);
    for name in ["egress-sim-dead", "egress-sim-alive", "egress-sim-by-hand", "other"] {
        fs::create_dir(at(name)).expect("it is made");
        fs::write(at(name).join("0"), "body").expect("it is written");
    }
    for name in ["egress-sim-dead", "egress-sim-alive", "other"] {
        fs::write(at(name).join(LOCK), "").expect("it is written");
    }
    let lives = File::open(at("egress-sim-alive").join(LOCK)).expect("it is there");
    lives.lock().expect("nobody else has it");
    let spill = Spill::open(directory.path()).expect("it can be written to");
    let left = ["egress-sim-dead", "egress-sim-alive", "egress-sim-by-hand", "other"].map(|name| at(name).exists());
    assert_eq!(left, [false, true, true, true]);
    assert!(spill.place.join(LOCK).exists());
}

#[test]
fn a_directory_that_cannot_be_written_to_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("file");
    fs::write(&file, "").expect("it is written");
    let why = Spill::open(&file).expect_err("a file is no directory");
    assert!(
        why.starts_with(&format!("{}, where large bodies are to go, cannot be written to: ", file.display())),
        "{why}"
    );
}
