//! The instance and the application that are asked for entries.

use crate::cli::remote::RemoteArgs;

/// The instance to ask, and the application.
#[derive(Debug, clap::Args)]
pub(super) struct EntryRemote {
    #[command(flatten)]
    pub remote: RemoteArgs,
    /// The id of the application, if the process has several with this processor
    #[arg(long, value_name = "ID")]
    pub application: Option<String>,
}

impl EntryRemote {
    pub(super) fn parameter(&self) -> Vec<(&'static str, String)> {
        self.application.iter().map(|id| ("application", id.clone())).collect()
    }
}
