//! Measures the time of parts, for information only.

use std::sync::OnceLock;
use std::time::Duration;

use divan::counter::ItemsCount;
use divan::{Bencher, Divan};

use crate::{PARTS, Part, Result};

/// The time limit of one part.
const LIMIT: Duration = Duration::from_secs(5);

static WANTED: OnceLock<Vec<&'static str>> = OnceLock::new();

/// Measures one part, or all of them.
pub(crate) fn measure(part: Option<&'static Part>) -> Result<()> {
    let wanted = part.map_or_else(|| PARTS.iter().collect(), |part| vec![part]);
    for part in &wanted {
        crate::run(part)?; // now, because divan hides errors
    }
    WANTED.get_or_init(|| wanted.iter().map(|part| part.name).collect());
    Divan::default().max_time(LIMIT).run_benches();
    Ok(())
}

fn wanted() -> Vec<&'static str> {
    WANTED.get().cloned().unwrap_or_default()
}

/// One run of a part without making its inputs; `items` are its calls.
#[divan::bench(args = wanted())]
fn hot(bencher: Bencher<'_, '_>, name: &str) {
    let Ok(part) = crate::named(name) else { return };
    bencher
        .counter(ItemsCount::new(part.calls))
        .with_inputs(|| (part.prepare)())
        .bench_refs(|work| work.as_mut().map(|work| work.work()).ok());
}
