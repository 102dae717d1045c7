//! From the SDK's errors to faults: worth another try, or a repair first.
//!
//! Guarantees: the operation is named by a fixed word, never by a key or value. The SDK has already retried what its
//! standard mode retries; what arrives here as transient is for the caller's queue or client to try again.

use std::error::Error;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::ports::Fault;

/// The fault an error stands for.
pub(super) fn fault<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> Fault
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match repair(&error) {
        Some(code) => Fault::permanent(operation, code, error),
        None => Fault::transient(operation, error),
    }
}

/// The stable code of what must be repaired; none if another try may do.
fn repair<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&'static str> {
    match error {
        SdkError::ConstructionFailure(_) => Some("invalid"),
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            repair_of_code(service.err().code().unwrap_or_default(), status)
        }
        // Time-outs, connections and unreadable answers: nobody can tell whether the call was done.
        _ => None,
    }
}

fn repair_of_code(code: &str, status: u16) -> Option<&'static str> {
    match code {
        "ProvisionedThroughputExceededException"
        | "ThrottlingException"
        | "ThrottlingError"
        | "RequestLimitExceeded"
        | "LimitExceededException"
        | "TransactionConflictException"
        | "TransactionInProgressException"
        | "InternalServerError"
        | "ExpiredTokenException" => None,
        "AccessDeniedException" | "UnrecognizedClientException" | "KMSAccessDeniedException" => Some("access_denied"),
        "ResourceNotFoundException" => Some("table_gone"),
        "ValidationException" => Some("invalid"),
        _ if status >= 500 || status == 429 => None,
        _ => Some("refused"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_tried_again_and_what_cannot_names_its_repair() {
        for code in [
            "ThrottlingException",
            "TransactionInProgressException",
            "ProvisionedThroughputExceededException",
        ] {
            assert_eq!(repair_of_code(code, 400), None, "{code}");
        }
        assert_eq!(repair_of_code("", 503), None);
        assert_eq!(repair_of_code("SomethingNew", 500), None);
        assert_eq!(repair_of_code("AccessDeniedException", 400), Some("access_denied"));
        assert_eq!(repair_of_code("ResourceNotFoundException", 400), Some("table_gone"));
        assert_eq!(repair_of_code("ValidationException", 400), Some("invalid"));
        assert_eq!(repair_of_code("SomethingNew", 400), Some("refused"));
    }
}
