//! What librdkafka tells of its connections, every few seconds
//! (<https://github.com/confluentinc/librdkafka/blob/master/STATISTICS.md>).

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;

use crate::metric::ConnectionFigures;

/// The statistics of the clients of an application, since they were taken last.
#[derive(Debug, Default)]
pub(super) struct Statistics(Mutex<Collected>);

#[derive(Debug, Default)]
struct Collected {
    /// The totals that each client has told last, by client and broker.
    totals: BTreeMap<(String, i32), Totals>,
    since: BTreeMap<i32, ConnectionFigures>,
}

/// The totals of a client's connections to a broker.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Totals {
    req_timeouts: u64,
    disconnects: u64,
    txerrs: u64,
    rxerrs: u64,
}

#[derive(Deserialize)]
struct Client {
    name: String,
    brokers: BTreeMap<String, Broker>,
}

#[derive(Deserialize)]
struct Broker {
    /// -1 for a bootstrap address, and for the coordinator, which has an entry of its own beside its broker's.
    nodeid: i32,
    #[serde(flatten)]
    totals: Totals,
    #[serde(default)]
    rtt: Window,
}

/// The values of a time window, in microseconds.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Window {
    avg: u64,
    cnt: u64,
}

impl Statistics {
    /// Adds the statistics of a client, a JSON text.
    pub(super) fn add(&self, json: &[u8]) {
        let client = match serde_json::from_slice::<Client>(json) {
            Ok(client) => client,
            Err(error) => return tracing::debug!(%error, "the statistics of librdkafka cannot be read"),
        };
        let mut collected = self.lock();
        for broker in client.brokers.into_values().filter(|broker| broker.nodeid >= 0) {
            let known = collected.totals.insert((client.name.clone(), broker.nodeid), broker.totals);
            let known = known.unwrap_or_default();
            let figures = collected.since.entry(broker.nodeid).or_default();
            let Totals { req_timeouts, disconnects, txerrs, rxerrs } = broker.totals;
            figures.request_timeouts += since(req_timeouts, known.req_timeouts);
            figures.disconnects += since(disconnects, known.disconnects);
            figures.errors += since(txerrs, known.txerrs) + since(rxerrs, known.rxerrs);
            if broker.rtt.cnt > 0 {
                // Of several clients, the slowest.
                figures.round_trip = figures.round_trip.max(Some(Duration::from_micros(broker.rtt.avg)));
            }
        }
    }

    /// What has happened since the last call.
    pub(super) fn take(&self) -> BTreeMap<i32, ConnectionFigures> {
        std::mem::take(&mut self.lock().since)
    }

    fn lock(&self) -> MutexGuard<'_, Collected> {
        // A poisoned lock is usable: the numbers are always valid.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The increase of a total; a client that was opened anew under its name begins at 0.
const fn since(total: u64, known: u64) -> u64 {
    if total >= known { total - known } else { total }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The shape of STATISTICS.md, without what is not read.
    fn told(client: &str, timeouts: u64, disconnects: u64, rtt: u64) -> Vec<u8> {
        let broker = |id: i32| {
            json!({ "name": "h:9092/1", "nodeid": id, "state": "UP", "tx": 5, "txerrs": 1, "rxerrs": 0, "req_timeouts": timeouts,
                "disconnects": disconnects, "rtt": { "min": 1, "avg": rtt, "cnt": u64::from(rtt > 0) } })
        };
        let brokers = json!({ "h:9092/1": broker(1), "h:9092/bootstrap": broker(-1), "GroupCoordinator": broker(-1) });
        json!({ "name": client, "client_id": "c", "type": "consumer", "brokers": brokers, "topics": {} })
            .to_string()
            .into_bytes()
    }

    #[test]
    fn what_has_happened_is_told_once_and_those_of_several_clients_are_added() {
        let statistics = Statistics::default();
        statistics.add(&told("c#1", 2, 1, 1_500));
        statistics.add(&told("c#2", 1, 0, 2_500));
        let round_trip = Some(Duration::from_micros(2_500));
        let figures = ConnectionFigures { round_trip, request_timeouts: 3, disconnects: 1, errors: 2 };
        assert_eq!(statistics.take(), [(1, figures)].into(), "a bootstrap address is no broker");
        assert_eq!(statistics.take(), BTreeMap::new());
        statistics.add(&told("c#1", 3, 1, 0));
        let figures = ConnectionFigures { round_trip: None, request_timeouts: 1, disconnects: 0, errors: 0 };
        assert_eq!(statistics.take(), [(1, figures)].into(), "the totals grow");
        statistics.add(&told("c#1", 1, 0, 0));
        assert_eq!(statistics.take()[&1].request_timeouts, 1, "the client was opened anew");
        statistics.add(b"{");
        assert_eq!(statistics.take(), BTreeMap::new());
    }
}
