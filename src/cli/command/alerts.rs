//! `sheaf alerts`: the messages to people about alerts.

use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use clap::Subcommand;

use crate::app::{self, Assembly, Calls, NOTIFICATION, Secrets, TestMessage};
use crate::cli::exit::Failure;
use crate::cli::load::{self, ConfigArgs, Loaded};
use crate::cli::output::print_stdout;
use crate::codec::yaml::closest;
use crate::config::{AlertRoute, Config, SinkKind, WebhookFormat};
use crate::model::{Act, ActSlot, Clock as _, Execution, Key, Sink as _, TaskId, Verdict};
use crate::processor::call::Answer;
use crate::runtime::SystemClock;
use crate::sink::Sinks;

/// Tell people of alerts: test the routes
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Send a test message through each route of alerts.routes, or through one, and print the answers
    Test(Test),
}

/// Options of `sheaf alerts test`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The message has one alert of the kind `test`, in the format of the route's sink. Nothing but the sinks is connected to. A \
message that is not taken is not repeated.

  sheaf alerts test -c sheaf.yaml                  all routes
  sheaf alerts test ops -c sheaf.yaml              the route `ops`

docs/alerts.md describes routes, sinks and formats. Exit code 0 when each message was taken, 1 when one was not, 78 when the \
configuration is invalid or has no such route.")]
pub(super) struct Test {
    /// The route; without it all routes
    #[arg(value_name = "ROUTE")]
    route: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

/// The longest time until a sink reports an outcome, beyond its own time-out.
const PATIENCE: Duration = Duration::from_mins(5);

pub(super) fn main(command: &Command) -> Result<ExitCode, Failure> {
    let Command::Test(Test { route, config }) = command;
    let Loaded { config, specs, .. } = load::load(config)?;
    let routes = chosen(&config, route.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let metrics = Assembly::process_metrics(&config, &Assembly::all(&specs)?)?;
    let calls = Calls { handle: runtime.handle().clone(), clock: Arc::new(SystemClock), metrics };
    let sinks = app::sinks(&config, &Arc::new(Secrets::new(runtime.handle())), &calls)?;
    let width = routes.iter().map(|route| route.name.len()).max().unwrap_or_default();
    let mut all_taken = true;
    for route in routes {
        let Some(message) = app::test_message(&config, &route.name, SystemClock.now()) else { continue };
        let (is_taken, text) = told(&send(&sinks, message));
        let word = if is_taken { "ok  " } else { "FAIL" };
        print_stdout(&format!("{word}  {:width$}  {}: {text}", route.name, described(&config, route)));
        all_taken &= is_taken;
    }
    Ok(if all_taken { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The routes to test.
fn chosen<'c>(config: &'c Config, name: Option<&str>) -> Result<Vec<&'c AlertRoute>, Failure> {
    let routes = &config.alerts.routes;
    if routes.is_empty() {
        let text = "error: alerts.routes is empty, so nobody is told of alerts: add `routes: [ { to: SINK } ]` (docs/alerts.md)";
        return Err(Failure::Configuration(text.to_owned()));
    }
    let Some(name) = name else { return Ok(routes.iter().collect()) };
    let found: Vec<&AlertRoute> = routes.iter().filter(|route| route.name == name).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let names: Vec<&str> = routes.iter().map(|route| route.name.as_str()).collect();
    let hint = closest(name, names.iter().copied()).unwrap_or_else(|| format!("routes: {}", names.join(", ")));
    Err(Failure::Configuration(format!("error: alerts.routes has no route `{name}`; {hint}")))
}

/// Sends a message, and waits for the verdict.
fn send(sinks: &Sinks, TestMessage { to, request }: TestMessage) -> Verdict {
    let (report, outcome) = mpsc::channel();
    let (slot, valid_for, request) = (ActSlot(0), Duration::MAX, request.encode());
    let act = Act { slot, attempt: 1, to, valid_for, request };
    let task = TaskId { processor: NOTIFICATION.into(), partition: 0 };
    // Nobody receives it after the time-out.
    let done = Box::new(move |outcome| drop(report.send(outcome)));
    sinks.execute(Execution { task, key: Key::new("test"), act, expires_at: Duration::MAX, trace: None }, done);
    match outcome.recv_timeout(PATIENCE) {
        Ok(outcome) => outcome.verdict,
        Err(_no_outcome) => Verdict::Unknown(format!("no outcome within {PATIENCE:?}")),
    }
}

/// True if the message was taken, and the answer as text.
fn told(verdict: &Verdict) -> (bool, String) {
    let answer = match verdict {
        Verdict::Answered(answer) => answer,
        Verdict::NotSent(detail) | Verdict::Suspended(detail) => return (false, format!("not sent: {detail}")),
        Verdict::Unknown(detail) => return (false, format!("not known whether it was taken: {detail}")),
        Verdict::Inherited => return (false, "not known whether it was taken".to_owned()),
    };
    match serde_json::from_str(answer) {
        Ok(Answer::Executed { detail }) => (true, detail),
        Ok(Answer::Refused { detail }) => (false, format!("refused: {detail}")),
        Ok(Answer::Busy { detail, .. }) => (false, format!("not taken now: {detail}")),
        Err(error) => (false, format!("the answer cannot be read: {error}")),
    }
}

/// The sink of a route, in a few words.
fn described(config: &Config, route: &AlertRoute) -> String {
    match config.sinks.0.get(&route.to) {
        Some(SinkKind::Webhook(webhook)) => {
            let format = match webhook.format {
                WebhookFormat::Generic => "generic",
                WebhookFormat::Slack => "slack",
                WebhookFormat::PagerDuty => "pagerduty",
            };
            format!("webhook {} ({format})", route.to)
        }
        Some(SinkKind::Smtp(smtp)) => {
            format!("mail {} by {}:{} to {}", route.to, smtp.host, smtp.port, smtp.to.join(", "))
        }
        None => route.to.clone(),
    }
}
