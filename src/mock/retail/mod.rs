//! The services around `examples/retail`: a shop that places orders, an inventory, a shipping service, the credits of customers, customers
//! who update their cards, and a card service over HTTP. They answer after a delay, refuse and fail by chance.
//!
//! ```text
//!  shop ───────────▶ flowing-retail ◀──▶ inventory, shipping, customers
//!                    customer-credit, customer-credit-refund ──▶ credits ──▶ payment-answers
//!  sheaf ──HTTP────▶ card service
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `service` | what a service answers to a message |
//! | `post` | reads messages, and writes the answers when they are due, exactly once |
//! | `card` | the card service |
//! | `chance` | what is refused, and what fails: a function of a seed and an id |

mod card;
mod chance;
mod post;
mod service;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use card::Card;
pub use post::Post;

/// The settings of the services.
#[derive(Clone, Debug)]
pub struct RetailSettings {
    /// The time that each service takes.
    pub delay: Duration,
    /// How many of a hundred charges the card service refuses.
    pub refused: u8,
    /// How many of a hundred tasks and calls fail for a technical reason.
    pub failed: u8,
    /// The orders that the shop places.
    pub orders: u32,
    /// The time between two of them.
    pub every: Duration,
    /// The beginning of the ids of orders, other ones for each run.
    pub run: String,
    /// The seed of what is refused and what fails.
    pub seed: u64,
}

impl RetailSettings {
    /// Services that answer at once, and refuse and fail nothing; no orders.
    pub fn new(run: &str) -> Self {
        let (delay, every, run) = (Duration::ZERO, Duration::from_secs(1), run.to_owned());
        Self { delay, refused: 0, failed: 0, orders: 0, every, run, seed: 1 }
    }
}
