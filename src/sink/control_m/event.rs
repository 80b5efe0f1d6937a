//! The answer to an event that is added. One that is there already is an error to Control-M (BMC's toolset ignores it), and done
//! here.

use serde::Deserialize;

use super::client::{Client, NO_DATE};
use super::exchange::{Exchange, Reply};
use super::{message, verdict};
use crate::model::Verdict;
use crate::processor::delivery::control_m::Answer;

/// An event in `GET /run/events`.
#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    date: String,
}

/// The verdict of `POST /run/event/{server}`.
pub(super) async fn verdict(client: &Client, reply: &Reply, (event, server): (&str, &str), url: &str) -> Verdict {
    if reply.status == 200 {
        return Verdict::answered(&Answer::Added);
    }
    let Some(body) = reply.body.as_deref().ok().filter(|body| message::is_error_list(body)) else {
        return verdict::of_failure(reply, url);
    };
    let words = message::of(body);
    let is_there = match reply.status {
        400 | 409 | 500 => says_exists(&words) || is_listed(client, event, server).await,
        _ => false,
    };
    match reply.status {
        _ if is_there => Verdict::answered(&Answer::Added),
        500 => verdict::busy(500, words, reply.retry_after),
        _ => verdict::of_failure(reply, url),
    }
}

/// True for the message about an event that is there already.
fn says_exists(words: &str) -> bool {
    words.to_ascii_lowercase().contains("already exist")
}

/// True if Control-M lists the event without a date.
async fn is_listed(client: &Client, event: &str, server: &str) -> bool {
    let Exchange::Answered(Reply { status: 200, body: Ok(body), .. }) = client.events(event, server).await else {
        return false;
    };
    let listed: Vec<Listed> = serde_json::from_str(&body).unwrap_or_default();
    listed.iter().any(|listed| listed.name == event && listed.date == NO_DATE)
}
