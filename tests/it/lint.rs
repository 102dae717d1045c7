//! `lethe data-map lint FILE --against STACK` and the daily look, on real tables and buckets.
//!
//! What the emulator cannot be brought to show (a table or an index that is being made, MFA delete, a TTL on a key) is in
//! the recorded descriptions of `shared/src/domain/data_map/lint/cases`, where each code has its file.

mod ground;
mod maps;

use std::collections::BTreeSet;

use anyhow::Result;
use harness::App;
use harness::iam::Role;
use lethe::target::Target;
use lethe::{data_map, invoke};
use shared::domain::data_map::lint::{Code, Linted};

use ground::Ground;

/// Which mistake was found where: the dataset, or nothing for the file.
fn found(linted: &Linted) -> BTreeSet<(String, Code)> {
    let mistakes = linted.mistakes().iter();
    mistakes
        .map(|one| (one.dataset.clone().unwrap_or_default(), one.code))
        .collect()
}

fn expected<const N: usize>(all: [(&str, Code); N]) -> BTreeSet<(String, Code)> {
    all.map(|(dataset, code)| (dataset.to_owned(), code)).into()
}

async fn lint(target: &Target, map: &str) -> Result<Linted> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("map.yaml");
    std::fs::write(&file, map)?;
    data_map::lint_against(target, &file).await
}

async fn target(app: &App) -> Result<Target> {
    Target::read(app.clients.clone(), &app.stack.stack_name).await
}

#[tokio::test]
async fn a_map_that_fits_its_tables_and_buckets_is_sound() -> Result<()> {
    let app = App::start().await;
    let ground = Ground::lay(&app).await?;
    let linted = lint(&target(&app).await?, &ground.sound()).await?;
    // The emulator counts no items of an index.
    let counted = found(&linted)
        .into_iter()
        .filter(|(_, code)| *code != Code::IndexSparse);
    assert_eq!(counted.count(), 0, "{:#?}", linted.mistakes());
    assert!(linted.is_sound());
    Ok(())
}

#[tokio::test]
async fn every_mistake_about_tables_is_found_on_real_ones() -> Result<()> {
    use Code::{
        AttributeUnknown, AttributeUnreadable, ExclusionUnknown, IndexLacksMark, IndexShowsHidden, IndexSparse,
        IndexUnknown, KeyTypeDiffers, KeyUnknown, MarkIsKey, SortKeyMissing, SortKeyNumeric, TableUnknown,
        TtlElsewhere, TtlOff,
    };
    let app = App::start().await;
    let ground = Ground::lay(&app).await?;
    let linted = lint(&target(&app).await?, &ground.wrong_tables()).await?;
    let all = [
        ("", ExclusionUnknown),
        ("absent", TableUnknown),
        ("another-key", KeyUnknown),
        ("another-type", KeyTypeDiffers),
        ("another-ttl", TtlElsewhere),
        ("no-ttl", TtlOff),
        ("no-sort", SortKeyMissing),
        ("numbers", SortKeyNumeric),
        ("no-index", IndexUnknown),
        ("blind-index", IndexLacksMark),
        ("marked-key", MarkIsKey),
        ("no-attribute", AttributeUnknown),
        ("no-date", AttributeUnreadable),
    ];
    let besides = found(&linted).difference(&expected(all)).cloned().collect::<Vec<_>>();
    assert!(expected(all).is_subset(&found(&linted)), "{:#?}", linted.mistakes());
    // Each dataset of the table with the blind index is told of it; and the emulator counts no items of an index.
    let are_doubts = besides
        .iter()
        .all(|(_, code)| [IndexShowsHidden, IndexSparse].contains(code));
    assert!(are_doubts, "{besides:?}");
    assert!(!besides.is_empty() && linted.mistakes().iter().all(|one| one.line > 1));
    Ok(())
}

#[tokio::test]
async fn every_mistake_about_buckets_is_found_on_real_ones() -> Result<()> {
    use Code::{BucketLockable, BucketLocked, BucketUnknown, BucketUnversioned};
    let app = App::start().await;
    let ground = Ground::lay(&app).await?;
    let linted = lint(&target(&app).await?, &ground.wrong_buckets()).await?;
    let all = [
        ("absent", BucketUnknown),
        ("unversioned", BucketUnversioned),
        ("locked", BucketLocked),
        ("lockable", BucketLockable),
    ];
    assert_eq!(found(&linted), expected(all), "{:#?}", linted.mistakes());
    Ok(())
}

#[tokio::test]
async fn what_nobody_names_is_found_unless_it_is_excluded() -> Result<()> {
    let app = App::start().await;
    let ground = Ground::lay(&app).await?;
    let target = target(&app).await?;
    let linted = lint(&target, &ground.of_one_table()).await?;
    assert_eq!(found(&linted), expected([("", Code::Unnamed)]));
    let told: Vec<_> = linted.mistakes().iter().map(|one| one.what.as_str()).collect();
    for name in [&ground.plain, &ground.unversioned, &ground.files] {
        assert!(told.iter().any(|what| what.contains(name.as_str())), "{name}: {told:?}");
    }
    assert!(
        !told
            .iter()
            .any(|what| what.contains(&app.stack.outputs["RequestsTable"]))
    );
    let excluded = ground.of_one_table() + &ground.all_others_excluded();
    assert_eq!(found(&lint(&target, &excluded).await?), BTreeSet::new());
    Ok(())
}

#[tokio::test]
async fn who_may_not_look_is_told_what_is_missing() -> Result<()> {
    let app = App::start().await;
    let ground = Ground::lay(&app).await?;
    // Supervision may list names and look at nothing of the application's.
    let role = Role::find(&app.stack, app.output("SupervisionRoleName")).await;
    let stranger = Target {
        clients: role.take().await,
        ..target(&app).await?
    };
    let linted = lint(&stranger, &ground.sound()).await?;
    let codes: BTreeSet<Code> = linted.mistakes().iter().map(|one| one.code).collect();
    assert_eq!(codes, [Code::TableUnreadable, Code::BucketUnreadable].into());
    assert!(linted.mistakes().iter().all(|one| one.what.contains("AccessDenied")));
    Ok(())
}

#[tokio::test]
async fn the_daily_look_finds_a_table_that_was_made_since() -> Result<()> {
    let app = App::start().await;
    let before = invoke::survey(&app.stack).await?;
    let messages = &app.stack.demo_outputs["MessagesTable"];
    let (application, _) = messages.split_once("Messages").expect("named by CloudFormation");
    let new = format!("{application}{}", harness::wait::unique());
    assert!(!before.to_string().contains(&new));
    ground::table(&app, &new, &[("pk", "S", true)]).await?;
    let looked = invoke::survey(&app.stack).await;
    // Deleted first: it is in the way of everybody who applies the map after this test.
    app.clients.dynamodb().delete_table().table_name(&new).send().await?;
    let unnamed = looked?["unnamed"].clone();
    assert!(
        unnamed
            .as_array()
            .is_some_and(|all| all.contains(&serde_json::json!({ "table": new }))),
        "{unnamed}"
    );
    assert!(!unnamed.to_string().contains(messages), "{unnamed}");
    Ok(())
}
