//! `$default`: no such path, or no such method on a path that exists.

use shared::runtime::http::Call;
use shared::state_machine::refusal::Refusal;

/// The paths of the API, with the places of ids and numbers, and the methods each has. A test compares them with the template's
/// routes.
pub(crate) const PATHS: [(&str, &str); 29] = [
    ("/v1/health", "GET"),
    ("/v1/data-map", "GET"),
    ("/v1/audit", "GET"),
    ("/v1/holds", "GET, POST"),
    ("/v1/holds/{id}/release", "POST"),
    ("/v1/subjects/{id}/gate", "GET"),
    ("/v1/requests", "GET, POST"),
    ("/v1/requests/{id}", "GET"),
    ("/v1/requests/{id}/verify", "POST"),
    ("/v1/requests/{id}/approve", "POST"),
    ("/v1/requests/{id}/reject", "POST"),
    ("/v1/requests/{id}/withdraw", "POST"),
    ("/v1/requests/{id}/extend", "POST"),
    ("/v1/requests/{id}/preview", "GET"),
    ("/v1/requests/{id}/execute", "POST"),
    ("/v1/requests/{id}/pause", "POST"),
    ("/v1/requests/{id}/resume", "POST"),
    ("/v1/requests/{id}/cancel", "POST"),
    ("/v1/requests/{id}/restore", "POST"),
    ("/v1/requests/{id}/restores/{n}", "GET"),
    ("/v1/requests/{id}/records", "GET"),
    ("/v1/requests/{id}/findings", "GET"),
    ("/v1/requests/{id}/findings/{n}/retry", "POST"),
    ("/v1/requests/{id}/findings/{n}/resolve", "POST"),
    ("/v1/requests/{id}/retry", "POST"),
    ("/v1/requests/{id}/audit", "GET"),
    ("/v1/requests/{id}/export", "GET"),
    ("/v1/requests/{id}/export/redeem", "POST"),
    ("/v1/requests/{id}/export/revoke", "POST"),
];

/// 405 with the methods there are where the path exists, else 404.
pub(crate) fn refusal(call: &Call) -> Refusal {
    let found = PATHS.iter().find(|(known, _)| matches(known, call.path()));
    found.map_or(Refusal::NotFound, |(_, methods)| {
        Refusal::MethodNotAllowed((*methods).to_owned())
    })
}

fn matches(known: &str, path: &str) -> bool {
    let (known, path): (Vec<_>, Vec<_>) = (known.split('/').collect(), path.split('/').collect());
    known.len() == path.len()
        && known
            .iter()
            .zip(path)
            .all(|(k, p)| *k == p || (k.starts_with('{') && !p.is_empty()))
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
