//! The secret port: values by reference, never printed.
