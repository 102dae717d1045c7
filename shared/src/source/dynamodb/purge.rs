//! Purge: delete the items that still carry this request's mark.
//!
//! Guarantees: an item without the mark is never deleted, whatever the manifest says: the application wrote it anew
//! (`recreated`). An absent item is `purged`: TTL, the application or an earlier attempt did it. Lines that were not
//! swept are answered as they were and not even read.

use super::Tables;
use super::attribute::{self, Key};
use super::batch::Answer;
use super::layout::{Layout, Marked};
use super::statement::{self, Statement};
use super::sweep::keys;
use crate::domain::data_map::DynamoPlace;
use crate::domain::outcome::{Code, LineOutcome};
use crate::ports::{Fault, PurgeOrder};

const PURGE: &str = "deleting marked items";

impl Tables {
    /// Deletes what is marked.
    pub(in crate::source) async fn purge(
        &self,
        place: &DynamoPlace,
        order: &PurgeOrder<'_>,
    ) -> Result<Vec<LineOutcome>, Fault> {
        let layout = self.layout(order.dataset, place).await?;
        let keys = keys(PURGE, order.lines.iter().map(|(line, _)| line))?;
        let mut outcomes: Vec<LineOutcome> = order.lines.iter().map(|(_, outcome)| outcome.clone()).collect();
        let swept: Vec<usize> = (0..keys.len()).filter(|at| outcomes[*at].code == Code::Swept).collect();

        let marked = self.settle(&layout, order, &keys, swept, &mut outcomes).await?;
        let delete = |at: &usize| {
            let key = attribute::wire(keys[*at])?;
            Ok(statement::delete(&layout, &key, order.request.to_string()))
        };
        let statements = marked.iter().map(delete).collect::<Result<Vec<Statement>, Fault>>()?;
        let answers = self.run(PURGE, statements).await?;

        let mut contested = Vec::new();
        for (at, answer) in marked.into_iter().zip(answers) {
            match answer {
                Answer::Done => outcomes[at] = LineOutcome::plain(Code::Purged),
                Answer::Refused(code) => outcomes[at] = LineOutcome::failed(code),
                Answer::ConditionFailed => contested.push(at),
            }
        }
        for at in self.settle(&layout, order, &keys, contested, &mut outcomes).await? {
            // The mark is there, and yet the condition on it failed: somebody writes to this item all the time.
            outcomes[at] = LineOutcome::failed("changed");
        }
        Ok(outcomes)
    }

    /// Reads lines consistently, settles those that are gone or not ours, answers those that carry our mark.
    async fn settle(
        &self,
        layout: &Layout<'_>,
        order: &PurgeOrder<'_>,
        keys: &[&Key],
        which: Vec<usize>,
        outcomes: &mut [LineOutcome],
    ) -> Result<Vec<usize>, Fault> {
        let found = self.read_lines(PURGE, layout, keys, &which).await?;
        let mut marked = Vec::new();
        for at in which {
            match found.get(keys[at]).map(|item| layout.mark_of(item, order.request)) {
                None => outcomes[at] = LineOutcome::plain(Code::Purged),
                Some(Marked::Mine) => marked.push(at),
                Some(Marked::Other | Marked::Free) => outcomes[at] = LineOutcome::plain(Code::Recreated),
            }
        }
        Ok(marked)
    }
}
