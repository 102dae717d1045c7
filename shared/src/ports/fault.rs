//! Failures of the outside: worth another try, or not.

/// Any error, kept as the source.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Something outside failed. Names the operation, keeps the source, shows neither to a caller of the API.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Throttled, timed out, unavailable: the same call may succeed later.
    #[error("{operation}: failed for now")]
    Transient {
        /// Which call.
        operation: &'static str,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// Refused for good: the same call will fail again until somebody repairs something.
    #[error("{operation}: failed with {code}")]
    Permanent {
        /// Which call.
        operation: &'static str,
        /// Stable code, e.g. `access_denied`.
        code: &'static str,
        /// Why.
        #[source]
        source: BoxError,
    },
}

impl Fault {
    /// Worth another try.
    pub fn transient(operation: &'static str, source: impl Into<BoxError>) -> Self {
        Self::Transient {
            operation,
            source: source.into(),
        }
    }

    /// Not worth another try before a repair.
    pub fn permanent(operation: &'static str, code: &'static str, source: impl Into<BoxError>) -> Self {
        Self::Permanent {
            operation,
            code,
            source: source.into(),
        }
    }

    /// Stored bytes are not what was written: damaged, or of an unknown version.
    pub fn corrupt(operation: &'static str, source: impl Into<BoxError>) -> Self {
        Self::permanent(operation, "corrupt", source)
    }
}
