//! The small adapters against the real services of the stack: sealing (KMS), queues (SQS), blobs and configuration (S3),
//! mail (SES). Each test makes what it needs, so they run beside each other and beside the journeys.

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use futures::{StreamExt, TryStreamExt, stream};
use lethe::clients::Clients;
use lethe::stack_file::Stack;
use shared::blob::{S3Config, S3Manifests};
use shared::domain::chunk::ChunkId;
use shared::domain::ids::{Ref, RequestId, RequestKey};
use shared::domain::message::ChunkMessage;
use shared::domain::object_keys;
use shared::domain::personal::Personal;
use shared::mail::SesMailer;
use shared::ports::{Config, Fault, KeyName, Letter, MailFault, Mailer, Manifests, Queues, Sealer};
use shared::queue::{SqsQueues, Urls};
use shared::sealing::Kms;

async fn clients() -> Clients {
    Clients::of(&Stack::for_tests().expect("a stack")).await
}

/// A name nobody else uses, also after the same test ran before on the same stack.
fn unique(what: &str) -> String {
    format!(
        "{what}-{}",
        shared::runtime::clock::new_request_id(shared::runtime::clock::now())
    )
    .to_lowercase()
    .replace('_', "-")
}

fn request() -> RequestKey {
    RequestKey {
        tenant: "acme".parse().expect("slug"),
        id: shared::runtime::clock::new_request_id(shared::runtime::clock::now()),
    }
}

async fn kms() -> (Kms, String) {
    use aws_sdk_kms::types::{KeySpec, KeyUsageType};
    let client = clients().await.kms();
    let data = client.create_key().send().await.expect("a key");
    let mac = client
        .create_key()
        .key_spec(KeySpec::Hmac256)
        .key_usage(KeyUsageType::GenerateVerifyMac);
    let mac = mac.send().await.expect("a MAC key");
    let arn = |made: Option<aws_sdk_kms::types::KeyMetadata>| made.and_then(|key| key.arn).expect("an arn");
    let data = arn(data.key_metadata);
    (Kms::new(client, data.as_str(), arn(mac.key_metadata)), data)
}

#[tokio::test]
async fn a_data_key_opens_only_under_its_own_name_and_tenant() {
    let (kms, _) = kms().await;
    let RequestKey { tenant, id } = request();
    let name = KeyName::Person(tenant.clone(), id);
    let (key, wrapped) = kms.mint(&name).await.expect("minted");
    let sealed = kms.seal(&key, "requests/person", b"Ada");
    let again = kms.unwrap(&name, &wrapped).await.expect("unwrapped");
    assert_eq!(kms.unseal(&again, "requests/person", &sealed).expect("opens"), b"Ada");
    for other in [
        KeyName::Person("globex".parse().expect("slug"), id),
        KeyName::Person(tenant.clone(), RequestId::from_parts(1, 1)),
        KeyName::Staff(tenant),
    ] {
        let refused = kms.unwrap(&other, &wrapped).await;
        assert!(
            matches!(refused, Err(Fault::Permanent { code: "corrupt", .. })),
            "{other:?}"
        );
    }
}

#[tokio::test]
async fn a_tenants_reference_key_is_always_the_same_and_its_own() {
    let (kms, _) = kms().await;
    let of = async |tenant: &str| {
        let key = kms.ref_key(&tenant.parse().expect("slug")).await.expect("a key");
        Ref::new(&key, "subject", "7")
    };
    assert_eq!(of("acme").await, of("acme").await);
    assert_ne!(of("acme").await, of("globex").await);
}

#[tokio::test]
async fn twenty_five_messages_arrive_grouped_by_tenant() {
    use aws_sdk_sqs::types::MessageSystemAttributeName;
    let client = clients().await.sqs();
    let made = client
        .create_queue()
        .queue_name(unique("q"))
        .send()
        .await
        .expect("a queue");
    let url = made.queue_url.expect("an address");
    let queues = SqsQueues::new(
        client.clone(),
        Urls {
            chunks: Some(url.clone()),
            ..Urls::default()
        },
    );
    let message = |n| ChunkMessage {
        v: 1,
        request: request(),
        chunk: ChunkId {
            dataset: "messages".parse().expect("slug"),
            generation: 1,
            n,
        },
        send: 1,
    };
    let sent: Vec<_> = (0..25).map(message).collect();
    let results = queues.send_chunks(&sent, 0).await;
    assert!(results.len() == 25 && results.iter().all(Result::is_ok), "{results:?}");
    let mut seen = Vec::new();
    while seen.len() < 25 {
        let call = client
            .receive_message()
            .queue_url(&url)
            .max_number_of_messages(10)
            .wait_time_seconds(5);
        let call = call.message_system_attribute_names(MessageSystemAttributeName::MessageGroupId);
        let batch = call.send().await.expect("messages").messages.unwrap_or_default();
        assert!(!batch.is_empty(), "only {} of 25 arrived", seen.len());
        for one in batch {
            let group = one
                .attributes()
                .and_then(|all| all.get(&MessageSystemAttributeName::MessageGroupId));
            assert_eq!(group.map(String::as_str), Some("acme"));
            seen.push(serde_json::from_str::<ChunkMessage>(one.body().expect("a body")).expect("ours"));
        }
    }
    seen.sort_by_key(|message| message.chunk.n);
    assert_eq!(seen, sent);
}

#[tokio::test]
async fn a_queue_that_is_gone_is_told_for_each_message() {
    let stack = Stack::for_tests().expect("a stack");
    let url = format!("{}/000000000000/{}", stack.endpoint, unique("gone"));
    let queues = SqsQueues::new(
        clients().await.sqs(),
        Urls {
            chunks: Some(url),
            ..Urls::default()
        },
    );
    let message = ChunkMessage {
        v: 1,
        request: request(),
        chunk: ChunkId {
            dataset: "messages".parse().expect("slug"),
            generation: 1,
            n: 0,
        },
        send: 1,
    };
    let results = queues.send_chunks(&[message.clone(), message], 0).await;
    assert_eq!(results.len(), 2);
    for result in results {
        assert!(
            matches!(result, Err(Fault::Permanent { code: "queue_gone", .. })),
            "{result:?}"
        );
    }
}

#[tokio::test]
async fn objects_are_encrypted_read_in_ranges_and_deleted_under_a_prefix() {
    let (_, data_key) = kms().await;
    let (client, bucket) = (clients().await.s3(), unique("b"));
    client.create_bucket().bucket(&bucket).send().await.expect("a bucket");
    let manifests = S3Manifests::new(client.clone(), bucket.as_str(), data_key.as_str());
    let (mine, other) = (request(), request());
    let key = object_keys::manifest(&mine, "ab");
    manifests.put(&key, b"0123456789".to_vec()).await.expect("put");
    let head = client
        .head_object()
        .bucket(&bucket)
        .key(&key)
        .send()
        .await
        .expect("there");
    assert_eq!(head.ssekms_key_id(), Some(data_key.as_str()));
    assert_eq!(manifests.read_range(&key, 2, 3).await.expect("a range"), b"234");
    assert_eq!(manifests.read_range(&key, 2, 0).await.expect("nothing"), b"");
    assert!(
        manifests.read_range(&key, 8, 5).await.is_err(),
        "a range past the end is damage"
    );
    assert_eq!(
        manifests.read(&key).await.expect("read").as_deref(),
        Some(&b"0123456789"[..])
    );
    assert_eq!(manifests.read("m/none").await.expect("read"), None);
    manifests
        .put(&object_keys::manifest(&other, "ab"), b"x".to_vec())
        .await
        .expect("put");
    let puts = stream::iter(0..1_005).map(|n: u32| {
        let (manifests, key) = (&manifests, object_keys::manifest(&mine, &n.to_string()));
        async move { manifests.put(&key, vec![b'x']).await }
    });
    puts.buffer_unordered(16).try_collect::<Vec<_>>().await.expect("put");
    let [prefix, ..] = object_keys::prefixes(&mine);
    assert_eq!(manifests.delete_under(&prefix).await.expect("deleted"), 1_006);
    assert_eq!(manifests.delete_under(&prefix).await.expect("nothing left"), 0);
    assert!(
        manifests
            .read(&object_keys::manifest(&other, "ab"))
            .await
            .expect("read")
            .is_some()
    );
}

const POLICY: &str = "v: 1\ndefaults: {ClampGraceToDeadline: false}\n";
const MAP: &str = "v: 1\ndatasets:\n  - {id: a, category: c, description: d, source: s3, bucket: b, \
                   prefix: \"{tenant}/{subject}/\", tenant: {in: key}}\n";

#[tokio::test]
async fn the_configuration_is_versioned_pinned_and_applied_once() {
    let (_, data_key) = kms().await;
    let (client, bucket) = (clients().await.s3(), unique("b"));
    client.create_bucket().bucket(&bucket).send().await.expect("a bucket");
    let enabled = VersioningConfiguration::builder()
        .status(BucketVersioningStatus::Enabled)
        .build();
    let call = client
        .put_bucket_versioning()
        .bucket(&bucket)
        .versioning_configuration(enabled);
    call.send().await.expect("versioned");
    let config = S3Config::new(client, bucket.as_str(), data_key.as_str());
    assert!(
        config.policy().await.expect("read").is_none(),
        "nothing was applied yet"
    );
    assert!(config.data_map(None).await.expect("read").is_none());
    let policy = config.put_policy(POLICY).await.expect("put");
    assert_eq!(config.put_policy(POLICY).await.expect("again").version, policy.version);
    assert_eq!(config.policy().await.expect("read").expect("one").digest, policy.digest);
    let first = config.put_data_map(MAP).await.expect("put");
    let second = config
        .put_data_map(&MAP.replace("description: d", "description: e"))
        .await
        .expect("put");
    assert_ne!(first.version, second.version);
    let newest = config.data_map(None).await.expect("read").expect("one");
    assert_eq!((newest.version, newest.digest), (second.version, second.digest));
    let pinned = config.data_map(Some(&first.version)).await.expect("read").expect("one");
    assert_eq!((pinned.digest, pinned.value), (first.digest, first.value));
    let gone = config.data_map(Some("00000000-0000-0000-0000-000000000000")).await;
    assert!(
        matches!(gone, Err(Fault::Permanent { .. })),
        "a pinned version that is gone is damage: {gone:?}"
    );
}

#[tokio::test]
async fn a_letter_is_taken_from_a_verified_sender_only() {
    let stack = Stack::for_tests().expect("a stack");
    let client = clients().await.ses();
    let sender = format!("{}@example.com", unique("sender"));
    client
        .create_email_identity()
        .email_identity(&sender)
        .send()
        .await
        .expect("an identity");
    let letter = Letter {
        to: Personal::new("reader@example.com"),
        subject: unique("We have your request"),
        text: Personal::new("Text – with a dash"),
        html: Personal::new("<p>Text</p>"),
        request: "dsr_1".into(),
        occasion: "received",
    };
    let mailer = SesMailer::new(client.clone(), sender.as_str());
    mailer.send(&letter).await.expect("taken");
    let sent = reqwest::get(format!("{}/_ministack/ses/messages", stack.endpoint))
        .await
        .expect("the mailbox");
    let sent = sent.text().await.expect("its text");
    assert!(sent.contains(&letter.subject), "the letter is not among those sent");
    let stranger = SesMailer::new(client, "nobody@nowhere.example");
    let refused = stranger.send(&letter).await;
    assert!(matches!(refused, Err(MailFault::Refused { .. })), "{refused:?}");
}
