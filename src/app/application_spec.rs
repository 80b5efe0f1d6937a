//! The applications of a configuration: each topology file is one.

use std::path::PathBuf;

use super::TopologyFile;
use super::error::{Error, Result};
use crate::codec::yaml::Problems;
use crate::config::Config;
use crate::topology::APPLICATION_CHARS_MAX;

/// An application of a configuration: a topology file, and the settings with the application's own id.
#[derive(Clone, Debug)]
pub struct ApplicationSpec {
    /// The settings; `application_id` is the application's own.
    pub config: Config,
    /// The path of its topology file.
    pub path: PathBuf,
    /// Its topology file.
    pub file: TopologyFile,
}

impl ApplicationSpec {
    /// The applications of a configuration, one for each topology file, in their order. The id of the only one is that of the
    /// configuration, those of several are `<application_id>-<name of the topology>`; a file may name another.
    pub fn all(config: &Config) -> Result<Vec<Self>> {
        let files = read(&config.topologies)?;
        if files.is_empty() {
            return Err(Error::NoTopology);
        }
        let is_one = files.len() == 1;
        let specs: Vec<Self> = files.into_iter().map(|(path, file)| Self::new(config, path, file, is_one)).collect();
        for (index, spec) in specs.iter().enumerate() {
            spec.check_length()?;
            specs.iter().take(index).try_for_each(|other| spec.refuse_equal(other))?;
        }
        Ok(specs)
    }

    fn new(config: &Config, path: PathBuf, file: TopologyFile, is_one: bool) -> Self {
        let application_id = match &file.spec.application_id {
            Some(own) => own.clone(),
            None if is_one => config.application_id.clone(),
            None => format!("{}-{}", config.application_id, file.spec.name),
        };
        Self { config: Config { application_id, ..config.clone() }, path, file }
    }

    /// The application that one of these topologies was before another was added, or all but one were removed; `None` if it cannot
    /// have been another.
    pub fn former(config: &Config, specs: &[Self]) -> Option<String> {
        let former = match specs {
            // With its own id it has been no other, whatever was beside it.
            [only] if only.file.spec.application_id.is_some() => return None,
            [only] => format!("{}-{}", config.application_id, only.topology()),
            _ => config.application_id.clone(),
        };
        specs.iter().all(|spec| spec.id() != former).then_some(former)
    }

    /// The application id.
    pub fn id(&self) -> &str {
        &self.config.application_id
    }

    /// The name of its topology.
    pub fn topology(&self) -> &str {
        &self.file.spec.name
    }

    fn check_length(&self) -> Result<()> {
        if self.id().len() <= APPLICATION_CHARS_MAX {
            return Ok(());
        }
        Err(Error::LongApplication { path: self.path.clone(), id: self.id().to_owned(), most: APPLICATION_CHARS_MAX })
    }

    fn refuse_equal(&self, other: &Self) -> Result<()> {
        let (first, second) = (other.path.clone(), self.path.clone());
        if self.topology() == other.topology() {
            return Err(Error::SameTopology { name: self.topology().to_owned(), first, second });
        }
        if self.id() == other.id() {
            return Err(Error::SameApplication { id: self.id().to_owned(), first, second });
        }
        Ok(())
    }
}

/// Reads all files; their mistakes are reported together.
fn read(paths: &[PathBuf]) -> Result<Vec<(PathBuf, TopologyFile)>> {
    let (mut files, mut mistakes) = (Vec::new(), None::<Problems>);
    for path in paths {
        match (TopologyFile::read(path), &mut mistakes) {
            (Ok(file), _) => files.push((path.clone(), file)),
            (Err(Error::Topology(problems)), Some(mistakes)) => mistakes.append(problems),
            (Err(Error::Topology(problems)), None) => mistakes = Some(problems),
            (Err(error), _) => return Err(error),
        }
    }
    mistakes.map_or(Ok(files), |mistakes| Err(mistakes.into()))
}

#[cfg(test)]
mod tests {
    use super::ApplicationSpec;
    use crate::app::Assembly;
    use crate::config::{Config, Sources};

    /// A topology that reads `events`, with more lines.
    fn topology(name: &str, more: &str) -> String {
        format!(
            "name: {name}\nsources: [{{ topic: events, member: child, bundle: /b, id: /i }}]\nbundle: {{ children: 2 }}\n{more}"
        )
    }

    /// The applications of these files below `ctm`.
    fn all(files: &[(&str, String)]) -> Result<Vec<ApplicationSpec>, String> {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        let path = |(name, _): &(&str, String)| directory.path().join(name).display().to_string();
        let paths: Vec<String> = files.iter().map(path).collect();
        let flags = ["application_id=ctm", "kafka.bootstrap_servers=127.0.0.1:1"].map(str::to_owned).into_iter();
        let flags: Vec<String> = flags.chain([format!("topologies={}", paths.join(","))]).collect();
        let config = Config::load(&Sources { files: &[], environment: &[], flags: &flags, host_name: "a" }).unwrap();
        let specs = ApplicationSpec::all(&config);
        let short = |error: String| error.replace(&format!("{}/", directory.path().display()), "");
        let specs = specs.map_err(|error| short(error.to_string()))?;
        Assembly::all(&specs).map_err(|error| short(error.to_string()))?;
        Ok(specs)
    }

    fn ids(files: &[(&str, String)]) -> Vec<String> {
        all(files).unwrap().iter().map(|spec| spec.id().to_owned()).collect()
    }

    #[test]
    fn the_only_file_has_the_id_of_the_configuration_and_several_have_their_own() {
        let [a, b] = [("a.yaml", topology("a", "")), ("b.yaml", topology("b", ""))];
        assert_eq!(ids(std::slice::from_ref(&a)), ["ctm"]);
        assert_eq!(ids(&[a.clone(), b.clone()]), ["ctm-a", "ctm-b"]);
        let former = ("a.yaml", topology("a", "application_id: ctm"));
        assert_eq!(ids(&[former.clone(), b]), ["ctm", "ctm-b"], "a second file is added, and the first goes on");
        assert_eq!(ids(&[("a.yaml", topology("a", "application_id: other"))]), ["other"]);
    }

    #[test]
    fn a_topology_that_has_had_another_id_is_known() {
        let config = |specs: &[ApplicationSpec]| Config { application_id: "ctm".to_owned(), ..specs[0].config.clone() };
        let former = |files: &[(&str, String)]| {
            let specs = all(files).unwrap();
            ApplicationSpec::former(&config(&specs), &specs)
        };
        let [a, b] = [("a.yaml", topology("a", "")), ("b.yaml", topology("b", ""))];
        assert_eq!(former(std::slice::from_ref(&a)).as_deref(), Some("ctm-a"), "before the others were removed");
        assert_eq!(former(&[a, b.clone()]).as_deref(), Some("ctm"), "before another was added");
        assert_eq!(former(&[("a.yaml", topology("a", "application_id: ctm"))]), None);
        assert_eq!(former(&[("a.yaml", topology("a", "application_id: ctm")), b]), None);
    }

    #[test]
    fn files_that_would_be_one_application_are_refused() {
        let [a, b] = [("a.yaml", topology("a", "")), ("b.yaml", topology("b", "application_id: ctm-a"))];
        let same_name = all(&[a.clone(), ("c.yaml", topology("a", "application_id: x"))]).unwrap_err();
        assert!(same_name.starts_with("topologies: a.yaml and c.yaml are both named `a`: give each"), "{same_name}");
        let same_id = all(&[a.clone(), b]).unwrap_err();
        assert!(same_id.starts_with("topologies: a.yaml and b.yaml are both the application ctm-a"), "{same_id}");
        assert!(same_id.ends_with("give each its own `application_id`"), "{same_id}");
        let long = all(&[a, ("b.yaml", topology(&"b".repeat(98), ""))]).unwrap_err();
        assert!(long.starts_with("b.yaml: its application would be ctm-bbb") && long.contains("100 char"), "{long}");
    }

    #[test]
    fn an_application_does_not_use_the_topics_that_another_owns() {
        let (a, dotted) = (topology("a", ""), topology("a", "application_id: x.y"));
        for (one, other, topic) in [
            (&dotted, topology("b", "application_id: x_y"), "x.y-alerts"),
            (&a, topology("b", "submissions: ctm-a-bundle-changelog"), "ctm-a-bundle-changelog"),
            (&a, topology("b", "submissions: ctm-a-alerts"), "ctm-a-alerts"),
            (&a, topology("b", "submissions: ctm-a-history"), "ctm-a-history"),
            (&a, topology("b", "").replace("events", "ctm-a-bundle-inbox"), "ctm-a-bundle-inbox"),
            (&a, topology("b", "").replace("events", "ctm-a-instances"), "ctm-a-instances"),
        ] {
            let error = all(&[("a.yaml", one.clone()), ("b.yaml", other)]).unwrap_err();
            assert!(error.starts_with("topologies: the applications "), "{error}");
            assert!(error.contains(&format!("would both use the topic {topic}, which")), "{error}");
        }
        let readable = topology("b", "").replace("events", "ctm-a-alerts");
        assert_eq!(ids(&[("a.yaml", a), ("b.yaml", readable)]), ["ctm-a", "ctm-b"], "alerts may be a source");
    }

    #[test]
    fn the_mistakes_of_all_files_are_told_file_by_file() {
        let bad = |name: &str| topology(name, "bundel: 1").replace("member: child", "member: chidl");
        let error = all(&[("a.yaml", bad("a")), ("b.yaml", bad("b"))]).unwrap_err();
        let lines: Vec<&str> = error.lines().filter(|line| line.contains(".yaml:")).collect();
        assert_eq!(lines.len(), 4, "{error}");
        assert!(lines[..2].iter().all(|place| place.starts_with("a.yaml:")), "{error}");
        assert!(lines[2..].iter().all(|place| place.starts_with("b.yaml:")), "{error}");
    }
}
