//! What a data map may say, and what cannot be meant.

use super::*;

const MAP: &str = r#"
v: 1
datasets:
  - id: messages
    category: conversations
    description: Messages written or received
    source: dynamodb
    table: messages
    key: {attribute: pk, template: "TENANT#{tenant}#CUSTOMER#{subject}", type: S}
    sort_key_prefix: "MSG#"
    tenant: {in: key}
    written_at: {attribute: sent_at, format: rfc3339}
    soft_delete: {mode: tombstone, expiry: ttl, ttl_attribute: expires_at}
    max_records_per_second: 1000000
    retain: {for: P7Y, from: sent_at, ground: Commercial letters}
  - id: attachments
    category: attachments
    description: Files
    source: s3
    bucket: files
    prefix: "{tenant}/{subject}/"
    tenant: {in: key}
    soft_delete: {mode: marker}
    retain: {for: P10Y, from: last_modified, ground: Tax law}
excluded:
  - {table: sessions, reason: holds no personal data}
"#;

#[test]
fn a_scope_names_the_datasets_of_its_categories_for_a_tenant_they_serve() {
    let map = DataMap::parse(MAP).expect("a map");
    let (acme, files): (Tenant, Category) = ("acme".parse().expect("slug"), "attachments".parse().expect("slug"));
    let named = |map: &DataMap, scope: &[Category]| -> Vec<String> {
        map.in_scope(&acme, scope)
            .map(|dataset| dataset.id.to_string())
            .collect()
    };
    assert_eq!(named(&map, std::slice::from_ref(&files)), ["attachments"]);
    assert_eq!(named(&map, &[]), [""; 0]);
    let mut another = map.clone();
    another.datasets[1].tenant = TenantBinding::Only {
        only: "globex".parse().expect("slug"),
    };
    assert_eq!(
        named(&another, &[files]),
        [""; 0],
        "another tenant's dataset is not in anybody's scope"
    );
}

#[test]
fn categories_come_once_in_the_maps_order_and_datasets_by_id() {
    let mut map = DataMap::parse(MAP).expect("a map");
    map.datasets.push(map.datasets[0].clone());
    let categories: Vec<_> = map
        .categories()
        .into_iter()
        .map(|(category, text)| format!("{category}: {text}"))
        .collect();
    assert_eq!(
        categories,
        ["conversations: Messages written or received", "attachments: Files"]
    );
    let found = map
        .dataset(&"attachments".parse().expect("slug"))
        .expect("there is one");
    assert_eq!(found.description, "Files");
    assert!(map.dataset(&"nothing".parse().expect("slug")).is_none());
}

#[test]
fn a_datasets_pace_is_its_owners_or_the_usual_and_its_tables_is_the_highest_within() {
    let mut map = DataMap::parse(MAP).expect("a map");
    assert_eq!(
        (map.datasets[0].ceiling(), map.datasets[1].ceiling()),
        (1_000_000, 1_000)
    );
    assert_eq!(
        (map.ceiling_of("messages"), map.ceiling_of("files")),
        (1_000_000, 4_000)
    );
    map.datasets[0].max_records_per_second = None;
    assert_eq!((map.datasets[0].ceiling(), map.ceiling_of("messages")), (500, 4_000));
    map.datasets[0].max_records_per_second = Some(0);
    assert_eq!(map.datasets[0].ceiling(), 1, "a pace of nothing would never end");
}

#[test]
fn a_category_is_known_if_a_dataset_is_of_it() {
    let map = DataMap::parse(MAP).expect("a map");
    assert!(map.has(&"attachments".parse().expect("slug")));
    assert!(
        !map.has(&"messages".parse().expect("slug")),
        "a dataset's id is no category"
    );
}

#[test]
fn the_documented_form_parses() {
    let map = DataMap::parse(MAP).expect("valid");
    assert!(map.datasets[0].waits_for_ttl() && !map.datasets[1].waits_for_ttl());
    let retain = map.datasets[0].retain.as_ref().expect("a duty to keep");
    assert_eq!(
        (retain.period.to_string().as_str(), retain.format),
        ("P7Y", TimeFormat::Rfc3339)
    );
    let (tenant, subject) = (
        "acme".parse().expect("slug"),
        SubjectId::try_from("7".to_owned()).expect("id"),
    );
    assert_eq!(map.datasets[0].locate(&tenant, &subject), "TENANT#acme#CUSTOMER#7");
    assert_eq!(map.datasets[1].locate(&tenant, &subject), "acme/7/");
    assert_eq!(
        serde_json::from_str::<DataMap>(&serde_json::to_string(&map).expect("json")).expect("back"),
        map
    );
}

#[test]
fn a_vault_has_no_expiry_and_may_go_by_a_version() {
    let vault = |more: &str| {
        let soft_delete = format!("soft_delete: {{mode: vault{more}}}\n    version_attribute: version");
        DataMap::parse(&MAP.replace(
            "soft_delete: {mode: tombstone, expiry: ttl, ttl_attribute: expires_at}",
            &soft_delete,
        ))
    };
    let map = vault("").expect("valid");
    let dataset = &map.datasets[0];
    assert!(dataset.in_vault() && !dataset.waits_for_ttl());
    let again: DataMap = serde_json::from_str(&serde_json::to_string(&map).expect("json")).expect("back");
    assert_eq!(again, map);
    assert!(vault(", expiry: purge").is_ok());
    for more in [", expiry: ttl", ", ttl_attribute: expires_at"] {
        let refused = vault(more).expect_err(more);
        assert!(
            refused[0].0.contains("leave out expiry and ttl_attribute"),
            "{}",
            refused[0]
        );
    }
}

#[test]
fn every_key_type_can_be_written_bare() {
    for kind in ["S", "N", "B"] {
        let map = DataMap::parse(&MAP.replacen("type: S", &format!("type: {kind}"), 1)).expect(kind);
        let Place::Dynamodb(place) = &map.datasets[0].place else {
            panic!("the first dataset is a table");
        };
        assert_eq!(format!("{:?}", place.key.kind), kind);
    }
}

#[test]
fn a_subject_cannot_smuggle_a_tenant_into_the_key() {
    let map = DataMap::parse(MAP).expect("valid");
    let subject = SubjectId::try_from("{tenant}".to_owned()).expect("id");
    assert_eq!(
        map.datasets[1].locate(&"acme".parse().expect("slug"), &subject),
        "acme/{tenant}/"
    );
}

#[test]
fn mistakes_are_explained() {
    for (from, to, part) in [
        ("CUSTOMER#{subject}", "CUSTOMER#x", "{subject}"),
        ("TENANT#{tenant}#", "", "{tenant}"),
        (", ttl_attribute: expires_at", "", "ttl_attribute"),
        ("{tenant}/{subject}/", "{tenant}/{subject}", "end it in `/`"),
        ("id: attachments", "id: messages", "used twice"),
        ("description: Files", "description: \" \"", "description"),
        ("v: 1", "v: 9", "version"),
        (
            "tenant: {in: key}\n    soft_delete: {mode: marker}",
            "tenant: {attribute: t}\n    soft_delete: {mode: marker}",
            "S3 object",
        ),
        ("Tax law", "\" \"", "ground is blank"),
        ("for: P10Y", "for: P0D", "no time at all"),
        ("for: P10Y", "for: ten years", "ISO 8601"),
        ("from: last_modified", "from: created", "write from: last_modified"),
        (
            "from: last_modified",
            "from: last_modified, format: epoch_millis",
            "without a format",
        ),
        ("from: sent_at", "from: \"\"", "from is empty"),
        ("from: sent_at", "from: expires_at", "the sweep itself writes"),
        ("from: sent_at", "from: erasure_id", "the sweep itself writes"),
        ("from: sent_at", "since: sent_at", "since"),
    ] {
        let yaml = MAP.replacen(from, to, 1);
        assert_ne!(yaml, MAP, "the sample has {from}");
        let all = DataMap::parse(&yaml).expect_err(part);
        assert!(all.iter().any(|e| e.0.contains(part)), "{part}: {all:?}");
    }
}
