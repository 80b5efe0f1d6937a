//! The kinds of references to secrets.

use std::fmt;
use std::path::PathBuf;

/// A reference to a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretRef {
    /// `${env:NAME}`: an environment variable.
    Env(String),
    /// `${file:/path}`: the content of a file, without one trailing newline.
    File(PathBuf),
    /// `${aws-sm:name}` or `${aws-sm:name#json_key}`: a secret of AWS Secrets Manager, or one text field of it.
    AwsSecretsManager {
        /// The secret's name or ARN.
        name: String,
        /// The field, if the secret is a JSON object.
        json_key: Option<String>,
    },
}

impl fmt::Display for SecretRef {
    /// The form in a configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "${{env:{name}}}"),
            Self::File(path) => write!(f, "${{file:{}}}", path.display()),
            Self::AwsSecretsManager { name, json_key: None } => write!(f, "${{aws-sm:{name}}}"),
            Self::AwsSecretsManager { name, json_key: Some(key) } => write!(f, "${{aws-sm:{name}#{key}}}"),
        }
    }
}
