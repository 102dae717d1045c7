//! `$default`: no such path, or no such method on a path that exists.

use shared::runtime::http::Call;
use shared::state_machine::refusal::Refusal;

/// The paths of the API, with the place of the id. A test compares them with the template's routes.
pub(crate) const PATHS: [&str; 12] = [
    "/v1/health",
    "/v1/data-map",
    "/v1/requests",
    "/v1/requests/{id}",
    "/v1/requests/{id}/verify",
    "/v1/requests/{id}/approve",
    "/v1/requests/{id}/reject",
    "/v1/requests/{id}/withdraw",
    "/v1/requests/{id}/preview",
    "/v1/requests/{id}/execute",
    "/v1/requests/{id}/findings",
    "/v1/requests/{id}/audit",
];

/// 405 where the path exists, else 404.
pub(crate) fn refusal(call: &Call) -> Refusal {
    if PATHS.iter().any(|known| matches(known, call.path())) {
        Refusal::MethodNotAllowed
    } else {
        Refusal::NotFound
    }
}

fn matches(known: &str, path: &str) -> bool {
    let (known, path): (Vec<_>, Vec<_>) = (known.split('/').collect(), path.split('/').collect());
    known.len() == path.len()
        && known
            .iter()
            .zip(path)
            .all(|(k, p)| *k == p || (*k == "{id}" && !p.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_matches_by_its_parts() {
        assert!(matches("/v1/requests/{id}/audit", "/v1/requests/x/audit"));
        assert!(!matches("/v1/requests/{id}", "/v1/requests/"));
        assert!(!matches("/v1/requests/{id}", "/v1/requests/x/y"));
        assert!(!matches("/v1/health", "/v1/healthy"));
    }
}
