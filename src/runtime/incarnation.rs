//! Who this start of an instance is, and whether a newer one has taken over.
//!
//! Each start writes itself to `<application>-instances` under its instance id. Who is fenced reads what stands there:
//! its own incarnation means that the coordinator gave up on a slow transaction, another one that two processes run
//! under one id. The older one stops and names the newer, so that the two do not fence each other for ever.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::context::Context;
use super::error::{Error, Result};
use super::instances;
use crate::broker::Producer;

/// One start of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incarnation {
    /// Unlike every other start.
    pub id: Uuid,
    /// The machine.
    pub host: String,
    /// The process.
    pub process: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Value {
    incarnation: Uuid,
    host: String,
    process: u32,
    started_at: String,
    http: String,
}

impl Incarnation {
    /// The start of this process on this machine.
    #[expect(
        clippy::disallowed_methods,
        reason = "an incarnation is told apart by chance, and nothing follows from it"
    )]
    pub fn of_this_process() -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { id: Uuid::new_v4(), host, process: std::process::id() }
    }

    /// Writes this start to the instances topic, in a transaction of its own.
    pub(super) fn announce(&self, producer: &mut dyn Producer, context: &Context) -> Result<()> {
        let value = Value {
            incarnation: self.id,
            host: self.host.clone(),
            process: self.process,
            started_at: context.clock.now().to_string(),
            http: context.settings.http.clone(),
        };
        let timeout = context.settings.broker_timeout;
        producer.begin()?;
        producer.produce(&instances::record(&context.plan, context.settings.instance.as_str(), &value))?;
        let _none_tracked: BTreeMap<_, _> = producer.drain(timeout)?;
        producer.commit(timeout)?;
        Ok(())
    }

    /// An error that names the other process when this instance id belongs to a newer start.
    pub(super) fn check(&self, context: &Context) -> Result<()> {
        let Some(newest) = newest(context)? else { return Ok(()) };
        if newest.incarnation == self.id {
            return Ok(());
        }
        let Value { host, process, started_at, .. } = newest;
        let other = format!("process {process} on {host}, started {started_at}");
        Err(Error::Replaced { instance: context.settings.instance.clone(), other })
    }
}

fn newest(context: &Context) -> Result<Option<Value>> {
    let mut newest = None;
    instances::read(context, |record| {
        if record.key.as_deref() == Some(context.settings.instance.as_str().as_bytes()) {
            newest = record.value.and_then(|value| serde_json::from_slice(&value).ok());
        }
    })?;
    Ok(newest)
}
