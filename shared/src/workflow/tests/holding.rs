//! Placing, releasing and listing legal holds: who may, what it does at once, and what is shown of it.

use super::desk::{Desk, play};
use super::people::{ada, eve, olga, otto, refusal, vera};
use crate::domain::actor::Caller;
use crate::domain::chunk::Op;
use crate::domain::data_map::DataMap;
use crate::domain::ids::HoldId;
use crate::ports::{Config, Holds, Pinned};
use crate::sim::blobs::SimConfig;
use crate::sim::sources::journal::RecordId;
use crate::state_machine::refusal::Refusal;
use crate::workflow::failure::Failure;
use crate::workflow::hold::{HoldsShown, fields_aad, list};

async fn listed(desk: &Desk, by: &Caller, after: Option<HoldId>, limit: u32) -> Result<HoldsShown, Failure> {
    list(&desk.records, by, (after, limit)).await
}

fn names(page: &HoldsShown) -> Vec<HoldId> {
    page.items.iter().map(|shown| shown.id).collect()
}

#[test]
fn a_hold_says_who_placed_and_who_released_it_and_why() {
    play(async |desk| {
        let placed = desk.hold(&olga(), &ada(), &["profile"]).await.expect("Olga may");
        assert!(placed.settled, "there is nothing to undo");
        desk.let_go(&otto(), placed.id).await.expect("Otto may");
        let shown = listed(&desk, &vera(), None, 10)
            .await
            .expect("Vera may")
            .items
            .remove(0);
        assert_eq!((shown.subject.id, shown.scope), (ada().subject_id, placed.scope));
        assert_eq!(
            (shown.reason.expose(), shown.placed_by.id.expose()),
            ("a lawsuit", "sub-olga")
        );
        let released = (shown.release_reason.expect("why"), shown.released_by.expect("who").id);
        assert_eq!(
            (released.0.expose(), released.1.expose()),
            ("it is settled", "sub-otto")
        );
        assert!(shown.released_at.is_some());
    });
}

#[test]
fn operators_hold_and_release_auditors_look_and_a_subject_does_neither() {
    play(async |desk| {
        let placed = desk.hold(&olga(), &ada(), &["profile"]).await.expect("Olga may");
        for by in [ada(), vera()] {
            let refused = refusal(desk.hold(&by, &ada(), &["profile"]).await);
            assert!(matches!(refused, Refusal::OperatorOnly));
            assert!(matches!(
                refusal(desk.let_go(&by, placed.id).await),
                Refusal::OperatorOnly
            ));
        }
        assert!(matches!(
            refusal(listed(&desk, &ada(), None, 10).await),
            Refusal::OperatorOnly
        ));
        assert_eq!(
            names(&listed(&desk, &vera(), None, 10).await.expect("Vera may")),
            [placed.id]
        );
    });
}

#[test]
fn a_page_of_holds_leads_on_only_if_there_are_more() {
    play(async |desk| {
        let mut placed = vec![];
        for _ in 0..3 {
            placed.push(desk.hold(&olga(), &ada(), &["profile"]).await.expect("Olga may").id);
        }
        placed.reverse();
        let first = listed(&desk, &olga(), None, 2).await.expect("Olga may");
        assert_eq!((names(&first), first.next), (placed[..2].to_vec(), Some(placed[1])));
        let second = listed(&desk, &olga(), first.next, 2).await.expect("Olga may");
        assert_eq!((names(&second), second.next), (placed[2..].to_vec(), None));
        let whole = listed(&desk, &olga(), None, 3).await.expect("Olga may");
        assert_eq!((names(&whole), whole.next), (placed, None));
    });
}

/// A data map in which the category `profile` is called otherwise, applied after the first.
async fn renamed(desk: &Desk) -> Desk {
    let policy = desk.config.policy().await.expect("read").expect("applied");
    let old = desk.config.data_map(None).await.expect("read").expect("applied");
    let yaml = include_str!("data-map.yaml").replace("category: profile", "category: account");
    let new = Pinned {
        version: "map-2".to_owned(),
        digest: "map-2".repeat(4),
        value: DataMap::parse(&yaml).expect("a data map"),
    };
    Desk {
        config: SimConfig::new(&desk.world, policy, vec![old, new]),
        ..desk.clone()
    }
}

#[test]
fn a_category_of_an_older_data_map_can_be_held_while_a_request_for_it_is_open() {
    play(async |desk| {
        desk.submitted_for(&["profile"]).await;
        let desk = renamed(&desk).await;
        let held = desk.hold(&olga(), &ada(), &["profile", "account"]).await;
        assert_eq!(held.expect("Ada's request is open").scope.len(), 2);
        let nobodys = refusal(desk.hold(&olga(), &eve(), &["profile"]).await);
        assert!(matches!(nobodys, Refusal::InvalidInput { .. }));
    });
}

#[test]
fn what_is_sealed_of_a_hold_opens_in_its_own_row_alone() {
    play(async |desk| {
        for scope in ["profile", "conversations"] {
            desk.hold(&olga(), &ada(), &[scope]).await.expect("Olga may");
        }
        let rows = desk
            .records
            .store
            .list_holds(&olga().tenant, None, 2)
            .await
            .expect("read");
        assert_ne!(fields_aad(&rows[0].hold), fields_aad(&rows[1].hold));
    });
}

#[test]
fn a_hold_has_the_expiry_of_what_is_hidden_removed_at_once() {
    play(async |desk| {
        desk.write("messages", 0..2);
        let key = desk.swept().await;
        let placed = desk.hold(&olga(), &ada(), &["conversations"]).await.expect("Olga may");
        assert!(!placed.settled, "TTL would still destroy them");
        assert_eq!(desk.waiting().len(), 1, "and supervision is not waited for");
        desk.work().await;
        let stripped = desk.chunks(&key).remove(0);
        assert_eq!((stripped.op, stripped.left_armed), (Op::Strip, false));
        assert!(
            desk.sources
                .items("messages")
                .iter()
                .all(|item| !item.contains_key("expires_at"))
        );
    });
}

#[test]
fn a_hold_is_not_settled_while_a_record_may_have_kept_its_expiry() {
    play(async |desk| {
        desk.write("messages", 0..2);
        let key = desk.swept().await;
        let locked = RecordId {
            container: "messages".to_owned(),
            key: "pk=TENANT#acme#CUSTOMER#ada sk=001".to_owned(),
        };
        desk.sources.lock(&locked, "access_denied");
        let placed = desk.hold(&olga(), &ada(), &["conversations"]).await.expect("Olga may");
        desk.work().await;
        assert!(desk.chunks(&key).remove(0).left_armed);
        let row = desk.records.store.hold(&olga().tenant, placed.id).await.expect("read");
        assert_eq!(row.expect("it stands").hold.settled_at, None);
    });
}
