//! The methods by which the rest of sheaf counts and sets the families, a file of methods for each file of families.

mod consumer;
mod outside;
mod producer;
mod task;
