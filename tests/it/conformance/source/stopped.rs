//! A sweep that is not wanted any more: what was begun is counted, the rest is untouched, and a later sweep goes on.

use std::sync::atomic::{AtomicUsize, Ordering};

use shared::domain::data_map::KeyType;
use shared::domain::manifest::Line;
use shared::domain::outcome::{Code, LineOutcome};
use shared::ports::{Sources, SweepOrder, Watch};

use super::desk::Desk;
use super::ground::{Bed, Ground, MINE, WITH_TTL, codes, item, s};

/// Wanted so many times.
struct Wanted(AtomicUsize);

impl Watch for Wanted {
    async fn wanted(&self) -> bool {
        let spend = |left: usize| left.checked_sub(1);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_ok()
    }
}

/// A sweep that may ask so many times, as a first attempt or a later one.
async fn sweep_asking<S: Sources>(desk: &Desk<S>, lines: &[Line], times: usize, again: bool) -> Vec<LineOutcome> {
    let order = SweepOrder {
        again,
        ..desk.sweep_order(lines, MINE)
    };
    let wanted = Wanted(AtomicUsize::new(times));
    desk.sources.sweep(order, &wanted).await.expect("a sweep")
}

fn count(outcomes: &[LineOutcome], code: Code) -> usize {
    codes(outcomes).into_iter().filter(|found| *found == code).count()
}

pub(super) async fn a_stopped_sweep_begins_no_further_batch<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, WITH_TTL).await;
    for number in 0..60 {
        bed.put(item(s(&format!("{number:02}")))).await;
    }
    let before = bed.items().await;
    let lines = bed.desk().plan().await;
    let untouched = vec![LineOutcome::plain(Code::Untouched); 60];
    assert_eq!(sweep_asking(bed.desk(), &lines, 0, false).await, untouched);
    assert_eq!(bed.items().await, before);

    let stopped = sweep_asking(bed.desk(), &lines, 1, false).await;
    assert_eq!(
        (count(&stopped, Code::Swept), count(&stopped, Code::Untouched)),
        (25, 35),
        "one batch"
    );
    let marked = bed
        .items()
        .await
        .values()
        .filter(|item| item.contains_key("erasure_id"))
        .count();
    assert_eq!(marked, 25);
    assert_eq!(
        sweep_asking(bed.desk(), &lines, 0, true).await,
        stopped,
        "the marks of an earlier attempt count"
    );
    assert_eq!(
        bed.desk().sweep(&lines).await,
        vec![LineOutcome::plain(Code::Swept); 60]
    );
}

pub(super) async fn a_second_try_is_not_begun_either<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, WITH_TTL).await;
    bed.put(item(s("a"))).await;
    let lines = bed.desk().plan().await;
    let mut changed = item(s("a"));
    changed.insert("expires_at".into(), s("another TTL, so the first try fails"));
    bed.put(changed.clone()).await;
    let stopped = sweep_asking(bed.desk(), &lines, 1, false).await;
    assert_eq!(codes(&stopped), [Code::Untouched]);
    assert_eq!(bed.items().await["a"], changed);
    assert_eq!(codes(&bed.desk().sweep(&lines).await), [Code::Swept]);
}

pub(super) async fn a_stopped_sweep_puts_no_marker_and_knows_its_own<G: Ground>(ground: G) {
    let bed = ground.bucket(true).await;
    for key in ["acme/7/a", "acme/7/b"] {
        bed.write(key, "x").await;
    }
    let before = bed.versions().await;
    let lines = bed.desk().plan().await;
    let untouched = [LineOutcome::plain(Code::Untouched), LineOutcome::plain(Code::Untouched)];
    // Once before the look, once before the deletes.
    for times in [0, 1] {
        assert_eq!(sweep_asking(bed.desk(), &lines, times, false).await, untouched);
        assert_eq!(bed.versions().await, before);
    }
    let swept = bed.desk().sweep(&lines[..1]).await;
    let stopped = sweep_asking(bed.desk(), &lines, 0, true).await;
    assert_eq!(stopped, [swept[0].clone(), untouched[1].clone()]);
}
