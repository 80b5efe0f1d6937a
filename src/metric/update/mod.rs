//! The methods that update the families, in a file for each file of families.

mod consumer;
mod outside;
mod producer;
mod task;
