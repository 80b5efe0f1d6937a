//! Tests of loading a configuration, and of the table of fields.

use std::time::Duration;

use super::field::{Default, Field, Kind};
use super::{
    Commit, Config, FIELDS, HttpRole, Limits, LogFormat, Reference, Restore, SinkKind, Sources, reference_page,
};

const MINIMAL: &str = "application_id: ctm\nkafka: { bootstrap_servers: \"localhost:9092\" }\n";

fn load(files: &[&str], environment: &[(&str, &str)], flags: &[&str]) -> Result<Config, String> {
    let name = |index| if index == 0 { "sheaf.yaml".to_owned() } else { format!("more-{index}.yaml") };
    let files: Vec<_> = files.iter().enumerate().map(|(index, text)| (name(index), (*text).to_owned())).collect();
    let environment: Vec<_> = environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let flags: Vec<_> = flags.iter().map(|flag| (*flag).to_owned()).collect();
    let sources = Sources { files: &files, environment: &environment, flags: &flags, host_name: "host-1" };
    Config::load(&sources).map_err(|problems| problems.to_string())
}

#[test]
fn the_file_of_the_readme_is_read() {
    let text = r#"
application_id: ctm
instance_id: a
kafka: { bootstrap_servers: "localhost:9092", properties: {} }
num_stream_threads: 1
partitions: 4
state_dir: state
http: { bind: "127.0.0.1:8080" }
control_m: { base_url: "http://127.0.0.1:8443/automation-api", api_key: "${env:CTM_API_KEY}", visibility_lag: 30s }
topologies: [topologies/control-m.yaml]
"#;
    let config = load(&[text], &[], &[]).unwrap();
    let control_m = config.control_m.unwrap();
    assert_eq!(config.instance_id.as_str(), "a");
    assert_eq!(control_m.api_key.unwrap().as_str(), "${env:CTM_API_KEY}");
    assert_eq!(control_m.request_timeout, Duration::from_mins(1));
    assert_eq!(control_m.in_flight_max, 16);
    assert_eq!(config.commit.interval, Duration::from_millis(200));
    assert_eq!(config.topologies, [std::path::PathBuf::from("topologies/control-m.yaml")]);
}

#[test]
fn only_the_application_and_the_brokers_are_required() {
    let config = load(&[MINIMAL], &[], &[]).unwrap();
    assert_eq!(config.instance_id.as_str(), "host-1");
    assert_eq!(config.control_m, None);
    assert_eq!(config.replication_factor, None);
    assert_eq!(config.log.format, LogFormat::Auto);
    assert_eq!((config.commit, config.restore), (Commit::default(), Restore::default()));
    let problems = load(&[""], &[], &[]).unwrap_err();
    assert!(problems.contains("application_id: this key is required"), "{problems}");
    assert!(problems.contains("set SHEAF_KAFKA__BOOTSTRAP_SERVERS"), "{problems}");
}

#[test]
fn flags_override_variables_which_override_files_which_override_earlier_files() {
    let files = [MINIMAL, "partitions: 5\nnum_stream_threads: 2\nstate_dir: from-file\nshutdown_timeout: 1s\n"];
    let environment = [("SHEAF_NUM_STREAM_THREADS", "3"), ("SHEAF_STATE_DIR", "from-variable"), ("HOME", "/root")];
    let config = load(&files, &environment, &["state_dir=from-flag", "kafka.bootstrap_servers=k:1"]).unwrap();
    assert_eq!(config.partitions, 5);
    assert_eq!(config.num_stream_threads, 3);
    assert_eq!(config.state_dir, std::path::PathBuf::from("from-flag"));
    assert_eq!(config.kafka.bootstrap_servers, "k:1");
    assert_eq!(config.shutdown_timeout, Duration::from_secs(1));
}

#[test]
fn properties_are_set_by_their_dotted_names_from_every_source() {
    let file = "application_id: a\nkafka: { bootstrap_servers: b, properties: { linger.ms: 5, ssl.ca.location: x } }\n";
    let environment = [("SHEAF_KAFKA__PROPERTIES__SECURITY_PROTOCOL", "SASL_SSL")];
    let config = load(&[file], &environment, &["kafka.properties.ssl.ca.location=y"]).unwrap();
    let properties: Vec<_> =
        config.kafka.properties.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(properties, [("linger.ms", "5"), ("security.protocol", "SASL_SSL"), ("ssl.ca.location", "y")]);
}

#[test]
fn lists_in_variables_are_separated_by_commas_or_written_as_yaml() {
    for value in ["a.yaml, b.yaml", "[a.yaml, b.yaml]"] {
        let config = load(&[MINIMAL], &[("SHEAF_TOPOLOGIES", value)], &[]).unwrap();
        assert_eq!(config.topologies.len(), 2, "{value}");
    }
}

#[test]
fn every_problem_has_the_position_of_its_value() {
    let file = "application_id: ctm\nkafka: { bootstrap_server: x }\npartitions: many\n";
    let problems = load(&[file], &[("SHEAF_HTTP__BIND", "here"), ("SHEAF_HTP__BIND", "x")], &["commit.interval=5"]);
    // Unknown variables and flags are reported alone: fields are read only from a complete tree.
    let first = problems.unwrap_err();
    assert!(
        first.contains("SHEAF_HTP__BIND: no setting has this variable; did you mean `SHEAF_HTTP__BIND`?"),
        "{first}"
    );
    let problems = load(&[file], &[("SHEAF_HTTP__BIND", "here")], &["commit.interval=5"]).unwrap_err();
    for expected in [
        "sheaf.yaml:2:10: kafka.bootstrap_server: this key is unknown\n",
        "did you mean `bootstrap_servers`?",
        "sheaf.yaml:3:13: partitions: expected a whole number from 1 to 10000, found `many`",
        "SHEAF_HTTP__BIND: http.bind: expected an address and a port",
        "--set commit.interval: expected a duration",
    ] {
        assert!(problems.contains(expected), "{expected}\n---\n{problems}");
    }
}

#[test]
fn a_flag_without_a_setting_is_refused() {
    assert!(load(&[MINIMAL], &[], &["partitons=3"]).unwrap_err().contains("did you mean `partitions`?"));
    assert!(load(&[MINIMAL], &[], &["partitions"]).unwrap_err().contains("this has no `=`"));
}

#[test]
fn reserved_variables_are_not_settings() {
    let environment = [("SHEAF_CONFIG", "x"), ("SHEAF_LOG", "debug"), ("SHEAF_TEST_KAFKA", "0")];
    load(&[MINIMAL], &environment, &[]).unwrap();
    load(&[MINIMAL], &[("SHEAF_CONFIGS", "x")], &[]).unwrap_err();
}

#[test]
fn variables_of_kubernetes_services_are_not_settings() {
    let environment = [("SHEAF_PORT", "tcp://10.96.0.7:8080"), ("SHEAF_KAFKA_SERVICE_HOST", "10.96.0.8")];
    load(&[MINIMAL], &environment, &[]).unwrap();
    let problems = load(&[MINIMAL], &[("SHEAF_HTTP__BNID", "127.0.0.1:80")], &[]).unwrap_err();
    assert!(problems.contains("SHEAF_HTTP__BIND"), "{problems}");
}

#[test]
fn a_key_of_control_m_without_its_address_is_a_mistake() {
    let problems = load(&[MINIMAL], &[("SHEAF_CONTROL_M__API_KEY", "${env:K}")], &[]).unwrap_err();
    assert!(problems.contains("control_m.base_url: this key is required"), "{problems}");
}

#[test]
fn a_literal_secret_is_hidden_and_a_reference_is_shown() {
    let literal = Reference::parse("hunter2").unwrap();
    let reference = Reference::parse("${aws-sm:prod/ctm#CTM_API_KEY}").unwrap();
    assert_eq!(format!("{literal:?} {reference:?}"), "*** ${aws-sm:prod/ctm#CTM_API_KEY}");
    for invalid in ["${vault:x}", "${env:}", "Bearer ${env:X}", "${env:X} ", "${X}"] {
        Reference::parse(invalid).unwrap_err();
    }
}

#[test]
fn a_name_that_is_illegal_in_kafka_is_refused() {
    for name in ["a b", "ä", "", "a/b"] {
        let flag = format!("application_id={name}");
        assert!(load(&[MINIMAL], &[], &[&flag]).unwrap_err().contains("part of a topic's name"), "{name}");
    }
}

#[test]
fn every_field_of_the_table_is_read_and_every_default_is_valid() {
    for field in FIELDS.iter() {
        if let Default::Value(value) = field.default {
            load(&[MINIMAL], &[], &[&format!("{}={value}", field.path)]).unwrap();
        }
        // No kind of field accepts this value; a field that accepts it is not read.
        let invalid = if field.kind == Kind::Map { "[x]" } else { "{x: y}" };
        let invalid = if field.kind == Kind::Tree { "x" } else { invalid };
        let problems = load(&[MINIMAL], &[], &[&format!("{}={invalid}", field.path)]).unwrap_err();
        assert!(problems.contains(&format!("{}: expected", field.path)), "{}: {problems}", field.path);
    }
}

#[test]
fn an_address_may_be_that_of_this_host_or_of_ipv6() {
    let bind = |address: &str| load(&[MINIMAL], &[], &[&format!("http.bind={address}")]).map(|config| config.http.bind);
    assert_eq!(bind("localhost:8080").unwrap(), "127.0.0.1:8080".parse().unwrap());
    assert_eq!(bind("[::1]:8080").unwrap(), "[::1]:8080".parse().unwrap());
    let all = bind(":8080").unwrap_err();
    assert_eq!(
        all,
        "--set http.bind: expected an address and a port, found `:8080`: write `0.0.0.0:8080` for all addresses, \
         `127.0.0.1:8080` for this host only"
    );
    assert!(bind("example.com:8080").unwrap_err().contains("write an IP address and a port"));
    let properties = load(&[MINIMAL], &[], &["kafka.properties.sasl.password=[x"]).unwrap().kafka.properties;
    assert_eq!(properties.get("sasl.password").map(Reference::as_str), Some("[x"), "not every value is YAML");
}

#[test]
fn an_address_that_others_reach_needs_tokens_or_a_closed_api() {
    let http = |flags: &[&str]| load(&[MINIMAL], &[], flags).map(|config| config.http);
    let (open, tokens) = ("http.bind=0.0.0.0:8080", "http.tokens=[{ name: ann, role: act, token: '${env:T}' }]");
    assert_eq!(http(&[]).unwrap().anonymous, Some(HttpRole::Read));
    assert_eq!(http(&["http.anonymous=act"]).unwrap().anonymous, Some(HttpRole::Act));
    assert_eq!(http(&[tokens]).unwrap().anonymous, None, "who has tokens wants them asked for");
    assert_eq!(http(&[open, tokens]).unwrap().anonymous, None);
    assert_eq!(http(&[open, "http.anonymous=none"]).unwrap().anonymous, None);
    for flags in [&[open][..], &[open, "http.anonymous=read"], &[open, tokens, "http.anonymous=read"]] {
        let refused = http(flags).unwrap_err();
        assert!(
            refused.contains("everybody who can reach 0.0.0.0:8080 could use the API without a token"),
            "{refused}"
        );
        assert!(refused.contains("add http.tokens, or write `anonymous: none`"), "{refused}");
    }
    assert_eq!(http(&["http.bind=[::1]:0"]).unwrap().anonymous, Some(HttpRole::Read));
}

#[test]
fn a_token_has_a_name_of_its_own_and_a_role() {
    let refused = |tokens: &str| load(&[MINIMAL], &[], &[&format!("http.tokens={tokens}")]).unwrap_err();
    let token = "{ name: ann, role: act, token: '${env:T}' }";
    assert!(refused(&format!("[{token}, {token}]")).contains("there is another token named `ann`"));
    assert!(refused("[{ name: anonymous, role: act, token: t }]").contains("cannot be the name of a token"));
    assert!(refused("[{ name: ann, role: root, token: t }]").contains("expected one of `read`, `act`, `admin`"));
    assert!(refused("[{ name: ann, token: t }]").contains("http.tokens[0].role"));
}

/// A sink, to which a route may lead.
const SINK: &str = "{ hook: { webhook: { url: http://hook } } }";

/// A valid value that is not the field's default.
fn another_value(field: &Field) -> String {
    match field.kind {
        Kind::Text if field.path == "http.advertise" => "http://a:8080".to_owned(),
        Kind::Text if field.path == "control_m.rate" => "7/s".to_owned(),
        Kind::Tree if field.path == "control_m.breaker" => "{ failures: 3 }".to_owned(),
        Kind::Text | Kind::Name | Kind::Path | Kind::Paths => "another".to_owned(),
        Kind::Reference => "${env:ANOTHER}".to_owned(),
        Kind::Integer(_, most) => most.to_string(),
        Kind::Duration => "7s".to_owned(),
        Kind::Address => "127.0.0.1:7".to_owned(),
        Kind::Zone => "Europe/Berlin".to_owned(),
        Kind::Word(words) => (*words.iter().find(|word| field.default != Default::Value(word)).unwrap()).to_owned(),
        Kind::Map => "{another: value}".to_owned(),
        Kind::List => "[key]".to_owned(),
        Kind::Tree if field.path == "sinks" => SINK.to_owned(),
        Kind::Tree if field.path == "http.tokens" => "[{ name: ann, role: act, token: t }]".to_owned(),
        Kind::Tree if field.path == "http.tls" => "{ cert: c, key: k }".to_owned(),
        Kind::Tree => "[{ to: hook }]".to_owned(),
    }
}

/// The path of the first member in which two values differ, read from their Debug form.
fn changed_path(before: &str, after: &str) -> String {
    let changed = before.lines().zip(after.lines()).take_while(|(before, after)| before == after).count();
    let (mut keys, mut indent_max) = (Vec::new(), usize::MAX);
    for line in after.lines().take(changed + 1).collect::<Vec<_>>().into_iter().rev() {
        let member = line.trim_start();
        let indent = line.len() - member.len();
        if indent < indent_max {
            indent_max = indent;
            keys.extend(member.split_once(": ").map(|(key, _)| key));
        }
    }
    keys.reverse();
    keys.join(".")
}

const LOGIN: [&str; 2] = ["control_m.username", "control_m.password"];

#[test]
fn a_login_is_whole_and_excludes_an_api_key() {
    let address = "control_m.base_url=http://ctm";
    let problems = |flags: &[&str]| load(&[MINIMAL], &[], flags).unwrap_err();
    let both = problems(&[address, "control_m.api_key=k", "control_m.username=u", "control_m.password=p"]);
    assert!(both.contains("control_m.username: an API key and a login exclude each other"), "{both}");
    let half = problems(&[address, "control_m.username=u"]);
    assert!(half.contains("control_m.password: this key is required and missing"), "{half}");
    let half = problems(&[address, "control_m.password=p"]);
    assert!(half.contains("control_m.username: this key is required and missing"), "{half}");
    let homeless = problems(&["control_m.proxy=http://proxy:3128"]);
    assert!(homeless.contains("control_m.base_url: this key is required and missing"), "{homeless}");
}

#[test]
fn the_advertised_address_is_a_url_of_a_server() {
    let advertised = |url: &str| load(&[MINIMAL], &[], &[&format!("http.advertise={url}")]).map(|it| it.http.advertise);
    assert_eq!(advertised("https://a:8080/").unwrap().as_deref(), Some("https://a:8080"));
    for wrong in ["a:8080", "http://", "ftp://a", "http://a/api", "http://a?b", "http://user@a"] {
        let said = advertised(wrong).unwrap_err();
        assert!(
            said.contains(&format!("`{wrong}` is no URL of a server; write `http://`, a host and a port")),
            "{said}"
        );
    }
}

#[test]
fn the_limits_of_a_target_are_read() {
    let of = |more: &str| format!("sinks={{ hook: {{ webhook: {{ url: http://hook, {more} }} }} }}");
    let read = |more: &str| load(&[MINIMAL], &[], &[&of(more)]);
    let config = read("rate: 90/m, in_flight_max: 64, breaker: { failures: 3, pause: 5s }").unwrap();
    let SinkKind::Webhook(webhook) = &config.sinks.0["hook"] else { panic!("it is a webhook") };
    let Limits { in_flight_max, rate, burst, breaker } = webhook.attempts.limits;
    assert_eq!((in_flight_max, rate.unwrap().of_a_second(), burst), (64, 1, None));
    let seconds = [breaker.pause, breaker.pause_max].map(|pause| pause.as_secs());
    assert_eq!((breaker.failures, seconds), (3, [5, 60]));
    for (more, words) in [
        ("rate: fast", "`fast` is no rate"),
        ("rate: 0/s", "write a number of calls and a unit"),
        ("burst: 3", "a burst belongs to a rate"),
        ("breaker: { failures: 0 }", "sinks.hook.webhook.breaker.failures"),
        ("breaker: { pause: 0s }", "longer than 0"),
        ("breaker: { pauses: 1s }", "pauses"),
    ] {
        let problems = read(more).unwrap_err();
        assert!(problems.contains(words), "{more}: {problems}");
    }
}

#[test]
fn every_value_is_read_into_the_member_of_its_path() {
    let shown = |flags: &[&str]| format!("{:#?}", load(&[MINIMAL], &[], flags).unwrap());
    // A service is configured if its address is set, which is a reference.
    let references = FIELDS.iter().filter(|field| field.kind == Kind::Reference);
    let references: Vec<String> = references.map(|field| format!("{}=set", field.path)).collect();
    let is_key = |text: &str| text.starts_with("control_m.api_key");
    for field in FIELDS.iter() {
        // An API key and a login exclude each other.
        let excluded =
            |text: &str| if is_key(field.path) { LOGIN.iter().any(|it| text.starts_with(it)) } else { is_key(text) };
        let set: Vec<&str> = references.iter().map(String::as_str).filter(|text| !excluded(text)).collect();
        let flag = format!("{}={}", field.path, another_value(field));
        let sink = format!("sinks={SINK}");
        let set = [set, if field.path == "sinks" { Vec::new() } else { vec![sink.as_str()] }].concat();
        // A burst belongs to a rate.
        let set = [set, if field.path == "control_m.burst" { vec!["control_m.rate=7/s"] } else { Vec::new() }].concat();
        let changed = [set.as_slice(), &[&flag]].concat();
        let path = changed_path(&shown(&set), &shown(&changed));
        let is_below = path.strip_prefix(field.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        assert!(is_below, "{}: {path}", field.path);
    }
}

#[test]
fn the_reader_accepts_exactly_the_words_of_the_table() {
    for field in FIELDS.iter() {
        if let Kind::Word(words) = field.kind {
            for word in words {
                load(&[MINIMAL], &[], &[&format!("{}={word}", field.path)]).unwrap();
            }
            let problems = load(&[MINIMAL], &[], &[&format!("{}=another", field.path)]).unwrap_err();
            assert!(problems.contains(&format!("expected one of `{}`, found", words.join("`, `"))), "{problems}");
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a variable has the test write the page that it compares")]
fn the_reference_page_is_generated_from_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
    if std::env::var_os("SHEAF_UPDATE_DOCS").is_some() {
        std::fs::write(path, reference_page()).unwrap();
    }
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(page, reference_page(), "docs/configuration.md is stale: run the test with SHEAF_UPDATE_DOCS=1");
}
