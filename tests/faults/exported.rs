//! Exports in trouble: the worker that writes a package is killed over it, and it holds the same bytes all the same; a
//! package that is cancelled while it is written leaves nothing behind. It says how much memory the function took.
//!
//! `LETHE_EXPORT=200000 LETHE_EXPORT_FILES=1000 cargo lethe test --faults exported` is the great one, of so many messages
//! and 5 MB files, alone: a page of so many records under one key takes the emulator longer than a trial's planner lives,
//! if anything else runs beside it. The emulator keeps all in memory: 20 GB are enough.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use harness::proxy::{Fault, On, When};
use harness::trial::is_long;
use harness::wait::until;
use harness::{Case, Oracle, Records, Subject, Trial, export, rows, workers};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use shared::domain::package::Assembly;

/// Messages of the short form, and of the long one.
const MESSAGES: (u64, u64) = (2_000, 20_000);
/// Bytes of a file of the great one.
const FILE: usize = 5_000_000;
/// What the function may take of memory.
const MAX_RESIDENT: u64 = 256 << 20;
/// How often the worker is killed.
const KILLS: u64 = 2;
/// Longer than the worker waits for the answer to a block.
const LATE: Duration = Duration::from_secs(30);
const CONTENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/faults/content.py");

/// What a package holds besides page and manifest, which name their request: each file's SHA-256.
#[derive(Debug, PartialEq, Eq)]
struct Content {
    files: BTreeMap<String, Value>,
    counts: (u64, u64),
}

#[tokio::test]
async fn a_package_is_the_same_bytes_whoever_was_killed_over_it() {
    let trial = Trial::start("trial-exported").await;
    let records = Records {
        messages: messages(),
        ..Records::default()
    };
    let ada = trial.app.subject_with("Ada", records).await;
    let uploaded = upload(&ada, wanted("LETHE_EXPORT_FILES").unwrap_or(0)).await;
    let oracle = Oracle::now(&trial.app).await;

    let (in_peace, peak) = packaged(&trial, &ada, 0).await;
    let (in_trouble, peak_in_trouble) = packaged(&trial, &ada, KILLS).await;
    tell(&format!(
        "{} messages and {} files packed: at most {} MiB resident in peace, {} MiB with {KILLS} workers killed",
        records.messages,
        records.files + uploaded.len() as u64,
        peak >> 20,
        peak_in_trouble >> 20
    ));
    assert!(peak.max(peak_in_trouble) < MAX_RESIDENT);
    // The second file was deleted by the application itself.
    let files = records.files - 1 + uploaded.len() as u64;
    assert_eq!(in_peace.counts, (records.messages + records.profiles, files));
    let there: BTreeSet<_> = in_peace.files.values().filter_map(Value::as_str).collect();
    assert!(uploaded.iter().all(|digest| there.contains(digest.as_str())));
    assert_eq!(in_trouble, in_peace);
    oracle.untouched(&trial.app, &[&ada.person, &trial.bystander]).await;
}

fn messages() -> u64 {
    wanted("LETHE_EXPORT").unwrap_or(if is_long() { MESSAGES.1 } else { MESSAGES.0 })
}

fn wanted(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|n| n.parse().ok())
}

/// Straight to stdout: the runner would keep a `println!` of a test that passes to itself.
fn tell(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("stdout");
}

/// So many files more, no two alike; answers their SHA-256.
async fn upload(ada: &Subject<'_>, count: u64) -> BTreeSet<String> {
    let (clients, names) = ada.app.sample();
    let prefix = demo::attachments::prefix(&ada.person.tenant, ada.id());
    let uploads = (0..count).map(|n| {
        let mut bytes = vec![0; FILE];
        ChaCha8Rng::seed_from_u64(n).fill(&mut bytes[..]);
        let digest = hex::encode(Sha256::digest(&bytes));
        let put = clients.s3.put_object().bucket(&names.attachments);
        let put = put.key(format!("{prefix}great-{n:05}")).body(bytes.into());
        async move { put.send().await.map(|_| digest) }
    });
    let uploaded = stream::iter(uploads).buffer_unordered(4).try_collect();
    uploaded.await.expect("they are uploaded")
}

/// Exports everything and reads the package; answers the most memory that a worker took, too.
async fn packaged(trial: &Trial, ada: &Subject<'_>, kills: u64) -> (Content, u64) {
    let began = Instant::now();
    let case = approved(ada).await;
    let before = late(trial);
    if kills > 0 {
        trial.script.rule(blocks(), When::First(1), Fault::Late(LATE));
    }
    let (mut killed, mut peak) = (0, 0);
    until("the package", async || {
        peak = peak.max(workers::peak_resident(&trial.app, "PackagingFunction"));
        if killed < kills && late(trial) > before + killed {
            assert!(
                workers::kill(&trial.app, "PackagingFunction") > 0,
                "it waits for the answer"
            );
            killed += 1;
            if killed < kills {
                trial.script.rule(blocks(), When::First(1), Fault::Late(LATE));
            }
        }
        trial.app.supervise().await;
        let request = case.read().await;
        assert_ne!(request["job"]["status"], "failed", "{request}");
        (request["status"] == "Completed").then_some(())
    })
    .await;
    assert_eq!(killed, kills);
    let assembly = assembly(&case).await;
    assert!(u64::from(assembly.epoch) > kills, "each worker had a lease of its own");
    let parts: Vec<_> = assembly.parts.iter().map(|part| part.object.clone()).collect();
    tell(&format!(
        "copied and packed in {} s: {} parts, {} workers killed",
        began.elapsed().as_secs(),
        parts.len(),
        killed
    ));
    assert_eq!(objects(&case).await, parts, "what was not finished is not there");
    (content(&case, &parts).await, peak)
}

#[tokio::test]
async fn cancelled_while_it_is_written_it_leaves_nothing() {
    let trial = Trial::start("trial-dropped").await;
    let ada = trial.app.subject("Ada").await;
    let oracle = Oracle::now(&trial.app).await;
    let case = approved(&ada).await;
    trial.script.rule(blocks(), When::First(1), Fault::Late(LATE));
    until("a block under way", async || {
        trial.app.supervise().await;
        (late(&trial) > 0).then_some(())
    })
    .await;
    assert!(!uploads(&case).await.is_empty(), "an upload was begun");
    let answer = case
        .call(&trial.app.executor, "/cancel", json!({ "reason": "the wrong person" }))
        .await;
    assert!([200, 202].contains(&answer.status.as_u16()), "{}", answer.body);
    case.until("the cancellation to settle", |request| request["status"] == "Cancelled")
        .await;
    until("nothing of it to be left", async || {
        trial.app.supervise().await;
        let left = objects(&case).await.len() + uploads(&case).await.len();
        (left == 0).then_some(())
    })
    .await;
    oracle.untouched(&trial.app, &[&ada.person, &trial.bystander]).await;
}

/// An export of everything that begins.
async fn approved<'a>(ada: &Subject<'a>) -> Case<'a> {
    let case = ada.submit(export(["attachments", "conversations", "profile"])).await;
    case.verify().await;
    let approve = json!({ "note": "nothing speaks against it" });
    let answer = case.call(&ada.app.approver, "/approve", approve).await;
    assert!(answer.status.is_success(), "{}", answer.body);
    case
}

/// The blocks of packages.
fn blocks() -> On {
    On {
        functions: &["PackagingFunction"],
        service: Some("s3"),
        operation: Some("PUT"),
        holding: Some("partNumber".to_owned()),
    }
}

fn late(trial: &Trial) -> u64 {
    trial.script.counts().get("late").copied().unwrap_or_default()
}

async fn assembly(case: &Case<'_>) -> Assembly {
    let rows = rows::request(case.app, &case.id).await;
    let doc = rows["EXPORT"]["doc"].as_s().expect("a document");
    serde_json::from_str(doc).expect("the package's row")
}

fn prefix(case: &Case<'_>) -> String {
    format!("p/{}/{}/", case.app.tenant, case.id)
}

async fn objects(case: &Case<'_>) -> Vec<String> {
    let list = case.app.clients.s3().list_objects_v2();
    let list = list.bucket(case.app.output("ExportsBucket")).prefix(prefix(case));
    let listed = list.send().await.expect("a listing");
    let keys = listed.contents().iter().filter_map(|object| object.key());
    keys.map(str::to_owned).collect()
}

async fn uploads(case: &Case<'_>) -> Vec<String> {
    let list = case.app.clients.s3().list_multipart_uploads();
    let list = list.bucket(case.app.output("ExportsBucket")).prefix(prefix(case));
    let listed = list.send().await.expect("a listing");
    let keys = listed.uploads().iter().filter_map(|upload| upload.key());
    keys.map(str::to_owned).collect()
}

/// Reads every part as a stranger would.
async fn content(case: &Case<'_>, parts: &[String]) -> Content {
    let (mut files, mut counts) = (BTreeMap::new(), (0, 0));
    for (number, object) in parts.iter().enumerate() {
        let get = case.app.clients.s3().get_object();
        let get = get.bucket(case.app.output("ExportsBucket")).key(object).send().await;
        let mut body = get.expect("a part").body;
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        while let Some(bytes) = body.next().await {
            file.write_all(&bytes.expect("whole")).expect("written");
        }
        let read = Command::new("python3").arg(CONTENT).arg(file.path()).output();
        let read = read.expect("Python 3.11 or later is installed");
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        let part: Value = serde_json::from_slice(&read.stdout).expect("JSON");
        for (path, digest) in part["found"].as_object().expect("files") {
            if path != "manifest.json" {
                assert_eq!(&part["listed"][path], digest, "{path}");
            }
            if path != "manifest.json" && path != "index.html" {
                files.insert(format!("{number}/{path}"), digest.clone());
            }
        }
        counts.0 += part["records"].as_u64().expect("a number");
        counts.1 += part["files"].as_u64().expect("a number");
    }
    Content { files, counts }
}
