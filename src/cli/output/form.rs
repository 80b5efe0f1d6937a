//! Lists of items, as a table for people or in a form for programs.

use clap::ValueEnum;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use serde_json::Value;
use terminal_size::{Width, terminal_size_of};

use super::line::{print_stdout, printable};
use crate::codec::yaml;

/// The option of every command that prints a list.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(in crate::cli) struct OutputArgs {
    /// The form of the output
    #[arg(short = 'o', long, value_name = "FORM", default_value = "table")]
    output: Form,
}

/// The form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A table for people
    Table,
    /// A JSON array with all fields
    Json,
    /// A YAML list with all fields
    Yaml,
    /// The columns of the table, separated by commas (RFC 4180)
    Csv,
}

/// A column of a table: its title, and the JSON pointer to its value.
pub(in crate::cli) type Column = (&'static str, &'static str);

impl OutputArgs {
    /// A table for people.
    pub(in crate::cli) const TABLE: Self = Self { output: Form::Table };

    /// Prints the items.
    pub(in crate::cli) fn print(self, items: Vec<Value>, columns: &[Column]) {
        print_stdout(&self.text(items, columns));
    }

    /// The items as they are printed.
    pub(in crate::cli) fn text(self, items: Vec<Value>, columns: &[Column]) -> String {
        text(self.output, items, columns).trim_end().to_owned()
    }

    /// True for the form for people.
    pub(super) fn is_table(self) -> bool {
        self.output == Form::Table
    }
}

impl OutputArgs {
    /// Prints one item: for people as it is told, for programs with all fields.
    pub(in crate::cli) fn print_one(self, item: &Value, told: &str) {
        match self.output {
            Form::Table => print_stdout(told),
            Form::Json | Form::Csv => print_stdout(&format!("{item:#}")),
            Form::Yaml => print_stdout(yaml::write(item).trim_end()),
        }
    }
}

fn text(form: Form, items: Vec<Value>, columns: &[Column]) -> String {
    let titles = columns.iter().map(|(title, _)| (*title).to_owned());
    let cells = |item: &Value, absent: &str| -> Vec<String> {
        columns.iter().map(|(_, pointer)| item.pointer(pointer).map_or_else(|| absent.to_owned(), cell)).collect()
    };
    match form {
        Form::Json => format!("{:#}", Value::Array(items)),
        Form::Yaml => yaml::write(&Value::Array(items)),
        Form::Csv => {
            let rows = items.iter().map(|item| cells(item, ""));
            std::iter::once(titles.collect()).chain(rows).map(|row: Vec<String>| csv(&row)).collect()
        }
        Form::Table if items.is_empty() => "none".to_owned(),
        Form::Table => {
            let mut table = Table::new();
            table.load_style(UTF8_FULL_CONDENSED).set_header(titles);
            // Wrapped on a terminal, and whole lines in a file.
            if let Some((Width(columns), _)) = terminal_size_of(std::io::stdout()) {
                table.set_content_arrangement(ContentArrangement::Dynamic).set_width(columns);
            }
            for item in &items {
                table.add_row(cells(item, "-").iter().map(|text| printable(text)));
            }
            table.to_string()
        }
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(value) => if *value { "yes" } else { "no" }.to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(cell).collect::<Vec<_>>().join(", "),
        Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

/// A row of CSV.
fn csv(cells: &[String]) -> String {
    let quoted = cells.iter().map(|cell| {
        if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.clone() }
    });
    quoted.collect::<Vec<_>>().join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const COLUMNS: [Column; 3] = [("name", "/name"), ("ready", "/ready"), ("open", "/counts/open")];

    fn items() -> Vec<Value> {
        vec![
            json!({ "name": "a,\"b\"", "ready": true, "counts": { "open": 3 } }),
            json!({ "name": "\u{1b}[31mred", "ready": false }),
        ]
    }

    #[test]
    fn programs_are_given_all_fields_and_people_the_columns() {
        assert_eq!(
            text(Form::Csv, items(), &COLUMNS),
            "name,ready,open\r\n\"a,\"\"b\"\"\",yes,3\r\n\u{1b}[31mred,no,\r\n"
        );
        let json: Value = serde_json::from_str(&text(Form::Json, items(), &COLUMNS)).unwrap();
        assert_eq!(json, Value::Array(items()));
        let yaml = text(Form::Yaml, items(), &COLUMNS);
        assert!(yaml.starts_with("- counts:\n    open: 3\n  name: \"a,\\\"b\\\"\"\n"), "{yaml}");
        assert_eq!(text(Form::Table, Vec::new(), &COLUMNS), "none");
    }

    #[test]
    fn a_terminal_does_not_obey_what_stands_in_a_table() {
        let table = text(Form::Table, items(), &COLUMNS);
        assert!(table.contains("\\u{1b}[31mred") && !table.contains('\u{1b}'), "{table}");
        assert!(table.contains(" - "), "what is absent has a dash: {table}");
    }
}
