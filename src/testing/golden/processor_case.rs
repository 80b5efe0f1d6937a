//! A case of a processor: its entries, their timers, a clock.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::SignedDuration;
use uuid::Uuid;

use super::command::Command;
use super::effect;
use super::error::Result;
use super::run::Case;
use super::script::{Given, Script};
use super::time::instant;
use crate::codec::{Part, Versioned, Writer};
use crate::model::{Key, Moment, Timer, TimerKind, Timestamp};
use crate::processor::{self, Effect, Input, Processor, Transition};

/// A case of a script's processor: its entries, their timers, a clock.
pub struct ProcessorCase<S> {
    script: S,
    /// The version and the bytes of each state.
    entries: BTreeMap<Key, (u16, Vec<u8>)>,
    parts: BTreeMap<Key, Vec<Part>>,
    timers: BTreeSet<(Timestamp, TimerKind, Key)>,
    now: Timestamp,
    watermark: Timestamp,
    with_headers: bool,
}

/// The state of a script's processor.
type State<S> = <<S as Script>::Processor as Processor>::State;

impl<S> fmt::Debug for ProcessorCase<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessorCase").field("keys", &self.entries.keys()).finish_non_exhaustive()
    }
}

impl<S: Script> Default for ProcessorCase<S> {
    fn default() -> Self {
        Self {
            script: S::default(),
            entries: BTreeMap::new(),
            parts: BTreeMap::new(),
            timers: BTreeSet::new(),
            now: instant(SignedDuration::ZERO),
            watermark: Timestamp::MIN,
            with_headers: false,
        }
    }
}

impl<S: Script> Case for ProcessorCase<S> {
    fn run(&mut self, command: &Command) -> Result<String> {
        match command.name.as_str() {
            "until" => {
                command.allow_only(&[], 1)?;
                let after: SignedDuration = command.word(0)?.parse().map_err(|error: jiff::Error| error.to_string())?;
                return self.until(instant(after));
            }
            "headers" => {
                command.allow_only(&[], 0)?;
                self.with_headers = true;
                return Ok(String::new());
            }
            _ => {}
        }
        let at = command.instant("at")?.unwrap_or(self.now);
        self.now = command.instant("now")?.unwrap_or_else(|| self.now.max(at));
        let given =
            if command.name == "command" { operator_command(command, at)? } else { self.script.read(command, at)? };
        match given {
            Given::Input(key, input) => self.step(&key, input),
            Given::Rejected(reject) => Ok(format!("reject  {reject}\n")),
            Given::Passed => Ok("pass\n".to_owned()),
            Given::Nothing => Ok(String::new()),
        }
    }
}

/// An operator's command: `command KEY NAME argument=value ..`
fn operator_command(command: &Command, at: Timestamp) -> Result<Given> {
    let mut arguments = command.named.clone();
    arguments.retain(|name, _| !matches!(name.as_str(), "at" | "now"));
    let (name, by, why) = (command.word(1)?.to_owned(), "a test".to_owned(), String::new());
    let input = Input::Command(processor::Command { id: Uuid::nil(), name, arguments, by, why, at, traceparent: None });
    Ok(Given::Input(Key::new(command.word(0)?), input))
}

impl<S: Script> ProcessorCase<S> {
    /// Advances the clock to `end`, and fires each timer that becomes due at its own time.
    fn until(&mut self, end: Timestamp) -> Result<String> {
        let mut out = Vec::new();
        while let Some((due, kind, key)) = self.timers.pop_first() {
            if due > end {
                self.timers.insert((due, kind, key));
                break;
            }
            self.now = self.now.max(due);
            out.push(format!("due     {} key={key}\n", self.script.timer(kind)));
            out.push(self.step(&key, Input::Timer(Timer { kind, due }))?);
        }
        self.now = self.now.max(end);
        self.watermark = self.watermark.max(end);
        Ok(if out.is_empty() { "nothing is due\n".to_owned() } else { out.concat() })
    }

    fn step(&mut self, key: &Key, input: Input) -> Result<String> {
        let state = self.state(key)?;
        let at = Moment { wall: self.now, watermark: self.watermark };
        let (state, effects) = match self.script.processor().step(key, state, input, at) {
            Ok(Transition { state, effects }) => (state, effects),
            Err(reject) => return Ok(format!("reject  {reject}\n")),
        };
        let mut out = self.store(key, state)?;
        for effect in effects {
            out.push_str(&effect::print(key, &effect, self.with_headers, |kind| self.script.timer(kind)));
            self.apply(key, effect);
        }
        Ok(out)
    }

    /// Decodes the state of a key.
    fn state(&self, key: &Key) -> Result<Option<State<S>>> {
        let Some((version, bytes)) = self.entries.get(key) else { return Ok(None) };
        let state = State::<S>::decode(*version, bytes)?;
        Ok(Some(match self.parts.get(key).filter(|parts| !parts.is_empty()) {
            Some(parts) => state.with_parts(parts.clone())?,
            None => state,
        }))
    }

    /// Encodes the next state of a key, and prints it.
    fn store(&mut self, key: &Key, state: Option<State<S>>) -> Result<String> {
        let Some(state) = state else {
            self.entries.remove(key);
            self.parts.remove(key);
            self.timers.retain(|(_, _, other)| other != key);
            return Ok("state   none\n".to_owned());
        };
        let mut bytes = Vec::new();
        state.encode(&mut bytes)?;
        self.entries.insert(key.clone(), (state.version(), bytes));
        Ok(format!("state   {}\n", self.script.state(&state)))
    }

    /// Applies an effect on the entry: its timers and parts.
    fn apply(&mut self, key: &Key, effect: Effect) {
        match effect {
            Effect::Schedule(timer) => {
                self.unschedule(key, timer.kind);
                self.timers.insert((timer.due, timer.kind, key.clone()));
            }
            Effect::Unschedule(kind) => self.unschedule(key, kind),
            Effect::AddPart(bytes) => {
                let part = Part { version: State::<S>::VERSION, writer: Writer::default(), bytes };
                self.parts.entry(key.clone()).or_default().push(part);
            }
            Effect::DropParts => drop(self.parts.remove(key)),
            Effect::Forward(_)
            | Effect::Act(_)
            | Effect::Settle(_)
            | Effect::Alert(_)
            | Effect::Count(_)
            | Effect::CountMany(..)
            | Effect::Observe(_)
            | Effect::DeadLetter(_) => {}
        }
    }

    fn unschedule(&mut self, key: &Key, kind: TimerKind) {
        self.timers.retain(|(_, other_kind, other_key)| (other_kind, other_key) != (&kind, key));
    }
}
