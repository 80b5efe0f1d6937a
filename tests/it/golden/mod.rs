//! The golden files of the bundle, of the delivery, of signals, of tracking, of the messages to people and of the example.
//!
//! `SHEAF_UPDATE_GOLDEN=1 cargo test --test it golden` writes the current outputs to the files, for review with `git diff`. Their
//! format, and the commands of every processor, are those of `sheaf::testing::golden`.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a golden file that cannot be run fails its test")]

mod bundle;
mod counter;
mod delivery;
mod notification;
mod signal;
mod tracking;
mod webhook;

use sheaf::testing::golden::{ProcessorCase, check};

#[test]
fn the_bundle_matches_its_golden_files() {
    check::<ProcessorCase<bundle::BundleScript>>("tests/golden/bundle");
}

/// A file for each outcome of an event in each state of its bundle.
#[test]
fn every_outcome_in_every_state_matches_its_golden_file() {
    check::<ProcessorCase<bundle::BundleScript>>("tests/golden/bundle/table");
}

#[test]
fn the_example_matches_its_golden_files() {
    check::<ProcessorCase<counter::Clicks>>("tests/golden/counter");
}

#[test]
fn the_delivery_matches_its_golden_files() {
    check::<ProcessorCase<delivery::DeliveryScript>>("tests/golden/delivery");
}

#[test]
fn the_delivery_to_a_webhook_matches_its_golden_files() {
    check::<ProcessorCase<webhook::WebhookScript>>("tests/golden/webhook");
}

#[test]
fn the_signals_match_their_golden_files() {
    check::<ProcessorCase<signal::SignalScript>>("tests/golden/signal");
}

#[test]
fn tracking_matches_its_golden_files() {
    check::<ProcessorCase<tracking::TrackingScript>>("tests/golden/tracking");
}

#[test]
fn the_messages_to_people_match_their_golden_files() {
    check::<ProcessorCase<notification::NotificationScript>>("tests/golden/notification");
}
