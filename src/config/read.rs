//! The tree as a [`Config`], each field read by its row of the table.

use std::collections::BTreeMap;
use std::time::Duration;

use super::field::{self, Default, FIELDS, Field, Kind};
use super::layer::{self, Sources};
use super::{Commit, Config, ControlM, Http, Kafka, Log, LogFormat, ProcessingGuarantee, Reference, Restore};
use crate::codec::yaml::{Collector, Item, Node, Origin, Problem, Problems, Read, Value, closest};
use crate::model::InstanceId;

/// The longest application and instance id: topic names of at most 249 characters are made from them.
const NAME_CHARS_MAX: usize = 100;
/// What `commit.write_behind` may be at most.
const WRITE_BEHIND_MAX: Duration = Duration::from_mins(1);

impl Config {
    /// Reads all sources; every problem of every one of them is reported.
    pub fn load(sources: &Sources<'_>) -> Result<Self, Problems> {
        let tree = layer::tree(sources)?;
        let collector = Collector::default();
        let reader = Reader { tree: &tree, collector: &collector };
        reader.refuse_unknown("", &tree);
        let config = reader.config();
        collector.finish(&tree.at, config)
    }
}

struct Reader<'a> {
    tree: &'a Node,
    collector: &'a Collector,
}

impl<'a> Reader<'a> {
    fn config(&self) -> Option<Config> {
        // Everything is read before anything is given up, so that all problems are reported.
        let application_id = self.name(&field::APPLICATION_ID);
        let instance_id = self.name(&field::INSTANCE_ID);
        let kafka = self.kafka();
        let guarantees =
            [("exactly_once", ProcessingGuarantee::ExactlyOnce), ("at_least_once", ProcessingGuarantee::AtLeastOnce)];
        let processing_guarantee = self.item(&field::PROCESSING_GUARANTEE).and_then(|item| item.word(&guarantees));
        let direct_handover =
            self.item(&field::DIRECT_HANDOVER).and_then(|item| item.word(&[("on", true), ("off", false)]));
        let num_stream_threads = self.integer(&field::NUM_STREAM_THREADS);
        let partitions = self.integer(&field::PARTITIONS);
        let replication_factor = self.optional_integer(&field::REPLICATION_FACTOR);
        let state_dir = self.value(&field::STATE_DIR);
        let state_cache_mib = self.integer(&field::STATE_CACHE_MIB);
        let bind = self.value(&field::HTTP_BIND);
        let control_m = self.control_m();
        let num_standby_replicas = self.integer(&field::NUM_STANDBY_REPLICAS);
        let records_per_second_max = self.optional_integer(&field::RESTORE_RECORDS_PER_SECOND_MAX);
        let commit = self.commit();
        let shutdown_timeout = self.duration(&field::SHUTDOWN_TIMEOUT);
        let log = self.log();
        let topologies = self.item(&field::TOPOLOGIES).and_then(|item| item.texts());
        Some(Config {
            application_id: application_id?,
            instance_id: InstanceId::new(&instance_id?),
            kafka: kafka?,
            processing_guarantee: processing_guarantee?,
            direct_handover: direct_handover?,
            num_stream_threads: num_stream_threads?,
            partitions: partitions?,
            replication_factor,
            state_dir: state_dir?,
            state_cache_mib: state_cache_mib?,
            http: Http { bind: bind? },
            control_m,
            num_standby_replicas: num_standby_replicas?,
            restore: Restore { records_per_second_max },
            commit: commit?,
            shutdown_timeout: shutdown_timeout?,
            log: log?,
            topologies: topologies?.into_iter().map(Into::into).collect(),
        })
    }

    fn kafka(&self) -> Option<Kafka> {
        let bootstrap_servers = self.value(&field::BOOTSTRAP_SERVERS);
        let properties = self.properties();
        Some(Kafka { bootstrap_servers: bootstrap_servers?, properties: properties? })
    }

    fn properties(&self) -> Option<BTreeMap<String, Reference>> {
        let Some(item) = self.item(&field::PROPERTIES) else { return Some(BTreeMap::new()) };
        let map: BTreeMap<String, String> = item.read()?;
        let mut properties = BTreeMap::new();
        for (name, value) in map {
            match Reference::parse(&value) {
                Ok(reference) => {
                    properties.insert(name, reference);
                }
                Err(message) => item.problem(format!("{name}: {message}"), None),
            }
        }
        Some(properties)
    }

    fn control_m(&self) -> Option<ControlM> {
        let base_url = self.reference(&field::CONTROL_M_BASE_URL);
        let api_key = self.reference(&field::CONTROL_M_API_KEY);
        let visibility_lag = self.duration(&field::CONTROL_M_VISIBILITY_LAG);
        let request_timeout = self.duration(&field::CONTROL_M_REQUEST_TIMEOUT);
        let intent_valid_for = self.duration(&field::CONTROL_M_INTENT_VALID_FOR);
        let in_flight_max = self.integer(&field::CONTROL_M_IN_FLIGHT_MAX);
        if api_key.is_some() && self.item(&field::CONTROL_M_BASE_URL).is_none() {
            self.missing(&field::CONTROL_M_BASE_URL);
        }
        Some(ControlM {
            base_url: base_url?,
            api_key,
            visibility_lag: visibility_lag?,
            request_timeout: request_timeout?,
            intent_valid_for: intent_valid_for?,
            in_flight_max: in_flight_max?,
        })
    }

    fn commit(&self) -> Option<Commit> {
        let interval = self.duration(&field::COMMIT_INTERVAL);
        let records_max = self.integer(&field::COMMIT_RECORDS_MAX);
        let write_behind = self.duration(&field::COMMIT_WRITE_BEHIND).filter(|time| {
            let is_short = *time <= WRITE_BEHIND_MAX;
            if let (false, Some(item)) = (is_short, self.item(&field::COMMIT_WRITE_BEHIND)) {
                item.problem("this must not be longer than 1m: all of it is read again after a crash", None);
            }
            is_short
        });
        Some(Commit { interval: interval?, records_max: records_max?, write_behind: write_behind? })
    }

    fn log(&self) -> Option<Log> {
        let words = [("text", LogFormat::Text), ("json", LogFormat::Json), ("auto", LogFormat::Auto)];
        let format = self.item(&field::LOG_FORMAT).and_then(|item| item.word(&words));
        let level = self.value(&field::LOG_LEVEL);
        Some(Log { format: format?, level: level? })
    }

    /// The item of a field; a required one that is absent leaves a problem.
    fn item(&self, field: &Field) -> Option<Item<'a>> {
        let mut item = Item::root(self.tree, self.collector);
        for key in field.path.split('.') {
            let Some(node) = item.node().get(key).filter(|node| node.value != Value::Null) else {
                if field.default == Default::Required {
                    self.missing(field);
                }
                return None;
            };
            item = item.below(key, node);
        }
        Some(item)
    }

    fn missing(&self, field: &Field) {
        let hint = Some(format!("add it to a file, or set {}", field.variable()));
        self.collector.push(Problem::new(field.path, &self.tree.at, "this key is required and missing").hint(hint));
    }

    fn value<T: Read>(&self, field: &Field) -> Option<T> {
        self.item(field)?.read()
    }

    fn name(&self, field: &Field) -> Option<String> {
        let item = self.item(field)?;
        let name = item.text()?;
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(legal) {
            return Some(name.to_owned());
        }
        let allowed = format!("take 1 to {NAME_CHARS_MAX} letters, digits, `.`, `_` and `-`");
        item.problem(format!("`{name}` cannot be part of a topic's name"), Some(allowed));
        None
    }

    fn reference(&self, field: &Field) -> Option<Reference> {
        self.item(field)?.parsed(Reference::parse)
    }

    /// A duration that is not zero: every one of them is a limit or an interval.
    fn duration(&self, field: &Field) -> Option<Duration> {
        let item = self.item(field)?;
        let duration: Duration = item.read()?;
        if duration.is_zero() {
            item.problem("this must be longer than 0", None);
            return None;
        }
        Some(duration)
    }

    fn integer<T: TryFrom<i64>>(&self, field: &Field) -> Option<T> {
        self.optional_integer(field)
    }

    fn optional_integer<T: TryFrom<i64>>(&self, field: &Field) -> Option<T> {
        let Kind::Integer(least, most) = field.kind else { return None };
        self.item(field)?.integer(least..=most)
    }

    /// Refuses keys that are not in the table. A section that is not a map is refused here too.
    fn refuse_unknown(&self, above: &str, node: &Node) {
        for entry in node.entries() {
            let path = if above.is_empty() { entry.key.clone() } else { format!("{above}.{}", entry.key) };
            let section = format!("{path}.");
            if FIELDS.iter().any(|field| field.path == path) {
                continue;
            }
            if !FIELDS.iter().any(|field| field.path.starts_with(&section)) {
                self.collector.push(unknown(&path, above, entry));
            } else if matches!(entry.node.value, Value::Map(_)) {
                self.refuse_unknown(&path, &entry.node);
            } else {
                let problem = Problem::new(&path, &entry.node.at, "expected a map");
                self.collector.push(problem);
            }
        }
    }
}

fn unknown(path: &str, above: &str, entry: &crate::codec::yaml::Entry) -> Problem {
    let siblings: Vec<&str> = FIELDS
        .iter()
        .filter_map(|field| {
            let rest = if above.is_empty() { field.path } else { field.path.strip_prefix(above)?.strip_prefix('.')? };
            rest.split('.').next()
        })
        .collect();
    let hint = closest(&entry.key, siblings.iter().copied()).or_else(|| {
        // The key may be right and only at the wrong place.
        let elsewhere = FIELDS.iter().find(|field| field.path.rsplit('.').next() == Some(&entry.key))?;
        Some(format!("did you mean `{}`?", elsewhere.path))
    });
    let fallback = matches!(&*entry.key_at.origin, Origin::File { .. })
        .then(|| "docs/configuration.md lists every key".to_owned());
    Problem::new(path, &entry.key_at, "this key is unknown").hint(hint.or(fallback))
}
