//! What must be true after any fault, read from outside: whole tables by Scan, the wire by the proxy's witness, the
//! application's data by its own scan. Lethe's code is not asked, except for what its API shows.
//!
//! | what | where |
//! |---|---|
//! | every planned record is accounted for once, and there are as many as were seeded: as all of them are gone, none was in two chunks | `account` |
//! | counters, recount and the sum in the trail are the same | `account` |
//! | one entry a transition, contiguous, each hash right; of a job that was repaired, from the last retry on | `trail` |
//! | no item marked twice, none deleted twice, unmarked or before its window's end | the witness, and `swept_at` of each chunk |
//! | nothing is left of the subject; of the others nothing changed | [`Trial::oracle`](crate::Trial) |
//! | no word that tells who somebody is, in tables, queues, buckets or logs | [`crate::canary`] |

mod account;
mod tables;
mod trail;

use serde_json::Value;

use crate::canary::Canary;
use crate::case::Case;
use crate::config::FAST_WINDOW;
use crate::subject::Subject;
use crate::trial::Trial;

use tables::Tables;

/// Fails unless everything above is true of an erasure of everything `subject` had, which has ended.
pub async fn hold(trial: &Trial, subject: &Subject<'_>, case: &Case<'_>, closed: &Value) {
    hold_all(trial, &[(subject, case, closed)]).await;
}

/// The same of several erasures at once: the tables are read once.
pub async fn hold_all(trial: &Trial, ended: &[(&Subject<'_>, &Case<'_>, &Value)]) {
    let app = &trial.app;
    let tables = Tables::read(app).await;
    let mut broken = vec![];
    for (subject, case, closed) in ended {
        let rows = tables.of(&app.tenant, &case.id);
        let mut found = account::check(&rows, closed, planned(subject));
        found.extend(trail::check(&rows));
        found.extend(account::early_purges(&rows));
        let left = subject.traces().await;
        found.extend((!left.is_empty()).then(|| format!("this is left: {left:?}")));
        broken.extend(found.into_iter().map(|what| format!("{}: {what}", case.id)));
    }
    broken.extend(trial.script.witness.offences(FAST_WINDOW));
    let changes = trial.oracle.changes(app, &[&trial.bystander]).await;
    broken.extend((!changes.is_empty()).then(|| format!("data of others has changed: {changes:?}")));
    let words: Vec<&str> = ended.iter().flat_map(|(subject, ..)| words(subject)).collect();
    broken.extend(Canary::new(&words).found(app).await);
    assert!(
        broken.is_empty(),
        "seed {}, faults {:?}:\n{}",
        crate::trial::seed(),
        trial.script.counts(),
        broken.join("\n")
    );
}

fn planned(subject: &Subject<'_>) -> u64 {
    subject.records.total()
}

fn words<'a>(subject: &'a Subject<'_>) -> [&'a str; 3] {
    [&subject.person.name, &subject.person.email, subject.id()]
}
