//! Control-M over its Automation API.

pub mod simulator;
