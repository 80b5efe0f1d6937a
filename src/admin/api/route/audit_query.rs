//! The parameters of a list of commands.

use serde::Deserialize;
use utoipa::IntoParams;

/// The parameters of a list of commands.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditQuery {
    /// The id of the application; all of the process without it.
    pub(super) application: Option<String>,
    /// The processor.
    pub(super) processor: Option<String>,
    /// The key of the entry.
    pub(super) key: Option<String>,
    /// The name of the command.
    pub(super) command: Option<String>,
    /// Who sent it: the name of the token.
    pub(super) by: Option<String>,
    /// The earliest time of the execution.
    #[param(format = DateTime)]
    pub(super) since: Option<String>,
    /// The most items of the answer, 50 without it.
    #[param(minimum = 1, maximum = 500)]
    pub(super) limit: Option<u16>,
    /// The `next` of the page before.
    pub(super) cursor: Option<String>,
}
