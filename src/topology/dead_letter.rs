//! The processor of dead letters, which every application has.

use std::sync::Arc;

use super::{Node, Output, Source, StartAt, Topology, internal_topic};
use crate::processor::dead_letter::{DEAD_LETTER, DeadLetters, LetterKeying, REDRIVE, RedriveKeying};
use crate::processor::erase;

/// Adds the processor of an application's dead letters to its topology, with the sources of letters and of records that are sent again.
/// It begins with the letters that are there already.
pub fn add_dead_letters(application: &str, topology: &mut Topology) {
    let node = topology.nodes.len();
    let redrive = internal_topic(application, REDRIVE);
    let start = Some(StartAt::Earliest);
    topology.sources.push(Source {
        topic: internal_topic(application, "dead-letters"),
        node,
        keying: Arc::new(LetterKeying),
        start,
    });
    topology.sources.push(Source { topic: redrive.clone(), node, keying: Arc::new(RedriveKeying), start });
    topology.nodes.push(Node::new(DEAD_LETTER, erase(DeadLetters), vec![Output::own(REDRIVE, redrive)]));
}
