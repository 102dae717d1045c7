//! Whether somebody else's data is byte for byte what it was: every attribute of every item, every object version.

use demo::digest::{Share, Snapshot, digest_except};

use crate::app::App;
use crate::people::Person;

/// What everybody had at one moment.
#[derive(Debug)]
pub struct Oracle {
    before: Snapshot,
}

impl Oracle {
    /// Looks at everything now.
    pub async fn now(app: &App) -> Self {
        Self {
            before: snapshot(app).await,
        }
    }

    /// Fails if anything of these people has changed since, or if they had nothing to begin with.
    pub async fn untouched(&self, app: &App, people: &[&Person]) {
        let changes = self.changes(app, people).await;
        assert!(changes.is_empty(), "data of others has changed: {changes:?}");
    }

    /// What of these people has changed since.
    pub async fn changes(&self, app: &App, people: &[&Person]) -> Vec<Share> {
        let after = snapshot(app).await;
        let theirs = |share: &Share, person: &Person| {
            share.tenant == person.tenant && person.subject_id.as_ref() == Some(&share.customer)
        };
        let nothing = Snapshot::default();
        let had = self.before.differences(&nothing);
        for person in people {
            assert!(
                had.iter().any(|share| theirs(share, person)),
                "{person:?} had no data to be kept"
            );
        }
        let changed = self.before.differences(&after).into_iter();
        changed
            .filter(|share| people.iter().any(|person| theirs(share, person)))
            .cloned()
            .collect()
    }

    /// Fails if anything of any customer of `tenant` but `subject` has changed since; says how many there are.
    pub async fn all_untouched_but(&self, app: &App, tenant: &str, subject: &str) -> usize {
        let after = snapshot(app).await;
        let others = |share: &&&Share| share.tenant == tenant && share.customer != subject;
        let changed = self.before.differences(&after);
        let changes: Vec<_> = changed.iter().filter(others).collect();
        assert!(changes.is_empty(), "data of others has changed: {changes:?}");
        self.before
            .differences(&Snapshot::default())
            .iter()
            .filter(others)
            .count()
    }
}

async fn snapshot(app: &App) -> Snapshot {
    let (clients, names) = app.sample();
    digest_except(&clients, &names, &[]).await.expect("a full scan")
}
