//! Shadow runs: what another topology would have done with what is in the topics.
//!
//! The records of a window are read from the sources without a group, and played in memory, by the clock of their timestamps. What comes out is
//! compared with what the application has really written in that window. Nothing is written to the cluster.
//!
//! | file | content |
//! |---|---|
//! | `request` | what to play, and the errors |
//! | `run` | the run |
//! | `window` | reads topics |
//! | `play` | plays the records |
//! | `compare` | the differences |

mod compare;
mod play;
mod request;
mod run;
mod window;

pub use compare::{Compared, Difference};
pub use play::Played;
pub use request::{Result, Shadow, ShadowError};
pub use window::Window;
