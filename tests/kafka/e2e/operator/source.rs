//! Drills: a source that stands still.

use std::time::Duration;

use bytes::Bytes;
use sheaf::broker::kafka::KafkaSettings;
use sheaf::model::{OutRecord, TopicPartition};

use super::super::super::fixture::{Fixture, begin_with};
use super::super::bundle::{Bundle, bundles};
use super::super::deployment::unkeyed;
use super::super::trouble;
use super::site::Site;

/// The seconds that a minute of the rules has here: a partition stands still for sheaf after half a minute, and `SheafConsumerStalled`
/// waits for more than that.
const MINUTE: u32 = 5;

#[test]
#[ignore = "two minutes: a source that stands still is named after half a minute; scripts/nightly runs it"]
fn drill_a_source_that_stands_still() {
    let Some(deployment) = trouble::open("e2e-operator-source") else { return };
    let mut site = Site::start(deployment, MINUTE, &[]);
    let still = TopicPartition::new(&site.deployment.topic("children"), 1);
    let settings =
        KafkaSettings { transaction_timeout: Duration::from_mins(10), ..site.deployment.fixture.settings.clone() };
    let mut batch = Fixture::on("e2e-operator-batch", settings).producer("nightly", &[]);
    begin_with(&mut *batch, &still, &["{}"]);
    let all = bundles(4, &mut fastrand::Rng::with_seed(4703));
    let records: Vec<OutRecord> = all
        .iter()
        .flat_map(Bundle::events)
        .map(|(is_parent, value)| {
            let value = Some(Bytes::from(value.to_string()));
            if is_parent {
                return unkeyed(&site.deployment.topic("parents"), value);
            }
            OutRecord { partition: Some(still.partition), ..unkeyed(&still.topic, value) }
        })
        .collect();
    site.deployment.produce(&records);

    let alert = site.fires("SheafSourceStandsStill");
    assert_eq!((alert["topic"].as_str(), alert["partition"].as_str()), (still.topic.as_str(), "1"), "{alert:?}");
    assert_eq!(site.deployment.folders(), 0, "nothing is complete");
    let has = site.prometheus.series("sheaf_consumer_standing_still_seconds").remove(0);
    let host = site.host_of(&has);
    let mut operator = site.operator(&alert);
    operator.goes_to(host);
    let producers = operator.run("kafka-transactions.sh --bootstrap-server \"$BROKERS\" describe-producers");
    // The last column is the offset at which the transaction has begun; None of producers without one.
    let begun = |line: &str| line.split_whitespace().last().filter(|it| it.parse::<u64>().is_ok()).map(str::to_owned);
    let offset = producers.lines().find_map(begun).unwrap_or_else(|| panic!("no open transaction: {producers}"));
    operator.run("kafka-transactions.sh --bootstrap-server \"$BROKERS\" find-hanging");
    let ongoing = operator.run("kafka-transactions.sh --bootstrap-server \"$BROKERS\" list");
    assert!(ongoing.contains("Ongoing"), "{ongoing}");
    let logged = operator.run("logs | grep 'a source stands still'");
    assert!(logged.contains(&still.to_string()), "{logged}");
    operator.knows("OFFSET", &offset);
    operator.run("kafka-transactions.sh --bootstrap-server \"$BROKERS\" abort");
    operator.finish();

    site.clears("SheafSourceStandsStill");
    site.deployment.wait_for_deliveries(&all);
    site.deployment.assert_exactly(&all);
    site.finish(&["SheafSourceStandsStill"]);
    drop(batch);
}
