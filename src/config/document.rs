//! The table of fields as `docs/configuration.md`.

use super::field::{Default, Field, Kind};
use super::{FIELDS, RESERVED};

/// The text above the fields; `RESERVED` stands for the names of [`RESERVED`].
const HEAD: &str = "# Configuration

<!-- Generated from the fields in src/config; a test compares it. SHEAF_UPDATE_DOCS=1 writes it anew. -->

Settings come from the defaults below, the files given with `-c` (or `SHEAF_CONFIG`), environment variables, and
`--set path=value`; each of these overrides those before it. An unknown key or variable is an error, with its line and the most
similar key; all problems are reported at once. Durations are whole numbers with a unit (`100ms`, `30s`, `1h30m`, `7d`). A
secret is given by reference, as the whole value: `${env:NAME}`, `${file:PATH}`, `${aws-sm:NAME#KEY}`. Relative paths are
relative to the working directory. Lists in variables and flags are separated by commas.

These variables are not settings: `RESERVED`; nor are those that Kubernetes sets for a Service named `sheaf…`, such as
`SHEAF_PORT=tcp://…` and `SHEAF_SERVICE_HOST`.
";

/// `docs/configuration.md`.
pub fn reference_page() -> String {
    let head = HEAD.replace("RESERVED", &RESERVED.join("`, `"));
    FIELDS.iter().fold(head, |page, field| page + &section(field))
}

fn section(field: &Field) -> String {
    let default = match field.default {
        Default::Required => "required".to_owned(),
        Default::None(meaning) => format!("default: {meaning}"),
        Default::Value(value) => format!("default `{value}`"),
    };
    let (path, kind, variable, doc) = (field.path, kind(field.kind), field.variable(), field.doc);
    format!("\n## `{path}`\n\n{kind} · {default} · `{variable}`\n\n{doc}\n")
}

fn kind(kind: Kind) -> String {
    match kind {
        Kind::Text => "text".to_owned(),
        Kind::Name => "letters, digits, `.`, `_`, `-`".to_owned(),
        Kind::Reference => "text or reference".to_owned(),
        Kind::Integer(least, most) => format!("whole number, {least} to {most}"),
        Kind::Duration => "duration".to_owned(),
        Kind::Address => "address and port".to_owned(),
        Kind::Zone => "IANA time zone".to_owned(),
        Kind::Word(words) => format!("one of `{}`", words.join("`, `")),
        Kind::Path => "path".to_owned(),
        Kind::Paths => "list of paths".to_owned(),
        Kind::List => "list of words".to_owned(),
        Kind::Tree => "maps and lists".to_owned(),
        Kind::Map => "map of names and texts or references".to_owned(),
    }
}
