//! Durations as text with units.

use std::time::Duration;

/// Parses `24h`, `1h30m`, `100ms`: whole numbers, each with one of the units `ms`, `s`, `m`, `h`, `d`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let refusal = || format!("expected a duration such as `24h`, `1h30m`, `30s` or `100ms`, found `{text}`");
    let mut rest = text;
    let mut millis: u64 = 0;
    while !rest.is_empty() {
        let (number, unit, after) = number_and_unit(rest).ok_or_else(refusal)?;
        let unit_millis = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(refusal()),
        };
        let part = number.checked_mul(unit_millis).ok_or_else(refusal)?;
        millis = millis.checked_add(part).ok_or_else(refusal)?;
        rest = after;
    }
    if text.is_empty() { Err(refusal()) } else { Ok(Duration::from_millis(millis)) }
}

/// Splits `30m15s` into 30, `m`, `15s`.
fn number_and_unit(text: &str) -> Option<(u64, &str, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(digits)?;
    let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (unit, after) = rest.split_at_checked(letters)?;
    Some((number.parse().ok()?, unit, after))
}
