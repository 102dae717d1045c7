//! A copy in the hands of the person it is about: every value is the source's, every file is the one they uploaded,
//! whatever its name and size, and the page opens in a browser. Read with Python, `unzip` and Chromium, not with our code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fantoccini::error::CmdError;
use fantoccini::{Client, Locator};
use harness::browser::{looking, texts, was_quiet};
use harness::package::{assert_inside, assert_no_formula, read, unpacked};
use harness::{App, Records, Subject, export};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::awkward::{self, HOSTILE, NAMES};
use super::exported::{download, link};

#[tokio::test]
async fn every_value_of_a_copy_is_the_sources_and_the_page_opens() {
    let app = App::start_alone().await;
    let records = Records {
        messages: 60,
        ..Records::default()
    };
    let ada = app.subject_with("Ada", records).await;
    let uploaded = awkward::put(&ada).await;
    let case = ada.submit(export(["attachments", "conversations", "profile"])).await;
    case.verify().await;
    case.call(&app.approver, "/approve", serde_json::json!({})).await;
    case.until("the package", |request| request["status"] == "Completed")
        .await;
    let (status, archive) = download(&link(&case, &ada.api).await).await;
    assert_eq!(status, 200);

    let package = read(&archive);
    assert_eq!(package["damaged"], Value::Null);
    assert_inside(&package["order"]);
    let (_, names) = app.sample();
    let messages = items(&ada, &names.messages, "pk", &awkward::messages_key(&ada)).await;
    assert_eq!(messages.len() as u64, records.messages + awkward::MESSAGES);
    assert_same(&package, "messages", &messages);
    let profiles = items(&ada, &names.profiles, "pk", &demo::profiles::partition_key(ada.id())).await;
    assert_same(&package, "profiles", &profiles);
    assert_files(&package, &uploaded);

    let folder = unpacked(&archive);
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join("copy.png");
    let path = folder.path().to_owned();
    looking("a copy", &picture, |browser| look(browser, path)).await;
}

/// Everything under a key, as DynamoDB has it.
async fn items(
    ada: &Subject<'_>,
    table: &str,
    attribute: &str,
    key: &str,
) -> Vec<std::collections::HashMap<String, AttributeValue>> {
    let query = ada.app.sample().0.dynamodb.query().table_name(table);
    let query = query.key_condition_expression("#k = :k").consistent_read(true);
    let query = query.expression_attribute_names("#k", attribute);
    let query = query.expression_attribute_values(":k", AttributeValue::S(key.to_owned()));
    let pages = query.into_paginator().items().send();
    pages.collect::<Result<Vec<_>, _>>().await.expect("the items")
}

/// The records of a dataset, and its rows, are these items: no more, no less, and value by value.
fn assert_same(package: &Value, dataset: &str, items: &[std::collections::HashMap<String, AttributeValue>]) {
    let entries = package["entries"].as_object().expect("entries");
    let of = |file: &str| {
        let end = format!("-{dataset}/{file}");
        let found = entries.iter().find(|(path, _)| path.ends_with(&end));
        found.unwrap_or_else(|| panic!("no {end}: {:?}", package["order"])).1
    };
    let records = of("records.ndjson")["records"].as_array().expect("records");
    let found: BTreeMap<_, _> = records
        .iter()
        .map(|record| (record["sk"].as_str().expect("a key"), record))
        .collect();
    assert_eq!((records.len(), found.len()), (items.len(), items.len()), "{dataset}");
    for item in items {
        let key = item["sk"].as_s().expect("text");
        let record = found[key.as_str()];
        for (name, value) in item {
            let copied = &record[name];
            assert!(same(value, copied), "{dataset} {key} {name}: {value:?} became {copied}");
        }
        assert_eq!(
            record.as_object().map(serde_json::Map::len),
            Some(item.len()),
            "{record}"
        );
    }
    let rows = of("records.csv")["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), items.len() + 1, "a head, and a row each");
    assert_no_formula(rows);
}

/// Whether plain JSON says what DynamoDB does: numbers digit by digit, bytes as base64, sets in any order.
fn same(value: &AttributeValue, found: &Value) -> bool {
    let set = |wanted: BTreeSet<String>| {
        let there = found.as_array().map_or(&[][..], Vec::as_slice);
        let texts: BTreeSet<_> = there.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        there.len() == wanted.len() && texts == wanted
    };
    let encoded = |bytes: &aws_sdk_dynamodb::primitives::Blob| BASE64_STANDARD.encode(bytes.as_ref());
    match value {
        AttributeValue::S(text) => found == text,
        // Python was told to keep a number as the text it is.
        AttributeValue::N(digits) => found == digits,
        AttributeValue::B(bytes) => *found == encoded(bytes),
        AttributeValue::Bool(flag) => found == flag,
        AttributeValue::Null(_) => found.is_null(),
        AttributeValue::Ss(members) | AttributeValue::Ns(members) => set(members.iter().cloned().collect()),
        AttributeValue::Bs(members) => set(members.iter().map(encoded).collect()),
        AttributeValue::L(values) => {
            let there = found.as_array().map_or(&[][..], Vec::as_slice);
            there.len() == values.len() && values.iter().zip(there).all(|(value, found)| same(value, found))
        }
        AttributeValue::M(fields) => {
            let there = found.as_object().map_or(0, serde_json::Map::len);
            there == fields.len() && fields.iter().all(|(name, value)| same(value, &found[name]))
        }
        other => panic!("a type that DynamoDB has not: {other:?}"),
    }
}

/// Each file is in the package, under its own name in the manifest, with the bytes that were uploaded.
fn assert_files(package: &Value, uploaded: &BTreeMap<String, Vec<u8>>) {
    let files = package["manifest"]["files"].as_array().expect("files");
    for (name, bytes) in uploaded {
        let file = files.iter().find(|file| file["name"] == *name);
        let file = file.unwrap_or_else(|| panic!("{name} is not in the manifest"));
        let digest = hex::encode(Sha256::digest(bytes));
        let entry = &package["entries"][file["path"].as_str().expect("a path")];
        for told in [file, entry] {
            assert_eq!(
                (&told["bytes"], &told["sha256"]),
                (&bytes.len().into(), &digest.clone().into()),
                "{name}"
            );
        }
    }
}

/// The page of the copy, as the person finds it: what they wrote is text, also where it was meant not to be.
async fn look(browser: Client, folder: PathBuf) -> Result<(), CmdError> {
    let page = url::Url::from_file_path(folder.join("index.html")).expect("a path");
    browser.goto(page.as_str()).await?;
    assert_eq!(browser.title().await?, "Your data");
    assert!(browser.get_alert_text().await.is_err(), "nothing that was typed runs");
    // Among the files is one that she had deleted herself.
    let headings = ["Not in this package", "conversations", "profile", "attachments"];
    assert_eq!(texts(&browser, "h2").await?, headings);

    let search = browser.find(Locator::Css("section:nth-of-type(1) input")).await?;
    search.send_keys("ONERROR").await?;
    let cells = texts(&browser, "section:nth-of-type(1) tbody td").await?;
    assert!(cells.contains(&HOSTILE.to_owned()), "shown as text: {cells:?}");
    assert!(browser.find_all(Locator::Css("img")).await?.is_empty());
    assert_eq!(
        texts(&browser, "section:nth-of-type(1) [role=status]").await?,
        ["1 to 1 of 1"]
    );

    let search = browser.find(Locator::Css("section:nth-of-type(3) input")).await?;
    search.send_keys("東京").await?;
    let links = browser.find_all(Locator::Css("section:nth-of-type(3) tbody a")).await?;
    let target = links.first().expect("it is found").prop("href").await?.expect("a link");
    let file = url::Url::parse(&target)?.to_file_path().expect("a file of the package");
    assert_eq!(std::fs::read_to_string(file).expect("it is there"), NAMES[1]);
    was_quiet(&browser, &page).await
}
