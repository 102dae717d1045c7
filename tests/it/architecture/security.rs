//! `.github/SECURITY.md` names tests as its evidence: each of them exists.

use std::collections::BTreeSet;

use harness::project::{WITH_TESTS, read, sources, tests_in};

/// The words in backticks that are spelt like a test of ours: several words, in small letters.
fn named_in(page: &str) -> BTreeSet<String> {
    let is_test = |word: &&str| {
        let spelt = word
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        spelt && word.matches('_').count() > 1
    };
    let quoted = page.split('`').skip(1).step_by(2);
    quoted.filter(is_test).map(str::to_owned).collect()
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let page = read(".github/SECURITY.md");
    let named = named_in(&page);
    assert!(named.len() > 50, "{named:?}");
    let all = WITH_TESTS.into_iter().flat_map(sources);
    let there: BTreeSet<String> = all.flat_map(|(path, text)| tests_in(&path, &text)).collect();
    // `attribute_not_exists` is DynamoDB's.
    let missing: Vec<_> = named
        .difference(&there)
        .filter(|name| *name != "attribute_not_exists")
        .collect();
    assert!(
        missing.is_empty(),
        "SECURITY.md names tests that are not there: {missing:?}"
    );
    for row in page
        .lines()
        .filter(|line| line.starts_with("| to ") || line.starts_with("| more "))
    {
        let evidence = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        assert!(!named_in(evidence).is_empty(), "no test shows this: {row}");
    }
}

#[test]
fn a_test_is_told_from_other_functions() {
    let source = "#[test]\nfn one_two_three() {}\nfn not_a_test() {}\n#[tokio::test]\nasync fn four_five_six() {}";
    assert_eq!(
        tests_in("tests/it/privacy.rs", source),
        ["one_two_three", "four_five_six"]
    );
    let case = "pub(super) async fn seven_eight_nine(ground: impl Ground) {";
    assert_eq!(
        tests_in("tests/it/conformance/store/work.rs", case),
        ["seven_eight_nine"]
    );
    assert_eq!(tests_in("tests/it/privacy.rs", case), [""; 0]);
    assert_eq!(
        named_in("`a_b_c` a_b_d `A_b_c` `a`"),
        BTreeSet::from(["a_b_c".to_owned()])
    );
}
