//! Tests of the tasks of a stream thread.

use super::*;
use crate::model::{Key, Record, Reject};
use crate::processor::{Keyed, by_key};
use crate::runtime::mailbox::mailbox;
use crate::runtime::settings::Settings;
use crate::topology::Topology;

#[derive(Clone)]
struct Nothing;

impl crate::codec::Versioned for Nothing {
    const VERSION: u16 = 1;
    const NAME: &'static str = "nothing";

    fn encode(&self, _: &mut Vec<u8>) -> std::result::Result<(), crate::codec::Error> {
        Ok(())
    }

    fn decode(_: u16, _: &[u8]) -> std::result::Result<Self, crate::codec::Error> {
        Ok(Self)
    }
}

struct Idle;

impl crate::processor::Processor for Idle {
    type State = Nothing;

    fn step(
        &self,
        _: &Key,
        _: Option<Nothing>,
        _: crate::processor::Input,
        _: crate::model::Moment,
    ) -> std::result::Result<crate::processor::Transition<Nothing>, Reject> {
        Ok(crate::processor::Transition::forget())
    }
}

fn plan() -> TopologyPlan {
    let keying: fn(&Record) -> std::result::Result<Keyed, Reject> = by_key;
    let topology = Topology::builder("t").processor("p", Idle).reads("in", keying).build().unwrap();
    let mut plan = TopologyPlan::new(topology, &Settings::new("app", "a"));
    plan.nodes[0].partitions = 2;
    plan
}

fn inbox(plan: &TopologyPlan, partition: i32) -> TopicPartition {
    TopicPartition::new(&plan.nodes[0].inbox, partition)
}

fn tasks() -> (Tasks, Receiver<Job>) {
    let (jobs, received) = mpsc::channel();
    let (mailbox, _) = mailbox(Waker::none());
    (Tasks::new((jobs, Waker::none()), Waker::none(), mailbox), received)
}

#[test]
fn a_task_goes_to_the_restorer_once_and_its_token_dies_when_it_is_given_up() {
    let (plan, (mut tasks, jobs)) = (plan(), tasks());
    tasks.assign(&[inbox(&plan, 0)], &plan).unwrap();
    let id = plan.task(&inbox(&plan, 0)).unwrap();
    for _ in 0..2 {
        tasks.restore(&id).unwrap();
    }
    let [job] = jobs.try_iter().collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(
        (job.task.to_string(), job.epoch, job.changelog.to_string()),
        ("p-0".into(), 1, "app-p-changelog-0".into())
    );
    assert_eq!((job.wanted.strong_count(), tasks.counts()), (1, [0, 1, 0, 0]));
    tasks.give_up(&id, &inbox(&plan, 0), true);
    assert_eq!((job.wanted.strong_count(), tasks.counts()), (0, [0; 4]), "what does not run is not suspended");
}

#[test]
fn a_partition_that_the_changelog_does_not_have_is_refused() {
    let (plan, (mut tasks, _jobs)) = (plan(), tasks());
    let said = tasks.assign(&[inbox(&plan, 2)], &plan).unwrap_err().to_string();
    assert!(said.contains("it has 3 partitions or more, its changelog has 2"), "{said}");
}

#[test]
fn missing_offsets_are_reported_when_all_of_them_are_known() {
    let (plan, (mut tasks, _jobs)) = (plan(), tasks());
    tasks.assign(&[inbox(&plan, 0), inbox(&plan, 1)], &plan).unwrap();
    tasks.iter_mut().for_each(|task| task.offset_known = false);
    assert!(!tasks.offsets_are_known());
    tasks.offsets_missing.push((inbox(&plan, 0), Some(7)));
    assert_eq!(tasks.offsets_missing(), None);
    tasks.offsets_missing.push((inbox(&plan, 1), None));
    assert_eq!(tasks.offsets_missing().map(<[_]>::len), Some(2));
    tasks.give_up(&plan.task(&inbox(&plan, 0)).unwrap(), &inbox(&plan, 0), false);
    assert_eq!(tasks.offsets_missing(), Some(&[(inbox(&plan, 1), None)][..]));
}

#[test]
fn an_entry_that_cannot_be_read_twice_is_not_rebuilt_again() {
    let (mut tasks, _jobs) = tasks();
    let error = || Error::Entry {
        task: TaskId { processor: "p".into(), partition: 0 },
        key: "k".to_owned(),
        error: crate::codec::Error::Corrupt("for the test".to_owned()),
    };
    assert!(matches!(tasks.first_time(error()), Ok(Error::Entry { .. })));
    assert!(matches!(tasks.first_time(error()), Err(Error::Unreadable { .. })));
}
