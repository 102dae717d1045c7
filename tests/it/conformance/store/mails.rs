//! Mails owed: handed over by one, inserted anew by one.

use shared::domain::outbox::{Mail, MailState, Occasion};
use shared::ports::Outbox;

use super::ground::{Ground, done};
use super::samples::{at, key, step, submission};

pub(super) async fn a_mail_is_handed_over_by_one(ground: impl Ground) {
    done(&ground, &submission(1)).await;
    let store = ground.store();
    let owed = store
        .mail(&key(1), 1)
        .await
        .expect("read")
        .expect("owed by the submission");
    let taken = |second| Mail {
        state: MailState::Sending,
        attempts: 1,
        lease_until: Some(at(second)),
        rev: 1,
        ..owed.clone()
    };
    assert!(store.swap_mail(&key(1), 0, &taken(30)).await.expect("mine"));
    assert!(!store.swap_mail(&key(1), 0, &taken(31)).await.expect("an answer"));
    assert!(
        store
            .swap_mail(&key(1), 0, &taken(30))
            .await
            .expect("a row equal to mine is mine")
    );
    assert_eq!(store.mails(&key(1)).await.expect("read"), [taken(30)]);
    let unknown = Mail { n: 9, ..taken(30) };
    assert!(!store.swap_mail(&key(1), 0, &unknown).await.expect("an answer"));
    assert_eq!(store.mail(&key(1), 9).await.expect("read"), None, "no row is made up");
}

pub(super) async fn a_mail_is_inserted_anew_only_if_nobody_touched_it(ground: impl Ground) {
    done(&ground, &submission(1)).await;
    let store = ground.store();
    let old = store
        .mail(&key(1), 1)
        .await
        .expect("read")
        .expect("owed by the submission");
    let new = Mail::owed(1_001, Occasion::Received, at(60));
    let touched = Mail { rev: 4, ..old.clone() };
    assert!(!store.reinsert_mail(&key(1), &touched, &new).await.expect("an answer"));
    assert_eq!(store.mails(&key(1)).await.expect("read"), std::slice::from_ref(&old));
    assert!(store.reinsert_mail(&key(1), &old, &new).await.expect("inserted"));
    assert_eq!(store.mails(&key(1)).await.expect("read"), std::slice::from_ref(&new));
    let later = Mail::owed(1_002, Occasion::Received, at(61));
    assert!(
        !store.reinsert_mail(&key(1), &old, &later).await.expect("an answer"),
        "it is gone"
    );
    assert_eq!(store.mails(&key(1)).await.expect("read"), [new]);
}

pub(super) async fn a_mail_is_not_inserted_over_another(ground: impl Ground) {
    let base = submission(1);
    done(&ground, &base).await;
    done(&ground, &step(&base.row, "verify", at(10))).await;
    let store = ground.store();
    let both = store.mails(&key(1)).await.expect("read");
    let over = Mail::owed(2, Occasion::Received, at(60));
    assert!(!store.reinsert_mail(&key(1), &both[0], &over).await.expect("an answer"));
    assert_eq!(store.mails(&key(1)).await.expect("read"), both);
}
