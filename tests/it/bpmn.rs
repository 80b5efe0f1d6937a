//! BPMN documents, read by bpmn-moddle, the reader of bpmn.io and Camunda Modeler.

use std::path::Path;
use std::process::Command;

use crate::python::succeed;

const MODDLE: &str = "bpmn-moddle@10.3.1";

/// Prints the name of each file with the number of its elements, and the warnings of reading it.
const SCRIPT: &str = "
import { readFileSync } from 'node:fs';
import { BpmnModdle } from 'bpmn-moddle';
for (const file of process.argv.slice(2)) {
  const { elementsById, warnings } = await new BpmnModdle().fromXML(readFileSync(file, 'utf8'));
  for (const warning of warnings) console.log(file + ': ' + warning.message);
  console.log(file + ' has ' + Object.keys(elementsById).length + ' elements');
}
";

#[test]
#[ignore = "needs node and npm; scripts/nightly runs it"]
fn bpmn_moddle_reads_the_documents_without_a_warning() {
    let directory = tempfile::tempdir().unwrap();
    let install = ["install", "--silent", "--no-audit", "--no-fund", MODDLE];
    std::fs::write(directory.path().join("package.json"), "{ \"type\": \"module\" }").unwrap();
    succeed(Command::new("npm").args(install).current_dir(&directory));
    std::fs::write(directory.path().join("read.js"), SCRIPT).unwrap();
    let documents = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/diagram");
    let files = ["bicycle.bpmn", "voyage.bpmn"].map(|name| documents.join(name));
    // A reader that warns of nothing would be no judge.
    let broken = directory.path().join("broken.bpmn");
    let text = std::fs::read_to_string(&files[1]).unwrap();
    std::fs::write(&broken, text.replacen("targetRef=\"", "targetRef=\"no_", 1)).unwrap();

    let mut read = Command::new("node");
    let printed = succeed(read.arg("read.js").args(&files).arg(&broken).current_dir(&directory));
    let (warnings, read): (Vec<&str>, Vec<&str>) = printed.lines().partition(|line| !line.ends_with(" elements"));
    assert_eq!(read.len(), 3, "{printed}");
    assert!(warnings.iter().all(|line| line.contains("broken.bpmn")), "{printed}");
    assert!(!warnings.is_empty(), "the broken document is not refused: {printed}");
}
