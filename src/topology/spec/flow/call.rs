//! The keys of a `call`.

use std::time::Duration;

use super::known::{Known, read_if};
use super::value;
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
    let body = read_if(body.as_ref(), |item| value::object(item, (known.step, known.variables)));
    let path = read_if(path.as_ref(), |item| item.parsed(|text| PathTemplate::compile(known.step, text)));
    let method = read_if(method.as_ref(), |item| item.word(&METHODS));
    let rule = |item: &Option<Item<'_>>| read_if(item.as_ref(), |item| value::condition(item, &VARIABLES));
    let (success, refused) = (rule(success), rule(refused));
    let certainty = read_if(certainty.as_ref(), |item| item.word(&CERTAINTIES));
    let key_header = read_if(key_header.as_ref(), header);
    let path = match path.ok()? {
        Some(path) => path,
        None => PathTemplate::compile(known.step, "").ok()?,
    };
    Some(Call {
        to: to?.into(),
        method: method.ok()?.unwrap_or(Method::Post),
        path,
        body: body.ok()?,
        key_header: key_header.ok()?.unwrap_or_else(|| KEY_HEADER.to_owned()),
        certainty: certainty.ok()?.unwrap_or(Certainty::Idempotent),
        rules: Rules { success: success.ok()?, refused: refused.ok()? },
    })
}
