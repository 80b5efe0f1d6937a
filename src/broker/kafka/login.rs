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

/// Checks the login of these properties; `features` is librdkafka's list.
pub(super) fn check(
    properties: &BTreeMap<String, String>,
    has_tokens: bool,
    features: &str,
) -> Result<(), Unsupported> {
    let property = |name: &str| properties.get(name).map(String::as_str);
    let protocol = property("security.protocol").unwrap_or("plaintext").to_lowercase();
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
    if has_tokens && (!protocol.starts_with("sasl") || mechanism != Some("OAUTHBEARER")) {
        return unsupported("tokens are for OAUTHBEARER, with security.protocol SASL_SSL");
    }
    if !protocol.starts_with("sasl") {
        return Ok(());
    }
    let is_unsecured = property("enable.sasl.oauthbearer.unsecure.jwt") == Some("true");
    match mechanism {
        None | Some("GSSAPI") if has("sasl_gssapi") => Ok(()),
        None => unsupported("it is not set, and librdkafka's default GSSAPI (Kerberos) is not in this build"),
        Some("GSSAPI") => unsupported("GSSAPI (Kerberos) is not in this build, which has no libsasl2"),
        Some("OAUTHBEARER") if is_unsecured || has_tokens => Ok(()),
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
    use super::check;

    const FEATURES: &str = "gzip,snappy,ssl,sasl,regex,lz4,sasl_plain,sasl_scram,plugins,zstd,sasl_oauthbearer";

    fn login(properties: &[(&str, &str)]) -> Result<(), String> {
        let properties = properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        check(&properties, false, FEATURES).map_err(|problem| problem.detail)
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
