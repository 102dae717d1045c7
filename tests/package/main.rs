//! A package in the hands of strangers: Python's `zipfile`, `csv` and `json`, `unzip` and Chromium where they are.
//!
//! Nothing here reads with our own code what our own code wrote.

mod page;
mod random;
mod sample;

use std::io::Write as _;
use std::process::Command;

use harness::package::{assert_inside, assert_no_formula, read};
use sample::{FILES, HIDDEN, HOSTILE, about, attachment, chapter, write};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use shared::package::{Columns, Outlet, PackageError, PartWriter};

fn sample() -> Value {
    let outlet = Outlet::default();
    write(&outlet);
    read(&outlet.rest())
}

#[test]
fn unzip_finds_nothing_wrong() {
    let outlet = Outlet::default();
    write(&outlet);
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(&outlet.rest()).expect("written");
    match Command::new("unzip").arg("-t").arg(file.path()).output() {
        Ok(unzip) => assert!(unzip.status.success(), "{}", String::from_utf8_lossy(&unzip.stdout)),
        Err(why) => writeln!(std::io::stdout(), "SKIPPED: a package in the hands of unzip: {why}").expect("stdout"),
    }
}

#[test]
fn every_value_comes_out_as_it_went_in() {
    let package = sample();
    assert_eq!(package["damaged"], Value::Null);
    let records = &package["entries"]["01-messages/records.ndjson"]["records"];
    assert_eq!(
        records[0],
        json!({
            "binary": "AAH+/w==", "empty": "", "flag": true, "list": ["1E-130", null], "none": null,
            "map": {"deep": {"er": "\u{2028}\n\"x\""}}, "number": "12345678901234567890123456789012345678",
            "set": ["10", "2"],
        })
    );
    assert_eq!(
        records[1],
        json!({"=HYPERLINK(\"http://x\")": "@SUM(1+1)", "message": HOSTILE, "number": "-17.5"})
    );
}

#[test]
fn a_spreadsheet_finds_rows_and_no_formula() {
    let package = sample();
    let rows = package["entries"]["01-messages/records.csv"]["rows"]
        .as_array()
        .expect("rows");
    assert_eq!(
        rows[0],
        json!([
            "'=HYPERLINK(\"http://x\")",
            "binary",
            "empty",
            "flag",
            "list",
            "map",
            "message",
            "none",
            "number",
            "set"
        ])
    );
    let map = "{\"deep\":{\"er\":\"\u{2028}\\n\\\"x\\\"\"}}";
    assert_eq!(
        rows[1],
        json!([
            "",
            "AAH+/w==",
            "",
            "true",
            "[1E-130,null]",
            map,
            "",
            "null",
            "12345678901234567890123456789012345678",
            "[10,2]"
        ])
    );
    assert_eq!(
        rows[2],
        json!(["'@SUM(1+1)", "", "", "", "", "", HOSTILE, "", "-17.5", ""])
    );
    assert_no_formula(rows);
}

#[test]
fn the_manifest_vouches_for_every_other_file() {
    let package = sample();
    let (entries, manifest) = (&package["entries"], &package["manifest"]);
    let files = manifest["files"].as_array().expect("files");
    let mut listed: Vec<_> = files
        .iter()
        .map(|file| file["path"].as_str().expect("a path"))
        .collect();
    for file in files {
        let entry = &entries[file["path"].as_str().expect("a path")];
        assert_eq!(
            (&file["bytes"], &file["sha256"]),
            (&entry["bytes"], &entry["sha256"]),
            "{file}"
        );
    }
    listed.push("manifest.json");
    assert_eq!(package["order"], json!(listed));
    let told = |n: usize| {
        let one = &manifest["datasets"][n];
        json!([
            one["dataset"],
            one["place"],
            one["records"],
            one["records_here"],
            one["files_here"]
        ])
    };
    assert_eq!(
        (told(0), told(1)),
        (json!(["messages", 1, 2, 2, 0]), json!(["files", 2, 8, 0, 8]))
    );
    assert_eq!(manifest["left_out"][0]["ground"], "Tax law & <b>more</b>");
    assert_eq!(
        (&manifest["v"], &manifest["part"]),
        (&json!(1), &json!({"number": 1, "of": 1}))
    );
    assert_eq!(manifest["subject"]["id"], "cust-1");
}

#[test]
fn files_are_as_they_were_and_stay_in_their_folder() {
    let package = sample();
    let files = package["manifest"]["files"].as_array().expect("files");
    for name in FILES {
        let file = files
            .iter()
            .find(|file| file["name"] == name)
            .expect("listed by its own name");
        assert_eq!(file["sha256"], hex::encode(Sha256::digest(name)), "{name}");
        assert_eq!(file["stored_at"], "1970-01-01T00:00:00Z");
    }
    let empty = files.iter().find(|file| file["bytes"] == 0).expect("the empty one");
    assert!(empty["name"].as_str().expect("a name").len() > 900);
    assert_inside(&package["order"]);
}

#[test]
fn what_a_deletion_hides_is_marked_for_programs_and_people() {
    let package = sample();
    let manifest = &package["manifest"];
    let files = manifest["files"].as_array().expect("files");
    let hidden: Vec<_> = files.iter().filter(|file| file.get("hidden").is_some()).collect();
    assert_eq!(hidden.len(), 1, "only where it is so");
    assert_eq!(
        (&hidden[0]["name"], &hidden[0]["hidden"]),
        (&json!(HIDDEN), &json!(true))
    );
    let counts: Vec<_> = (0..3).map(|n| &manifest["datasets"][n]["hidden"]).collect();
    assert_eq!(counts, [&json!(0), &json!(1), &json!(0)]);
    let page = package["entries"]["index.html"]["text"].as_str().expect("the page");
    assert_eq!(
        page.matches("A deletion that is under way has already hidden 1 of those")
            .count(),
        1
    );
    let rows = package["data"][1]["files"].as_array().expect("files");
    assert_eq!(rows.iter().filter(|row| row["hidden"] == true).count(), 1);
}

#[test]
fn the_page_runs_its_own_script_only_and_shows_markup_as_text() {
    let package = sample();
    let page = package["entries"]["index.html"]["text"].as_str().expect("the page");
    let policy = page
        .split("content=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("a policy");
    let hashes = package["hashes"].as_array().expect("hashes");
    assert_eq!(hashes.len(), 2, "one style, one script");
    for hash in hashes {
        assert!(policy.contains(hash.as_str().expect("text")), "{policy}");
    }
    assert!(
        policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(page.matches("<script").count(), 2, "data and script");
    assert!(!page.contains("<img") && !page.contains("<b>more"));
    let (before, data) = page.split_once("id=\"data\">").expect("data");
    let around = [before, data.split_once("</script>").expect("its end").1].concat();
    assert!(!around.contains("http:") && !around.contains("https:"));
    let cells = &package["data"][0]["rows"][1];
    assert!(
        cells.as_array().expect("a row").contains(&json!(HOSTILE)),
        "as text: {cells}"
    );
    let links: Vec<_> = package["data"][1]["files"].as_array().expect("files").iter().collect();
    assert_eq!(links.len(), 8);
    assert_eq!(
        links[2]["link"],
        "02-files/files/000003-K%C3%B6ln%20%E2%80%93%20%E6%9D%B1%E4%BA%AC.txt"
    );
}

#[test]
fn the_same_content_is_the_same_bytes() {
    let (one, other) = (Outlet::default(), Outlet::default());
    let written = write(&one);
    assert_eq!(written, write(&other));
    let bytes = one.rest();
    assert_eq!(written.sha256, hex::encode(Sha256::digest(&bytes)));
    assert_eq!((written.bytes, &bytes), (bytes.len() as u64, &other.rest()));
    let package = read(&bytes);
    assert_eq!(package["entries"]["index.html"]["time"], json!([2026, 3, 4, 5, 6, 8]));
}

#[test]
fn what_may_outgrow_32_bits_is_announced_and_read() {
    let outlet = Outlet::default();
    let mut part = PartWriter::new(about(), outlet.clone());
    part.chapter(chapter(1, "notes", 0), Columns::default())
        .expect("begins");
    part.begin_records(5_000_000_000).expect("begins");
    part.begin_rows(10).expect("begins");
    part.finish().expect("a package");
    let package = read(&outlet.rest());
    let zip64 = |path: &str| package["entries"][path]["zip64"].clone();
    assert_eq!(zip64("01-notes/records.ndjson"), true);
    assert_eq!(zip64("01-notes/records.csv"), false);
}

#[test]
fn a_file_that_comes_short_or_long_is_no_package() {
    for bytes in [4, 6] {
        let mut part = PartWriter::new(about(), Outlet::default());
        part.chapter(chapter(1, "files", 1), Columns::default())
            .expect("begins");
        part.begin_file(1, attachment("a"), bytes).expect("begins");
        part.bytes(b"12345").expect("written");
        let answer = part.finish();
        assert!(
            matches!(answer, Err(PackageError::Length { found: 5, .. })),
            "{answer:?}"
        );
    }
}
