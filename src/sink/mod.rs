//! Reaches outside: executes the acts that the runtime hands over.
//!
//! | module | calls |
//! |---|---|
//! | [`control_m`] | BMC Control-M over its Automation API, and a simulator of it |

pub mod control_m;
