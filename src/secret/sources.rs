//! Selects the source by the kind of reference.

use std::sync::Arc;

use super::{Environment, Error, Files, Result, Secret, SecretRef, Source};

/// All configured sources. Environment and files are always available, AWS if configured.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    aws: Option<Arc<dyn Source>>,
}

impl Sources {
    /// The sources without configuration: environment and files.
    pub const fn new() -> Self {
        Self { aws: None }
    }

    /// Adds a source for `${aws-sm:..}`.
    #[must_use]
    pub fn with_aws(mut self, source: Arc<dyn Source>) -> Self {
        self.aws = Some(source);
        self
    }
}

impl Source for Sources {
    fn fetch(&self, reference: &SecretRef) -> Result<Secret> {
        match (reference, &self.aws) {
            (SecretRef::Env(_), _) => Environment.fetch(reference),
            (SecretRef::File(_), _) => Files.fetch(reference),
            (SecretRef::AwsSecretsManager { .. }, Some(aws)) => aws.fetch(reference),
            (SecretRef::AwsSecretsManager { .. }, None) => {
                let remedy =
                    "it has no AWS client: build with --features aws (the default), or use ${env:..} or ${file:..}";
                Err(Error::Unsupported { reference: reference.clone(), source_name: "this build", remedy })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, Error, Result, Secret, SecretRef, Source, Sources};

    #[derive(Debug)]
    struct Fixed;

    impl Source for Fixed {
        fn fetch(&self, reference: &SecretRef) -> Result<Secret> {
            Ok(Secret::new(reference.to_string()))
        }
    }

    #[test]
    fn each_reference_goes_to_the_source_of_its_scheme() {
        let aws = SecretRef::parse("${aws-sm:n#k}").unwrap().unwrap();
        let env = SecretRef::parse("${env:CARGO_PKG_NAME}").unwrap().unwrap();
        let sources = Sources::new();
        assert_eq!(sources.fetch(&env).unwrap().expose(), "sheaf");
        assert!(matches!(sources.fetch(&aws).unwrap_err(), Error::Unsupported { .. }));
        assert_eq!(sources.with_aws(Arc::new(Fixed)).fetch(&aws).unwrap().expose(), "${aws-sm:n#k}");
    }
}
