//! Secrets from environment variables, and the only file that reads one.

use std::env::VarError;

use super::{Error, Result, Secret, SecretRef, Source, from_bytes};

/// The source of `${env:..}`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Environment;

impl Source for Environment {
    #[expect(clippy::disallowed_methods, reason = "this is the adapter through which secrets leave the environment")]
    fn fetch(&self, reference: &SecretRef) -> Result<Secret> {
        let SecretRef::Env(name) = reference else {
            let remedy = "use a source for its scheme";
            return Err(Error::Unsupported { reference: reference.clone(), source_name: "the environment", remedy });
        };
        match std::env::var(name) {
            Ok(text) => from_bytes(reference, text.into_bytes()),
            Err(VarError::NotPresent) => {
                let remedy = "set the variable in the environment of sheaf";
                Err(Error::Missing { reference: reference.clone(), remedy })
            }
            // The variant holds the value, so its message is not passed on.
            Err(VarError::NotUnicode(_)) => {
                Err(Error::Unusable { reference: reference.clone(), detail: "it is not UTF-8 text".to_owned() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Environment, Error, SecretRef, Source};

    #[test]
    fn a_variable_that_cargo_sets_is_found() {
        let secret = Environment.fetch(&SecretRef::Env("CARGO_PKG_NAME".to_owned())).unwrap();
        assert_eq!(secret.expose(), "sheaf");
    }

    #[test]
    fn a_variable_that_is_not_set_is_missing() {
        let error = Environment.fetch(&SecretRef::Env("SHEAF_NO_SUCH_VARIABLE".to_owned())).unwrap_err();
        assert!(matches!(error, Error::Missing { .. }), "{error}");
        assert!(error.to_string().starts_with("${env:SHEAF_NO_SUCH_VARIABLE} does not exist"), "{error}");
    }
}
