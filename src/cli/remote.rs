//! Asks a running instance through its HTTP API.

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::exit::Failure;
use super::output::{Column, OutputArgs, Screen, WatchArgs};
use crate::admin::{Client, ClientError, ClientSettings};
use crate::secret::Secret;

/// The options of every command that asks a running instance.
#[derive(Clone, Debug, Args)]
pub(super) struct RemoteArgs {
    /// The address of an instance (its `http.bind`)
    #[arg(long, value_name = "URL", env = "SHEAF_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A file with a token of the instance (its `http.tokens`)
    #[arg(long, value_name = "FILE", env = "SHEAF_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// A file with the certificates (PEM) that are trusted instead of the system's
    #[arg(long, value_name = "FILE", env = "SHEAF_CA")]
    ca: Option<PathBuf>,
}

/// The options of every list of a running instance.
#[derive(Clone, Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    remote: RemoteArgs,
    /// The id of an application; all of the process without it
    #[arg(long, value_name = "ID")]
    application: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    watch: WatchArgs,
}

impl ListArgs {
    /// Prints the list at a path below `/api/v1/`, once or again and again.
    pub(super) fn print(&self, path: &str, columns: &[Column]) -> Result<ExitCode, Failure> {
        let query: Vec<_> = self.application.iter().map(|id| ("application", id.clone())).collect();
        self.watch.print(self.output, || {
            let items = self.remote.ask(async |client| client.list(path, &query).await)?;
            Ok(Screen { text: self.output.text(items, columns), notes: Vec::new() })
        })
    }
}

impl RemoteArgs {
    /// Asks the instance.
    pub(super) fn ask<T, F>(&self, question: impl FnOnce(Client) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, ClientError>>,
    {
        let client = Client::new(ClientSettings { url: self.url.clone(), token: self.token()?, ca: self.ca.clone() })?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(runtime.block_on(question(client))?)
    }

    fn token(&self) -> Result<Option<Secret>, Failure> {
        let Some(path) = &self.token_file else { return Ok(None) };
        let refused = |detail: &str| Failure::Usage(format!("error: --token-file {}: {detail}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| refused(&error.to_string()))?;
        match text.trim() {
            "" => Err(refused("it is empty")),
            token if token.chars().any(|c| !c.is_ascii_graphic()) => Err(refused("it has more than a token")),
            token => Ok(Some(Secret::new(token.to_owned()))),
        }
    }
}
