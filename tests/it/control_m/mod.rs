//! The Control-M sink against the simulator and against servers that misbehave, over real HTTP.

mod hostile;
mod simulator;
mod submit;
mod support;
