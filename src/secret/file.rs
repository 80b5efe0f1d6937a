//! Secrets from files, as Kubernetes and Docker mount them.

use std::io::Read;

use super::{Error, Result, SIZE_MAX, Secret, SecretRef, Source, from_bytes};

/// The source of `${file:..}`; one trailing newline is not part of the secret.
#[derive(Clone, Copy, Debug, Default)]
pub struct Files;

impl Source for Files {
    fn fetch(&self, reference: &SecretRef) -> Result<Secret> {
        let SecretRef::File(path) = reference else {
            let remedy = "use a source for its scheme";
            return Err(Error::Unsupported { reference: reference.clone(), source_name: "the file system", remedy });
        };
        let mut bytes = Vec::new();
        // Reads one byte more than allowed to detect a large file, also an endless one (/dev/zero).
        let limit = u64::try_from(SIZE_MAX).unwrap_or(u64::MAX).saturating_add(1);
        let read = std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
        match read {
            Ok(_) => from_bytes(reference, bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let remedy = "mount the secret there, or correct the path";
                Err(Error::Missing { reference: reference.clone(), remedy })
            }
            Err(error) => Err(Error::Unavailable { reference: reference.clone(), detail: error.to_string() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, Files, SecretRef, Source};

    #[test]
    fn a_mounted_file_is_read_without_its_newline() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        std::fs::write(&path, "k-1\n").unwrap();
        assert_eq!(Files.fetch(&SecretRef::File(path)).unwrap().expose(), "k-1");
    }

    #[test]
    fn a_missing_file_an_empty_one_and_an_endless_one_are_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        let missing = Files.fetch(&SecretRef::File(path.clone())).unwrap_err();
        assert!(matches!(missing, Error::Missing { .. }), "{missing}");
        std::fs::write(&path, "").unwrap();
        let empty = Files.fetch(&SecretRef::File(path)).unwrap_err();
        assert!(matches!(empty, Error::Empty { .. }), "{empty}");
        let endless = Files.fetch(&SecretRef::File("/dev/zero".into())).unwrap_err();
        assert!(matches!(endless, Error::Unusable { .. }), "{endless}");
    }
}
