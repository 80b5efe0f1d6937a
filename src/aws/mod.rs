//! Fills the secret and blob ports from AWS.
//!
//! | file | what it is |
//! |---|---|
//! | `secrets_manager` | `${aws-sm:name#json_key}` from Secrets Manager |
//! | `s3` | templates from a bucket, transferred only when their `ETag` has changed |
//!
//! The ports are called at the start and when something is read anew, never per record, so these adapters block: each
//! call runs on the handle of a tokio runtime and waits for it. They must therefore be called from a thread that is not
//! itself one of a tokio runtime (tokio refuses to block one of its own).
//!
//! Region, credentials and `AWS_ENDPOINT_URL` (moto, a VPC endpoint) come from AWS's own chain: environment, profile,
//! web identity, instance role.

mod s3;
mod secrets_manager;

pub use s3::S3;
pub use secrets_manager::SecretsManager;

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use tokio::runtime::Handle;

/// How long one call may take with its retries; AWS's own default is for ever.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// How long one attempt of a call may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads region, credentials and endpoint from AWS's own chain. Nothing is called yet, except the instance's metadata
/// service when the environment and the profile name no region.
pub fn load(handle: &Handle) -> SdkConfig {
    let timeouts =
        TimeoutConfig::builder().operation_timeout(CALL_TIMEOUT).operation_attempt_timeout(ATTEMPT_TIMEOUT).build();
    handle.block_on(aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts).load())
}
