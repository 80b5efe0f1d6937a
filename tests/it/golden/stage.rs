//! A world for golden files in which any processor plays: its entries, their timers, a clock.
//!
//! Every processor has these commands besides its own:
//!
//! | command | what it does |
//! |---|---|
//! | `until 25h` | sets the clock and fires what is due by then, in the order of (due, kind, key) |
//! | `headers` | from now on the headers of forwarded records are printed, too |
//!
//! `at=` is an event's time and `now=` the wall clock, both since hour zero; without `now=` the clock stands at the latest time
//! that was named. States are stored and read back between steps, so the golden files test the stored form, too.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use sheaf::codec::{Part, Versioned, Writer};
use sheaf::model::{Key, Moment, Reject, Timer, TimerKind, Timestamp};
use sheaf::processor::{Effect, Input, Processor, Transition};

use super::command::{hours, instant};
use super::{Command, World};

/// The words of one processor's golden files.
pub(crate) trait Script: Default {
    /// The processor.
    type Processor: Processor;

    /// The processor, as it is set at the moment.
    fn processor(&self) -> Self::Processor;

    /// What a command is: `Ok(None)` when it only changed settings.
    fn input(&mut self, command: &Command, at: Timestamp) -> Result<Option<Given>, String>;

    /// A state, in one line.
    fn state(&self, state: &State<Self>) -> String;

    /// The name of a timer.
    fn timer(&self, kind: TimerKind) -> String;
}

/// What a command gives to a processor: an input, or a rejection before it.
pub(crate) type Given = Result<(Key, Input), Reject>;

/// The state of a script's processor.
type State<S> = <<S as Script>::Processor as Processor>::State;

/// The world.
pub(crate) struct Stage<S: Script> {
    script: S,
    entries: BTreeMap<Key, (u16, Vec<u8>)>,
    parts: BTreeMap<Key, Vec<Part>>,
    timers: BTreeSet<(Timestamp, TimerKind, Key)>,
    now: Timestamp,
    headers: bool,
}

impl<S: Script> Default for Stage<S> {
    fn default() -> Self {
        let now = instant(SignedDuration::ZERO);
        Self {
            script: S::default(),
            entries: BTreeMap::new(),
            parts: BTreeMap::new(),
            timers: BTreeSet::new(),
            now,
            headers: false,
        }
    }
}

impl<S: Script> World for Stage<S> {
    fn run(&mut self, command: &Command) -> Result<String, String> {
        match command.name.as_str() {
            "until" => {
                command.allow(&[], 1)?;
                let after: SignedDuration = command.word(0)?.parse().map_err(|error| format!("{error}"))?;
                Ok(self.until(instant(after)))
            }
            "headers" => {
                self.headers = true;
                Ok(String::new())
            }
            _ => {
                let at = command.instant("at")?.unwrap_or(self.now);
                let now = command.instant("now")?.unwrap_or_else(|| self.now.max(at));
                self.now = now;
                Ok(match self.script.input(command, at)? {
                    None => String::new(),
                    Some(Err(reject)) => format!("reject  {reject}\n"),
                    Some(Ok((key, input))) => self.step(&key, input),
                })
            }
        }
    }
}

impl<S: Script> Stage<S> {
    fn until(&mut self, end: Timestamp) -> String {
        let mut out = Vec::new();
        while let Some(timer) = self.timers.pop_first() {
            if timer.0 > end {
                self.timers.insert(timer);
                break;
            }
            let (due, kind, key) = timer;
            self.now = self.now.max(due);
            out.push(format!("due     {} key={key}\n", self.script.timer(kind)));
            out.push(self.step(&key, Input::Timer(Timer { kind, due })));
        }
        self.now = self.now.max(end);
        if out.is_empty() { "nothing is due\n".to_owned() } else { out.concat() }
    }

    fn step(&mut self, key: &Key, input: Input) -> String {
        let parts = self.parts.get(key).cloned().unwrap_or_default();
        let read = |(version, bytes): &(u16, Vec<u8>)| {
            let state = State::<S>::decode(*version, bytes).expect("a stored state can be read back");
            if parts.is_empty() { state } else { state.with_parts(parts).expect("parts can be read back") }
        };
        let state = self.entries.get(key).map(read);
        let Transition { state, effects } = match self.script.processor().step(key, state, input, Moment::at(self.now))
        {
            Ok(transition) => transition,
            Err(reject) => return format!("reject  {reject}\n"),
        };
        let mut out = vec![self.put(key, state)];
        out.extend(effects.into_iter().map(|effect| self.effect(key, effect)));
        out.concat()
    }

    /// Stores the next state, and prints it.
    fn put(&mut self, key: &Key, state: Option<State<S>>) -> String {
        let Some(state) = state else {
            self.entries.remove(key);
            self.parts.remove(key);
            self.timers.retain(|(_, _, other)| other != key);
            return "state   none\n".to_owned();
        };
        let mut bytes = Vec::new();
        state.encode(&mut bytes).expect("a state can be stored");
        self.entries.insert(key.clone(), (state.version(), bytes));
        format!("state   {}\n", self.script.state(&state))
    }

    /// Carries out what concerns timers, and prints the effect.
    fn effect(&mut self, key: &Key, effect: Effect) -> String {
        match effect {
            Effect::Forward(forward) => {
                let value = String::from_utf8_lossy(forward.value.as_deref().unwrap_or_default());
                let mut out = vec![format!("forward {} key={key} {value}\n", forward.output)];
                out.extend(forward.headers.iter().filter(|_| self.headers).map(|header| {
                    let value = header.value.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
                    format!("        {}: {value}\n", header.name)
                }));
                out.concat()
            }
            Effect::Schedule(timer) => {
                self.unschedule(key, timer.kind);
                self.timers.insert((timer.due, timer.kind, key.clone()));
                format!("timer   {} due={}\n", self.script.timer(timer.kind), hours(timer.due))
            }
            Effect::Unschedule(kind) => {
                self.unschedule(key, kind);
                format!("untimer {}\n", self.script.timer(kind))
            }
            Effect::Alert(alert) => {
                let severity = format!("{:?}", alert.severity).to_lowercase();
                let details = serde_json::to_string(&alert.details).expect("details are JSON");
                let (kind, at) = (&alert.kind, hours(alert.at));
                format!("alert   {kind} {severity} at={at}: {}\n        {details}\n", alert.message)
            }
            Effect::Count(count) => format!("count   {} {}\n", count.family, count.labels.join(" ").trim()),
            Effect::Act(act) => {
                let (slot, attempt, valid) = (act.slot.0, act.attempt, act.valid_for);
                format!("act     slot={slot} attempt={attempt} valid_for={valid:?} {}\n", act.request)
            }
            Effect::Settle(slot) => format!("settle  slot={}\n", slot.0),
            Effect::AddPart(bytes) => {
                let (version, writer) = (State::<S>::VERSION, Writer::default());
                let part = Part { version, writer, bytes };
                self.parts.entry(key.clone()).or_default().push(part);
                "part    added\n".to_owned()
            }
            Effect::DropParts => {
                self.parts.remove(key);
                "parts   dropped\n".to_owned()
            }
            Effect::DeadLetter(reject) => format!("dead    {reject}\n"),
        }
        .replace(" \n", "\n")
    }

    fn unschedule(&mut self, key: &Key, kind: TimerKind) {
        self.timers.retain(|(_, other_kind, other_key)| (other_kind, other_key) != (&kind, key));
    }
}
