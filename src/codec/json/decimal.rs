//! The exact decimal value of a JSON number, which 64-bit floats do not have.

/// A decimal number: digits without leading and trailing zeros, times a power of ten. Numbers with the same value are equal,
/// whatever their spelling: `2`, `2.0` and `20e-1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Parses a number of JSON's grammar (RFC 8259, section 6; leading zeros are allowed); `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, power) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, exponent(power)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let all = [whole, fraction].concat();
        let shortened = all.trim_end_matches('0');
        let zeros = all.len().saturating_sub(shortened.len());
        let digits = shortened.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Self { negative: false, digits, exponent: 0 });
        }
        let places = length(zeros).saturating_sub(length(fraction.len()));
        Some(Self { negative, digits, exponent: power.saturating_add(places) })
    }

    /// True below 0.
    pub const fn is_negative(&self) -> bool {
        self.negative
    }

    /// The significant digits, without leading and trailing zeros; none for 0.
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// The power of ten that the digits, read as an integer, are multiplied with.
    pub const fn exponent(&self) -> i64 {
        self.exponent
    }

    /// The value times `10^power`, rounded down; `None` beyond 38 digits.
    pub fn scaled(&self, power: i64) -> Option<i128> {
        const DIGITS_MAX: i64 = 38;
        let exponent = self.exponent.saturating_add(power);
        let len = length(self.digits.len());
        if self.digits.is_empty() {
            return Some(0);
        }
        if exponent.saturating_add(len) > DIGITS_MAX {
            return None;
        }
        // The digits left of the decimal point; there are others right of it, not all 0, if the exponent is negative.
        let kept = usize::try_from(len.saturating_add(exponent.min(0))).unwrap_or(0);
        let mut magnitude: i128 = match self.digits.get(..kept) {
            None | Some("") => 0,
            Some(whole) => whole.parse().ok()?,
        };
        for _ in 0..exponent.max(0) {
            magnitude = magnitude.checked_mul(10)?;
        }
        Some(if self.negative { -magnitude - i128::from(exponent < 0) } else { magnitude })
    }
}

/// The exponent of a number, saturated; `None` if it is not one.
fn exponent(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Far from the ends of the type, so that sums of it do not saturate to equal values too soon.
    let magnitude = digits.parse::<i64>().unwrap_or(i64::MAX).min(i64::MAX / 4);
    Some(if negative { -magnitude } else { magnitude })
}

fn length(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn spellings_of_one_value_are_equal() {
        for same in ["2.0", "2e0", "20e-1", "0.2E+1", "2.000", "0002"] {
            assert_eq!(of(same), of("2"), "{same}");
        }
        for zero in ["0.0", "-0", "0e999999999999999999999", "-0.00E-7"] {
            assert_eq!(of(zero), of("0"), "{zero}");
        }
        for other in ["-2", "20", "0.2", "2.0000000000000000000001", "2e400"] {
            assert_ne!(of(other), of("2"), "{other}");
        }
        assert_ne!(of("18446744073709551616"), of("18446744073709551615"), "equal as 64-bit floats");
    }

    #[test]
    fn a_value_is_scaled_exactly_and_rounded_down() {
        for (text, power, scaled) in [
            ("1795221600.1239", 3, 1_795_221_600_123),
            ("1.7952216E9", 3, 1_795_221_600_000),
            ("-1.5", 0, -2),
            ("-1500", -3, -2),
            ("-0.001", 0, -1),
            ("0.001", 0, 0),
            ("1795221600000999", -3, 1_795_221_600_000),
            ("0", 9, 0),
        ] {
            assert_eq!(of(text).scaled(power), Some(scaled), "{text}");
        }
        assert_eq!(of("1e400").scaled(0), None);
        assert_eq!(of("1e-400").scaled(0), Some(0));
        assert_eq!(of("1e9999999999999999999999").scaled(3), None);
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", "-", "+1", ".5", "1.", "1e", "1e+", "1 ", "0x1", "NaN", "--1", "1e1.0", "1_000"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}
