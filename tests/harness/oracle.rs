//! Whether somebody else's data is byte for byte what it was: every attribute of every item, every object version.

use demo::digest::{Snapshot, digest_except};

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
        let after = snapshot(app).await;
        let missing = Snapshot::default();
        let had = self.before.differences(&missing);
        let changed = self.before.differences(&after);
        for person in people {
            let theirs = |share: &&&demo::digest::Share| {
                share.tenant == person.tenant && Some(&share.customer) == person.subject_id.as_ref()
            };
            assert!(
                had.iter().any(|share| theirs(&share)),
                "{person:?} had no data to be kept"
            );
            let changes: Vec<_> = changed.iter().filter(theirs).collect();
            assert!(changes.is_empty(), "data of others has changed: {changes:?}");
        }
    }

    /// Fails if anything of any customer of `tenant` but `subject` has changed since; says how many there are.
    pub async fn all_untouched_but(&self, app: &App, tenant: &str, subject: &str) -> usize {
        let after = snapshot(app).await;
        let others = |share: &&&demo::digest::Share| share.tenant == tenant && share.customer != subject;
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
