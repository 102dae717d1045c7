//! Rows of plans and chunks, and what a refused page means.

use super::super::samples::at;
use super::*;
use crate::domain::chunk::{ChunkState, ManifestSlice};
use crate::domain::ids::RequestId;

fn key() -> RequestKey {
    RequestKey {
        tenant: "acme".parse().expect("slug"),
        id: RequestId::from_parts(1, 1),
    }
}

fn chunk() -> Chunk {
    let id = ChunkId {
        dataset: "messages".parse().expect("slug"),
        generation: 0,
        n: 11,
    };
    let manifest = ManifestSlice {
        object: "o".into(),
        offset: 7,
        length: 9,
        sha256: "ab".into(),
    };
    Chunk {
        state: ChunkState::Leased,
        epoch: 2,
        attempts: 2,
        send: 1,
        lease_until: Some(at("2026-11-21T12:00:40Z")),
        holder: Some("w".into()),
        rev: 6,
        ..Chunk::planned(id, 500, manifest, at("2026-11-21T12:00:00.123456789Z"))
    }
}

#[test]
fn a_chunk_survives_storage() {
    let item = chunk_item(&key(), &chunk());
    let back: Chunk = Reader::new(&item, "test").expect("v1").json("doc").expect("a chunk");
    assert_eq!(back, chunk());
    assert_eq!(item["rev"].as_n().expect("number"), "6");
    assert_eq!(item["state"].as_s().expect("text"), "Leased");
    assert!(item["pk"].as_s().expect("text").ends_with("#C3"));
    assert!(!item.contains_key("swept_at"));
}

#[test]
fn a_plan_survives_storage() {
    let plan = Plan {
        v: 1,
        dataset: "messages".parse().expect("slug"),
        generation: 1,
        cursor: Some("sealed".into()),
        complete: false,
        chunks: 99,
        planned: 49_500,
        arrived_later: 3,
        by_hand: false,
        rev: 2,
        touched_at: at("2026-11-21T12:00:00Z"),
    };
    let item = plan_item(&key(), &plan);
    let back: Plan = Reader::new(&item, "test").expect("v1").json("doc").expect("a plan");
    assert_eq!(back, plan);
    assert_eq!(item["rev"].as_n().expect("number"), "2");
}

#[test]
fn a_refused_page_is_lost_open_or_a_contradiction() {
    let answer = |refused| page_answer(Sent::Refused(refused), "test");
    assert!(page_answer(Sent::Written, "test").expect("written"));
    assert!(!page_answer(Sent::Repeated, "test").expect("to be read back"));
    let lost = vec![(Guard::Plan, Why::Condition), (Guard::Chunk, Why::Condition)];
    assert!(!answer(lost).expect("another planner"));
    let open = answer(vec![(Guard::Plan, Why::Contention)]);
    assert!(matches!(open, Err(Fault::Transient { .. })));
    // The other planner put the chunk, and its transaction had not let go of the plan.
    let both = answer(vec![(Guard::Plan, Why::Contention), (Guard::Chunk, Why::Condition)]);
    assert!(matches!(both, Err(Fault::Transient { .. })));
    let odd = answer(vec![(Guard::Chunk, Why::Condition)]);
    assert!(matches!(odd, Err(Fault::Permanent { code: "corrupt", .. })));
}
