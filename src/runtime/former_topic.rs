//! The default topic of submissions of former versions, which all applications shared.
//!
//! An application that has read it, and whose topology names no topic, now has one of its own: what is left in the former one
//! would never be delivered.

use std::time::Duration;

use super::error::{Error, Result};
use super::topology_plan::TopologyPlan;
use crate::broker::{Admin, Broker, ConsumerSpec, Waker};
use crate::model::{ErrorClass, Topic, TopicPartition};
use crate::topology::internal_topic;

/// The topic.
const FORMER: &str = "ctm-submissions";
/// The name of the application's own topic, after the application id.
const OWN: &str = "submissions";

/// Refuses a start with submissions in the former topic that this application has begun to deliver.
pub(super) fn refuse_undelivered(
    (broker, admin): (&dyn Broker, &mut dyn Admin),
    application: &str,
    plan: &TopologyPlan,
    timeout: Duration,
) -> Result<()> {
    let former = Topic::new(FORMER);
    if plan.role(&internal_topic(application, OWN)).is_none() || plan.role(&former).is_some() {
        return Ok(());
    }
    let found = match admin.describe(std::slice::from_ref(&former), timeout) {
        Ok(found) => found.into_iter().next().flatten(),
        // Without a right to the topic the application cannot have read it.
        Err(error) if error.class() == ErrorClass::Fatal => None,
        Err(error) => return Err(error.into()),
    };
    let Some(found) = found else { return Ok(()) };
    let partitions: Vec<_> = (0..found.partitions).map(|number| TopicPartition::new(&former, number)).collect();
    let spec = ConsumerSpec { group: application.to_owned(), group_instance: None, waker: Waker::none() };
    let mut consumer = broker.consumer(&spec)?;
    let committed = consumer.committed(&partitions, timeout)?;
    drop(consumer.close(timeout));
    let mut left = 0;
    for (partition, committed) in partitions.iter().zip(committed) {
        let Some(committed) = committed else { continue };
        left += admin.watermarks(partition, timeout)?.1.saturating_sub(committed).max(0);
    }
    if left == 0 {
        return Ok(());
    }
    let own = internal_topic(application, OWN);
    let detail = format!(
        "this application has read it up to {left} records before its end, and a topology without `submissions` now uses {own}"
    );
    let remedy = format!(
        "set `submissions: {FORMER}` in the topology file to go on with it; if these records are of other applications, run \
         `kafka-consumer-groups --delete-offsets --group {application} --topic {FORMER}`"
    );
    Err(Error::Topic { topic: former, detail, remedy })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::broker::memory::{self, MemoryBroker};
    use crate::broker::{GroupEvent, NewTopic, ProducerSpec, Start};
    use crate::model::{Key, Moment, OutRecord};
    use crate::processor::bundle::State;
    use crate::processor::{Input, Processor, Transition, by_key};
    use crate::runtime::SystemClock;
    use crate::runtime::settings::Settings;
    use crate::topology::Topology;

    const TIMEOUT: Duration = Duration::from_secs(1);

    struct Idle;

    impl Processor for Idle {
        type State = State;

        fn step(
            &self,
            _: &Key,
            _: Option<State>,
            _: Input,
            _: Moment,
        ) -> std::result::Result<Transition<State>, crate::model::Reject> {
            Ok(Transition::forget())
        }
    }

    fn refused(broker: &MemoryBroker, reads: &str) -> Option<String> {
        let topology = Topology::builder("t").processor("p", Idle).reads(reads, by_key).build().unwrap();
        let plan = TopologyPlan::new(topology, &Settings::new("app", "a"));
        let result = refuse_undelivered((broker, &mut *broker.admin().unwrap()), "app", &plan, TIMEOUT);
        result.err().map(|error| error.to_string())
    }

    /// Commits an offset of the group, as the former version did.
    fn commit(broker: &MemoryBroker, offset: i64) {
        let spec = ConsumerSpec { group: "app".to_owned(), group_instance: None, waker: Waker::none() };
        let mut consumer = broker.consumer(&spec).unwrap();
        consumer.subscribe(&[Topic::new(FORMER)]).unwrap();
        let assigned = loop {
            if let Some(GroupEvent::Assigned(assigned)) = consumer.poll().unwrap() {
                break assigned;
            }
        };
        let starts: Vec<_> = assigned.iter().map(|partition| (partition.clone(), Start::Beginning)).collect();
        consumer.assign(&starts).unwrap();
        consumer.commit(&[(TopicPartition::new(&Topic::new(FORMER), 0), offset)], TIMEOUT).unwrap();
    }

    #[test]
    fn what_was_not_delivered_from_the_topic_that_applications_shared_is_refused() {
        let broker = MemoryBroker::new(memory::Settings::default(), Arc::new(SystemClock));
        assert_eq!(refused(&broker, "app-submissions"), None, "the topic does not exist");
        let former = TopicPartition::new(&Topic::new(FORMER), 0);
        let new = NewTopic { topic: former.topic.clone(), partitions: 1, replication: None, config: [].into() };
        broker.admin().unwrap().create(&[new], TIMEOUT).unwrap();
        let mut producer = broker.producer(&ProducerSpec::transactional("w")).unwrap();
        producer.init(TIMEOUT).unwrap();
        let records: Vec<_> = ["a", "b"].map(|key| OutRecord::logged(&former, Key::new(key), None)).into();
        producer.transact(&records, TIMEOUT).unwrap();
        assert_eq!(refused(&broker, "app-submissions"), None, "this application has not read it");
        commit(&broker, 1);
        let error = refused(&broker, "app-submissions").unwrap();
        assert!(error.contains("set `submissions: ctm-submissions` in the topology file"), "{error}");
        assert_eq!(refused(&broker, FORMER), None, "it goes on reading it");
        assert_eq!(refused(&broker, "named"), None, "its file has always named another topic");
        commit(&broker, broker.admin().unwrap().watermarks(&former, TIMEOUT).unwrap().1);
        assert_eq!(refused(&broker, "app-submissions"), None, "all of it is delivered");
    }
}
