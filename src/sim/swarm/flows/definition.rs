//! The flows of a run, and what the oracle knows of their steps: written by hand, not read by the code of flows.

/// The topic of all messages to flows.
pub(in crate::sim::swarm) const EVENTS: &str = "flow-events";
/// The topic of the messages of flows.
pub(in crate::sim::swarm) const MESSAGES_TOPIC: &str = "flow-messages";
/// The output of messages.
const MESSAGES: &str = "messages";

/// The definition whose flows a run has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim::swarm) enum Flow {
    /// A staged template.
    Meal,
    /// Steps with messages, times and tries.
    Order,
    /// Steps that are taken back.
    Payment,
}

/// What a step sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim::swarm) enum Sends {
    /// `StartTask` to this topic.
    Task(&'static str),
    /// A message of this type, with the type of the reply.
    Message(&'static str, Option<&'static str>),
    /// Nothing: a message of this type is awaited.
    Await(&'static str),
    /// A request to the card service.
    Call,
}

/// A step.
#[derive(Clone, Copy, Debug)]
pub(in crate::sim::swarm) struct Step {
    pub(in crate::sim::swarm) name: &'static str,
    /// The stage that contains it; empty if none does.
    pub(in crate::sim::swarm) stage: &'static str,
    pub(in crate::sim::swarm) sends: Sends,
    /// What is over before it begins: one of each group. `!` is a fact about the start.
    pub(in crate::sim::swarm) needs: &'static [&'static [&'static str]],
    /// The tries.
    pub(in crate::sim::swarm) tries: u32,
    /// The step that this one takes back.
    pub(in crate::sim::swarm) undoes: Option<&'static str>,
    /// The step that is taken back before.
    pub(in crate::sim::swarm) undone_before: Option<&'static str>,
    /// True if a time that has passed begins it again.
    pub(in crate::sim::swarm) again_when_late: bool,
    /// True if a refusal begins it again.
    pub(in crate::sim::swarm) again_when_refused: bool,
    /// True if its trouble is handled.
    pub(in crate::sim::swarm) is_handled: bool,
}

const fn step(name: &'static str, sends: Sends, needs: &'static [&'static [&'static str]]) -> Step {
    Step {
        name,
        stage: "",
        sends,
        needs,
        tries: 1,
        undoes: None,
        undone_before: None,
        again_when_late: false,
        again_when_refused: false,
        is_handled: false,
    }
}

const MEAL: &[Step] = &[
    Step { stage: "ACCEPT", ..step("accept", Sends::Task("accept"), &[]) },
    Step { stage: "KITCHEN", ..step("cook", Sends::Task("cook"), &[&["accept"]]) },
    Step { stage: "KITCHEN", ..step("courier", Sends::Task("courier"), &[&["accept"]]) },
    Step { stage: "KITCHEN", ..step("hand_over", Sends::Task("hand-over"), &[&["cook"], &["courier"]]) },
    Step { stage: "STREET", ..step("deliver", Sends::Task("deliver"), &[&["hand_over"]]) },
];

const ORDER: &[Step] = &[
    Step { again_when_late: true, ..step("payment", Sends::Message("RetrievePayment", Some("PaymentReceived")), &[]) },
    Step { again_when_late: true, ..step("overdue", Sends::Message("PaymentOverdue", None), &[]) },
    step("goods", Sends::Message("FetchGoods", Some("GoodsFetched")), &[&["payment"]]),
    step("confirm", Sends::Await("OrderConfirmed"), &[&["goods"]]),
    Step { ..step("ask", Sends::Task("ask"), &[&["goods"]]) },
    Step { stage: "pack", tries: 3, ..step("box", Sends::Task("box"), &[&["confirm", "ask"]]) },
    Step {
        stage: "pack",
        tries: 2,
        again_when_refused: true,
        ..step("label", Sends::Task("label"), &[&["confirm", "ask"], &["!express"]])
    },
    Step { stage: "pack", ..step("load", Sends::Task("load"), &[&["box"], &["label", "!standard"]]) },
    step("shipped", Sends::Message("OrderShipped", None), &[&["load"]]),
];

const PAYMENT: &[Step] = &[
    Step { tries: 3, ..step("credit", Sends::Task("credit"), &[]) },
    Step {
        undoes: Some("credit"),
        undone_before: Some("reserve"),
        ..step("credit-undo", Sends::Task("credit-refund"), &[&["credit"]])
    },
    Step { tries: 2, is_handled: true, ..step("reserve", Sends::Task("reserve"), &[&["credit"]]) },
    Step { undoes: Some("reserve"), ..step("reserve-undo", Sends::Task("reserve-release"), &[&["reserve"]]) },
    Step { tries: 5, is_handled: true, ..step("charge", Sends::Call, &[&["reserve"], &["!amount"]]) },
    Step { is_handled: true, ..step("confirm", Sends::Task("confirm"), &[&["reserve"], &["charge", "!free"]]) },
    step("received", Sends::Message("PaymentReceived", None), &[&["confirm"]]),
];

impl Flow {
    /// The definition of a seed.
    pub(in crate::sim::swarm) const fn of_seed(seed: u64) -> Self {
        match seed % 3 {
            0 => Self::Meal,
            1 => Self::Order,
            _ => Self::Payment,
        }
    }

    /// The topology file.
    pub(in crate::sim::swarm) const fn file(self) -> (&'static str, &'static str) {
        match self {
            Self::Meal => ("meal.yaml", include_str!("meal.yaml")),
            Self::Order => ("order.yaml", include_str!("order.yaml")),
            Self::Payment => ("payment.yaml", include_str!("payment.yaml")),
        }
    }

    /// The staged template.
    pub(in crate::sim::swarm) const fn template(self) -> Option<&'static str> {
        match self {
            Self::Meal => Some(include_str!("meal.json")),
            Self::Order | Self::Payment => None,
        }
    }

    /// The name by which it is in ids and messages.
    pub(in crate::sim::swarm) const fn name(self) -> &'static str {
        match self {
            Self::Meal => "MEAL",
            Self::Order => "order",
            Self::Payment => "payment",
        }
    }

    /// The type of the message that begins a flow.
    pub(in crate::sim::swarm) const fn start(self) -> &'static str {
        match self {
            Self::Meal => "StartWorkflow",
            Self::Order => "OrderPlaced",
            Self::Payment => "PaymentAsked",
        }
    }

    /// Its steps.
    pub(in crate::sim::swarm) const fn steps(self) -> &'static [Step] {
        match self {
            Self::Meal => MEAL,
            Self::Order => ORDER,
            Self::Payment => PAYMENT,
        }
    }

    /// The topics to which its steps send.
    pub(in crate::sim::swarm) fn topics(self) -> impl Iterator<Item = &'static str> {
        let queue = |step: &Step| if let Sends::Task(queue) = step.sends { Some(queue) } else { None };
        self.steps().iter().filter_map(queue).chain([MESSAGES_TOPIC])
    }

    /// A step.
    pub(in crate::sim::swarm) fn step(self, name: &str) -> Option<&'static Step> {
        self.steps().iter().find(|step| step.name == name)
    }

    /// True if messages of other types are no mistake: other services share the topic.
    pub(in crate::sim::swarm) const fn is_open(self) -> bool {
        self.template().is_none()
    }
}

impl Step {
    /// The output to which it sends; `None` for a call or an awaited message.
    pub(in crate::sim::swarm) const fn output(&self) -> Option<&'static str> {
        match self.sends {
            Sends::Task(queue) => Some(queue),
            Sends::Message(..) => Some(MESSAGES),
            Sends::Await(_) | Sends::Call => None,
        }
    }

    /// True if it waits for an answer from the topic of events.
    pub(in crate::sim::swarm) const fn is_answered(&self) -> bool {
        matches!(self.sends, Sends::Task(_) | Sends::Message(_, Some(_)) | Sends::Await(_))
    }
}
