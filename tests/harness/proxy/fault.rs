//! What can go wrong between a function and a service, and each service's own words for it.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::call::Call;

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Refused unheard: slower, please.
    Throttled,
    /// Refused unheard: an error inside the service.
    Broken,
    /// Refused unheard: the function's role has no right to it.
    Denied,
    /// The connection ends before the service hears of the call.
    CutBefore,
    /// The service did it; the connection ends before the answer.
    CutAfter,
    /// It reaches the service only after so long, whoever still waits.
    Late(Duration),
    /// It reaches the service twice.
    Twice,
    /// A batch that the service took: one entry is reported as failed although it was done.
    EntryUnclear,
    /// A batch the service never saw: it answers 200, and every entry says to come back later.
    EntriesThrottled,
}

impl Fault {
    /// The kind, for counting.
    pub fn name(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Broken => "broken",
            Self::Denied => "denied",
            Self::CutBefore => "cut before",
            Self::CutAfter => "cut after",
            Self::Late(_) => "late",
            Self::Twice => "twice",
            Self::EntryUnclear => "entry unclear",
            Self::EntriesThrottled => "entries throttled",
        }
    }

    /// Whether it can happen to this call: only batches have entries.
    pub(super) fn fits(self, call: &Call) -> bool {
        let batch = matches!(
            call.operation.as_str(),
            "BatchExecuteStatement" | "SendMessageBatch" | "DeleteObjects"
        );
        match self {
            Self::EntryUnclear => batch,
            Self::EntriesThrottled => batch && call.service != "s3",
            _ => true,
        }
    }
}

/// An answer of the proxy's own.
pub(super) type Answer = Response<Bytes>;

/// How the service says "slower".
pub(super) fn throttled(call: &Call) -> Answer {
    match call.service.as_str() {
        "dynamodb" if call.body.len().is_multiple_of(2) => json_error(
            400,
            "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
        ),
        "dynamodb" => json_error(400, "com.amazon.coral.availability#ThrottlingException"),
        "sqs" => json_error(400, "com.amazonaws.sqs#RequestThrottled"),
        "s3" => xml_error(503, "SlowDown"),
        "ses" => json_error(429, "TooManyRequestsException"),
        _ => json_error(400, "ThrottlingException"),
    }
}

/// How the service says that it failed.
pub(super) fn broken(call: &Call) -> Answer {
    match call.service.as_str() {
        "dynamodb" => json_error(500, "com.amazonaws.dynamodb.v20120810#InternalServerError"),
        "s3" => xml_error(500, "InternalError"),
        "kms" => json_error(500, "KMSInternalException"),
        _ => json_error(500, "InternalFailure"),
    }
}

/// How the service says that the role may not.
pub(super) fn denied(call: &Call) -> Answer {
    match call.service.as_str() {
        "dynamodb" => json_error(400, "com.amazon.coral.service#AccessDeniedException"),
        "s3" => xml_error(403, "AccessDenied"),
        "ses" => json_error(403, "AccessDeniedException"),
        _ => json_error(400, "AccessDeniedException"),
    }
}

/// A 200 whose every entry was throttled.
pub(super) fn entries_throttled(call: &Call) -> Answer {
    let asked: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let entries = |name: &str| asked[name].as_array().cloned().unwrap_or_default();
    let body = if call.service == "sqs" {
        let failed = |entry: &Value| json!({ "Id": entry["Id"], "Code": "RequestThrottled", "SenderFault": false });
        json!({ "Successful": [], "Failed": entries("Entries").iter().map(failed).collect::<Vec<_>>() })
    } else {
        let refused = |_: &Value| json!({ "Error": { "Code": "ThrottlingError", "Message": "slower" } });
        json!({ "Responses": entries("Statements").iter().map(refused).collect::<Vec<_>>() })
    };
    answer(200, "application/x-amz-json-1.0", body.to_string())
}

/// What the service answered, but with its first entry reported as failed for now.
pub(super) fn entry_unclear(call: &Call, answered: &Bytes) -> Bytes {
    if call.service == "s3" {
        return first_deleted_unclear(&String::from_utf8_lossy(answered)).into();
    }
    let mut body: Value = serde_json::from_slice(answered).unwrap_or_default();
    if call.service == "sqs" {
        let sent = body["Successful"].as_array_mut().filter(|sent| !sent.is_empty());
        if let Some(id) = sent.map(|sent| sent.remove(0)["Id"].clone()) {
            body["Failed"] = json!([{ "Id": id, "Code": "InternalError", "SenderFault": false }]);
        }
    } else if let Some(first) = body["Responses"].as_array_mut().and_then(|all| all.first_mut()) {
        *first = json!({ "Error": { "Code": "InternalServerError", "Message": "unclear" } });
    }
    body.to_string().into()
}

fn first_deleted_unclear(xml: &str) -> String {
    let Some((before, rest)) = xml.split_once("<Deleted>") else {
        return xml.to_owned();
    };
    let Some((entry, after)) = rest.split_once("</Deleted>") else {
        return xml.to_owned();
    };
    let part = |name: &str| {
        let text = entry
            .split_once(&format!("<{name}>"))?
            .1
            .split_once(&format!("</{name}>"))?
            .0;
        Some(format!("<{name}>{text}</{name}>"))
    };
    let named: String = ["Key", "VersionId"].into_iter().filter_map(part).collect();
    format!("{before}<Error>{named}<Code>InternalError</Code><Message>unclear</Message></Error>{after}")
}

fn json_error(status: u16, kind: &str) -> Answer {
    let code = kind.rsplit('#').next().unwrap_or(kind).to_owned();
    let body = json!({ "__type": kind, "message": "injected" });
    let mut answer = answer(status, "application/x-amz-json-1.0", body.to_string());
    let code = HeaderValue::from_str(&code).expect("codes are plain words");
    answer
        .headers_mut()
        .insert(HeaderName::from_static("x-amzn-errortype"), code);
    answer
}

fn xml_error(status: u16, code: &str) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>injected</Message></Error>"
    );
    answer(status, "application/xml", body)
}

fn answer(status: u16, kind: &'static str, body: String) -> Answer {
    let mut answer = Response::new(Bytes::from(body));
    *answer.status_mut() = StatusCode::from_u16(status).expect("a status");
    answer
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(service: &str, operation: &str, body: Value) -> Call {
        Call {
            function: "ExecutionFunction",
            service: service.to_owned(),
            operation: operation.to_owned(),
            target: "/".to_owned(),
            body: body.to_string().into(),
        }
    }

    #[test]
    fn a_batch_is_answered_entry_by_entry() {
        let statements = call(
            "dynamodb",
            "BatchExecuteStatement",
            json!({ "Statements": [{}, {}, {}] }),
        );
        let answer: Value = serde_json::from_slice(entries_throttled(&statements).body()).unwrap();
        assert_eq!(answer["Responses"].as_array().unwrap().len(), 3);
        let unclear = entry_unclear(&statements, &json!({ "Responses": [{}, {}] }).to_string().into());
        let unclear: Value = serde_json::from_slice(&unclear).unwrap();
        assert_eq!(unclear["Responses"][0]["Error"]["Code"], "InternalServerError");
        assert!(unclear["Responses"][1]["Error"].is_null());
        let sends = call("sqs", "SendMessageBatch", json!({ "Entries": [{ "Id": "0" }] }));
        let answered = json!({ "Successful": [{ "Id": "0" }, { "Id": "1" }] })
            .to_string()
            .into();
        let unclear: Value = serde_json::from_slice(&entry_unclear(&sends, &answered)).unwrap();
        assert_eq!(
            (&unclear["Failed"][0]["Id"], &unclear["Successful"][0]["Id"]),
            (&json!("0"), &json!("1"))
        );
    }

    #[test]
    fn a_deleted_object_is_reported_as_failed() {
        let xml = "<R><Deleted><Key>a</Key><VersionId>v</VersionId></Deleted><Deleted><Key>b</Key></Deleted></R>";
        let unclear = first_deleted_unclear(xml);
        assert!(
            unclear.starts_with("<R><Error><Key>a</Key><VersionId>v</VersionId><Code>InternalError</Code>"),
            "{unclear}"
        );
        assert!(unclear.ends_with("<Deleted><Key>b</Key></Deleted></R>"));
    }

    #[test]
    fn only_batches_have_entries() {
        let single = call("dynamodb", "GetItem", json!({}));
        assert!(!Fault::EntryUnclear.fits(&single) && Fault::Broken.fits(&single));
        assert!(!Fault::EntriesThrottled.fits(&call("s3", "DeleteObjects", json!({}))));
    }
}
