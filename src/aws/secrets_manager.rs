//! `${aws-sm:name#json_key}` from AWS Secrets Manager.

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use tokio::runtime::Handle;

use super::message;
use crate::secret::{Error, Result, Secret, SecretRef, Source};

/// The source of `${aws-sm:..}`. The revision is Secrets Manager's version id.
#[derive(Clone, Debug)]
pub struct SecretsManager {
    client: Client,
    handle: Handle,
}

impl SecretsManager {
    /// An adapter that blocks on `handle`; see [`super::load`] for the configuration.
    pub fn new(config: &SdkConfig, handle: Handle) -> Self {
        Self { client: Client::new(config), handle }
    }

    async fn get(&self, reference: &SecretRef, name: &str) -> Result<(String, Option<String>)> {
        let answer = self.client.get_secret_value().secret_id(name).send().await.map_err(|error| {
            if error.as_service_error().is_some_and(GetSecretValueError::is_resource_not_found_exception) {
                let remedy = "create it in this account and region, or correct the name";
                return Error::Missing { reference: reference.clone(), remedy };
            }
            let detail = message::of(&error, "secretsmanager:GetSecretValue");
            Error::Unavailable { reference: reference.clone(), detail }
        })?;
        let version = answer.version_id().map(str::to_owned);
        match answer.secret_string {
            Some(text) => Ok((text, version)),
            None => Err(unusable(reference, "it is binary; store it as text")),
        }
    }
}

impl Source for SecretsManager {
    fn fetch(&self, reference: &SecretRef) -> Result<Secret> {
        let SecretRef::AwsSecretsManager { name, json_key } = reference else {
            let remedy = "use a source for its scheme";
            return Err(Error::Unsupported { reference: reference.clone(), source_name: "AWS", remedy });
        };
        let (text, version) = self.handle.block_on(self.get(reference, name))?;
        let text = match json_key {
            Some(key) => field(reference, &text, key)?,
            None => text,
        };
        if text.is_empty() {
            return Err(Error::Empty { reference: reference.clone() });
        }
        Ok(Secret::new(text).with_revision(version))
    }
}

/// A text field of a secret that is a JSON object. Messages of serde can quote the input, so they are not passed on.
fn field(reference: &SecretRef, text: &str, key: &str) -> Result<String> {
    let Ok(mut object) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text) else {
        return Err(unusable(reference, "it is not a JSON object; leave out the `#key` to take it whole"));
    };
    match object.remove(key) {
        Some(serde_json::Value::String(value)) => Ok(value),
        Some(_) => Err(unusable(reference, "that field is not a text")),
        None => Err(unusable(reference, "the JSON object has no field of that name")),
    }
}

fn unusable(reference: &SecretRef, detail: &str) -> Error {
    Error::Unusable { reference: reference.clone(), detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{SecretRef, field};

    #[test]
    fn a_field_is_taken_from_the_object_and_nothing_is_shown_of_a_wrong_one() {
        let reference = SecretRef::parse("${aws-sm:ctm#KEY}").unwrap().unwrap();
        assert_eq!(field(&reference, r#"{"KEY":"k-1","OTHER":2}"#, "KEY").unwrap(), "k-1");
        for text in ["hunter2", r#"["hunter2"]"#, r#"{"KEY":{"a":"hunter2"}}"#, r#"{"OTHER":"hunter2"}"#, ""] {
            let error = field(&reference, text, "KEY").unwrap_err().to_string();
            assert!(error.starts_with("${aws-sm:ctm#KEY} cannot be used") && !error.contains("hunter2"), "{error}");
        }
    }
}
