//! `sheaf bundles`: lists and shows bundles, and sends commands to them.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::str::FromStr;

use clap::Subcommand;
use jiff::SignedDuration;

use super::entries::{BUNDLES, List, Show};
use super::entry_command::{Arguments, EntryArgs, Order, send};
use crate::cli::exit::Failure;
use crate::model::{Clock as _, Timestamp};
use crate::processor::bundle::command::{CANCEL, COMMANDS, COMPLETE, EXTEND, REOPEN, UNTIL};
use crate::runtime::SystemClock;

/// List and show bundles; cancel, complete, extend or reopen them
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List bundles by status, in the order of their deadlines
    List(ListBundles),
    /// Tell the story of one bundle: what it waits for, what happened, what can be done
    Show(ShowBundle),
    /// List bundles every two seconds
    Watch(WatchBundles),
    /// End incomplete bundles without a submission
    Cancel(Cancel),
    /// Submit incomplete bundles with the members that are there
    Complete(Complete),
    /// Move the deadline of incomplete bundles
    Extend(Extend),
    /// Let cancelled or expired bundles gather on, with the members that they had
    Reopen(Reopen),
}

/// Options of `sheaf bundles list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Any instance answers for all of them. A bundle that waits has a status such as `open/waiting-parent`, and after its deadline
`breached/waiting-parent`; others are `closed`, `cancelled` or `expired`.

  sheaf bundles list --status waiting-parent --limit 50
  sheaf bundles list --status breached -o csv
  sheaf bundles list --status open --until 2026-11-29T18:00:00Z     due by then")]
pub(super) struct ListBundles {
    #[command(flatten)]
    list: List,
}

/// Options of `sheaf bundles show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  sheaf bundles show 018f3c1e-7d1e-7aaa-bbbb-0123456789ab
  sheaf bundles show 018f3c1e-7d1e-7aaa-bbbb-0123456789ab -o json     with all fields")]
pub(super) struct ShowBundle {
    #[command(flatten)]
    show: Show,
}

/// Options of `sheaf bundles watch`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
It is `sheaf bundles list --watch`.

  sheaf bundles watch --status breached")]
pub(super) struct WatchBundles {
    #[command(flatten)]
    list: List,
}

/// Options of `sheaf bundles cancel`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Its members are kept for `keep_closed` (7 days): until then `sheaf bundles reopen` undoes it. What comes meanwhile comes too late.

  sheaf bundles cancel 018f3c1e-7d1e-7aaa-bbbb-0123456789ab -c sheaf.yaml --why 'the day was booked twice'
  sheaf bundles cancel --text test- --dry-run                         list which ones it would cancel
  cut -f1 ids.tsv | sheaf bundles cancel - --yes --why 'test data'")]
pub(super) struct Cancel {
    #[command(flatten)]
    entries: EntryArgs,
}

/// Options of `sheaf bundles complete`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The submission has what is there; without its parent it has `\"parent\":null`. It is delivered as every other one, which cannot be taken back.

  sheaf bundles complete 018f3c1e-7d1e-7aaa-bbbb-0123456789ab -c sheaf.yaml --why 'the third file will not come'")]
pub(super) struct Complete {
    #[command(flatten)]
    entries: EntryArgs,
}

/// Options of `sheaf bundles extend`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A bundle that has breached its deadline is open again until the new one, and expires as much later.

  sheaf bundles extend 018f3c1e-7d1e-7aaa-bbbb-0123456789ab --until +6h -c sheaf.yaml --why 'the bank is late'
  sheaf bundles extend 018f3c1e-7d1e-7aaa-bbbb-0123456789ab --until 2026-12-01T06:00:00Z -c sheaf.yaml
  sheaf bundles extend --status breached --until +6h --yes --why 'the bank is late'      all that are late")]
pub(super) struct Extend {
    #[command(flatten)]
    entries: EntryArgs,
    /// The deadline: a time (RFC 3339), or `+6h` from now
    #[arg(long, value_name = "TIME")]
    until: Until,
}

/// Options of `sheaf bundles reopen`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  sheaf bundles reopen 018f3c1e-7d1e-7aaa-bbbb-0123456789ab --until +12h -c sheaf.yaml --why 'the rest comes today'")]
pub(super) struct Reopen {
    #[command(flatten)]
    entries: EntryArgs,
    /// The deadline: a time (RFC 3339), or `+6h` from now; without one the SLA of the topology from now
    #[arg(long, value_name = "TIME")]
    until: Option<Until>,
}

/// A time, or a duration from now.
#[derive(Clone, Copy, Debug)]
struct Until(Timestamp);

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(after) = text.strip_prefix('+') else {
            return text.parse().map(Self).map_err(|error| format!("write {error}, or +6h"));
        };
        let after: SignedDuration = after.parse().map_err(|error| format!("{error}: write +6h or +90m"))?;
        Ok(Self(SystemClock.now().saturating_add(after.unsigned_abs())))
    }
}

pub(super) fn main(command: &Command) -> Result<ExitCode, Failure> {
    let (entries, name, until) = match command {
        Command::List(ListBundles { list }) => return list.run(&BUNDLES, &[]),
        Command::Watch(WatchBundles { list }) => return list.watch(&BUNDLES),
        Command::Show(ShowBundle { show }) => return show.run(&BUNDLES),
        Command::Cancel(Cancel { entries }) => (entries, CANCEL, None),
        Command::Complete(Complete { entries }) => (entries, COMPLETE, None),
        Command::Extend(Extend { entries, until }) => (entries, EXTEND, Some(*until)),
        Command::Reopen(Reopen { entries, until }) => (entries, REOPEN, *until),
    };
    let arguments: BTreeMap<_, _> = until.map(|Until(at)| (UNTIL.to_owned(), at.to_string())).into_iter().collect();
    send(entries, &Order { kind: &BUNDLES, specs: COMMANDS, name, arguments: Arguments::Same(arguments) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_a_time_or_a_duration_from_now() {
        let Until(at) = "2026-12-01T06:00:00+01:00".parse().unwrap();
        assert_eq!(at.to_string(), "2026-12-01T05:00:00.000Z");
        let Until(later) = "+6h".parse().unwrap();
        let hours = later.since(SystemClock.now()).as_secs_f64() / 3_600.0;
        assert!((5.9..6.1).contains(&hours), "{hours}");
        for wrong in ["tomorrow", "6h", "+soon", ""] {
            assert!(wrong.parse::<Until>().unwrap_err().contains("write "), "{wrong}");
        }
    }
}
