//! Stands in for other systems, in tests, the demo and `sheaf mock`.
//!
//! | module | the system |
//! |---|---|
//! | [`control_m`] | BMC Control-M: its Automation API over HTTP, with faults |
//! | [`retail`] | the services around `examples/retail` |

pub mod control_m;
pub mod retail;
