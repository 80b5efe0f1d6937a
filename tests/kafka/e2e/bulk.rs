//! Commands to many entries, sent by the command line to those that a running instance finds.

use super::bundle::bundles;
use super::deployment::Deployment;
use super::process::{Process, until};

/// The exit code of a command beside the instance, its standard output, and its standard error.
fn sheaf(deployment: &Deployment, instance: &Process, words: &str) -> (Option<i32>, String, String) {
    let output = deployment.operator(instance, words).output().expect("the command");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_command_to_what_a_filter_finds_is_answered_for_each_entry() {
    let Some(deployment) = Deployment::open("e2e-bulk") else { return };
    let mut instance = deployment.run("a");
    let all = bundles(25, &mut fastrand::Rng::with_seed(1906));
    let parents: Vec<_> = all.iter().flat_map(|bundle| bundle.events().into_iter().take(1)).collect();
    deployment.write_events(&parents);
    until("all are open", || instance.metric("sheaf_processor_open_entries", "bundle") >= 25.0);
    let run = |words: &str| sheaf(&deployment, &instance, words);
    let listed = || run("bundles list --status open/waiting-children -o csv --limit 100").1.lines().count();
    until("all are listed", || listed() == 26);

    let (code, lines, told) = run("bundles extend --status open --until +6h --limit 10 --yes --why late");
    assert_eq!((code, lines.lines().count()), (Some(0), 10), "{lines}{told}");
    assert!(lines.lines().all(|line| line.ends_with("  accepted: open/waiting-children")), "{lines}");
    assert!(told.starts_with("there are more: --limit 20\n"), "{told}");
    assert!(told.ends_with("extend of 10 bundles: 10 accepted, 0 rejected\n"), "{told}");
    let (code, lines, told) = run("bundles cancel --yes --status open --why test");
    assert_eq!((code, lines.matches("accepted: open/waiting-children -> cancelled").count()), (Some(0), 25), "{told}");

    // Some are refused, and one has nothing to be sent with: each has its line, and the exit code is 1.
    let (one, unknown) = (&all[0].id, "00000000-0000-4000-8000-000000000000");
    let (code, lines, told) = run(&format!("bundles reopen {one} {unknown} --yes"));
    assert_eq!(code, Some(1), "{lines}{told}");
    assert!(lines.contains(&format!("{one}  accepted: cancelled -> open/waiting-children")), "{lines}");
    assert!(lines.contains(&format!("{unknown}  rejected: ")), "{lines}");
    assert!(told.ends_with("reopen of 2 bundles: 1 accepted, 1 rejected\n"), "{told}");
    let (code, lines, told) = run(&format!("deliveries resubmit {one} {unknown} --yes"));
    assert_eq!(code, Some(1), "{lines}{told}");
    assert!(
        lines.contains("  not sent: the topic ") && told.ends_with("0 accepted, 0 rejected, 2 not sent\n"),
        "{told}"
    );
    assert_eq!(instance.terminate(), Some(0));
}
