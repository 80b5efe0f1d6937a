//! Short names for long texts, such as uuids: `let p1 018f3c1e-..`, and `$p1` in commands and in what happens.

/// The names of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// Longest name first, so that `$p10` is not `$p1` and a 0.
    names: Vec<(String, String)>,
}

impl Names {
    /// Adds a name; the error is a message.
    pub(super) fn add(&mut self, words: &str) -> Result<(), String> {
        let Some((name, text)) = words.split_once(' ') else { return Err("write a name and its text".to_owned()) };
        let text = text.trim();
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(format!("`{name}` is not a name: take letters, digits and `_`"));
        }
        if let Some((known, _)) =
            self.names.iter().find(|(known, other)| known.strip_prefix('$') == Some(name) || other == text)
        {
            return Err(format!("`{known}` has this name or this text already"));
        }
        self.names.push((format!("${name}"), text.to_owned()));
        self.names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Ok(())
    }

    /// A text with the texts of its names.
    pub(super) fn fill(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, long)| text.replace(name, long))
    }

    /// A text with names instead of their texts.
    pub(super) fn shorten(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, long)| text.replace(long, name))
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn names_stand_for_texts_in_both_directions() {
        let mut names = Names::default();
        names.add("p1 0a-1").unwrap();
        names.add("p10 0b-2").unwrap();
        assert_eq!(names.fill("$p10 $p1 p1"), "0b-2 0a-1 p1");
        assert_eq!(names.shorten("folder-0b-2 0a-1"), "folder-$p10 $p1");
        assert!(names.add("p1").is_err() && names.add("a-b c").is_err() && names.add("x 0a-1").is_err());
    }
}
