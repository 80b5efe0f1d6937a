//! Fills the secret and blob ports from AWS.
