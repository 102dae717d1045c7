//! The other services' actions as calls that do no harm: objects nobody has, receipts nobody was given, messages and
//! letters that are refused for their form once access was not. Where putting is allowed an empty object is left.

use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{DataKeySpec, MacAlgorithmSpec};
use aws_sdk_s3::types::{BucketLifecycleConfiguration, VersioningConfiguration};
use aws_sdk_sqs::types::QueueAttributeName;
use harness::App;
use harness::wait::unique;
use lethe::clients::Clients;

use super::Said;
use super::place::Place;

/// A message that SQS refuses for its content: nobody will get it.
const NO_MESSAGE: &str = "\u{1}";

pub(super) async fn ask_s3(acting: &Clients, action: &str, place: &Place) -> Option<Said> {
    let (s3, bucket) = (acting.s3(), place.name.as_str());
    let key = format!("t-{}/roles-test/nothing", unique());
    match action {
        "GetObject" => Said::of(s3.get_object().bucket(bucket).key(key).send().await),
        "GetObjectVersion" => Said::of(s3.get_object().bucket(bucket).key(key).version_id("none").send().await),
        "PutObject" => Said::of(s3.put_object().bucket(bucket).key(key).send().await),
        "DeleteObject" => Said::of(s3.delete_object().bucket(bucket).key(key).send().await),
        "DeleteObjectVersion" => {
            let delete = s3.delete_object().bucket(bucket).key(key);
            Said::of(delete.version_id("none").send().await)
        }
        "AbortMultipartUpload" => {
            let abort = s3.abort_multipart_upload().bucket(bucket).key(key);
            Said::of(abort.upload_id("none").send().await)
        }
        "ListBucketMultipartUploads" => Said::of(s3.list_multipart_uploads().bucket(bucket).prefix(key).send().await),
        "ListBucket" => Said::of(s3.list_objects_v2().bucket(bucket).prefix(key).send().await),
        "ListBucketVersions" => Said::of(s3.list_object_versions().bucket(bucket).prefix(key).send().await),
        "ListAllMyBuckets" => Said::of(s3.list_buckets().send().await),
        "GetBucketVersioning" => Said::of(s3.get_bucket_versioning().bucket(bucket).send().await),
        // From here on to be refused: the caller has made sure of that.
        "PutBucketVersioning" => {
            let off = VersioningConfiguration::builder().build();
            let put = s3.put_bucket_versioning().bucket(bucket);
            Said::of(put.versioning_configuration(off).send().await)
        }
        "PutLifecycleConfiguration" => {
            let none = BucketLifecycleConfiguration::builder().set_rules(Some(vec![]));
            let put = s3.put_bucket_lifecycle_configuration().bucket(bucket);
            Said::of(put.lifecycle_configuration(none.build().expect("rules")).send().await)
        }
        "PutBucketPolicy" => Said::of(s3.put_bucket_policy().bucket(bucket).policy("{}").send().await),
        "DeleteBucket" => Said::of(s3.delete_bucket().bucket(bucket).send().await),
        _ => None,
    }
}

/// Receiving where it is allowed would take a message from its function; every journey shows that it works.
pub(super) async fn ask_sqs(acting: &Clients, action: &str, may: bool, place: &Place) -> Option<Said> {
    let (sqs, queue) = (acting.sqs(), place.name.as_str());
    match action {
        "SendMessage" => {
            let send = sqs.send_message().queue_url(queue);
            Said::of(send.message_body(NO_MESSAGE).send().await)
        }
        "ReceiveMessage" if !may => Said::of(sqs.receive_message().queue_url(queue).send().await),
        "DeleteMessage" => Said::of(
            sqs.delete_message()
                .queue_url(queue)
                .receipt_handle("none")
                .send()
                .await,
        ),
        "ChangeMessageVisibility" => {
            let change = sqs.change_message_visibility().queue_url(queue);
            Said::of(change.receipt_handle("none").visibility_timeout(0).send().await)
        }
        "GetQueueAttributes" => Said::of(sqs.get_queue_attributes().queue_url(queue).send().await),
        // From here on to be refused.
        "PurgeQueue" => Said::of(sqs.purge_queue().queue_url(queue).send().await),
        "DeleteQueue" => Said::of(sqs.delete_queue().queue_url(queue).send().await),
        "SetQueueAttributes" => {
            let set = sqs.set_queue_attributes().queue_url(queue);
            Said::of(set.attributes(QueueAttributeName::VisibilityTimeout, "0").send().await)
        }
        _ => None,
    }
}

pub(super) async fn ask_kms(app: &App, acting: &Clients, action: &str, place: &Place) -> Option<Said> {
    let (kms, key) = (acting.kms(), place.name.as_str());
    match action {
        "GenerateDataKey" => {
            let mint = kms.generate_data_key().key_id(key);
            Said::of(mint.key_spec(DataKeySpec::Aes256).send().await)
        }
        "Decrypt" => {
            let mint = app.clients.kms().generate_data_key().key_id(app.output("DataKeyArn"));
            let minted = mint.key_spec(DataKeySpec::Aes256).send().await.expect("root mints");
            let unwrap = kms.decrypt().key_id(key).set_ciphertext_blob(minted.ciphertext_blob);
            Said::of(unwrap.send().await)
        }
        "GenerateMac" => {
            let mac = kms.generate_mac().key_id(key).message(Blob::new("roles-test"));
            Said::of(mac.mac_algorithm(MacAlgorithmSpec::HmacSha256).send().await)
        }
        // From here on to be refused.
        "ScheduleKeyDeletion" => Said::of(kms.schedule_key_deletion().key_id(key).send().await),
        "DisableKey" => Said::of(kms.disable_key().key_id(key).send().await),
        "PutKeyPolicy" => Said::of(kms.put_key_policy().key_id(key).policy("{}").send().await),
        "CreateGrant" => {
            let grant = kms.create_grant().key_id(key);
            Said::of(grant.grantee_principal("arn:aws:iam::000000000000:root").send().await)
        }
        _ => None,
    }
}

/// IAM, STS and X-Ray are left to the simulator, and so is writing logs: the emulator checks that under an ARN of its own.
pub(super) async fn ask_rest(acting: &Clients, action: &str, place: &Place) -> Option<Said> {
    let name = place.name.as_str();
    let (logs, lambda, cognito) = (acting.logs(), acting.lambda(), acting.cognito());
    match action {
        // A letter without recipient and text.
        "ses:SendEmail" => Said::of(acting.ses().send_email().from_email_address("a@b.example").send().await),
        // From here on to be refused.
        "logs:DeleteLogGroup" => Said::of(logs.delete_log_group().log_group_name(name).send().await),
        "logs:DeleteLogStream" => {
            let delete = logs.delete_log_stream().log_group_name(name);
            Said::of(delete.log_stream_name("none").send().await)
        }
        "logs:PutRetentionPolicy" => {
            let put = logs.put_retention_policy().log_group_name(name);
            Said::of(put.retention_in_days(1).send().await)
        }
        "lambda:InvokeFunction" => Said::of(lambda.invoke().function_name(name).send().await),
        "lambda:UpdateFunctionConfiguration" => {
            let update = lambda.update_function_configuration().function_name(name);
            Said::of(update.timeout(1).send().await)
        }
        "cognito-idp:AdminCreateUser" => {
            let create = cognito.admin_create_user().user_pool_id(name);
            Said::of(create.username("roles-test@example.com").send().await)
        }
        "cognito-idp:AdminAddUserToGroup" => {
            let add = cognito
                .admin_add_user_to_group()
                .user_pool_id(name)
                .group_name("PlatformAdmin");
            Said::of(add.username("roles-test@example.com").send().await)
        }
        _ => None,
    }
}
