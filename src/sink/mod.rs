//! Reaches outside: executes the acts that the runtime hands over.
