//! The answers of DeleteObjects, also incomplete and out of order.

use aws_sdk_s3::types::{DeletedObject, Error};

use super::*;

fn target(key: &str, version: Option<&str>) -> Target {
    Target {
        key: key.into(),
        version: version.map(str::to_owned),
        etag: None,
    }
}

fn failed(key: &str, version: &str, code: &str) -> Error {
    Error::builder().key(key).version_id(version).code(code).build()
}

#[test]
fn each_target_gets_its_own_answer() {
    let batch = [
        target("a", None),
        target("b", Some("1")),
        target("b", Some("2")),
        target("c", None),
    ];
    let answer = DeleteObjectsOutput::builder()
        .deleted(DeletedObject::builder().key("b").version_id("2").build())
        .deleted(
            DeletedObject::builder()
                .key("a")
                .delete_marker(true)
                .delete_marker_version_id("m")
                .build(),
        )
        .errors(failed("b", "1", "AccessDenied"))
        .errors(failed("c", "", "PreconditionFailed"))
        .build();
    let expected = [
        Deleted::Done(Some("m".into())),
        Deleted::Refused("access_denied"),
        Deleted::Done(None),
        Deleted::Changed,
    ];
    assert_eq!(read("testing", &batch, &answer).expect("answered"), expected);
}

#[test]
fn a_deleted_marker_is_no_new_marker() {
    let done = DeletedObject::builder()
        .key("a")
        .version_id("m")
        .delete_marker(true)
        .delete_marker_version_id("m");
    let answer = DeleteObjectsOutput::builder().deleted(done.build()).build();
    assert_eq!(
        read("testing", &[target("a", Some("m"))], &answer).expect("answered"),
        [Deleted::Done(None)]
    );
}

#[test]
fn silence_and_throttling_are_faults() {
    let silent = DeleteObjectsOutput::builder().build();
    assert!(matches!(
        read("testing", &[target("a", None)], &silent),
        Err(Fault::Transient { .. })
    ));
    let slow = DeleteObjectsOutput::builder()
        .errors(failed("a", "", "SlowDown"))
        .build();
    assert!(matches!(
        read("testing", &[target("a", None)], &slow),
        Err(Fault::Transient { .. })
    ));
}

#[test]
fn keys_that_xml_cannot_carry_travel_alone() {
    let targets = [
        target("a", None),
        target("b\n", None),
        target("\u{1}", None),
        target("c", None),
    ];
    let sizes: Vec<usize> = batches(&targets).map(<[Target]>::len).collect();
    assert_eq!(sizes, [2, 1, 1]);
    let many: Vec<Target> = (0..2001).map(|n| target(&n.to_string(), None)).collect();
    let sizes: Vec<usize> = batches(&many).map(<[Target]>::len).collect();
    assert_eq!(sizes, [1000, 1000, 1]);
}
