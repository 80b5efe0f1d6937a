//! The configuration, the topologies with their templates, and the secrets.

use super::finding::Finding;
use crate::app::{self, ApplicationSpec, Assembly, Secrets};
use crate::cli::exit::Failure;
use crate::cli::load::{ConfigArgs, Inputs};
use crate::config::Config;

/// The configuration; `None` if it cannot be read.
pub(super) fn config(args: &ConfigArgs, findings: &mut Vec<Finding>) -> Option<Config> {
    match Inputs::read(args).and_then(|inputs| inputs.config()) {
        Ok(config) => {
            let detail = format!("application {}, instance {}", config.application_id, config.instance_id);
            findings.push(Finding::ok("configuration", detail));
            Some(config)
        }
        Err(failure) => {
            let remedy = "correct it (`sheaf validate` shows each place); the other checks need it";
            findings.push(Finding::fail("configuration", failure.text().trim_end(), remedy));
            None
        }
    }
}

/// The applications with their assemblies; none if a file has mistakes.
pub(super) fn applications(config: &Config, findings: &mut Vec<Finding>) -> Vec<(ApplicationSpec, Assembly)> {
    let assembled = ApplicationSpec::all(config).and_then(|specs| {
        let assemblies = Assembly::all(&specs)?;
        let warnings = specs.iter().map(|spec| Ok(spec.file.check()?.len())).sum::<Result<usize, app::Error>>()?;
        Ok((specs.into_iter().zip(assemblies).collect::<Vec<_>>(), warnings))
    });
    match assembled {
        Ok((assembled, warnings)) => {
            let names: Vec<&str> = assembled.iter().map(|(spec, _)| spec.topology()).collect();
            findings.push(Finding::ok("topologies", names.join(", ")));
            if warnings > 0 {
                let detail = format!("{warnings} warnings: some bundles may fail");
                findings.push(Finding::warning("templates", detail, "`sheaf validate` tells which and why"));
            }
            assembled
        }
        Err(error) => {
            let text = Failure::from(error).text();
            findings.push(Finding::fail("topologies", text.trim_end(), "correct the files that `topologies` names"));
            Vec::new()
        }
    }
}

/// The secrets, each read from its source, and what can be told of the client's properties.
pub(super) fn secrets(config: &Config, secrets: &Secrets, findings: &mut Vec<Finding>) {
    let mut read = 0_usize;
    for (setting, reference) in app::references(config).iter().filter(|(_, reference)| reference.is_to_secret()) {
        match secrets.resolve(setting, reference) {
            Ok(_) => read += 1,
            Err(error) => {
                let remedy = "put the secret there, and give this user and role the right to read it";
                findings.push(Finding::fail("secrets", error.to_string(), remedy));
            }
        }
    }
    if read > 0 {
        findings.push(Finding::ok("secrets", format!("{read} can be read")));
    }
    match app::preflight(config) {
        Ok(warnings) => {
            let is_told = |text: &String| text.contains("an instance does not start like this");
            let warnings = warnings.into_iter().filter(|text| !is_told(text));
            findings.extend(warnings.map(|text| Finding::warning("settings", text, "see docs/configuration.md")));
        }
        Err(error) => {
            findings.push(Finding::fail("settings", error.to_string(), "see docs/operations.md, logins to Kafka"));
        }
    }
}
