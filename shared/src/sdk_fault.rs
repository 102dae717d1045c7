//! How an answer of an AWS service becomes a [`Fault`]: is the same call worth another try?
//!
//! Guarantees: throttling, time-outs, broken connections and 5xx are transient; what is refused for good has a stable
//! code. The SDK's error is kept as the source; it may carry texts, so only `runtime::telemetry` prints of it, and
//! only codes. Used by the adapters, each of which adds the codes of its own service.

use std::error::Error;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::ports::Fault;

/// Codes that mean "slower" or "later" in one service or another, whatever the HTTP status says.
const LATER: [&str; 14] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "ProvisionedThroughputExceededException",
    "SlowDown",
    "RequestTimeout",
    "KMSInternalException",
    "DependencyTimeoutException",
    "InternalError",
    "ServiceUnavailable",
];

/// Whether the same call may succeed later.
pub(crate) fn is_transient<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            status >= 500 || status == 429 || answer.err().code().is_some_and(|code| LATER.contains(&code))
        }
        // A request that could not be built (no credentials, say) fails again; so does what the SDK adds one day.
        _ => false,
    }
}

/// The fault of a failed call. `known` maps the service's own codes to ours; what nobody mapped is `refused`.
pub(crate) fn fault<E>(
    operation: &'static str,
    error: SdkError<E, HttpResponse>,
    known: &[(&str, &'static str)],
) -> Fault
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    if is_transient(&error) {
        return Fault::transient(operation, error);
    }
    let code = stable_code(error.code().unwrap_or_default(), known);
    Fault::permanent(operation, code, error)
}

/// Our word for a service's code.
pub(crate) fn stable_code(theirs: &str, known: &[(&str, &'static str)]) -> &'static str {
    if theirs.starts_with("AccessDenied") {
        return "access_denied";
    }
    known
        .iter()
        .find(|(code, _)| *code == theirs)
        .map_or("refused", |(_, ours)| ours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_s3::error::ErrorMetadata;
    use aws_sdk_s3::operation::get_object::GetObjectError;
    use aws_sdk_s3::primitives::SdkBody;

    fn answered(status: u16, code: &str) -> SdkError<GetObjectError, HttpResponse> {
        let meta = ErrorMetadata::builder().code(code).message("about a person").build();
        let raw = HttpResponse::new(status.try_into().expect("a status"), SdkBody::empty());
        SdkError::service_error(GetObjectError::generic(meta), raw)
    }

    #[test]
    fn what_may_succeed_later_is_transient() {
        for (status, code) in [
            (503, "x"),
            (400, "ThrottlingException"),
            (429, ""),
            (500, "InternalError"),
        ] {
            assert!(
                matches!(fault("op", answered(status, code), &[]), Fault::Transient { .. }),
                "{code}"
            );
        }
        let lost = SdkError::<GetObjectError, HttpResponse>::timeout_error("late");
        assert!(matches!(fault("op", lost, &[]), Fault::Transient { .. }));
    }

    #[test]
    fn what_is_refused_has_a_stable_code() {
        let known = [("NotFoundException", "key_gone")];
        for (theirs, ours) in [
            ("AccessDenied", "access_denied"),
            ("AccessDeniedException", "access_denied"),
            ("NotFoundException", "key_gone"),
            ("Whatever", "refused"),
        ] {
            let Fault::Permanent { code, .. } = fault("op", answered(400, theirs), &known) else {
                panic!("{theirs} is not worth another try");
            };
            assert_eq!(code, ours);
        }
    }

    #[test]
    fn the_text_of_a_fault_says_nothing_of_the_services_message() {
        assert!(!fault("op", answered(400, "Bad"), &[]).to_string().contains("person"));
    }
}
