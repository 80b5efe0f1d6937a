//! Names with `*`, as the API's filters and the faults' paths use them.

/// Whether the whole text fits; `*` stands for any text, also for none.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, others)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let (middle, last) = others.rsplit_once('*').unwrap_or(("", others));
    for part in middle.split('*') {
        // The first place is as good as any later one, because whatever follows a `*` may be longer.
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text) in
            [("", ""), ("a", "a"), ("*", ""), ("*", "x"), ("a*", "ab"), ("*b", "ab"), ("a*c*e", "abcde"), ("**", "x")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a", "ab"), ("a*a", "a"), ("*b", "abc"), ("a*c*e", "aec"), ("a.", "ab")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
