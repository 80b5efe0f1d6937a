//! Typed settings of a process: YAML files, the environment, flags.
