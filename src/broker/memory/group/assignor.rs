//! The assignor: balanced first, then sticky, and deterministic.
//!
//! Members keep their partitions; free partitions go to the least loaded member; then partitions move from the most
//! loaded to the least loaded members until no move improves the balance. Ties are broken by the order of members and
//! partitions. The goals are those of Kafka's `CooperativeStickyAssignor` (its javadoc: "as balanced as possible", then
//! "preserve as many existing assignments as possible").

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Topic, TopicPartition};

/// A member with its subscription and its partitions.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    pub(super) topics: &'a BTreeSet<Topic>,
    pub(super) owned: &'a BTreeSet<TopicPartition>,
}

/// Assigns the partitions to the candidates; the result has one set per candidate, in their order.
///
/// `count` gives a topic's partition count, `None` if the topic does not exist.
pub(super) fn assign(
    candidates: &[Candidate<'_>],
    count: impl Fn(&Topic) -> Option<i32>,
) -> Vec<BTreeSet<TopicPartition>> {
    let topics: BTreeSet<&Topic> = candidates.iter().flat_map(|candidate| candidate.topics).collect();
    let mut free: BTreeSet<TopicPartition> = topics
        .into_iter()
        .flat_map(|topic| (0..count(topic).unwrap_or(0)).map(|partition| TopicPartition::new(topic, partition)))
        .collect();
    let mut shares = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let wanted = candidate.owned.iter().filter(|partition| candidate.topics.contains(&partition.topic));
        // `remove` also resolves a partition that two members claim: the first keeps it.
        shares.push(wanted.filter(|partition| free.remove(*partition)).cloned().collect::<BTreeSet<_>>());
    }
    for partition in free {
        let takers = candidates.iter().zip(&mut shares).filter(|(taker, _)| taker.topics.contains(&partition.topic));
        if let Some((_, share)) = takers.min_by_key(|(_, share)| share.len()) {
            share.insert(partition);
        }
    }
    while let Some((from, to, partition)) = improvement(candidates, &shares) {
        if let Some(share) = shares.get_mut(from) {
            share.remove(&partition);
        }
        if let Some(share) = shares.get_mut(to) {
            share.insert(partition);
        }
    }
    shares
}

/// A move that improves the balance: from the most loaded member to one that subscribes to the topic and has at least
/// two fewer.
///
/// Each move lowers the sum of the squares of the loads, so the loop ends.
fn improvement(
    candidates: &[Candidate<'_>],
    shares: &[BTreeSet<TopicPartition>],
) -> Option<(usize, usize, TopicPartition)> {
    let mut givers: BTreeMap<(std::cmp::Reverse<usize>, usize), &BTreeSet<TopicPartition>> = BTreeMap::new();
    for (place, share) in shares.iter().enumerate() {
        givers.insert((std::cmp::Reverse(share.len()), place), share);
    }
    for ((_, from), share) in givers {
        for partition in share.iter().rev() {
            let takers =
                candidates.iter().zip(shares).enumerate().filter(|(_, (taker, has))| {
                    taker.topics.contains(&partition.topic) && has.len() + 2 <= share.len()
                });
            if let Some((to, _)) = takers.min_by_key(|(_, (_, has))| has.len()) {
                return Some((from, to, partition.clone()));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partitions(topic: &str, numbers: &[i32]) -> BTreeSet<TopicPartition> {
        numbers.iter().map(|number| TopicPartition::new(&Topic::new(topic), *number)).collect()
    }

    fn topics(names: &[&str]) -> BTreeSet<Topic> {
        names.iter().map(|name| Topic::new(name)).collect()
    }

    fn run(members: &[(BTreeSet<Topic>, BTreeSet<TopicPartition>)], count: i32) -> Vec<BTreeSet<TopicPartition>> {
        let candidates: Vec<_> = members.iter().map(|(topics, owned)| Candidate { topics, owned }).collect();
        assign(&candidates, |_| Some(count))
    }

    #[test]
    fn equal_members_get_shares_that_differ_by_one_at_most() {
        let members = vec![(topics(&["a", "b"]), BTreeSet::new()); 3];
        let mut sizes: Vec<_> = run(&members, 5).iter().map(BTreeSet::len).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [3, 3, 4]);
    }

    #[test]
    fn a_newcomer_takes_only_what_the_balance_needs() {
        let members = [
            (topics(&["a"]), partitions("a", &[0, 1, 2])),
            (topics(&["a"]), partitions("a", &[3, 4, 5])),
            (topics(&["a"]), BTreeSet::new()),
        ];
        let shares = run(&members, 6);
        assert_eq!(shares[0], partitions("a", &[0, 1]));
        assert_eq!(shares[1], partitions("a", &[3, 4]));
        assert_eq!(shares[2], partitions("a", &[2, 5]));
    }

    #[test]
    fn a_partition_goes_only_to_a_member_that_reads_its_topic() {
        let members = [(topics(&["a"]), BTreeSet::new()), (topics(&["b"]), partitions("a", &[0]))];
        let shares = run(&members, 2);
        assert_eq!(shares[0], partitions("a", &[0, 1]));
        assert_eq!(shares[1], partitions("b", &[0, 1]));
    }

    #[test]
    fn a_partition_that_two_members_claim_stays_with_one() {
        let members = [(topics(&["a"]), partitions("a", &[0])), (topics(&["a"]), partitions("a", &[0]))];
        let shares = run(&members, 1);
        assert_eq!((shares[0].len(), shares[1].len()), (1, 0));
    }
}
