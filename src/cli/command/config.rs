//! `sheaf config`: the configuration as it is read, its JSON Schema, and a first file.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use crate::cli::exit::Failure;
use crate::cli::load::{ConfigArgs, Inputs};
use crate::cli::output::{Column, OutputArgs, print_stderr, print_stdout};
use crate::config::{Config, json_schema};

/// Show the configuration, its schema, or a first file
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print each setting with its value and where it was set, without secrets
    Show(Show),
    /// Print the JSON Schema of configuration files, for editors
    Schema,
    /// Write a first configuration file
    Init(Init),
}

/// Options of `sheaf config show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
What may be a secret is shown as `***`, unless it is a reference to one. GET /api/v1/config of a running instance has the same.

  sheaf config show -c sheaf.yaml
  sheaf config show -c sheaf.yaml -o csv | grep -v ,default")]
pub(super) struct Show {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Options of `sheaf config init`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  sheaf config init sheaf.yaml
  sheaf config init sheaf.yaml --application-id invoices --bootstrap-servers broker:9092")]
pub(super) struct Init {
    /// The file, which must not exist; standard output without it
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The application: its consumer group, and the beginning of its topics' names
    #[arg(long, value_name = "ID", default_value = "sheaf")]
    application_id: String,
    /// Kafka's brokers
    #[arg(long, value_name = "HOST:PORT,..", default_value = "localhost:9092")]
    bootstrap_servers: String,
}

const COLUMNS: [Column; 3] = [("setting", "/path"), ("value", "/value"), ("set by", "/origin")];

pub(super) fn main(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Show(Show { config, output }) => {
            let shown = Config::shown(&Inputs::read(config)?.sources())?;
            let items = shown.into_iter().map(|it| json!({ "path": it.path, "value": it.value, "origin": it.origin }));
            output.print(items.collect(), &COLUMNS);
        }
        Command::Schema => print_stdout(&format!("{:#}", json_schema())),
        Command::Init(args) => init(args)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn init(Init { file, application_id, bootstrap_servers }: &Init) -> Result<(), Failure> {
    let [application_id, bootstrap_servers] = [application_id, bootstrap_servers].map(|text| json!(text).to_string());
    let text = FIRST_FILE.replace("APPLICATION", &application_id).replace("BROKERS", &bootstrap_servers);
    let Some(path) = file else {
        print_stdout(text.trim_end());
        return Ok(());
    };
    let refused = |error: std::io::Error| Failure::Failed(anyhow::anyhow!("{}: {error}", path.display()));
    File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(refused)?;
    print_stderr(&format!("{} is written: edit it, then `sheaf validate -c {}`", path.display(), path.display()));
    Ok(())
}

/// The first file, with the settings that most installations set.
const FIRST_FILE: &str = "\
# The settings of sheaf. docs/configuration.md lists them all; `sheaf config show` prints their values and where they come from.

# The consumer group, and the beginning of the names of all topics that sheaf owns.
application_id: APPLICATION

# This instance's name, the same after each restart; the default is the host's name.
# instance_id: a

kafka:
  bootstrap_servers: BROKERS
  # Properties of librdkafka; secrets by reference.
  # properties:
  #   security.protocol: SASL_SSL
  #   sasl.mechanism: SCRAM-SHA-512
  #   sasl.username: \"${env:KAFKA_USER}\"
  #   sasl.password: \"${file:/run/secrets/kafka}\"

# What is joined and where it goes: topologies/README.md has every key.
topologies:
  - topologies/control-m.yaml

# The directory of the state stores, on a local disk.
state_dir: state

http:
  bind: \"127.0.0.1:8080\"
  # tokens:
  #   - { name: ann, role: act, token: \"${env:ANN_TOKEN}\" }

# Needed by topologies that deliver to Control-M.
# control_m:
#   base_url: \"https://controlm:8443/automation-api\"
#   api_key: \"${env:CTM_API_KEY}\"
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    #[test]
    fn the_first_file_is_valid_also_with_its_comments_as_settings() {
        let text = FIRST_FILE.replace("APPLICATION", "\"a\"").replace("BROKERS", "\"b:1\"");
        let uncommented: String = text
            .lines()
            .map(|line| match line.trim_start().strip_prefix("# ") {
                Some(rest)
                    if rest.contains(": ") && !rest.ends_with('.')
                        || rest.trim_start().starts_with('-')
                        || rest.ends_with(':') =>
                {
                    let indent = line.len() - line.trim_start().len();
                    format!("{}{rest}\n", " ".repeat(indent))
                }
                _ => format!("{line}\n"),
            })
            .collect();
        for text in [text, uncommented] {
            let files = [("sheaf.yaml".to_owned(), text)];
            let sources = Sources { files: &files, environment: &[], flags: &[], host_name: "h" };
            Config::load(&sources).unwrap_or_else(|problems| panic!("{problems}\n{}", files[0].1));
        }
    }
}
