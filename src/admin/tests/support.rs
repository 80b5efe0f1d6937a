//! A process for tests of the HTTP server, and requests over a socket.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::admin::api::Port;
use crate::admin::api::answer::{Application, Instance, Setting, Task, TaskRole, Topology};
use crate::admin::{Health, Server, ServerSettings, Status};
use crate::broker;
use crate::metric::{self, Build, Declared, Metrics};
use crate::model::{Key, Timestamp, Topic};
use crate::processor::bundle::command::COMMANDS;
use crate::processor::flow::{Definition, Definitions, parse_template};
use crate::processor::{Command, CommandSpec};
use crate::runtime::{Audit, AuditFilter, AuditPage, AuditVerdict, CommandError, Queries};

/// Two applications with seven tasks each.
pub(in crate::admin) struct Runtime {
    pub(in crate::admin) alive: AtomicBool,
    pub(in crate::admin) ready: AtomicBool,
    metrics: Metrics,
}

/// A free port.
pub(in crate::admin) const LOCAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The text that stands in every field.
pub(in crate::admin) const HOSTILE: &str = "<script>alert(1)</script>";

impl Status for Runtime {
    fn health(&self) -> Health {
        Health {
            alive: self.alive.load(Ordering::SeqCst),
            ready: self.ready.load(Ordering::SeqCst),
            state: "restoring".to_owned(),
            details: BTreeMap::from([("threads".to_owned(), "1".to_owned())]),
            applications: BTreeMap::new(),
        }
    }

    fn metrics(&self) -> Result<String, metric::Error> {
        self.metrics.encode()
    }

    fn answered(&self, route: &str, method: &'static str, status: u16, took: Duration) {
        self.metrics.http.request(route, method, status, took);
    }
}

impl Port for Runtime {
    fn applications(&self) -> Vec<Application> {
        let application = |id: &str| Application {
            id: id.to_owned(),
            topology: HOSTILE.to_owned(),
            state: "running".to_owned(),
            ready: true,
            processors: vec!["bundle".to_owned(), HOSTILE.to_owned()],
        };
        vec![application("ctm-a"), application("ctm-b")]
    }

    fn topology(&self, application: &str) -> Option<Topology> {
        let application = application.to_owned();
        let [name, alerts, dead_letters] = std::array::from_fn(|_| HOSTILE.to_owned());
        Some(Topology { application, name, sources: Vec::new(), processors: Vec::new(), alerts, dead_letters })
    }

    /// The instances cannot be asked: it panics.
    fn instances(&self, _: &str) -> Vec<Instance> {
        panic!("a secret of the inside")
    }

    fn tasks(&self, application: &str) -> Vec<Task> {
        let task = |partition: i32| Task {
            application: application.to_owned(),
            name: format!("bundle-{partition}"),
            processor: "bundle".to_owned(),
            partition,
            instance: HOSTILE.to_owned(),
            role: TaskRole::Active,
            state: Some("running".to_owned()),
            entries: Some(1),
            open: None,
            oldest_open: None,
            next_deadline: None,
        };
        (0..7).rev().map(task).collect()
    }

    fn queries(&self, _: &str) -> Option<Arc<OnceLock<Queries>>> {
        Some(Arc::default())
    }

    fn commands(&self, _: &str, processor: &str) -> &'static [CommandSpec] {
        if processor == "bundle" { COMMANDS } else { &[] }
    }

    fn definitions(&self, _: &str) -> Option<Definitions> {
        Some(Definitions::new([template()]))
    }

    /// A command of `late` is not executed in time; one to `closed` is rejected.
    fn execute(
        &self,
        application: &str,
        processor: &str,
        (key, command): (&Key, &Command),
    ) -> Result<Audit, CommandError> {
        let Command { id, name, arguments, by, why, at, .. } = command.clone();
        if key.text() == "late" {
            let audit = Topic::new(&format!("{application}-audit"));
            return Err(CommandError::TimedOut { id, audit, waited: Duration::from_secs(6) });
        }
        let verdict = match &*key.text() {
            "closed" => AuditVerdict::Rejected { reason: "bad_command".to_owned(), detail: HOSTILE.to_owned() },
            _ => AuditVerdict::Accepted,
        };
        let (processor, key, before, after) = (processor.to_owned(), key.text().into_owned(), vec![], vec![]);
        let sent_at = at;
        Ok(Audit { id, processor, key, name, arguments, by, why, sent_at, at, verdict, before, after })
    }

    /// Of `ctm-a` the commands at the offsets 9, 7, 5, 3 and 1, of `ctm-b` those at the even ones; each a minute later than the one before.
    fn audit(
        &self,
        application: &str,
        filter: &AuditFilter,
        (before, limit): (Option<i64>, usize),
    ) -> broker::Result<Option<AuditPage>> {
        let before = before.unwrap_or(i64::MAX);
        let parity = i64::from(application == "ctm-a");
        let is_selected = |by: &str| filter.by.as_ref().is_none_or(|wanted| wanted == by);
        let offsets = (0..10).rev().filter(|offset| offset % 2 == parity && *offset < before && is_selected(HOSTILE));
        let mut items: Vec<_> = offsets.map(|offset| (offset, audit(offset))).collect();
        let next = items.get(limit).map(|(offset, _)| offset + 1);
        items.truncate(limit);
        Ok(Some(AuditPage { items, next }))
    }

    fn settings(&self) -> Vec<Setting> {
        let setting = |path: &str| Setting { path: path.to_owned(), value: HOSTILE.into(), origin: HOSTILE.to_owned() };
        vec![setting("b"), setting("a")]
    }
}

/// A definition: a stage with two steps, and one with a person's.
pub(in crate::admin) fn template() -> Definition {
    let task = |name: &str, kind: &str| {
        format!(r#"{{ "task_name": "{name}", "task_type": "{kind}", "task_queue": "q", "parent_task": [] }}"#)
    };
    let stage = |name: &str, order: u8, tasks: &[String]| {
        format!(r#"{{ "stage_name": "{name}", "stage_order": {order}, "tasks": [{}] }}"#, tasks.join(","))
    };
    let pack = stage("PACK", 1, &[task("pick", "SERVICE"), task("label", "SERVICE")]);
    let stages = [pack, stage("BRING", 2, &[task("ring", "HUMAN")])].join(",");
    parse_template(&format!(r#"{{ "workflow_name": "w", "component_name": "PARCEL", "stages": [{stages}] }}"#)).unwrap()
}

fn audit(minute: i64) -> Audit {
    let at = Timestamp::from_millis(minute * 60_000);
    let [processor, key, name, by, why] = std::array::from_fn(|_| HOSTILE.to_owned());
    let verdict = AuditVerdict::Rejected { reason: "bad_command".to_owned(), detail: HOSTILE.to_owned() };
    let (id, arguments, before, after) = (Uuid::nil(), BTreeMap::new(), vec![], vec![]);
    Audit { id, processor, key, name, arguments, by, why, sent_at: at, at, verdict, before, after }
}

pub(in crate::admin) fn runtime() -> Arc<Runtime> {
    let text = || "1".to_owned();
    let build = Build { version: text(), revision: text(), rustc: text(), librdkafka: text(), rocksdb: text() };
    let metrics = Metrics::new("ctm", &build, Declared::default()).unwrap();
    Arc::new(Runtime { alive: AtomicBool::new(true), ready: AtomicBool::new(false), metrics })
}

pub(in crate::admin) async fn server(runtime: &Arc<Runtime>) -> Server {
    Server::start(ServerSettings::readable(LOCAL), Arc::<Runtime>::clone(runtime)).await.unwrap()
}

/// The status code and the whole answer to a `GET`.
pub(in crate::admin) async fn ask(address: SocketAddr, path: &str) -> (u16, String) {
    send(address, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).await
}

/// The status code and the whole answer to a request.
pub(in crate::admin) async fn send(address: SocketAddr, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let code = answer.split(' ').nth(1).unwrap_or_else(|| panic!("no answer to {request}"));
    (code.parse().unwrap(), answer)
}

/// The body of an answer, as JSON.
pub(in crate::admin) fn body(answer: &str) -> Value {
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
}
