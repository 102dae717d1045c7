//! The gate: hidden from the moment an execution is answered, and until marks do it.

use futures::future::join;
use jiff::SignedDuration;

use super::desk::{Desk, play, play_seeded, play_under};
use super::people::{ada, approval, deletion, olga, otto, refusal, vera, verification};
use crate::domain::gate::GateId;
use crate::domain::ids::RequestKey;
use crate::domain::job::Phase;
use crate::domain::request::Status;
use crate::ports::Requests;
use crate::sim::sources::journal::RecordId;
use crate::state_machine::refusal::Refusal;
use crate::workflow::gate::hidden;
use crate::workflow::order::Wish;

impl Desk {
    /// What is hidden of Ada, as an auditor reads it.
    async fn hidden(&self) -> Vec<String> {
        let hidden = hidden(&self.records, &vera(), &ada().subject_id)
            .await
            .expect("Vera may");
        hidden.iter().map(ToString::to_string).collect()
    }

    /// A second request of Ada's, approved.
    async fn another_for(&self, scope: &[&str]) -> RequestKey {
        self.wait(SignedDuration::from_millis(1));
        let key = self.submit(&ada(), deletion(scope)).await.expect("it is taken");
        for wish in [verification(), approval()] {
            self.order(&olga(), &key, wish).await.expect("Olga may");
        }
        key
    }
}

fn message(n: u32) -> RecordId {
    RecordId {
        container: "messages".to_owned(),
        key: format!("pk=TENANT#acme#CUSTOMER#ada sk={n:03}"),
    }
}

#[test]
fn a_subject_is_hidden_from_the_execution_to_the_end_of_the_sweep() {
    play(async |desk| {
        desk.write("messages", 0..3);
        let key = desk.approved_for(&["conversations", "profile"]).await;
        assert!(desk.hidden().await.is_empty(), "the policy hides from the execution on");
        desk.world.advance_to(desk.facts(&key).grace_ends_at.expect("approved"));
        let digest = desk.previewed(&otto(), &key).await;
        desk.execute(&otto(), &key, digest).await.expect("Otto may");
        assert_eq!(desk.hidden().await, ["conversations", "profile"]);
        desk.plan().await;
        desk.work_one().await;
        assert_eq!(desk.phase(&key), Phase::Sweeping);
        assert_eq!(desk.hidden().await, ["conversations", "profile"]);
        desk.work().await;
        assert_eq!(desk.phase(&key), Phase::Recovering);
        assert!(desk.hidden().await.is_empty(), "marks do it from now on");
        let swept = desk
            .entries(&key)
            .into_iter()
            .find(|entry| entry.body.action == "swept");
        assert_eq!(swept.expect("an entry").body.details["gated"], serde_json::json!([]));
    });
}

#[test]
fn an_approval_hides_where_the_policy_says_so_and_a_withdrawal_ends_it() {
    play_under(", HideFrom: approval", async |desk| {
        let key = desk.approved_for(&["conversations"]).await;
        assert_eq!(desk.hidden().await, ["conversations"]);
        let wish = Wish::Withdraw { reason: None };
        desk.order(&ada(), &key, wish).await.expect("it is hers");
        assert!(desk.hidden().await.is_empty());
        let id = GateId::of(&key.tenant, "ada");
        let gate = desk.records.store.gate(&key.tenant, &id).await.expect("read");
        assert!(gate.is_open(), "and no row names the request");
    });
}

#[test]
fn of_two_requests_of_one_subject_neither_undoes_what_the_other_hides() {
    for seed in 0..40 {
        play_seeded(seed, async |desk| {
            let one = desk.approved_for(&["conversations"]).await;
            let two = desk.another_for(&["profile"]).await;
            desk.world.advance_to(desk.facts(&two).grace_ends_at.expect("approved"));
            let (digest, other) = (desk.previewed(&otto(), &one).await, desk.previewed(&otto(), &two).await);
            let otto = otto();
            let both = join(desk.execute(&otto, &one, digest), desk.execute(&otto, &two, other));
            let (first, second) = both.await;
            assert!(first.is_ok() && second.is_ok());
            assert_eq!(desk.hidden().await, ["conversations", "profile"]);
            desk.cancel(&one).await.expect("Otto may");
            assert_eq!(desk.hidden().await, ["profile"]);
        });
    }
}

#[test]
fn a_category_of_which_a_record_still_shows_stays_hidden_until_it_does_not() {
    play(async |desk| {
        desk.write("messages", 0..4);
        desk.write("profiles", 0..2);
        desk.sources.lock(&message(1), "access_denied");
        let key = desk.executed_for(&["conversations", "profile"]).await;
        desk.toil().await;
        assert_eq!(desk.phase(&key), Phase::Recovering);
        assert_eq!(desk.hidden().await, ["conversations"], "a message could not be hidden");
        let facts = desk.cancel(&key).await.expect("Otto may");
        assert_eq!(facts.status, Status::Cancelled);
        assert!(desk.hidden().await.is_empty(), "from now on only marks hide");
    });
}

#[test]
fn who_reads_the_gate_is_on_the_staff() {
    play(async |desk| {
        desk.executed().await;
        let asked = hidden(&desk.records, &ada(), &ada().subject_id).await;
        assert!(matches!(refusal(asked), Refusal::OperatorOnly));
        assert_eq!(desk.hidden().await, ["conversations"]);
    });
}
