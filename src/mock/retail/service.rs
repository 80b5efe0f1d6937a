//! What a service answers to a message.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::RetailSettings;
use super::chance::strikes;

/// The topic of commands and events.
pub(super) const MESSAGES: &str = "flowing-retail";
/// The queues of the credits.
pub(super) const CREDIT: &str = "customer-credit";
pub(super) const REFUND: &str = "customer-credit-refund";
/// The topic of their answers.
pub(super) const ANSWERS: &str = "payment-answers";

/// What a customer's credit pays of an order at most.
const CREDIT_MAX: u32 = 10;

/// A message to write.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Message {
    pub(super) topic: &'static str,
    /// The key of the record: the order's trace id.
    pub(super) key: String,
    /// The type, which stands in a header too.
    pub(super) kind: &'static str,
    pub(super) value: Value,
}

/// The answer to a message of a topic; `None` if no service cares for it. `id` tells apart the attempts of a task.
pub(super) fn answer(settings: &RetailSettings, topic: &str, (id, value): (&str, &Value)) -> Option<Message> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    if topic == MESSAGES {
        let command = text("type");
        let (kind, fact) = match command {
            "FetchGoodsCommand" => ("GoodsFetchedEvent", "pickId"),
            "ShipGoodsCommand" => ("GoodsShippedEvent", "shipmentId"),
            // The customer has got a letter.
            "CustomerCreditCardRefused" => ("CreditCardUpdatedEvent", "cardId"),
            _ => return None,
        };
        let made = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{kind}\0{id}").as_bytes()).to_string();
        let refers = value.pointer("/data/refId").cloned().unwrap_or_default();
        let data = BTreeMap::from([("refId", refers), (fact, Value::from(&*made))]);
        return Some(message(kind, (text("traceid"), text("correlationid"), id), &json!(data)));
    }
    let is_refund = topic == REFUND;
    if text("event_name") != "StartTask" || !(is_refund || topic == CREDIT) {
        return None;
    }
    let key = text("business_ref_no");
    let answered = |kind, more: (&str, Value)| Message {
        topic: ANSWERS,
        key: key.to_owned(),
        kind,
        value: json!({ "event_name": kind, "business_ref_no": key, "task_name": text("task_name"), more.0: more.1 }),
    };
    if !is_refund && strikes(settings.failed, settings.seed, "credit", id) {
        return Some(answered("TaskFailed", ("reason", json!("the credits cannot be reached"))));
    }
    if is_refund {
        return Some(answered("TaskCompleted", ("result", json!({}))));
    }
    let amount = value.pointer("/input/amount");
    let remaining = match amount.and_then(Value::as_u64) {
        Some(amount) => json!(amount.saturating_sub(CREDIT_MAX.into())),
        None => match amount.and_then(Value::as_f64) {
            Some(amount) => json!((amount - f64::from(CREDIT_MAX)).max(0.0)),
            None => return Some(answered("TaskFailed", ("reason", json!("`/input/amount` is no number")))),
        },
    };
    let result = json!({ "remainingAmount": remaining });
    Some(answered("TaskCompleted", ("result", result)))
}

/// An order of the shop, by its number.
pub(super) fn order(run: &str, number: u32) -> Message {
    let (id, dear) = (format!("{run}-{number}"), 5 + number % 7 * 3);
    let data = json!({
        "orderId": id,
        "customer": { "name": "Ann Archer", "address": "Elm Road 4" },
        "items": [{ "articleId": "a-1", "amount": dear }, { "articleId": "a-2", "amount": 2 }],
    });
    message("OrderPlacedEvent", (&id, &id, ""), &data)
}

/// A message; `cause` is the id of what it answers.
fn message(kind: &'static str, (trace, correlation, cause): (&str, &str, &str), data: &Value) -> Message {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{kind}\0{trace}\0{correlation}\0{cause}").as_bytes());
    let value = json!({ "type": kind, "id": id, "traceid": trace, "correlationid": correlation, "data": data });
    Message { topic: MESSAGES, key: trace.to_owned(), kind, value }
}
