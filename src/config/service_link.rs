//! Environment variables that Kubernetes and Docker set in each container for each Service (service links): those of a Service
//! whose name begins with `sheaf` look like settings.
//!
//! Source: <https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>.

/// The protocols of Services.
const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];

/// True for a service link: `X_SERVICE_HOST`, `X_SERVICE_PORT`, `X_SERVICE_PORT_NAME`, `X_PORT` with a URL,
/// `X_PORT_8080_TCP`, and this with `_PROTO`, `_PORT` or `_ADDR`.
pub(super) fn is_service_link(name: &str, value: &str) -> bool {
    let is_service = name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.split_once("_SERVICE_PORT_").is_some_and(|(_, port)| !port.is_empty());
    is_service || (name.ends_with("_PORT") && is_url(value)) || is_port(name)
}

fn is_url(value: &str) -> bool {
    value.split_once("://").is_some_and(|(protocol, _)| PROTOCOLS.iter().any(|it| it.eq_ignore_ascii_case(protocol)))
}

/// True for `X_PORT_8080_TCP`, and this with `_PROTO`, `_PORT` or `_ADDR`.
fn is_port(name: &str) -> bool {
    let words: Vec<&str> = name.split('_').collect();
    let words = match words.as_slice() {
        [rest @ .., "PROTO" | "PORT" | "ADDR"] => rest,
        all => all,
    };
    let [.., "PORT", number, protocol] = words else { return false };
    number.parse::<u16>().is_ok() && PROTOCOLS.contains(protocol)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_of_services_are_told_from_settings() {
        let links = [
            ("SHEAF_SERVICE_HOST", "10.96.0.7"),
            ("SHEAF_SERVICE_PORT", "8080"),
            ("SHEAF_SERVICE_PORT_HTTP_METRICS", "8080"),
            ("SHEAF_KAFKA_SERVICE_HOST", "10.96.0.8"),
            ("SHEAF_PORT", "tcp://10.96.0.7:8080"),
            ("SHEAF_DNS_PORT", "udp://10.96.0.7:53"),
            ("SHEAF_PORT_8080_TCP", "tcp://10.96.0.7:8080"),
            ("SHEAF_PORT_8080_TCP_PROTO", "tcp"),
            ("SHEAF_PORT_8080_TCP_PORT", "8080"),
            ("SHEAF_A_B_PORT_53_UDP_ADDR", "10.96.0.7"),
        ];
        for (name, value) in links {
            assert!(is_service_link(name, value), "{name}={value}");
        }
        let others = [
            ("SHEAF_HTTP__BNID", "127.0.0.1:80"),
            ("SHEAF_PORT", "8080"),
            ("SHEAF_HTTP__PORT", "http://x"),
            ("SHEAF_PORT_HTTP_TCP", "x"),
            ("SHEAF_SERVICE_PORT_", "8080"),
            ("SHEAF_PORT_80_TCP_HOST", "x"),
        ];
        for (name, value) in others {
            assert!(!is_service_link(name, value), "{name}={value}");
        }
    }
}
