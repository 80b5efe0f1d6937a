//! The size of transactions while they fail.

use sheaf::broker::memory::{self, Fault, FaultKind, Operation};
use sheaf::processor::erase;
use sheaf::sim::World;

use super::support::{Counter, NoSink, metric, run_until_idle, send_to, setup, values};

#[test]
fn a_transaction_that_times_out_is_gathered_again_at_half_the_size() {
    let mut setup = setup(erase(Counter), Box::new(|_| std::sync::Arc::new(NoSink)), memory::Settings::default());
    setup.settings.commit.records_max = 64;
    setup.settings.commit.interval = std::time::Duration::from_mins(1);
    let mut world = World::new(setup);
    world.start("a").unwrap();
    run_until_idle(&mut world);
    let before = metric(&world, "a", "sheaf_producer_transactions_total");
    let (operation, kind) = (Operation::Commit, FaultKind::TimeoutBefore);
    world.broker().inject(Fault { operation, process: Some("a".to_owned()), kind, times: 3 });
    send_to(&world, 64);
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts").len(), 64);
    let transactions = metric(&world, "a", "sheaf_producer_transactions_total") - before;
    assert!(transactions >= 8, "64 inputs in transactions of at most 8: {transactions}");
}
