//! Plays a scenario file on the topology that it names.

use std::path::{Path, PathBuf};

use super::error::{Error, Result};
use super::outcome::Played;
use super::player;
use super::text::{self, File};
use crate::app::TopologyFile;
use crate::codec;
use crate::config::{Config, Sources};
use crate::runtime::Settings;
use crate::testing::TestDriver;
use crate::topology::{Topology, describe};

/// The settings of every scenario, which a file may override with `set`. Nothing is connected to.
const SETTINGS: [&str; 4] = [
    "application_id=test",
    "kafka.bootstrap_servers=memory",
    "control_m.base_url=http://control-m.test/automation-api",
    "control_m.api_key=test",
];

/// Plays all scenarios of a file.
pub fn play(path: &Path) -> Result<Played> {
    let text = read(path)?;
    let file = text::parse(path, &text).map_err(|mistakes| Error::Mistakes { mistakes })?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let (line, name) = &file.topology;
    let topology = directory.map_or_else(|| PathBuf::from(name), |directory| directory.join(name));
    let refused = |error| Error::Topology { path: path.to_owned(), line: *line, error: Box::new(error) };
    let topology = TopologyFile::read(&topology).map_err(refused)?;
    play_on(&topology, path, &file)
}

/// Plays the scenarios of a text on this topology, to be told: with the texts in place of their names, and with the contents of requests.
/// `path` is its name in errors.
pub fn play_text(path: &Path, text: &str, topology: &TopologyFile) -> Result<Played> {
    let mut file = text::parse(path, text).map_err(|mistakes| Error::Mistakes { mistakes })?;
    let names = std::mem::take(&mut file.names);
    for scenario in &mut file.scenarios {
        for line in scenario.steps.iter_mut().flat_map(|step| &mut step.commands) {
            line.text = names.fill(&line.text);
        }
        scenario.show_requests();
    }
    play_on(topology, path, &file)
}

fn play_on(topology: &TopologyFile, path: &Path, file: &File) -> Result<Played> {
    let definitions = topology.definitions();
    let (config, topology) = assemble(topology, path, file)?;
    let mut outcomes = Vec::new();
    for scenario in &file.scenarios {
        let application = config.application_id.clone();
        let change = |settings: &mut Settings| settings.application = application;
        let driver = TestDriver::with_settings(topology.clone(), change)
            .map_err(|error| Error::Start { path: path.to_owned(), error: Box::new(error) })?;
        outcomes.push(player::play(driver, scenario, (&file.names, definitions)));
    }
    let diagram = describe(&topology, &config.application_id);
    Ok(Played { path: path.to_owned(), topology: topology.name, diagram, outcomes })
}

/// The text of a scenario file.
pub(super) fn read(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|error| Error::Read { path: path.to_owned(), error })?;
    let text = codec::text::decode(&bytes).map_err(|error| Error::Text { path: path.to_owned(), error })?;
    Ok(text.to_owned())
}

/// The files of these paths: a file itself, and all `*.scenario` of a directory by name.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let listed = std::fs::read_dir(path).and_then(|items| items.map(|item| Ok(item?.path())).collect());
        let mut found: Vec<PathBuf> = listed.map_err(|error| Error::Read { path: path.clone(), error })?;
        found.retain(|path| path.extension().is_some_and(|extension| extension == "scenario"));
        found.sort();
        if found.is_empty() {
            return Err(Error::NoFiles { path: path.clone() });
        }
        files.extend(found);
    }
    Ok(files)
}

fn assemble(topology: &TopologyFile, path: &Path, file: &File) -> Result<(Config, Topology)> {
    let names = topology.spec.sinks().into_iter();
    let sinks: Vec<String> = names.map(|it| format!("{it}: {{ webhook: {{ url: \"http://{it}.test/\" }} }}")).collect();
    let sinks = format!("sinks={{ {} }}", sinks.join(", "));
    let usual = SETTINGS.iter().map(|&setting| setting.to_owned()).chain([sinks]);
    let flags: Vec<String> = usual.chain(file.settings.iter().cloned()).collect();
    let sources = Sources { files: &[], environment: &[], flags: &flags, host_name: "test" };
    let config = Config::load(&sources).map_err(|problems| Error::Settings { path: path.to_owned(), problems })?;
    let refused = |error| Error::Topology { path: path.to_owned(), line: file.topology.0, error: Box::new(error) };
    let topology = topology.assemble(&config).map_err(refused)?;
    Ok((config, topology))
}
