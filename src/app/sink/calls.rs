//! A sink with its target.

use std::sync::Arc;

use crate::model::{Sink, Target};

/// A sink with its target.
pub(super) type Targeted = (Target, Arc<dyn Sink>);
