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

const CASES: [Case; 30] = [
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
            "cases::outage::p02_an_address_with_another_path_fails_no_bundle_and_is_named",
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
        name: "P4",
        what: "two applications on one cluster",
        right: "each delivers its own bundles only",
        tests: &["cases::neighbour::p04_two_applications_with_one_topic_of_submissions_deliver_their_own"],
    },
    Case {
        name: "P5",
        what: "a Kubernetes Service named `sheaf`",
        right: "its variables are passed over, mistyped settings are not",
        tests: &["cases::neighbour::p05_the_variables_of_a_service_named_sheaf_are_no_settings"],
    },
    Case {
        name: "P6",
        what: "timestamps of -1, in seconds, in microseconds",
        right: "not believed: counted, and replaced or rejected",
        tests: &["cases::time::p06_times_that_cannot_be_are_not_believed"],
    },
    Case {
        name: "P7",
        what: "clusters that allow records of 8 MiB",
        right: "their topics are used as they are",
        tests: &["e2e::neighbour::topics_of_a_cluster_that_allows_records_of_8_mib_are_used_as_they_are"],
    },
    Case {
        name: "P8",
        what: "READ on the sources is all there is",
        right: "it is enough; a missing right is named",
        tests: &["e2e::rights::the_documented_rights_are_enough_and_each_missing_one_is_named"],
    },
    Case {
        name: "P9",
        what: "names of applications that run together",
        right: "no shared transactional id, nobody is fenced",
        tests: &["cases::neighbour::p09_applications_whose_names_run_together_do_not_fence_each_other"],
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
        name: "P12",
        what: "numbers on their way into a definition",
        right: "the digits that were sent, or an error",
        tests: &["cases::template::p12_numbers_reach_the_definition_with_the_digits_that_were_sent"],
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
        name: "P19",
        what: "templates of people who know Python",
        right: "they work, or `validate` names line and remedy",
        tests: &["cases::template::p19_a_template_of_python_works_or_is_refused_before_the_first_bundle"],
    },
    Case {
        name: "P20",
        what: "braces, byte order marks, encodings of files",
        right: "passed over, or named with the remedy",
        tests: &["cases::template::p20_marks_braces_and_encodings_of_files_are_passed_over_or_named"],
    },
    Case {
        name: "P21",
        what: "a quiet week: the transactional id has expired",
        right: "the next events are processed, none twice",
        tests: &["cases::operator::p21_after_a_quiet_week_the_next_events_are_processed"],
    },
    Case {
        name: "P22",
        what: "a source behind somebody's open transaction",
        right: "named within a minute; at rest the lag is 0",
        tests: &["cases::operator::p22_a_source_behind_an_open_transaction_of_another_program_is_named"],
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
    Case {
        name: "P24",
        what: "Kerberos, OAUTHBEARER, IAM, Java's properties",
        right: "`validate` says what this build lacks",
        tests: &["cases::operator::p24_a_login_that_this_build_lacks_is_told_by_validate"],
    },
    Case {
        name: "P25",
        what: "one instance id in two pods",
        right: "the newcomer waits, work goes on",
        tests: &["e2e::stop::with_one_instance_id_the_newer_process_waits_while_the_older_lives"],
    },
    Case {
        name: "P26",
        what: "dead letters written back with their headers",
        right: "sheaf's are replaced, others are kept",
        tests: &["cases::operator::p26_a_dead_letter_that_is_written_back_keeps_its_headers_and_grows_none"],
    },
    Case {
        name: "P27",
        what: "a source that is deleted and created anew",
        right: "told, or read from its beginning; nothing is skipped",
        tests: &[
            "cases::neighbour::p27_a_source_that_is_created_anew_while_sheaf_is_stopped_is_read_from_its_beginning",
            "e2e::neighbour::a_source_that_is_created_anew_with_fewer_records_is_named",
            "e2e::neighbour::a_source_that_is_created_anew_with_more_records_is_named",
        ],
    },
    Case {
        name: "P28",
        what: "a broker whose transactions cannot work",
        right: "its setting is named within half a minute",
        tests: &[
            "e2e::neighbour::a_single_broker_with_three_replicas_for_transactions_is_named",
            "e2e::neighbour::a_single_broker_with_three_replicas_for_groups_is_named",
            "e2e::neighbour::a_broker_whose_advertised_name_does_not_resolve_is_named",
        ],
    },
    Case {
        name: "P29",
        what: "a first start on topics with a history",
        right: "a decision; without it nothing is submitted",
        tests: &["cases::operator::p29_a_first_start_on_a_history_is_a_decision"],
    },
    Case {
        name: "P30",
        what: "long names, 130 children, addresses, places from 0",
        right: "they work, or are told before the first bundle",
        tests: &[
            "cases::operator::p30_long_names_and_names_that_differ_in_a_dot_run",
            "cases::template::p30_more_children_than_control_m_takes_are_told_and_addresses_are_read",
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
