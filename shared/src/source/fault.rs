//! What an error of a source means: try again, repair something, or give up on one record.
//!
//! Both SDKs answer errors twice: for a whole call ([`of_sdk`]) and for one record inside a batch ([`of_code`]). The
//! codes are read in one place, so that throttling is the same thing in both. The SDK's error stays the source of the
//! fault; only `runtime` logs it, redacted.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::ports::Fault;

/// What a code asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The same call may succeed later, if all go slower.
    Throttled,
    /// The same call may succeed later.
    Later,
    /// A permission is missing (or the object is locked).
    Denied,
    /// The table or bucket does not exist.
    Gone,
    /// Anything else: the source refuses what was asked.
    Refused,
}

/// Reads an error code of DynamoDB or S3, of a whole call or of one entry in a batch.
pub(super) fn of_code(code: &str) -> Meaning {
    match code.strip_suffix("Exception").unwrap_or(code) {
        "Throttling"
        | "ThrottlingError"
        | "ThrottledException"
        | "ProvisionedThroughputExceeded"
        | "RequestLimitExceeded"
        | "TooManyRequests"
        | "SlowDown"
        | "Busy" => Meaning::Throttled,
        "TransactionConflict"
        | "TransactionInProgress"
        | "ReplicatedWriteConflict"
        | "InternalServerError"
        | "InternalServer"
        | "InternalError"
        | "InternalFailure"
        | "ServiceUnavailable"
        | "RequestTimeout"
        | "RequestTimeTooSkewed"
        | "OperationAborted"
        // The role's credentials ran out in the middle; the next invocation has new ones.
        | "ExpiredToken"
        | "RequestExpired" => Meaning::Later,
        "AccessDenied" | "AllAccessDisabled" | "UnrecognizedClient" | "InvalidAccessKeyId" | "MissingAuthenticationToken" => {
            Meaning::Denied
        }
        "ResourceNotFound" | "NoSuchBucket" => Meaning::Gone,
        _ => Meaning::Refused,
    }
}

/// The fault of a call that failed as a whole.
pub(super) fn of_sdk<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    of_meaning(operation, meaning_of(&error), error)
}

/// What the error of a whole call means.
pub(super) fn meaning_of<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Meaning {
    match error {
        // Built wrongly on our side: sending it again will not help.
        SdkError::ConstructionFailure(_) => Meaning::Refused,
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            match of_code(answer.err().code().unwrap_or_default()) {
                Meaning::Refused | Meaning::Later if status == 429 => Meaning::Throttled,
                Meaning::Refused if status >= 500 => Meaning::Later,
                // S3 answers a HEAD-like refusal without a body, and so without a code.
                Meaning::Refused if status == 403 => Meaning::Denied,
                meaning => meaning,
            }
        }
        // Timeouts, broken connections, answers cut short.
        _ => Meaning::Later,
    }
}

/// The fault for a meaning.
pub(super) fn of_meaning(
    operation: &'static str,
    meaning: Meaning,
    source: impl Into<crate::ports::BoxError>,
) -> Fault {
    match meaning {
        Meaning::Throttled | Meaning::Later => Fault::transient(operation, source),
        Meaning::Denied => Fault::permanent(operation, "access_denied", source),
        Meaning::Gone => Fault::permanent(operation, "source_gone", source),
        Meaning::Refused => Fault::permanent(operation, "source_refused", source),
    }
}

/// A manifest line that belongs to the other kind of source: manifest and data map do not fit together.
pub(super) fn foreign_line(operation: &'static str) -> Fault {
    Fault::corrupt(operation, "a manifest line of another kind of source")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_calls_and_of_entries_mean_the_same() {
        for code in [
            "ThrottlingException",
            "ThrottlingError",
            "ProvisionedThroughputExceeded",
            "SlowDown",
        ] {
            assert_eq!(of_code(code), Meaning::Throttled, "{code}");
        }
        for code in [
            "InternalServerError",
            "ServiceUnavailable",
            "TransactionConflictException",
        ] {
            assert_eq!(of_code(code), Meaning::Later, "{code}");
        }
        for code in ["AccessDenied", "AccessDeniedException"] {
            assert_eq!(of_code(code), Meaning::Denied, "{code}");
        }
        for code in ["ResourceNotFound", "ResourceNotFoundException", "NoSuchBucket"] {
            assert_eq!(of_code(code), Meaning::Gone, "{code}");
        }
        for code in ["ValidationError", "ConditionalCheckFailed", "MethodNotAllowed", ""] {
            assert_eq!(of_code(code), Meaning::Refused, "{code}");
        }
    }
}
