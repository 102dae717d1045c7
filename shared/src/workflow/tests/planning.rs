//! Planning: page by page, once, and again where it was cut off.

use jiff::SignedDuration;

use super::desk::{Desk, play};
use crate::domain::chunk::ChunkState;
use crate::domain::ids::RequestKey;
use crate::domain::job::{JobStatus, Phase};
use crate::domain::message::{PlanMessage, VERSION};
use crate::domain::outcome::Code;
use crate::workflow::plan::Planned;

fn message(key: &RequestKey, generation: u8) -> PlanMessage {
    PlanMessage {
        v: VERSION,
        request: key.clone(),
        dataset: "messages".parse().expect("a slug"),
        generation,
    }
}

/// Handles a message of its own, with so much time.
async fn planned(desk: &Desk, message: &PlanMessage, time: SignedDuration) -> Planned {
    let stop_at = desk.now() + time;
    let planned = Box::pin(desk.bench().plan(message, || desk.now(), stop_at)).await;
    planned.expect("it is planned")
}

const ENOUGH: SignedDuration = SignedDuration::from_secs(30);

#[test]
fn pages_become_chunks_of_a_few_records_each_and_are_counted() {
    play(async |desk| {
        desk.write("messages", 0..9);
        let key = desk.executed().await;
        let before = desk.plans(&key);
        assert_eq!(
            before.iter().map(|plan| (plan.complete, plan.rev)).collect::<Vec<_>>(),
            [(false, 0)]
        );
        assert_eq!(desk.plan().await, [Planned::Complete]);
        let plan = desk.plans(&key).remove(0);
        assert_eq!((plan.complete, plan.chunks, plan.planned), (true, 5, 9));
        assert_eq!((plan.rev, plan.cursor), (3, None), "three pages of four records");
        assert!(plan.touched_at > before[0].touched_at);
        let lines: Vec<_> = desk.chunks(&key).iter().map(|c| (c.id.n, c.lines)).collect();
        assert_eq!(lines, [(0, 2), (1, 2), (2, 2), (3, 2), (4, 1)]);
        assert_eq!(desk.phase(&key), Phase::Sweeping);
    });
}

#[test]
fn what_was_written_after_the_execution_is_counted_and_left() {
    play(async |desk| {
        desk.write("messages", 0..1);
        let key = desk.executed().await;
        let executed_at = desk.facts(&key).executed_at.expect("it was");
        let ada = super::people::ada();
        let whose = (&ada.tenant, &ada.subject_id);
        for name in ["new", "newer"] {
            let later = executed_at + SignedDuration::from_secs(1);
            desk.sources
                .put_item(&super::desk::dataset("messages"), whose, name, "text", later);
        }
        desk.toil().await;
        let plan = desk.plans(&key).remove(0);
        assert_eq!((plan.planned, plan.arrived_later), (1, 2));
    });
}

#[test]
fn the_first_planner_starts_the_job() {
    play(async |desk| {
        desk.write("messages", 0..1);
        let key = desk.executed().await;
        let queued = desk.facts(&key).job.expect("executed");
        assert_eq!((queued.status, queued.started_at), (JobStatus::Queued, None));
        assert_eq!(
            planned(&desk, &message(&key, 0), SignedDuration::ZERO).await,
            Planned::Continued
        );
        let started = desk.facts(&key).job.expect("executed");
        assert_eq!(started.status, JobStatus::Running);
        assert!(started.started_at.is_some());
    });
}

#[test]
fn with_no_time_left_another_message_goes_on_where_this_one_stopped() {
    play(async |desk| {
        desk.write("messages", 0..9);
        let key = desk.executed().await;
        desk.queues.plans.borrow_mut().lose_all();
        assert_eq!(
            planned(&desk, &message(&key, 0), SignedDuration::ZERO).await,
            Planned::Continued
        );
        assert!(desk.chunks(&key).is_empty());
        assert_eq!(desk.queues.plans.borrow().bodies(), [message(&key, 0)]);
        // A page takes a few calls; this is time for the first.
        let short = SignedDuration::from_millis(40);
        assert_eq!(planned(&desk, &message(&key, 0), short).await, Planned::Continued);
        let begun = desk.chunks(&key).len();
        assert!((1..5).contains(&begun), "{begun} chunks");
        assert_eq!(planned(&desk, &message(&key, 0), ENOUGH).await, Planned::Complete);
        assert_eq!(desk.chunks(&key).iter().map(|c| c.lines).sum::<u32>(), 9);
    });
}

#[test]
fn a_message_of_another_generation_or_of_a_job_that_is_past_it_is_dropped() {
    play(async |desk| {
        desk.write("messages", 0..1);
        let key = desk.executed().await;
        assert_eq!(planned(&desk, &message(&key, 1), ENOUGH).await, Planned::Dropped);
        assert_eq!(planned(&desk, &message(&key, 0), ENOUGH).await, Planned::Complete);
        assert_eq!(desk.phase(&key), Phase::Sweeping);
        assert_eq!(planned(&desk, &message(&key, 0), ENOUGH).await, Planned::Dropped);
        let mut nobodys = message(&key, 0);
        nobodys.request.id = crate::domain::ids::RequestId::from_parts(1, 1);
        assert_eq!(planned(&desk, &nobodys, ENOUGH).await, Planned::Dropped);
    });
}

#[test]
fn a_cancelled_job_is_not_planned() {
    play(async |desk| {
        desk.write("messages", 0..9);
        let key = desk.executed().await;
        desk.cancel(&key).await.expect("Otto may");
        assert_eq!(planned(&desk, &message(&key, 0), ENOUGH).await, Planned::Dropped);
        assert!(desk.chunks(&key).is_empty());
        let plan = desk.plans(&key).remove(0);
        assert_eq!(
            (plan.complete, plan.rev, plan.cursor),
            (true, 1, None),
            "no planner goes on with it"
        );
    });
}

#[test]
fn a_table_that_is_gone_fails_the_job_with_a_finding() {
    play(async |desk| {
        desk.write("messages", 0..1);
        let key = desk.executed().await;
        desk.sources.break_down("messages", "access_denied");
        assert_eq!(desk.plan().await, [Planned::Failed]);
        let findings = desk.findings(&key);
        assert_eq!(findings.len(), 1);
        let finding = &findings[0];
        assert_eq!(
            (finding.code.as_str(), finding.count, finding.chunk.n),
            ("access_denied", 0, 0)
        );
        let job = desk.facts(&key).job.expect("executed");
        assert_eq!(
            (job.status, job.findings, job.phase),
            (JobStatus::Failed, 1, Phase::Planning)
        );
        let last = desk.mails(&key).pop().expect("operators are told");
        assert_eq!(last.occasion.as_str(), "job_failed");
    });
}

#[test]
fn a_dataset_without_records_is_verified_at_once() {
    play(async |desk| {
        let key = desk.executed().await;
        assert_eq!(
            desk.plan().await,
            [Planned::Complete, Planned::Complete],
            "planned, then verified"
        );
        assert_eq!(desk.phase(&key), Phase::Closing);
        assert!(desk.chunks(&key).is_empty() && desk.manifests.ever().is_empty());
    });
}

#[test]
fn each_chunk_names_its_part_of_the_pages_manifest() {
    play(async |desk| {
        desk.write("messages", 0..6);
        let key = desk.executed().await;
        desk.plan().await;
        let chunks = desk.chunks(&key);
        assert_eq!(desk.manifests.objects().len(), 2, "one object a page");
        let (first, second) = (&chunks[0].manifest, &chunks[1].manifest);
        assert_eq!(first.object, second.object);
        assert_eq!((first.offset, second.offset), (0, first.length));
        assert_ne!(chunks[2].manifest.object, first.object);
        desk.work().await;
        let done = |c: &crate::domain::chunk::Chunk| c.state == ChunkState::Done && c.counts.of(Code::Swept) == 2;
        assert!(desk.chunks(&key).iter().all(done), "each was read by itself");
    });
}

#[test]
fn a_plan_that_a_cancellation_closes_is_over() {
    play(async |desk| {
        desk.write("messages", 0..9);
        let key = desk.executed().await;
        planned(&desk, &message(&key, 0), SignedDuration::ZERO).await;
        let short = SignedDuration::from_millis(40);
        assert_eq!(planned(&desk, &message(&key, 0), short).await, Planned::Continued);
        let begun = desk.plans(&key).remove(0);
        assert!(begun.cursor.is_some() && !begun.complete);
        desk.wait(SignedDuration::from_secs(1));
        desk.cancel(&key).await.expect("Otto may");
        let closed = desk.plans(&key).remove(0);
        assert_eq!(
            (closed.complete, closed.cursor, closed.rev),
            (true, None, begun.rev + 1)
        );
        assert!(closed.touched_at > begun.touched_at);
        assert_eq!((closed.planned, closed.chunks), (begun.planned, begun.chunks));
    });
}
