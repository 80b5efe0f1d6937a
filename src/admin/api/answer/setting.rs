//! A setting of the configuration, without secrets.

use serde::Serialize;
use utoipa::ToSchema;

/// A setting of the configuration, without secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Setting {
    /// Its path in a file.
    #[schema(examples("commit.interval"))]
    pub path: String,
    /// Its value. What may be a secret is `***`, unless it is a reference to one, such as `${env:CTM_API_KEY}`.
    #[schema(examples("200ms"))]
    pub value: serde_json::Value,
    /// Where it was set: `default`, a file with line and column, a variable, or a flag.
    #[schema(examples("sheaf.yaml:4:3"))]
    pub origin: String,
}
