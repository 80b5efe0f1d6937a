//! The steps of `sheaf run` before its applications start: their topics, and processes of the same instance id.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::runtime::Runtime;
use tracing::Span;

use crate::app;
use crate::broker::Admin;
use crate::cli::exit::Failure;
use crate::cli::signal::Signals;
use crate::model::ErrorClass;
use crate::runtime::{self, Application, Context, Predecessor};
use crate::topology::internal_topic;

/// The time-out of a call to the broker; short, so that a wrong address is reported soon.
const TIMEOUT: Duration = Duration::from_secs(3);
/// The name of the instances topic, after the application id.
const INSTANCES: &str = "instances";

/// The name of an application in errors and log lines, if the process has several.
#[derive(Clone, Debug)]
pub(super) struct Label {
    application: Option<String>,
    span: Span,
}

impl Label {
    /// The label of an application among `count`.
    pub(super) fn new(application: &str, count: usize) -> Self {
        if count == 1 {
            return Self::none();
        }
        // Of the highest level, so that no configured level hides it.
        Self { application: Some(application.to_owned()), span: tracing::error_span!("application", id = application) }
    }

    /// No label.
    fn none() -> Self {
        Self { application: None, span: Span::none() }
    }

    /// Runs an action whose log lines are of this application.
    pub(super) fn in_scope<T>(&self, action: impl FnOnce() -> T) -> T {
        self.span.in_scope(action)
    }

    /// The failure as one of this application.
    pub(super) fn failed(&self, failure: impl Into<Failure>) -> Failure {
        failure.into().of(self.application.as_deref())
    }
}

/// An application whose topics exist: the context that the threads of its instance share, and the admin client that has prepared it.
pub(super) struct Prepared {
    pub(super) label: Label,
    pub(super) context: Context,
    admin: Box<dyn Admin>,
}

/// Creates and checks the topics of all applications; `None` after a signal. `former` is an application that one
/// of them may have been, before another topology was added or removed.
pub(super) fn prepare(
    applications: Vec<(Label, Application)>,
    former: Option<&str>,
    runtime: &Runtime,
    signals: &mut Signals,
) -> Result<Option<Vec<Prepared>>, Failure> {
    let mut prepared = Vec::new();
    for (label, application) in applications {
        let application = Arc::new(application);
        if let (Some(former), true) = (former, prepared.is_empty())
            && refuse_former(former, &application, runtime, signals)?.is_none()
        {
            return Ok(None);
        }
        let attempt = || {
            let (application, label) = (Arc::clone(&application), label.clone());
            move || {
                label.in_scope(|| {
                    let mut admin = application.admin()?;
                    let context = application.prepare(&mut *admin, TIMEOUT)?;
                    runtime::Result::Ok((context, admin))
                })
            }
        };
        match retried(&label, attempt, runtime, signals).map_err(|failure| label.failed(failure))? {
            Some((context, admin)) => prepared.push(Prepared { label, context, admin }),
            None => return Ok(None),
        }
    }
    Ok(Some(prepared))
}

/// Refuses the start if the former application has run on this cluster: its state and offsets would be left behind. `None` after a signal.
fn refuse_former(
    former: &str,
    application: &Arc<Application>,
    runtime: &Runtime,
    signals: &mut Signals,
) -> Result<Option<()>, Failure> {
    let topic = internal_topic(former, INSTANCES);
    let attempt = || {
        let (application, topic) = (Arc::clone(application), topic.clone());
        move || match application.admin()?.describe(std::slice::from_ref(&topic), TIMEOUT) {
            Ok(found) => Ok(found.iter().any(Option::is_some)),
            // Without a right to the topic it is another's.
            Err(error) if error.class() == ErrorClass::Fatal => Ok(false),
            Err(error) => Err(error.into()),
        }
    };
    match retried(&Label::none(), attempt, runtime, signals)? {
        Some(true) => Err(app::Error::FormerApplication { topic, id: former.to_owned() }.into()),
        Some(false) => Ok(Some(())),
        None => Ok(None),
    }
}

/// Repeats an attempt on another thread while no broker is reachable. `None` after a signal.
fn retried<T: Send + 'static, A: FnOnce() -> runtime::Result<T> + Send + 'static>(
    label: &Label,
    attempt: impl Fn() -> A,
    runtime: &Runtime,
    signals: &mut Signals,
) -> Result<Option<T>, Failure> {
    const BACKOFF_MIN: Duration = Duration::from_secs(1);
    const BACKOFF_MAX: Duration = Duration::from_secs(30);
    let mut backoff = BACKOFF_MIN;
    loop {
        let attempt = runtime.spawn_blocking(attempt());
        let result = runtime.block_on(async {
            tokio::select! {
                result = attempt => Some(result),
                () = signals.next() => None,
            }
        });
        let Some(result) = result else { return Ok(None) };
        match result.context("preparing the topics")? {
            Ok(done) => return Ok(Some(done)),
            Err(error) if error.class() == ErrorClass::Retry => label.in_scope(|| {
                tracing::warn!(
                    %error,
                    retry_in = ?backoff,
                    "the topics cannot be prepared, retrying; check kafka.bootstrap_servers and that the brokers run"
                );
            }),
            Err(error) => return Err(error.into()),
        }
        if !wait(backoff, runtime, signals) {
            return Ok(None);
        }
        backoff = backoff.saturating_mul(2).min(BACKOFF_MAX);
    }
}

/// Waits for this time; false after a signal.
fn wait(time: Duration, runtime: &Runtime, signals: &mut Signals) -> bool {
    runtime.block_on(async {
        tokio::select! {
            () = tokio::time::sleep(time) => true,
            () = signals.next() => false,
        }
    })
}

/// A look for a living process of the same instance id, with what it needs.
type Look = (Label, Context, Predecessor, Box<dyn Admin>);

/// Waits until no other process of the same instance id lives in any of the applications: then none has been seen in one look at all
/// of them. `None` after a signal.
pub(super) fn await_predecessors(
    prepared: Vec<Prepared>,
    runtime: &Runtime,
    signals: &mut Signals,
) -> Result<Option<Vec<(Label, Context)>>, Failure> {
    const INTERVAL: Duration = Duration::from_secs(1);
    /// The number of checks between two log lines.
    const QUIET: usize = 30;
    let look = |Prepared { label, context, admin }| {
        let predecessor = Predecessor::new(&context);
        (label, context, predecessor, admin)
    };
    let mut looks: Vec<Look> = prepared.into_iter().map(look).collect();
    for check in 0.. {
        let reading = runtime.spawn_blocking(move || {
            let read = |look: &mut Look| look.2.living(&mut *look.3);
            let living: Vec<_> = looks.iter_mut().map(read).collect();
            (looks, living)
        });
        let read = runtime.block_on(async {
            tokio::select! {
                read = reading => Some(read),
                () = signals.next() => None,
            }
        });
        let Some(read) = read else { return Ok(None) };
        let living;
        (looks, living) = read.context("reading the instances topic")?;
        let mut lives = false;
        for ((label, context, ..), living) in looks.iter().zip(living) {
            let obstacle = match living {
                Ok(None) => {
                    context.status.set_obstacle(None);
                    continue;
                }
                Ok(Some(text)) => {
                    if check % QUIET == 0 {
                        label.in_scope(|| tracing::warn!("waiting for {text}"));
                    }
                    Some(text)
                }
                Err(error) if error.class() == ErrorClass::Retry => {
                    label.in_scope(|| tracing::warn!(%error, "the instances topic cannot be read, retrying"));
                    None
                }
                Err(error) => return Err(label.failed(error)),
            };
            lives = true;
            if obstacle.is_some() {
                context.status.set_obstacle(obstacle);
            }
        }
        if !lives {
            break;
        }
        if !wait(INTERVAL, runtime, signals) {
            return Ok(None);
        }
    }
    Ok(Some(looks.into_iter().map(ready).collect()))
}

fn ready((label, context, _, admin): Look) -> (Label, Context) {
    // Closing a client takes 200 ms and more, so a thread does it. If none can be started, it is closed here.
    let closing = std::thread::Builder::new().name("admin-close".to_owned());
    drop(closing.spawn(move || drop(admin)));
    context.status.set_obstacle(None);
    (label, context)
}
