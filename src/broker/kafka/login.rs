//! Which ways to log in this build of librdkafka has.
//!
//! librdkafka tells it when a client is opened, in its own words, or not at all: a client that needs a token and is given none
//! waits for ever.

use std::collections::BTreeMap;

/// A way to log in that this build does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unsupported {
    /// The property that asks for it.
    pub(super) property: &'static str,
    /// The reason and the remedy.
    pub(super) detail: String,
}

/// The mechanisms that sheaf can use, and the features of librdkafka that they need.
const MECHANISMS: [(&str, &str); 4] = [
    ("PLAIN", "sasl_plain"),
    ("SCRAM-SHA-256", "sasl_scram"),
    ("SCRAM-SHA-512", "sasl_scram"),
    ("OAUTHBEARER", "sasl_oauthbearer"),
];
/// The property of the mechanism; `sasl.mechanisms` is an older name.
const MECHANISM: &str = "sasl.mechanism";
const PROTOCOL: &str = "security.protocol";
/// The property by which librdkafka makes tokens that nobody has signed.
const UNSECURED: &str = "enable.sasl.oauthbearer.unsecure.jwt";

/// Checks the login of these properties; `features` is librdkafka's list.
pub(super) fn check(
    properties: &BTreeMap<String, String>,
    has_tokens: bool,
    features: &str,
) -> Result<(), Unsupported> {
    let property = |name: &str| properties.get(name).map(String::as_str);
    let protocol = property(PROTOCOL).unwrap_or("plaintext").to_lowercase();
    let mechanism = property(MECHANISM).or_else(|| property("sasl.mechanisms"));
    let has = |feature: &str| features.split(',').any(|known| known.trim() == feature);
    let unsupported = |why: &str| {
        let known: Vec<&str> = MECHANISMS.iter().filter(|(_, feature)| has(feature)).map(|(name, _)| *name).collect();
        let detail = format!(
            "{why}; this build has {}, and client certificates with security.protocol SSL: set one that the cluster offers",
            known.join(", ")
        );
        Err(Unsupported { property: MECHANISM, detail })
    };
    let unsecured = property(UNSECURED);
    if has_tokens {
        let wrong = |property, detail: String| Err(Unsupported { property, detail });
        if mechanism != Some("OAUTHBEARER") {
            let detail = "tokens are for sasl.mechanism OAUTHBEARER, which is not the mechanism here";
            return wrong(MECHANISM, detail.to_owned());
        }
        if !protocol.starts_with("sasl") {
            let has = property(PROTOCOL).unwrap_or("PLAINTEXT");
            let needs = "OAUTHBEARER needs SASL_SSL, or SASL_PLAINTEXT in a trusted network";
            return wrong(PROTOCOL, format!("it is {has}, which has no login: {needs}"));
        }
        if unsecured.is_some() {
            return wrong(UNSECURED, "it makes tokens of its own, which are for tests; remove it".to_owned());
        }
    }
    if !protocol.starts_with("sasl") {
        return Ok(());
    }
    match mechanism {
        None | Some("GSSAPI") if has("sasl_gssapi") => Ok(()),
        None => unsupported("it is not set, and librdkafka's default GSSAPI (Kerberos) is not in this build"),
        Some("GSSAPI") => unsupported("GSSAPI (Kerberos) is not in this build, which has no libsasl2"),
        Some("OAUTHBEARER") if unsecured == Some("true") || has_tokens => Ok(()),
        Some("OAUTHBEARER") => Err(Unsupported {
            property: MECHANISM,
            detail: "OAUTHBEARER needs tokens: set sasl.oauthbearer.method: oidc, with sasl.oauthbearer.token.endpoint.url, \
                     sasl.oauthbearer.client.id and sasl.oauthbearer.client.secret"
                .to_owned(),
        }),
        Some("AWS_MSK_IAM") => unsupported("AWS_MSK_IAM is a login of Java clients; MSK offers SCRAM-SHA-512 too"),
        Some(name) if MECHANISMS.iter().any(|(known, feature)| *known == name && has(feature)) => Ok(()),
        Some(name) => unsupported(&format!("`{name}` is not in this build")),
    }
}

#[cfg(test)]
mod tests {
    use super::{BTreeMap, check};

    const FEATURES: &str = "gzip,snappy,ssl,sasl,regex,lz4,sasl_plain,sasl_scram,plugins,zstd,sasl_oauthbearer";

    fn owned(properties: &[(&str, &str)]) -> BTreeMap<String, String> {
        properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn login(properties: &[(&str, &str)]) -> Result<(), String> {
        check(&owned(properties), false, FEATURES).map_err(|problem| problem.detail)
    }

    #[test]
    fn a_login_that_this_build_lacks_is_refused_and_what_it_has_is_named() {
        let protocol = ("security.protocol", "SASL_SSL");
        for (mechanism, words) in [
            (None, "it is not set, and librdkafka's default GSSAPI"),
            (Some("GSSAPI"), "GSSAPI (Kerberos) is not in this build"),
            (Some("AWS_MSK_IAM"), "MSK offers SCRAM-SHA-512"),
            (Some("scram"), "`scram` is not in this build"),
        ] {
            let properties: Vec<_> =
                [protocol].into_iter().chain(mechanism.map(|name| ("sasl.mechanism", name))).collect();
            let error = login(&properties).unwrap_err();
            assert!(
                error.contains(words) && error.contains("PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER, and"),
                "{error}"
            );
        }
        let tokens = [protocol, ("sasl.mechanisms", "OAUTHBEARER")];
        assert!(login(&tokens).unwrap_err().contains("set sasl.oauthbearer.method: oidc"));
    }

    #[test]
    fn tokens_need_the_login_that_takes_them() {
        let whole = [("security.protocol", "SASL_SSL"), ("sasl.mechanism", "OAUTHBEARER")];
        let with = |name: &str, value: &str| {
            let mut properties = owned(&whole);
            properties.insert(name.to_owned(), value.to_owned());
            properties.retain(|_, value| !value.is_empty());
            check(&properties, true, FEATURES).map_err(|problem| (problem.property, problem.detail))
        };
        for (name, value, words) in [
            ("sasl.mechanism", "PLAIN", "for sasl.mechanism OAUTHBEARER"),
            ("security.protocol", "", "it is PLAINTEXT"),
            ("security.protocol", "ssl", "OAUTHBEARER needs SASL_SSL"),
            ("enable.sasl.oauthbearer.unsecure.jwt", "true", "remove it"),
        ] {
            let (property, detail) = with(name, value).unwrap_err();
            assert!(property == name && detail.contains(words), "{name}: {property}: {detail}");
        }
        assert_eq!(with("linger.ms", "5"), Ok(()));
    }

    #[test]
    fn what_this_build_has_is_taken() {
        for name in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
            assert_eq!(login(&[("security.protocol", "sasl_plaintext"), ("sasl.mechanism", name)]), Ok(()));
        }
        assert_eq!(login(&[]), Ok(()));
        assert_eq!(login(&[("security.protocol", "SSL"), ("sasl.mechanism", "GSSAPI")]), Ok(()));
        let unsecured = ("enable.sasl.oauthbearer.unsecure.jwt", "true");
        assert_eq!(login(&[("security.protocol", "SASL_SSL"), ("sasl.mechanism", "OAUTHBEARER"), unsecured]), Ok(()));
    }
}
