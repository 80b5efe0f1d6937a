//! What a running process reads again: settings, templates, secrets.

use prometheus::{IntCounterVec, IntGaugeVec, Result};

use super::registry::{Maker, seconds};
use crate::model::Timestamp;

const OK: &str = "ok";
const FAILED: &str = "failed";

/// The metrics of what is read again.
#[derive(Debug)]
pub struct Reload {
    successful: IntGaugeVec,
    last: IntGaugeVec,
    templates: IntCounterVec,
    template_last: IntGaugeVec,
    refused: IntGaugeVec,
    secrets: IntCounterVec,
    secrets_last: IntGaugeVec,
}

impl Reload {
    pub(super) fn new(maker: &Maker) -> Result<Self> {
        let result = ["result"];
        let successful =
            "1 if the last reload (SIGHUP) took everything over, or there was none; 0 if something was refused.";
        let templates = "Looks at the templates for changes: failed if one cannot be read or is refused.";
        let template_last = "The last time that all templates could be read and used.";
        let refused = "Templates whose content at their source cannot be used; the former revision stays in use.";
        let secrets = "Attempts to read the credential of Control-M again (control_m.credential_ttl).";
        let secrets_last =
            "The last time that the credential of Control-M could be read; no series if there is none to read again.";
        let reload = Self {
            successful: maker.gauges("config_last_reload_successful", successful, &[])?,
            last: maker.gauges(
                "config_last_reload_timestamp_seconds",
                "The last successful reload, or the start.",
                &[],
            )?,
            templates: maker.counters("template_looks_total", templates, &result)?,
            template_last: maker.gauges("template_last_look_timestamp_seconds", template_last, &[])?,
            refused: maker.gauges("templates_refused", refused, &[])?,
            secrets: maker.counters("secret_refreshes_total", secrets, &result)?,
            secrets_last: maker.gauges("secret_last_refresh_timestamp_seconds", secrets_last, &[])?,
        };
        for result in [OK, FAILED] {
            reload.templates.with_label_values(&[result]).reset();
            reload.secrets.with_label_values(&[result]).reset();
        }
        reload.successful.with_label_values::<&str>(&[]).set(1);
        Ok(reload)
    }

    /// The process has started: everything has been read. Only some secrets are read again later.
    pub fn started(&self, reads_secrets: bool, now: Timestamp) {
        set_if(true, &self.last, now);
        set_if(true, &self.template_last, now);
        set_if(reads_secrets, &self.secrets_last, now);
    }

    /// A reload that an operator has asked for has ended.
    pub fn reloaded(&self, is_ok: bool, now: Timestamp) {
        self.successful.with_label_values::<&str>(&[]).set(i64::from(is_ok));
        set_if(is_ok, &self.last, now);
    }

    /// The templates were looked at; this many cannot be used or read.
    pub fn templates(&self, failed: usize, now: Timestamp) {
        self.templates.with_label_values(&[result(failed == 0)]).inc();
        self.refused.with_label_values::<&str>(&[]).set(i64::try_from(failed).unwrap_or(i64::MAX));
        set_if(failed == 0, &self.template_last, now);
    }

    /// The secrets were read.
    pub fn secrets(&self, is_ok: bool, now: Timestamp) {
        self.secrets.with_label_values(&[result(is_ok)]).inc();
        set_if(is_ok, &self.secrets_last, now);
    }
}

const fn result(is_ok: bool) -> &'static str {
    if is_ok { OK } else { FAILED }
}

fn set_if(is_ok: bool, gauge: &IntGaugeVec, now: Timestamp) {
    if is_ok {
        gauge.with_label_values::<&str>(&[]).set(seconds(now));
    }
}
