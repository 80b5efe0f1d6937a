//! Tests: the tokens of a source that answers when it is told to.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;

/// The longest wait for a thread.
const LIMIT: Duration = Duration::from_secs(30);

#[derive(Debug)]
struct Source {
    answers: Mutex<Receiver<Result<Token, TokenError>>>,
}

impl TokenSource for Source {
    fn fetch(&self) -> Result<Token, TokenError> {
        self.answers.lock().unwrap().recv_timeout(LIMIT).expect("no fetch that is not expected")
    }

    fn owner(&self) -> String {
        "the OAuth client orders".to_owned()
    }
}

#[derive(Debug, Default)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Acquire))
    }

    fn uptime(&self) -> Duration {
        Duration::ZERO
    }
}

/// What a client is told: the text of its token, or of the error.
struct Told(Sender<String>);

impl Recipient for Told {
    fn set(&self, token: &Token) {
        _ = self.0.send(token.value.clone());
    }

    fn fail(&self, error: &TokenError) {
        _ = self.0.send(error.to_string());
    }
}

struct World {
    tokens: Tokens,
    answers: Sender<Result<Token, TokenError>>,
    clock: Arc<Hand>,
}

impl World {
    fn new() -> Self {
        let (answers, to_come) = channel();
        let clock = Arc::<Hand>::default();
        let source = Arc::new(Source { answers: Mutex::new(to_come) });
        let tokens = Tokens::new(source, Arc::<Hand>::clone(&clock));
        Self { tokens, answers, clock }
    }

    fn client(&self) -> (Registration, Receiver<String>) {
        let (told, tells) = channel();
        (self.tokens.register(Box::new(Told(told))), tells)
    }

    fn answer(&self, answer: Result<Token, TokenError>) {
        self.answers.send(answer).unwrap();
    }

    fn wait_until_idle(&self) {
        while self.tokens.0.lock().is_running {
            thread::yield_now();
        }
    }
}

/// A token that ends so many seconds after 1970.
fn token(value: &str, ends_s: i64) -> Token {
    let expires = Timestamp::from_millis(ends_s * 1000);
    Token { value: value.to_owned(), expires, principal: String::new(), extensions: Vec::new() }
}

fn unavailable() -> TokenError {
    TokenError::Unavailable("down".to_owned())
}

#[test]
fn one_fetch_serves_all_clients_and_the_last_one_ends_the_thread() {
    let world = World::new();
    let (first, told_first) = world.client();
    assert_eq!(world.tokens.trouble().as_deref(), Some("the first token for OAUTHBEARER has not come yet"));
    world.answer(Ok(token("one", 600)));
    assert_eq!(told_first.recv_timeout(LIMIT).as_deref(), Ok("one"));
    let (second, told_second) = world.client();
    assert_eq!(told_second.try_recv().as_deref(), Ok("one"), "at once");
    assert_eq!(world.tokens.trouble(), None);
    drop((first, second));
    world.wait_until_idle();

    // The next client has the present token at once, and a thread that fetches another one, which all have.
    let (third, told_third) = world.client();
    assert_eq!(told_third.try_recv().as_deref(), Ok("one"));
    world.answer(Ok(token("two", 900)));
    assert_eq!(told_third.recv_timeout(LIMIT).as_deref(), Ok("two"));
    drop(third);
    world.wait_until_idle();
    // Not one that has ended.
    world.clock.0.store(900_000, Ordering::Release);
    assert_eq!(world.tokens.trouble().as_deref(), Some("the last token for OAUTHBEARER has ended"));
    let (_fourth, told_fourth) = world.client();
    world.answer(Ok(token("three", 1800)));
    assert_eq!(told_fourth.recv_timeout(LIMIT).as_deref(), Ok("three"));
    assert_eq!(world.tokens.trouble().as_deref(), Some("the last token for OAUTHBEARER has come late"));
    world.clock.0.store(910_000, Ordering::Release);
    assert_eq!(world.tokens.trouble(), None);
}

#[test]
fn a_failure_is_told_if_there_is_no_token_and_tried_again() {
    let world = World::new();
    let (_first, told_first) = world.client();
    world.answer(Err(unavailable()));
    assert_eq!(told_first.recv_timeout(LIMIT).as_deref(), Ok("down"));
    let (_second, told_second) = world.client();
    assert_eq!(told_second.try_recv().as_deref(), Ok("down"), "who comes later is told too");
    assert_eq!(world.tokens.trouble().as_deref(), Some("there is no new token for OAUTHBEARER: down"));
    // One that has ended already is none.
    world.answer(Ok(token("old", 0)));
    assert!(told_first.recv_timeout(LIMIT).unwrap().contains("has ended already: compare the clocks"));
    world.answer(Err(TokenError::Refused("who are you?".to_owned())));
    assert_eq!(told_first.recv_timeout(LIMIT).as_deref(), Ok("who are you?"));
    assert_eq!(world.tokens.trouble(), None, "to wait does not help");
    world.answer(Ok(token("one", 2)));
    assert_eq!(told_first.recv_timeout(LIMIT).as_deref(), Ok("one"));
    // While there is a token, failures are only logged.
    world.answer(Err(unavailable()));
    world.answer(Ok(token("two", 600)));
    assert_eq!(told_first.recv_timeout(LIMIT).as_deref(), Ok("two"));
}

#[test]
fn the_wait_after_failures_grows_to_its_limit() {
    assert_eq!([1, 2, 4, 5, 100].map(|failures| wait_after(failures).as_secs()), [1, 2, 8, 10, 10]);
}

#[test]
fn a_token_is_not_shown() {
    let shown = format!("{:?}", token("s3cret", 600));
    assert!(shown.contains("Token") && !shown.contains("s3cret"), "{shown}");
}
