//! Tests of the printed stories.

use super::line::wrap;
use super::{Story, WIDTH};

fn told(story: Story, colours: bool) -> String {
    let page = story.page(colours).unwrap();
    page.into_iter().map(|(text, _)| text + "\n").collect()
}

/// The lines stand in the text in this order.
fn follow(text: &str, lines: &[&str]) {
    let mut all = text.lines();
    for line in lines {
        assert!(all.any(|other| other.trim() == *line), "`{line}` does not come here:\n{text}");
    }
}

#[test]
fn the_meal_is_told_from_the_order_to_its_end() {
    let expected = [
        "0h  client        StartWorkflow o-1: table 7",
        "1m  accept-order  TaskCompleted accept_order",
        "1m  sheaf         StartTask cook, to cook",
        "1m  sheaf         StartTask find_courier, to find-courier: price_limit",
        "4.50",
        "5m  find-courier  TaskCompleted find_courier: courier ann",
        "21m  cook          TaskCompleted cook",
        "21m  sheaf         has heard this before: it changes nothing",
        "22m  sheaf         StartTask deliver for a person, to deliver: assigned_to",
        "22m  courier       sheaf flows complete o-1 --step deliver",
        "22m  sheaf         flow NOODLES o-1 has ended: completed",
        "168h22m  sheaf         forgets the flow, whose end is a week ago",
        "1m  accept-order  TaskFailed accept_order: no table 7",
        "1m  ALERT         flow_held: flow NOODLES o-2 is held at",
        "2m  accept-order  TaskPending accept_order",
        "sheaf topology graph examples/food/noodles.json",
    ];
    follow(&told(Story::Food, false), &expected);
}

#[test]
fn the_payment_is_told_with_its_calls_and_what_takes_it_back() {
    let expected = [
        "0h  client                  OrderPlacedEvent: orderId o-1, customer {..},",
        "1h  flowing-retail          PaymentReceivedEvent: refId o-1",
        "3h  sheaf                   flow order t-1 has ended: completed",
        "1m  sheaf                   calls card: amount 10",
        "1m  card                    answers 200: errorCode credit card expired",
        "1m  sheaf                   waits until 168h1m",
        "48h  flowing-retail          CreditCardUpdatedEvent: number 4",
        "48h  sheaf                   calls card, attempt 2: amount 10",
        "48h  sheaf                   flow payment t-1 has ended: completed",
        "168h1m2s  sheaf                   takes credit back: StartTask credit-undo, to",
        "customer-credit-refund: amount 5",
        "170h  customer-credit-refund  TaskCompleted credit-undo",
        "170h  sheaf                   flow payment t-1 has ended: failed: payment",
        "docs/flow.md",
    ];
    follow(&told(Story::Retail, false), &expected);
}

#[test]
fn a_story_fits_a_terminal_and_is_coloured_only_there() {
    for story in [Story::Food, Story::Retail] {
        let plain = told(story, false);
        let wide: Vec<&str> = plain.lines().filter(|line| line.chars().count() > WIDTH).collect();
        assert!(wide.is_empty(), "wider than {WIDTH} columns: {wide:#?}");
        assert!(!plain.contains('\x1b') && told(story, true).contains("\x1b[36m"));
    }
}

#[test]
fn long_words_are_divided() {
    assert_eq!(wrap("an abcdefgh ij", 4), ["an", "abcd", "efgh", "ij"]);
    assert_eq!(wrap("a b c", 3), ["a b", "c"]);
}
