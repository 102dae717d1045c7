//! Repair: what failed is done again or resolved, what was done is left, and then the request completes.

use jiff::{SignedDuration, Timestamp};

use super::desk::{Desk, dataset, play, play_under};
use super::people::{ada, olga, otto, refusal, vera};
use super::working::five_died;
use crate::domain::chunk::{Chunk, ChunkState, Op};
use crate::domain::data_map::Place;
use crate::domain::ids::RequestKey;
use crate::domain::job::{JobStatus, Phase, Plan};
use crate::domain::message::ChunkMessage;
use crate::domain::outbox::Occasion;
use crate::domain::outcome::{Code, LineOutcome};
use crate::domain::personal::Personal;
use crate::domain::request::{Completion, Status};
use crate::ports::{Always, Sources as _, Work};
use crate::sim::sources::journal::RecordId;
use crate::state_machine::refusal::Refusal;
use crate::workflow::account::{lines, outcome_aad, outcomes};
use crate::workflow::advance::advance;
use crate::workflow::dispatch::{self, due};
use crate::workflow::failure::Failure;
use crate::workflow::finding_list::{FindingShown, findings};
use crate::workflow::operate::{person_key, sweep_order};
use crate::workflow::repair::{resolve, retry};
use crate::workflow::work_chunk::Worked;

impl Desk {
    pub(super) async fn retry(&self, key: &RequestKey, finding: Option<&str>) -> Result<(), Failure> {
        let (records, olga) = (&self.records, olga());
        let retried = retry(records, &self.queues, &olga, (key.id, None), finding, self.now());
        Box::pin(retried).await.map(|_| ())
    }

    pub(super) async fn resolve(&self, key: &RequestKey, finding: &str) -> Result<(), Failure> {
        let (records, otto) = (&self.records, otto());
        let evidence = Personal::new("looked at on the 3rd, ticket 71");
        let resolved = resolve(
            records,
            &self.queues,
            &otto,
            (key.id, None),
            (finding, evidence),
            self.now(),
        );
        Box::pin(resolved).await.map(|_| ())
    }

    pub(super) async fn shown(&self, key: &RequestKey) -> Vec<FindingShown> {
        let listed = findings(&self.records, &vera(), key.id).await;
        listed.expect("auditors read findings")
    }

    async fn states(&self, key: &RequestKey) -> Vec<(String, String)> {
        let shown = self.shown(key).await.into_iter();
        let word = |one: &FindingShown| serde_json::to_value(one.state).expect("a word");
        shown
            .map(|one| (one.n.clone(), word(&one).as_str().expect("a word").to_owned()))
            .collect()
    }

    /// Until the job rests; a source that refuses is asked five times, five seconds apart.
    pub(super) async fn rest(&self) {
        for _ in 0..8 {
            self.toil().await;
            self.wait(SignedDuration::from_secs(5));
        }
    }

    async fn completed(&self, key: &RequestKey) {
        let until = self.now() + SignedDuration::from_hours(24 * 60);
        self.pass(key, until).await;
        let facts = self.facts(key);
        assert_eq!(facts.status, Status::Completed, "{:?}", facts.job);
    }
}

fn message(n: u32) -> RecordId {
    let (container, key) = ("messages".to_owned(), format!("pk=TENANT#acme#CUSTOMER#ada sk={n:03}"));
    RecordId { container, key }
}

fn chunk(desk: &Desk, key: &RequestKey, n: usize) -> Chunk {
    desk.chunks(key).remove(n)
}

#[test]
fn a_source_that_was_forbidden_is_retried_and_the_request_completes() {
    play(async |desk| {
        let key = desk.planned(6).await;
        desk.work_one().await;
        desk.sources.break_down("messages", "access_denied");
        desk.rest().await;
        let job = desk.facts(&key).job.expect("executed");
        assert_eq!(
            (job.status, job.phase, job.findings),
            (JobStatus::Failed, Phase::Recovering, 2)
        );
        let hidden_first = chunk(&desk, &key, 0);
        desk.sources.repair("messages");
        desk.retry(&key, None).await.expect("Olga may");
        assert_eq!(desk.phase(&key), Phase::Sweeping);
        let states: Vec<_> = desk.states(&key).await.into_iter().map(|(_, state)| state).collect();
        assert_eq!(states, ["retrying", "retrying"]);
        desk.rest().await;
        let job = desk.facts(&key).job.expect("executed");
        assert_eq!(
            (job.status, job.phase, job.findings),
            (JobStatus::Running, Phase::Recovering, 0)
        );
        assert_eq!(chunk(&desk, &key, 0), hidden_first, "what was done is not done twice");
        let states: Vec<_> = desk.states(&key).await.into_iter().map(|(_, state)| state).collect();
        assert_eq!(states, ["repaired", "repaired"]);
        desk.completed(&key).await;
        assert_eq!(desk.facts(&key).result, Some(Completion::Full));
        assert!(desk.sources.items("messages").is_empty());
    });
}

#[test]
fn one_finding_is_retried_alone() {
    play(async |desk| {
        desk.write("messages", 0..4);
        desk.sources.lock(&message(1), "object_locked");
        desk.sources.lock(&message(3), "access_denied");
        let key = desk.swept().await;
        desk.sources.unlock(&message(1));
        desk.retry(&key, Some("messages.0.0.object_locked"))
            .await
            .expect("Olga may");
        desk.toil().await;
        let expected = [
            ("messages.0.0.object_locked", "repaired"),
            ("messages.0.1.access_denied", "open"),
        ];
        assert_eq!(
            desk.states(&key).await,
            expected.map(|(n, state)| (n.to_owned(), state.to_owned()))
        );
        let job = desk.facts(&key).job.expect("executed");
        assert_eq!(
            (job.status, job.findings, job.phase),
            (JobStatus::Failed, 1, Phase::Recovering)
        );
        let told: Vec<_> = desk.mails(&key).iter().map(|mail| mail.occasion.as_str()).collect();
        assert_eq!(
            told.iter().filter(|word| **word == "job_failed").count(),
            2,
            "each time it fails"
        );
        let again = desk.retry(&key, Some("messages.0.0.object_locked")).await;
        assert_eq!(refusal(again), Refusal::FindingClosed);
        assert_eq!(
            refusal(desk.retry(&key, Some("messages.0.9.parked")).await),
            Refusal::NotFound
        );
    });
}

#[test]
fn what_is_hidden_anew_begins_the_window_of_its_chunk_anew() {
    play(async |desk| {
        desk.write("messages", 0..2);
        desk.sources.lock(&message(1), "access_denied");
        let key = desk.swept().await;
        let first = chunk(&desk, &key, 0).swept_at.expect("swept");
        desk.wait(SignedDuration::from_hours(24 * 3));
        desk.sources.unlock(&message(1));
        desk.retry(&key, None).await.expect("Olga may");
        desk.toil().await;
        let again = chunk(&desk, &key, 0);
        assert_eq!(
            (again.op, again.state, again.counts.of(Code::Swept)),
            (Op::Sweep, ChunkState::Done, 2)
        );
        assert!(again.swept_at.expect("swept") > first);
        let expires: Vec<_> = desk
            .sources
            .items("messages")
            .iter()
            .map(|item| item.contains_key("expires_at"))
            .collect();
        assert_eq!(
            expires,
            [false, true],
            "what waited already loses the expiry that would come too early"
        );
        desk.completed(&key).await;
        assert!(
            desk.sources.items("messages").is_empty(),
            "it is purged by Lethe itself"
        );
    });
}

/// Two messages of which one could not be hidden, tried again three days later; answers when the first was hidden.
async fn tried_again(desk: &Desk) -> (RequestKey, Timestamp) {
    desk.write("messages", 0..2);
    desk.sources.lock(&message(1), "access_denied");
    let key = desk.swept().await;
    let first = chunk(desk, &key, 0).swept_at.expect("swept");
    desk.wait(SignedDuration::from_hours(24 * 3));
    desk.sources.unlock(&message(1));
    desk.retry(&key, None).await.expect("Olga may");
    (key, first)
}

/// The worker of the retry hid the other message and died before it could say so; answers the message of its row.
async fn died_over_it(desk: &Desk, key: &RequestKey) -> ChunkMessage {
    let before = chunk(desk, key, 0);
    let loaded = desk.records.load(key).await.expect("read").expect("there");
    let (facts, data_key) = (&loaded.request.facts, person_key(&loaded).expect("not shredded"));
    let lines = lines(&desk.records, &desk.manifests, (facts, &before), data_key).await;
    let (messages, other) = (dataset("messages"), lines.expect("planned").split_off(1));
    let order = sweep_order(facts, &messages, (&before, &other), desk.now()).expect("executed");
    let hidden = desk.sources.sweep(order, &Always).await.expect("swept");
    assert_eq!(hidden[0].code, Code::Swept);
    let row = Chunk {
        state: ChunkState::Leased,
        attempts: 1,
        epoch: before.epoch + 1,
        lease_until: Some(desk.now()),
        rev: before.rev + 1,
        ..before
    };
    let swapped = Work::swap_chunk(&desk.records.store, key, row.rev - 1, &row).await;
    assert!(swapped.expect("written"));
    dispatch::message(key, &row)
}

#[test]
fn under_a_hold_nothing_more_is_hidden_and_the_window_stays() {
    play(async |desk| {
        let (key, first) = tried_again(&desk).await;
        desk.hold(&olga(), &ada(), &["conversations"]).await.expect("Olga may");
        assert_eq!(desk.work_one().await, Some(Worked::Done));
        let held = chunk(&desk, &key, 0);
        assert_eq!((held.counts.of(Code::Swept), held.counts.of(Code::Exempt)), (1, 1));
        assert_eq!(held.swept_at, Some(first));
    });
}

#[test]
fn what_is_tried_again_under_a_hold_is_found_exempt() {
    play(async |desk| {
        desk.write("messages", 0..2);
        desk.sources.lock(&message(1), "access_denied");
        let key = desk.swept().await;
        desk.hold(&olga(), &ada(), &["conversations"]).await.expect("Olga may");
        desk.toil().await;
        desk.sources.unlock(&message(1));
        desk.retry(&key, None).await.expect("Olga may");
        desk.toil().await;
        let held = chunk(&desk, &key, 0);
        assert_eq!((held.counts.of(Code::Swept), held.counts.of(Code::Exempt)), (1, 1));
    });
}

#[test]
fn what_a_worker_hid_that_died_begins_the_window_of_its_chunk_anew() {
    play(async |desk| {
        let (key, first) = tried_again(&desk).await;
        let message = died_over_it(&desk, &key).await;
        assert_eq!(desk.handle(&message).await, Worked::Done);
        let again = chunk(&desk, &key, 0);
        assert_eq!(again.counts.of(Code::Swept), 2);
        assert!(
            again.swept_at.expect("swept") > first,
            "one of them was hidden just now"
        );
        let items = desk.sources.items("messages");
        let expiring = items.iter().filter(|item| item.contains_key("expires_at"));
        assert_eq!(expiring.count(), 0, "the first would go before the chunk's window ends");
    });
}

#[test]
fn what_a_worker_hid_that_died_has_its_window_under_a_hold_too() {
    play(async |desk| {
        let (key, first) = tried_again(&desk).await;
        let message = died_over_it(&desk, &key).await;
        desk.hold(&olga(), &ada(), &["conversations"]).await.expect("Olga may");
        assert_eq!(desk.handle(&message).await, Worked::Done);
        let held = chunk(&desk, &key, 0);
        assert_eq!(held.counts.of(Code::Swept), 2);
        assert!(held.swept_at.expect("swept") > first);
    });
}

#[test]
fn what_failed_on_its_way_out_keeps_its_window() {
    play(async |desk| {
        desk.write("profiles", 0..2);
        let key = desk.executed_for(&["profile"]).await;
        desk.toil().await;
        let hidden = chunk(&desk, &key, 0).swept_at;
        let (container, name) = ("profiles".to_owned(), "pk=CUSTOMER#acme#ada sk=001".to_owned());
        let locked = RecordId { container, key: name };
        desk.sources.lock(&locked, "access_denied");
        let due = due(&desk.facts(&key), &chunk(&desk, &key, 0)).expect("hidden");
        desk.pass(&key, due + SignedDuration::from_mins(10)).await;
        let job = desk.facts(&key).job.expect("executed");
        assert_eq!((job.status, job.phase), (JobStatus::Failed, Phase::Purging));
        desk.sources.unlock(&locked);
        desk.retry(&key, None).await.expect("Olga may");
        desk.toil().await;
        let again = chunk(&desk, &key, 0);
        assert_eq!(again.swept_at, hidden, "it was hidden all the time");
        desk.completed(&key).await;
        assert!(desk.sources.items("profiles").is_empty());
    });
}

#[test]
fn a_purge_that_is_tried_again_fails_no_job_before_its_end() {
    play(async |desk| {
        desk.write("messages", 0..2);
        let key = desk.swept().await;
        desk.sources.break_down("messages", "access_denied");
        let until = desk.now() + SignedDuration::from_hours(24 * 20);
        desk.pass(&key, until).await;
        let failed = |desk: &Desk| {
            let mails = desk.mails(&key);
            mails.iter().filter(|mail| mail.occasion == Occasion::JobFailed).count()
        };
        let job = desk.facts(&key).job.expect("executed");
        assert_eq!(
            (job.status, job.phase, failed(&desk)),
            (JobStatus::Failed, Phase::Purging, 1)
        );
        desk.sources.repair("messages");
        desk.retry(&key, None).await.expect("Olga may");
        let looks = advance(&desk.records, &desk.queues, &key, desk.now());
        Box::pin(looks).await.expect("looks");
        let job = desk.facts(&key).job.expect("executed");
        assert_eq!(
            (job.status, failed(&desk)),
            (JobStatus::Running, 1),
            "nobody is told that it failed again"
        );
        desk.completed(&key).await;
        assert!(desk.sources.items("messages").is_empty());
    });
}

#[test]
fn a_dataset_that_could_not_be_listed_is_listed_by_a_retry() {
    play(async |desk| {
        desk.write("messages", 0..3);
        let key = desk.executed().await;
        desk.sources.break_down("messages", "source_gone");
        desk.plan().await;
        let shown = desk.shown(&key).await.remove(0);
        assert_eq!((shown.n.as_str(), shown.chunk), ("messages.0.plan.source_gone", None));
        desk.sources.repair("messages");
        desk.retry(&key, Some(&shown.n)).await.expect("Olga may");
        desk.toil().await;
        assert_eq!(desk.shown(&key).await.remove(0).n, shown.n);
        let job = desk.facts(&key).job.expect("executed");
        assert_eq!(
            (job.status, job.phase, job.findings),
            (JobStatus::Running, Phase::Recovering, 0)
        );
        desk.completed(&key).await;
    });
}

/// What an operator reads of the one finding there is, before it is repaired.
async fn failed_planning(desk: &Desk, key: &RequestKey) -> FindingShown {
    desk.rest().await;
    let job = desk.facts(key).job.expect("executed");
    assert_eq!(
        (job.status, job.phase, job.findings),
        (JobStatus::Failed, Phase::Planning, 1)
    );
    assert!(desk.chunks(key).is_empty(), "nothing is planned of what differs");
    desk.shown(key).await.remove(0)
}

#[test]
fn a_table_whose_ttl_is_off_is_not_swept_until_it_is_on() {
    play(async |desk| {
        desk.write("messages", 0..3);
        let key = desk.executed().await;
        desk.sources.set_ttl("messages", None);
        let shown = failed_planning(&desk, &key).await;
        assert_eq!(shown.n, "messages.0.plan.ttl_differs");
        assert!(shown.remedy.contains("Turn TTL on"), "{}", shown.remedy);
        desk.retry(&key, None).await.expect("Olga may");
        assert_eq!(failed_planning(&desk, &key).await.n, shown.n, "it is off still");
        desk.sources.set_ttl("messages", Some("expires_at"));
        desk.retry(&key, None).await.expect("Olga may");
        desk.rest().await;
        assert_eq!(desk.phase(&key), Phase::Recovering);
        // Whoever switches it off now changes nothing: the purge destroys what TTL leaves, and the verification looks.
        desk.sources.set_ttl("messages", None);
        desk.completed(&key).await;
        assert!(desk.sources.items("messages").is_empty());
    });
}

#[test]
fn a_table_that_was_made_again_with_another_key_is_not_listed() {
    play(async |desk| {
        let key = desk.executed().await;
        let mut other = dataset("messages");
        let Place::Dynamodb(place) = &mut other.place else {
            panic!("a table")
        };
        place.key.attribute = "customer".to_owned();
        desk.sources.tear_down("messages");
        desk.sources.host_dataset(&other);
        let shown = failed_planning(&desk, &key).await;
        assert_eq!(shown.n, "messages.0.plan.key_differs");
        assert!(shown.remedy.contains("give the table back the key"), "{}", shown.remedy);
        desk.sources.tear_down("messages");
        desk.write("messages", 0..3);
        desk.retry(&key, Some(&shown.n)).await.expect("Olga may");
        desk.completed(&key).await;
        assert!(desk.sources.items("messages").is_empty());
    });
}

#[test]
fn what_is_resolved_of_one_dataset_leaves_the_other_open() {
    play(async |desk| {
        let key = desk.executed_for(&["conversations", "profile"]).await;
        for dataset in ["messages", "profiles"] {
            desk.sources.break_down(dataset, "source_gone");
        }
        desk.rest().await;
        desk.resolve(&key, "profiles.0.plan.source_gone")
            .await
            .expect("Otto may");
        let closed = |plan: &Plan| (plan.dataset.to_string(), plan.by_hand);
        let plans: Vec<_> = desk.plans(&key).iter().map(closed).collect();
        assert_eq!(plans, [("messages".to_owned(), false), ("profiles".to_owned(), true)]);
        assert_eq!(desk.facts(&key).job.expect("executed").findings, 1);
        desk.resolve(&key, "messages.0.plan.source_gone")
            .await
            .expect("Otto may");
        let job = desk.facts(&key).job.expect("executed");
        assert_eq!((job.status, job.findings), (JobStatus::Running, 0), "none is left");
    });
}

#[test]
fn what_is_resolved_of_one_chunk_leaves_the_other_open() {
    play(async |desk| {
        desk.write("messages", 0..4);
        let key = desk.executed().await;
        desk.plan().await;
        desk.sources.break_down("messages", "access_denied");
        desk.rest().await;
        desk.resolve(&key, "messages.0.0.access_denied")
            .await
            .expect("Otto may");
        let open = |(n, state): (String, String)| (n.contains(".0.1.") && state == "open").then_some(n);
        let open: Vec<_> = desk.states(&key).await.into_iter().filter_map(open).collect();
        assert!(open.contains(&"messages.0.1.access_denied".to_owned()), "{open:?}");
        let left: Vec<_> = desk.chunks(&key).iter().map(|c| c.counts.of(Code::Resolved)).collect();
        assert_eq!(left, [2, 0]);
    });
}

#[test]
fn what_a_restoration_may_have_brought_back_is_not_hidden_by_a_retry() {
    play(async |desk| {
        desk.write("messages", 0..2);
        let key = desk.swept().await;
        let whose = (&ada().tenant, &ada().subject_id);
        let now = desk.now();
        desk.sources
            .put_item(&dataset("messages"), whose, "000", "without a mark", now);
        let message = five_died(&desk, &key, 0, |row| row.op = Op::Restore).await;
        assert_eq!(desk.handle(&message).await, Worked::Parked);
        let tried = desk.retry(&key, Some("messages.0.0.restore_unclear")).await;
        assert_eq!(refusal(tried), Refusal::NothingToRetry);
    });
}

#[test]
fn a_dataset_that_is_gone_on_purpose_is_resolved_with_evidence() {
    play(async |desk| {
        desk.write("profiles", 0..1);
        let key = desk.executed_for(&["conversations", "profile"]).await;
        desk.sources.break_down("messages", "source_gone");
        desk.rest().await;
        desk.resolve(&key, "messages.0.plan.source_gone")
            .await
            .expect("Otto may");
        desk.rest().await;
        let until = desk.now() + SignedDuration::from_hours(24 * 30);
        desk.pass(&key, until).await;
        assert_eq!(
            desk.facts(&key).job.expect("executed").status,
            JobStatus::Failed,
            "verified, it is gone still"
        );
        desk.resolve(&key, "messages.1.plan.source_gone")
            .await
            .expect("Otto may");
        desk.completed(&key).await;
        assert_eq!(desk.facts(&key).result, Some(Completion::Partial));
        let entries = desk.entries(&key);
        let resolved = entries.iter().filter(|entry| entry.body.action == "resolve");
        assert!(resolved.clone().count() == 2 && resolved.clone().all(|entry| entry.body.sealed_person.is_some()));
    });
}

#[test]
fn records_that_somebody_dealt_with_count_as_resolved_and_are_left_alone() {
    play(async |desk| {
        desk.write("messages", 0..4);
        desk.sources.lock(&message(1), "object_locked");
        let key = desk.swept().await;
        desk.resolve(&key, "messages.0.0.object_locked")
            .await
            .expect("Otto may");
        let job = desk.facts(&key).job.expect("executed");
        assert_eq!((job.status, job.findings), (JobStatus::Running, 0));
        assert_eq!(chunk(&desk, &key, 0).counts.of(Code::Resolved), 1);
        let shown = desk.shown(&key).await.remove(0);
        assert_eq!(
            (shown.resolved_at.is_some(), &shown.refs),
            (true, &vec!["messages.0.0.1".to_owned()])
        );
        assert_eq!(refusal(desk.resolve(&key, &shown.n).await), Refusal::FindingClosed);
        desk.completed(&key).await;
        let facts = desk.facts(&key);
        assert_eq!(
            facts.result,
            Some(Completion::Partial),
            "the verification knows that it stays"
        );
        let account: u64 = facts.account.values().map(|counts| counts.of(Code::Resolved)).sum();
        assert_eq!((account, desk.sources.items("messages").len()), (1, 1));
    });
}

/// Records from a backup: older than the execution, and there only now.
fn import(desk: &Desk, name: &str) {
    let (ada, long_ago) = (ada(), desk.now() - SignedDuration::from_hours(24 * 300));
    let whose = (&ada.tenant, &ada.subject_id);
    desk.sources
        .put_item(&dataset("messages"), whose, name, "imported", long_ago);
}

/// A job that found something in each of its verifications.
async fn never_clean(desk: &Desk) -> RequestKey {
    let key = desk.swept().await;
    for round in 0..4 {
        import(desk, &format!("a{round}"));
        let facts = desk.facts(&key);
        let last = desk.chunks(&key).iter().filter_map(|chunk| due(&facts, chunk)).max();
        let last = last.expect("something is hidden");
        desk.pass(&key, last + SignedDuration::from_mins(10)).await;
    }
    assert_eq!(desk.states(&key).await.pop().expect("a finding").1, "open");
    key
}

const SHORT: &str = ", RecoveryWindow: PT1H, TtlMargin: PT1H, TtlSlack: PT3H";

#[test]
fn what_kept_being_written_is_swept_once_that_has_stopped() {
    play_under(SHORT, async |desk| {
        desk.write("messages", 0..1);
        let key = never_clean(&desk).await;
        desk.retry(&key, Some("messages.4.all.leftover"))
            .await
            .expect("Olga may");
        desk.completed(&key).await;
        assert_eq!(desk.facts(&key).result, Some(Completion::Full));
        assert!(desk.sources.items("messages").is_empty());
    });
}

#[test]
fn what_must_stay_after_all_is_resolved_with_evidence() {
    play_under(SHORT, async |desk| {
        desk.write("messages", 0..1);
        let key = never_clean(&desk).await;
        desk.resolve(&key, "messages.4.all.leftover").await.expect("Otto may");
        desk.completed(&key).await;
        assert_eq!(desk.facts(&key).result, Some(Completion::Partial));
        assert_eq!(desk.sources.items("messages").len(), 1);
    });
}

#[test]
fn a_job_that_has_nothing_open_is_not_retried() {
    play(async |desk| {
        desk.write("messages", 0..2);
        let key = desk.swept().await;
        assert_eq!(refusal(desk.retry(&key, None).await), Refusal::NothingToRetry);
        let before = desk.approved_for(&["profile"]).await;
        assert_eq!(refusal(desk.retry(&before, None).await).code(), "not_in_this_status");
        assert_eq!(
            refusal(desk.resolve(&before, "messages.0.0.parked").await).code(),
            "not_in_this_status"
        );
    });
}

#[test]
fn more_than_one_transaction_takes_is_not_resolved_at_once() {
    play_under(SHORT, async |desk| {
        desk.write("messages", 0..1);
        let key = desk.swept().await;
        for round in 0..4 {
            let many = if round == 3 { 200 } else { 1 };
            (0..many).for_each(|n| import(&desk, &format!("a{round}-{n:03}")));
            let facts = desk.facts(&key);
            let last = desk.chunks(&key).iter().filter_map(|chunk| due(&facts, chunk)).max();
            let last = last.expect("something is hidden");
            desk.pass(&key, last + SignedDuration::from_mins(10)).await;
        }
        let resolved = desk.resolve(&key, "messages.4.all.leftover").await;
        assert_eq!(refusal(resolved), Refusal::TooMuchToResolve);
        let untouched = desk
            .chunks(&key)
            .iter()
            .filter(|c| c.state == ChunkState::Ready)
            .count();
        assert_eq!(untouched, 100, "all or nothing");
    });
}

#[test]
fn what_a_sweep_that_was_given_up_never_reached_stays_a_finding_after_the_purge_of_the_rest() {
    play(async |desk| {
        let key = desk.planned(2).await;
        // Five workers died over it; the last of them had hidden one of its two records.
        let before = chunk(&desk, &key, 0);
        desk.sources.lock(&message(1), "throttled");
        desk.work().await;
        desk.sources.unlock(&message(1));
        let half = chunk(&desk, &key, 0);
        let counts = half.counts.clone().moved(Code::Failed, Code::Untouched, 1);
        let row = Chunk {
            state: ChunkState::Parked,
            counts,
            outcome: Some(outcome_of(&desk, &key, &half).await),
            rev: half.rev + 1,
            ..half.clone()
        };
        let store = &desk.records.store;
        let written = crate::ports::Work::swap_chunk(store, &key, half.rev, &row).await;
        assert!(written.expect("written") && before.rev < half.rev);
        let until = desk.now() + SignedDuration::from_hours(24 * 20);
        desk.pass(&key, until).await;
        let purged = chunk(&desk, &key, 0);
        assert_eq!((purged.op, purged.counts.of(Code::Untouched)), (Op::Purge, 1));
        let open: Vec<_> = desk
            .shown(&key)
            .await
            .into_iter()
            .map(|one| (one.code, one.count))
            .collect();
        assert!(open.contains(&("parked".to_owned(), 1)), "{open:?}");
        desk.retry(&key, None).await.expect("Olga may");
        desk.completed(&key).await;
        assert!(desk.sources.items("messages").is_empty());
    });
}

/// An outcome object that says of the second record that nobody reached it.
async fn outcome_of(desk: &Desk, key: &RequestKey, row: &Chunk) -> String {
    let loaded = desk.records.load(key).await.expect("read").expect("there");
    let data_key = loaded.keys.person.as_ref().expect("not shredded");
    let facts = &loaded.request.facts;
    let mut lines = outcomes(&desk.records, &desk.manifests, (facts, row), data_key)
        .await
        .expect("stored");
    lines[1] = LineOutcome::plain(Code::Untouched);
    let object = row.outcome.clone().expect("it was swept");
    let sealed = desk
        .records
        .seal_json(data_key, &outcome_aad(facts, &object), &lines)
        .expect("sealed");
    crate::ports::Manifests::put(&desk.manifests, &object, sealed.0)
        .await
        .expect("put");
    object
}
