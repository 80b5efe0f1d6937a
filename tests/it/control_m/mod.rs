//! The Control-M sink against the simulator and against faulty servers, over real HTTP.

mod hostile;
mod outage;
mod premises;
mod simulator;
mod submit;
mod support;
