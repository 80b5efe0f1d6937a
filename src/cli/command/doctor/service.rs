//! What is called: Control-M, webhooks, mail servers. A connection is opened and closed; nothing is sent.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use super::finding::Finding;
use crate::app::Secrets;
use crate::config::{Config, Reference, SinkKind};

/// The longest wait for a connection.
const TIMEOUT: Duration = Duration::from_secs(3);

pub(super) fn check(config: &Config, secrets: &Secrets, findings: &mut Vec<Finding>) {
    if let Some(control_m) = &config.control_m {
        let (setting, url) = match &control_m.proxy {
            Some(proxy) => ("control_m.proxy", proxy),
            None => ("control_m.base_url", &control_m.base_url),
        };
        by_url("control-m", setting, url, secrets, findings);
    }
    for (name, kind) in &config.sinks.0 {
        match kind {
            SinkKind::Webhook(webhook) => {
                by_url("sink", &format!("sinks.{name}.webhook.url"), &webhook.url, secrets, findings);
            }
            SinkKind::Smtp(smtp) => {
                let setting = format!("sinks.{name}.smtp");
                findings.push(connect("sink", &setting, &smtp.host, smtp.port));
            }
        }
    }
}

/// Connects to the host of a URL, which may be secret: it is not told. One that cannot be read is a finding of the secrets.
fn by_url(check: &'static str, setting: &str, url: &Reference, secrets: &Secrets, findings: &mut Vec<Finding>) {
    let Ok(url) = secrets.resolve(setting, url) else { return };
    findings.push(match address(url.expose()) {
        Some((host, port)) => connect(check, setting, &host, port),
        None => Finding::fail(check, format!("{setting} is not a URL"), "write it as https://host:port/path"),
    });
}

/// The host and the port of a URL.
fn address(url: &str) -> Option<(String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let usual = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()?),
        _ => (host, usual),
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    (!name.is_empty()).then(|| (name.to_owned(), port))
}

fn connect(check: &'static str, setting: &str, host: &str, port: u16) -> Finding {
    let remedy = "check the name, the firewall, and whether the service runs";
    let addresses = match (host, port).to_socket_addrs() {
        Ok(addresses) => addresses,
        Err(error) => return Finding::fail(check, format!("{setting}: {host} is not known: {error}"), remedy),
    };
    let mut last = format!("{setting}: {host} has no address");
    for address in addresses.take(4) {
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(_) => return Finding::ok(check, format!("{setting}: {host}:{port} can be reached")),
            Err(error) => last = format!("{setting}: {host}:{port} cannot be reached: {error}"),
        }
    }
    Finding::fail(check, last, remedy)
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn the_host_and_the_port_of_a_url_are_found() {
        for (url, host, port) in [
            ("https://ctm.example.com/automation-api", "ctm.example.com", 443),
            ("http://user:p@ss@proxy:3128", "proxy", 3128),
            ("https://[::1]:8443/x", "::1", 8443),
            ("http://[::1]/x", "::1", 80),
            ("http://h?x=a@b:1", "h", 80),
        ] {
            assert_eq!(address(url), Some((host.to_owned(), port)), "{url}");
        }
        for url in ["", "ctm", "ftp://x", "http://", "http://h:port", "http://h:99999"] {
            assert_eq!(address(url), None, "{url}");
        }
    }
}
