//! The entries that a command is about: those that are named, or those that a running instance finds.

use std::collections::BTreeSet;
use std::io::{BufRead, IsTerminal as _, Write as _};

use serde_json::Value;

use super::order::{Arguments, Order, SendingArgs};
use super::tally::listed;
use crate::cli::command::entries::{Found, Selection};
use crate::cli::exit::Failure;
use crate::cli::output::{OutputArgs, print_stderr};
use crate::cli::remote::RemoteArgs;
use crate::processor::CommandSpec;

/// The ids that a preview names.
const NAMED_MAX: usize = 10;

/// The options that choose the entries of a command.
#[derive(Debug, clap::Args)]
pub(in crate::cli::command) struct ChoiceArgs {
    /// The entries, as lists and alerts name them; `-` reads them from standard input, one a line. Or choose them by --status, --text and
    /// --filter, with the meaning that they have for `list`: a running instance is asked for them
    #[arg(value_name = "ID", conflicts_with_all = ["status", "text", "filters"])]
    ids: Vec<String>,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// The chosen entries.
#[derive(Debug, Default)]
pub(in crate::cli::command) struct Choice {
    /// Their keys, each once.
    pub keys: Vec<String>,
    /// The entries, if an instance has found them.
    items: Vec<Value>,
    /// True if an instance has found them, and some partitions have not answered.
    pub(super) is_incomplete: bool,
}

impl Choice {
    /// These entries.
    pub(in crate::cli::command) fn of(keys: Vec<String>) -> Self {
        Self { keys, ..Self::default() }
    }
}

impl ChoiceArgs {
    /// The keys that are named, or those of the entries that an instance finds, by default those that the command changes.
    pub(in crate::cli::command) fn choose(
        &self,
        sending: &SendingArgs,
        order: &Order<'_>,
        application: &String,
    ) -> Result<Choice, Failure> {
        if !self.ids.is_empty() {
            return Ok(Choice::of(self.named()?));
        }
        if self.selection.is_empty() {
            let text = "error: name the entries, or choose them with --status, --text or --filter (see --help)";
            return Err(Failure::Usage(text.to_owned()));
        }
        let statuses = order.specs.iter().find(|spec: &&CommandSpec| spec.name == order.name);
        let question = self.selection.question(order.kind, statuses.map_or(&[], |spec| spec.statuses))?;
        let question = question.with("application", Some(application));
        let Found { items, notes, is_incomplete } =
            self.remote.ask(async |client| question.ask(&client, sending.limit).await)?;
        for note in notes {
            print_stderr(&note);
        }
        let keys = items.iter().filter_map(|item| item.get("key")?.as_str().map(str::to_owned)).collect();
        Ok(Choice { keys, items, is_incomplete })
    }

    fn named(&self) -> Result<Vec<String>, Failure> {
        let mut named = Vec::new();
        for id in &self.ids {
            if id == "-" {
                named.extend(lines(std::io::stdin().lock())?);
            } else {
                named.push(id.clone());
            }
        }
        let mut seen = BTreeSet::new();
        named.retain(|id| seen.insert(id.clone()));
        if named.is_empty() {
            return Err(Failure::Usage("error: there is no id to send the command to".to_owned()));
        }
        Ok(named)
    }
}

/// The keys of a text, one a line: all of it, because keys of flows, of traces and of schedules may have blanks.
fn lines(text: impl BufRead) -> std::io::Result<Vec<String>> {
    let mut keys = Vec::new();
    for line in text.lines() {
        keys.extend(Some(line?.trim()).filter(|line| !line.is_empty()).map(str::to_owned));
    }
    Ok(keys)
}

/// Tells what would be sent, and asks if the entries are several or were found; false: nothing is to be sent.
pub(super) fn is_agreed(
    args: &SendingArgs,
    choice: &Choice,
    order: &Order<'_>,
    application: &str,
) -> Result<bool, Failure> {
    let Choice { keys, items, .. } = choice;
    if keys.len() == 1 && items.is_empty() && !args.dry_run {
        return Ok(true);
    }
    let named = if args.dry_run && !items.is_empty() {
        OutputArgs::TABLE.print(items.clone(), order.kind.columns);
        "those above".to_owned()
    } else {
        let named = keys.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = keys.len().saturating_sub(NAMED_MAX);
        if more > 0 { format!("{named} and {more} more") } else { named }
    };
    let arguments = match &order.arguments {
        Arguments::Same(arguments) => listed(arguments),
        Arguments::Each { .. } => String::new(),
    };
    let (name, entries) = (order.name, order.kind.entries);
    print_stderr(&format!("{name}{arguments} of {} {entries} of application {application}: {named}", keys.len()));
    if args.dry_run {
        print_stderr("nothing is sent (--dry-run)");
        return Ok(false);
    }
    if args.yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        let text =
            "error: this is a command to several entries, or to those that a filter finds: add --yes, or --dry-run";
        return Err(Failure::Usage(text.to_owned()));
    }
    let (Ok(()) | Err(_)) = write!(std::io::stderr(), "Go on? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn a_line_is_a_whole_key() {
        let text = "018f3c1e\n  o-1\r\n\ncart 1|{\"ref\": \"7\"}\n";
        assert_eq!(lines(text.as_bytes()).unwrap(), ["018f3c1e", "o-1", "cart 1|{\"ref\": \"7\"}"]);
    }
}
