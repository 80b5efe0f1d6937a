//! `--watch`: a list that is printed again and again.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};

use super::process::{Instance, instance, sheaf};

/// What a process prints until the text is there so often; it is killed then.
fn printed(command: &mut Command, instance: &Instance, (text, times): (&str, usize)) -> String {
    command.env("SHEAF_URL", &instance.url).env("SHEAF_TOKEN_FILE", "token").current_dir(instance.directory());
    let mut child: Child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (mut output, mut printed, mut buffer) = (child.stdout.take().unwrap(), Vec::new(), [0; 4096]);
    while String::from_utf8_lossy(&printed).matches(text).count() < times {
        let length = output.read(&mut buffer).unwrap();
        assert!(length > 0, "it ended: {}", String::from_utf8_lossy(&printed));
        printed.extend_from_slice(&buffer[..length]);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    String::from_utf8_lossy(&printed).into_owned()
}

#[test]
fn a_watched_list_is_repeated_with_a_separator_and_drawn_over_on_a_terminal() {
    let instance = instance();
    let plain = printed(sheaf().args(["instances", "--watch=1"]), &instance, ("--- 2", 3));
    assert!(plain.matches("│ shop-orders").count() >= 2 && !plain.contains('\u{1b}'), "{plain}");
    let json = printed(sheaf().args(["tasks", "-o", "json", "-w=1"]), &instance, ("[]", 2));
    assert!(!json.contains("---"), "a program finds no line that is none: {json}");
    let pty = "import pty, sys; pty.spawn(sys.argv[1:])";
    let mut terminal = Command::new("python3");
    terminal.args(["-c", pty, env!("CARGO_BIN_EXE_sheaf"), "instances", "--watch=1"]);
    let drawn = printed(&mut terminal, &instance, ("\u{1b}[H", 2));
    assert!(drawn.contains("shop-orders") && drawn.contains("\u{1b}[J"), "{drawn:?}");
}
