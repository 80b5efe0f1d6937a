//! Waits for a living process of the same instance id, so that two of them do not fence each other again and again while their
//! supervisors restart them.
//!
//! A process lives as long as it writes heartbeats ([`registry`](super::registry)). It has ended if its last heartbeat says so, if
//! it was one of this host and is gone, or if there is none for [`TIMEOUT`]. The age of a heartbeat is taken from the wall clock
//! of this host and the time in the topic; where these disagree, from the time that this process has waited. A wrong answer does no
//! harm: the older process is fenced and stops, as without this wait.

use std::fmt;
use std::time::Duration;

use super::{registry, start, topic};
use crate::broker::{Admin, Isolation};
use crate::model::Timestamp;
use crate::runtime::context::Context;
use crate::runtime::error::Result;

/// The time without a heartbeat after which a process counts as dead.
const TIMEOUT: Duration = registry::HEARTBEAT_INTERVAL.saturating_add(Duration::from_secs(2));

/// The wait for a living process of the same instance id.
pub struct Predecessor {
    context: Context,
    /// The time of the last heartbeat, and the uptime at which it was first seen.
    seen: Option<(Timestamp, Duration)>,
}

impl fmt::Debug for Predecessor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Predecessor").field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl Predecessor {
    /// Nothing is read yet.
    pub fn new(context: &Context) -> Self {
        Self { context: context.clone(), seen: None }
    }

    /// What this instance waits for, as text; `None` if no other process of its id lives.
    pub fn living(&mut self, admin: &mut dyn Admin) -> Result<Option<String>> {
        let Context { settings, incarnation, clock, .. } = &self.context;
        let (instance, heartbeat_key) =
            (settings.instance.as_str().as_bytes(), format!("{}{}", registry::PREFIX, settings.instance));
        let (mut newest, mut heartbeat) = (None, None);
        // Uncommitted, so that an open transaction of a process that was killed is not waited for.
        let reader = self.context.broker.reader(Isolation::ReadUncommitted)?;
        let reader = topic::read_by(&self.context, (admin, reader), |record| {
            let value = record.value.as_deref().unwrap_or_default();
            if record.key.as_deref() == Some(instance) {
                newest = serde_json::from_slice::<start::Value>(value).ok().map(|value| (value, record.timestamp));
            } else if record.key.as_deref() == Some(heartbeat_key.as_bytes()) {
                heartbeat =
                    serde_json::from_slice::<registry::Value>(value).ok().map(|value| (value, record.timestamp));
            }
        })?;
        // Closing a client takes 200 ms and more, by which a restart after a crash would be late.
        drop(std::thread::Builder::new().name("reader-close".to_owned()).spawn(move || drop(reader)));
        let Some((newest, started_at)) = newest else { return Ok(None) };
        let heartbeat = heartbeat.filter(|(value, _)| value.incarnation == newest.incarnation);
        let has_stopped = heartbeat.as_ref().is_some_and(|(value, _)| value.stopped);
        let last = heartbeat.map_or(started_at, |(_, at)| at.max(started_at));
        if has_stopped
            || newest.incarnation == incarnation.id
            || !incarnation.may_live(&newest.host, newest.process)
            || clock.now().since(last) > TIMEOUT
        {
            return Ok(None);
        }
        let uptime = clock.uptime();
        let first_seen = self.seen.filter(|(at, _)| *at == last).map_or(uptime, |(_, first_seen)| first_seen);
        self.seen = Some((last, first_seen));
        let is_quiet = uptime.saturating_sub(first_seen) > TIMEOUT;
        let text = || {
            format!(
                "the end of another process of instance id {}: {}. Give each instance an id of its own (instance_id, or \
                 SHEAF_INSTANCE_ID)",
                settings.instance,
                newest.process()
            )
        };
        Ok((!is_quiet).then(text))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::broker::ProducerSpec;
    use crate::broker::memory::{self, MemoryBroker};
    use crate::model::{Clock, Timestamp};
    use crate::runtime::application::Application;
    use crate::runtime::settings::Settings;
    use crate::store::memory::MemoryStores;
    use crate::topology::Spec;

    const TOPOLOGY: &str = "
name: t
sources:
  - { topic: parents, member: parent, bundle: /id, id: /id }
  - { topic: children, member: child, bundle: /parent, id: /id }
";

    /// A clock that is advanced by hand, in milliseconds.
    #[derive(Debug, Default)]
    struct ManualClock(AtomicU64);

    impl ManualClock {
        fn advance(&self, by: Duration) {
            self.0.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
        }
    }

    impl Clock for ManualClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(1_000_000_000).saturating_add(self.uptime())
        }

        fn uptime(&self) -> Duration {
            Duration::from_millis(self.0.load(Ordering::Relaxed))
        }
    }

    /// An instance that is about to start, and the clock of its cluster.
    fn newcomer() -> (Context, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::default());
        let broker = MemoryBroker::new(memory::Settings::default(), clock.clone());
        let topology = Spec::parse("t", TOPOLOGY).unwrap().assemble("app", |_| None).unwrap();
        let application = Application::new(topology, Settings::new("app", "a"), broker, MemoryStores::new());
        let application = application.with_clock(clock.clone());
        let context = application.prepare(&mut *application.admin().unwrap(), Duration::from_secs(1)).unwrap();
        (context, clock)
    }

    fn write(context: &Context, key: &str, value: &Value) {
        let mut producer = context.broker.producer(&ProducerSpec::transactional("other")).unwrap();
        producer.init(Duration::from_secs(1)).unwrap();
        producer.transact(&[topic::record(&context.plan, key, value)], Duration::from_secs(1)).unwrap();
    }

    fn announce(context: &Context, host: &str, process: u32) {
        let started =
            json!({ "incarnation": Uuid::nil(), "host": host, "process": process, "started_at": "t", "http": "" });
        write(context, "a", &started);
    }

    fn heartbeat(context: &Context, stopped: bool) {
        let value = json!({ "incarnation": Uuid::nil(), "owned": [], "level": 2, "stopped": stopped });
        write(context, "owned-by/a", &value);
    }

    fn living(predecessor: &mut Predecessor) -> bool {
        let mut admin = predecessor.context.broker.admin().unwrap();
        let living = predecessor.living(&mut *admin).unwrap();
        assert!(living.as_ref().is_none_or(|text| text.contains("process 7 on elsewhere, started t")), "{living:?}");
        living.is_some()
    }

    #[test]
    fn a_process_of_another_host_lives_while_it_writes_heartbeats() {
        let (context, clock) = newcomer();
        let mut predecessor = Predecessor::new(&context);
        assert!(!living(&mut predecessor), "it is the first");
        announce(&context, "elsewhere", 7);
        for _ in 0..3 {
            assert!(living(&mut predecessor));
            clock.advance(registry::HEARTBEAT_INTERVAL);
            heartbeat(&context, false);
        }
        clock.advance(TIMEOUT);
        assert!(living(&mut predecessor));
        clock.advance(Duration::from_secs(1));
        assert!(!living(&mut predecessor), "it was killed");
        heartbeat(&context, false);
        assert!(living(&mut predecessor));
        heartbeat(&context, true);
        assert!(!living(&mut predecessor), "it has stopped in order");
    }

    #[test]
    fn a_process_of_this_host_that_is_gone_is_not_waited_for() {
        let (context, _clock) = newcomer();
        let own = context.incarnation.clone();
        announce(&context, &own.host, own.process);
        heartbeat(&context, false);
        assert!(!living(&mut Predecessor::new(&context)));
    }
}
