//! The value at a JSON Pointer, in the types that processors use.

use std::borrow::Cow;

use super::Decimal;

/// The value at a pointer. Ids, counts and times are strings and numbers; of arrays and objects only the type is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar<'a> {
    /// The text has no value there.
    Absent,
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A string, unescaped.
    Text(Cow<'a, str>),
    /// A number, as it is spelled.
    Number(&'a str),
    /// Any other value, with its type for messages.
    Other(&'static str),
}

impl<'a> Scalar<'a> {
    /// Classifies a raw JSON value: valid JSON without surrounding whitespace.
    pub(super) fn of(raw: &'a str) -> Self {
        match raw.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b'"') => text(raw),
            Some(first @ (b't' | b'f')) => Self::Boolean(*first == b't'),
            Some(b'[') => Self::Other("an array"),
            Some(b'{') => Self::Other("an object"),
            Some(_) => Self::Number(raw),
            None => Self::Absent,
        }
    }

    /// The type, for messages.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Absent => "missing",
            Self::Null => "null",
            Self::Boolean(_) => "a boolean",
            Self::Text(_) => "a string",
            Self::Number(_) => "a number",
            Self::Other(kind) => kind,
        }
    }
}

/// The digits of a number that is an integer in any spelling (`7`, `7.0`, `70e-1`), with its sign and without leading zeros, so
/// that equal integers have equal digits; `None` for any other text, and beyond the range of 64-bit floats.
pub fn integer(number: &str) -> Option<Cow<'_, str>> {
    const DIGITS_MAX: i64 = 309;
    let is_canonical = !number.starts_with('0') && number.bytes().all(|byte| byte.is_ascii_digit());
    if is_canonical && !number.is_empty() {
        return Some(Cow::Borrowed(number));
    }
    let decimal = Decimal::parse(number)?;
    let (digits, zeros) = (decimal.digits(), decimal.exponent());
    if digits.is_empty() {
        return Some(Cow::Borrowed("0"));
    }
    let len = i64::try_from(digits.len()).ok()?;
    if zeros < 0 || zeros.saturating_add(len) > DIGITS_MAX {
        return None;
    }
    let sign = if decimal.is_negative() { "-" } else { "" };
    Some(Cow::Owned([sign, digits, &"0".repeat(usize::try_from(zeros).ok()?)].concat()))
}

fn text(raw: &str) -> Scalar<'_> {
    let inner = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
    if !inner.contains('\\') {
        return Scalar::Text(Cow::Borrowed(inner));
    }
    // A lone surrogate (`"\ud800"`) is valid JSON, but not valid Unicode.
    serde_json::from_str(raw)
        .map_or(Scalar::Other("a string that is not Unicode"), |text: String| Scalar::Text(Cow::Owned(text)))
}
