//! Implements the secret and blob ports with AWS.
//!
//! | file | content |
//! |---|---|
//! | `secrets_manager` | `${aws-sm:name#json_key}` from Secrets Manager |
//! | `message` | errors of AWS in a sentence with the remedy |
//! | `s3` | templates from a bucket, transferred only when their `ETag` has changed |
//! The ports are called at the start and for a reload, never per record, so these adapters block: each call runs on the
//! handle of a tokio runtime and waits for it. So they must not be called from a thread of a tokio runtime (tokio
//! refuses to block one of its own).
//!
//! Region, credentials and `AWS_ENDPOINT_URL` (moto, a VPC endpoint) are of AWS's default chain: environment, profile,
//! web identity, instance role.

mod message;
mod s3;
mod secrets_manager;

pub use s3::S3;
pub use secrets_manager::SecretsManager;

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use tokio::runtime::Handle;

/// The time-out of one call with its retries; AWS's default is unlimited.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// The time-out of one attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// Loads region, credentials and endpoint by AWS's default chain. It sends no request, except to the instance's
/// metadata service if environment and profile have no region.
pub fn load(handle: &Handle) -> SdkConfig {
    let timeouts =
        TimeoutConfig::builder().operation_timeout(CALL_TIMEOUT).operation_attempt_timeout(ATTEMPT_TIMEOUT).build();
    handle.block_on(aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts).load())
}
