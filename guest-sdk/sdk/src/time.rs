//! Times and lengths of time as the contract has them: plain numbers of nanoseconds.

/// One second.
pub const SECOND: u64 = 1_000_000_000;
/// One minute.
pub const MINUTE: u64 = 60 * SECOND;
/// One hour.
pub const HOUR: u64 = 60 * MINUTE;
/// One day of 24 hours.
pub const DAY: u64 = 24 * HOUR;

/// Reads a duration as scenario files write it, `"1h30m"`: whole numbers with the units `ns us ms s m h d`. None for
/// anything else, and for what is longer than 584 years.
///
/// ```
/// # use egress_sim_sdk::time::{parse, HOUR, MINUTE};
/// assert_eq!(parse("1h30m"), Some(HOUR + 30 * MINUTE));
/// assert_eq!(parse("90"), None);
/// ```
pub fn parse(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let (digits, behind) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let (unit, behind) = behind.split_at(behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len()));
        let unit = match unit {
            "ns" => 1,
            "us" => 1_000,
            "ms" => 1_000_000,
            "s" => SECOND,
            "m" => MINUTE,
            "h" => HOUR,
            "d" => DAY,
            _ => return None,
        };
        total = total.checked_add(digits.parse::<u64>().ok()?.checked_mul(unit)?)?;
        rest = behind;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_scenario_files_write_them() {
        assert_eq!(parse("20s"), Some(20 * SECOND));
        assert_eq!(parse("1d12h"), Some(36 * HOUR));
        assert_eq!(parse("0s"), Some(0));
        assert_eq!(parse("250ms"), Some(SECOND / 4));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "s", "5", "5 s", "-5s", "5x", "99999999999d"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
