//! The parameters of questions about entries.

use serde::Deserialize;
use utoipa::IntoParams;

/// The parameters of a list of entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "for the document: they are read one by one, because `status` may be repeated")]
pub(super) struct EntryQuery {
    /// The id of the application, if several of the process have this processor.
    application: Option<String>,
    /// A status, or its part before or after a `/`: `open` is every `open/..`, `waiting-parent` every `../waiting-parent`. It may be repeated.
    #[param(explode = true)]
    status: Option<Vec<String>>,
    /// The earliest `at`: of incomplete bundles the deadline.
    #[param(format = DateTime)]
    from: Option<String>,
    /// The latest `at`.
    #[param(format = DateTime)]
    until: Option<String>,
    /// The earliest due time of the next timer.
    #[param(format = DateTime)]
    due_from: Option<String>,
    /// The latest due time of the next timer.
    #[param(format = DateTime)]
    due_until: Option<String>,
    /// A text in the key.
    text: Option<String>,
    /// The most items of the answer, 50 without it.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// `true`: the partitions of the instance that is asked only. For instances among themselves.
    local: Option<bool>,
}

/// The parameters of a question about a processor.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ProcessorQuery {
    /// The id of the application, if several of the process have this processor.
    pub(super) application: Option<String>,
    /// `true`: the partitions of the instance that is asked only. For instances among themselves.
    #[serde(default)]
    pub(super) local: bool,
}

/// The application of a command.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ApplicationQuery {
    /// The id of the application, if several of the process have this processor.
    pub(super) application: Option<String>,
}

/// The parameters of a start.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StartQuery {
    /// How long to wait for the end, such as `2s` or `500ms`; more than 5 s are 5 s. Without it the answer comes when the flow has begun.
    #[param(example = "2s", pattern = "^[0-9]{1,6}(ms|s)$")]
    pub(super) wait: Option<String>,
    /// The application; needed only if several have flows.
    pub(super) application: Option<String>,
}
