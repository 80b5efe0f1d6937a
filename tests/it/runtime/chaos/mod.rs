//! Seeds of crashes, lost answers, outages, hand-overs and lost disks, against an oracle that knows only what was sent.
//!
//! A failure names its seed; `SHEAF_CHAOS_SEED=n` runs that one alone, `SHEAF_CHAOS_SEEDS=n` runs so many.
//!
//! | file | what it is |
//! |---|---|
//! | `storm` | which calls fail, and how |
//! | `story` | what happens to the instances of one seed |
//! | `oracle` | what must be true in the end |
//! | `acting` | the processor: it counts, and asks for an act with each count |

mod acting;
mod oracle;
mod storm;
mod story;

use std::collections::BTreeMap;

use storm::KINDS;
use story::Story;

const SEEDS: u64 = 60;

/// Seeds that found something: 2601, a second subscription that failed and was not tried again.
const FOUND: [u64; 1] = [2601];

#[test]
fn nothing_is_lost_or_doubled_whatever_happens() {
    let asked = |name: &str| std::env::var(name).ok().map(|number| number.parse::<u64>().unwrap());
    let only = asked("SHEAF_CHAOS_SEED");
    let seeds = asked("SHEAF_CHAOS_SEEDS").unwrap_or(SEEDS);
    let mut struck = [0; KINDS.len()];
    let mut told: BTreeMap<&str, u64> = BTreeMap::new();
    let all = only.map_or_else(|| (0..seeds).chain(FOUND).collect(), |seed| vec![seed]);
    for seed in all {
        let mut story = Story::new(seed);
        story.run();
        let blows = story.storm.lock().unwrap().struck;
        struck.iter_mut().zip(blows).for_each(|(sum, more)| *sum += more);
        for (what, times) in &story.told {
            *told.entry(what).or_default() += times;
        }
    }
    if only.is_none() {
        for (kind, times) in KINDS.iter().zip(struck) {
            assert!(times > 0, "{kind:?} never happened");
        }
        for what in ["disk lost", "crash at a call", "crash", "stop", "outage", "long pause"] {
            assert!(told.contains_key(what), "no {what}");
        }
    }
}
