//! Packages (`Exports`): every case on the fake and on the adapter, on the emulator; links on the adapter alone.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_s3::types::ServerSideEncryption;
use harness::App;
use harness::wait::{unique, until};
use shared::blob::S3Exports;
use shared::ports::{Exports, Receipt, Upload};
use shared::sim::exports::SimExports;
use shared::sim::{Calm, World, alone};

/// The smallest block that S3 takes, but for the last.
const BLOCK: usize = 5 * 1024 * 1024;

/// One side, and its bucket as it really is.
trait Side {
    type Exports: Exports;
    fn exports(&self) -> &Self::Exports;
    /// What lies under a prefix.
    async fn objects(&self, prefix: &str) -> BTreeMap<String, Vec<u8>>;
}

struct Simulator(SimExports);

impl Side for Simulator {
    type Exports = SimExports;

    fn exports(&self) -> &SimExports {
        &self.0
    }

    async fn objects(&self, prefix: &str) -> BTreeMap<String, Vec<u8>> {
        let all = self.0.objects().into_iter();
        all.filter(|(key, _)| key.starts_with(prefix)).collect()
    }
}

struct Emulator {
    app: App,
    exports: S3Exports,
}

impl Emulator {
    async fn find() -> Self {
        let app = App::start().await;
        let (bucket, key) = (app.output("ExportsBucket"), app.output("DataKeyArn"));
        let exports = S3Exports::new(app.clients.s3(), bucket, key);
        Self { app, exports }
    }
}

impl Side for Emulator {
    type Exports = S3Exports;

    fn exports(&self) -> &S3Exports {
        &self.exports
    }

    async fn objects(&self, prefix: &str) -> BTreeMap<String, Vec<u8>> {
        let (s3, bucket) = (self.app.clients.s3(), self.app.output("ExportsBucket"));
        let listed = s3.list_objects_v2().bucket(bucket).prefix(prefix).send().await;
        let mut objects = BTreeMap::new();
        for object in listed.expect("a listing").contents() {
            let key = object.key().expect("a key");
            let answer = s3.get_object().bucket(bucket).key(key).send().await.expect("an object");
            let body = answer.body.collect().await.expect("whole");
            objects.insert(key.to_owned(), body.to_vec());
        }
        objects
    }
}

/// A prefix that is nobody else's.
fn prefix() -> String {
    format!("p/conformance/{}/", unique())
}

async fn put<E: Exports>(exports: &E, upload: &Upload, number: i32, bytes: &[u8]) -> Receipt {
    exports
        .put_block(upload, number, bytes.to_vec())
        .await
        .expect("a block")
}

/// An object of one block.
async fn written<E: Exports>(exports: &E, key: &str) {
    let upload = exports.begin(key).await.expect("begun");
    let receipt = put(exports, &upload, 1, key.as_bytes()).await;
    exports.complete(&upload, &[receipt]).await.expect("completed");
}

async fn an_object_is_there_whole_or_not_at_all<S: Side>(side: S) {
    let (exports, prefix) = (side.exports(), prefix());
    let key = format!("{prefix}1-1.zip");
    let upload = exports.begin(&key).await.expect("begun");
    put(exports, &upload, 1, &[1; BLOCK]).await;
    // An answer was lost; the same block goes once more, and the later one counts.
    let first = put(exports, &upload, 1, &[2; BLOCK]).await;
    let second = put(exports, &upload, 2, b"the rest").await;
    assert!(
        side.objects(&prefix).await.is_empty(),
        "before it is completed nobody sees it"
    );
    exports.complete(&upload, &[first, second]).await.expect("completed");
    let objects = side.objects(&prefix).await;
    let [(found, bytes)] = &Vec::from_iter(objects)[..] else {
        panic!("one object");
    };
    assert_eq!(found, &key);
    assert_eq!(bytes.len(), BLOCK + b"the rest".len());
    assert!(bytes[..BLOCK].iter().all(|byte| *byte == 2) && bytes.ends_with(b"the rest"));
    assert_eq!(
        exports.abort_under(&prefix).await.expect("asked"),
        0,
        "nothing is left unfinished"
    );
}

async fn what_is_given_up_cannot_be_completed<S: Side>(side: S) {
    let (exports, prefix) = (side.exports(), prefix());
    let mine = [format!("{prefix}a/1.zip"), format!("{prefix}a/2.zip")];
    let mut begun = vec![];
    for key in &mine {
        let upload = exports.begin(key).await.expect("begun");
        let receipt = put(exports, &upload, 1, b"some").await;
        begun.push((upload, receipt));
    }
    let theirs = exports.begin(&format!("{prefix}ab/1.zip")).await.expect("begun");
    let receipt = put(exports, &theirs, 1, b"theirs").await;
    let under = format!("{prefix}a/");
    assert_eq!(exports.abort_under(&under).await.expect("given up"), 2);
    assert_eq!(exports.abort_under(&under).await.expect("nothing is left"), 0);
    for (upload, receipt) in begun {
        assert!(exports.complete(&upload, &[receipt]).await.is_err(), "{}", upload.key);
        assert!(exports.put_block(&upload, 2, b"more".to_vec()).await.is_err());
    }
    exports.complete(&theirs, &[receipt]).await.expect("it was another's");
    assert_eq!(side.objects(&prefix).await.len(), 1);
}

async fn a_package_is_deleted_with_all_its_parts_and_no_other<S: Side>(side: S) {
    let (exports, prefix) = (side.exports(), prefix());
    for name in ["a/1.zip", "a/2.zip", "ab/1.zip"] {
        written(exports, &format!("{prefix}{name}")).await;
    }
    let under = format!("{prefix}a/");
    assert_eq!(exports.delete_under(&under).await.expect("deleted"), 2);
    assert_eq!(exports.delete_under(&under).await.expect("nothing is left"), 0);
    assert_eq!(side.objects(&prefix).await.len(), 1);
}

/// Fetches a link as anybody would.
async fn fetch(link: &str) -> reqwest::Response {
    // A proxy named in the environment has no business with the loopback address.
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    client.get(link).send().await.expect("answered")
}

/// Makes of each case a test on either side.
macro_rules! cases {
    ($($case:ident)+) => {
        mod on_the_simulator {
            $(#[test]
            fn $case() {
                let now = "2026-11-22T00:00:00Z".parse().expect("an instant");
                let world = super::World::new(1, now, super::Calm);
                let side = super::Simulator(super::SimExports::new(&world));
                super::alone(&world, super::$case(side)).expect("the case ends");
            })+
        }

        mod on_the_emulator {
            $(#[tokio::test]
            async fn $case() {
                super::$case(super::Emulator::find().await).await;
            })+
        }
    };
}

cases! {
    an_object_is_there_whole_or_not_at_all
    what_is_given_up_cannot_be_completed
    a_package_is_deleted_with_all_its_parts_and_no_other
}

#[tokio::test]
async fn a_part_is_sealed_under_our_key_and_its_link_says_what_it_is() {
    let side = Emulator::find().await;
    let key = format!("{}1-1.zip", prefix());
    written(&side.exports, &key).await;
    let head = side.app.clients.s3().head_object();
    let head = head.bucket(side.app.output("ExportsBucket")).key(&key).send().await;
    let head = head.expect("there");
    assert_eq!(head.server_side_encryption(), Some(&ServerSideEncryption::AwsKms));
    assert_eq!(head.ssekms_key_id(), Some(side.app.output("DataKeyArn")));

    let link = side
        .exports
        .link(&key, "your data-1.zip", Duration::from_secs(60))
        .await;
    let link = link.expect("a link");
    let answer = fetch(&link).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/zip");
    assert_eq!(
        answer.headers()["content-disposition"],
        "attachment; filename=\"your data-1.zip\""
    );
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.bytes().await.expect("whole"), key.as_bytes());
}

#[tokio::test]
async fn an_altered_link_and_one_whose_time_is_over_open_nothing() {
    let side = Emulator::find().await;
    let (key, other) = (format!("{}1-1.zip", prefix()), format!("{}1-1.zip", prefix()));
    written(&side.exports, &key).await;
    written(&side.exports, &other).await;
    let link = side.exports.link(&key, "data.zip", Duration::from_secs(60)).await;
    let link = link.expect("a link");
    let (before, signature) = link.split_once("X-Amz-Signature=").expect("a signature");
    let flipped = if signature.starts_with('0') { '1' } else { '0' };
    for altered in [
        format!("{before}X-Amz-Signature={flipped}{}", &signature[1..]),
        link.replace(&key, &other),
        link.replace("X-Amz-Expires=60", "X-Amz-Expires=61"),
    ] {
        assert_ne!(altered, link);
        let answer = fetch(&altered).await;
        assert_eq!(answer.status(), 403, "{altered}");
    }
    let brief = side.exports.link(&key, "data.zip", Duration::from_secs(1)).await;
    let brief = brief.expect("a link");
    until("the link to end", async || {
        let answer = fetch(&brief).await;
        (answer.status() == 403).then_some(())
    })
    .await;
}
