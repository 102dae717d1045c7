//! Every key of an object in the manifests bucket, as pure functions.
//!
//! Guarantees: a key is made of slugs, validated ids, numbers and hashes only, so it names no person; everything of
//! one request lies under the two prefixes of [`prefixes`], and no prefix of one request begins another's. Where next:
//! `blob` puts and deletes under these keys; nobody formats one elsewhere.

use super::chunk::{ChunkId, Op};
use super::ids::RequestKey;

/// A page's manifest, named by its content (`sha256` in hexadecimal).
pub fn manifest(request: &RequestKey, sha256: &str) -> String {
    format!("{}{sha256}", manifests(request))
}

/// What one operation of one lease did to each line of a chunk.
pub fn outcome(request: &RequestKey, chunk: &ChunkId, op: Op, epoch: u32) -> String {
    let ChunkId { dataset, generation, n } = chunk;
    format!(
        "{}{dataset}/{generation}/{n}/{}-{epoch}",
        outcomes(request),
        op.as_str()
    )
}

/// The prefixes under which everything of a request lies; deleting both leaves nothing.
pub fn prefixes(request: &RequestKey) -> [String; 2] {
    [manifests(request), outcomes(request)]
}

fn manifests(request: &RequestKey) -> String {
    format!("m/{}/{}/", request.tenant, request.id)
}

fn outcomes(request: &RequestKey) -> String {
    format!("o/{}/{}/", request.tenant, request.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::RequestId;

    fn request(random: u128) -> RequestKey {
        RequestKey {
            tenant: "acme".parse().expect("slug"),
            id: RequestId::from_parts(1_700_000_000_000, random),
        }
    }

    #[test]
    fn keys_read_as_designed() {
        let key = request(7);
        let chunk = ChunkId {
            dataset: "messages".parse().expect("slug"),
            generation: 1,
            n: 42,
        };
        assert_eq!(manifest(&key, "ab12"), format!("m/acme/{}/ab12", key.id));
        assert_eq!(
            outcome(&key, &chunk, Op::Sweep, 3),
            format!("o/acme/{}/messages/1/42/sweep-3", key.id)
        );
    }

    #[test]
    fn everything_of_a_request_lies_under_its_prefixes_and_nothing_of_another() {
        let (mine, other) = (request(1), request(2));
        let chunk = ChunkId {
            dataset: "m".parse().expect("slug"),
            generation: 0,
            n: 0,
        };
        let under = |key: &str| prefixes(&mine).iter().any(|prefix| key.starts_with(prefix));
        assert!(under(&manifest(&mine, "x")) && under(&outcome(&mine, &chunk, Op::Purge, 1)));
        assert!(!under(&manifest(&other, "x")) && !under(&outcome(&other, &chunk, Op::Purge, 1)));
        assert!(prefixes(&mine).iter().all(|prefix| prefix.ends_with('/')));
    }
}
