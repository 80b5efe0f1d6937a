//! The command line: wires everything; the only place that prints and exits.
