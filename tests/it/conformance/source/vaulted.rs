//! Whole items of a dataset in vault mode: read, deleted as they were copied, put back.

use shared::domain::data_map::KeyType;
use shared::domain::manifest::Line;
use shared::domain::vault::{Attributes, Value};
use shared::ports::{Always, Items as _, ItemsOrder, PutBack, Taken, Watch, Whole};

use super::desk::Desk;
use super::ground::{Bed, Ground, MINE, instant, item, n, request, s};

const VAULT: &str = "table: NAME\n    source: dynamodb
    key: {attribute: pk, template: \"{tenant}#{subject}\"}
    tenant: {in: key}
    written_at: {attribute: at, format: epoch_seconds}
    soft_delete: {mode: vault}";

/// Wants nothing.
struct Stopped;

impl Watch for Stopped {
    async fn wanted(&self) -> bool {
        false
    }
}

/// Every planned item, whole, however many answers it takes.
async fn copied<S: shared::ports::Sources + shared::ports::Items>(desk: &Desk<S>) -> Vec<Attributes> {
    let lines = desk.plan().await;
    let mut items = Vec::new();
    let mut open: Vec<&Line> = lines.iter().collect();
    while !open.is_empty() {
        let answers = desk.sources.read_whole(&desk.dataset, &open).await.expect("read");
        let mut unread = Vec::new();
        for (line, answer) in open.into_iter().zip(answers) {
            match answer {
                Whole::There(item) => items.push(item),
                Whole::Unread => unread.push(line),
                Whole::Absent => panic!("it was planned just now"),
            }
        }
        open = unread;
    }
    items
}

fn order<'a, S>(desk: &'a Desk<S>, items: &'a [Attributes]) -> ItemsOrder<'a> {
    ItemsOrder {
        dataset: &desk.dataset,
        request: request(MINE),
        items,
    }
}

async fn take<B: Bed>(bed: &B, items: &[Attributes]) -> Vec<Option<Taken>> {
    let desk = bed.desk();
    let taken = desk.sources.take(order(desk, items), &Always).await;
    taken.expect("taken")
}

async fn put_back<B: Bed>(bed: &B, items: &[Attributes]) -> Vec<PutBack> {
    let desk = bed.desk();
    desk.sources.put_back(order(desk, items)).await.expect("put back")
}

pub(super) async fn what_is_copied_is_deleted_and_comes_back<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, VAULT).await;
    for sort in ["a", "b", "c"] {
        let mut item = item(s(sort));
        item.extend([("at".into(), n(7)), ("text".into(), s("")), ("owner".into(), s("me"))]);
        bed.put(item).await;
    }
    let before = bed.items().await;
    let items = copied(bed.desk()).await;
    assert_eq!(take(&bed, &items).await, [const { Some(Taken::Gone) }; 3]);
    assert!(bed.items().await.is_empty());
    assert_eq!(take(&bed, &items).await, [const { Some(Taken::Absent) }; 3]);
    assert_eq!(put_back(&bed, &items).await, [PutBack::Done; 3]);
    assert_eq!(bed.items().await, before);
    assert_eq!(put_back(&bed, &items).await, [PutBack::Same; 3], "an answer was lost");
}

pub(super) async fn an_item_that_is_gone_is_read_as_absent<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, VAULT).await;
    bed.put(item(s("a"))).await;
    let lines = bed.desk().plan().await;
    bed.delete("a").await;
    let lines: Vec<&Line> = lines.iter().collect();
    let desk = bed.desk();
    let answer = desk.sources.read_whole(&desk.dataset, &lines).await;
    assert_eq!(answer.expect("read"), [Whole::Absent]);
}

pub(super) async fn a_changed_item_is_neither_deleted_nor_overwritten<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, VAULT).await;
    for sort in ["changed", "lost", "marked", "dated"] {
        let mut item = item(s(sort));
        item.insert("text".into(), s("old"));
        bed.put(item).await;
    }
    let items = copied(bed.desk()).await;
    for (sort, name, value) in [
        ("changed", "text", s("new")),
        ("lost", "other", s("old")),
        ("marked", "erasure_deleted_at", s("now")),
        ("dated", "at", n(9)),
    ] {
        let mut item = item(s(sort));
        if sort != "lost" {
            item.insert("text".into(), s("old"));
        }
        item.insert(name.into(), value);
        bed.put(item).await;
    }
    let now = bed.items().await;
    assert_eq!(take(&bed, &items).await, [const { Some(Taken::Changed) }; 4]);
    assert_eq!(put_back(&bed, &items).await, [PutBack::Other; 4]);
    assert_eq!(bed.items().await, now);
}

pub(super) async fn what_an_item_gained_is_in_the_answer<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, VAULT).await;
    bed.put(item(s("a"))).await;
    let items = copied(bed.desk()).await;
    let mut more = item(s("a"));
    more.insert("gained".into(), s("x"));
    bed.put(more).await;
    let mut whole = items[0].clone();
    whole.insert("gained".into(), Value::S("x".into()));
    assert_eq!(take(&bed, &items).await, [Some(Taken::GoneWithMore(whole))]);
    assert!(bed.items().await.is_empty());
}

pub(super) async fn a_version_stands_for_every_attribute<G: Ground>(ground: G) {
    let versioned = format!("{VAULT}\n    version_attribute: version");
    let bed = ground.table(KeyType::S, &versioned).await;
    let wide = |sort: &str, version: i64| {
        let mut item = item(s(sort));
        item.extend((0..200).map(|n| (format!("a{n}"), s("x"))));
        item.insert("version".into(), n(version));
        item
    };
    for sort in ["a", "b"] {
        bed.put(wide(sort, 1)).await;
    }
    let items = copied(bed.desk()).await;
    bed.put(wide("b", 2)).await;
    assert_eq!(take(&bed, &items).await, [Some(Taken::Gone), Some(Taken::Changed)]);
}

pub(super) async fn without_a_version_too_many_attributes_cannot_be_verified<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, VAULT).await;
    let mut wide = item(s("a"));
    wide.extend((0..151).map(|n| (format!("a{n}"), s("x"))));
    bed.put(wide).await;
    let items = copied(bed.desk()).await;
    assert_eq!(take(&bed, &items).await, [Some(Taken::Unverifiable)]);
    assert_eq!(bed.items().await.len(), 1);
}

pub(super) async fn nothing_is_deleted_once_it_is_not_wanted<G: Ground>(ground: G) {
    let mut bed = ground.table(KeyType::S, VAULT).await;
    bed.cut(instant("2026-01-01T00:00:00Z"));
    bed.put(item(s("a"))).await;
    let items = copied(bed.desk()).await;
    let desk = bed.desk();
    let taken = desk.sources.take(order(desk, &items), &Stopped).await;
    assert_eq!(taken.expect("asked"), [None]);
    assert_eq!(bed.items().await.len(), 1);
}
