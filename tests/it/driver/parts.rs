//! Parts of an entry: they keep their order through crashes and restores, and are deleted with their entry.

use std::collections::BTreeMap;

use bytes::Bytes;
use sheaf::codec::{self, Part, Versioned};
use sheaf::model::{Key, Moment, Reject, RejectReason};
use sheaf::processor::{Effect, Input, Processor, Transition, by_key};
use sheaf::testing::TestDriver;
use sheaf::topology::Topology;

use super::versatile::record;

const WORDS: [&str; 8] = ["add", "add", "add three", "drop", "drop and add", "end", "reject", "large"];
/// More bytes than a record may have.
const TOO_LARGE: usize = 11 << 20;

/// A state that is stored in parts only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Album(Vec<String>);

impl Versioned for Album {
    const VERSION: u16 = 4;
    const NAME: &'static str = "album";

    fn encode(&self, _: &mut Vec<u8>) -> Result<(), codec::Error> {
        Ok(())
    }

    fn decode(_: u16, _: &[u8]) -> Result<Self, codec::Error> {
        Ok(Self::default())
    }

    fn with_parts(self, parts: Vec<Part>) -> Result<Self, codec::Error> {
        assert!(parts.iter().all(|part| part.version == Self::VERSION));
        Ok(Self(parts.iter().map(|part| String::from_utf8_lossy(&part.bytes).into_owned()).collect()))
    }
}

impl Album {
    /// The next state and the effects of a word; `None` deletes the entry.
    fn apply(mut self, word: &str, number: u64) -> Result<(Option<Self>, Vec<Effect>), Reject> {
        let mut effects = Vec::new();
        if word.starts_with("drop") {
            effects.push(Effect::DropParts);
            self.0.clear();
        }
        let adds = match word {
            "add" => 1,
            "add three" | "drop and add" => 3,
            "drop" => 0,
            "end" => return Ok((None, effects)),
            "large" => return Ok((Some(self), vec![Effect::AddPart(vec![b'x'; TOO_LARGE].into())])),
            _ => return Err(Reject::new(RejectReason::Unparsable, "as requested")),
        };
        for part in 0..adds {
            let text = format!("{number}/{part}");
            effects.push(Effect::AddPart(Bytes::from(text.clone())));
            self.0.push(text);
        }
        Ok((Some(self), effects))
    }
}

struct Collector;

impl Processor for Collector {
    type State = Album;

    fn step(&self, _: &Key, state: Option<Album>, input: Input, _: Moment) -> Result<Transition<Album>, Reject> {
        let Input::Record(event) = input else { return Ok(Transition { state, effects: Vec::new() }) };
        let text = String::from_utf8_lossy(&event.record.value.unwrap_or_default()).into_owned();
        let (word, number) = text.split_once('#').unwrap();
        // The state that the step gets, from the cache, is forwarded with each input.
        let album = state.unwrap_or_default();
        let before = Effect::forward("states", album.0.join(","));
        let (state, mut effects) = album.apply(word, number.parse().unwrap())?;
        effects.push(before);
        Ok(Transition { state, effects })
    }
}

fn driver() -> TestDriver {
    let wiring =
        Topology::builder("parts").processor("albums", Collector).reads("in", by_key).writes("states", "states");
    TestDriver::new(wiring.build().unwrap()).unwrap()
}

#[test]
fn parts_are_those_added_since_the_last_drop() {
    for seed in 0..12 {
        let (mut driver, mut chance) = (driver(), fastrand::Rng::with_seed(seed));
        let mut albums: BTreeMap<&str, Album> = BTreeMap::new();
        let mut number = 0;
        for _ in 0..25 {
            let (mut records, mut shown) = (Vec::new(), Vec::new());
            for _ in 0..chance.usize(1..6) {
                number += 1;
                let (key, word) = (["x", "y"][chance.usize(..2)], WORDS[chance.usize(..WORDS.len())]);
                records.push(record(key, &format!("{word}#{number}")));
                let album = albums.get(key).cloned().unwrap_or_default();
                let before = format!("{key}={}", album.0.join(","));
                match album.apply(word, number) {
                    Ok(_) if word == "large" => {}
                    Ok((Some(album), _)) => {
                        shown.push(before);
                        albums.insert(key, album);
                    }
                    Ok((None, _)) => {
                        shown.push(before);
                        albums.remove(key);
                    }
                    Err(_) => {}
                }
            }
            driver.send_records(&records).unwrap();
            match chance.u8(..6) {
                0 => driver.crash().unwrap(),
                1 => driver.lose_disk().unwrap(),
                2 => driver.restart().unwrap(),
                _ => {}
            }
            assert_eq!(driver.read_text("states").unwrap(), shown, "seed {seed}");
            for key in ["x", "y"] {
                assert_eq!(
                    driver.state::<Album>("albums", key).unwrap().as_ref(),
                    albums.get(key),
                    "seed {seed}, {key}"
                );
            }
        }
    }
}
