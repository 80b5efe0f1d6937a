//! What a shell makes of a value at its place in a text: a word, or more.
//!
//! Where the quotes of the text before it cannot be told for sure, or where something reads the text again, a value is taken as
//! unquoted.

/// The text around a value.
#[derive(Clone, Debug, Default)]
pub(super) struct Around {
    pub(super) before: String,
    pub(super) after: String,
}

/// How a shell reads a value.
#[derive(PartialEq, Eq)]
enum Reading {
    Unquoted,
    Single,
    Double,
    /// Nobody knows what quotes it, for a reason in the words of the text.
    Unclear(String),
}

/// The most characters of a value that are shown.
const SHOWN_CHARS_MAX: usize = 40;
/// What begins a text with quotes of its own: substitutions of commands, here-documents, quotes with escapes.
const NESTS: [&str; 4] = ["$(", "`", "<<", "$'"];
/// Programs that read an argument, or their input, as words or code, in a shell or by rules of their own.
const READERS: [&str; 21] = [
    "eval",
    "ssh",
    "rsh",
    "remsh",
    "plink",
    "scp",
    "rsync",
    "su",
    "runuser",
    "xargs",
    "parallel",
    "trap",
    "watch",
    "awk",
    "gawk",
    "mawk",
    "nawk",
    "sed",
    "cmd",
    "powershell",
    "pwsh",
];
/// Programs that do so unless the next argument is a file.
const INTERPRETERS: [&str; 16] = [
    "sh", "ash", "bash", "dash", "ksh", "mksh", "zsh", "csh", "tcsh", "fish", "python", "perl", "ruby", "node", "php",
    "lua",
];

/// What is wrong with a value that a shell would read as more than a word.
pub(super) fn more_than_a_word(around: &Around, written: &str) -> Option<String> {
    let reading = reading(around);
    let bad = match reading {
        Reading::Unquoted | Reading::Unclear(_) => written.chars().find(|character| !is_of_a_word(*character)),
        Reading::Single => written.chars().find(|character| *character == '\'' || character.is_control()),
        Reading::Double => written.chars().find(|character| "\"$`\\%!".contains(*character) || character.is_control()),
    }?;
    let (unquoted, place) = match &reading {
        Reading::Unquoted => ("unquoted ", ""),
        Reading::Unclear(place) => ("", place.as_str()),
        Reading::Single | Reading::Double => ("", ""),
    };
    let shown: String = written.chars().take(SHOWN_CHARS_MAX).collect();
    let more = if shown.len() < written.len() { ".." } else { "" };
    Some(format!(
        "a shell would read the {unquoted}value {shown:?}{more}{place}, which has {bad:?}, as more than a word"
    ))
}

/// True for a character that no shell gives a meaning to.
pub(super) fn is_of_a_word(character: char) -> bool {
    character.is_alphanumeric() || "_.:@+=,/-".contains(character)
}

fn reading(Around { before, after }: &Around) -> Reading {
    let behind = |what: &str| Reading::Unclear(format!(" behind `{what}`"));
    if let Some(nest) = NESTS.into_iter().find(|nest| before.contains(nest)) {
        return behind(nest);
    }
    // The value would be the name, or a command in parentheses.
    if before.ends_with('$') {
        return behind("$");
    }
    // All but a plain name has quotes by rules of its own.
    let is_plain = |rest: &str| rest.split_once('}').is_some_and(|(name, _)| name.chars().all(is_of_a_name));
    if !before.split("${").skip(1).all(is_plain) {
        return behind("${");
    }
    match reader(&format!("{before}_{after}")) {
        Some(reader) => Reading::Unclear(format!(" in a text with `{reader}`, which reads it again")),
        None => quotes(before),
    }
}

fn is_of_a_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The first program in a text that may read a value of it again.
fn reader(text: &str) -> Option<&'static str> {
    // The first line of a script names what reads it first.
    let mut rest = match text.strip_prefix("#!") {
        Some(script) => script.split_once('\n').map_or("", |(_, rest)| rest),
        None => text,
    };
    let separates = |character: char| character.is_whitespace() || "\"'`;|&()<>{}=".contains(character);
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.find(separates).unwrap_or(rest.len()));
        let name = word.rsplit(['/', '\\']).next().unwrap_or_default().to_lowercase();
        let name = name.strip_suffix(".exe").unwrap_or(&name);
        let name = name.trim_end_matches(|character: char| character.is_ascii_digit() || character == '.');
        let reader = READERS.into_iter().find(|reader| *reader == name);
        let interpreter = INTERPRETERS.into_iter().find(|reader| *reader == name).filter(|_| !begins_with_file(after));
        if let Some(reader) = reader.or(interpreter) {
            return Some(reader);
        }
        rest = after.trim_start_matches(separates);
    }
    None
}

/// True if the next argument is no option, and nothing else.
fn begins_with_file(arguments: &str) -> bool {
    let argument = arguments.trim_start_matches([' ', '\t', '"', '\'']);
    argument.starts_with(|first: char| first.is_alphanumeric() || "/._~$%\\".contains(first))
}

/// The quotes that are open behind a text, by the rules of POSIX.
fn quotes(text: &str) -> Reading {
    let mut open = Reading::Unquoted;
    let (mut is_escaped, mut begins_word, mut is_comment) = (false, true, false);
    for character in text.chars() {
        if is_comment {
            // Another language than that of a shell may take the quote for one.
            if matches!(character, '\'' | '"') {
                return Reading::Unclear(" behind a comment with a quote".to_owned());
            }
            (is_comment, begins_word) = (character != '\n', true);
            continue;
        }
        if is_escaped {
            // A line that goes on in the next one is one line.
            (is_escaped, begins_word) = (false, begins_word && character == '\n');
            continue;
        }
        let before = begins_word;
        begins_word = open == Reading::Unquoted && (character.is_whitespace() || ";|&()<>".contains(character));
        open = match (open, character) {
            (Reading::Unquoted, '\'') => Reading::Single,
            (Reading::Unquoted, '"') => Reading::Double,
            (Reading::Single, '\'') | (Reading::Double, '"') => Reading::Unquoted,
            (open @ (Reading::Unquoted | Reading::Double), '\\') => {
                (is_escaped, begins_word) = (true, before);
                open
            }
            (Reading::Unquoted, '#') if before => {
                is_comment = true;
                Reading::Unquoted
            }
            (open, _) => open,
        };
    }
    open
}
