//! `sheaf demo --story`: scenarios of an example, played on the virtual clock and told.
//!
//! ```text
//!  files of the example ──scenario::play_text──▶ moments ──teller──▶ lines ──line──▶ the terminal
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | this file | the stories |
//! | `teller` | what happened at a moment, as lines |
//! | `brief` | a JSON object in a few words |
//! | `line` | a line: who, what, and its layout |

mod brief;
mod line;
mod teller;

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow};

use self::line::{Line, WIDTH, wrap};
use self::teller::Teller;
use super::printer::Colour;
use super::wait::pause;
use crate::app::{TemplateError, TopologyFile};
use crate::cli::exit::Failure;
use crate::cli::output::print_stdout;
use crate::template::Template;
use crate::testing::scenario::{Outcome, play_text};

/// The pause before a line.
const LINE_PAUSE: Duration = Duration::from_millis(700);

/// The example that is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Story {
    /// examples/food: a staged workflow with workers and a person
    Food,
    /// examples/retail: an order, and a payment that takes back what it did
    Retail,
}

/// A file of an example: its path in the repository, and its text.
type Source = (&'static str, &'static str);

/// The scenarios of one topology that are told.
struct Part {
    topology: Source,
    scenarios: Source,
    /// The beginnings of the titles of those that are told.
    told: &'static [&'static str],
}

/// A scenario that was told.
struct Chapter {
    title: String,
    lines: Vec<Line>,
}

const TEMPLATE: Source = ("examples/food/noodles.json", include_str!("../../../../../examples/food/noodles.json"));
const FOOD: [Part; 1] = [Part {
    topology: ("examples/food/food.yaml", include_str!("../../../../../examples/food/food.yaml")),
    scenarios: ("examples/food/food.scenario", include_str!("../../../../../examples/food/food.scenario")),
    told: &["An order goes through its stages", "The kitchen fails"],
}];
const RETAIL: [Part; 2] = [
    Part {
        topology: ("examples/retail/order.yaml", include_str!("../../../../../examples/retail/order.yaml")),
        scenarios: ("examples/retail/order.scenario", include_str!("../../../../../examples/retail/order.scenario")),
        told: &["An order is paid, fetched and shipped"],
    },
    Part {
        topology: ("examples/retail/payment.yaml", include_str!("../../../../../examples/retail/payment.yaml")),
        scenarios: (
            "examples/retail/payment.scenario",
            include_str!("../../../../../examples/retail/payment.scenario"),
        ),
        told: &["The card is refused; the customer updates it", "The card is refused and not updated"],
    },
];

impl Story {
    const fn parts(self) -> &'static [Part] {
        match self {
            Self::Food => &FOOD,
            Self::Retail => &RETAIL,
        }
    }

    const fn introduction(self) -> &'static str {
        match self {
            Self::Food => {
                "A meal is ordered, cooked and brought. sheaf asks workers and a person for tasks, over topics of Kafka; \
                 they answer. Here all is in memory, and hours pass at once."
            }
            Self::Retail => {
                "An order is paid and shipped by services that exchange messages; a payment calls a card service, and \
                 takes back what it did when it fails. Here all is in memory, and days pass at once."
            }
        }
    }

    /// What to look at next: commands and pages, with what they show.
    const fn next(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Food => &[
                ("sheaf topology graph examples/food/noodles.json", "the stages as a picture"),
                ("sheaf test examples/food", "these scenarios, compared"),
                ("examples/food/README.md", "the same on a Kafka, with a worker"),
                ("docs/flow.md", "all about flows"),
            ],
            Self::Retail => &[
                ("sheaf topology graph examples/retail/payment.yaml", "the steps as a picture"),
                ("sheaf test examples/retail", "these scenarios, compared"),
                ("examples/retail/README.md", "the payment in nine steps of its growth"),
                ("docs/flow.md", "all about flows"),
            ],
        }
    }

    /// All that is printed, and what of it is told line by line.
    fn page(self, colours: bool) -> Result<Vec<(String, bool)>, Failure> {
        let chapters = self.chapters()?;
        let mut page: Vec<(String, bool)> = Vec::new();
        page.extend(wrap(self.introduction(), WIDTH).into_iter().map(|text| (text, false)));
        let who = chapters.iter().flat_map(|chapter| &chapter.lines).map(|line| line.who.chars().count()).max();
        for (number, chapter) in chapters.iter().enumerate() {
            let title = wrap(&format!("{}. {}.", number + 1, chapter.title), WIDTH);
            let title = title.iter().map(|text| line::paint(text, Colour::Yellow, colours));
            page.push((String::new(), false));
            page.extend(title.map(|text| (text, false)));
            page.push((String::new(), false));
            for line in &chapter.lines {
                // The further lines of one come with it.
                let texts = line.layout(who.unwrap_or(0), colours).into_iter().enumerate();
                page.extend(texts.map(|(index, text)| (text, index == 0)));
            }
        }
        page.push(("\nWhat to look at next:".to_owned(), false));
        for (what, why) in self.next() {
            page.push((format!("  {what}"), false));
            page.push((line::paint(&format!("      {why}"), Colour::Grey, colours), false));
        }
        Ok(page)
    }

    /// Plays its scenarios.
    fn chapters(self) -> Result<Vec<Chapter>, Failure> {
        let mut chapters = Vec::new();
        for part in self.parts() {
            let topology = TopologyFile::parse_with(part.topology.0, part.topology.1, no_delivery, staged)?;
            let (path, text) = part.scenarios;
            let played = play_text(Path::new(path), text, &topology)?;
            for told in part.told {
                let outcome = played.outcomes.iter().find(|outcome| outcome.title.starts_with(told));
                let outcome = outcome.with_context(|| format!("{path} has no scenario `{told}`"))?;
                chapters.push(chapter(outcome)?);
            }
        }
        Ok(chapters)
    }
}

/// Tells a story; `fast` makes no pauses.
pub(super) fn run(story: Story, fast: bool, colours: bool) -> Result<ExitCode, Failure> {
    for (text, is_told) in story.page(colours)? {
        if is_told && !fast {
            pause(LINE_PAUSE);
        }
        print_stdout(&text);
    }
    Ok(ExitCode::SUCCESS)
}

/// A scenario as lines.
fn chapter(outcome: &Outcome) -> Result<Chapter, Failure> {
    if let Some((line, failure)) = &outcome.failure {
        return Err(anyhow!("line {line} of the scenario: {failure}").into());
    }
    let mut teller = Teller::default();
    let moments = outcome.steps.iter().flat_map(|step| &step.moments);
    let lines = moments.flat_map(|moment| teller.moment(moment)).collect();
    let title = [outcome.title.as_str(), outcome.description.trim_end_matches('.')].join(". ");
    Ok(Chapter { title: title.trim_end_matches(['.', ' ']).to_owned(), lines })
}

/// The examples deliver nothing, so that no template is asked for.
fn no_delivery(_path: &Path) -> Result<Template, TemplateError> {
    Err(io::Error::from(io::ErrorKind::NotFound).into())
}

/// The staged templates of the examples.
fn staged(path: &Path) -> io::Result<Vec<u8>> {
    let (known, text) = TEMPLATE;
    if path == Path::new(known) { Ok(text.as_bytes().to_vec()) } else { Err(io::ErrorKind::NotFound.into()) }
}

#[cfg(test)]
mod tests;
