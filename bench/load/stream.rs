//! The stream of events: bundles in random order, a window of them open at a time, from a seed.

use sheaf::model::Timestamp;
use sheaf::sim::{Generator, SampleEvent};

/// A finite stream, which completes all of its bundles.
#[derive(Debug)]
pub(crate) struct Stream {
    generator: Generator,
    /// The members of each open bundle that are not emitted yet, in reverse.
    open: Vec<Vec<SampleEvent>>,
    /// The number of bundles that are not opened yet.
    left: u32,
    children: u32,
    at: Timestamp,
}

impl Stream {
    /// `bundles` bundles, of which up to `open` are open at a time.
    pub(crate) fn new(seed: u64, bundles: u32, children: u32, open: u32, at: Timestamp) -> Self {
        let mut stream = Self { generator: Generator::new(seed), open: Vec::new(), left: bundles, children, at };
        for _ in 0..open.min(bundles) {
            let members = stream.bundle();
            stream.open.push(members);
        }
        stream
    }

    fn bundle(&mut self) -> Vec<SampleEvent> {
        self.left = self.left.saturating_sub(1);
        let mut members = self.generator.bundle(self.children, self.at);
        self.generator.shuffle(&mut members);
        members
    }
}

impl Iterator for Stream {
    /// An event; true for the last of its bundle.
    type Item = (SampleEvent, bool);

    fn next(&mut self) -> Option<Self::Item> {
        let highest = u32::try_from(self.open.len().checked_sub(1)?).ok()?;
        let place = usize::try_from(self.generator.number(0..=highest)).ok()?;
        let event = self.open.get_mut(place)?.pop()?;
        let is_last = self.open.get(place)?.is_empty();
        if is_last && self.left > 0 {
            let members = self.bundle();
            *self.open.get_mut(place)? = members;
        } else if is_last {
            self.open.swap_remove(place);
        }
        Some((event, is_last))
    }
}
