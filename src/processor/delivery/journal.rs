//! The journal of one bundle: the intents to submit it, and what is known of their outcomes.

use serde::{Deserialize, Serialize};

use crate::codec::{self, Versioned, binary};
use crate::model::Timestamp;

/// The state of one bundle's delivery. See the [module](super) for how they follow each other.
///
/// This type and what it contains are version 1 of the stored form: bincode knows fields by their order only, so a
/// change of any of them is a version 2 beside a frozen copy of this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Journal {
    /// The intent to submit is committed; its outcome is awaited.
    Submitting(Open),
    /// The last submit was certainly not executed; the timer begins the next one.
    Waiting(Open),
    /// The last submit may have been executed; the timer begins the look-up.
    Unsure(Open),
    /// The look-up's outcome is awaited.
    LookingUp(Open),
    /// A submit was executed.
    Submitted(End),
    /// No submit was executed, and there is no further one.
    Failed(End),
    /// Whether a submit was executed cannot be told any more; there is no further one.
    Unknown(End),
}

/// The object of all submits of one bundle. It is made once and stored, so each attempt sends the same bytes, also after a
/// change of the settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deliverable {
    /// The unique name, by which a lost submit is looked up.
    pub name: String,
    /// The content, in the protocol's own form.
    pub content: String,
    /// The revision of the template of the content, or of whatever else it was made with.
    pub revision: String,
}

/// A delivery that has not come to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// The object of the submits.
    pub deliverable: Deliverable,
    /// The coordinates of the submission: `topic-partition@offset`.
    pub origin: String,
    /// How many submits were intended.
    pub attempts: u32,
    /// The number of the latest act of this entry, submit or look-up.
    pub call: u32,
    /// The number of the latest submit's act.
    pub submit: u32,
    /// When the latest submit was intended.
    pub intended_at: Timestamp,
    /// When the first submit in doubt was intended.
    pub doubtful_since: Option<Timestamp>,
    /// How many look-ups in a row were unclear.
    pub lookup_failures: u32,
}

/// A delivery that has come to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The deliverable's name.
    pub name: String,
    /// The deliverable's revision.
    pub revision: String,
    /// The coordinates of the submission.
    pub origin: String,
    /// How many submits were intended.
    pub attempts: u32,
    /// When it ended.
    pub at: Timestamp,
    /// The proof that a submit was executed; only of Submitted.
    pub proof: Option<Proof>,
    /// The reason of the end; not of Submitted.
    pub detail: Option<String>,
}

/// The proof that a submit was executed: the target's id of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Proof {
    /// The id in the answer to the submit.
    Accepted(String),
    /// The id that a look-up found.
    Found(String),
}

impl Versioned for Journal {
    const VERSION: u16 = 1;
    const NAME: &'static str = "delivery";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> {
        binary::encode(self, out)
    }

    fn decode(_version: u16, bytes: &[u8]) -> Result<Self, codec::Error> {
        binary::decode(bytes)
    }
}
