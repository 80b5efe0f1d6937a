//! The commands of the bundle's golden files.
//!
//! | command | what it is |
//! |---|---|
//! | `parent p1 children=2 note=x` | a parent event, through its keying; `children` and `note` are optional |
//! | `child c1 parent=p1 n=1 note=x` | a child event; `n` is its position; without an id it is `c<n>` |
//! | `rules least=3 after=2h expects=child parent=no` | a minimum after a time-out; children announce their number, `of=3`; no parent |
//! | `rules cut_off=23:59 zone=Europe/Berlin deadline=/due` | other deadlines |
//! | `when [children \| length > 1]` | a condition over the members |
//! | `members alone payment=1..3 shipment=2` | the same without a parent, and with a range |
//! | `members payment=1 shipment=2` | counts children by name; each has a topic of its own, `payments` |
//! | `named payment c1 parent=p1 n=1` | a child of this name |
//! | `record parents {"id":1}` | any value in the topic `parents` or `children`; without one, a tombstone |
//! | `timestamp p1 parent millis=-1 sent=0` | a parent, or a child of p1, in a record with this timestamp; `sent` is a field |
//! | `outcome p1`, `stray p1` | inputs that a bundle ignores: an outcome, a timer |
//! | `rules children=1 sla=24h warn=4h expire=336h keep=168h expects=no position=no key=uuid time=/at unit=ms implausible=reject ignore=/sent` | changes the rules |
//! | `rules progress=yes` | forwards the opening of bundles, and signals of their members |
//! | `rules conflicts=latest late=count too_old=ignore` | the policies |

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::json;
use sheaf::codec::json::Pointer;
use sheaf::model::{ActSlot, Key, Outcome, Record, Timer, TimerKind, Timestamp, Verdict};
use sheaf::processor::bundle::{
    AtLeast, Bundle, CutOff, DEADLINE, EventOutcome, Implausible, KEEP_CLOSED, KeyFormat, MemberKeying, NamedChildren,
    Report, Resolution, Role, Rules, SourceRules, State, TimeRule, TimeUnit,
};
use sheaf::processor::{Input, Parsed};
use sheaf::template::Expression;
use sheaf::testing::golden::{Command, Error, Given, Script, record};

/// The current rules, and the offset of the next record.
pub(crate) struct BundleScript {
    rules: Rules,
    offset: i64,
}

impl Default for BundleScript {
    fn default() -> Self {
        let pointer = |text| Pointer::parse(text).expect("a pointer");
        let source = |topic: &str, member, bundle, expects, position| SourceRules {
            expects,
            position,
            ..SourceRules::new(topic, member, pointer(bundle).into(), pointer("/id").into())
        };
        let sources = vec![
            source("parents", Role::Parent, "/id", Some(pointer("/children").into()), None),
            source("children", Role::Child, "/parent_id", None, Some(pointer("/position").into())),
        ];
        let rules = Rules { key: KeyFormat::Text, ..Rules::new(sources) };
        Self { rules, offset: 0 }
    }
}

impl Script for BundleScript {
    type Processor = Bundle;

    fn processor(&self) -> Bundle {
        Bundle::new("golden", self.rules.clone())
    }

    fn read(&mut self, command: &Command, at: Timestamp) -> Result<Given, Error> {
        match command.name.as_str() {
            "parent" => {
                command.allow(&["children", "note"], 1)?;
                let mut value = json!({ "id": command.word(0)? });
                put(&mut value, "children", command.get::<i64>("children")?);
                put(&mut value, "note", command.get::<String>("note")?);
                self.member(0, Some(&value.to_string()), at)
            }
            "child" => {
                command.allow(&["parent", "n", "note", "of"], 1)?;
                let position = command.get::<i64>("n")?;
                let id = match position {
                    Some(position) if command.words.is_empty() => format!("c{position}"),
                    Some(_) | None => command.word(0)?.to_owned(),
                };
                let mut value = json!({ "id": id, "parent_id": command.get::<String>("parent")? });
                put(&mut value, "position", position);
                put(&mut value, "children", command.get::<i64>("of")?);
                put(&mut value, "note", command.get::<String>("note")?);
                let children = self.rules.sources.len() - 1;
                self.member(children, Some(&value.to_string()), at)
            }
            "named" => {
                command.allow(&["parent", "n"], 2)?;
                let mut value = json!({ "id": command.word(1)?, "parent_id": command.get::<String>("parent")? });
                put(&mut value, "position", command.get::<i64>("n")?);
                let topic = format!("{}s", command.word(0)?);
                let source = self.rules.sources.iter().position(|source| source.topic == topic);
                self.member(source.ok_or("no such name")?, Some(&value.to_string()), at)
            }
            "members" => self.count_by_name(command).map(|()| Given::Nothing),
            "when" => {
                command.allow(&[], 1)?;
                let expression = command.word(0)?.trim_matches(['[', ']']);
                self.rules.complete_when = Some(Expression::compile(expression)?);
                self.rules.sources[0].expects = None;
                Ok(Given::Nothing)
            }
            "record" => {
                command.allow(&[], 2)?;
                let source = usize::from(command.word(0)? == "children");
                self.member(source, command.words.get(1).map(String::as_str), at)
            }
            "timestamp" => {
                command.allow(&["millis", "sent"], 2)?;
                let millis = command.get::<i64>("millis")?.ok_or("`timestamp` needs millis=")?;
                let (source, mut value) = match command.words.get(1).map(String::as_str) {
                    Some("child") => (1, json!({ "id": command.word(0)?, "parent_id": "p1" })),
                    Some(_) | None => (0, json!({ "id": command.word(0)? })),
                };
                put(&mut value, "sent", command.get::<i64>("sent")?);
                self.member(source, Some(&value.to_string()), Timestamp::from_millis(millis))
            }
            "rules" => self.set(command).map(|()| Given::Nothing),
            "outcome" => {
                let outcome = Outcome { slot: ActSlot(0), attempt: 1, verdict: Verdict::Inherited };
                Ok(Given::Input(Key::new(command.word(0)?), Input::Outcome(outcome)))
            }
            "stray" => {
                let kind = match command.word(1)? {
                    "deadline" => DEADLINE,
                    "keep_closed" => KEEP_CLOSED,
                    _ => TimerKind::Deadline(9),
                };
                Ok(Given::Input(Key::new(command.word(0)?), Input::Timer(Timer { kind, due: at })))
            }
            _ => Err(command.unknown()),
        }
    }

    fn state(&self, state: &State) -> String {
        let (name, gathering) = match state {
            State::Open(gathering) => ("open", gathering),
            State::Breached(gathering) => ("breached", gathering),
            State::Closed(marker) => {
                return format!("closed {:?} seen={}", marker.ending, marker.seen.len()).to_lowercase();
            }
        };
        let missing = gathering.missing(&self.rules.members, self.rules.children(), None);
        let has_parent = self.rules.sources.iter().any(|source| source.member == Role::Parent);
        let waiting_for = match (missing.parent && has_parent, missing.children.is_empty()) {
            (true, true) => "parent",
            (true, false) => "both",
            (false, false) => "children",
            (false, true) => "time",
        };
        let children = gathering.children().into_iter().map(|child| {
            let id = child.position.map_or(child.id.clone(), |at| at.to_string());
            child.name.as_ref().map_or(id.clone(), |name| format!("{name} {id}"))
        });
        let children: Vec<_> = children.collect();
        format!("{name} waiting_for={waiting_for} children={{{}}}", children.join(","))
    }

    fn timer(&self, kind: TimerKind) -> String {
        match kind {
            DEADLINE => "deadline".to_owned(),
            KEEP_CLOSED => "keep_closed".to_owned(),
            TimerKind::Deadline(_) | TimerKind::Delay(_) => format!("{kind:?}"),
        }
    }
}

impl BundleScript {
    fn member(&mut self, source: usize, value: Option<&str>, at: Timestamp) -> Result<Given, Error> {
        let topic = &self.rules.sources[source].topic;
        let record = Record { offset: self.offset, ..record(topic, None, value, at) };
        self.offset += 1;
        let keying = MemberKeying::new(&self.rules, source).map_err(|error| error.to_string())?;
        let mut given = Given::keyed(&keying, record);
        // Alternately as in a direct handover, with the parsed event, and as from the inbox, without.
        if let (Given::Input(_, Input::Record(event)), 1) = (&mut given, self.offset % 2) {
            event.parsed = Parsed::default();
        }
        Ok(given)
    }

    fn count_by_name(&mut self, command: &Command) -> Result<(), Error> {
        self.rules.sources.truncate(1);
        for (name, count) in &command.named {
            let name: Arc<str> = Arc::from(name.as_str());
            let (min, max) = count.split_once("..").unwrap_or((count, count));
            let number = |text: &str| text.parse().map_err(|_no_number| format!("{text} is no number"));
            let (min, count) = (number(min)?, number(max)?);
            let mut source = Self::default().rules.sources.remove(1);
            (source.topic, source.name) = (format!("{name}s"), Some(Arc::clone(&name)));
            self.rules.sources.push(source);
            self.rules.members.push(NamedChildren { name, count, min });
        }
        self.rules.sources[0].expects = None;
        if command.words.first().is_some_and(|word| word == "alone") {
            self.rules.sources.remove(0);
        }
        Ok(())
    }

    fn set(&mut self, command: &Command) -> Result<(), Error> {
        command.allow(&[&RULES[..], &EventOutcome::DEVIATIONS.map(EventOutcome::as_str)].concat(), 0)?;
        self.rules.children = command.get("children")?.unwrap_or(self.rules.children);
        self.rules.sla = command.duration("sla")?.unwrap_or(self.rules.sla);
        self.rules.warn_before = command.duration("warn")?.or(self.rules.warn_before);
        self.rules.expire = command.duration("expire")?.unwrap_or(self.rules.expire);
        self.rules.keep_closed = command.duration("keep")?.unwrap_or(self.rules.keep_closed);
        for (name, resolution) in
            [("first", Resolution::First), ("latest", Resolution::Latest), ("reject", Resolution::Reject)]
        {
            if command.named.get("conflicts").is_some_and(|value| value == name) {
                self.rules.conflicts = resolution;
            }
        }
        for deviation in EventOutcome::DEVIATIONS {
            for (name, report) in [("count", Report::Count), ("ignore", Report::Ignore), ("alert", Report::Alert)] {
                if command.named.get(deviation.as_str()).is_some_and(|value| value == name) {
                    self.rules.reports.set(deviation, report);
                }
            }
        }
        match command.named.get("expects").map(String::as_str) {
            Some("child") => {
                let expects = self.rules.sources[0].expects.take();
                self.rules.sources[1].expects = expects;
            }
            Some(_) => self.rules.sources[0].expects = None,
            None => {}
        }
        if let (Some(children), Some(after)) = (command.get("least")?, command.duration("after")?) {
            self.rules.at_least = Some(AtLeast { children, after });
        }
        if command.named.contains_key("position") {
            self.rules.sources[1].position = None;
        }
        if command.named.contains_key("progress") {
            self.rules.progress = true;
        }
        if command.named.contains_key("key") {
            self.rules.key = KeyFormat::Uuid;
        }
        if let Some(field) = command.get::<Pointer>("ignore")? {
            self.rules.sources.iter_mut().for_each(|source| source.ignore.push(field.clone().into()));
        }
        let unit = command.named.contains_key("unit").then_some(TimeUnit::Millis);
        if let Some(time) = command.get::<Pointer>("time")? {
            self.rules.sources[0].time = Some(TimeRule { place: time.into(), zone: None, unit });
        }
        if command.named.contains_key("implausible") {
            self.rules.sources[0].implausible = Implausible::Reject;
        }
        if let (Some(at), Some(zone)) = (command.get("cut_off")?, command.named.get("zone")) {
            let zone = TimeZone::get(zone).map_err(|error| error.to_string())?;
            self.rules.cut_off = Some(CutOff { at, zone });
        }
        if let Some(place) = command.get::<Pointer>("deadline")? {
            self.rules.sources[0].deadline = Some(TimeRule { place: place.into(), zone: None, unit });
        }
        if command.named.contains_key("parent") {
            self.rules.sources.remove(0);
        }
        Ok(())
    }
}

/// The names of what `rules` changes.
const RULES: [&str; 20] = [
    "progress",
    "cut_off",
    "zone",
    "deadline",
    "parent",
    "least",
    "after",
    "children",
    "conflicts",
    "sla",
    "warn",
    "expire",
    "keep",
    "expects",
    "position",
    "key",
    "time",
    "unit",
    "implausible",
    "ignore",
];

/// Sets a field, if there is a value.
fn put<T: Into<serde_json::Value>>(value: &mut serde_json::Value, name: &str, field: Option<T>) {
    if let Some(field) = field {
        value[name] = field.into();
    }
}
