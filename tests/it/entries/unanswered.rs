//! A bundle whose delivery cannot be asked for.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use super::node::sheaf;

/// Answers for a bundle, and for its delivery with an error of this status.
fn server(status: u16) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
            let asked = lines.next().unwrap();
            lines.by_ref().take_while(|line| !line.is_empty()).for_each(drop);
            let (status, body) = if asked.contains("/bundle/") {
                (200, r#"{"key":"order-7","status":["closed"],"instance":"a","partition":3,"entry":{}}"#)
            } else {
                (status, r#"{"detail":"the entry is in partition 1: b restores it"}"#)
            };
            let head = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\nConnection: close", body.len());
            write!(stream, "{head}\r\n\r\n{body}").unwrap();
        }
    });
    url
}

#[test]
fn a_delivery_that_cannot_be_asked_for_is_no_delivery_that_is_not_there() {
    let url = server(503);
    let told = sheaf(&["bundles", "show", "order-7", "--url", &url]);
    let line = format!(
        "delivery: it could not be asked for, so ask again: {url}/ answers 503: the entry is in partition 1: b restores it\n"
    );
    assert!(told.starts_with("bundle order-7: complete, and handed on\n") && told.contains(&line), "{told}");
    let told = sheaf(&["bundles", "show", "order-7", "--url", &server(404)]);
    assert!(!told.contains("delivery"), "there is none: {told}");
}
