//! Durations and sizes as people write them.

use std::time::Duration;

/// A number of bytes, written with its unit (`64MiB`, `512kB`, `100B`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(
    /// How many bytes.
    pub u64,
);

/// `24h`, `1h30m`, `100ms`: whole numbers, each with one of `ms`, `s`, `m`, `h`, `d`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
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

/// `64MiB`: a whole number and one of `B`, `kB`, `MB`, `GB`, `KiB`, `MiB`, `GiB`.
pub(super) fn size(text: &str) -> Result<Size, String> {
    let refusal = || format!("expected a size such as `64MiB` or `512kB`, found `{text}`");
    let (number, unit, after) = number_and_unit(text).ok_or_else(refusal)?;
    let unit_bytes = match unit {
        "B" => 1,
        "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(refusal()),
    };
    let bytes = number.checked_mul(unit_bytes).filter(|_| after.is_empty());
    bytes.map(Size).ok_or_else(refusal)
}

/// Splits `30m15s` into 30, `m`, `15s`.
fn number_and_unit(text: &str) -> Option<(u64, &str, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(digits)?;
    let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (unit, after) = rest.split_at_checked(letters)?;
    Some((number.parse().ok()?, unit, after))
}
