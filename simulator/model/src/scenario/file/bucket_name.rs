//! S3's rules for the names of general purpose buckets, as its user guide lists them.

use std::ops::Range;

use super::problem::Problem;

const RESERVED_BEGINNINGS: &[&str] = &["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_ENDS: &[&str] = &["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/// The rule that a name breaks.
pub(super) fn problem(name: &str, at: Range<usize>) -> Option<Problem> {
    let rule = broken_rule(name)?;
    let problem = Problem::new(at, format!("a bucket cannot be called \"{name}\": {rule}"));
    Some(problem.help("S3 allows 3 to 63 lower-case letters, digits, hyphens and single dots"))
}

/// Whether S3 allows a bucket of this name.
pub fn is_bucket_name(name: &str) -> bool {
    broken_rule(name).is_none()
}

fn broken_rule(name: &str) -> Option<String> {
    let letter_or_digit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if let Some(wrong) = name.chars().find(|c| !letter_or_digit(*c) && *c != '-' && *c != '.') {
        return Some(format!("it has {wrong:?} in it"));
    }
    if !(3..=63).contains(&name.len()) {
        return Some(format!("it has {} characters", name.len()));
    }
    if !name.starts_with(letter_or_digit) || !name.ends_with(letter_or_digit) {
        return Some("it must begin and end with a letter or digit".into());
    }
    if name.contains("..") {
        return Some("it has two dots in a row".into());
    }
    if name.parse::<std::net::Ipv4Addr>().is_ok() {
        return Some("it looks like an IP address".into());
    }
    if let Some(beginning) = RESERVED_BEGINNINGS.iter().find(|beginning| name.starts_with(**beginning)) {
        return Some(format!("names that begin with {beginning} are reserved"));
    }
    let end = RESERVED_ENDS.iter().find(|end| name.ends_with(**end))?;
    Some(format!("names that end with {end} are reserved"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_is_held() {
        for good in ["rec-eu-1", "abc", "a.b.c", "1-2", &"a".repeat(63)] {
            assert_eq!(broken_rule(good), None, "{good}");
        }
        let too_long = "a".repeat(64);
        for bad in
            ["ab", &too_long, "Rec", "a_b", "-ab", "ab-", "a..b", "10.0.0.1", "xn--abc", "abc-s3alias", "a b", "é-e"]
        {
            assert!(broken_rule(bad).is_some(), "{bad}");
        }
    }
}
