//! The stack as a test sees it: one tenant of it, with two operators and an auditor of the test's own.

use lethe::api::Api;
use lethe::clients::Clients;
use lethe::invoke;
use lethe::stack_file::Stack;

use crate::config;
use crate::people::{AUDITORS, OPERATORS, Person, sign_in};
use crate::subject::{Records, Subject};
use crate::wait::unique;

/// Grace period, recovery window and TTL slack of a few seconds.
pub const FAST: &str = "test-fast";
/// Another tenant with the same periods: two that live at once.
pub const NEIGHBOUR: &str = "test-neighbour";
/// A second's grace, then a recovery window of a week: for what is done while it is open.
pub const PATIENT: &str = "test-patient";
/// The same periods, for the one test that calls everything there is.
pub const CONTRACT: &str = "test-contract";
/// The same, with a dataset that has a pace of its own.
pub const FAIR: &str = "test-fair";
/// The documented defaults with a day of three seconds: a life of thirty days in a minute and a half.
pub const LIFE: &str = "test-life";
/// A subject is hidden from the approval on.
pub const EARLY: &str = "test-early";
/// Requests are shredded seconds after they closed, however they did; a minute to bring records back.
pub const ENDINGS: &str = "test-endings";
/// A window that is long enough to act in it on a busy machine, and then time for one round of TTL.
pub const AMPLE: &str = "test-ample";
/// The sample policy's short tenant: half a minute's window, and time for one round of TTL.
pub const ACME: &str = "acme";
/// The documented defaults: thirty days of grace.
pub const GLOBEX: &str = "globex";

/// One tenant of the deployed stack.
#[derive(Debug)]
pub struct App {
    /// Where everything is.
    pub stack: Stack,
    /// AWS clients with root's rights, for looking past the API. Each test has its own: they live on its runtime.
    pub clients: Clients,
    /// The tenant.
    pub tenant: String,
    /// Reviews and approves.
    pub approver: Api,
    /// Who that is.
    pub approver_person: Person,
    /// Executes.
    pub executor: Api,
    /// Whether faults are being injected: then a round of supervision may fail, and the next one is to be asked.
    pub rough: bool,
}

impl App {
    /// The fast tenant of the stack that `LETHE_STACK` names.
    pub async fn start() -> Self {
        Self::start_in(FAST).await
    }

    /// One tenant of that stack. Any name will do: a tenant is what a token says.
    pub async fn start_in(tenant: &str) -> Self {
        let stack = Stack::for_tests().expect("a stack for the tests");
        config::apply(&stack).await.expect("policy and data map are applied");
        let approver_person = Person::staff(tenant, OPERATORS);
        let approver = sign_in(&stack, &approver_person).await;
        let executor = sign_in(&stack, &Person::staff(tenant, OPERATORS)).await;
        let clients = Clients::of(&stack).await;
        Self {
            stack,
            clients,
            tenant: tenant.to_owned(),
            approver,
            approver_person,
            executor,
            rough: false,
        }
    }

    /// A tenant nobody else uses, with the default periods.
    pub async fn start_alone() -> Self {
        Self::start_in(&format!("t-{}", unique())).await
    }

    /// A customer with a few records in every dataset.
    pub async fn subject(&self, name: &str) -> Subject<'_> {
        self.subject_with(name, Records::default()).await
    }

    /// A customer with just these records.
    pub async fn subject_with(&self, name: &str, records: Records) -> Subject<'_> {
        Subject::make(self, name, records).await
    }

    /// An auditor of the tenant.
    pub async fn auditor(&self) -> Api {
        sign_in(&self.stack, &Person::staff(&self.tenant, AUDITORS)).await
    }

    /// An operator of another tenant.
    pub async fn operator_of(&self, tenant: &str) -> Api {
        sign_in(&self.stack, &Person::staff(tenant, OPERATORS)).await
    }

    /// One round of supervision, now.
    pub async fn supervise(&self) {
        let round = invoke::supervise(&self.stack).await;
        assert!(self.rough || round.is_ok(), "supervision failed: {round:?}");
    }

    /// The sample application: clients and resource names.
    pub fn sample(&self) -> (demo::Clients, demo::Names) {
        let clients = demo::Clients {
            dynamodb: self.clients.dynamodb(),
            s3: self.clients.s3(),
        };
        (
            clients,
            demo::Names::from_outputs(&self.stack.demo_outputs).expect("the sample stack has its outputs"),
        )
    }

    /// An output of the stack.
    pub fn output(&self, name: &str) -> &str {
        self.stack.output(name).expect("an output of template.yaml")
    }
}
