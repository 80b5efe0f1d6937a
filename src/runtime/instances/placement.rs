//! Assigns standbys to instances by rendezvous hashing (highest random weight): a joining or leaving instance moves
//! only its own share, and all instances get the same result without communication.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::model::{InstanceId, TaskId};

/// The standbys of `own`: the tasks for which it is among the first `replicas` instances that do not own them. `live`
/// has all live instances with their tasks.
pub(super) fn standbys(
    own: &InstanceId,
    live: &BTreeMap<InstanceId, BTreeSet<TaskId>>,
    tasks: impl IntoIterator<Item = TaskId>,
    replicas: usize,
) -> BTreeSet<TaskId> {
    let follows = |task: &TaskId| {
        let mut candidates: Vec<(u128, &InstanceId)> = live
            .iter()
            .filter(|(_, owned)| !owned.contains(task))
            .map(|(instance, _)| (weight(task, instance), instance))
            .collect();
        candidates.sort_unstable_by(|one, other| other.cmp(one));
        candidates.iter().take(replicas).any(|(_, instance)| *instance == own)
    };
    tasks.into_iter().filter(follows).collect()
}

/// The weight of an instance for a task, the same in every process and version: half of a SHA-1.
fn weight(task: &TaskId, instance: &InstanceId) -> u128 {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{task}/{instance}").as_bytes()).as_u128()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(partition: i32) -> TaskId {
        TaskId { processor: "bundle".into(), partition }
    }

    /// Instances of these names; task n is owned by the n-th of them, round and round.
    fn sharing(names: &[&str], tasks: i32) -> BTreeMap<InstanceId, BTreeSet<TaskId>> {
        let mut live: BTreeMap<InstanceId, BTreeSet<TaskId>> =
            names.iter().map(|name| (InstanceId::new(name), BTreeSet::new())).collect();
        for (partition, name) in (0..tasks).zip(names.iter().cycle()) {
            live.entry(InstanceId::new(name)).or_default().insert(task(partition));
        }
        live
    }

    fn of(name: &str, live: &BTreeMap<InstanceId, BTreeSet<TaskId>>, tasks: i32, replicas: usize) -> BTreeSet<TaskId> {
        standbys(&InstanceId::new(name), live, (0..tasks).map(task), replicas)
    }

    #[test]
    fn of_two_instances_each_follows_all_that_the_other_owns() {
        let live = sharing(&["a", "b"], 8);
        assert_eq!(of("a", &live, 8, 1), live[&InstanceId::new("b")]);
        assert_eq!(of("b", &live, 8, 1), live[&InstanceId::new("a")]);
        assert_eq!(of("a", &live, 8, 5), live[&InstanceId::new("b")], "there is no other instance");
    }

    #[test]
    fn each_task_has_as_many_standbys_as_are_asked_for_and_none_is_its_owner() {
        let names = ["a", "b", "c", "d"];
        let live = sharing(&names, 64);
        for replicas in 0..=3 {
            let mut found = 0;
            for name in names {
                let follows = of(name, &live, 64, replicas);
                assert!(follows.is_disjoint(&live[&InstanceId::new(name)]));
                found += follows.len();
            }
            assert_eq!(found, 64 * replicas);
        }
    }

    #[test]
    fn an_instance_that_goes_moves_only_what_it_followed() {
        let names = ["a", "b", "c", "d", "e"];
        let before = sharing(&names, 64);
        let mut after = before.clone();
        after.remove(&InstanceId::new("e"));
        let lost = of("e", &before, 64, 1);
        for name in ["a", "b", "c", "d"] {
            let (had, has) = (of(name, &before, 64, 1), of(name, &after, 64, 1));
            assert!(had.is_subset(&has), "{name} keeps what it had");
            // The tasks of "e" have no owner now, and may have their standbys anywhere.
            assert!(has.difference(&had).all(|task| lost.contains(task)), "{name} takes over only what e followed");
        }
    }

    #[test]
    fn an_instance_that_does_not_live_follows_nothing() {
        assert_eq!(of("z", &sharing(&["a", "b"], 8), 8, 3), BTreeSet::new());
    }
}
