//! `deliver.webhook`: each submission becomes a request to a sink of the section `sinks`.

use std::path::PathBuf;

use super::super::expression;
use crate::codec::yaml::Item;
use crate::processor::call::{Certainty, Method};
use crate::processor::delivery::webhook::{KEY_HEADER, Requests, Rules, VARIABLES};
use crate::template::{PathTemplate, Template};

/// The key of the section.
pub(super) const KEY: &str = "webhook";

/// The words of `method`.
pub(in crate::topology::spec) const METHODS: [(&str, Method); 3] =
    [("POST", Method::Post), ("PUT", Method::Put), ("PATCH", Method::Patch)];
/// The words of `certainty`.
pub(in crate::topology::spec) const CERTAINTIES: [(&str, Certainty); 2] =
    [("idempotent", Certainty::Idempotent), ("once", Certainty::Once)];

/// Delivery to a service over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The name of the sink.
    pub to: String,
    /// The method.
    pub method: Method,
    /// The path below the sink's URL.
    pub path: PathTemplate,
    /// The path of the template of the body.
    pub template: PathBuf,
    /// The header of the key.
    pub key_header: String,
    /// What becomes of a request in doubt.
    pub certainty: Certainty,
    /// What an answer means.
    pub rules: Rules,
}

impl Webhook {
    /// The protocol of its processor; `template` is the compiled [`Webhook::template`].
    pub fn requests(&self, application: &str, template: Template) -> Requests {
        Requests {
            application: application.to_owned(),
            method: self.method,
            path: self.path.clone(),
            template: template.with_percents(),
            key_header: self.key_header.clone(),
            certainty: self.certainty,
            rules: self.rules.clone(),
        }
    }
}

/// Reads the section.
pub(super) fn read(section: &Item<'_>) -> Option<Webhook> {
    let mut fields = section.fields()?;
    let to = fields.required("to");
    let method = fields.item("method").map_or(Some(Method::Post), |item| item.word(&METHODS));
    let compile = |text: &str| PathTemplate::compile("deliver.webhook.path", text);
    let path = fields.item("path").map_or_else(|| compile("").ok(), |item| item.parsed(compile));
    let template = fields.required("template");
    let key_header = fields.item("idempotency_header").map_or_else(|| Some(KEY_HEADER.to_owned()), |it| header(&it));
    let certainty = fields.item("certainty").map_or(Some(Certainty::Idempotent), |item| item.word(&CERTAINTIES));
    let [success, refused] = ["success", "refused"].map(|key| match fields.item(key) {
        Some(item) => expression::read(&item, &VARIABLES).map(Some),
        None => Some(None),
    });
    fields.finish();
    Some(Webhook {
        to: to?,
        method: method?,
        path: path?,
        template: template?,
        key_header: key_header?,
        certainty: certainty?,
        rules: Rules { success: success?, refused: refused? },
    })
}

/// Reads the name of a header.
pub(in crate::topology::spec) fn header(item: &Item<'_>) -> Option<String> {
    let name = item.text()?;
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Some(name.to_owned());
    }
    item.problem(format!("`{name}` cannot be the name of a header"), Some("take letters, digits and `-`".to_owned()));
    None
}
