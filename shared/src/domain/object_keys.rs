//! Every key of an object in the manifests bucket and in the vault, as pure functions.
//!
//! Guarantees: a key is made of slugs, validated ids, numbers and hashes only, so it names no person; everything of
//! one request in the manifests bucket lies under the prefixes of [`prefixes`], everything of one
//! request in the vault under [`vault`], of one chunk under [`vault_chunk`], and no request's prefix begins another's. Where next: `blob` puts and deletes under these keys; nobody
//! formats one elsewhere.

use super::chunk::{ChunkId, Op};
use super::ids::{DatasetId, RequestKey};

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

/// The prefix of a request's copies in the vault.
pub fn vault(request: &RequestKey) -> String {
    format!("v/{}/{}/", request.tenant, request.id)
}

/// The prefix of a chunk's copies in the vault.
pub fn vault_chunk(request: &RequestKey, chunk: &ChunkId) -> String {
    let ChunkId { dataset, generation, n } = chunk;
    format!("{}{dataset}/{generation}/{n}/", vault(request))
}

/// The name of a lease's `group`th copies among those of its chunk. Names sort in the order they were made in: a lease
/// has at most some hundred groups, and nobody leases a chunk a million times.
pub fn vault_group(epoch: u32, group: u32) -> String {
    format!("{epoch:06}-{group:06}")
}

/// The prefixes under which everything of a request lies in the manifests bucket; deleting all leaves nothing.
pub fn prefixes(request: &RequestKey) -> [String; 3] {
    [manifests(request), outcomes(request), copies(request)]
}

/// The `n`th group of items that a lease copied for an export.
pub fn copies_group(request: &RequestKey, chunk: &ChunkId, epoch: u32, n: usize) -> String {
    format!("{}{epoch:06}-{n:06}", copies_chunk(request, chunk))
}

/// The list of what a lease, and those before it, copied for an export.
pub fn copies_list(request: &RequestKey, chunk: &ChunkId, epoch: u32) -> String {
    format!("{}{epoch:06}-list", copies_chunk(request, chunk))
}

/// The `n`th group of items of a dataset that an export found in the vault.
pub fn copies_of_vault(request: &RequestKey, dataset: &DatasetId, n: usize) -> String {
    format!("{}{dataset}/vault-{n:06}", copies(request))
}

/// What goes into which part of a package.
pub fn contents(request: &RequestKey) -> String {
    format!("{}contents", copies(request))
}

/// The prefix of a request's package in the bucket `exports`.
pub fn package(request: &RequestKey) -> String {
    format!("p/{}/{}/", request.tenant, request.id)
}

/// A part of a package, named by the lease that writes it: nobody overwrites what somebody else has finished.
pub fn part(request: &RequestKey, epoch: u32, number: u32) -> String {
    format!("{}{epoch}-{number}.zip", package(request))
}

fn copies_chunk(request: &RequestKey, chunk: &ChunkId) -> String {
    let ChunkId { dataset, generation, n } = chunk;
    format!("{}{dataset}/{generation}/{n}/", copies(request))
}

fn copies(request: &RequestKey) -> String {
    format!("c/{}/{}/", request.tenant, request.id)
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
        assert_eq!(part(&key, 3, 1), format!("p/acme/{}/3-1.zip", key.id));
        assert!(part(&key, 3, 1).starts_with(&package(&key)) && package(&key).ends_with('/'));
    }

    #[test]
    fn copies_of_a_chunk_lie_together_in_the_order_they_were_made() {
        let key = request(7);
        let chunk = |n| ChunkId {
            dataset: "notes".parse().expect("slug"),
            generation: 1,
            n,
        };
        let prefix = vault_chunk(&key, &chunk(4));
        assert_eq!(prefix, format!("v/acme/{}/notes/1/4/", key.id));
        assert!(prefix.starts_with(&vault(&key)) && !prefix.starts_with(&vault(&request(8))));
        assert!(!vault_chunk(&key, &chunk(42)).starts_with(&prefix));
        let names = [vault_group(2, 9), vault_group(2, 10), vault_group(10, 0)];
        assert!(names.is_sorted(), "{names:?}");
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
