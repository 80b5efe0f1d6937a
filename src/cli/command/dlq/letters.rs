//! Reads the dead letters of an application, and what was done about them, from the topics of dead letters and of audits.

use std::collections::BTreeMap;

use crate::app::{self, ApplicationSpec, Secrets};
use crate::broker::Broker;
use crate::cli::command::topic;
use crate::cli::exit::Failure;
use crate::cli::load::{self, TopologyArgs};
use crate::model::{Record, Timestamp, Topic};
use crate::processor::dead_letter::{DEAD_LETTER, Letter};
use crate::runtime::{Audit, AuditVerdict};
use crate::topology::internal_topic;

/// A dead letter.
#[derive(Debug)]
pub(super) struct Found {
    pub key: String,
    pub status: &'static str,
    /// The number of times that it was written.
    pub rounds: u32,
    /// The latest one.
    pub letter: Letter,
}

/// The dead letters of an application, the oldest first.
pub(super) fn read(topology: &TopologyArgs) -> Result<Vec<Found>, Failure> {
    let ApplicationSpec { config, .. } = load::only(topology)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let broker = app::broker(&config, &Secrets::new(runtime.handle()), None)?;
    let (mut letters, mut done) = (BTreeMap::<String, (Timestamp, Found)>::new(), Vec::new());
    let own = |rest: &str| internal_topic(&config.application_id, rest);
    each(&*broker, &own("dead-letters"), |record| {
        if record.headers.text(crate::processor::dead_letter::header::TOPIC) == Some(record.source.topic.as_str()) {
            return;
        }
        let (Some(key), Some(letter)) = (Letter::key(&record), Letter::read(&record)) else { return };
        let key = key.text().into_owned();
        let former = letters.remove(&key);
        let rounds = former.as_ref().map_or(letter.rounds, |(_, former)| former.rounds.saturating_add(1));
        let latest = match former {
            Some((at, former)) if at > record.timestamp => (at, former),
            Some(_) | None => (record.timestamp, Found { key: key.clone(), status: "open", rounds: 1, letter }),
        };
        letters.insert(key, (latest.0, Found { rounds, ..latest.1 }));
    })?;
    each(&*broker, &own("audit"), |record| {
        let audit = Audit::read(&record).filter(|audit| audit.processor == DEAD_LETTER);
        done.extend(audit.map(|audit| (record.timestamp, audit)));
    })?;
    for (at, audit) in done {
        let Some((written, found)) = letters.get_mut(&audit.key) else { continue };
        // What was done before the letter came back was done about an earlier round of it.
        if at >= *written && audit.verdict == AuditVerdict::Accepted && audit.before != audit.after {
            found.status = match audit.after.first().map(String::as_str) {
                Some("redriven") => "redriven",
                Some("edited") => "edited",
                Some("discarded") => "discarded",
                Some(_) | None => "open",
            };
        }
    }
    let mut found: Vec<_> = letters.into_values().collect();
    found.sort_by(|(one, a), (other, b)| (one, &a.key).cmp(&(other, &b.key)));
    Ok(found.into_iter().map(|(_, found)| found).collect())
}

/// Reads all committed records of a topic of the application that there are now.
fn each(broker: &dyn Broker, name: &Topic, take: impl FnMut(Record)) -> Result<(), Failure> {
    let partitions = broker.admin()?.partitions(name, topic::TIMEOUT)?;
    if partitions.is_empty() {
        return Err(Failure::Failed(anyhow::anyhow!(
            "there is no topic {name}: has an instance of this application run on this cluster? Check application_id"
        )));
    }
    Ok(topic::read(broker, &partitions, take)?)
}
