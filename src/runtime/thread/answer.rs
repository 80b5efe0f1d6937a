//! Answers to the queries of other threads, between two turns.

use std::time::Duration;

use super::StreamThread;
use crate::runtime::mailbox::Query;
use crate::store;

/// The age of dirty entries from which they are flushed for a list: a list is that much older than the state at most.
const FLUSH_AGE: Duration = Duration::from_secs(1);

impl StreamThread {
    /// Answers pending queries. An answer may have no receiver any more.
    pub(super) fn answer_queries(&mut self) {
        for query in self.queries.pending() {
            match query {
                Query::Health(reply) => drop(reply.try_send(self.health())),
                Query::Entry(task, key, reply) => {
                    let closed = || store::Error::Closed { path: task.to_string().into() };
                    let entry = self.tasks.get(&task).ok_or_else(closed).and_then(|task| task.committed(&key));
                    drop(reply.try_send(entry));
                }
                Query::Flush(task, reply) => {
                    if let Some(running) = self.tasks.get_mut(&task)
                        && let Err(error) = running.flush_older(self.txn.uptime, FLUSH_AGE)
                    {
                        // The next flush that is due fails, too, and is handled.
                        tracing::debug!(%error, sheaf.task = %task, "cannot flush dirty entries for a list");
                    }
                    let (Ok(()) | Err(_)) = reply.try_send(());
                }
            }
        }
    }
}
