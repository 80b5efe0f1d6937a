//! Templates from files below one directory.

use std::io::{ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

use bytes::Bytes;
use uuid::Uuid;

use super::{Blob, Error, Fetched, Result, Revision, SIZE_MAX, Source};

/// The namespace of the fingerprints.
const FINGERPRINT: Uuid = Uuid::from_u128(0x5e5a_f000_b10b_4000_8000_7e3b_1a7e_0001);

/// Files below a directory; names cannot lead out of it.
#[derive(Clone, Debug)]
pub struct Files {
    root: PathBuf,
}

impl Files {
    /// The files below `root`, usually the directory of the configuration file.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    fn location(&self) -> String {
        self.root.display().to_string()
    }

    fn path(&self, name: &str) -> Result<PathBuf> {
        let relative = Path::new(name);
        let mut parts = relative.components().peekable();
        if parts.peek().is_none() || !parts.all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(Error::Name { name: name.to_owned(), location: self.location() });
        }
        Ok(self.root.join(relative))
    }
}

impl Source for Files {
    fn fetch(&self, name: &str, known: Option<&Revision>) -> Result<Fetched> {
        let path = self.path(name)?;
        let mut bytes = Vec::new();
        let limit = u64::try_from(SIZE_MAX).unwrap_or(u64::MAX).saturating_add(1);
        let read = std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
        let (name, location) = (name.to_owned(), self.location());
        match read {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(Error::Missing { name, location }),
            Err(error) => return Err(Error::Unavailable { name, location, detail: error.to_string() }),
        }
        if bytes.len() > SIZE_MAX {
            return Err(Error::TooLarge { name, location });
        }
        // Not the modification time: it differs between machines with the same file.
        let revision = Revision::new(&Uuid::new_v5(&FINGERPRINT, &bytes).simple().to_string());
        if known == Some(&revision) {
            return Ok(Fetched::Unchanged);
        }
        Ok(Fetched::Current(Blob { bytes: Bytes::from(bytes), revision }))
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, Fetched, Files, Source};

    #[test]
    fn a_file_has_one_revision_until_its_content_changes() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("bundle.json"), "{}").unwrap();
        let files = Files::new(directory.path());
        let Fetched::Current(first) = files.fetch("bundle.json", None).unwrap() else { unreachable!("nothing known") };
        assert_eq!(first.bytes, "{}");
        assert_eq!(files.fetch("./bundle.json", Some(&first.revision)).unwrap(), Fetched::Unchanged);
        std::fs::write(directory.path().join("bundle.json"), "[]").unwrap();
        let Fetched::Current(second) = files.fetch("bundle.json", Some(&first.revision)).unwrap() else {
            unreachable!("it has changed")
        };
        assert_ne!(second.revision, first.revision);
    }

    #[test]
    fn a_name_never_leads_out_of_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        let files = Files::new(directory.path());
        for name in ["", "/etc/passwd", "../x", "a/../../x", ".."] {
            assert!(matches!(files.fetch(name, None).unwrap_err(), Error::Name { .. }), "{name}");
        }
        assert!(matches!(files.fetch("a/b.json", None).unwrap_err(), Error::Missing { .. }));
    }
}
