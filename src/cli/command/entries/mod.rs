//! Lists and shows entries of a running instance: `sheaf bundles list|show|watch`, `sheaf deliveries list|show`.
//!
//! | file | content |
//! |---|---|
//! | `story` | the story of an entry on one screen |
//! | `words` | times, durations and texts |

mod story;
mod words;

use std::process::ExitCode;
use std::time::Duration;

use serde_json::Value;

use crate::admin::{Client, ClientError};
use crate::cli::exit::Failure;
use crate::cli::output::{Column, OutputArgs, print_stderr};
use crate::cli::remote::RemoteArgs;
use crate::codec::percent_encode;
use crate::model::Clock as _;
use crate::runtime::SystemClock;
use crate::topology::{BUNDLE, DELIVERY};

/// The interval of `watch`.
const WATCH_INTERVAL: Duration = Duration::from_secs(2);
/// The most entries of a page.
const PAGE: usize = 500;

/// Options of `list`.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// A status, or its part before or after a `/`: `open`, `waiting-parent`; may be given more than once
    #[arg(long, value_name = "STATUS")]
    status: Vec<String>,
    /// A text in the key
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// The earliest time by which the list is sorted: of incomplete bundles their deadline (2026-11-29T17:00:00Z)
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// The latest one
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// The most entries
    #[arg(long, value_name = "NUMBER", default_value = "50")]
    limit: usize,
    #[command(flatten)]
    remote: EntryRemote,
    #[command(flatten)]
    output: OutputArgs,
}

/// Options of `show`.
#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// The bundle's id
    #[arg(value_name = "BUNDLE")]
    key: String,
    #[command(flatten)]
    remote: EntryRemote,
    #[command(flatten)]
    output: OutputArgs,
}

/// The instance to ask, and the application.
#[derive(Debug, clap::Args)]
struct EntryRemote {
    #[command(flatten)]
    remote: RemoteArgs,
    /// The id of the application, if the process has several with this processor
    #[arg(long, value_name = "ID")]
    application: Option<String>,
}

const BUNDLES: [Column; 5] = [
    ("bundle", "/key"),
    ("status", "/status"),
    ("due", "/at"),
    ("missing", "/entry/missing"),
    ("instance", "/instance"),
];
const DELIVERIES: [Column; 6] = [
    ("bundle", "/key"),
    ("status", "/status"),
    ("since", "/at"),
    ("attempts", "/entry/attempts"),
    ("id", "/entry/id"),
    ("reason", "/entry/reason"),
];

impl List {
    /// Lists entries of the processor once.
    pub(super) fn run(&self, processor: &'static str) -> Result<ExitCode, Failure> {
        let (items, notes) = self.remote.remote.ask(async |client| self.fetch(&client, processor).await)?;
        self.output.print(items, if processor == BUNDLE { &BUNDLES } else { &DELIVERIES });
        for note in notes {
            print_stderr(&note);
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Lists them every two seconds, until it is interrupted.
    pub(super) fn watch(&self, processor: &'static str) -> Result<ExitCode, Failure> {
        let mut waits = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        loop {
            print_stderr(&format!("--- {}", words::time(&SystemClock.now().to_string())));
            self.run(processor)?;
            let wait = &mut waits;
            wait.block_on(async { tokio::time::sleep(WATCH_INTERVAL).await });
        }
    }

    /// The entries, and what is to be known about the list.
    async fn fetch(&self, client: &Client, processor: &str) -> Result<(Vec<Value>, Vec<String>), ClientError> {
        let mut query: Vec<(&str, String)> = self.status.iter().map(|status| ("status", status.clone())).collect();
        let options = [("text", &self.text), ("from", &self.from), ("until", &self.until)];
        query.extend(options.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
        query.extend(self.remote.parameter());
        let (mut items, mut cursor) = (Vec::new(), None::<String>);
        let mut notes: Vec<String> = loop {
            let limit = (self.limit - items.len()).min(PAGE);
            let page = [("limit", limit.to_string())].into_iter().chain(cursor.take().map(|cursor| ("cursor", cursor)));
            let page: Vec<_> = query.iter().cloned().chain(page).collect();
            let page = client.get(&format!("{processor}/entries"), &page).await?;
            items.extend_from_slice(words::list(&page, "/items"));
            let mut notes: Vec<String> = words::list(&page, "/incomplete").iter().map(note).collect();
            cursor = page.get("next").and_then(Value::as_str).map(str::to_owned);
            if items.len() >= self.limit {
                notes.extend(cursor.is_some().then(|| format!("there are more: --limit {}", self.limit * 2)));
            }
            if cursor.is_none() || items.len() >= self.limit {
                break notes;
            }
        };
        if items.is_empty() {
            let counts = client.get(&format!("{processor}/counts"), &self.remote.parameter()).await?;
            let counts = counts.get("counts").and_then(Value::as_object).cloned().unwrap_or_default();
            let counts: Vec<String> = counts.iter().map(|(status, number)| format!("{status} {number}")).collect();
            notes.push(if counts.is_empty() {
                "there are no entries".to_owned()
            } else {
                format!("the entries by status: {}", counts.join(", "))
            });
        }
        Ok((items, notes))
    }
}

/// A partition that is missing.
fn note(missing: &Value) -> String {
    format!(
        "incomplete: partition {} is missing: {}",
        words::text(missing, "/partition"),
        words::text(missing, "/reason")
    )
}

impl Show {
    /// Tells the story of an entry of the processor.
    pub(super) fn run(&self, processor: &'static str) -> Result<ExitCode, Failure> {
        let path = format!("{processor}/entries/{}", percent_encode(&self.key));
        let query = self.remote.parameter();
        let (item, delivery) = self.remote.remote.ask(async |client| {
            let item = client.get(&path, &query).await?;
            // The topology may have no deliveries, and the bundle none yet.
            let of_bundle = format!("{DELIVERY}/entries/{}", percent_encode(&self.key));
            let delivery = if processor == BUNDLE { client.get(&of_bundle, &query).await.ok() } else { None };
            Ok((item, delivery))
        })?;
        let now = SystemClock.now();
        let story = if processor == BUNDLE {
            story::bundle(&item, delivery.as_ref(), now)
        } else {
            story::delivery(&item, now)
        };
        self.output.print_one(&item, &story);
        Ok(ExitCode::SUCCESS)
    }
}

impl EntryRemote {
    fn parameter(&self) -> Vec<(&'static str, String)> {
        self.application.iter().map(|id| ("application", id.clone())).collect()
    }
}
