//! `sheaf doctor`: what keeps an instance from working here, each with its remedy. Every check is made, whatever the others find.
//!
//! | file | checks |
//! |---|---|
//! | `finding` | what a check finds |
//! | `setup` | configuration, topologies, templates, secrets |
//! | `kafka` | the cluster, topics, rights, clocks |
//! | `host` | versions, disk, port |
//! | `service` | what is called: Control-M, webhooks, mail servers |

mod finding;
mod host;
mod kafka;
mod service;
mod setup;

use std::process::ExitCode;

use serde_json::json;

use crate::app::Secrets;
use crate::cli::exit::Failure;
use crate::cli::load::ConfigArgs;
use crate::cli::output::{Column, OutputArgs};
use finding::{Finding, Verdict};

/// Check what an instance needs here: configuration, Kafka, rights, topics, clocks, disk, secrets, sinks
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Run it where the instance will run, as its user. It changes nothing: no topic is created, no record written, no job submitted. Each check
waits for some seconds at most. Exit code 0 if nothing has failed, 1 otherwise; warnings do not count.

  sheaf doctor -c sheaf.yaml
  sheaf doctor -c sheaf.yaml -o json | jq '.[] | select(.result == \"fail\")'")]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    output: OutputArgs,
}

const COLUMNS: [Column; 4] = [("check", "/check"), ("result", "/result"), ("detail", "/detail"), ("remedy", "/remedy")];

pub(super) fn main(args: &Args) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut findings = vec![host::versions()];
    if let Some(config) = setup::config(&args.config, &mut findings) {
        let secrets = Secrets::new(runtime.handle());
        let assembled = setup::applications(&config, &mut findings);
        setup::secrets(&config, &secrets, &mut findings);
        kafka::check(&config, &assembled, &secrets, &mut findings);
        host::disk(&config, &mut findings);
        host::port(&config, &mut findings);
        service::check(&config, &secrets, &mut findings);
    }
    let failed = findings.iter().filter(|finding| finding.verdict == Verdict::Fail).count();
    let item = |Finding { check, verdict, detail, remedy }: Finding| match remedy {
        Some(remedy) => json!({ "check": check, "result": verdict.as_str(), "detail": detail, "remedy": remedy }),
        None => json!({ "check": check, "result": verdict.as_str(), "detail": detail }),
    };
    args.output.print(findings.into_iter().map(item).collect(), &COLUMNS);
    // Not waited for: a call that hangs was given up already.
    runtime.shutdown_background();
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
