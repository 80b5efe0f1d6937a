//! The Control-M sink against the simulator and against faulty servers, over real HTTP.

mod alerts;
mod archive;
mod command;
mod control;
mod hostile;
mod judge;
mod modes;
mod outage;
mod page;
pub(crate) mod premises;
mod runs;
mod simulator;
mod submit;
pub(crate) mod support;
