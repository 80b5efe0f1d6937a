//! The keys of a `call`.

use std::time::Duration;

use super::{Known, optional, value};
use crate::codec::yaml::Item;
use crate::processor::call::{Certainty, Method};
use crate::processor::delivery::webhook::{KEY_HEADER, Rules, VARIABLES};
use crate::processor::flow::{Call, Retry};
use crate::template::PathTemplate;
use crate::topology::spec::delivery::webhook::{CERTAINTIES, METHODS, header};
use crate::topology::spec::name;

/// The keys beside `call`, in the order in which [`read`] takes them.
pub(super) const KEYS: [&str; 7] = ["body", "path", "method", "success", "refused", "certainty", "idempotency_header"];

/// The tries of a call whose file does not say.
pub(super) const RETRY_DEFAULT: Retry = Retry { tries: 10, delay: Duration::from_secs(30) };

/// Reads a call of the sink of this name.
pub(super) fn read(to: &Item<'_>, of_call: &[Option<Item<'_>>; 7], known: Known<'_>) -> Option<Call> {
    let [body, path, method, success, refused, certainty, key_header] = of_call;
    let to = name::sink(to);
    let body = body.as_ref().map(|item| value::object(item, (known.step, known.variables)));
    let path = path.as_ref().map(|item| item.parsed(|text| PathTemplate::compile(known.step, text)));
    let method = method.as_ref().map(|item| item.word(&METHODS));
    let rule = |item: &Option<Item<'_>>| optional(item.as_ref().map(|item| value::condition(item, &VARIABLES)));
    let (success, refused) = (rule(success), rule(refused));
    let certainty = certainty.as_ref().map(|item| item.word(&CERTAINTIES));
    let key_header = key_header.as_ref().map(header);
    let path = match optional(path)? {
        Some(path) => path,
        None => PathTemplate::compile(known.step, "").ok()?,
    };
    Some(Call {
        to: to?.into(),
        method: optional(method)?.unwrap_or(Method::Post),
        path,
        body: optional(body)?,
        key_header: optional(key_header)?.unwrap_or_else(|| KEY_HEADER.to_owned()),
        certainty: optional(certainty)?.unwrap_or(Certainty::Idempotent),
        rules: Rules { success: success?, refused: refused? },
    })
}
