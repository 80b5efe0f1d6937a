//! The commands of the golden files of deliveries to a webhook.
//!
//! | command | what it is |
//! |---|---|
//! | `submission p1 description=x` | a submission record |
//! | `response p1 call=1 status=503 retry_after=45s {..}` | the response to the request with that number |
//! | `not_sent`, `lost`, `inherited` `p1 call=1` | the outcome of that request without a response |
//! | `template {..}`, `certainty once`, `give_up_after 2h`, `path /{{ parent.id }}`, `success rule="answer.ok"`, `refused rule="status == 404"` | changes the settings |

use sheaf::model::{ActSlot, Key, Outcome, Target, TimerKind, Timestamp, Verdict};
use sheaf::processor::Input;
use sheaf::processor::call::{Certainty, Method, Response};
use sheaf::processor::delivery::webhook::{KEY_HEADER, Requests, Rules};
use sheaf::processor::delivery::{Delivery, Journal, Settings};
use sheaf::template::{Expression, PathTemplate, Template};
use sheaf::testing::golden::{Command, Error, Given, Script};

use super::delivery::{print, print_timer, submission_of};
use crate::delivery::settings;

/// The body of the requests.
const BODY: &str = r#"{"text": "{{ parent.description }}", "children": {{ children | length }}}"#;

/// The current settings.
pub(crate) struct WebhookScript {
    requests: Requests,
    settings: Settings,
}

impl Default for WebhookScript {
    fn default() -> Self {
        let requests = Requests {
            application: "app".to_owned(),
            method: Method::Post,
            path: PathTemplate::compile("path", "/bundles/{{ bundle_id }}").unwrap(),
            template: body(BODY).unwrap(),
            key_header: KEY_HEADER.to_owned(),
            certainty: Certainty::Idempotent,
            rules: Rules::default(),
        };
        Self { requests, settings: Settings { target: Target::new("shop"), ..settings() } }
    }
}

impl Script for WebhookScript {
    type Processor = Delivery;

    fn processor(&self) -> Delivery {
        Delivery::new(self.requests.clone(), self.settings.clone())
    }

    fn read(&mut self, command: &Command, _at: Timestamp) -> Result<Given, Error> {
        let text = command.words.join(" ");
        match command.name.as_str() {
            "certainty" => {
                self.requests.certainty = if text == "once" { Certainty::Once } else { Certainty::Idempotent };
            }
            "give_up_after" => {
                let read: jiff::SignedDuration = text.parse().map_err(|error| format!("{text}: {error}"))?;
                self.settings.give_up_after = read.unsigned_abs();
            }
            "template" => self.requests.template = body(&text)?,
            "path" => self.requests.path = PathTemplate::compile("path", &text)?,
            "success" => self.requests.rules.success = Some(rule(command)?),
            "refused" => self.requests.rules.refused = Some(rule(command)?),
            "submission" => {
                return Ok(Given::Input(Key::new(command.word(0)?), submission_of(command)?));
            }
            name => {
                let verdict = verdict(command, name)?;
                command.allow(&["call", "status", "retry_after"], 2)?;
                let attempt = command.get("call")?.ok_or("write call=")?;
                let outcome = Outcome { slot: ActSlot(0), attempt, verdict };
                return Ok(Given::Input(Key::new(command.word(0)?), Input::Outcome(outcome)));
            }
        }
        Ok(Given::Nothing)
    }

    fn state(&self, state: &Journal) -> String {
        print(state)
    }

    fn timer(&self, kind: TimerKind) -> String {
        print_timer(kind)
    }
}

fn body(text: &str) -> Result<Template, Error> {
    let template = Template::compile("body.json", text).map_err(|error| error.to_string())?;
    Ok(template.with_percents())
}

fn rule(command: &Command) -> Result<Expression, Error> {
    let rule = command.named.get("rule").ok_or("write rule=")?;
    Ok(Expression::compile(rule)?)
}

fn verdict(command: &Command, name: &str) -> Result<Verdict, Error> {
    Ok(match name {
        "not_sent" => Verdict::NotSent("connection refused".into()),
        "lost" => Verdict::Unknown("connection reset".into()),
        "inherited" => Verdict::Inherited,
        "response" => {
            let retry_after = command.duration("retry_after")?;
            let retry_after_ms = retry_after.and_then(|wait| u64::try_from(wait.as_millis()).ok());
            let body = command.words.get(1).cloned();
            Verdict::answered(&Response { status: command.get("status")?.unwrap_or(200), retry_after_ms, body })
        }
        _ => return Err(command.unknown()),
    })
}
