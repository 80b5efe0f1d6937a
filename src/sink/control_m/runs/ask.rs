//! One request for many folders, and what else their answers need: logs of failed jobs, SLA services.

use std::collections::{BTreeMap, BTreeSet};

use super::gather::Question;
use super::rows::{self, FailedRow, Listed, State};
use super::service::{self, Service};
use crate::model::Verdict;
use crate::processor::tracking::{Answer, FailedJob, Failure};
use crate::sink::control_m::call::Caller;
use crate::sink::control_m::exchange::{Exchange, Reply};
use crate::sink::control_m::message;

/// The most rows of one request (the largest `limit` of jobs/status, by the README of `DataDog`'s integration).
const ROWS_MAX: usize = 10_000;
/// The most lines and bytes of a failed job's log that are kept.
const LOG_LINES: usize = 20;
const LOG_BYTES: usize = 2_000;

/// The verdicts of these questions to a server, in their order.
pub(super) async fn ask(caller: &Caller, server: &str, questions: &[Question]) -> Vec<Verdict> {
    let folders: Vec<&str> = questions.iter().map(|question| question.folder.as_str()).collect();
    let states = states(caller, server, &folders).await;
    let has_services =
        |state: &Result<State, String>| matches!(state, Ok(State::Active { sla_jobs, .. }) if !sla_jobs.is_empty());
    let services = if states.values().any(has_services) { services(caller).await } else { Vec::new() };
    let mut verdicts = Vec::with_capacity(questions.len());
    for Question { folder, told, .. } in questions {
        verdicts.push(match states.get(folder.as_str()) {
            Some(Ok(state)) => answer(caller, state.clone(), told, &services).await.verdict(),
            Some(Err(detail)) => Verdict::NotSent(detail.clone()),
            None => Verdict::NotSent(format!("{folder} was not asked for")),
        });
    }
    verdicts
}

/// The states of these folders. Only a complete list tells any: one that is cut off may lack some jobs of a folder that it has. Then
/// the folders are asked for in parts, by one more character of their names.
async fn states<'a>(caller: &Caller, server: &str, folders: &[&'a str]) -> BTreeMap<&'a str, Result<State, String>> {
    let (mut states, mut groups) = (BTreeMap::new(), vec![folders.iter().copied().collect::<BTreeSet<_>>()]);
    while let Some(group) = groups.pop() {
        let listed = match list(caller, server, &pattern(&group)).await {
            // Others may begin with the name of the only folder.
            Ok(Listed { is_complete: false, .. }) if group.len() == 1 => alone(caller, server, &group).await,
            listed => listed,
        };
        match listed {
            Ok(listed) if listed.is_complete => {
                states.extend(group.iter().map(|name| (*name, Ok(listed.state(name).unwrap_or(State::Absent)))));
            }
            Ok(_) if group.len() > 1 => groups.extend(parts(&group)),
            Ok(_) => states
                .extend(group.iter().map(|name| (*name, Err(format!("the list of the jobs of {name} is incomplete"))))),
            Err(detail) => {
                // A server that does not answer is not asked for the other parts.
                let left = std::mem::take(&mut groups).into_iter().flatten();
                states.extend(group.into_iter().chain(left).map(|name| (name, Err(detail.clone()))));
            }
        }
    }
    states
}

/// The rows of the only folder of a group: its own, and those of its sub-folders, whose jobs have `folder/sub-folder`.
async fn alone(caller: &Caller, server: &str, group: &BTreeSet<&str>) -> Result<Listed, String> {
    let name = group.first().copied().unwrap_or_default();
    let own = list(caller, server, name).await?;
    Ok(own.and(list(caller, server, &format!("{name}/*")).await?))
}

async fn answer(caller: &Caller, state: State, told: &[Failure], services: &[Service]) -> Answer {
    match state {
        State::Absent => Answer::Absent,
        State::Ended(times) => Answer::Ended { times: times.told_in(caller.time_zone()) },
        State::Active { status, is_waiting, sla_jobs } => {
            let late = services.iter().filter(|service| service.is_late() && sla_jobs.contains(&service.job));
            Answer::Active { status, is_waiting, late: late.map(ToString::to_string).next() }
        }
        State::Failed(failed) => {
            let is_told = |row: &FailedRow| told.iter().any(|(id, runs)| *id == row.id && *runs == row.runs);
            let Some(row) = failed.iter().find(|row| !is_told(row)).or_else(|| failed.first()).cloned() else {
                return Answer::Absent;
            };
            let is_told = is_told(&row);
            let FailedRow { id, name, status, runs, times } = row;
            let log = if is_told { String::new() } else { log(caller, &id).await };
            Answer::Failed { job: FailedJob { id, name, status, runs, log, times: times.told_in(caller.time_zone()) } }
        }
    }
}

async fn list(caller: &Caller, server: &str, folder: &str) -> Result<Listed, String> {
    let reply = reply(caller.measured("ask", caller.client().jobs(folder, server, ROWS_MAX)).await)?;
    match (reply.status, reply.body) {
        (status @ (200 | 206), Ok(body)) => rows::read(&body, status == 206),
        (status, Ok(body)) => Err(format!("HTTP status {status}: {}", message::of(&body))),
        (status, Err(reason)) => Err(format!("HTTP status {status}, and the body is incomplete: {reason}")),
    }
}

async fn services(caller: &Caller) -> Vec<Service> {
    match reply(caller.measured("services", caller.client().services()).await) {
        Ok(Reply { status: 200, body: Ok(body), .. }) => service::read(&body),
        Ok(_) | Err(_) => Vec::new(),
    }
}

/// The last lines of a job's log; empty if it cannot be read.
async fn log(caller: &Caller, job_id: &str) -> String {
    match reply(caller.measured("log", caller.client().job_log(job_id)).await) {
        Ok(Reply { status: 200, body: Ok(text), .. }) => tail(&text),
        Ok(_) | Err(_) => String::new(),
    }
}

fn reply(exchange: Exchange) -> Result<Reply, String> {
    match exchange {
        Exchange::Answered(reply) => Ok(reply),
        Exchange::NoSession(reply) => Err(format!("the login was answered with {}", reply.status)),
        Exchange::NotSent(failure) => Err(failure.detail),
        Exchange::Lost(detail) => Err(detail),
    }
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(LOG_LINES)..).unwrap_or_default().join("\n");
    let begin = (last.len().saturating_sub(LOG_BYTES)..=last.len()).find(|begin| last.is_char_boundary(*begin));
    last.get(begin.unwrap_or_default()..).unwrap_or_default().to_owned()
}

/// What all names begin with, and `*`: that of the only folder has its sub-folders.
fn pattern(folders: &BTreeSet<&str>) -> String {
    match folders.first() {
        Some(first) => format!("{}*", first.get(..common(folders)).unwrap_or_default()),
        None => "*".to_owned(),
    }
}

/// The folders by the first character in which their names differ.
fn parts<'a>(folders: &BTreeSet<&'a str>) -> Vec<BTreeSet<&'a str>> {
    let common = common(folders);
    let mut parts: BTreeMap<Option<char>, BTreeSet<&str>> = BTreeMap::new();
    for name in folders {
        parts.entry(name.get(common..).and_then(|rest| rest.chars().next())).or_default().insert(name);
    }
    parts.into_values().collect()
}

/// The length of what all names begin with. In their order, what the first and the last share all others have.
fn common(folders: &BTreeSet<&str>) -> usize {
    let (Some(first), Some(last)) = (folders.first(), folders.last()) else { return 0 };
    first.chars().zip(last.chars()).take_while(|(one, other)| one == other).map(|(char, _)| char.len_utf8()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(folders: &[&'static str]) -> BTreeSet<&'static str> {
        folders.iter().copied().collect()
    }

    #[test]
    fn folders_are_asked_for_by_their_common_beginning() {
        let pattern = |folders: &[&'static str]| pattern(&of(folders));
        assert_eq!(pattern(&["folder-a"]), "folder-a*");
        assert_eq!(pattern(&["folder-a", "folder-a"]), "folder-a*");
        assert_eq!(pattern(&["folder-ab", "folder-ac", "folder-ad"]), "folder-a*");
        assert_eq!(pattern(&["folder-é1", "folder-è1"]), "folder-*");
        assert_eq!(pattern(&["folder", "folder-1"]), "folder*");
        assert_eq!(pattern(&["a", "b"]), "*");
    }

    #[test]
    fn folders_are_parted_where_their_names_differ() {
        let parts = |folders: &[&'static str]| parts(&of(folders));
        assert_eq!(parts(&["f-1", "f-10", "f-2", "f-22"]), [of(&["f-1", "f-10"]), of(&["f-2", "f-22"])]);
        assert_eq!(parts(&["f-1", "f-10", "f-11"]), [of(&["f-1"]), of(&["f-10"]), of(&["f-11"])]);
        assert_eq!(parts(&["é", "è"]), [of(&["è"]), of(&["é"])]);
    }

    #[test]
    fn a_log_is_cut_to_its_last_lines() {
        let lines: Vec<String> = (0..100).map(|line| format!("line {line}  ")).collect();
        let last = tail(&lines.join("\r\n"));
        assert!(last.starts_with("line 80\n") && last.ends_with("line 99"), "{last}");
        assert_eq!(tail(&"ä".repeat(5_000)).len(), LOG_BYTES);
        assert_eq!(tail(""), "");
    }
}
