//! The Control-M sink against the simulator and against faulty servers, over real HTTP.

mod hostile;
mod judge;
mod outage;
pub(crate) mod premises;
mod simulator;
mod submit;
pub(crate) mod support;
