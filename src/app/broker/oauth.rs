//! Tokens for OAUTHBEARER, by librdkafka's properties for `sasl.oauthbearer.method` oidc.
//!
//! librdkafka fetches tokens itself if it has libcurl. It has not here, and refuses the properties; so they are taken out, and sheaf
//! fetches the tokens.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use super::TOKEN_ENDPOINT as ENDPOINT;
use crate::app::error::{Error, Result};
use crate::broker;
use crate::broker::kafka::{Tokens, is_extension};
use crate::oauth::{ClientCredentials, Mistake, Settings};
use crate::runtime::SystemClock;
use crate::secret::Secret;

const METHOD: &str = "sasl.oauthbearer.method";
const CLIENT_ID: &str = "sasl.oauthbearer.client.id";
const CLIENT_SECRET: &str = "sasl.oauthbearer.client.secret";
const SCOPE: &str = "sasl.oauthbearer.scope";
const EXTENSIONS: &str = "sasl.oauthbearer.extensions";
const GRANT_TYPE: &str = "sasl.oauthbearer.grant.type";
const CA_LOCATION: &str = "https.ca.location";
const CA_PEM: &str = "https.ca.pem";
/// Other names of the same, which are those of Java clients too.
const ALIASES: [(&str, &str); 2] = [
    ("sasl.oauthbearer.client.credentials.client.id", CLIENT_ID),
    ("sasl.oauthbearer.client.credentials.client.secret", CLIENT_SECRET),
];
/// The beginnings of properties for other ways to a token.
const OTHER_WAYS: [&str; 2] = ["sasl.oauthbearer.assertion.", "sasl.oauthbearer.metadata."];

/// The tokens of these properties, which are taken out; `None` if tokens are not asked for. Whether the login is one by tokens is
/// checked with the client.
pub(super) fn tokens(properties: &mut BTreeMap<String, String>) -> Result<Option<Tokens>> {
    if let Some((alias, first)) =
        ALIASES.iter().find(|(alias, first)| [alias, first].iter().all(|name| properties.contains_key(**name)))
    {
        return Err(wrong(alias, &format!("it is the same as {first}: set one of them")));
    }
    let mut taken = taken(properties);
    let method = taken.remove(METHOD);
    if method.as_deref() != Some("oidc") {
        return match taken.keys().next() {
            Some(name) if method.is_none() => Err(wrong(name, "it takes sasl.oauthbearer.method: oidc")),
            Some(name) => Err(wrong(name, "it is for sasl.oauthbearer.method oidc, which is not the method here")),
            None if method.as_deref().is_none_or(|method| method == "default") => Ok(None),
            None => Err(wrong(METHOD, "it is default or oidc")),
        };
    }
    let ca = if taken.contains_key(CA_PEM) { CA_PEM } else { CA_LOCATION };
    let settings = settings(taken)?;
    let source = ClientCredentials::new(settings, Arc::new(SystemClock)).map_err(|mistake| match mistake {
        Mistake::Endpoint(detail) => wrong(ENDPOINT, &detail),
        Mistake::Ca(detail) => wrong(ca, &detail),
    })?;
    Ok(Some(Tokens::new(Arc::new(source), Arc::new(SystemClock))))
}

/// The properties that are sheaf's own here, by their first names.
fn taken(properties: &mut BTreeMap<String, String>) -> BTreeMap<String, String> {
    let is_own = |name: &str| {
        [METHOD, ENDPOINT, CLIENT_ID, CLIENT_SECRET, SCOPE, EXTENSIONS, GRANT_TYPE, CA_LOCATION, CA_PEM].contains(&name)
            || OTHER_WAYS.iter().any(|begin| name.starts_with(begin))
    };
    let first_name = |name: String| match ALIASES.iter().find(|(alias, _)| *alias == name) {
        Some((_, first)) => (*first).to_owned(),
        None => name,
    };
    let all = std::mem::take(properties).into_iter().map(|(name, value)| (first_name(name), value));
    let (own, others) = all.partition(|(name, _)| is_own(name));
    *properties = others;
    own
}

/// The settings in the properties.
fn settings(mut properties: BTreeMap<String, String>) -> Result<Settings> {
    let mut needed = |name: &str| {
        let value = properties.remove(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| wrong(name, "it is missing; sasl.oauthbearer.method oidc needs it"))
    };
    let (endpoint, client_id) = (needed(ENDPOINT)?, needed(CLIENT_ID)?);
    let client_secret = Secret::new(needed(CLIENT_SECRET)?);
    let scope = properties.remove(SCOPE).filter(|scope| !scope.is_empty());
    let extensions = extensions(&properties.remove(EXTENSIONS).unwrap_or_default())?;
    let ca = match (properties.remove(CA_PEM), properties.remove(CA_LOCATION)) {
        (Some(_), Some(_)) => return Err(wrong(CA_PEM, "set it, or https.ca.location, and not both")),
        (Some(pem), None) => Some(pem.into_bytes()),
        (None, Some(path)) => Some(fs::read(&path).map_err(|error| wrong(CA_LOCATION, &format!("{path}: {error}")))?),
        (None, None) => None,
    };
    properties.retain(|name, value| name != GRANT_TYPE || value != "client_credentials");
    if let Some(name) = properties.keys().next() {
        return Err(wrong(
            name,
            "sheaf fetches tokens by client credentials only (grant type client_credentials): remove it",
        ));
    }
    Ok(Settings { endpoint, client_id, client_secret, scope, extensions, ca })
}

/// SASL extensions: `name=value`, comma-separated.
fn extensions(text: &str) -> Result<Vec<(String, String)>> {
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| match pair.split_once('=') {
        Some((name, value)) if is_extension(name.trim(), value.trim()) => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err(wrong(EXTENSIONS, "it is a list of name=value, with commas between them, and names are of letters")),
    });
    pairs.collect()
}

/// The error of a property, without its value, which may be a secret.
fn wrong(name: &str, why: &str) -> Error {
    let detail = format!("property {name}: {why}");
    Error::Broker(broker::Error::Fatal { operation: "reading the kafka settings", detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: [(&str, &str); 6] = [
        ("security.protocol", "SASL_SSL"),
        ("sasl.mechanism", "OAUTHBEARER"),
        (METHOD, "oidc"),
        (ENDPOINT, "https://idp.example.com/token"),
        (CLIENT_ID, "orders"),
        (CLIENT_SECRET, "s3cret"),
    ];

    fn owned(properties: &[(&str, &str)]) -> BTreeMap<String, String> {
        properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// The error of the whole properties with some of them changed; an empty value removes one.
    fn refused(changed: &[(&str, &str)]) -> String {
        let mut properties = owned(&WHOLE);
        properties.extend(owned(changed));
        properties.retain(|_, value| !value.is_empty());
        let error = tokens(&mut properties).expect_err("refused").to_string();
        assert!(!error.contains("s3cret"), "{error}");
        error
    }

    #[test]
    fn the_properties_of_tokens_are_taken_out() {
        let mut properties = owned(&WHOLE);
        properties.extend(owned(&[(SCOPE, "kafka"), (GRANT_TYPE, "client_credentials"), ("linger.ms", "5")]));
        assert!(tokens(&mut properties).expect("they are right").is_some());
        assert_eq!(properties, owned(&[WHOLE[0], WHOLE[1], ("linger.ms", "5")]));
        // By the names that Java clients have too.
        let mut properties = owned(&WHOLE[..4]);
        properties.extend(owned(&[(ALIASES[0].0, "orders"), (ALIASES[1].0, "s3cret")]));
        let found = tokens(&mut properties).expect("they are right").expect("tokens");
        let shown = format!("{found:?}");
        assert!(shown.contains("orders") && !shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn other_logins_are_left_as_they_are() {
        for properties in [owned(&[]), owned(&[("sasl.mechanism", "PLAIN"), ("ssl.ca.location", "/ca.pem")])] {
            let mut left = properties.clone();
            assert!(tokens(&mut left).expect("no tokens").is_none());
            assert_eq!(left, properties);
        }
    }

    #[test]
    fn a_wrong_property_is_named_with_the_remedy() {
        for (changed, name, words) in [
            (vec![(METHOD, "")], CLIENT_ID, "it takes sasl.oauthbearer.method: oidc"),
            (vec![(METHOD, "default")], CLIENT_ID, "which is not the method here"),
            (vec![(METHOD, "odic"), (ENDPOINT, ""), (CLIENT_ID, ""), (CLIENT_SECRET, "")], METHOD, "default or oidc"),
            (vec![(ALIASES[0].0, "x")], ALIASES[0].0, "set one of them"),
            (vec![(EXTENSIONS, "logical-cluster=x")], EXTENSIONS, "names are of letters"),
            (vec![(CLIENT_SECRET, "")], CLIENT_SECRET, "it is missing"),
            (vec![(ENDPOINT, "ftp://idp/")], ENDPOINT, "neither http nor https"),
            (vec![(ENDPOINT, "https://a:s3cret@idp/")], ENDPOINT, "a user or a password"),
            (vec![(EXTENSIONS, "logicalCluster")], EXTENSIONS, "a list of name=value"),
            (vec![(CA_LOCATION, "/nowhere/ca.pem")], CA_LOCATION, "/nowhere/ca.pem: "),
            (vec![(CA_PEM, "x"), (CA_LOCATION, "y")], CA_PEM, "not both"),
            (vec![(GRANT_TYPE, "urn:ietf:params:oauth:grant-type:jwt-bearer")], GRANT_TYPE, "client credentials only"),
            (vec![("sasl.oauthbearer.assertion.file", "x")], "sasl.oauthbearer.assertion.file", "remove it"),
        ] {
            let error = refused(&changed);
            assert!(error.contains(&format!("property {name}: ")) && error.contains(words), "{error}");
        }
        let error = refused(&[(CA_PEM, "no certificate")]);
        assert!(error.contains("property https.ca.pem: it has no certificate in PEM form"), "{error}");
    }
}
