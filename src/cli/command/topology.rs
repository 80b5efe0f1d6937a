//! `sheaf topology`: the topology as a diagram, and flows as pictures.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};

use crate::app::{ApplicationSpec, TopologyFile};
use crate::cli::exit::Failure;
use crate::cli::load::{self, ConfigArgs, Inputs, TopologyArgs};
use crate::cli::output::{print_stderr, print_stdout};
use crate::codec::text;
use crate::processor::flow::{Definition, parse_template};
use crate::topology::describe;
use crate::topology::diagram::{self, Counts};

/// Describe a topology, or draw a flow
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Draw a diagram of the topics that each processor reads and writes
    Describe(TopologyArgs),
    /// Draw the steps of a flow
    Graph(Graph),
}

/// Options of `sheaf topology graph`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
svg opens in every browser, in light and dark; bpmn is BPMN 2.0 with the places of its shapes, for bpmn.io, Camunda Modeler and \
others; mermaid is drawn by GitHub and GitLab in a block of Markdown; text is an outline.

  sheaf topology graph examples/retail/payment.yaml -o payment.svg
  sheaf topology graph examples/food/noodles.json --format bpmn -o noodles.bpmn
  sheaf topology graph examples/food/food.yaml --format text
  sheaf topology graph topologies/control-m.yaml --format text

Of a topology file without a flow, text is what `sheaf topology describe` draws; it has no other picture.")]
pub(super) struct Graph {
    /// The flow: a staged template in JSON, or a topology file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The form of the picture
    #[arg(long, value_enum, value_name = "FORM", default_value = "svg")]
    format: Format,
    /// Write the picture to this file, in place of what it has
    #[arg(short = 'o', long, value_name = "OUT")]
    output: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
}

/// The form of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A picture for browsers
    Svg,
    /// A flowchart for Markdown
    Mermaid,
    /// BPMN 2.0 XML
    Bpmn,
    /// An outline
    Text,
}

pub(super) fn main(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Describe(args) => {
            for (index, spec) in load::selected(args)?.iter().enumerate() {
                let between = if index == 0 { "" } else { "\n" };
                print_stdout(&format!("{between}{}", described(spec)?.trim_end()));
            }
        }
        Command::Graph(args) => graph(args)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn described(spec: &ApplicationSpec) -> Result<String, Failure> {
    Ok(describe(&spec.file.assemble(&spec.config)?, spec.id()))
}

fn graph(Graph { file, format, output, config }: &Graph) -> Result<(), Failure> {
    let definitions = definitions_of(file)?;
    let path = file.display();
    let picture = match (definitions.as_slice(), format) {
        ([], Format::Text) => described(&application(file, config)?)?,
        ([], Format::Svg | Format::Mermaid | Format::Bpmn) => {
            return Err(Failure::Usage(format!(
                "error: {path} has no flow, so there are no steps to draw: add --format text for its topics and processors, or name a staged template (.json)"
            )));
        }
        ([only], _) => picture(only, *format),
        (all, Format::Text) => all.iter().map(diagram::text).collect::<Vec<_>>().join("\n"),
        (all, Format::Svg | Format::Mermaid | Format::Bpmn) => {
            let names = all.iter().map(|it| &*it.name).collect::<Vec<_>>().join(", ");
            return Err(Failure::Usage(format!(
                "error: {path} has several flows ({names}), and a picture is of one: name the file of its template"
            )));
        }
    };
    let Some(output) = output else {
        print_stdout(picture.trim_end());
        return Ok(());
    };
    let failed = |error| Failure::Failed(anyhow::anyhow!("{} cannot be written: {error}", output.display()));
    std::fs::write(output, picture).map_err(failed)?;
    print_stderr(&format!("{} is written", output.display()));
    Ok(())
}

fn picture(definition: &Definition, format: Format) -> String {
    match format {
        Format::Svg => diagram::svg(definition, &Counts::new()),
        Format::Mermaid => diagram::mermaid(definition),
        Format::Bpmn => diagram::bpmn(definition),
        Format::Text => diagram::text(definition),
    }
}

/// The flows of a file: that of a staged template, or those of a topology file.
fn definitions_of(path: &Path) -> Result<Vec<Definition>, Failure> {
    if path.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("json")) {
        let file = TopologyFile::read(path)?;
        return Ok(file.definitions().newest().map(|definition| (**definition).clone()).collect());
    }
    let refused = |error: String| Failure::Configuration(format!("error: {}: {error}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| refused(format!("it cannot be read: {error}")))?;
    let text = text::decode(&bytes).map_err(|error| refused(error.to_string()))?;
    let definition = parse_template(text).map_err(|mistakes| {
        let lines = mistakes.0.iter().map(|mistake| format!("error: {}: {mistake}", path.display()));
        Failure::Configuration(lines.collect::<Vec<_>>().join("\n"))
    })?;
    Ok(vec![definition])
}

/// The application of a topology file: one of the configuration, or one that its settings would make.
fn application(path: &Path, args: &ConfigArgs) -> Result<ApplicationSpec, Failure> {
    let mut config = Inputs::read(args)?.config()?;
    if !config.topologies.iter().any(|known| known == path) {
        config.topologies = vec![path.to_owned()];
    }
    let found = ApplicationSpec::all(&config)?.into_iter().find(|spec| spec.path == path);
    found.ok_or_else(|| Failure::Usage(format!("error: {} is no topology file: name one", path.display())))
}
