//! The query, read strictly: an unknown name, a name given twice or a value that cannot be meant is refused with a
//! pointer to it (`/limit`). A misspelt filter must not silently list everything.

use std::str::FromStr;

use lambda_http::aws_lambda_events::query_map::QueryMap;

use super::body::invalid;
use super::call::Call;
use crate::state_machine::refusal::Refusal;

/// Refuses every parameter whose name is not in `known`.
pub fn only(call: &Call, known: &[&str]) -> Result<(), Refusal> {
    let names = call.query().into_iter().flat_map(QueryMap::iter).map(|(name, _)| name);
    // The map has no order; the smallest makes the answer the same each time.
    match names.filter(|name| !known.contains(name)).min() {
        None => Ok(()),
        Some(name) => Err(invalid(
            format!("/{}", name.replace('~', "~0").replace('/', "~1")),
            format!(
                "this query parameter is not known here; expected one of `{}`",
                known.join("`, `")
            ),
        )),
    }
}

/// A parameter that may be given once.
pub fn one<'a>(call: &'a Call, name: &str) -> Result<Option<&'a str>, Refusal> {
    match all(call, name)[..] {
        [] => Ok(None),
        [value] => Ok(Some(value)),
        _ => Err(invalid(format!("/{name}"), "this query parameter may be given once")),
    }
}

/// A parameter that may be given once, as a `T`; `expected` says what it must be.
pub fn parsed<T: FromStr>(call: &Call, name: &str, expected: &str) -> Result<Option<T>, Refusal> {
    let parse = |text: &str| {
        text.parse()
            .map_err(|_| invalid(format!("/{name}"), format!("expected {expected}")))
    };
    one(call, name)?.map(parse).transpose()
}

/// Every value of a parameter that may repeat, in order.
pub fn all<'a>(call: &'a Call, name: &str) -> Vec<&'a str> {
    call.query().and_then(|query| query.all(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::call::tests::call;
    use super::*;
    use serde_json::json;

    fn with(query: &str) -> Call {
        call("GET /v1/requests", json!({ "rawQueryString": query }))
    }

    fn pointer<T>(result: Result<T, Refusal>) -> Option<String> {
        match result {
            Err(Refusal::InvalidInput { pointer, .. }) => Some(pointer),
            _ => None,
        }
    }

    #[test]
    fn unknown_and_repeated_names_are_refused_with_their_place() {
        assert!(only(&with("status=a&status=b&limit=5"), &["status", "limit"]).is_ok());
        assert_eq!(
            pointer(only(&with("limit=5&stat/us=a"), &["limit"])).as_deref(),
            Some("/stat~1us")
        );
        assert_eq!(
            pointer(one(&with("limit=5&limit=5"), "limit")).as_deref(),
            Some("/limit")
        );
    }

    #[test]
    fn values_are_parsed_or_refused() {
        assert_eq!(all(&with("status=a&x=1&status=b"), "status"), ["a", "b"]);
        assert_eq!(parsed::<u32>(&with("limit=5"), "limit", "1 to 100"), Ok(Some(5)));
        assert_eq!(parsed::<u32>(&with(""), "limit", "1 to 100"), Ok(None));
        for bad in ["limit=", "limit=x", "limit=-1", "limit=5.0", "limit=%205"] {
            assert_eq!(
                pointer(parsed::<u32>(&with(bad), "limit", "1 to 100")).as_deref(),
                Some("/limit"),
                "{bad}"
            );
        }
    }
}
