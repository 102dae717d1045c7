//! Exports: what is in the package, what becomes of it, what a crash, a cancellation or a lasting failure leaves.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use jiff::SignedDuration;

use super::desk::{Desk, play};
use super::people::{ada, approval, export, olga, otto, verification};
use super::working::five_died;
use crate::domain::ids::RequestKey;
use crate::domain::job::{JobStatus, Phase};
use crate::domain::object_keys::{package, part};
use crate::domain::outcome::Code;
use crate::domain::package::PackageState;
use crate::domain::personal::Personal;
use crate::domain::request::{Completion, Notice, Status};
use crate::ports::{Exports as _, Manifests as _};
use crate::sim::sources::journal::RecordId;
use crate::workflow::export::{Packed, start};
use crate::workflow::order::Wish;
use crate::workflow::repair::retry;
use crate::workflow::work_chunk::Worked;

/// More than any package of these stories.
const ROOMY: u64 = 1_000_000;
const ALL: [&str; 4] = ["conversations", "profile", "drafts", "notes"];

/// Ada's export, approved and begun as `review` does it.
async fn begun(desk: &Desk, scope: &[&str]) -> RequestKey {
    let key = desk.submit(&ada(), export(scope)).await.expect("it is taken");
    approved(desk, &key).await;
    key
}

async fn approved(desk: &Desk, key: &RequestKey) {
    for wish in [verification(), approval()] {
        desk.order(&olga(), key, wish).await.expect("Olga may");
    }
    let started = Box::pin(start(&desk.records, &desk.config, &desk.queues, key, desk.now())).await;
    assert!(started.expect("it starts"));
}

/// The same, copied: its first part is to be written.
async fn copied(desk: &Desk, scope: &[&str]) -> RequestKey {
    let key = begun(desk, scope).await;
    desk.toil().await;
    assert_eq!(desk.phase(&key), Phase::Packaging);
    key
}

/// Every file of every part, by name.
fn unpacked(desk: &Desk, key: &RequestKey) -> BTreeMap<String, Vec<String>> {
    let objects = desk.exports.objects();
    let assembly = desk.assembly(key).expect("it was packed");
    let mut files = BTreeMap::<String, Vec<String>>::new();
    for part in &assembly.parts {
        let mut archive = zip::ZipArchive::new(Cursor::new(&objects[&part.object])).expect("an archive");
        for n in 0..archive.len() {
            let mut entry = archive.by_index(n).expect("an entry");
            let name = entry.name().expect("a name").into_owned();
            let mut text = String::new();
            entry.read_to_string(&mut text).expect("text");
            files.entry(name).or_default().push(text);
        }
    }
    files
}

fn lines(files: &BTreeMap<String, Vec<String>>, name: &str) -> usize {
    files
        .get(name)
        .map_or(0, |parts| parts.iter().map(|text| text.lines().count()).sum())
}

fn stored(desk: &Desk, key: &RequestKey) -> (usize, usize) {
    let prefix = package(key);
    let objects = desk
        .exports
        .objects()
        .into_keys()
        .filter(|name| name.starts_with(&prefix));
    (objects.count(), desk.exports.unfinished().len())
}

#[test]
fn a_package_holds_each_record_twice_once_as_json_and_once_as_a_row() {
    play(async |desk| {
        desk.write("messages", 0..5);
        desk.write("notes", 0..3);
        let key = copied(&desk, &ALL).await;
        assert_eq!(desk.package_one(ROOMY).await, Some(Packed::Written));
        let files = unpacked(&desk, &key);
        assert_eq!(lines(&files, "01-messages/records.ndjson"), 5);
        assert_eq!(lines(&files, "01-messages/records.csv"), 5 + 1);
        assert_eq!(lines(&files, "04-notes/records.ndjson"), 3);
        assert!(files.contains_key("index.html") && files.contains_key("manifest.json"));
        let facts = desk.facts(&key);
        let package = facts.package.expect("it has one");
        assert_eq!((package.state, package.parts), (PackageState::Available, 1));
        assert_eq!(facts.result, Some(Completion::Full));
        assert_eq!(desk.phase(&key), Phase::Closing);
        let exported: u64 = facts.account.values().map(|counts| counts.of(Code::Exported)).sum();
        assert_eq!(exported, 8);
    });
}

#[test]
fn nothing_at_all_is_a_package_too() {
    play(async |desk| {
        let key = copied(&desk, &ALL).await;
        assert_eq!(desk.package_one(ROOMY).await, Some(Packed::Written));
        let files = unpacked(&desk, &key);
        assert_eq!(files.keys().collect::<Vec<_>>(), ["index.html", "manifest.json"]);
    });
}

#[test]
fn what_a_deletion_hides_and_may_give_back_is_in_it_and_marked() {
    play(async |desk| {
        desk.write("messages", 0..3);
        desk.write("notes", 0..3);
        let deletion = desk.executed_for(&["conversations", "notes"]).await;
        desk.toil().await;
        assert_eq!(desk.phase(&deletion), Phase::Recovering);
        assert!(desk.sources.items("notes").is_empty(), "they are in the vault");
        let key = copied(&desk, &["conversations", "notes"]).await;
        assert_eq!(desk.package_one(ROOMY).await, Some(Packed::Written));
        let files = unpacked(&desk, &key);
        assert_eq!(lines(&files, "01-messages/records.ndjson"), 3);
        assert_eq!(lines(&files, "04-notes/records.ndjson"), 3);
        let manifest: serde_json::Value = serde_json::from_str(&files["manifest.json"][0]).expect("JSON");
        let hidden: Vec<_> = manifest["datasets"].as_array().expect("datasets").iter().collect();
        assert!(hidden.iter().all(|dataset| dataset["hidden"] == 3), "{manifest}");
        assert_eq!(
            desk.chunks(&deletion)
                .iter()
                .map(|c| c.counts.of(Code::Swept))
                .sum::<u64>(),
            6
        );
    });
}

#[test]
fn what_is_gone_by_the_time_it_is_copied_is_told() {
    play(async |desk| {
        desk.write("messages", 0..3);
        let key = begun(&desk, &["conversations"]).await;
        desk.plan().await;
        let gone = RecordId {
            container: "messages".to_owned(),
            key: "pk=TENANT#acme#CUSTOMER#ada sk=001".to_owned(),
        };
        assert!(desk.sources.delete_item(&gone));
        desk.toil().await;
        assert_eq!(desk.package_one(ROOMY).await, Some(Packed::Written));
        assert_eq!(desk.facts(&key).result, Some(Completion::Partial));
        let files = unpacked(&desk, &key);
        let manifest: serde_json::Value = serde_json::from_str(&files["manifest.json"][0]).expect("JSON");
        assert_eq!(manifest["left_out"][0]["records"], 1);
        assert_eq!(lines(&files, "01-messages/records.ndjson"), 2);
    });
}

#[test]
fn what_was_given_to_somebody_else_by_the_time_it_is_copied_is_not_in_it() {
    play(async |desk| {
        desk.write("tickets", 0..3);
        let key = begun(&desk, &["tickets"]).await;
        desk.plan().await;
        desk.give_away(1);
        desk.toil().await;
        assert_eq!(desk.package_one(ROOMY).await, Some(Packed::Written));
        let files = unpacked(&desk, &key);
        assert!(
            files.keys().any(|name| name == "05-tickets/records.ndjson"),
            "{:?}",
            files.keys()
        );
        assert!(!files["05-tickets/records.ndjson"][0].contains("bob"));
        assert_eq!(lines(&files, "05-tickets/records.ndjson"), 2);
        assert_eq!(desk.facts(&key).result, Some(Completion::Partial));
    });
}

#[test]
fn a_file_that_is_gone_when_it_is_to_be_read_is_told_and_the_rest_is_written() {
    play(async |desk| {
        let files: Vec<_> = ["a", "b"].map(|name| desk.upload(name)).into();
        let key = copied(&desk, &["attachments"]).await;
        assert!(desk.sources.destroy_version(&files[0].0, &files[0].1));
        assert_eq!(desk.package_one(ROOMY).await, Some(Packed::Written));
        let facts = desk.facts(&key);
        assert_eq!(
            (facts.result, desk.phase(&key)),
            (Some(Completion::Partial), Phase::Closing)
        );
        let files = unpacked(&desk, &key);
        let names = files.keys().filter(|name| name.contains("/files/"));
        assert_eq!(names.count(), 1, "{:?}", files.keys());
        let manifest: serde_json::Value = serde_json::from_str(&files["manifest.json"][0]).expect("JSON");
        assert_eq!(manifest["left_out"][0]["records"], 1);
        assert!(files["index.html"][0].contains("gone from its source"));
    });
}

/// What the package of attachments says of its files: how many, how many of them hidden, and how many are left out.
async fn attachments(desk: &Desk) -> (usize, u64, u64) {
    let key = copied(desk, &["attachments"]).await;
    assert_eq!(desk.package_one(ROOMY).await, Some(Packed::Written));
    let manifest: serde_json::Value = serde_json::from_str(&unpacked(desk, &key)["manifest.json"][0]).expect("JSON");
    let listed = manifest["files"].as_array().expect("files").iter();
    let files = listed.filter(|file| file["path"].as_str().is_some_and(|path| path.contains("/files/")));
    let number = |value: &serde_json::Value| value.as_u64().unwrap_or(0);
    let dataset = &manifest["datasets"][0];
    (
        files.count(),
        number(&dataset["hidden"]),
        number(&manifest["left_out"][0]["records"]),
    )
}

#[test]
fn a_file_that_its_owner_deleted_is_no_part_of_a_copy() {
    play(async |desk| {
        let deleted = ["a", "b"].map(|name| desk.upload(name)).into_iter().next();
        desk.sources.delete_object(&deleted.expect("uploaded").0);
        assert_eq!(attachments(&desk).await, (1, 0, 1));
    });
}

#[test]
fn files_that_a_deletion_hides_are_in_a_copy_and_marked() {
    play(async |desk| {
        desk.upload("a");
        desk.upload("b");
        desk.executed_for(&["attachments"]).await;
        desk.toil().await;
        assert_eq!(attachments(&desk).await, (2, 2, 0));
    });
}

#[test]
fn what_could_not_expire_is_copied_all_the_same() {
    play(async |desk| {
        desk.write("messages", 0..2);
        desk.sources.set_ttl("messages", None);
        let key = copied(&desk, &["conversations"]).await;
        assert_eq!(desk.package_one(ROOMY).await, Some(Packed::Written));
        assert_eq!(desk.facts(&key).result, Some(Completion::Full));
    });
}

#[test]
fn what_five_workers_died_over_is_not_copied_by_a_sixth() {
    play(async |desk| {
        desk.write("messages", 0..2);
        let key = begun(&desk, &["conversations"]).await;
        desk.plan().await;
        let message = five_died(&desk, &key, 0, |_| ()).await;
        assert_eq!(desk.handle(&message).await, Worked::Parked);
        let counts = desk.chunks(&key).remove(0).counts;
        assert_eq!((counts.of(Code::Untouched), counts.of(Code::Exported)), (2, 0));
        assert_eq!(desk.findings(&key)[0].code, "parked");
    });
}

#[test]
fn parts_are_written_one_after_the_other() {
    play(async |desk| {
        desk.write("messages", 0..6);
        let key = copied(&desk, &["conversations"]).await;
        assert_eq!(desk.package_one(1).await, Some(Packed::Written));
        let first = desk.assembly(&key).expect("a row").parts[0].clone();
        assert_eq!(desk.phase(&key), Phase::Packaging, "there are more");
        while desk.package_one(1).await.is_some() {}
        let assembly = desk.assembly(&key).expect("a row");
        assert_eq!(assembly.parts.len(), 3, "a group of records is not divided");
        assert_eq!(assembly.parts[0], first, "nobody touches what is written");
        assert_eq!(lines(&unpacked(&desk, &key), "01-messages/records.ndjson"), 6);
    });
}

#[test]
fn what_a_dead_writer_left_is_given_up_and_the_part_has_the_same_bytes() {
    play(async |desk| {
        desk.write("messages", 0..4);
        let key = copied(&desk, &["conversations"]).await;
        let left = desk.exports.begin(&part(&key, 1, 1)).await.expect("begun");
        desk.exports.put_block(&left, 1, vec![1; 20]).await.expect("put");
        let generated_at = desk.assembly(&key).expect("a row").generated_at;
        desk.wait(SignedDuration::from_mins(3));
        assert_eq!(desk.package_one(ROOMY).await, Some(Packed::Written));
        let manifest: serde_json::Value =
            serde_json::from_str(&unpacked(&desk, &key)["manifest.json"][0]).expect("JSON");
        assert_eq!(
            manifest["generated_at"],
            generated_at.to_string(),
            "whenever it is written"
        );
        assert_eq!(stored(&desk, &key), (1, 0), "the part, and nothing unfinished");
        assert!(
            desk.exports.complete(&left, &[]).await.is_err(),
            "who comes late completes nothing"
        );
    });
}

#[test]
fn a_lost_message_is_sent_again() {
    play(async |desk| {
        desk.write("messages", 0..2);
        let key = copied(&desk, &["conversations"]).await;
        desk.post().await;
        desk.queues.parts.borrow_mut().lose_all();
        assert_eq!(desk.tend(&key).await, 0, "two rounds have not passed");
        assert_eq!(desk.tend_at(&key, desk.now() + SignedDuration::from_secs(121)).await, 1);
        assert_eq!(desk.package_one(ROOMY).await, Some(Packed::Written));
    });
}

#[test]
fn an_export_that_nobody_started_is_started() {
    play(async |desk| {
        let key = desk.submit(&ada(), export(&["profile"])).await.expect("it is taken");
        for wish in [verification(), approval()] {
            desk.order(&olga(), &key, wish).await.expect("Olga may");
        }
        desk.post().await;
        let due = desk.row(&key).wake_at.expect("supervision looks");
        assert!(due <= desk.now() + SignedDuration::from_secs(120));
        assert_eq!(desk.tend_at(&key, due).await, 1);
        assert_eq!(desk.facts(&key).status, Status::InProgress);
    });
}

#[test]
fn a_cancelled_export_leaves_no_object_no_upload_and_no_copy() {
    play(async |desk| {
        desk.write("messages", 0..4);
        let key = copied(&desk, &["conversations"]).await;
        assert_eq!(desk.package_one(1).await, Some(Packed::Written));
        let left = desk.exports.begin(&part(&key, 9, 2)).await.expect("begun");
        desk.cancel(&key).await.expect("Otto may");
        desk.pass(&key, desk.now() + SignedDuration::from_hours(1)).await;
        let facts = desk.facts(&key);
        assert_eq!((facts.status, facts.shredded), (Status::Cancelled, true));
        assert_eq!(facts.package.expect("it had one").state, PackageState::Purged);
        assert_eq!(stored(&desk, &key), (0, 0));
        assert!(desk.exports.complete(&left, &[]).await.is_err());
        assert!(desk.manifests.objects().is_empty());
    });
}

#[test]
fn what_was_cancelled_is_gone_before_its_letter_is_settled() {
    play(async |desk| {
        desk.write("messages", 0..4);
        let cancelled = copied(&desk, &["conversations"]).await;
        assert_eq!(desk.package_one(1).await, Some(Packed::Written));
        assert_ne!(stored(&desk, &cancelled), (0, 0));
        desk.cancel(&cancelled).await.expect("Otto may");
        desk.tend(&cancelled).await;
        assert_eq!(desk.facts(&cancelled).notice, Some(Notice::Pending));
        assert_eq!(stored(&desk, &cancelled), (0, 0));
    });
}

#[test]
fn what_was_taken_back_is_gone_before_its_letter_is_settled() {
    play(async |desk| {
        desk.write("messages", 0..4);
        let revoked = copied(&desk, &["conversations"]).await;
        assert_eq!(desk.package_one(ROOMY).await, Some(Packed::Written));
        let reason = Personal::new("of somebody else");
        desk.order(&olga(), &revoked, Wish::Revoke { reason })
            .await
            .expect("Olga may");
        desk.tend(&revoked).await;
        let facts = desk.facts(&revoked);
        assert_eq!(
            (facts.status, desk.phase(&revoked)),
            (Status::InProgress, Phase::Closing)
        );
        assert_eq!(facts.package.expect("it had one").state, PackageState::Revoked);
        assert_eq!(stored(&desk, &revoked), (0, 0));
    });
}

#[test]
fn a_writer_that_is_at_work_keeps_a_cancellation_waiting_and_completes_nothing() {
    play(async |desk| {
        desk.write("messages", 0..2);
        let key = copied(&desk, &["conversations"]).await;
        let mut row = desk.assembly(&key).expect("a row");
        let before = row.rev;
        row.rev += 1;
        row.holder = Some("a writer".to_owned());
        row.lease_until = Some(desk.now() + SignedDuration::from_mins(5));
        let work = &desk.records.store;
        assert!(
            crate::ports::Work::swap_assembly(work, &key, before, &row)
                .await
                .expect("written")
        );
        let facts = desk.cancel(&key).await.expect("Otto may");
        assert_eq!(facts.status, Status::InProgress, "somebody may be writing");
        desk.tend_at(&key, desk.now() + SignedDuration::from_mins(6)).await;
        assert_eq!(desk.facts(&key).status, Status::Cancelled);
    });
}

#[test]
fn what_cannot_be_written_is_a_finding_and_a_retry_writes_it() {
    play(async |desk| {
        desk.write("messages", 0..2);
        let key = copied(&desk, &["conversations"]).await;
        let lost = desk
            .manifests
            .objects()
            .into_keys()
            .find(|name| name.ends_with("-list"))
            .expect("a list");
        let kept = desk.manifests.read(&lost).await.expect("read").expect("there");
        desk.manifests.delete_under(&lost).await.expect("gone");
        for _ in 0..5 {
            desk.wait(SignedDuration::from_secs(5));
            desk.package_one(ROOMY).await.expect("it is tried again");
        }
        let job = desk.facts(&key).job.expect("a job");
        assert_eq!(
            (job.status, job.phase, job.findings),
            (JobStatus::Failed, Phase::Packaging, 1)
        );
        assert_eq!(desk.findings(&key)[0].name().to_string(), "package.copy_gone");
        let shown = desk.shown(&key).await.remove(0);
        assert_eq!((shown.dataset, shown.chunk), (None, None), "it is of all of them");
        assert_eq!(desk.package_one(ROOMY).await, None, "nobody goes on");
        desk.manifests.put(&lost, kept).await.expect("put back");
        let otto = otto();
        let retried = retry(&desk.records, &desk.queues, &otto, (key.id, None), None, desk.now());
        Box::pin(retried).await.expect("Otto may");
        assert_eq!(desk.package_one(ROOMY).await, Some(Packed::Written));
        assert_eq!(desk.phase(&key), Phase::Closing);
    });
}

#[test]
fn what_nobody_could_copy_or_list_is_resolved_and_told() {
    play(async |desk| {
        desk.write("messages", 0..2);
        desk.write("profiles", 0..1);
        let key = begun(&desk, &["conversations", "profile"]).await;
        desk.sources.break_down("profiles", "source_gone");
        desk.plan().await;
        desk.sources.break_down("messages", "access_denied");
        desk.rest().await;
        // First nobody can list the one, then nobody can read the other.
        for finding in ["profiles.0.plan.source_gone", "messages.0.0.access_denied"] {
            desk.resolve(&key, finding).await.expect("Otto may");
            desk.rest().await;
        }
        assert_eq!(desk.package_one(ROOMY).await, Some(Packed::Written));
        assert_eq!(desk.facts(&key).result, Some(Completion::Partial));
        let files = unpacked(&desk, &key);
        let manifest: serde_json::Value = serde_json::from_str(&files["manifest.json"][0]).expect("JSON");
        let left_out = |n: usize| {
            let one = &manifest["left_out"][n];
            let ground = one["ground"].as_str().expect("a ground").split(';').next();
            (
                one["dataset"].clone(),
                one["records"].clone(),
                ground.unwrap_or_default().to_owned(),
            )
        };
        assert_eq!(
            left_out(0),
            ("messages".into(), 2.into(), "could not be read".to_owned())
        );
        let unlisted = "could not be listed, or not to the end".to_owned();
        assert_eq!(left_out(1), ("profiles".into(), serde_json::Value::Null, unlisted));
        assert!(files["index.html"][0].contains("<td>unknown</td>"));
    });
}

#[test]
fn a_package_goes_when_its_time_is_over_and_takes_the_personal_fields_along() {
    play(async |desk| {
        desk.write("messages", 0..2);
        let key = copied(&desk, &["conversations"]).await;
        desk.package_one(ROOMY).await.expect("packed");
        let expires_at = desk
            .facts(&key)
            .package
            .and_then(|package| package.expires_at)
            .expect("it ends");
        let package = desk.facts(&key).package.expect("it has one");
        let available_at = package.available_at.expect("it is there");
        assert_eq!(expires_at, available_at + SignedDuration::from_hours(7 * 24));
        desk.pass(&key, expires_at - SignedDuration::from_secs(1)).await;
        let facts = desk.facts(&key);
        assert_eq!((facts.status, facts.shredded), (Status::Completed, false));
        assert_eq!(stored(&desk, &key).0, 1);
        let told: Vec<_> = desk.mails(&key).iter().map(|mail| mail.occasion.as_str()).collect();
        assert_eq!(told, ["received", "approved", "completed", "expiring"]);
        assert!(
            desk.manifests.objects().is_empty(),
            "the copies went with the completion"
        );
        desk.pass(&key, expires_at + SignedDuration::from_mins(5)).await;
        let facts = desk.facts(&key);
        assert_eq!(facts.package.expect("it had one").state, PackageState::Purged);
        assert_eq!((stored(&desk, &key), facts.shredded), ((0, 0), true));
    });
}

#[test]
fn of_a_silent_export_the_subject_hears_nothing() {
    play(async |desk| {
        let mut input = super::people::for_ada(export(&["profile"]));
        input.notify_subject = Some(false);
        let key = desk.submit(&olga(), input).await.expect("operators may");
        desk.order(&olga(), &key, verification()).await.expect("Olga may");
        desk.order(&otto(), &key, approval())
            .await
            .expect("the requester may not");
        let started = Box::pin(start(&desk.records, &desk.config, &desk.queues, &key, desk.now())).await;
        assert!(started.expect("it starts"));
        desk.toil().await;
        desk.package_one(ROOMY).await.expect("packed");
        desk.pass(&key, desk.now() + SignedDuration::from_mins(5)).await;
        let facts = desk.facts(&key);
        assert_eq!((facts.status, facts.notice), (Status::Completed, Some(Notice::Waived)));
        assert!(desk.mails(&key).is_empty());
    });
}
