//! The same as [`forbidden`](crate::forbidden) by IAM itself: the policy that `data-map apply` made for the execution
//! role is taken away in the middle of 50,000 records, and given back.
//!
//! Only in the long form, on a stack of its own: the emulator checks a batch of statements under the call's name, for no
//! table, and the role is every tenant's. So whoever else worked there would be forbidden as well.

use harness::Trial;
use harness::iam::Role;

use crate::forbidden::forbidden_and_allowed_again;

const RECORDS: u64 = 50_000;

#[tokio::test]
async fn a_role_that_lost_its_policy_erases_the_rest_when_it_has_it_again() {
    let trial = Trial::start("trial-rights").await;
    let role = Role::find(&trial.app.stack, trial.app.output("ExecutionRoleName")).await;
    let policies = role.attached("WritePolicy").await;
    assert!(!policies.is_empty(), "{} may write nothing", role.name);
    let forbid = async || {
        for policy in &policies {
            role.detach(policy).await;
        }
    };
    let allow = async || {
        for policy in &policies {
            role.attach(policy).await;
        }
    };
    forbidden_and_allowed_again(&trial, RECORDS, forbid, allow).await;
}
