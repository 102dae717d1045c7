//! The subject's deletions that are under way: what they have hidden may yet come back, so it is the subject's still.

use crate::domain::ids::Category;
use crate::domain::request::{Facts, Kind, Status};
use crate::ports::{Fault, LIST_READS, ListQuery, ListScope, Requests};
use crate::state_machine::run::was_cut_short;

/// Deletions of the same subject that hide this category, and whose swept records are not all destroyed. The index lags
/// in their status, so each row is asked itself.
pub(super) async fn under_way(store: &impl Requests, facts: &Facts, category: &Category) -> Result<Vec<Facts>, Fault> {
    let mut query = ListQuery {
        tenant: facts.tenant.clone(),
        scope: ListScope::Subject(facts.subject_ref.clone()),
        kind: Some(Kind::Deletion),
        statuses: vec![],
        subject: None,
        from: None,
        to: None,
        limit: 100,
        reads: LIST_READS,
        after: None,
    };
    let mut found = Vec::new();
    loop {
        let page = store.list(&query).await?;
        for listed in page.items {
            let mut key = facts.key();
            key.id = listed.id;
            let row = store.request(&key).await?;
            found.extend(row.map(|row| row.facts).filter(|other| hides(other, category)));
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(found),
        }
    }
}

fn hides(facts: &Facts, category: &Category) -> bool {
    let open = facts.executed_at.is_some() && facts.shred_at.is_none();
    let alive = facts.status == Status::InProgress || was_cut_short(facts);
    open && alive && facts.scope.contains(category)
}
