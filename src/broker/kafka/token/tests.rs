//! Tests: the tokens of a source that answers when it is told to.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};

use super::*;

/// The longest wait for a thread.
const LIMIT: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(10);

#[derive(Debug)]
struct Source {
    answers: Mutex<Receiver<Result<Token, TokenError>>>,
}

impl TokenSource for Source {
    fn fetch(&self) -> Result<Token, TokenError> {
        // Without an answer it panics, which is a failure as any other.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(LIMIT).expect("an answer")
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

/// What a client is told: the text of its token.
struct Told(Sender<String>);

impl Recipient for Told {
    fn set(&self, token: &Token) {
        _ = self.0.send(token.value.clone());
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
        let tokens = Tokens::with_wait(source, Arc::<Hand>::clone(&clock), PAUSE);
        Self { tokens, answers, clock }
    }

    fn client(&self) -> (Registration, Receiver<String>) {
        let (told, tells) = channel();
        (self.tokens.register(Box::new(Told(told))).unwrap(), tells)
    }

    fn answer(&self, answer: Result<Token, TokenError>) {
        self.answers.send(answer).unwrap();
    }

    fn wait_until(&self, condition: impl Fn(&Self) -> bool) {
        let (_kept, nothing) = channel::<()>();
        for _ in 0..LIMIT.as_millis() / PAUSE.as_millis() {
            if condition(self) {
                return;
            }
            assert_eq!(nothing.recv_timeout(PAUSE), Err(RecvTimeoutError::Timeout));
        }
        panic!("timed out at {:?}", self.tokens.standing());
    }

    fn wait_until_idle(&self) {
        self.wait_until(|world| !world.tokens.0.lock().is_running);
    }

    fn wait_for(&self, standing: &Standing) {
        self.wait_until(|world| world.tokens.standing() == *standing);
    }
}

/// A token that ends so many seconds after 1970.
fn token(value: &str, ends_s: i64) -> Token {
    let expires = Timestamp::from_millis(ends_s * 1000);
    Token { value: value.to_owned(), expires, principal: String::new(), extensions: Vec::new() }
}

fn missing(why: &str) -> Standing {
    Standing::Missing(why.to_owned())
}

#[test]
fn one_fetch_serves_all_clients_and_the_last_one_ends_the_thread() {
    let world = World::new();
    let (first, told_first) = world.client();
    assert_eq!(world.tokens.standing(), missing("the first one has not come yet"));
    world.answer(Ok(token("one", 600)));
    assert_eq!(told_first.recv_timeout(LIMIT).as_deref(), Ok("one"));
    let (second, told_second) = world.client();
    assert_eq!(told_second.try_recv().as_deref(), Ok("one"), "at once");
    assert_eq!(world.tokens.standing(), Standing::Valid { is_accepted: false });
    let figures = TokenFigures { is_failing: false, expires: Some(Timestamp::from_millis(600_000)) };
    assert_eq!(world.tokens.figures(), figures);
    world.tokens.accept();
    assert_eq!(world.tokens.standing(), Standing::Valid { is_accepted: true });
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
    assert_eq!(world.tokens.standing(), missing("the last one has ended"));
    let (_fourth, told_fourth) = world.client();
    world.answer(Ok(token("three", 1800)));
    assert_eq!(told_fourth.recv_timeout(LIMIT).as_deref(), Ok("three"));
}

#[test]
fn a_failure_is_kept_and_tried_again() {
    let world = World::new();
    let (client, told) = world.client();
    world.answer(Err(TokenError::Unavailable("down".to_owned())));
    world.wait_for(&missing("down"));
    assert_eq!(world.tokens.figures(), TokenFigures { is_failing: true, expires: None });
    // One that has ended already is none.
    world.answer(Ok(token("old", 0)));
    world.wait_until(
        |world| matches!(world.tokens.standing(), Standing::Missing(why) if why.contains("has ended already")),
    );
    world.answer(Err(TokenError::Refused("who are you?".to_owned())));
    world.wait_for(&Standing::Refused("who are you?".to_owned()));
    world.answer(Ok(token("one", 1)));
    assert_eq!(told.recv_timeout(LIMIT).as_deref(), Ok("one"));
    // The clock says that the next one is due. A token that has not ended is used while there is no other.
    world.clock.0.store(900, Ordering::Release);
    world.answer(Err(TokenError::Refused("who are you?".to_owned())));
    world.wait_until(|world| world.tokens.0.lock().error.is_some());
    assert_eq!(world.tokens.standing(), Standing::Valid { is_accepted: false });
    world.clock.0.store(1_000, Ordering::Release);
    assert_eq!(world.tokens.standing(), Standing::Refused("who are you?".to_owned()));
    // Who comes later does not hear of it.
    drop(client);
    world.wait_until_idle();
    assert_eq!(world.tokens.standing(), missing("the last one has ended"));
}

#[test]
fn a_source_that_panics_is_asked_again() {
    let World { tokens, answers, clock } = World::new();
    drop(answers);
    let world = World { tokens, answers: channel().0, clock };
    let (_client, _told) = world.client();
    world.wait_for(&missing("the source of tokens has panicked"));
    assert!(world.tokens.0.lock().is_running);
}

#[test]
fn the_wait_after_failures_grows_to_its_limit() {
    assert_eq!([1, 2, 4, 5, 100].map(|failures| wait_after(failures, WAIT_MIN).as_secs()), [1, 2, 8, 10, 10]);
}
