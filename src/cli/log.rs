//! The log on standard error: its level, its format, and the metric of warnings and errors.

use std::io::IsTerminal;
use std::sync::Arc;

use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt, reload};

use super::exit::Failure;
use crate::config::{Log, LogFormat};
use crate::metric::{LogLevel, Metrics};

/// Counts warnings and errors in a metric, for alerts.
struct CountingLayer(Arc<Metrics>);

impl<S: Subscriber> Layer<S> for CountingLayer {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let level = *event.metadata().level();
        if level == tracing::Level::ERROR {
            self.0.diagnostics.log_message(LogLevel::Error);
        } else if level == tracing::Level::WARN {
            self.0.diagnostics.log_message(LogLevel::Warn);
        }
    }
}

/// The level of the running log.
pub(super) struct Level {
    text: String,
    is_overridden: bool,
    replace: Box<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send>,
}

impl Level {
    /// True if the configured level has no effect.
    pub(super) fn is_overridden(&self) -> bool {
        self.is_overridden
    }

    /// Sets the configured level, unless it is overridden; returns it if it has changed.
    pub(super) fn set(&mut self, level: &str) -> Result<Option<String>, Failure> {
        if self.is_overridden || level == self.text {
            return Ok(None);
        }
        (self.replace)(parse(level)?).map_err(|error| Failure::Failed(error.into()))?;
        level.clone_into(&mut self.text);
        Ok(Some(level.to_owned()))
    }
}

fn parse(text: &str) -> Result<EnvFilter, Failure> {
    EnvFilter::try_new(text).map_err(|error| Failure::Configuration(format!("error: log level `{text}`: {error}")))
}

/// Starts the log. `filter` overrides the configured level.
pub(super) fn start(log: &Log, filter: Option<&str>, metrics: &Arc<Metrics>) -> Result<Level, Failure> {
    let (text, is_overridden) = (filter.unwrap_or(&log.level).to_owned(), filter.is_some());
    let filter = parse(&text)?;
    let terminal = std::io::stderr().is_terminal();
    let json = match log.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !terminal,
    };
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let registry = tracing_subscriber::registry().with(CountingLayer(metrics.clone()));
    let (filter, handle) = reload::Layer::new(filter);
    if json {
        registry.with(lines.json().flatten_event(true).with_span_list(false).with_filter(filter)).init();
    } else {
        registry.with(lines.with_ansi(terminal).with_filter(filter)).init();
    }
    Ok(Level { text, is_overridden, replace: Box::new(move |filter| handle.reload(filter)) })
}
