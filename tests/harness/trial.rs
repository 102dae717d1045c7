//! A trial: one tenant of the stack whose functions' calls go wrong as a script says, with a bystander whose data must
//! not change.
//!
//! Trials run side by side, each in a tenant of its own: a script concerns only the calls that speak of its tenant. Only
//! what works in the background is broken by default; what a person asked for is answered with an error, as it should be,
//! and the person asks again.

use std::sync::Arc;

use crate::app::App;
use crate::case::Case;
use crate::detour::{Detour, Patience};
use crate::oracle::Oracle;
use crate::people::Person;
use crate::proxy::{Fault, On, Script, When};
use crate::subject::{Records, Subject};

/// Tenants with periods of seconds, one for each trial; no name is part of another.
pub const TENANTS: [&str; 15] = [
    "trial-noise",
    "trial-outage",
    "trial-lost",
    "trial-doubled",
    "trial-poison",
    "trial-continued",
    "trial-silent",
    "trial-late",
    "trial-upgrade",
    "trial-million",
    "trial-forbidden",
    "trial-rights",
    "trial-exported",
    "trial-dropped",
    PACED,
];

/// One whose dataset `paced` has a pace of its own.
pub const PACED: &str = "trial-paced";

/// One more, whose recovery window is as long as documented.
pub const STOPPED: &str = "trial-stopped";

/// The functions nobody waits for.
pub const BACKGROUND: &[&str] = &[
    "PlanningFunction",
    "ExecutionFunction",
    "PackagingFunction",
    "SupervisionFunction",
    "NotificationFunction",
];

/// Whether the long form was asked for.
pub fn is_long() -> bool {
    std::env::var("LETHE_FAULTS").is_ok_and(|form| form == "long")
}

/// Which seed decides what a rate picks: `LETHE_SEED`, else 1.
pub fn seed() -> u64 {
    std::env::var("LETHE_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(1)
}

/// One tenant in trouble.
#[derive(Debug)]
pub struct Trial {
    /// The stack.
    pub app: App,
    /// What goes wrong.
    pub script: Arc<Script>,
    /// Somebody else of the same tenant.
    pub bystander: Person,
    /// What everybody had at the beginning.
    pub oracle: Oracle,
    _detour: Arc<Detour>,
}

impl Trial {
    /// A tenant of [`TENANTS`], with nothing wrong yet.
    pub async fn start(tenant: &str) -> Self {
        Self::start_with(tenant, Patience::Short).await
    }

    /// The same with another patience of functions and queues, if this is the first trial of the process.
    pub async fn start_with(tenant: &str, patience: Patience) -> Self {
        let mut app = App::start_in(tenant).await;
        app.rough = true;
        let detour = Detour::join(&app.stack, patience).await;
        let script = detour.proxy.script(tenant, seed());
        let bystander = app.subject("Ben").await.person;
        let oracle = Oracle::now(&app).await;
        Self {
            app,
            script,
            bystander,
            oracle,
            _detour: detour,
        }
    }

    /// From now on this goes wrong for calls of the background functions.
    pub fn background(&self, when: When, fault: Fault) {
        let on = On {
            functions: BACKGROUND,
            ..On::default()
        };
        self.script.rule(on, when, fault);
    }

    /// A customer whose request for erasure is executed.
    pub async fn executed<const N: usize>(&self, records: Records, scope: [&str; N]) -> (Subject<'_>, Case<'_>) {
        let ada = self.app.subject_with("Ada", records).await;
        let case = ada.submit(crate::deletion(scope)).await;
        case.verify().await.approve().await.grace_over().await.execute().await;
        (ada, case)
    }
}
