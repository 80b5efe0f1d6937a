//! What an operator meets: quiet weeks, other programs' transactions, logins, dead letters, first starts, names.

use std::time::Duration;

use sheaf::broker::kafka::KafkaSettings;
use sheaf::model::{Headers, OutRecord, Timestamp, TopicPartition};

use super::super::cluster::{KafkaCluster, is_skipped, shared};
use super::super::e2e::bundle::{bundles, shuffled};
use super::super::e2e::deployment::{Deployment, unkeyed};
use super::super::e2e::process::until;
use super::super::fixture::{Fixture, LIMIT, begin_with};
use super::output::{id, open};

/// The time after which a broker forgets an idle transactional id, and the interval in which it looks.
const FORGETFUL: [&str; 4] = [
    "transactional.id.expiration.ms=15000",
    "transaction.remove.expired.transaction.cleanup.interval.ms=3000",
    "producer.id.expiration.ms=15000",
    "producer.id.expiration.check.interval.ms=3000",
];

#[test]
#[ignore = "a minute and a half: a transactional id that expires twice"]
fn p21_after_a_quiet_week_the_next_events_are_processed() {
    if is_skipped() {
        return;
    }
    let cluster = KafkaCluster::start_with(&FORGETFUL);
    let deployment = Deployment::at("case-p21", cluster.bootstrap_servers());
    deployment.create_sources();
    let mut chance = fastrand::Rng::with_seed(91);
    let all = bundles(30, &mut chance);
    let mut instances = [deployment.run("a"), deployment.run("b")];
    let first = shuffled(&all[..10], 0, &mut chance);
    deployment.write_events(&first);
    deployment.wait_for_deliveries(&all[..10]);
    let quiet = || std::thread::sleep(Duration::from_secs(30));
    quiet();
    deployment.write_events(&shuffled(&all[10..20], 0, &mut chance));
    deployment.wait_for_deliveries(&all[..20]);
    // Then a take-over during the silence, and only duplicates, which change nothing.
    instances[1].kill();
    quiet();
    deployment.write_events(&first);
    deployment.write_events(&shuffled(&all[20..], 0, &mut chance));
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert!(instances[0].is_ready());
    let log = instances[0].log_text();
    let aborted = log.lines().filter(|line| line.contains("transaction aborted; retrying it")).count();
    assert!(aborted <= 2, "one warning for each silence: {log}");
    assert!(!log.contains(r#""level":"ERROR""#), "{log}");
    assert_eq!(instances[0].terminate(), Some(0));
}

#[test]
#[ignore = "a minute: a source that stands still is named after half a minute"]
fn p22_a_source_behind_an_open_transaction_of_another_program_is_named() {
    let sources = "\
sources:
  - { topic: @parents, member: parent, bundle: /id, id: /id }
  - { topic: @children, member: child, bundle: /parent, id: /id }
";
    let Some(deployment) = open("case-p22", sources) else { return };
    let mut instance = deployment.run("a");
    let source = TopicPartition::new(&deployment.topic("parents"), 0);
    let settings =
        KafkaSettings { transaction_timeout: Duration::from_mins(10), ..deployment.fixture.settings.clone() };
    let mut batch = Fixture::on("case-p22-batch", settings).producer("nightly", &[]);
    begin_with(&mut *batch, &source, &[&format!(r#"{{"id":"{}"}}"#, id(1))]);
    let events: Vec<_> = (10..15)
        .flat_map(|number| {
            [
                deployment.record("parents", "parent", format!(r#"{{"id":"{}"}}"#, id(number))),
                deployment.record(
                    "children",
                    "child",
                    format!(r#"{{"id":"{}","parent":"{}"}}"#, id(100 + number), id(number)),
                ),
            ]
        })
        .collect();
    deployment.produce(&events);
    instance.wait_for_log("a source stands still: its next records are behind an open transaction");
    let log = instance.log_text();
    let line = log.lines().find(|line| line.contains("a source stands still")).expect("the line");
    for words in
        [source.to_string().as_str(), "\"offset\":0", "kafka-transactions.sh find-hanging", "\"level\":\"WARN\""]
    {
        assert!(line.contains(words), "{words} is not in {line}");
    }
    until("/readyz tells it", || {
        instance.http_get("/readyz").is_some_and(|(_, body)| body.contains("behind an open transaction"))
    });
    assert!(instance.metric("sheaf_consumer_lag_records", source.topic.as_str()) > 0.5);
    assert_eq!(deployment.folders(), 0);
    batch.abort(LIMIT).expect("aborted");
    deployment.wait_for_submissions(5);
    until("the lag is 0, markers included", || instance.metric("sheaf_consumer_lag_records", "") < 0.5);
    assert_eq!(deployment.alerts(), []);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn p24_a_login_that_this_build_lacks_is_told_by_validate() {
    let Some(shared) = shared() else { return };
    let deployment = Deployment::at("case-p24", shared);
    let name = |property: &str| format!("SHEAF_KAFKA__PROPERTIES__{}", property.replace('.', "_").to_uppercase());
    for (properties, words) in [
        (vec![("security.protocol", "SASL_SSL")], "GSSAPI (Kerberos) is not in this build"),
        (vec![("security.protocol", "SASL_PLAINTEXT"), ("sasl.mechanism", "GSSAPI")], "no libsasl2"),
        (vec![("security.protocol", "SASL_SSL"), ("sasl.mechanism", "OAUTHBEARER")], "OAUTHBEARER needs tokens"),
        (
            vec![
                ("security.protocol", "SASL_SSL"),
                ("sasl.mechanism", "OAUTHBEARER"),
                ("sasl.oauthbearer.method", "oidc"),
                ("sasl.oauthbearer.token.endpoint.url", "https://127.0.0.1:1/token"),
            ],
            "sasl.oauthbearer.client.id: it is missing",
        ),
        (vec![("security.protocol", "SASL_SSL"), ("sasl.mechanism", "AWS_MSK_IAM")], "SCRAM-SHA-512"),
        (vec![("sasl.jaas.config", "x required;")], "sasl.username"),
        (vec![("ssl.truststore.location", "/tmp/client.jks")], "ssl.ca.location"),
    ] {
        let environment: Vec<_> = properties.iter().map(|(property, value)| (name(property), *value)).collect();
        let environment: Vec<_> = environment.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        for command in ["validate", "run"] {
            let mut process = deployment.process(&[command], "a", "a", &environment);
            assert_eq!(process.exit_code(), Some(78), "{command} with {properties:?}: {}", process.log_text());
            let printed = process.log_text();
            assert!(printed.contains(words), "{command} with {properties:?}: `{words}` is not in {printed}");
        }
    }
}

#[test]
fn p26_a_dead_letter_that_is_written_back_keeps_its_headers_and_grows_none() {
    let Some(deployment) = Deployment::open("case-p26") else { return };
    let topic = deployment.topic("parents");
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let headers = Headers::new().with("traceparent", trace).with("tenant", "blue").with("tenant", "green");
    let mut record = OutRecord { headers, ..unkeyed(&topic, Some(br#"{"no":"id"}"#.as_slice().into())) };
    let mut instance = deployment.run("a");
    let mut sizes = Vec::new();
    for round in 1..=12 {
        deployment.produce(std::slice::from_ref(&record));
        until(&format!("round {round}"), || deployment.dead_letters().len() >= round);
        let rounds = |headers: &Headers| headers.text("__sheaf.errors.rounds").map(str::to_owned);
        let letter = deployment
            .dead_letters()
            .into_iter()
            .find(|letter| rounds(&letter.headers).as_deref() == Some(&round.to_string()))
            .unwrap_or_else(|| panic!("no dead letter of round {round}"));
        let own: Vec<_> = letter.headers.iter().filter(|header| !header.name.starts_with("__sheaf.")).collect();
        let names: Vec<&str> = own.iter().map(|header| &*header.name).collect();
        assert_eq!(names, ["traceparent", "tenant", "tenant"], "round {round}");
        assert_eq!(letter.headers.text("traceparent"), Some(trace));
        sizes.push(letter.headers.iter().count());
        record = OutRecord { headers: letter.headers, ..record };
    }
    sizes.dedup();
    assert_eq!(sizes.len(), 1, "the number of headers stays: {sizes:?}");
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn p29_a_first_start_on_a_history_is_a_decision() {
    let sources = |start: &str| {
        format!(
            "\
sources:
  - {{ topic: @parents, member: parent, bundle: /id, id: /id{start} }}
  - {{ topic: @children, member: child, bundle: /parent, id: /id{start} }}
"
        )
    };
    let Some(mut deployment) = open("case-p29", &sources("")) else { return };
    let now = jiff::Timestamp::now().as_millisecond();
    let hours = |hours: i64| Timestamp::from_millis(now - hours * 3_600_000);
    // Five days of a bundle each hour, and one bundle of now.
    let pair = |deployment: &Deployment, number: usize, at: Timestamp| {
        let parent = deployment.record("parents", "parent", format!(r#"{{"id":"{}"}}"#, id(number)));
        let child = format!(r#"{{"id":"{}","parent":"{}"}}"#, id(1000 + number), id(number));
        let child = deployment.record("children", "child", child);
        [parent, child].map(|record| OutRecord { timestamp: Some(at), ..record })
    };
    let history: Vec<_> =
        (0..120_u16).rev().flat_map(|age| pair(&deployment, usize::from(age), hours(i64::from(age) + 1))).collect();
    // In one transaction: its marker is new, and one between the records would make those behind it new.
    let mut producer = deployment.fixture.producer("history", &[]);
    producer.begin().expect("begun");
    for record in &history {
        producer.produce(record).expect("produced");
    }
    producer.commit(LIMIT).expect("committed");
    let mut refused = deployment.start("a");
    assert_eq!(refused.exit_code(), Some(78), "{}", refused.log_text());
    let log = refused.log_text();
    for words in [deployment.topic("parents").as_str(), "earliest", "7d", "24h", "latest", "start"] {
        assert!(log.contains(words), "{words} is not in {log}");
    }
    assert_eq!((deployment.folders(), deployment.read(&deployment.own("submissions")).len()), (0, 0));

    deployment.sources = Some(sources(", start: latest"));
    let mut instance = deployment.run("a");
    let new = pair(&deployment, 500, hours(0));
    deployment.produce(&new);
    assert!(deployment.wait_for_submissions(1).contains_key(&id(500)));
    assert_eq!(instance.terminate(), Some(0));
    // The decision is taken once: another one later changes nothing.
    deployment.sources = Some(sources(", start: earliest"));
    let mut instance = deployment.run("a");
    let new = pair(&deployment, 501, hours(0));
    deployment.produce(&new);
    deployment.wait_for_submissions(2);
    assert_eq!(deployment.alerts(), []);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn p30_long_names_and_names_that_differ_in_a_dot_run() {
    let Some(shared) = shared() else { return };
    let long = format!("{}-case-p30", std::process::id());
    let long = format!("{long:x<249}");
    let sources = format!(
        "\
sources:
  - {{ topic: {long}, member: parent, bundle: /id, id: /id }}
  - {{ topic: @c.d, member: child, bundle: /parent, id: /id, position: /at }}
"
    );
    let mut deployment = Deployment::at("case-p30.c_d", shared);
    deployment.sources = Some(sources);
    let application = format!("{:a<100}", deployment.application());
    let environment = [("SHEAF_APPLICATION_ID", application.as_str())];
    let mut instance = deployment.start_with("a", &environment);
    instance.ready();
    let parent = unkeyed(&sheaf::model::Topic::new(&long), Some(format!(r#"{{"id":"{}"}}"#, id(1)).into()));
    // Children are counted from 1: one that is counted from 0 is told by its own place.
    let child = |number: usize, at: i32| {
        let value = format!(r#"{{"id":"{}","parent":"{}","at":{at}}}"#, id(number), id(1));
        deployment.record("c.d", "child", value)
    };
    deployment.produce(&[parent, child(100, 0), child(101, 1)]);
    until("it is submitted", || deployment.folders() == 1);
    let alerts = deployment.values(&sheaf::model::Topic::new(&format!("{application}-alerts")));
    assert_eq!(alerts.len(), 1, "{alerts:#?}");
    assert!(alerts[0]["message"].as_str().is_some_and(|message| message.contains("position 0")), "{alerts:#?}");
    assert_eq!(instance.terminate(), Some(0));
}
