//! `sheaf control-m`: the command line of the original consumer. Writes the configuration that it stands for, and runs it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use super::run;
use crate::cli::exit::Failure;
use crate::cli::load::ConfigArgs;
use crate::cli::output::print_stdout;

/// Run the whole with Control-M: bundles of parent and child events, templates in S3, the key in AWS Secrets Manager
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The options are those of the consumer of Event-Driven-Orchestration-with-Control-M. The command writes the configuration that they \
stand for into DIR, prints it, and runs it as `sheaf run -c DIR/sheaf.yaml` does, which is the way to go on.

  BUCKET   the S3 bucket of the template, and the name of the secret in AWS Secrets Manager: a JSON object with \
CTM_API_BASE_URL (up to and including /automation-api) and CTM_API_KEY
  topics   ctm-parent-events and ctm-children-events, with one child for each parent unless `children` of the parent says more

Region and credentials are those of AWS's environment (AWS_REGION, AWS_PROFILE, the role of the instance). The consumer had a \
template for parents and one for children; here a bundle is submitted when it is complete, as one folder by one template:

  aws s3 cp templates/bundle.json s3://BUCKET/bundles/bundle_template.json
  sheaf control-m --bucket BUCKET --ctm-server smprod --retention-days 14 --bootstrap-servers broker:9092")]
pub(super) struct Args {
    /// The S3 bucket of the template, and the name of the secret with the address and the key of Control-M
    #[arg(short, long)]
    bucket: String,
    /// The Control-M server on which folders are ordered
    #[arg(short = 's', long, value_name = "SERVER")]
    ctm_server: String,
    /// How many days Control-M keeps the jobs
    #[arg(short, long, value_name = "DAYS", default_value_t = 14, value_parser = clap::value_parser!(u32).range(0..=3_650))]
    retention_days: u32,
    /// Kafka's brokers
    #[arg(long, value_name = "HOST:PORT,..", default_value = "localhost:9092")]
    bootstrap_servers: String,
    /// The key of the template in the bucket
    #[arg(long, value_name = "KEY", default_value = "bundles/bundle_template.json")]
    template: String,
    /// The directory of the written configuration and of the state
    #[arg(long, value_name = "DIR", default_value = "control-m")]
    directory: PathBuf,
    /// Override one setting, such as `http.bind=127.0.0.1:8081`; may be given more than once
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Accepted because the consumer has it; it had no effect there either
    #[arg(short, long, hide = true)]
    num_pairs: Option<u32>,
}

/// The topology on which the written one is based.
const TOPOLOGY: &str = include_str!("../../../topologies/control-m.yaml");
/// Its delivery.
const DELIVERY: &str = "{ template: templates/bundle.json, server: smprod, retention_days: 14 }";
/// The first line of a written file.
const MARK: &str =
    "# Written by `sheaf control-m`, at each start. To change it: its options; or a copy, and `sheaf run -c COPY`.";

pub(super) fn main(args: &Args) -> Result<ExitCode, Failure> {
    std::fs::create_dir_all(&args.directory).with_context(|| format!("--directory {}", args.directory.display()))?;
    let configuration = args.directory.join("sheaf.yaml");
    for (path, text) in [(args.topology_path(), args.topology()), (configuration.clone(), args.configuration())] {
        write(&path, &text)?;
        print_stdout(&format!("# {}\n{text}", path.display()));
    }
    print_stdout(&format!("The same without this command: sheaf run -c {}", configuration.display()));
    run::start(&ConfigArgs::of(configuration, args.set.clone()))
}

impl Args {
    fn topology_path(&self) -> PathBuf {
        self.directory.join("topology.yaml")
    }

    /// The shipped topology, with this template and server.
    fn topology(&self) -> String {
        let template = quoted(&format!("s3://{}/{}", self.bucket, self.template));
        let (server, days) = (quoted(&self.ctm_server), self.retention_days);
        let delivery = format!("{{ template: {template}, server: {server}, retention_days: {days} }}");
        let topology = TOPOLOGY.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
        format!("{MARK}\n{}\n", topology.replace(DELIVERY, &delivery))
    }

    fn configuration(&self) -> String {
        let of_secret = |key: &str| quoted(&format!("${{aws-sm:{}#{key}}}", self.bucket));
        let path = |path: &Path| quoted(&path.display().to_string());
        format!(
            "{MARK}\napplication_id: control-m\nkafka: {{ bootstrap_servers: {} }}\nstate_dir: {}\ncontrol_m:\n  base_url: {}\n  \
             api_key: {}\ntopologies: [{}]\n",
            quoted(&self.bootstrap_servers),
            path(&self.directory.join("state")),
            of_secret("CTM_API_BASE_URL"),
            of_secret("CTM_API_KEY"),
            path(&self.topology_path()),
        )
    }
}

/// A text of YAML in double quotes: JSON's are YAML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Writes a file, unless there is one that this command has not written.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if std::fs::read_to_string(path).is_ok_and(|found| found.lines().next() != Some(MARK)) {
        return Err(Failure::Usage(format!(
            "error: {} was not written by this command, and is not overwritten: run it with `sheaf run -c`, or name another --directory",
            path.display()
        )));
    }
    std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::Args;
    use crate::config::{Config, Sources};
    use crate::topology::Spec;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    fn args(line: &str) -> Args {
        Cli::parse_from(line.split(' ')).args
    }

    #[test]
    fn the_options_of_the_original_become_a_configuration() {
        let args = args("control-m -b my-bucket -s smprod2 -r 30 -n 2 --bootstrap-servers k:9092 --directory d");
        let spec = Spec::parse("t.yaml", &args.topology()).unwrap();
        let delivery = spec.deliveries().next().unwrap().kind.control_m().unwrap();
        let (template, server) = (delivery.template.display().to_string(), delivery.server.as_str());
        let expected = ("s3://my-bucket/bundles/bundle_template.json", "smprod2", 30);
        assert_eq!((template.as_str(), server, delivery.retention_days), expected);
        let topics: Vec<_> = spec.bundle().unwrap().rules.sources.iter().map(|source| source.topic.clone()).collect();
        assert_eq!(topics, ["ctm-parent-events", "ctm-children-events"]);

        let files = [("sheaf.yaml".to_owned(), args.configuration())];
        let sources = Sources { files: &files, environment: &[], flags: &[], host_name: "a" };
        let config = Config::load(&sources).unwrap();
        let control_m = config.control_m.unwrap();
        assert_eq!(control_m.base_url.as_str(), "${aws-sm:my-bucket#CTM_API_BASE_URL}");
        assert_eq!(control_m.api_key.unwrap().as_str(), "${aws-sm:my-bucket#CTM_API_KEY}");
        assert_eq!(config.topologies, [args.topology_path()]);
    }

    #[test]
    fn a_value_cannot_change_what_is_written() {
        let mut args = args("control-m -b b -s s");
        args.ctm_server = "s\", track: true, x: \"\n".to_owned();
        let spec = Spec::parse("t.yaml", &args.topology()).unwrap();
        let delivery = spec.deliveries().next().unwrap().kind.control_m().unwrap();
        assert_eq!((&delivery.server, &delivery.track), (&args.ctm_server, &None));
    }
}
