//! Cases that people report in public of this kind of work, P1 to P30: each gives its right value on a real Kafka.
//!
//! | file | cases |
//! |---|---|
//! | `table` | all cases with their tests, for `scripts/cases` |
//! | `output` | what a test writes, and what comes out |
//! | `outage` | P1, P2, P23: Control-M refuses, or stands on premises |
//! | `neighbour` | P4, P5, P9, P27: beside other applications and services |
//! | `door` | P3: values that not every reader of JSON can read |
//! | `time` | P6, P17: times that cannot be, and their spellings |
//! | `id` | P13, P18: integers in other spellings, ids that mean none |
//! | `bytes` | P14: framing, encodings, and what is nearly JSON |
//! | `envelope` | P15, P16: change events of databases, `CloudEvents` |
//! | `duplicate` | P10, P11: the same event, and the expected member |
//! | `template` | P12, P19, P20, P30: templates, numbers and bytes in them |
//! | `operator` | P21, P22, P24, P26, P29, P30: what an operator meets |
//!
//! P7, P8, P25 and P28 have their tests in `e2e`.

mod bytes;
mod door;
mod duplicate;
mod envelope;
mod id;
mod neighbour;
mod operator;
mod outage;
mod output;
mod table;
mod template;
mod time;
