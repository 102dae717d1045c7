//! Transactions: all actions or none, within DynamoDB's limits, once per request token.
//!
//! The token is a digest of the transaction, as in the adapter. For ten minutes after it was written, the same
//! transaction is answered as done without being looked at; after that it meets its own conditions.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::action::{Action, Protects};
use super::{Inner, SimStore};
use crate::domain::ids::RequestKey;
use crate::ports::Fault;

/// Actions DynamoDB takes in one transaction.
const MAX_ACTIONS: usize = 100;
/// Bytes it takes; counted here by the text of the rows, which is longer than what DynamoDB counts.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// How long a token is remembered after its transaction was written.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_mins(10);
/// Thousandths of the transactions that meet another one.
const CONTENTION: u32 = 15;

/// Why an action was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Its condition does not hold.
    Condition,
    /// Another transaction has the row in hand.
    Contention,
}

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// All of it is written.
    Written,
    /// Nothing is written; which actions were refused.
    Refused(Vec<(Protects, Why)>),
}

/// Tokens of transactions written lately.
#[derive(Debug, Default)]
pub(super) struct Tokens(BTreeMap<[u8; 32], Timestamp>);

impl Tokens {
    fn remembers(&mut self, token: &[u8; 32], now: Timestamp) -> bool {
        self.0
            .retain(|_, written_at| now.duration_since(*written_at) <= TOKEN_LIFE);
        self.0.contains_key(token)
    }
}

impl SimStore {
    /// Sends a transaction of one request: one call. A transient fault leaves open whether it was written.
    pub(super) async fn transact(
        &self,
        op: &'static str,
        key: &RequestKey,
        actions: Vec<Action>,
    ) -> Result<Sent, Fault> {
        let token = checked(op, &actions)?;
        let what = format!("{key} ({} actions)", actions.len());
        let send = || {
            let (now, arrival) = (self.world.now(), self.arrival());
            let mut inner = self.inner.borrow_mut();
            inner.tables.expire(now);
            if inner.tokens.remembers(&token, now) {
                return Ok(Sent::Written);
            }
            let refused = self.refused(key, &actions, &inner);
            if !refused.is_empty() {
                return Ok(Sent::Refused(refused));
            }
            for action in actions {
                action.apply(key, &mut inner, arrival);
            }
            inner.transactions += 1;
            inner.tokens.0.insert(token, now);
            Ok(Sent::Written)
        };
        self.world.try_call(op, what, send).await
    }

    fn refused(&self, key: &RequestKey, actions: &[Action], inner: &Inner) -> Vec<(Protects, Why)> {
        let contended = self
            .world
            .mishap(CONTENTION)
            .then(|| self.world.roll(|dice| dice.below(actions.len())));
        let refusal = |(n, action): (usize, &Action)| {
            if contended == Some(n) {
                Some((action.protects(), Why::Contention))
            } else if action.holds(key, &inner.tables) {
                None
            } else {
                Some((action.protects(), Why::Condition))
            }
        };
        actions.iter().enumerate().filter_map(refusal).collect()
    }
}

/// The token of a transaction that DynamoDB can take.
fn checked(op: &'static str, actions: &[Action]) -> Result<[u8; 32], Fault> {
    if actions.len() > MAX_ACTIONS {
        let why = format!("{} actions; DynamoDB takes {MAX_ACTIONS}", actions.len());
        return Err(Fault::permanent(op, "too_many_actions", why));
    }
    let rows: BTreeSet<_> = actions.iter().map(Action::row).collect();
    if rows.len() < actions.len() || actions.is_empty() {
        return Err(Fault::permanent(op, "invalid", "no action, or two on one row"));
    }
    let text = format!("{actions:?}");
    if text.len() > MAX_BYTES {
        let why = format!("{} bytes; DynamoDB takes {MAX_BYTES}", text.len());
        return Err(Fault::permanent(op, "too_large", why));
    }
    Ok(Sha256::digest(text).into())
}
