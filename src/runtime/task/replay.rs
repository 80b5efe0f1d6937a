//! Steps on records that are processed again.

use std::sync::Arc;

use bytes::Bytes;

use super::step::Staged;
use crate::model::{Headers, Reject, RejectReason, Replay, Timer, TimerKind, Timestamp};
use crate::processor::Input;

/// The replay that an input is of: that of its record, or that of a timer of the time that is processed again. `known` is the one that
/// the task knows of.
pub(super) fn of(input: &Input, known: &mut Option<Arc<Replay>>) -> Option<Arc<Replay>> {
    match input {
        Input::Record(event) => {
            let replay = event.replay.clone()?;
            // Its entries have deadlines of that time.
            *known = Some(replay.clone());
            Some(replay)
        }
        Input::Timer(Timer { kind: TimerKind::Deadline(_), due }) => known.clone().filter(|replay| *due < replay.at),
        Input::Timer(_) | Input::Command(_) | Input::Outcome(_) => None,
    }
}

/// The replay that a task is still in, by its next deadline: `None` once no deadline of the time that is processed again is left.
pub(super) fn left(replay: Option<Arc<Replay>>, next: Option<Timestamp>) -> Option<Arc<Replay>> {
    replay.filter(|replay| next.is_some_and(|due| due < replay.at))
}

/// Marks the records that come of a replay. Its alerts are not counted and not logged, and its spans not
/// exported: they were before. It calls nobody.
pub(super) fn marked(mut staged: Staged, replay: Option<&Replay>) -> Result<Staged, Reject> {
    let Some(replay) = replay else { return Ok(staged) };
    if let Some((act, _)) = staged.acts.first() {
        let detail = format!("a record that is processed again (replay {}) would call {} again", replay.id, act.to);
        return Err(Reject::new(RejectReason::Unsupported, detail));
    }
    let mark = Bytes::from(replay.to_string());
    for output in &mut staged.outputs {
        output.headers.push(Headers::REPLAY, Some(mark.clone()));
    }
    staged.alerts.clear();
    staged.span = None;
    Ok(staged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Span, SpanId, SpanKind, TraceContext};

    #[test]
    fn what_was_told_before_is_not_told_again() {
        let at = Timestamp::from_millis(7);
        let parent = TraceContext::new("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", None).unwrap();
        let span = Span {
            parent,
            id: SpanId([1; 8]),
            name: "bundle".to_owned(),
            kind: SpanKind::Entry,
            start: at,
            end: at,
            attributes: Vec::new(),
            error: None,
        };
        let staged = || Staged { span: Some(span.clone()), ..Staged::default() };
        let replay = Replay { id: "r".into(), at };
        assert_eq!(marked(staged(), Some(&replay)).unwrap().span, None);
        assert!(marked(staged(), None).unwrap().span.is_some());
    }
}
