//! The key table of the design, line by line, and the order of instants.

use super::*;
use crate::domain::ids::RefKey;

fn key() -> RequestKey {
    RequestKey {
        tenant: "acme".parse().expect("slug"),
        id: RequestId::from_parts(1_700_000_000_000, 42),
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn chunk_9() -> ChunkId {
    ChunkId {
        dataset: "messages".parse().expect("slug"),
        generation: 1,
        n: 9,
    }
}

fn row(pk: &str, sk: &str) -> RowKey {
    RowKey::new(pk.to_owned(), sk)
}

const PK: &str = "REQ#acme#dsr_01HF7YAT00000000000000001A";

#[test]
fn rows_of_a_request_stand_where_the_design_says() {
    let (key, chunk_id) = (key(), chunk_9());
    assert_eq!(request(&key), row(PK, "REQUEST"));
    assert_eq!(plan(&key, &chunk_id.dataset, 1), row(PK, "PLAN#messages#1"));
    assert_eq!(progress(&key), row(PK, "PROGRESS"));
    assert_eq!(mail(&key, 3), row(PK, "OUTBOX#3"));
    let found = |about| {
        let found = Finding::new(chunk_id.clone(), "parked", at("2026-11-21T12:00:00Z"));
        finding(&key, &Finding { about, ..found })
    };
    assert_eq!(found(About::Chunk), row(PK, "FINDING#messages#1#9#parked"));
    assert_eq!(found(About::Plan), row(PK, "FINDING#messages#1#plan#parked"));
    assert_eq!(found(About::Leftover), row(PK, "FINDING#messages#1#all#parked"));
    assert_eq!(chunk(&key, &chunk_id), row(&format!("{PK}#C1"), "CHUNK#messages#1#9"));
    let digest = "0123456789abcdef".repeat(4);
    assert_eq!(preview(&key, &digest), Some(row(PK, &format!("PREVIEW#{digest}"))));
}

#[test]
fn rows_of_a_tenant_stand_where_the_design_says() {
    let tenant = key().tenant;
    let who = Ref::new(&RefKey::new(vec![1; 32]), "subject", "x");
    let category: Category = "messages".parse().expect("slug");
    let open = open_scope(&tenant, &who, Kind::Deletion, &category);
    assert_eq!(open, row(&format!("OPEN#acme#{who}#deletion#messages"), "OPEN"));
    assert_eq!(
        idempotency(&tenant, &who, "ab12"),
        row(&format!("IDEM#acme#{who}#ab12"), "IDEM")
    );
    let own = Bounded::Dataset(tenant.clone(), chunk_9().dataset);
    assert_eq!(limit(&own), row("LIMIT#acme#messages", "LIMIT"));
    let table = Bounded::Container("app-Messages".to_owned());
    assert_eq!(limit(&table), row("LIMIT#*#app-Messages", "LIMIT"));
    assert_eq!(hold_head(&tenant, &who), row(&format!("HOLDS#acme#{who}"), "HOLDS"));
    let submitted_at = at("2026-11-21T12:00:00Z");
    assert_eq!(
        found(&tenant, &who, submitted_at, key().id),
        row(&format!("FIND#acme#{who}"), &submitted(submitted_at, key().id))
    );
    let month = Month::of(submitted_at);
    assert_eq!(month_head(&tenant, month), row("AUDITHEAD#acme#2026-11", "HEAD"));
    assert_eq!(month_trail(&tenant, month), "AUDIT#acme#2026-11");
    assert_eq!(by_subject(&tenant, &who), format!("acme#{who}"));
    assert_eq!(by_status(&tenant, Status::InProgress), "acme#InProgress");
    assert_eq!((by_tenant(&tenant).as_str(), active(7).as_str()), ("acme", "A#7"));
}

#[test]
fn the_trail_stands_by_request_and_by_utc_day() {
    assert_eq!(trail(&key()), "AUDIT#acme#dsr_01HF7YAT00000000000000001A");
    assert_eq!(
        by_day(&key().tenant, "2027-01-01".parse().expect("a day")),
        "acme#2027-01-01"
    );
}

#[test]
fn keys_are_read_back_and_only_whole_ones() {
    assert_eq!(request_of(PK), Some(key()));
    assert_eq!(mail_of(PK, "OUTBOX#12"), Some((key(), 12)));
    for bad in ["REQ#acme", "REQ#Acme#dsr_1", &format!("{PK}#C1"), "OPEN#acme#x", ""] {
        assert_eq!(request_of(bad), None, "{bad}");
    }
    assert_eq!(mail_of(PK, "REQUEST"), None);
    assert_eq!(mail_of(PK, "OUTBOX#x"), None);
}

#[test]
fn a_digest_from_a_caller_is_a_digest_or_no_key() {
    for bad in ["", "abc", &"A".repeat(64), &"a#".repeat(32), &"a".repeat(65)] {
        assert_eq!(preview(&key(), bad), None, "{bad}");
    }
}

#[test]
fn instants_have_one_width_and_round_as_their_use_demands() {
    let odd = at("2026-11-21T23:55:58.1230001Z");
    assert_eq!(instant(odd), "2026-11-21T23:55:58.123Z");
    assert_eq!(instant_up(odd), "2026-11-21T23:55:58.124Z");
    assert_eq!(instant_exact(odd), "2026-11-21T23:55:58.123000100Z");
    let whole = at("2026-11-21T23:55:58Z");
    assert_eq!(instant(whole), "2026-11-21T23:55:58.000Z");
    assert_eq!(instant_up(whole), instant(whole));
    assert_eq!(instant_up(at("2026-11-21T23:59:59.9999Z")), "2026-11-22T00:00:00.000Z");
    assert_eq!(instant_up(Timestamp::MAX).len(), 24);
    assert_eq!((ttl(whole), ttl(odd)), (whole.as_second(), whole.as_second() + 1));
}

#[test]
fn a_history_sorts_by_instant_then_id() {
    let (early, late) = (RequestId::from_parts(1, 1), RequestId::from_parts(1, 2));
    let noon = at("2026-11-21T12:00:00Z");
    let next = at("2026-11-21T12:00:00.001Z");
    assert!(submitted(noon, early) < submitted(noon, late));
    assert!(submitted(noon, late) < submitted_last(noon));
    assert!(submitted_last(noon) < submitted(next, early));
}
