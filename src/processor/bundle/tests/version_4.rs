//! Tests of version 4 of the encoding.

use super::*;

/// The open bundle in version 4, after its warning: as a whole and in parts.
const WARNED_V4: &str = concat!(
    "0001027031fd00acdbf23603000000187b226964223a227031222c226368696c6472656e223a327d07706172656e7473",
    "06220000010161fd00acdbf2360300000102287b226964223a2261222c22706172656e745f6964223a227031222c2270",
    "6f736974696f6e223a327d086368696c6472656e06220000010201faadf471ab5bae3f006436df8262ff2601000000"
);
const WARNED_IN_PARTS_V4: &str = "02010201faadf471ab5bae3f006436df8262ff2601000000";
/// The expired bundle in version 4, without members.
const EXPIRED_V4: &str = "04010001faadf471ab5bae3f006436df8262ff26";

#[test]
fn what_time_has_done_to_a_bundle_is_stored_in_version_4() {
    let State::Open(mut gathering) = without_timeline(open().unwrap()) else { unreachable!() };
    gathering.timing.warned = true;
    let state = State::Open(gathering.clone());
    assert_eq!((state.version(), hex(&state)), (4, WARNED_V4.to_owned()));
    assert_eq!(from_hex(4, WARNED_V4), state);
    let parts = gathering.members().map(|(role, member)| stored::part(role, member).unwrap());
    let parts: Vec<_> = parts.map(|bytes| part::decode(part::encode(State::VERSION, &bytes)).unwrap()).collect();
    gathering.set_in_parts();
    let reported = gathering.story.reported.clone();
    let state = State::Open(gathering);
    assert_eq!((state.version(), hex(&state)), (4, WARNED_IN_PARTS_V4.to_owned()));
    assert_eq!(from_hex(4, WARNED_IN_PARTS_V4).with_parts(parts).unwrap(), state);
    let expired = State::Closed(Marker {
        ending: Ending::Expired,
        seen: Vec::new(),
        missing: Vec::new(),
        story: Story::without_timeline(reported),
        kept: None,
    });
    assert_eq!((expired.version(), hex(&expired)), (4, EXPIRED_V4.to_owned()));
    assert_eq!(from_hex(4, EXPIRED_V4), expired);
}
