//! Applications whose folders at Control-M can have the same name.

use super::ApplicationSpec;
use crate::processor::delivery::control_m::{Mode, Submit};
use crate::topology::spec::delivery::ControlM;

/// A warning for each two applications that name their folders alike at one server: a folder of the one is found by the look-up of the
/// other, which then takes its own bundle for submitted.
pub fn warnings(specs: &[ApplicationSpec]) -> Vec<String> {
    let mut found: Vec<(&ApplicationSpec, &ControlM)> = Vec::new();
    let mut warnings = Vec::new();
    for spec in specs {
        let control_m = spec.file.spec.deliveries().filter_map(|delivery| delivery.kind.control_m());
        for to in control_m.filter(|to| to.mode != Mode::Order) {
            let same = found.iter().filter(|(_, other)| other.server == to.server && are_alike(other, to));
            warnings.extend(same.map(|(other, _)| text(other, spec, to)));
            found.push((spec, to));
        }
    }
    warnings
}

/// Events of members have no prefix.
fn are_alike(one: &ControlM, other: &ControlM) -> bool {
    one.folder_prefix == other.folder_prefix
        || (one.submit == Submit::Progressive && other.submit == Submit::Progressive)
}

fn text(one: &ApplicationSpec, other: &ApplicationSpec, to: &ControlM) -> String {
    let (one, other, server) = (one.id(), other.id(), &to.server);
    format!(
        "the applications {one} and {other} both submit folders to {server} that are named {}<bundle id>: if both have a bundle of one id, \
         one of them takes the folder of the other for its own; give one of them a `deliver.control_m.folder_prefix` of its own, unless \
         their ids are different (with `submit: progressive` they must be, because events of members have no prefix)",
        to.folder_prefix
    )
}
