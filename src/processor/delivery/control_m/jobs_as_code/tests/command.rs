//! Values in the text of a shell.

use std::collections::BTreeSet;

use super::{Case, broken, case, job, with};

pub(super) fn cases() -> Vec<Case> {
    [commands(), commands_read_twice(), variables_of_variables(), arguments(), set_variables()].concat()
}

fn commands() -> Vec<Case> {
    let command = |text: &str| job(&format!(r#""Type": "Job:Command", "Command": "{text}""#));
    let place = "/f/j/Command";
    let variable = |value: &str, command: &str| {
        job(&format!(r#""Type": "Job:Command", "Command": "{command}", "Variables": [{{"N": "{value}"}}]"#))
    };
    vec![
        case(
            "command_value",
            "/f/j/Variables/0/N",
            variable("{{ x }}", "run %%N"),
            variable("{{ x }}", "run \\\"%%N\\\""),
        ),
        case(
            "command_value",
            "/f/j/Variables/0/N",
            variable("{{ sql }}", "run \\\"%%N\\\""),
            variable("{{ sql }}", "run %%NO"),
        ),
        case(
            "command_value",
            "/f/Variables/0/N",
            with("", r#""Variables": [{"N": "{{ x }}"}], "j": {"Type": "Job:Command", "Command": "run %%N"}"#),
            with("", r#""Variables": [{"N": "{{ id }}"}], "j": {"Type": "Job:Command", "Command": "run %%N"}"#),
        ),
        case("command_value", place, command("run {{ x }}"), command("run {{ id }}")),
        case("command_value", place, command("run \\\"{{ sql }}\\\""), command("run \\\"{{ x }}\\\"")),
        case("command_value", place, command("run '{{ sql }}'"), command("run '{{ x }}'")),
        case("command_value", place, command("run 'it' {{ x }}"), command("run {{ 'now; then' if x else '' }}")),
        case("command_value", place, job(r#""Type": "Job:Command", "Command": {{ x | tojson }}"#), command("run")),
        case(
            "command_value",
            "/f/j/more/Command",
            job(r#""Type": "Job:Dummy", "more": {{ job | tojson }}"#),
            job(r#""Type": "Job:Dummy", "Description": "{{ x }}""#),
        ),
    ]
}

/// Commands that are read in another way than their quotes tell; `id` passes everywhere, and `x` where it does no harm.
fn commands_read_twice() -> Vec<Case> {
    let command = |text: &str| job(&format!(r#""Type": "Job:Command", "Command": "{text}""#));
    let pair = |bad: &str, good: &str| {
        assert_eq!(broken(&command(&bad.replace("{{ x }}", "{{ id }}"))), BTreeSet::new(), "{bad}");
        case("command_value", "/f/j/Command", command(bad), command(good))
    };
    vec![
        pair(r#"run \"$(lookup {{ x }})\""#, r#"run \"{{ x }}\" \"$(date)\""#),
        pair(r#"run \"`lookup {{ x }}`\""#, r#"run \"{{ x }}\" `date`"#),
        pair(r"# don't stop\nload {{ x }}", r"# stop\nload '{{ x }}'"),
        pair(r"# don't stop\nload '{{ x }}'", r"load#don\\'t '{{ x }}'"),
        pair(r"cat <<E\nit's\nE\nload {{ x }}'", r"cat < e\nload '{{ x }}'"),
        pair(r"echo $'it\\'s' '{{ x }}'", r"echo 'its' '{{ x }}'"),
        pair(r#"echo \"${{ x }}\""#, r#"echo \"$ {{ x }}\""#),
        pair(r#"echo \"${A#'{{ x }}'}\""#, r#"echo \"${A}\" '{{ x }}'"#),
        pair("sh -c 'load {{ x }}'", "sh load.sh '{{ x }}'"),
        pair("/bin/bash -lc 'load {{ x }}'", "#!/bin/bash -e\\n/opt/bash/load '{{ x }}'"),
        pair("sudo su - a -c 'load {{ x }}'", "sudo -u su_a load '{{ x }}'"),
        pair(r#"ssh h \"load {{ x }}\""#, r#"load \"{{ x }}\" ssh.txt"#),
        pair("A='{{ x }}'; eval $A", "A='{{ x }}'; evaluate $A"),
        pair("echo '{{ x }}' | sh", "echo '{{ x }}' | sort"),
        pair("python3 -c 'load({{ x }})'", "python3 load.py '{{ x }}'"),
    ]
}

/// Arguments of a script, which are words of one command line.
fn arguments() -> Vec<Case> {
    let script = |arguments: &str| {
        let more = format!(r#""FileName": "a.sh", "FilePath": "/opt", "Arguments": [{arguments}]"#);
        job(&format!(r#""Type": "Job:Script", {more}"#))
    };
    let variable = |argument: &str| {
        let more = format!(r#""FileName": "a.sh", "FilePath": "/opt", "Arguments": ["-n", "{argument}"]"#);
        job(&format!(r#""Type": "Job:Script", {more}, "Variables": [{{"N": "{{{{ x }}}}"}}]"#))
    };
    vec![
        case("command_value", "/f/j/Arguments/1", script(r#""-n", "{{ x }}""#), script(r#""-n", "{{ id }}""#)),
        case("command_value", "/f/j/Arguments/0", script(r#""\"{{ sql }}\"""#), script(r#""\"{{ x }}\"""#)),
        case("command_value", "/f/j/Variables/0/N", variable("%%N"), variable(r#"\"%%N\""#)),
    ]
}

/// Variables that an action on a condition sets.
fn set_variables() -> Vec<Case> {
    let set = |value: &str, command: &str| {
        let action = format!(r#"{{"Type": "Action:SetVariable", "Variable": "N", "Value": "{value}"}}"#);
        job(&format!(
            r#""Type": "Job:Command", "Command": "{command}",
               "if": {{"Type": "If:CompletionStatus", "CompletionStatus": "NOTOK", "set": {action}}}"#
        ))
    };
    let shared = |value: &str| set(value, "run").replace("\"N\"", r#""\\\\N""#).replace("echo b", r"run %%\\\\N");
    let place = "/f/j/if/set/Value";
    vec![
        case("command_value", place, shared("{{ x }}"), shared("{{ id }}")),
        case("command_value", place, set("{{ x }}", "run %%N"), set("{{ id }}", "run %%N")),
        case("command_value", place, set("{{ x }}", "run %%N"), set("{{ x }}", "run \\\"%%N\\\"")),
        case("command_value", place, set("{{ sql }}", "run \\\"%%N\\\""), set("{{ sql }}", "run %%NO")),
    ]
}

/// Variables in variables, up to the text of a shell.
fn variables_of_variables() -> Vec<Case> {
    let chain = |command: &str, variables: &str| {
        job(&format!(r#""Type": "Job:Command", "Command": "{command}", "Variables": [{variables}]"#))
    };
    let pair = |command: &str, bad: &str, good: &str| {
        case("command_value", "/f/j/Variables/0/A", chain(command, bad), chain(command, good))
    };
    let cycle = r#"{"A": "{{ x }}"}, {"B": "%%A %%C"}, {"C": "%%B"}"#;
    let inherited = |value: &str| {
        with(r#""Type": "Job:Command""#, &format!(r#""Variables": [{{"A": "{value}"}}]"#))
            .replace(r#""Type": "Job:Dummy", "adds""#, r#""adds""#)
            .replacen('{', r#"{"Defaults": {"Job": {"Command": "run %%A"}}, "#, 1)
    };
    vec![
        pair("run %%B", r#"{"A": "{{ x }}"}, {"B": "%%A"}"#, r#"{"A": "{{ id }}"}, {"B": "%%A"}"#),
        pair("run %%B", r#"{"A": "{{ x }}"}, {"B": "a %%A"}"#, r#"{"A": "{{ x }}"}, {"B": "a '%%A'"}"#),
        pair("run '%%B'", r#"{"A": "{{ x }}"}, {"B": "a' %%A '"}"#, r#"{"A": "{{ x }}"}, {"B": "a %%A"}"#),
        pair(r"run %%\\B", r#"{"A": "{{ x }}"}, {"C": "%%A"}, {"\\B": "%%C"}"#, r#"{"A": "{{ x }}"}, {"C": "%%A"}"#),
        pair("run %%C", cycle, &cycle.replace("{{ x }}", "{{ id }}")),
        pair("ssh h '%%A'", r#"{"A": "{{ x }}"}"#, r#"{"A": "{{ id }}"}"#),
        case("command_value", "/f/Variables/0/A", inherited("{{ x }}"), inherited("{{ id }}")),
    ]
}

#[test]
fn a_cycle_of_many_variables_ends() {
    let all: Vec<String> = (0..40).map(|number| format!("%%V{number}")).collect();
    let variables: Vec<String> = (0..40).map(|number| format!(r#"{{"V{number}": "{}"}}"#, all.join(" "))).collect();
    let own = r#"{"V": "{{ x }}"}"#;
    let of = |command: &str| {
        let variables = variables.join(", ").replacen("%%V1 ", "%%V1 %%V ", 1);
        job(&format!(r#""Type": "Job:Command", "Command": "{command}", "Variables": [{own}, {variables}]"#))
    };
    let expected = BTreeSet::from([("command_value", "/f/j/Variables/0/V".to_owned())]);
    assert_eq!(broken(&of("run %%V3")), expected);
}
