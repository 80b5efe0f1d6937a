//! Announces an incarnation in the instances topic, and finds out about a newer one.
//!
//! Each incarnation writes a record under its instance id. An incarnation that is fenced reads the last record: its own
//! means that the coordinator aborted a slow transaction, another one that two processes run under one instance id. The
//! older one stops and logs the newer one, so that the two do not fence each other forever.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::topic;
use crate::broker::Producer;
use crate::runtime::context::Context;
use crate::runtime::error::{Error, Result};

/// The announcement of an incarnation.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Value {
    pub(super) incarnation: Uuid,
    pub(super) host: String,
    pub(super) process: u32,
    started_at: String,
    http: String,
}

impl Value {
    /// The process, as text.
    pub(super) fn process(&self) -> String {
        let Self { host, process, started_at, .. } = self;
        format!("process {process} on {host}, started {started_at}")
    }
}

/// Writes this incarnation to the instances topic, in a transaction of its own.
pub(in crate::runtime) fn announce(producer: &mut dyn Producer, context: &Context) -> Result<()> {
    let value = Value {
        incarnation: context.incarnation.id,
        host: context.incarnation.host.clone(),
        process: context.incarnation.process,
        started_at: context.clock.now().to_string(),
        http: context.settings.http.clone(),
    };
    let record = topic::record(&context.plan, context.settings.instance.as_str(), &value);
    producer.transact(&[record], context.settings.limits.broker_timeout)?;
    Ok(())
}

/// An error with the other process if a newer incarnation of this instance exists.
pub(in crate::runtime) fn refuse_replaced(context: &Context) -> Result<()> {
    let Some(newest) = newest(context)? else { return Ok(()) };
    if newest.incarnation == context.incarnation.id {
        return Ok(());
    }
    Err(Error::Replaced { instance: context.settings.instance.clone(), other: newest.process() })
}

fn newest(context: &Context) -> Result<Option<Value>> {
    let mut newest = None;
    topic::read(context, |record| {
        if record.key.as_deref() == Some(context.settings.instance.as_str().as_bytes()) {
            newest = record.value.and_then(|value| serde_json::from_slice(&value).ok());
        }
    })?;
    Ok(newest)
}
