//! The bundle processor: gathers a parent and its children, in any order.
