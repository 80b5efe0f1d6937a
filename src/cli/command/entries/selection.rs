//! Which entries a list or a command is about, and the question for them.

use std::str::FromStr;

use serde_json::Value;

use super::kind::{ConditionSpec, Kind};
use super::words;
use crate::admin::{Client, ClientError};
use crate::cli::exit::Failure;

/// The most entries of a page.
const PAGE: usize = 500;
/// The conditions of `--filter` that every list of the API knows.
const ASKED: [&str; 4] = ["status", "text", "from", "until"];
/// The status that is every status.
const ALL: &str = "all";

/// Which entries.
#[derive(Debug, clap::Args)]
pub(in crate::cli::command) struct Selection {
    /// A status, or its part before or after a `/`: `open`, `waiting-parent`; `all` are all; may be given more than once
    #[arg(long, value_name = "STATUS")]
    status: Vec<String>,
    /// A text in the key; of dead letters in their message too
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// A condition: `status=`, `text=`, `from=` and `until=` (of the time by which lists are sorted: of incomplete bundles their deadline); of
    /// deliveries a part of the `reason=`; of dead letters `reason=`, `topic=`, `processor=`; of flows `flow=`, `step=`, `role=`, `person=`. May be given more than once, then all have to
    /// be fulfilled, and one of several statuses
    #[arg(long = "filter", value_name = "NAME=VALUE")]
    filters: Vec<Filter>,
}

/// `NAME=VALUE`.
#[derive(Clone, Debug)]
struct Filter {
    name: String,
    value: String,
}

impl FromStr for Filter {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, such as status=open")?;
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

/// The question for the selected entries.
#[derive(Debug)]
pub(in crate::cli::command) struct Question {
    kind: &'static Kind,
    /// The parameters of the API's list.
    parameters: Vec<(&'static str, String)>,
    /// What the API's list does not know.
    conditions: Vec<(&'static ConditionSpec, String)>,
}

/// The selected entries.
#[derive(Debug, Default)]
pub(in crate::cli::command) struct Found {
    pub items: Vec<Value>,
    /// What is to be known about the list.
    pub notes: Vec<String>,
    /// True if partitions have not answered.
    pub is_incomplete: bool,
}

impl Selection {
    /// True if nothing is selected, and so everything.
    pub(in crate::cli::command) fn is_empty(&self) -> bool {
        self.status.is_empty() && self.text.is_none() && self.filters.is_empty()
    }

    /// The question; without a status it is about those by `default`, and with none there about all.
    pub(in crate::cli::command) fn question(&self, kind: &'static Kind, default: &[&str]) -> Result<Question, Failure> {
        let mut statuses = self.status.clone();
        let (mut parameters, mut conditions) = (Vec::new(), Vec::new());
        let text = self.text.iter().map(|text| ("text", text));
        let filters = self.filters.iter().map(|Filter { name, value }| (name.as_str(), value));
        for (name, value) in text.chain(filters) {
            let known = kind.conditions.iter().find(|condition| condition.name == name);
            match (known, ASKED.into_iter().find(|asked| *asked == name)) {
                (Some(condition), _) => conditions.push((condition, value.clone())),
                (None, Some("status")) => statuses.push(value.clone()),
                (None, Some(asked)) => parameters.push((asked, value.clone())),
                (None, None) => return Err(unknown(kind, name)),
            }
        }
        if statuses.is_empty() {
            statuses.extend(default.iter().map(|status| (*status).to_owned()));
        }
        if !statuses.iter().any(|status| status == ALL) {
            parameters.extend(statuses.into_iter().map(|status| ("status", status)));
        }
        Ok(Question { kind, parameters, conditions })
    }
}

fn unknown(kind: &Kind, name: &str) -> Failure {
    let own = kind.conditions.iter().map(|condition| condition.name).filter(|name| !ASKED.contains(name));
    let names: Vec<String> = ASKED.into_iter().chain(own).map(|name| format!("{name}=")).collect();
    let Kind { entries, .. } = kind;
    Failure::Usage(format!("error: --filter {name}=: {entries} are filtered by {}", names.join(", ")))
}

impl Question {
    /// Adds a parameter of the API.
    pub(in crate::cli::command) fn with(mut self, name: &'static str, value: Option<&String>) -> Self {
        self.parameters.extend(value.map(|value| (name, value.clone())));
        self
    }

    /// Asks for up to `limit` entries.
    pub(in crate::cli::command) async fn ask(&self, client: &Client, limit: usize) -> Result<Found, ClientError> {
        let (path, mut found) = (format!("{}/entries", self.kind.processor), Found::default());
        let mut cursor = None::<String>;
        loop {
            let wanted = limit.saturating_sub(found.items.len());
            // How many of a page fulfil the conditions is not known before.
            let asked = if self.conditions.is_empty() { wanted.min(PAGE) } else { PAGE };
            let page = [("limit", asked.to_string())].into_iter().chain(cursor.take().map(|cursor| ("cursor", cursor)));
            let page: Vec<_> = self.parameters.iter().cloned().chain(page).collect();
            let page = client.get(&path, &page).await?;
            let mut fulfil = words::list(&page, "/items").iter().filter(|item| self.is_fulfilled_by(item));
            found.items.extend(fulfil.by_ref().take(wanted).cloned());
            let missing: Vec<String> = words::list(&page, "/incomplete").iter().map(missing).collect();
            cursor = page.get("next").and_then(Value::as_str).map(str::to_owned);
            let is_full = found.items.len() >= limit;
            if cursor.is_none() || is_full {
                let has_more = is_full && (cursor.is_some() || fulfil.next().is_some());
                found.is_incomplete = !missing.is_empty();
                found.notes = missing;
                found.notes.extend(has_more.then(|| format!("there are more: --limit {}", limit.saturating_mul(2))));
                break;
            }
        }
        if found.items.is_empty() {
            found.notes.push(self.counts(client).await?);
        }
        Ok(found)
    }

    fn is_fulfilled_by(&self, item: &Value) -> bool {
        self.conditions.iter().all(|(condition, wanted)| {
            let mut texts = condition.pointers.iter().filter_map(|pointer| item.pointer(pointer)?.as_str());
            texts.any(|text| if condition.is_part { text.contains(wanted.as_str()) } else { text == wanted })
        })
    }

    /// How many entries there are, if none is listed.
    async fn counts(&self, client: &Client) -> Result<String, ClientError> {
        let application = self.parameters.iter().filter(|(name, _)| *name == "application").cloned();
        let path = format!("{}/counts", self.kind.processor);
        let counts = client.get(&path, &application.collect::<Vec<_>>()).await?;
        let counts = counts.get("counts").and_then(Value::as_object).cloned().unwrap_or_default();
        let counts: Vec<String> = counts.iter().map(|(status, number)| format!("{status} {number}")).collect();
        let Kind { entries, .. } = self.kind;
        Ok(if counts.is_empty() {
            format!("there are no {entries}")
        } else {
            format!("the {entries} by status: {}", counts.join(", "))
        })
    }
}

/// A partition that is missing.
fn missing(incomplete: &Value) -> String {
    let (partition, reason) = (words::text(incomplete, "/partition"), words::text(incomplete, "/reason"));
    format!("incomplete: partition {partition} is missing: {reason}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::kind::{BUNDLES, DEAD_LETTERS};
    use super::*;

    fn selection(status: &[&str], text: Option<&str>, filters: &[&str]) -> Selection {
        Selection {
            status: status.iter().map(|status| (*status).to_owned()).collect(),
            text: text.map(str::to_owned),
            filters: filters.iter().map(|filter| filter.parse().unwrap()).collect(),
        }
    }

    #[test]
    fn what_a_list_of_the_api_knows_is_asked_of_it() {
        let question = selection(&["open"], Some("7"), &["until=2026-11-29T17:00:00Z", "status=breached"]);
        let question = question.question(&BUNDLES, &["cancelled"]).unwrap();
        let asked: Vec<String> = question.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(asked, ["text=7", "until=2026-11-29T17:00:00Z", "status=open", "status=breached"]);
        let of = |status: &[&str]| selection(status, None, &[]).question(&BUNDLES, &["open"]).unwrap().parameters;
        assert_eq!(of(&[]), [("status", "open".to_owned())], "the default");
        assert_eq!(of(&["all"]), []);
    }

    #[test]
    fn letters_are_filtered_by_all_conditions() {
        let letter = json!({ "key": "orders-3@17", "entry": {
            "reason": "unparsable", "message": "no JSON at all", "source": { "topic": "orders" }, "processor": null } });
        let is_taken = |filters: &[&str]| {
            selection(&[], None, filters).question(&DEAD_LETTERS, &[]).unwrap().is_fulfilled_by(&letter)
        };
        assert!(is_taken(&["reason=unparsable", "topic=orders", "text=JSON"]) && is_taken(&["text=3@1"]));
        assert!(!is_taken(&["reason=unparsable", "topic=parcels"]) && !is_taken(&["reason=unpars"]));
        assert!(!is_taken(&["processor=bundle"]), "it was rejected before one");
        let refused = selection(&[], None, &["size=1"]).question(&DEAD_LETTERS, &[]).unwrap_err().text();
        assert!(
            refused.ends_with("filtered by status=, text=, from=, until=, reason=, topic=, processor="),
            "{refused}"
        );
        assert!("reason".parse::<Filter>().is_err());
    }
}
