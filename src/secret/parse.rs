//! Parses the references in string values of a configuration.

use std::path::PathBuf;

use super::{Error, Result, SecretRef};

impl SecretRef {
    /// Parses a string value: `None` for plain text. A reference must be the whole value, so that a secret never
    /// becomes a part of printed text.
    pub fn parse(leaf: &str) -> Result<Option<Self>> {
        if !leaf.contains("${") {
            return Ok(None);
        }
        let wrong = |detail| Error::Syntax { text: leaf.to_owned(), detail };
        let inner = leaf
            .strip_prefix("${")
            .and_then(|rest| rest.strip_suffix('}'))
            .ok_or_else(|| wrong("a reference is the whole value"))?;
        if inner.contains(['{', '}']) {
            return Err(wrong("one reference per value"));
        }
        let (scheme, name) = inner.split_once(':').ok_or_else(|| wrong("there is no `:`"))?;
        if name.trim().is_empty() {
            return Err(wrong("there is nothing after the `:`"));
        }
        match scheme {
            "env" if name.contains(['=', '\0']) => Err(wrong("no variable can have that name")),
            "env" => Ok(Some(Self::Env(name.to_owned()))),
            "file" => Ok(Some(Self::File(PathBuf::from(name)))),
            "aws-sm" => Ok(Some(aws(name).ok_or_else(|| wrong("the name or the key beside `#` is empty"))?)),
            _ => Err(wrong("the scheme before the `:` is not env, file or aws-sm")),
        }
    }
}

/// The last `#` separates, because neither the name of a secret nor its ARN can contain one.
fn aws(text: &str) -> Option<SecretRef> {
    let (name, json_key) = match text.rsplit_once('#') {
        Some((name, key)) => (name, Some(key)),
        None => (text, None),
    };
    if name.is_empty() || json_key == Some("") {
        return None;
    }
    Some(SecretRef::AwsSecretsManager { name: name.to_owned(), json_key: json_key.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::SecretRef;

    #[test]
    fn each_kind_of_reference_is_read_and_written_alike() {
        for text in ["${env:CTM_API_KEY}", "${file:/run/secrets/x}", "${aws-sm:prod/ctm}", "${aws-sm:prod/ctm#KEY}"] {
            assert_eq!(SecretRef::parse(text).unwrap().unwrap().to_string(), text);
        }
    }

    #[test]
    fn an_arn_keeps_its_colons() {
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ctm-AbCdEf";
        let expected = SecretRef::AwsSecretsManager { name: arn.to_owned(), json_key: Some("k".to_owned()) };
        assert_eq!(SecretRef::parse(&format!("${{aws-sm:{arn}#k}}")).unwrap(), Some(expected));
    }

    #[test]
    fn plain_text_is_no_reference() {
        for text in ["", "abc", "$5", "{x}", "$ {env:X}"] {
            assert_eq!(SecretRef::parse(text).unwrap(), None, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_reference_is_a_mistake_and_not_text() {
        let wrong = [
            "x${env:X}",
            "${env:X}y",
            "${env:X",
            "${X}",
            "${env:}",
            "${env: }",
            "${vault:x}",
            "${env:${env:X}}",
            "${aws-sm:#k}",
            "${aws-sm:n#}",
            "${env:A}${env:B}",
            "${env:A=B}",
            "${ENV:X}",
        ];
        for text in wrong {
            assert!(SecretRef::parse(text).is_err(), "{text}");
        }
    }
}
