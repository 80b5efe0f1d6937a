//! Tests of version 6 of the encoding: the opening is forwarded.

use super::*;

fn opened(state: &State) -> State {
    let mut state = state.clone();
    if let State::Open(gathering) | State::Breached(gathering) = &mut state {
        gathering.story.is_opened = true;
    }
    state
}

#[test]
fn a_bundle_whose_opening_is_forwarded_is_stored_in_version_6_with_the_bytes_of_version_5() {
    let with_timeline = open().unwrap();
    let plain = without_timeline(with_timeline.clone());
    for state in [with_timeline, plain] {
        let opened = opened(&state);
        assert_eq!((opened.version(), state.version() < 6), (6, true));
        assert_eq!(from_hex(6, &hex(&opened)), opened);
    }
}
