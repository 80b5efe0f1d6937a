//! Renders a template for one bundle, as a delivery would.

use std::path::Path;

use super::template::{self, TemplateError};
use crate::codec::text;
use crate::codec::yaml::Problems;
use crate::model::Reject;
use crate::processor::delivery::control_m::{Mode, Preview, Submit};
use crate::topology::Spec;
use crate::topology::spec::DeliveryKind;
use crate::topology::spec::delivery::ControlM;

/// An error of rendering a template for one bundle.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The template cannot be read or compiled.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The topology file has mistakes.
    #[error(transparent)]
    Topology(#[from] Problems),
    /// The topology file is not UTF-8.
    #[error("{name}: {error}")]
    TopologyText {
        /// The name of the file.
        name: String,
        /// The error.
        error: text::Error,
    },
    /// No delivery of the topology uses the template.
    #[error(
        "{name}: no delivery uses the template {template}: name the one of its `deliver.control_m.template`, or leave out the topology"
    )]
    NoDelivery {
        /// The name of the topology file.
        name: String,
        /// The path of the template.
        template: String,
    },
    /// The bundle is none, or cannot be rendered.
    #[error("{}", .0.detail)]
    Bundle(Reject),
}

/// The values of a template that are not the bundle's, where no topology gives them.
fn usual(template: &Path) -> DeliveryKind {
    DeliveryKind::ControlM(ControlM {
        mode: Mode::OnDemand,
        submit: Submit::Bundle,
        template: template.to_owned(),
        server: "controlm".to_owned(),
        retention_days: ControlM::RETENTION_DAYS_DEFAULT,
        external_events: Vec::new(),
        track: None,
    })
}

/// Renders the template at a path, or at `s3://BUCKET/KEY`, for a bundle, given as the value of a submission record. The
/// topology is given by its name and its text.
pub fn render(template: &Path, topology: Option<(&str, &[u8])>, bundle: &[u8]) -> Result<Preview, RenderError> {
    let settings = match topology {
        Some((name, bytes)) => of_topology(template, name, bytes)?,
        None => usual(template),
    };
    let template = template::read(template)?;
    let preview = match settings {
        DeliveryKind::ControlM(to) => to.folders(template).preview(bundle),
        DeliveryKind::Webhook(to) => {
            let body = to.requests("", template).preview(bundle);
            body.map(|definition| Preview { definition, findings: Vec::new() })
        }
    };
    preview.map_err(RenderError::Bundle)
}

/// The settings of the delivery that uses this template.
fn of_topology(template: &Path, name: &str, bytes: &[u8]) -> Result<DeliveryKind, RenderError> {
    let text = text::decode(bytes).map_err(|error| RenderError::TopologyText { name: name.to_owned(), error })?;
    let spec = Spec::parse(name, text)?;
    let candidates: Vec<&DeliveryKind> = spec.deliveries().map(|delivery| &delivery.kind).collect();
    let named = candidates.iter().find(|kind| kind.template() == template);
    match (named, candidates.as_slice()) {
        // A copy of the template that is being worked on is rendered with the settings of the only one.
        (Some(found), _) | (None, [found]) => Ok((*found).clone()),
        (None, _) => Err(RenderError::NoDelivery { name: name.to_owned(), template: template.display().to_string() }),
    }
}
