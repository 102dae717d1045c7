//! Looking at a place before anything of it is planned: what differs from the data map has a name.

use shared::domain::data_map::{Dataset, KeyType};
use shared::ports::Sources as _;

use super::desk::permanent;
use super::ground::{Bed, Ground, WITH_TTL, dataset, item, s};

/// What a look says: the code of a permanent fault, or that all is well.
async fn look(bed: &impl Bed, at: &Dataset, expires: bool) -> &'static str {
    match bed.desk().sources.check(at, expires).await {
        Ok(()) => "as it should be",
        Err(fault) => permanent(&fault).expect("a difference is not for now"),
    }
}

pub(super) async fn a_table_is_as_the_data_map_has_it_or_the_difference_has_a_name<G: Ground>(ground: G) {
    let by_owner = WITH_TTL.replace("key: {attribute: pk", "index: by_owner\n    key: {attribute: owner");
    let bed = ground.table(KeyType::S, &by_owner).await;
    let name = bed.desk().dataset.container().to_owned();
    let other = |yaml: &str| dataset(&name, yaml);
    for (yaml, said) in [
        (by_owner.clone(), "as it should be"),
        (WITH_TTL.to_owned(), "as it should be"),
        (WITH_TTL.replace("attribute: pk", "attribute: owner"), "key_differs"),
        (by_owner.replace("attribute: owner", "attribute: pk"), "key_differs"),
        (WITH_TTL.replace("{subject}\"}", "{subject}\", type: N}"), "key_differs"),
        (by_owner.replace("by_owner", "by_nobody"), "source_gone"),
    ] {
        assert_eq!(look(&bed, &other(&yaml), false).await, said, "{yaml}");
    }
}

pub(super) async fn ttl_matters_where_something_expires_by_it<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, WITH_TTL).await;
    let dataset = &bed.desk().dataset;
    for (ttl, said) in [
        (None, "ttl_differs"),
        (Some("expires_at"), "as it should be"),
        (Some("forgotten_at"), "ttl_differs"),
    ] {
        bed.set_ttl(ttl).await;
        assert_eq!(look(&bed, dataset, true).await, said, "{ttl:?}");
        assert_eq!(look(&bed, dataset, false).await, "as it should be", "{ttl:?}");
    }
    bed.put(item(s("a"))).await;
    assert_eq!(bed.desk().plan().await.len(), 1, "a look keeps nobody from listing");
}

pub(super) async fn a_place_that_is_gone_is_told_from_one_that_differs<G: Ground>(ground: G) {
    let bucket = ground.bucket(false).await;
    assert_eq!(look(&bucket, &bucket.desk().dataset, false).await, "not_versioned");
    let table = ground.table(KeyType::S, WITH_TTL).await;
    table.tear_down().await;
    assert_eq!(look(&table, &table.desk().dataset, true).await, "source_gone");
}
