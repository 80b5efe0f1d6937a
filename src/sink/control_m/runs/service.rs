//! SLA services (`GET /run/services/sla`). All their fields are texts; the words for a status are not documented, so a service is
//! late if its status says so.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

/// A service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Service {
    /// Its SLA job: the name or the id.
    pub(super) job: String,
    name: String,
    status: String,
    reason: String,
    due: String,
}

impl Service {
    pub(super) fn is_late(&self) -> bool {
        self.status.to_ascii_lowercase().contains("late")
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, status, reason, due, .. } = self;
        write!(f, "{name}: {status}")?;
        if !reason.is_empty() {
            write!(f, " ({reason})")?;
        }
        if due.is_empty() { Ok(()) } else { write!(f, ", due {due}") }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Services {
    #[serde(default)]
    active_services: Vec<Row>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Row {
    service_name: Value,
    service_job: Value,
    status: Value,
    status_reason: Value,
    due_time: Value,
}

/// Reads the services; none from an answer that cannot be read.
pub(super) fn read(body: &str) -> Vec<Service> {
    let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
    let services = serde_json::from_str::<Services>(body).map(|services| services.active_services);
    let service = |row: Row| Service {
        job: text(row.service_job),
        name: text(row.service_name),
        status: text(row.status),
        reason: text(row.status_reason),
        due: text(row.due_time),
    };
    services.unwrap_or_default().into_iter().map(service).collect()
}

#[cfg(test)]
mod tests {
    use super::{Service, read};

    #[test]
    fn a_service_is_late_if_its_status_says_so() {
        let body = r#"{"activeServices":[
            {"serviceName":"s1","serviceJob":"service-1","status":"Service Is Late","statusReason":"job x","dueTime":"12:00"},
            {"serviceName":"s2","status":"OK","completionPercentage":"50"}]}"#;
        let services = read(body);
        assert_eq!(services.iter().map(Service::is_late).collect::<Vec<_>>(), [true, false]);
        assert_eq!(services[0].to_string(), "s1: Service Is Late (job x), due 12:00");
        assert!(read("<html>").is_empty() && read("{}").is_empty());
    }
}
