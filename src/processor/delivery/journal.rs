//! The journal of one bundle: what was intended, and what is known to have come of it.

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
    /// Control-M has the folder.
    Submitted(End),
    /// Control-M does not have the folder and will not get it from here.
    Failed(End),
    /// Nobody here can tell whether Control-M has had the folder.
    Unknown(End),
}

/// A delivery that has not come to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// The folder's unique name.
    pub folder: String,
    /// The rendered definition. Each attempt sends the same bytes, whatever has become of the template meanwhile.
    pub definition: String,
    /// The revision of the template that rendered it.
    pub template_revision: String,
    /// Where the submission stands, for people: `topic-partition@offset`.
    pub origin: String,
    /// How many submits were intended.
    pub attempts: u32,
    /// The number of the latest act of this entry, submit or look-up.
    pub call: u32,
    /// The number of the latest submit's act.
    pub submit: u32,
    /// When the latest submit was intended.
    pub intended_at: Timestamp,
    /// When the first submit was intended that may have been executed without an answer.
    pub doubtful_since: Option<Timestamp>,
    /// Look-ups in a row that told nothing.
    pub lookup_failures: u32,
}

/// A delivery that has come to its end, without what was only needed to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The folder's unique name.
    pub folder: String,
    /// The revision of the template; empty when nothing was rendered.
    pub template_revision: String,
    /// Where the submission stands.
    pub origin: String,
    /// How many submits were intended.
    pub attempts: u32,
    /// When it ended.
    pub at: Timestamp,
    /// How Control-M names the folder's run, when it has it.
    pub proof: Option<Proof>,
    /// Why it ended so, when it did not succeed.
    pub detail: Option<String>,
}

/// What shows that Control-M has the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Proof {
    /// The submit was answered with this id of the run.
    Run(String),
    /// A look-up found this job.
    Job(String),
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
