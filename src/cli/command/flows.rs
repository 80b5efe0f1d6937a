//! `sheaf flows`: lists and shows flows and the tasks of people, and sends commands to them.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Subcommand;

use super::entries::{FLOWS, List, Show, TASKS};
use super::entry_command::{Arguments, Choice, EntryArgs, Order, SendingArgs, send, send_to};
use crate::cli::exit::Failure;
use crate::cli::load;
use crate::processor::flow::commands::{
    CANCEL, CLAIM, COMMANDS, COMPLETE, DATA, DOWNSTREAM, FAIL, FLOW, REASON, REASSIGN, RERUN, RESULT, SKIP, START,
    STEP, TO,
};

/// List and show flows and the tasks of people; claim and complete tasks, rerun and skip steps, cancel flows
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List flows by status: running, held, ended
    List(ListFlows),
    /// List the tasks that wait for a person
    Tasks(ListTasks),
    /// Tell the story of one flow: its steps, what it waits for, what can be done
    Show(ShowFlow),
    /// Begin a flow, as the message of its `start` does
    Start(Start),
    /// Take a task: others see who does it
    Claim(OfStep),
    /// Give a task to another person
    Reassign(Reassign),
    /// Answer a step that waits or is held: it is done
    Complete(Complete),
    /// Say that a step cannot be done, as if its worker had refused it
    Fail(Fail),
    /// Have a step or a stage begin again, also after the end of the flow
    Rerun(Rerun),
    /// Go on without a step or a stage
    Skip(OfStep),
    /// End flows as they are; nothing is undone
    Cancel(Cancel),
}

/// Options of `sheaf flows list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A flow is `open/running`, `open/held` (a step is in trouble that nothing handles), or `closed/completed`, `closed/failed`,
`closed/cancelled`. An open one is listed by a step too: `at/FLOW/DEFINITION/STEP`, `held/..` or `human/..`.

  sheaf flows list --status held
  sheaf flows list --filter flow=payment --filter step=charge
  sheaf flows list --status closed --limit 20 -o json")]
pub(super) struct ListFlows {
    #[command(flatten)]
    list: List,
}

/// Options of `sheaf flows tasks`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  sheaf flows tasks --filter role=courier
  sheaf flows tasks --filter person=ann
  sheaf flows claim o-1 --step deliver -c sheaf.yaml")]
pub(super) struct ListTasks {
    #[command(flatten)]
    list: List,
}

/// Options of `sheaf flows show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  sheaf flows show o-1
  sheaf flows show o-1 -o json     with all fields; of a staged template its instance document too")]
pub(super) struct ShowFlow {
    #[command(flatten)]
    show: Show,
}

/// Options of `sheaf flows start`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
It begins exactly once for a key: the same data again changes nothing, and other data is refused.

  sheaf flows start o-7 --flow NOODLES -c sheaf.yaml
  sheaf flows start t-1 --data '{\"refId\": \"o-1\", \"amount\": 15}' -c sheaf.yaml")]
pub(super) struct Start {
    /// The key of the flow
    #[arg(value_name = "KEY")]
    key: String,
    /// The name of the flow, of a staged template its component; needed if there are several
    #[arg(long, value_name = "NAME")]
    flow: Option<String>,
    /// The data, a JSON object; by default an empty one
    #[arg(long, value_name = "JSON")]
    data: Option<String>,
    #[command(flatten)]
    sending: SendingArgs,
}

/// Options of a command to a step.
#[derive(Debug, clap::Args)]
pub(super) struct OfStep {
    #[command(flatten)]
    flows: EntryArgs,
    /// The step, or STAGE/STEP where several have its name
    #[arg(long, value_name = "STEP")]
    step: String,
}

/// Options of `sheaf flows reassign`.
#[derive(Debug, clap::Args)]
pub(super) struct Reassign {
    #[command(flatten)]
    task: OfStep,
    /// The person
    #[arg(long, value_name = "NAME")]
    to: String,
}

/// Options of `sheaf flows complete`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  sheaf flows complete o-1 --step deliver -c sheaf.yaml
  sheaf flows complete t-1 --step credit --result '{\"remainingAmount\": 10}' -c sheaf.yaml --why 'by telephone'")]
pub(super) struct Complete {
    #[command(flatten)]
    task: OfStep,
    /// The result, a JSON object; by default an empty one
    #[arg(long, value_name = "JSON")]
    result: Option<String>,
}

/// Options of `sheaf flows fail`.
#[derive(Debug, clap::Args)]
pub(super) struct Fail {
    #[command(flatten)]
    task: OfStep,
    /// Why, for people; by default the reason of the audit
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Options of `sheaf flows rerun`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A step that begins again sends its message once more, as a new attempt; an answer to the former one changes nothing.

  sheaf flows rerun t-1 --step charge -c sheaf.yaml --why 'the card service is back'
  sheaf flows rerun o-1 --step KITCHEN --downstream -c sheaf.yaml --why 'wrong dish'
  sheaf flows rerun --status held --filter step=charge --step charge --yes -c sheaf.yaml --why 'the card service is back'")]
pub(super) struct Rerun {
    #[command(flatten)]
    task: OfStep,
    /// What comes after it begins again too
    #[arg(long)]
    downstream: bool,
}

/// Options of `sheaf flows cancel`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Until the flow is forgotten (`keep_closed`, 7 days) `sheaf flows rerun` opens it again.

  sheaf flows cancel o-1 -c sheaf.yaml --why 'the customer has gone'")]
pub(super) struct Cancel {
    #[command(flatten)]
    flows: EntryArgs,
}

pub(super) fn main(command: &Command) -> Result<ExitCode, Failure> {
    let (name, flows, arguments): (&str, &EntryArgs, Vec<(&str, &str)>) = match command {
        Command::List(ListFlows { list }) => return list.run(&FLOWS, &["open"]),
        Command::Tasks(ListTasks { list }) => return list.run(&TASKS, &["human"]),
        Command::Show(ShowFlow { show }) => return show.run(&FLOWS),
        Command::Start(Start { key, flow, data, sending }) => {
            let named = flow.iter().map(|name| (FLOW.to_owned(), name.clone()));
            let arguments = named.chain(data.iter().map(|data| (DATA.to_owned(), data.clone()))).collect();
            let order = Order { kind: &FLOWS, specs: COMMANDS, name: START, arguments: Arguments::Same(arguments) };
            let spec = load::only(&sending.topology)?;
            return send_to(sending, &spec, &Choice::of(vec![key.clone()]), &order);
        }
        Command::Claim(OfStep { flows, step }) => (CLAIM, flows, vec![(STEP, step)]),
        Command::Skip(OfStep { flows, step }) => (SKIP, flows, vec![(STEP, step)]),
        Command::Reassign(Reassign { task: OfStep { flows, step }, to }) => {
            (REASSIGN, flows, vec![(STEP, step), (TO, to)])
        }
        Command::Complete(Complete { task: OfStep { flows, step }, result }) => (
            COMPLETE,
            flows,
            [(STEP, step.as_str())].into_iter().chain(result.iter().map(|it| (RESULT, it.as_str()))).collect(),
        ),
        Command::Fail(Fail { task: OfStep { flows, step }, reason }) => (
            FAIL,
            flows,
            [(STEP, step.as_str())].into_iter().chain(reason.iter().map(|it| (REASON, it.as_str()))).collect(),
        ),
        Command::Rerun(Rerun { task: OfStep { flows, step }, downstream }) => {
            (RERUN, flows, vec![(STEP, step), (DOWNSTREAM, if *downstream { "yes" } else { "no" })])
        }
        Command::Cancel(Cancel { flows }) => (CANCEL, flows, Vec::new()),
    };
    let arguments = arguments.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let arguments = Arguments::Same(arguments.collect::<BTreeMap<_, _>>());
    send(flows, &Order { kind: &FLOWS, specs: COMMANDS, name, arguments })
}
