//! `sheaf render`: the definition of one bundle, without sending it.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::app::{self, RenderError};
use crate::cli::exit::Failure;
use crate::cli::output::{print_stderr, print_stdout};
use crate::template::Severity;
use crate::testing::scenario::pretty;

/// Render a template for one bundle, and check the definition, without sending it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The bundle is the value of a record of the topic <application_id>-submissions:

  {
    \"bundle_id\": \"018f3c1e\",
    \"parent\": { \"id\": \"018f3c1e\", \"description\": \"the parent's event\" },
    \"children\": [ { \"id\": \"c1\", \"parent_id\": \"018f3c1e\" } ],
    \"first_event_at\": \"2026-01-31T09:30:00Z\",
    \"completed_at\": \"2026-01-31T10:30:00Z\",
    \"late\": false
  }

Of a folder that waits (`submit: progressive`) it is one of <application_id>-openings: { \"bundle_id\": \"..\", \"events\": [ \"parent-..\" ] }.

With \"names\": [ \"payment\", .. ], one for each child, `members` has the children by name.

  sheaf render templates/bundle.json --bundle bundle.json
  sheaf render templates/order.json --bundle bundle.json --topology topologies/order.yaml
  sheaf render s3://templates/bundle.json --bundle - < bundle.json | jq .

The definition is printed on standard output, and what is found in it on standard error, each with its place and what to do: \
an error would keep it from being sent. Exit code 0 without an error, 78 otherwise. `sheaf validate` renders with sample \
bundles; docs/delivery.md has the rules.")]
pub(super) struct Args {
    /// The template: a path, or `s3://BUCKET/KEY`
    #[arg(value_name = "TEMPLATE")]
    template: PathBuf,
    /// File with the bundle as JSON; - for standard input
    #[arg(short = 'b', long, value_name = "FILE")]
    bundle: PathBuf,
    /// Topology file with the server, the retention and the external events; otherwise the server is `controlm`
    #[arg(short = 't', long, value_name = "FILE")]
    topology: Option<PathBuf>,
}

pub(super) fn main(args: &Args) -> Result<ExitCode, Failure> {
    let bundle = if args.bundle == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes)?;
        bytes
    } else {
        read(&args.bundle)?
    };
    let topology = match &args.topology {
        Some(path) => Some((path.display().to_string(), read(path)?)),
        None => None,
    };
    let topology = topology.as_ref().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    let preview = app::render(&args.template, topology, &bundle)?;
    match pretty(&preview.definition) {
        Some(lines) => lines.iter().for_each(|line| print_stdout(line)),
        None => print_stdout(&preview.definition),
    }
    let mut is_refused = false;
    for finding in &preview.findings {
        let is_error = finding.severity == Severity::Error;
        is_refused |= is_error;
        print_stderr(&format!("{}: {finding}", if is_error { "error" } else { "warning" }));
    }
    if is_refused {
        let why = "the definition would not be sent".to_owned();
        return Err(Failure::Configuration(why));
    }
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path)
        .map_err(|error| Failure::Configuration(format!("error: {} cannot be read: {error}", path.display())))
}

impl From<RenderError> for Failure {
    fn from(error: RenderError) -> Self {
        match error {
            RenderError::Topology(problems) => problems.into(),
            other @ (RenderError::Template(_)
            | RenderError::TopologyText { .. }
            | RenderError::NoDelivery { .. }
            | RenderError::Bundle(_)) => Self::Configuration(format!("error: {other}")),
        }
    }
}
