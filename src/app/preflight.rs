//! What can be told of settings before anything is connected to: secrets, and the client's properties.

use std::collections::BTreeMap;

use super::error::{Error, Result};
use super::{broker, http, otlp, sink};
use crate::config::{Config, Reference};
use crate::http_client::is_clear_text_to_elsewhere;
use crate::secret::{SecretRef, Source as _, Sources};

/// Parts of the names of settings that hold secrets.
const SECRET_WORDS: [&str; 6] = ["api_key", "password", "secret", ".key.pem", "routing_key", ".token"];
/// The beginning of the paths of properties of the Kafka client.
const PROPERTIES: &str = "kafka.properties.";
/// Stands for the value of a reference that cannot be read here.
const UNKNOWN: &str = "unknown";

/// Checks the references to secrets, and opens the clients of Kafka without a broker. Returns what may be right where the
/// instance runs.
///
/// # Errors
/// [`Error::Broker`] or [`Error::Property`], if the client refuses its properties.
pub fn preflight(config: &Config) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    for (setting, reference) in references(config) {
        if !setting.starts_with(PROPERTIES) {
            let value = value(&setting, reference, &mut warnings)?;
            check(config, &setting, value.as_deref(), &mut warnings)?;
        }
    }
    sink::named::check(config)?;
    otlp::check(config)?;
    let mut properties = BTreeMap::new();
    let mut is_complete = true;
    for (name, reference) in &config.kafka.properties {
        let setting = format!("{PROPERTIES}{name}");
        let value = value(&setting, reference, &mut warnings)?;
        if name == broker::TOKEN_ENDPOINT && value.as_deref().is_some_and(is_clear_text_to_elsewhere) {
            warnings.push(format!(
                "{setting} is not https://: the client's secret and its tokens travel unencrypted to another host"
            ));
        }
        is_complete &= value.is_some();
        properties.insert(name.clone(), value.unwrap_or_else(|| UNKNOWN.to_owned()));
    }
    match broker::check(&config.kafka.bootstrap_servers, &properties) {
        // The value that is not known here may be the reason.
        Err(error @ Error::Broker(_)) if !is_complete => warnings.push(error.to_string()),
        Err(Error::NotBuilt(absent)) => warnings.push(format!("kafka.properties are not checked: {absent}")),
        checked => checked?,
    }
    Ok(warnings)
}

/// What is wrong with a value that is known here.
fn check(config: &Config, setting: &str, value: Option<&str>, warnings: &mut Vec<String>) -> Result<()> {
    let Some(value) = value else { return Ok(()) };
    if setting == "control_m.base_url" && is_clear_text_to_elsewhere(value) {
        warnings.push(format!(
            "{setting} is not https://: the credential and what is submitted travel unencrypted to another host"
        ));
    }
    if setting == "otlp.endpoint" && !config.otlp.headers.is_empty() && is_clear_text_to_elsewhere(value) {
        warnings.push(format!("{setting} is not https://: otlp.headers travel unencrypted to another host"));
    }
    let mut tokens = config.http.tokens.iter().enumerate();
    match tokens.find(|(index, _)| setting == http::token_setting(*index)) {
        Some((_, token)) => http::check_length(setting, &token.name, value),
        None => Ok(()),
    }
}

/// All settings that are texts or references to secrets, with their paths.
pub fn references(config: &Config) -> Vec<(String, &Reference)> {
    let control_m = config.control_m.iter().flat_map(|control_m| {
        [
            ("control_m.base_url", Some(&control_m.base_url)),
            ("control_m.proxy", control_m.proxy.as_ref()),
            ("control_m.api_key", control_m.api_key.as_ref()),
            ("control_m.username", control_m.username.as_ref()),
            ("control_m.password", control_m.password.as_ref()),
        ]
    });
    let control_m = control_m.filter_map(|(setting, reference)| Some((setting.to_owned(), reference?)));
    let tokens = config.http.tokens.iter().enumerate();
    let tokens = tokens.map(|(index, token)| (http::token_setting(index), &token.token));
    let properties = config.kafka.properties.iter();
    let properties = properties.map(|(name, reference)| (format!("{PROPERTIES}{name}"), reference));
    let others = config.sinks.references().into_iter().chain(config.otlp.references());
    control_m.chain(others).chain(tokens).chain(properties).collect()
}

/// The value of a setting; `None` if it cannot be read here.
fn value(setting: &str, reference: &Reference, warnings: &mut Vec<String>) -> Result<Option<String>> {
    let is_secret = SECRET_WORDS.iter().any(|word| setting.ends_with(word));
    let failed = |error| Error::Secret { setting: setting.to_owned(), error };
    match SecretRef::parse(reference.as_str()).map_err(failed)? {
        None => {
            if is_secret {
                warnings.push(format!(
                    "{setting} is in clear text: write a reference, such as ${{env:NAME}} or ${{file:PATH}}"
                ));
            }
            Ok(Some(reference.as_str().to_owned()))
        }
        Some(SecretRef::AwsSecretsManager { name, json_key }) => {
            if json_key.is_none() {
                warnings.push(format!(
                    "{setting} is all of the secret {name}; if that is a JSON object, name the field: ${{aws-sm:{name}#KEY}}"
                ));
            }
            Ok(None)
        }
        Some(other) => match Sources::new().fetch(&other) {
            Ok(secret) => Ok(Some(secret.expose().to_owned())),
            Err(error) => {
                warnings.push(format!("{setting}: {error}; an instance does not start like this"));
                Ok(None)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::preflight;
    use crate::config::{Config, Sources};

    fn check(flags: &[&str]) -> Result<Vec<String>, String> {
        let needed = ["application_id=a", "kafka.bootstrap_servers=localhost:1", "control_m.base_url=http://localhost"];
        let flags: Vec<String> = needed.iter().chain(flags).map(|flag| (*flag).to_owned()).collect();
        let config = Config::load(&Sources { files: &[], environment: &[], flags: &flags, host_name: "a" }).unwrap();
        preflight(&config).map_err(|error| error.to_string())
    }

    #[test]
    fn what_may_be_wrong_with_secrets_is_a_warning() {
        for (flag, words) in [
            ("control_m.api_key=hunter2", "control_m.api_key is in clear text: write a reference"),
            ("control_m.api_key=${aws-sm:prod/ctm}", "name the field: ${aws-sm:prod/ctm#KEY}"),
            (
                "control_m.api_key=${env:SHEAF_NO_SUCH_VARIABLE}",
                "control_m.api_key: ${env:SHEAF_NO_SUCH_VARIABLE} does not",
            ),
            ("control_m.base_url=${file:/no/such/file}", "control_m.base_url: ${file:/no/such/file} does not exist"),
            (
                "http.tokens=[{ name: ann, role: act, token: hunter2-hunter2-hunter2 }]",
                "http.tokens[0].token is in clear text: write a reference",
            ),
            ("kafka.properties.sasl.password=hunter2", "kafka.properties.sasl.password is in clear text"),
        ] {
            let warnings = check(&[flag]).unwrap();
            assert!(warnings.len() == 1 && warnings[0].contains(words), "{flag}: {warnings:?}");
            assert!(!warnings[0].contains("hunter2"), "{warnings:?}");
        }
        assert_eq!(check(&["control_m.api_key=${aws-sm:prod/ctm#KEY}"]).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_short_token_is_an_error_and_an_address_without_tls_a_warning() {
        let error = check(&["http.tokens=[{ name: ann, role: act, token: hunter2 }]"]).unwrap_err();
        assert!(error.starts_with("http.tokens[0].token: the token of ann has fewer than 16 characters"), "{error}");
        let warnings = |address: &str| check(&[&format!("control_m.base_url={address}")]).unwrap().concat();
        for address in
            ["http://localhost:8443", "http://127.0.0.1:8443/api", "http://[::1]:1", "https://ctm.example.com"]
        {
            assert_eq!(warnings(address), "", "{address}");
        }
        assert_ne!(warnings("HTTP://127.example.com/api"), "");
        assert!(warnings("http://ctm.example.com/api").starts_with("control_m.base_url is not https://"));
    }

    #[test]
    fn an_address_for_spans_that_cannot_be_used_is_an_error_and_headers_in_clear_text_a_warning() {
        let error = check(&["otlp.endpoint=collector:4318"]).unwrap_err();
        assert!(error.starts_with("otlp.endpoint cannot be used: it is neither http nor https"), "{error}");
        let address = "otlp.endpoint=http://collector:4318";
        assert_eq!(check(&[address]).unwrap(), Vec::<String>::new());
        let warnings = check(&[address, "otlp.headers={authorization: hunter2}"]).unwrap().concat();
        assert!(warnings.starts_with("otlp.endpoint is not https://") && !warnings.contains("hunter2"), "{warnings}");
    }

    #[test]
    fn properties_that_the_client_refuses_are_errors() {
        for (flags, words) in [
            (
                ["kafka.properties.group.id=mine", ""],
                "property group.id: sheaf sets it itself (it is the application id)",
            ),
            (["kafka.properties.linger=5", ""], "property linger"),
            (["kafka.properties.security.protocol=SASL_SSL", ""], "property sasl.mechanism: it is not set"),
            (["kafka.properties.sasl.jaas.config=x", ""], "property sasl.jaas.config"),
            (["kafka.properties.max.in.flight=100", "kafka.properties.linger.ms=5"], "max.in.flight"),
            (
                ["kafka.properties.security.protocol=SSL", "kafka.properties.ssl.ca.location=/no/such/file"],
                "ssl.ca.location",
            ),
        ] {
            let flags: Vec<&str> = flags.into_iter().filter(|flag| !flag.is_empty()).collect();
            let error = check(&flags).unwrap_err();
            assert!(error.starts_with("kafka.properties") && error.contains(words), "{flags:?}: {error}");
        }
    }

    #[test]
    fn a_login_whose_password_is_not_known_here_is_tried_nevertheless() {
        let login = [
            "kafka.properties.security.protocol=SASL_SSL",
            "kafka.properties.sasl.mechanism=PLAIN",
            "kafka.properties.sasl.username=me",
            "kafka.properties.sasl.password=${aws-sm:kafka#password}",
        ];
        assert_eq!(check(&login).unwrap(), Vec::<String>::new());
    }
}
