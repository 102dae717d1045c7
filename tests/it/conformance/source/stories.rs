//! Stories: what an application and two requests do to a handful of records, at random, step by step. Each seed is told
//! on both sides, with every answer and the whole content after each step; the first difference is a drift.

use shared::domain::data_map::KeyType;
use shared::knobs::{Guard, REAL_SIZES, Turned};

use super::emulator::Emulator;
use super::ground::{Bed, Ground, instant};
use super::simulator;
use super::story::Story;

const SEEDS: u64 = 12;
const STEPS: usize = 60;

const MESSAGES: &str = "table: NAME\n    source: dynamodb
    key: {attribute: pk, template: \"acme#{subject}\"}
    tenant: {attribute: tenant}
    written_at: {attribute: at, format: epoch_seconds}
    soft_delete: {mode: tombstone, expiry: ttl, ttl_attribute: expires_at}";

async fn of_items<G: Ground>(ground: G, seed: u64) -> Vec<String> {
    let mut bed = ground.table(KeyType::S, MESSAGES).await;
    bed.cut(instant("2026-01-01T00:00:00Z"));
    let mut story = Story::of(seed);
    for _ in 0..STEPS {
        if story.dice.chance(500) {
            story.act_on_item(&bed).await;
        } else {
            story.order(&bed).await;
        }
        story.tell_items(&bed).await;
    }
    story.told
}

async fn of_objects<G: Ground>(ground: G, seed: u64) -> Vec<String> {
    let mut bed = ground.bucket(true).await;
    let mut story = Story::of(seed);
    // Writes, then deletes, then the rest, in seconds of their own: within one second S3 does not tell their order.
    for key in ["acme/7/a", "acme/7/b", "acme/7/b"] {
        bed.write(key, "before").await;
    }
    pass_second(&mut bed, "acme/7/b").await;
    bed.hide("acme/7/b").await;
    pass_second(&mut bed, "acme/7/b").await;
    for _ in 0..STEPS {
        if story.dice.chance(400) {
            story.act_on_object(&bed).await;
        } else {
            story.order(&bed).await;
        }
        story.tell_versions(&bed).await;
    }
    story.told
}

/// The second in which the key was last written is the cutoff, and over.
async fn pass_second<B: Bed>(bed: &mut B, key: &str) {
    let cutoff = bed.made(key).await;
    bed.cut(cutoff);
    bed.pass_cutoff().await;
}

fn assert_same(seed: u64, simulator: &[String], emulator: &[String]) {
    let place = simulator.iter().zip(emulator).position(|(one, other)| one != other);
    if let Some(at) = place {
        let before = simulator[at.saturating_sub(12)..at].join("\n");
        panic!(
            "seed {seed}:\n{before}\nsimulator: {}\nemulator:  {}",
            simulator[at], emulator[at]
        );
    }
    assert_eq!(simulator.len(), emulator.len(), "seed {seed}");
}

#[tokio::test]
async fn of_items_both_sides_tell_the_same() {
    for seed in 0..SEEDS {
        let simulator = simulator::play(move |ground| of_items(ground, seed));
        assert_same(seed, &simulator, &of_items(Emulator, seed).await);
    }
}

#[tokio::test]
async fn of_objects_both_sides_tell_the_same() {
    for seed in 0..SEEDS {
        let simulator = simulator::play(move |ground| of_objects(ground, seed));
        assert_same(seed, &simulator, &of_objects(Emulator, seed).await);
    }
}

/// The stories are long enough to notice a fake that does without one of its checks.
#[test]
fn a_fake_without_a_guard_tells_another_story() {
    let items = || (0..SEEDS).map(|seed| simulator::play(move |ground| of_items(ground, seed)));
    let objects = || (0..SEEDS).map(|seed| simulator::play(move |ground| of_objects(ground, seed)));
    let (items_told, objects_told): (Vec<_>, Vec<_>) = (items().collect(), objects().collect());
    let out = |guard| Turned::to(REAL_SIZES, Some(guard));
    for guard in [Guard::RecordExists, Guard::ForeignMark, Guard::OwnMark, Guard::Cutoff] {
        let _out = out(guard);
        assert!(!items().eq(items_told.iter().cloned()), "{guard:?}");
    }
    for guard in [Guard::OwnVersions, Guard::Cutoff] {
        let _out = out(guard);
        assert!(!objects().eq(objects_told.iter().cloned()), "{guard:?}");
    }
}
