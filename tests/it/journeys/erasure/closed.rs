//! What must be true of a request that has ended well: its account, its trail, and that it has forgotten who it was about.

use std::collections::BTreeMap;

use harness::{Case, rows};
use serde_json::Value;

/// API, chunk rows and trail say the same: so many, all purged.
pub(super) async fn assert_account(case: &Case<'_>, expected: u64, closed: &Value) {
    let progress = &closed["job"]["progress"];
    for count in ["planned", "processed", "purged"] {
        assert_eq!(progress[count], expected, "{count} in {progress}");
    }
    assert_eq!(
        rows::counts(case.app, &case.id).await,
        BTreeMap::from([("purged".to_owned(), expected)])
    );
    let trail = case.trail().await;
    let entry = trail
        .iter()
        .find(|entry| entry["action"] == "verified_absent")
        .expect("the verification's entry");
    let account = entry["details"]["account"].as_object().expect("an account by dataset");
    assert_eq!(
        account
            .values()
            .filter_map(|counts| counts["purged"].as_u64())
            .sum::<u64>(),
        expected
    );
}

/// The stored chain holds, ends where the request says, and is what the API shows.
pub(super) async fn assert_trail_is_chained(case: &Case<'_>) {
    let (entries, head) = rows::trail(case.app, &case.id).await;
    shared::audit::verify(&entries, &head).expect("the chain holds");
    let stored: Vec<_> = entries
        .iter()
        .map(|entry| (entry.body.seq, entry.hash.as_str(), entry.body.prev.as_str()))
        .collect();
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    let link = |entry: &Value| {
        (
            entry["seq"].as_u64().unwrap_or_default(),
            text(entry, "hash"),
            text(entry, "prev"),
        )
    };
    for reader in [&case.app.approver, &case.owner] {
        let shown: Vec<_> = case.trail_of(reader).await.iter().map(link).collect();
        let shown: Vec<_> = shown
            .iter()
            .map(|(seq, hash, prev)| (*seq, hash.as_str(), prev.as_str()))
            .collect();
        assert_eq!(shown, stored);
    }
    let mut tampered = entries.clone();
    tampered[2].body.action = "reject".to_owned();
    assert!(
        shared::audit::verify(&tampered, &head).is_err(),
        "a changed entry is found"
    );
}

/// After the shredding nobody can read who it was about; what was done stays.
pub(super) async fn assert_forgotten(case: &Case<'_>, closed: &Value) {
    for (pointer, part) in [
        ("/subject/name", "name"),
        ("/subject/email", "address"),
        ("/subject/id", "id"),
        ("/reason", "reason"),
    ] {
        assert_eq!(
            closed.pointer(pointer),
            Some(&"[erased]".into()),
            "the {part} can still be read"
        );
    }
    assert!(
        !rows::has_person_key(case.app, &case.id).await,
        "the wrapped key is gone"
    );
    let own = case.get(&case.owner, "").await;
    assert_eq!(
        (&own["status"], &own["reason"]),
        (&"Completed".into(), &"[erased]".into()),
        "the owner sees that it is done"
    );
    let trail = case.trail().await;
    assert_eq!(trail[0]["personal"]["personal"], "[erased]", "{}", trail[0]);
}
