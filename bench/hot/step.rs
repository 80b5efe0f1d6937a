//! Steps of the bundle processor, through the erased processor that the runtime calls.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::Arc;

use sheaf::model::{Key, Moment};
use sheaf::processor::{AnyProcessor, Body, Effect, Input};

use crate::{Result, Work, fixture};

const BUNDLES: u32 = 200;

/// Bundles, each with its state and its remaining members.
pub(crate) struct Steps {
    pub(crate) processor: Arc<dyn AnyProcessor>,
    pub(crate) bundles: Vec<Gathering>,
    /// Submissions so far.
    forwarded: usize,
    /// The expected submissions at the end.
    expected: usize,
}

pub(crate) struct Gathering {
    key: Key,
    pub(crate) body: Option<Body>,
    inputs: VecDeque<Input>,
}

impl Steps {
    /// Bundles with their first `members` members, the parent first.
    pub(crate) fn with(members: u32) -> Result<Self> {
        let topology = fixture::topology()?;
        let processor = Arc::clone(&topology.nodes.first().ok_or("the topology has no processor")?.processor);
        let mut bundles = Vec::new();
        for events in fixture::bundles(BUNDLES) {
            let keyed = events.iter().map(|event| fixture::keyed(&topology.sources, event));
            let (mut keys, events): (Vec<_>, Vec<_>) = keyed.collect::<Result<Vec<_>>>()?.into_iter().unzip();
            let key = keys.pop().ok_or("a bundle without members")?;
            bundles.push(Gathering { key, body: None, inputs: events.into_iter().map(Input::Record).collect() });
        }
        let mut steps = Self { processor, bundles, forwarded: 0, expected: 0 };
        for _ in 0..members {
            steps.work()?;
        }
        Ok(steps)
    }
}

impl Work for Steps {
    /// The next member of each bundle.
    fn work(&mut self) -> Result<()> {
        for Gathering { key, body, inputs } in &mut self.bundles {
            let input = inputs.pop_front().ok_or("the bundle has no more members")?;
            let next = self
                .processor
                .step(key, body.take(), input, Moment::at(fixture::NOW))
                .map_err(|reject| reject.detail)?;
            let submissions = black_box(&next.effects).iter().filter(|effect| matches!(effect, Effect::Forward(_)));
            self.forwarded += submissions.count();
            *body = next.state;
        }
        Ok(())
    }

    fn check(&mut self) -> Result<()> {
        if self.forwarded == self.expected && self.bundles.iter().all(|bundle| bundle.body.is_some()) {
            return Ok(());
        }
        Err(format!("{} submissions, not {}", self.forwarded, self.expected).into())
    }
}

pub(crate) fn open() -> Result<Box<dyn Work>> {
    Ok(Box::new(Steps::with(0)?))
}

pub(crate) fn child() -> Result<Box<dyn Work>> {
    Ok(Box::new(Steps::with(2)?))
}

pub(crate) fn complete() -> Result<Box<dyn Work>> {
    let mut steps = Steps::with(fixture::CHILDREN)?;
    steps.expected = steps.bundles.len();
    Ok(Box::new(steps))
}
