//! A call of a function to a service, as the proxy reads it off the wire.

use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use serde_json::Value;

/// One signed request.
#[derive(Debug)]
pub(super) struct Call {
    /// The output that names the calling function, e.g. `ExecutionFunction`.
    pub(super) function: &'static str,
    /// `dynamodb`, `sqs`, `s3`, `kms` or `ses`: the service in the signature's scope.
    pub(super) service: String,
    /// The operation where the request names it (DynamoDB, SQS, KMS), else the method; S3's DeleteObjects by its name.
    pub(super) operation: String,
    /// Path and query.
    pub(super) target: String,
    /// The body.
    pub(super) body: Bytes,
}

impl Call {
    /// Reads what is being asked.
    pub(super) fn read(function: &'static str, parts: &Parts, body: Bytes) -> Self {
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        Self {
            function,
            service: service(&parts.headers).unwrap_or_default(),
            operation: operation(parts, target),
            target: target.to_owned(),
            body,
        }
    }

    /// How many statements a batch of them has.
    pub(super) fn entries(&self) -> usize {
        let asked: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        asked["Statements"].as_array().map_or(0, Vec::len)
    }

    /// Whether the call speaks of something. Bodies of S3 are sealed or somebody's file: there only the target counts,
    /// except for the list of keys to delete.
    pub(super) fn holds(&self, word: &str) -> bool {
        let readable = self.service != "s3" || self.operation == "DeleteObjects";
        self.target.contains(word) || readable && find(&self.body, word.as_bytes())
    }
}

fn find(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|part| part == word)
}

/// `AWS4-HMAC-SHA256 Credential=<id>/<day>/<region>/<service>/aws4_request, ...`
fn service(headers: &HeaderMap) -> Option<String> {
    let authorization = headers.get("authorization")?.to_str().ok()?;
    let scope = authorization.split("Credential=").nth(1)?.split(',').next()?;
    scope.split('/').nth(3).map(str::to_owned)
}

fn operation(parts: &Parts, target: &str) -> String {
    let named = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    if let Some(named) = named {
        return named.rsplit('.').next().unwrap_or_default().to_owned();
    }
    let query = target.split_once('?').map_or("", |(_, query)| query);
    if query.split('&').any(|one| one == "delete" || one == "delete=") {
        return "DeleteObjects".to_owned();
    }
    parts.method.as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn call(request: http::request::Builder, body: &'static str) -> Call {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Call::read("ExecutionFunction", &parts, Bytes::from_static(body.as_bytes()))
    }

    const SCOPE: &str = "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/";

    #[test]
    fn service_and_operation_are_read_off_the_headers() {
        let signed =
            |service: &str| Request::builder().header("authorization", format!("{SCOPE}{service}/aws4_request, x"));
        let get = call(
            signed("dynamodb")
                .header("x-amz-target", "DynamoDB_20120810.GetItem")
                .uri("/"),
            "{\"pk\":1}",
        );
        assert_eq!((get.service.as_str(), get.operation.as_str()), ("dynamodb", "GetItem"));
        assert!(get.holds("\"pk\"") && !get.holds("\"sk\""));
        let delete = call(signed("s3").method("POST").uri("/bucket?delete="), "<Key>acme/a</Key>");
        assert_eq!(
            (delete.service.as_str(), delete.operation.as_str()),
            ("s3", "DeleteObjects")
        );
        assert!(delete.holds("acme/"));
        let put = call(signed("s3").method("PUT").uri("/bucket/m/acme/dsr_1"), "acme-two");
        assert_eq!(put.operation, "PUT");
        assert!(
            put.holds("acme/dsr_1") && !put.holds("acme-two"),
            "contents of objects are not searched"
        );
    }
}
