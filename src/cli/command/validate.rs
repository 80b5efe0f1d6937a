//! `sheaf validate`: checks the configuration, the topology and the template, without a broker.

use std::process::ExitCode;

use crate::app::{self, ApplicationSpec, Assembly};
use crate::cli::exit::Failure;
use crate::cli::load::{self, ConfigArgs, Loaded};
use crate::cli::output::{print_stderr, print_stdout};
use crate::topology::Topology;
use crate::topology::spec::Bundle;

/// Check the configuration, the topology and the template, and report all problems
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each problem is reported with its file, line and a hint. The template is rendered with sample bundles: in time and \
late, with few and many children. A template at s3:// is read from its bucket, with the credentials of AWS's \
environment; nothing else is connected to. Warnings are what only some bundles may fail of. Exit code 0 without an \
error, 78 otherwise.")]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn main(args: &Args) -> Result<ExitCode, Failure> {
    let Loaded { config, specs, .. } = load::load(&args.config)?;
    let assemblies = Assembly::all(&specs)?;
    let templates = |spec: &ApplicationSpec| {
        spec.file.check().map(|findings| findings.iter().map(ToString::to_string).collect::<Vec<String>>())
    };
    let mut failures = Vec::new();
    for checked in specs.iter().map(templates).chain([app::preflight(&config)]) {
        match checked.map_err(Failure::from) {
            Ok(warnings) => warnings.iter().for_each(|warning: &String| print_stderr(&format!("warning: {warning}"))),
            Err(failure) => failures.push(failure),
        }
    }
    // Of deliveries and of the calls of flows.
    let used: Vec<String> = specs.iter().flat_map(|spec| spec.file.spec.sinks()).collect();
    let delivered_to = used.iter().map(String::as_str);
    let topologies = assemblies.iter().map(|assembly| &assembly.topology);
    for warning in app::check_routes(&config, topologies, &delivered_to.collect()) {
        print_stderr(&format!("warning: {warning}"));
    }
    for warning in app::shared_folders(&specs) {
        print_stderr(&format!("warning: {warning}"));
    }
    Failure::all(failures)?;
    for (spec, Assembly { topology, .. }) in specs.iter().zip(&assemblies) {
        summary(spec, topology);
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what an application does.
fn summary(ApplicationSpec { config, file, .. }: &ApplicationSpec, topology: &Topology) {
    let sources: Vec<&str> = topology.sources.iter().map(|source| source.topic.as_str()).collect();
    let routes: Vec<String> =
        config.alerts.routes.iter().map(|route| format!("{} (sink {})", route.name, route.to)).collect();
    print_stdout(&format!("ok: application {}, topology {}", config.application_id, file.spec.name));
    print_stdout(&format!("    reads {}", sources.join(", ")));
    let together = file.spec.bundle().map(Bundle::counted_together).unwrap_or_default();
    if !together.is_empty() {
        print_stdout(&format!("    counts the children of {} together: two of", together.join(" and ")));
        print_stdout("    one are taken for one of each, unless `bundle.members` gives a name and a number to each");
    }
    for delivery in file.spec.deliveries() {
        let Some(template) = file.template(delivery) else { continue };
        let (to, name, revision) = (delivery.kind.destination(), template.name(), template.revision());
        print_stdout(&format!("    submits to {to} with {name} (revision {revision})"));
    }
    if !routes.is_empty() {
        let routes = routes.join(", ");
        print_stdout(&format!("    tells people of alerts by {routes}; `sheaf alerts test` sends a message"));
    }
}
