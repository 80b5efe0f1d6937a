//! One request for many folders, and what else their answers need: logs of failed jobs, SLA services.

use super::rows::{self, Listed, State};
use super::service::{self, Service};
use crate::model::Verdict;
use crate::processor::tracking::{Answer, FailedJob};
use crate::sink::control_m::call::Caller;
use crate::sink::control_m::exchange::{Exchange, Reply};
use crate::sink::control_m::message;

/// The most rows of one request (the largest `limit` of jobs/status, by the README of `DataDog`'s integration).
const ROWS_MAX: usize = 10_000;
/// The most lines and bytes of a failed job's log that are kept.
const LOG_LINES: usize = 20;
const LOG_BYTES: usize = 2_000;

/// The verdicts about these folders of a server, in their order.
pub(super) async fn ask(caller: &Caller, server: &str, folders: &[&str]) -> Vec<Verdict> {
    let listed = match list(caller, server, &pattern(folders)).await {
        Ok(listed) => listed,
        Err(detail) => return vec![Verdict::NotSent(detail); folders.len()],
    };
    let services = if listed.has_services() { services(caller).await } else { Vec::new() };
    let mut verdicts = Vec::with_capacity(folders.len());
    for folder in folders {
        let state = match listed.state(folder) {
            Some(state) => Ok(state),
            None if listed.is_complete => Ok(State::Absent),
            None => list(caller, server, folder).await.and_then(|own| match own.state(folder) {
                Some(state) => Ok(state),
                None if own.is_complete => Ok(State::Absent),
                None => Err(format!("the list of the jobs of {folder} is incomplete")),
            }),
        };
        verdicts.push(match state {
            Ok(state) => answer(caller, state, &services).await.verdict(),
            Err(detail) => Verdict::NotSent(detail),
        });
    }
    verdicts
}

async fn answer(caller: &Caller, state: State, services: &[Service]) -> Answer {
    match state {
        State::Absent => Answer::Absent,
        State::Ended(times) => Answer::Ended { times: times.told_in(caller.time_zone()) },
        State::Active { status, is_waiting, sla_jobs } => {
            let late = services.iter().filter(|service| service.is_late() && sla_jobs.contains(&service.job));
            Answer::Active { status, is_waiting, late: late.map(ToString::to_string).next() }
        }
        State::Failed { id, name, status, runs, times } => {
            let log = log(caller, &id).await;
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

/// The name of the only folder, or what all names begin with and `*`.
fn pattern(folders: &[&str]) -> String {
    let Some((first, others)) = folders.split_first() else { return "*".to_owned() };
    if others.iter().all(|other| other == first) {
        return (*first).to_owned();
    }
    let common = first.char_indices().map(|(at, char)| at + char.len_utf8());
    let begins = |end: &usize| others.iter().all(|other| other.get(..*end) == first.get(..*end));
    let end = common.take_while(begins).last().unwrap_or_default();
    format!("{}*", first.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_asked_for_by_their_common_beginning() {
        assert_eq!(pattern(&["folder-a"]), "folder-a");
        assert_eq!(pattern(&["folder-a", "folder-a"]), "folder-a");
        assert_eq!(pattern(&["folder-ab", "folder-ac", "folder-ad"]), "folder-a*");
        assert_eq!(pattern(&["folder-é1", "folder-è1"]), "folder-*");
        assert_eq!(pattern(&["folder", "folder-1"]), "folder*");
        assert_eq!(pattern(&["a", "b"]), "*");
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
