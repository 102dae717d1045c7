//! A file the application uploads between our look at the versions and our delete marker: the narrowest of races, made
//! certain by a client that uploads right before each DeleteObjects leaves the machine.

use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::ByteStream;
use shared::domain::outcome::{Code, LineOutcome};
use shared::ports::{Always, Sources};
use shared::source::AwsSources;

use super::scratch::{Scratch, Stack};
use crate::conformance::source::ground::{Bed as _, MINE, codes};

const KEY: &str = "acme/7/a";

/// Uploads a new version of [`KEY`] before a batch of deletes is sent.
#[derive(Debug)]
struct UploadFirst {
    bucket: String,
}

impl Intercept for UploadFirst {
    fn name(&self) -> &'static str {
        "upload first"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.request().uri().ends_with("?delete") {
            let bucket = self.bucket.clone();
            std::thread::spawn(move || upload(&bucket)).join().expect("uploaded");
        }
        Ok(())
    }
}

/// On a thread and a runtime of its own, since the hook cannot wait.
fn upload(bucket: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let client = Stack::find().s3("test", "test");
    let body = ByteStream::from_static(b"written meanwhile");
    let call = client.put_object().bucket(bucket).key(KEY).body(body);
    runtime.block_on(call.send()).expect("an object is put");
}

#[tokio::test]
async fn what_is_uploaded_meanwhile_is_not_hidden() {
    let scratch = Scratch::bucket(true).await;
    let planned = scratch.write(KEY, "planned").await;
    let lines = scratch.desk.plan().await;
    let interceptor = UploadFirst {
        bucket: scratch.name.clone(),
    };
    let settings = Stack::find().s3_settings("test", "test").interceptor(interceptor);
    let racing = AwsSources::new(scratch.db.clone(), aws_sdk_s3::Client::from_conf(settings.build()));

    let swept = racing
        .sweep(scratch.desk.sweep_order(&lines, MINE), &Always)
        .await
        .expect("a sweep");
    assert_eq!(
        swept,
        [LineOutcome::plain(Code::Swept)],
        "hidden by the newer version, not by us"
    );
    assert_eq!(scratch.visible().await, [KEY]);
    let versions = scratch.versions().await;
    assert!(versions[KEY].len() == 2 && versions[KEY][1] == planned);

    assert_eq!(codes(&scratch.desk.purge(&lines, &swept).await), [Code::Purged]);
    assert_eq!(scratch.versions().await[KEY], versions[KEY][..1]);
}
