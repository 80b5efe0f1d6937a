//! The table of the cases, which `scripts/cases` prints with the results of the tests.

use std::collections::BTreeSet;
use std::process::Command;

/// A case.
struct Case {
    name: &'static str,
    /// What people met, in a few words.
    what: &'static str,
    /// The right value.
    right: &'static str,
    /// The names of the tests that show it, below `kafka`.
    tests: &'static [&'static str],
}

const CASES: [Case; 13] = [
    Case {
        name: "P1",
        what: "`Retry-After` of a second, for minutes",
        right: "a least wait, bounded by time: each is submitted once",
        tests: &[
            "cases::outage::p01_come_back_at_once_is_answered_after_a_second",
            "cases::outage::p01_a_limit_of_minutes_costs_no_bundle",
        ],
    },
    Case {
        name: "P2",
        what: "an expired key, a gateway's 403, an ingress' 404",
        right: "an outage: told once, bundles wait, the key is read anew",
        tests: &[
            "cases::outage::p02_a_gateway_that_refuses_is_an_outage_and_no_refusal",
            "cases::outage::p02_a_renewed_key_in_a_file_is_read_without_a_restart",
            "cases::outage::p02_an_address_without_its_path_fails_no_bundle_and_is_named",
            "cases::outage::p02_what_names_the_definition_fails_one_bundle_which_can_be_sent_again",
        ],
    },
    Case {
        name: "P3",
        what: "JSON that passes the join and not the delivery",
        right: "a dead letter when it comes in; no bundle ends in silence",
        tests: &["cases::door::p03_what_delivery_cannot_read_is_rejected_before_its_bundle_is_complete"],
    },
    Case {
        name: "P6",
        what: "timestamps of -1, in seconds, in microseconds",
        right: "not believed: counted, and replaced or rejected",
        tests: &["cases::time::p06_times_that_cannot_be_are_not_believed"],
    },
    Case {
        name: "P10",
        what: "one of each kind, not two of any",
        right: "expected by name; the alert names what is missing",
        tests: &["cases::duplicate::p10_one_of_each_kind_is_not_two_of_any"],
    },
    Case {
        name: "P11",
        what: "a retry in other bytes",
        right: "equal as JSON is a duplicate; fields can be ignored",
        tests: &["cases::duplicate::p11_what_is_equal_as_json_is_a_duplicate"],
    },
    Case {
        name: "P13",
        what: "integers as texts and floats",
        right: "read in each spelling; other types have a reason",
        tests: &["cases::id::p13_an_integer_is_read_in_each_spelling_and_other_types_are_named"],
    },
    Case {
        name: "P14",
        what: "framing, encodings, nearly JSON",
        right: "read, or one dead letter that names the cause",
        tests: &[
            "cases::bytes::p14_bytes_that_are_no_json_are_named_for_what_they_are",
            "cases::bytes::p14_the_framing_of_a_schema_registry_is_skipped_if_the_topology_says_so",
        ],
    },
    Case {
        name: "P15",
        what: "change events of databases",
        right: "new rows count; updates, deletes, tombstones pass",
        tests: &["cases::envelope::p15_new_rows_count_and_updates_deletes_and_tombstones_are_passed_over"],
    },
    Case {
        name: "P16",
        what: "CloudEvents in binary mode, types in one topic",
        right: "headers are read; other types pass; a batch is told",
        tests: &[
            "cases::envelope::p16_cloud_events_in_binary_mode_are_read_from_their_headers_and_other_types_are_passed_over",
            "cases::envelope::p16_structured_cloud_events_are_read_and_a_batch_is_told",
        ],
    },
    Case {
        name: "P17",
        what: "times that are no ISO texts with an offset",
        right: "read as the instant that was meant, or refused",
        tests: &["cases::time::p17_a_time_is_read_as_the_instant_that_its_writer_meant_or_refused"],
    },
    Case {
        name: "P18",
        what: "ids that mean none",
        right: "told as bad ids, not correlated",
        tests: &[
            "cases::id::p18_ids_that_mean_none_are_told_and_not_correlated",
            "cases::id::p18_words_that_mean_none_are_no_text_ids",
        ],
    },
    Case {
        name: "P23",
        what: "Control-M on premises",
        right: "CA bundle, proxy, login; what is wrong is told once",
        tests: &[
            "cases::outage::p23_a_certificate_of_its_own_a_proxy_and_a_password_can_be_set",
            "cases::outage::p23_a_control_m_that_cannot_run_on_demand_is_told_at_the_start",
        ],
    },
];

/// The tests of this binary.
fn tests() -> BTreeSet<String> {
    let binary = std::env::current_exe().expect("a path");
    let output = Command::new(binary).args(["--list", "--format", "terse"]).output().expect("the list");
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().filter_map(|line| line.strip_suffix(": test").map(str::to_owned)).collect()
}

#[test]
fn each_test_in_the_table_exists_and_each_test_of_a_case_is_in_the_table() {
    let existing = tests();
    let listed = |case: &Case| case.tests.iter().map(|test| format!("kafka::{test}")).collect::<Vec<_>>();
    let listed: BTreeSet<String> = CASES.iter().flat_map(listed).collect();
    let missing: Vec<_> = listed.difference(&existing).collect();
    assert!(missing.is_empty(), "these tests do not exist: {missing:#?}");
    let is_of_case = |test: &&String| test.starts_with("kafka::cases::") && !test.starts_with("kafka::cases::table::");
    let unlisted: Vec<_> = existing.iter().filter(is_of_case).filter(|test| !listed.contains(*test)).collect();
    assert!(unlisted.is_empty(), "these tests are of no case: {unlisted:#?}");
}

/// One line for each test: the case, what it is, the right value, the test, separated by tabs.
#[test]
#[ignore = "printed for scripts/cases"]
fn lines() {
    for Case { name, what, right, tests } in &CASES {
        for test in *tests {
            println!("case\t{name}\t{what}\t{right}\tkafka::{test}");
        }
    }
}
