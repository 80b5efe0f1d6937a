//! Faults of requests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::pattern;

/// A fault of some requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The method; none means any.
    #[serde(default)]
    pub method: Option<String>,
    /// The paths below `/automation-api`; `*` stands for any text (`/run/*`).
    pub path: String,
    /// The number of the first fitting request that it may strike, from 1.
    #[serde(default = "first")]
    pub nth: u64,
    /// The number of times that it strikes at most; none means always.
    #[serde(default)]
    pub times: Option<u64>,
    /// The chance of striking, from 0 to 1, drawn from the simulator's seed.
    #[serde(default = "certain")]
    pub probability: f64,
    /// The effect on the request.
    pub action: Action,
}

const fn first() -> u64 {
    1
}

const fn certain() -> f64 {
    1.0
}

impl Fault {
    /// A fault that strikes every request of that method to that path.
    pub fn always(method: &str, path: &str, action: Action) -> Self {
        let (method, path) = (Some(method.to_owned()), path.to_owned());
        Self { method, path, nth: first(), times: None, probability: certain(), action }
    }

    /// A fault that strikes the first such request only.
    pub fn once(method: &str, path: &str, action: Action) -> Self {
        Self { times: Some(1), ..Self::always(method, path, action) }
    }
}

/// The effect of a fault on a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// It is not processed; this is the answer.
    Respond {
        /// The HTTP status.
        status: u16,
        /// The body, of any form.
        #[serde(default)]
        body: String,
        /// Headers (`Retry-After`).
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    /// It is processed, and this is the answer instead, as by a proxy that has passed it on.
    RespondAfter {
        /// The HTTP status.
        status: u16,
        /// The body, of any form.
        #[serde(default)]
        body: String,
    },
    /// It is processed and answered after that many milliseconds of real time.
    Delay {
        /// The delay in milliseconds.
        ms: u64,
    },
    /// The connection is reset and nothing is processed.
    ResetBefore,
    /// It is processed, and the connection is reset instead of an answer.
    ResetAfter,
    /// It is processed, and no answer comes.
    HangAfter,
    /// It is processed, and half of the answer's body comes as if it were all.
    TruncateAfter,
    /// Its session ends, and the answer is the 401 of an expired token. It is not processed.
    ExpireToken,
    /// What it orders is visible so many milliseconds later than it would be.
    Lag {
        /// The lag in milliseconds.
        ms: u64,
    },
}

impl Action {
    /// An answer with a status and a body.
    pub fn respond(status: u16, body: &str) -> Self {
        Self::Respond { status, body: body.to_owned(), headers: BTreeMap::new() }
    }

    /// Its name, for people: the word of `--fault`.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Respond { status, .. } => status.to_string(),
            Self::RespondAfter { status, .. } => format!("executed-{status}"),
            Self::Delay { .. } => "slow".to_owned(),
            Self::ResetBefore => "reset".to_owned(),
            Self::ResetAfter => "executed-reset".to_owned(),
            Self::HangAfter => "hang".to_owned(),
            Self::TruncateAfter => "truncated".to_owned(),
            Self::ExpireToken => "expired-token".to_owned(),
            Self::Lag { .. } => "lag".to_owned(),
        }
    }
}

/// The faults that may strike.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Armed>);

/// A fault, with what it has done.
#[derive(Clone, Debug, Serialize)]
pub(super) struct FaultRow {
    /// The fault.
    pub(super) fault: Fault,
    /// The number of requests that fit it.
    pub(super) fitted: u64,
    /// The number of requests that it struck.
    pub(super) struck: u64,
}

#[derive(Debug)]
struct Armed {
    fault: Fault,
    fitted: u64,
    struck: u64,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        self.0.push(Armed { fault, fitted: 0, struck: 0 });
    }

    /// The faults, with what they have done.
    pub(super) fn rows(&self) -> Vec<FaultRow> {
        let row = |armed: &Armed| FaultRow { fault: armed.fault.clone(), fitted: armed.fitted, struck: armed.struck };
        self.0.iter().map(row).collect()
    }

    /// The action of the first fault that fits this request and strikes.
    pub(super) fn strike(&mut self, method: &str, path: &str, chance: &mut fastrand::Rng) -> Option<Action> {
        self.0.iter_mut().find_map(|armed| armed.strike(method, path, chance))
    }
}

impl Armed {
    fn strike(&mut self, method: &str, path: &str, chance: &mut fastrand::Rng) -> Option<Action> {
        let Fault { method: wanted, path: pattern, nth, times, probability, action } = &self.fault;
        let fits = wanted.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method));
        if !fits || !pattern::matches(pattern, path) {
            return None;
        }
        self.fitted += 1;
        let is_its_turn = self.fitted >= *nth && times.is_none_or(|times| self.struck < times);
        if !is_its_turn || chance.f64() >= *probability {
            return None;
        }
        self.struck += 1;
        Some(action.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Fault, Faults};

    fn strikes(fault: Fault, requests: usize) -> Vec<bool> {
        let (mut faults, mut chance) = (Faults::default(), fastrand::Rng::with_seed(7));
        faults.add(fault);
        (0..requests).map(|_| faults.strike("POST", "/run", &mut chance).is_some()).collect()
    }

    #[test]
    fn a_fault_strikes_from_its_turn_on_as_often_as_it_may() {
        let once = Fault::once("post", "/run", Action::ResetBefore);
        assert_eq!(strikes(once.clone(), 3), [true, false, false]);
        assert_eq!(strikes(Fault { nth: 2, times: Some(2), ..once.clone() }, 4), [false, true, true, false]);
        assert_eq!(strikes(Fault { path: "/r*".to_owned(), method: None, times: None, ..once.clone() }, 2), [true; 2]);
        assert_eq!(strikes(Fault { method: Some("GET".to_owned()), ..once.clone() }, 1), [false]);
        assert_eq!(strikes(Fault { probability: 0.0, ..once.clone() }, 1), [false]);
        let some = strikes(Fault { probability: 0.5, times: None, ..once }, 100);
        assert!(some.contains(&true) && some.contains(&false));
    }

    #[test]
    fn a_fault_is_written_as_json() {
        let text = r#"{"method":"POST","path":"/run/ondemand","times":1,
            "action":{"do":"respond","status":429,"headers":{"Retry-After":"3"}}}"#;
        let fault: Fault = serde_json::from_str(text).unwrap();
        assert_eq!((fault.nth, fault.times), (1, Some(1)));
        assert!(serde_json::from_str::<Fault>(r#"{"path":"/","action":{"do":"explode"}}"#).is_err());
    }
}
