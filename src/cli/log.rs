//! The log on standard error: its level, its format, and the metric of warnings and errors.

use std::io::IsTerminal;
use std::sync::Arc;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use super::exit::Failure;
use crate::config::{Log, LogFormat};
use crate::metric::{LogLevel, Metrics};

/// Counts warnings and errors in a metric, for alerts.
struct CountingLayer(Arc<Metrics>);

impl<S: Subscriber> Layer<S> for CountingLayer {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let level = *event.metadata().level();
        if level == Level::ERROR {
            self.0.diagnostics.log_message(LogLevel::Error);
        } else if level == Level::WARN {
            self.0.diagnostics.log_message(LogLevel::Warn);
        }
    }
}

/// Starts the log. `filter` overrides the configured level.
pub(super) fn start(log: &Log, filter: Option<&str>, metrics: &Arc<Metrics>) -> Result<(), Failure> {
    let text = filter.unwrap_or(&log.level);
    let filter = EnvFilter::try_new(text)
        .map_err(|error| Failure::Configuration(format!("error: log level `{text}`: {error}")))?;
    let terminal = std::io::stderr().is_terminal();
    let json = match log.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !terminal,
    };
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let registry = tracing_subscriber::registry().with(CountingLayer(metrics.clone()));
    if json {
        registry.with(lines.json().flatten_event(true).with_filter(filter)).init();
    } else {
        registry.with(lines.with_ansi(terminal).with_filter(filter)).init();
    }
    Ok(())
}
