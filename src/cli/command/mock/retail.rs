//! `sheaf mock retail`: the services around `examples/retail` as a process.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use super::argument::duration;
use crate::app;
use crate::cli::exit::Failure;
use crate::cli::output::{print_stderr, print_stdout};
use crate::cli::signal;
use crate::mock::retail::{Card, Post, RetailSettings};
use crate::model::Clock as _;
use crate::runtime::{Incarnation, SystemClock};

/// The time between two looks at the topics.
const LOOK: Duration = Duration::from_millis(20);

/// Options of `sheaf mock retail`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
With a Kafka on localhost:9092, in three terminals:

  sheaf mock retail --orders 20 --refuse 20 --fail 10
  sheaf run -c examples/retail/sheaf.yaml
  sheaf flows list --application retail-order --watch

Each service takes --delay for its answer. The credits pay ten of each order, and the card the rest; a refused card is
updated by the customer. A failed task is answered with TaskFailed, a failed call with 503: sheaf tries them again.
Messages are answered exactly once, also after a kill; GET http://ADDRESS/ counts the charges. It creates the topics that
are missing, and ends with Ctrl-C, or when Kafka is away for long.")]
pub(in crate::cli::command) struct Retail {
    /// Kafka's brokers
    #[arg(short, long, value_name = "HOST:PORT,..", default_value = "localhost:9092")]
    bootstrap_servers: String,
    /// The address of the card service; port 0 takes a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8099")]
    bind: SocketAddr,
    /// Orders that the shop places
    #[arg(long, value_name = "N", default_value_t = 5)]
    orders: u32,
    /// The time between two orders
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    every: Duration,
    /// The time that each service takes
    #[arg(long, value_name = "DURATION", default_value = "500ms", value_parser = duration)]
    delay: Duration,
    /// How many of a hundred charges the card service refuses
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=100))]
    refuse: u8,
    /// How many of a hundred calls of the card service and tasks of the credits fail
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=100))]
    fail: u8,
    /// Seed of what is refused and what fails
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) fn main(args: &Retail) -> Result<ExitCode, Failure> {
    let settings = settings(args);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let card = runtime.block_on(Card::bind(args.bind, settings.clone())).map_err(|error| {
        let remedy = "choose another address with --bind, and set it in sinks.card and sinks.card-cleanup";
        Failure::Failed(anyhow::anyhow!("the card service cannot listen on {}: {error}: {remedy}", args.bind))
    })?;
    let broker = app::broker_at(&args.bootstrap_servers)?;
    let mut post = Post::open(&*broker, settings)?;
    print_stderr(&format!("card service: http://{}/charge; Kafka: {}", card.address(), args.bootstrap_servers));
    let served = runtime.spawn(card.serve());
    runtime.block_on(live(&mut post, args.orders))?;
    served.abort();
    post.close()?;
    Ok(ExitCode::SUCCESS)
}

/// Answers until a signal comes.
async fn live(post: &mut Post, orders: u32) -> Result<(), Failure> {
    let mut signal = std::pin::pin!(signal::received());
    let mut completed = 0;
    loop {
        for done in post.turn(SystemClock.uptime())? {
            print_stdout(&format!("{}  {}", done.key, done.kind));
        }
        if completed < post.completed() {
            completed = post.completed();
            print_stderr(&format!("{completed} of {orders} orders are completed"));
        }
        tokio::select! {
            biased;
            _ = &mut signal => return Ok(()),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

fn settings(args: &Retail) -> RetailSettings {
    // The end of a UUID: short in messages, and another one for each run.
    let id = Incarnation::of_this_process().id.simple().to_string();
    RetailSettings {
        delay: args.delay,
        refused: args.refuse,
        failed: args.fail,
        orders: args.orders,
        every: args.every,
        run: id.chars().rev().take(6).collect(),
        seed: args.seed,
    }
}
