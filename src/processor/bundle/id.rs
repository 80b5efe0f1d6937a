//! Validates and normalizes the ids of bundles and members.

use std::borrow::Cow;

use super::KeyFormat;

/// The longest id in bytes; an id is a Kafka key, a store key and part of messages.
pub const ID_LEN_MAX: usize = 256;

/// The length of the shortest spelling of a uuid, in bytes.
const UUID_LEN_MIN: usize = 32;

/// The rules for the ids of a topology.
#[derive(Clone, Debug)]
pub(super) struct IdRules {
    format: KeyFormat,
    /// The words that are no ids, in lower case.
    no_ids: Vec<String>,
}

/// An id, and where it is from.
#[derive(Clone, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) text: Cow<'a, str>,
    /// True for a JSON number.
    pub(super) is_number: bool,
    /// True for the id of a bundle.
    pub(super) is_bundle: bool,
}

impl IdRules {
    pub(super) fn new(format: KeyFormat, no_ids: &[String]) -> Self {
        Self { format, no_ids: no_ids.iter().map(|word| word.to_lowercase()).collect() }
    }

    /// The id in normal form. The error completes "the field is ..".
    pub(super) fn normalize<'a>(&self, id: Candidate<'a>) -> Result<Cow<'a, str>, String> {
        match self.format {
            KeyFormat::Uuid => match uuid::Uuid::try_parse(&id.text) {
                Ok(uuid) if !id.is_number => normal_uuid(id.text, uuid),
                Ok(_) | Err(_) => Err(no_uuid(&id)),
            },
            KeyFormat::Text => {
                check(&id.text)?;
                if id.text.len() >= UUID_LEN_MIN && uuid::Uuid::try_parse(&id.text).is_ok_and(is_no_uuid) {
                    return Err(nil_or_max(&id.text));
                }
                if self.is_none(&id) {
                    let remedy = "if it is one, set `bundle.no_ids` to the words that are none";
                    return Err(format!("`{}`, a word for no id; {remedy}", id.text));
                }
                Ok(id.text)
            }
        }
    }

    /// True for a word that means that there is no id. Numbers count for bundles only: children are often numbered from 0.
    fn is_none(&self, id: &Candidate<'_>) -> bool {
        const WORD_LEN_MAX: usize = 32;
        if id.text.len() > WORD_LEN_MAX {
            return false;
        }
        let word = id.text.to_lowercase();
        self.no_ids.contains(&word) && (id.is_bundle || word.parse::<i64>().is_err())
    }
}

/// Checks what any id must have.
fn check(text: &str) -> Result<(), String> {
    if text.is_empty() || text.len() > ID_LEN_MAX {
        return Err(format!("{} bytes long; an id has 1 to {ID_LEN_MAX}", text.len()));
    }
    if text.trim_matches(is_blank).len() != text.len() {
        return Err(format!("`{}`, with blanks around it; write the id without them", text.escape_debug()));
    }
    Ok(())
}

/// True for whitespace, and for characters that are as invisible.
fn is_blank(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\0')
}

/// The uuid hyphenated and in lower case, as most are already.
fn normal_uuid(text: Cow<'_, str>, id: uuid::Uuid) -> Result<Cow<'_, str>, String> {
    if is_no_uuid(id) {
        return Err(nil_or_max(&text));
    }
    let mut buffer = uuid::Uuid::encode_buffer();
    let normal: &str = id.hyphenated().encode_lower(&mut buffer);
    Ok(if normal == text { text } else { Cow::Owned(normal.to_owned()) })
}

/// True for the nil and the max uuid (RFC 9562, sections 5.9 and 5.10), which stand where no id was set.
fn is_no_uuid(id: uuid::Uuid) -> bool {
    id.is_nil() || id.is_max()
}

fn nil_or_max(text: &str) -> String {
    format!("`{text}`, the nil or max uuid, which stands where no id was set; correct the producer")
}

fn no_uuid(id: &Candidate<'_>) -> String {
    let text = &*id.text;
    let remedy = "a topology may choose `text` keys";
    if id.is_number {
        return format!("the number {text}, which is no uuid; {remedy}");
    }
    match (check(text), uuid::Uuid::try_parse(text)) {
        (Err(why), _) => why,
        (Ok(()), Err(error)) => format!("`{text}`, which is no uuid ({error}); {remedy}"),
        (Ok(()), Ok(_)) => format!("`{text}`, which is no uuid; {remedy}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::NO_IDS_DEFAULT;
    use super::*;

    fn text<'a>(no_ids: &[&str], text: &'a str, is_bundle: bool) -> Result<Cow<'a, str>, String> {
        let no_ids: Vec<String> = no_ids.iter().map(|word| (*word).to_owned()).collect();
        let id = Candidate { text: text.into(), is_number: false, is_bundle };
        IdRules::new(KeyFormat::Text, &no_ids).normalize(id)
    }

    fn uuid(text: &str) -> Result<Cow<'_, str>, String> {
        IdRules::new(KeyFormat::Uuid, &[]).normalize(Candidate { text: text.into(), is_number: false, is_bundle: true })
    }

    #[test]
    fn a_uuid_in_any_spelling_is_one_id() {
        let id = "0d3c5b0e-57c4-5f0b-9a54-2c9f1d6e8b37";
        assert!(matches!(uuid(id), Ok(Cow::Borrowed(same)) if same == id));
        for other in [id.to_uppercase(), id.replace('-', ""), format!("{{{id}}}"), format!("urn:uuid:{id}")] {
            assert_eq!(uuid(&other).unwrap(), id, "{other}");
        }
        for bad in [id.replace("0d", "0-"), id.replace("0d", ""), "x".repeat(300)] {
            assert!(uuid(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_nil_and_the_max_uuid_are_no_ids_in_any_spelling() {
        for digit in ["0", "f", "F"] {
            let simple = digit.repeat(32);
            let hyphenated = [8, 4, 4, 4, 12].map(|len| digit.repeat(len)).join("-");
            for id in [format!("urn:uuid:{hyphenated}"), format!("{{{hyphenated}}}"), simple, hyphenated] {
                assert!(uuid(&id).unwrap_err().contains("nil or max uuid"), "{id}");
                assert!(text(&[], &id, false).unwrap_err().contains("nil or max uuid"), "{id}");
            }
        }
        assert!(uuid("00000000-0000-0000-0000-000000000001").is_ok());
    }

    #[test]
    fn words_for_no_id_are_refused_and_can_be_chosen() {
        for word in ["null", "NULL", "None", "undefined", "nil", "NaN", "N/A", "<nil>", "[object Object]", "\\N"] {
            assert!(text(&NO_IDS_DEFAULT, word, true).is_err(), "{word}");
            assert!(text(&NO_IDS_DEFAULT, word, false).is_err(), "{word}");
            assert!(text(&["0", "unset"], word, true).is_ok(), "{word}");
        }
        for number in ["0", "-1"] {
            assert!(text(&NO_IDS_DEFAULT, number, true).is_err(), "{number}");
            assert_eq!(text(&NO_IDS_DEFAULT, number, false).unwrap(), number);
        }
        assert!(text(&["0", "unset"], "Unset", true).is_err());
        assert!(text(&[], "nullable", true).is_ok());
    }

    #[test]
    fn empty_ids_and_blanks_around_an_id_are_refused() {
        for id in ["", " ", "\t", " 7 ", "7\n", "\u{a0}7", "\u{200b}", "\u{feff}7", "7\0", "\0"] {
            assert!(text(&[], id, true).is_err(), "{id:?}");
        }
        assert_eq!(text(&[], "a b", true).unwrap(), "a b");
        assert!(uuid(" 0d3c5b0e-57c4-5f0b-9a54-2c9f1d6e8b37").unwrap_err().contains("blanks around"));
    }
}
