//! What services answer.

use serde_json::{Value, json};

use super::service::{ANSWERS, CREDIT, MESSAGES, REFUND, answer};
use super::*;

fn settings() -> RetailSettings {
    RetailSettings::new("r")
}

fn answer_of(settings: &RetailSettings, topic: &str, value: &Value) -> Option<(&'static str, &'static str, Value)> {
    answer(settings, topic, ("id-1", value)).map(|message| (message.topic, message.kind, message.value))
}

#[test]
fn each_service_answers_its_command_with_the_ids_of_the_command() {
    let command =
        |kind: &str| json!({ "type": kind, "traceid": "t-1", "correlationid": "c-1", "data": { "refId": "o-1" } });
    for (asked, told, fact) in [
        ("FetchGoodsCommand", "GoodsFetchedEvent", "pickId"),
        ("ShipGoodsCommand", "GoodsShippedEvent", "shipmentId"),
        ("CustomerCreditCardRefused", "CreditCardUpdatedEvent", "cardId"),
    ] {
        let (topic, kind, value) = answer_of(&settings(), MESSAGES, &command(asked)).unwrap();
        assert_eq!((topic, kind, &value["type"]), (MESSAGES, told, &json!(told)));
        assert_eq!((&value["traceid"], &value["correlationid"]), (&json!("t-1"), &json!("c-1")));
        assert_eq!(value["data"]["refId"], "o-1");
        assert!(value["data"][fact].is_string(), "{value}");
    }
    for kind in ["GoodsFetchedEvent", "OrderPlacedEvent", "RetrievePaymentCommand", ""] {
        assert_eq!(answer_of(&settings(), MESSAGES, &command(kind)), None, "{kind}");
    }
}

#[test]
fn the_credit_pays_ten_at_most_and_may_be_out_of_reach() {
    let task = |amount: u64| json!({ "event_name": "StartTask", "business_ref_no": "t-1", "task_name": "credit", "input": { "amount": amount } });
    let remaining =
        |amount| answer_of(&settings(), CREDIT, &task(amount)).unwrap().2["result"]["remainingAmount"].clone();
    assert_eq!((remaining(25), remaining(7)), (json!(15), json!(0)));
    let decimal = answer_of(&settings(), CREDIT, &json!({ "event_name": "StartTask", "input": { "amount": 12.5 } }));
    assert_eq!(decimal.unwrap().2["result"]["remainingAmount"], 2.5);
    let without = answer_of(&settings(), CREDIT, &json!({ "event_name": "StartTask" })).unwrap();
    assert_eq!(without.1, "TaskFailed");
    let failing = RetailSettings { failed: 100, ..settings() };
    let (topic, kind, value) = answer_of(&failing, CREDIT, &task(7)).unwrap();
    assert_eq!((topic, kind, &value["business_ref_no"]), (ANSWERS, "TaskFailed", &json!("t-1")));
    assert_eq!(answer_of(&failing, REFUND, &task(7)).unwrap().1, "TaskCompleted", "money comes back always");
}
