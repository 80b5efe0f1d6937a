//! Faults as a line of words, as `sheaf mock control-m --fault` and the control plane take them.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use super::fault::{Action, Fault};

/// The call that a fault strikes when the line names none: any.
const ANY: &str = "*";

impl FromStr for Fault {
    type Err = String;

    /// Reads `WHAT [DURATION] [METHOD] [PATH] [PERCENT%] [xTIMES]`, for example `executed-503 POST /run/ondemand 10%`. What
    /// only makes sense for orders (`executed-..`, `lag`) strikes `POST /run*` when no call is named.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let what = words.next().ok_or("a fault begins with what happens, for example 503 or executed-reset")?;
        let mut line = Line::default();
        for word in words {
            line.read(word)?;
        }
        let action = action(what, line.duration)?;
        let is_of_orders =
            matches!(action, Action::RespondAfter { .. } | Action::ResetAfter | Action::HangAfter | Action::Lag { .. });
        let (method, path) = match (line.method, line.path) {
            (None, None) if is_of_orders => (Some("POST".to_owned()), "/run*".to_owned()),
            (method, path) => (method, path.unwrap_or_else(|| ANY.to_owned())),
        };
        Ok(Self { method, path, nth: 1, times: line.times, probability: line.probability.unwrap_or(1.0), action })
    }
}

#[derive(Debug, Default)]
struct Line {
    duration: Option<Duration>,
    method: Option<String>,
    path: Option<String>,
    probability: Option<f64>,
    times: Option<u64>,
}

impl Line {
    fn read(&mut self, word: &str) -> Result<(), String> {
        let percent = |text: &str| text.parse::<f64>().ok().filter(|percent| (0.0..=100.0).contains(percent));
        if word.starts_with(['/', '*']) {
            self.path = Some(word.to_owned());
        } else if word.chars().all(|c| c.is_ascii_uppercase()) {
            self.method = Some(word.to_owned());
        } else if let Some(percent) = word.strip_suffix('%').and_then(percent) {
            self.probability = Some(percent / 100.0);
        } else if let Some(times) = word.strip_prefix('x').and_then(|times| times.parse().ok()) {
            self.times = Some(times);
        } else if let Some(duration) = duration(word) {
            self.duration = Some(duration);
        } else {
            return Err(format!(
                "'{word}' is neither a METHOD, a /path, a duration (2s), a chance (10%) nor a number of times (x5)"
            ));
        }
        Ok(())
    }
}

fn action(what: &str, duration: Option<Duration>) -> Result<Action, String> {
    let status = |text: &str| text.parse::<u16>().ok().filter(|status| (100..1_000).contains(status));
    let ms = |default: u64| duration.map_or(default, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    if let Some(status) = status(what) {
        // A delay before the next try is told in whole seconds.
        let headers = duration.map(|time| ("Retry-After".to_owned(), time.as_secs().to_string()));
        return Ok(Action::Respond {
            status,
            body: body(status),
            headers: headers.into_iter().collect::<BTreeMap<_, _>>(),
        });
    }
    if let Some(status) = what.strip_prefix("executed-").and_then(status) {
        return Ok(Action::RespondAfter { status, body: body(status) });
    }
    Ok(match what {
        "reset" => Action::ResetBefore,
        "executed-reset" => Action::ResetAfter,
        "hang" => Action::HangAfter,
        "truncated" => Action::TruncateAfter,
        "slow" => Action::Delay { ms: ms(3_000) },
        "expired-token" => Action::ExpireToken,
        "lag" => Action::Lag { ms: ms(30_000) },
        _ => {
            return Err(format!(
                "'{what}' is no fault: take a status (503), executed-STATUS, reset, executed-reset, hang, truncated, slow, \
                 expired-token or lag"
            ));
        }
    })
}

/// A body as a proxy or the server sends it.
fn body(status: u16) -> String {
    match status {
        502..=504 => format!("<html><body><h1>{status}</h1></body></html>"),
        _ => format!(r#"{{"errors":[{{"message":"simulated fault {status}"}}]}}"#),
    }
}

/// A duration (`90m`, `2h30m`, `500ms`) of time to come.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let found: jiff::SignedDuration = text.parse().ok()?;
    Duration::try_from(found).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Fault {
        text.parse().unwrap()
    }

    #[test]
    fn a_fault_is_a_line_of_words() {
        let storm = fault("429 2s x5");
        let Action::Respond { status: 429, headers, .. } = &storm.action else { unreachable!("{storm:?}") };
        assert_eq!((headers["Retry-After"].as_str(), storm.times, storm.path.as_str()), ("2", Some(5), "*"));
        let executed = fault("executed-503 10%");
        assert_eq!((executed.method.as_deref(), executed.path.as_str()), (Some("POST"), "/run*"));
        assert!((executed.probability - 0.1).abs() < f64::EPSILON);
        let slow = fault("slow 1500ms GET /run/jobs/*");
        assert_eq!((slow.action, slow.method.as_deref()), (Action::Delay { ms: 1_500 }, Some("GET")));
        assert_eq!(fault("lag 1m POST /run").action, Action::Lag { ms: 60_000 });
        for (text, action) in [
            ("reset", Action::ResetBefore),
            ("executed-reset", Action::ResetAfter),
            ("hang", Action::HangAfter),
            ("truncated", Action::TruncateAfter),
            ("expired-token", Action::ExpireToken),
        ] {
            assert_eq!((fault(text).action.name(), fault(text).action), (text.to_owned(), action));
        }
    }

    #[test]
    fn a_wrong_word_is_named_with_what_would_be_right() {
        for (text, words) in [
            ("", "begins with what happens"),
            ("explode", "'explode' is no fault: take a status (503)"),
            ("503 sometimes", "'sometimes' is neither"),
            ("503 120%", "'120%' is neither"),
            ("503 -5s", "'-5s' is neither"),
        ] {
            let error = text.parse::<Fault>().unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}
