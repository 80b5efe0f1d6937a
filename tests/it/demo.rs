//! `sheaf demo --console`: a process with the console, looked at and acted on over HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// A running demo.
struct Demo {
    child: Child,
    address: String,
    /// What it printed after the verdict.
    printed: Vec<String>,
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn demo() -> Demo {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    command.args(["demo", "--console", "--port", "0"]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let first = lines.by_ref().find(|line| line.starts_with("The console: ")).expect("it ended before it served");
    let address = first.split("http://").nth(1).unwrap().trim_end_matches('/').to_owned();
    let printed: Vec<String> = std::iter::once(first).chain(lines.take(2)).collect();
    Demo { child, address, printed }
}

impl Demo {
    /// The status and the body of the answer to a request.
    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        let request = format!("{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.replace("&#x2f;", "/"))
    }

    fn get(&self, path: &str) -> String {
        let (status, body) = self.ask("GET", path, "");
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path)).unwrap()
    }

    /// Waits until this is so.
    fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let until = Instant::now() + Duration::from_mins(1);
        while !is_so() {
            assert!(Instant::now() < until, "{what} is missing: {}", self.get("/"));
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Ends it as Ctrl-C does; its exit code.
    fn interrupt(mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        self.child.wait().unwrap().code()
    }
}

#[test]
fn the_console_of_the_demo_opens_with_something_to_see_and_to_do_and_ends_by_a_signal() {
    let demo = demo();
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    for line in demo.printed.iter().skip(1) {
        assert!(readme.contains(line), "the README does not show: {line}");
    }
    for status in ["breached/waiting-children", "open/waiting-parent", "failed", "submitted", "waiting", "closed"] {
        // Counts are up to a second old.
        demo.until(status, || demo.get("/").contains(&format!("\n{status}</a>")));
    }
    let failed = demo.json("/api/v1/delivery/entries?status=failed")["items"][0]["key"].as_str().unwrap().to_owned();
    let page = demo.get(&format!("/entries/demo/delivery/entry?key={failed}"));
    assert!(page.contains("POST /run/ondemand") && page.contains("is not allowed for this user"), "{page}");
    assert!(demo.get("/dead-letters/demo").contains("missing_field"));

    // The child that nobody could read is mended, and its bundle is complete and submitted.
    let letters = demo.json("/api/v1/dead-letter/entries?text=children");
    let key = letters["items"][0]["key"].as_str().unwrap().replace('@', "%40");
    let letter = demo.json(&format!("/api/v1/dead-letter/entries/{key}"));
    let value = letter["content"]["record"]["value"]["text"].as_str().unwrap().replace("parentid", "parent_id");
    let bundle = serde_json::from_str::<Value>(&value).unwrap()["parent_id"].as_str().unwrap().to_owned();
    let order = json!({ "why": "a typo", "arguments": { "value": value } }).to_string();
    let (status, audit) = demo.ask("POST", &format!("/api/v1/dead-letter/entries/{key}/commands/edit"), &order);
    assert_eq!(status, 200, "{audit}");
    let path = format!("/api/v1/delivery/entries/{bundle}");
    demo.until("its submission", || demo.ask("GET", &path, "").1.contains("\"submitted\""));
    assert!(demo.get("/audit").contains("a typo"));
    assert_eq!(demo.interrupt(), Some(0));
}
