//! Every mistake a data map can make, by the file that makes it: `cases/<code>.yaml`, with `# here` on the line that the
//! mistake has to name, and where tables or buckets make the mistake, their description `cases/<code>.json`. What each says is in one snapshot, to be read as a page.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use super::*;

fn cases() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/domain/data_map/lint/cases")
}

fn case(code: Code) -> String {
    let file = cases().join(format!("{code}.yaml"));
    fs::read_to_string(&file).unwrap_or_else(|why| panic!("{code} has no file: {} {why}", file.display()))
}

fn marked(yaml: &str) -> u64 {
    let line = yaml.lines().position(|line| line.ends_with("# here"));
    line.expect("a line is marked") as u64 + 1
}

/// What the tables and buckets are: those of the code's own description, else the sample application's.
fn description(code: Code) -> Description {
    let own = cases().join(format!("{code}.json"));
    let file = if own.exists() {
        own
    } else {
        cases().join("application.json")
    };
    let text = fs::read_to_string(file).expect("a description");
    serde_json::from_str(&text).unwrap_or_else(|why| panic!("{code}: {why}"))
}

/// By itself first: what a file alone shows needs no tables.
fn linted(code: Code) -> Linted {
    let linted = lint(&case(code));
    if linted.mistakes().is_empty() {
        linted.against(&description(code))
    } else {
        linted
    }
}

#[test]
fn each_code_is_made_by_its_file_alone_and_named_at_its_line() {
    for code in Code::ALL {
        let linted = linted(*code);
        let found: Vec<_> = linted.mistakes().iter().map(|one| (one.code, one.line)).collect();
        assert_eq!(
            found,
            [(*code, marked(&case(*code)))],
            "{code}: {:#?}",
            linted.mistakes()
        );
        assert_eq!(linted.is_sound(), code.is_doubt(), "{code}");
        let text = linted.mistakes()[0].to_string();
        assert!(text.contains(code.as_str()) && text.contains("remedy: "), "{text}");
    }
}

#[test]
fn no_file_is_of_no_code() {
    let known: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(known.len(), Code::ALL.len(), "a name is given twice");
    for entry in fs::read_dir(cases()).expect("the folder of cases") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name");
        let stem = name.split('.').next().unwrap_or_default();
        assert!(known.contains(stem) || stem == "application", "{name} is of no code");
    }
}

#[test]
fn what_each_mistake_says() {
    let mut page = String::new();
    for code in Code::ALL {
        for mistake in linted(*code).mistakes() {
            writeln!(page, "{mistake}\n").expect("a string grows");
        }
    }
    insta::assert_snapshot!(page);
}

#[test]
fn every_mistake_is_told_at_once() {
    let yaml = case(Code::FieldWrong)
        .replace("description: Files the customer uploaded", "descripton: Files")
        .replace("prefix: \"{tenant}/{subject}/\"", "prefix: \"{tenant}/{subject}\"")
        .replace("v: 1", "v: 3")
        .replace("Holds session keys and no person", "\" \"");
    let linted = lint(&yaml);
    let found: Vec<_> = linted.mistakes().iter().map(|one| (one.line, one.code)).collect();
    assert_eq!(
        found,
        [
            (1, Code::VersionUnknown),
            (10, Code::FieldWrong),
            (12, Code::FieldMissing),
            (14, Code::FieldUnknown),
            (21, Code::ExclusionUnreasoned),
        ]
    );
}

#[test]
fn a_sound_map_passes_and_is_what_reading_makes_of_it() {
    let sound = case(Code::TableUnknown);
    let linted = lint(&sound).against(&description(Code::KeyUnknown));
    assert_eq!(linted.mistakes(), []);
    assert_eq!(linted.map(), DataMap::parse(&sound).expect("a map"));
}

#[test]
fn a_dataset_that_cannot_be_read_makes_nothing_else_unnamed() {
    let yaml = case(Code::FieldMissing);
    let found = lint(&yaml).against(&description(Code::KeyUnknown));
    let codes: Vec<_> = found.mistakes().iter().map(|one| one.code).collect();
    assert_eq!(
        codes,
        [Code::FieldMissing],
        "the bucket is not called unnamed for the missing line"
    );
}

#[test]
fn the_fields_are_those_of_the_types() {
    let full = case(Code::RetainGroundBlank) + "application: [shop-]\n";
    let map: DataMap = serde_saphyr::from_str_with_options(&full, super::super::yaml_options()).expect("a map");
    let mut map = serde_json::to_value(map).expect("json");
    for dataset in map["datasets"].as_array_mut().expect("datasets") {
        let known = [
            fields::COMMON,
            if dataset["source"] == "s3" {
                fields::S3
            } else {
                fields::DYNAMODB
            },
        ]
        .concat();
        for field in dataset.as_object().expect("an object").keys() {
            assert!(known.contains(&field.as_str()), "{field} is not in `fields`");
        }
    }
    let file: Vec<_> = map.as_object().expect("an object").keys().cloned().collect();
    assert!(
        file.iter().all(|field| fields::FILE.contains(&field.as_str())),
        "{file:?}"
    );
}

#[test]
fn an_application_is_told_by_how_names_begin() {
    let map = |application: &str| {
        let yaml = case(Code::TableUnknown) + &format!("application: {application}\n");
        DataMap::parse(&yaml).expect("a map")
    };
    let mut description = description(Code::KeyUnknown);
    for name in ["shop-new", "other", "Shop-New"] {
        description
            .there
            .insert(super::super::description::Container::Table(name.into()));
    }
    let unnamed = |application: &str| -> Vec<String> {
        let map = map(application);
        map.unnamed(&description.there, &description.own)
            .map(|one| one.name().to_owned())
            .collect()
    };
    assert_eq!(unnamed("[]"), ["Shop-New", "other", "shop-new"]);
    assert_eq!(unnamed("[Shop-]"), ["Shop-New", "shop-new"]);
    assert_eq!(unnamed("[shop-n, oth]"), ["Shop-New", "other", "shop-new"]);
    assert_eq!(unnamed("[nothing]"), [""; 0]);
}

#[test]
fn the_page_explains_every_code_and_field() {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../infra/data-map.md");
    let page = fs::read_to_string(page).expect("the page");
    let explained = |name: &str| page.contains(&format!("`{name}`"));
    for code in Code::ALL {
        assert!(explained(code.as_str()), "{code} is not on the page");
        let row = page
            .lines()
            .find(|line| line.contains(&format!("`{code}`")))
            .unwrap_or_default();
        assert_eq!(row.contains("*doubt:*"), code.is_doubt(), "{row}");
    }
    for field in [fields::FILE, fields::COMMON, fields::DYNAMODB, fields::S3].concat() {
        assert!(explained(field), "{field} is not on the page");
    }
}

#[test]
fn a_map_that_was_applied_is_read_for_ever() {
    use Code::{FieldMissing, FieldWrong, HidingMismatch, TenantMissing, Yaml};
    for code in Code::ALL {
        let is_of_no_type = matches!(code, FieldMissing | FieldWrong | HidingMismatch | TenantMissing | Yaml);
        let refused = DataMap::parse(&case(*code)).is_err();
        assert_eq!(refused, code.bars_reading() || is_of_no_type, "{code}");
    }
}

#[test]
fn a_few_records_prove_nothing() {
    let codes = |records: u32| -> Vec<Code> {
        let mut description = description(Code::AttributeUnknown);
        let table = description.tables.get_mut("shop-messages").expect("a table");
        let super::super::description::Look::Found(table) = table else {
            panic!("it is there")
        };
        table.samples.get_mut("messages").expect("a sample").records = records;
        let linted = lint(&case(Code::AttributeUnknown)).against(&description);
        linted.mistakes().iter().map(|one| one.code).collect()
    };
    assert_eq!((codes(19), codes(20)), (vec![], vec![Code::AttributeUnknown]));
}
