//! What comes with a commit: scopes, idempotency keys, holds, data keys, plans.

use shared::domain::job::Plan;
use shared::ports::{Commit, Companion, Conflict, Fault, KeyName, Keys, Requests, WrappedKey};

use super::ground::{Ground, assert_nothing_of, conflict, done};
use super::samples::{
    acme, at, full, hold_scope, id, idempotency, key, plan, release_scope, someone, step, submission,
};

pub(super) async fn a_taken_scope_refuses_a_second_open_request_until_it_is_released(ground: impl Ground) {
    let first = full(1);
    done(&ground, &first).await;
    let mut second = full(2);
    second.companions.remove(1);
    assert_eq!(conflict(&ground, &second).await, Conflict::ScopeTaken);
    assert_nothing_of(&ground, 2).await;
    let mut withdraw = step(&first.row, "withdraw", at(10));
    withdraw.companions = vec![release_scope()];
    done(&ground, &withdraw).await;
    done(&ground, &second).await;
}

pub(super) async fn nobody_releases_somebody_elses_scope(ground: impl Ground) {
    done(&ground, &full(1)).await;
    let other = submission(2);
    done(&ground, &other).await;
    let mut withdraw = step(&other.row, "withdraw", at(10));
    withdraw.companions = vec![release_scope()];
    let fault = ground.store().commit(&withdraw).await.expect_err("a contradiction");
    assert!(matches!(fault, Fault::Permanent { code: "corrupt", .. }), "{fault}");
    assert_eq!(ground.store().request(&key(2)).await.expect("read"), Some(other.row));
}

pub(super) async fn a_used_idempotency_key_explains_a_taken_scope(ground: impl Ground) {
    done(&ground, &full(1)).await;
    assert_eq!(conflict(&ground, &full(2)).await, Conflict::KeyUsed);
    assert_nothing_of(&ground, 2).await;
}

pub(super) async fn an_idempotency_key_past_its_day_is_free_although_its_row_is_there(ground: impl Ground) {
    let with_key_at = |n, used_at| Commit {
        companions: vec![Companion::Remember(idempotency(n, at(used_at)))],
        ..submission(n)
    };
    done(&ground, &with_key_at(1, 0)).await;
    assert_eq!(conflict(&ground, &with_key_at(2, 86_399)).await, Conflict::KeyUsed);
    done(&ground, &with_key_at(3, 86_400)).await;
    let now = ground
        .store()
        .remembered(&acme(), &someone("ada"), &"ab".repeat(32))
        .await
        .expect("read");
    assert_eq!(now.map(|key| key.request), Some(id(3)));
}

pub(super) async fn holds_that_changed_since_they_were_read_refuse_the_commit(ground: impl Ground) {
    let base = submission(1);
    done(&ground, &base).await;
    let approve = |version| {
        let mut approve = step(&base.row, "approve", at(10));
        let subject_ref = someone("ada");
        approve.companions = vec![Companion::CheckHolds { subject_ref, version }];
        approve
    };
    assert_eq!(
        conflict(&ground, &approve(Some(1))).await,
        Conflict::HoldsChanged,
        "there is none"
    );
    ground.put_holds(&someone("ada"), 1).await;
    let head = ground.store().holds(&acme(), &someone("ada")).await.expect("read");
    assert!(head.version == Some(1) && head.covers(&base.row.facts.scope));
    assert_eq!(
        conflict(&ground, &approve(None)).await,
        Conflict::HoldsChanged,
        "there is one now"
    );
    ground.put_holds(&someone("ada"), 2).await;
    assert_eq!(
        conflict(&ground, &approve(head.version)).await,
        Conflict::HoldsChanged,
        "it moved"
    );
    assert_eq!(
        ground.store().request(&key(1)).await.expect("read"),
        Some(base.row.clone())
    );
    done(&ground, &approve(Some(2))).await;
}

pub(super) async fn a_shredded_key_is_gone_with_the_commit_that_says_so(ground: impl Ground) {
    let base = full(1);
    done(&ground, &base).await;
    let person = KeyName::Person(acme(), id(1));
    let mut shred = step(&base.row, "shred", at(10));
    shred.companions = vec![Companion::DropKey(person.clone())];
    done(&ground, &shred).await;
    assert_eq!(ground.store().wrapped(&person).await.expect("read"), None);
}

pub(super) async fn a_scope_that_nobody_holds_can_be_released(ground: impl Ground) {
    let base = submission(1);
    done(&ground, &base).await;
    let mut withdraw = step(&base.row, "withdraw", at(10));
    withdraw.companions = vec![release_scope()];
    done(&ground, &withdraw).await;
}

pub(super) async fn of_one_subjects_scopes_each_kind_and_category_is_its_own(ground: impl Ground) {
    done(&ground, &full(1)).await;
    let Companion::HoldScope { subject_ref, kind, .. } = hold_scope() else {
        panic!("a scope is held");
    };
    let mut other = submission(2);
    let category = "profile".parse().expect("slug");
    other.companions = vec![Companion::HoldScope {
        subject_ref,
        kind,
        category,
    }];
    done(&ground, &other).await;
}

pub(super) async fn a_data_key_is_put_once_and_a_second_one_moves_nothing(ground: impl Ground) {
    let base = full(1);
    done(&ground, &base).await;
    let person = KeyName::Person(acme(), id(1));
    let mut rekey = step(&base.row, "verify", at(10));
    rekey.companions = vec![Companion::PutKey(person.clone(), WrappedKey(vec![8; 184]))];
    assert_eq!(conflict(&ground, &rekey).await, Conflict::Moved);
    let kept = ground.store().wrapped(&person).await.expect("read");
    assert_eq!(kept, Some(WrappedKey(vec![7; 184])));
    assert_eq!(ground.store().request(&key(1)).await.expect("read"), Some(base.row));
}

pub(super) async fn a_plan_in_the_way_of_an_unmoved_request_is_a_contradiction(ground: impl Ground) {
    let base = full(1);
    done(&ground, &base).await;
    let mut execute = step(&base.row, "execute", at(10));
    let anew = Plan {
        touched_at: at(10),
        ..plan()
    };
    execute.companions = vec![Companion::PutPlan(anew)];
    let fault = ground.store().commit(&execute).await.expect_err("a contradiction");
    assert!(matches!(fault, Fault::Permanent { code: "corrupt", .. }), "{fault}");
    assert_eq!(ground.store().request(&key(1)).await.expect("read"), Some(base.row));
}
