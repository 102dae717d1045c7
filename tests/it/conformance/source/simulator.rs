//! The ground of the simulator's sources: a calm world.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use shared::domain::data_map::{Dataset, KeyType, Retain};
use shared::sim::sources::SimSources;
use shared::sim::sources::journal::{Record, RecordId, Version};
use shared::sim::{Calm, World, alone};

use super::desk::Desk;
use super::ground::{BUCKET, Bed, Ground, Item, dataset, instant, text};

/// Makes tables and buckets in a world.
pub(super) struct Simulator(World);

/// One of them.
pub(super) struct SimBed {
    world: World,
    desk: Desk<SimSources>,
}

/// Plays a case.
pub(super) fn play<T: 'static, F: Future<Output = T> + 'static>(case: impl FnOnce(Simulator) -> F) -> T {
    let world = World::new(1, instant("2026-11-22T00:00:00Z"), Calm);
    alone(&world, case(Simulator(world.clone()))).expect("the case ends")
}

impl Simulator {
    fn bed(&self, dataset: Dataset) -> SimBed {
        let sources = SimSources::new(&self.0);
        sources.host_dataset(&dataset);
        SimBed {
            world: self.0.clone(),
            desk: Desk::new(sources, dataset),
        }
    }
}

impl Ground for Simulator {
    type Bed = SimBed;

    async fn table(&self, _: KeyType, yaml: &str) -> SimBed {
        self.bed(dataset("scratch", yaml))
    }

    async fn bucket(&self, versioned: bool) -> SimBed {
        let bed = self.bed(dataset("scratch", BUCKET));
        bed.desk.sources.suspend_versioning("scratch", !versioned);
        bed
    }
}

impl SimBed {
    fn object(&self, key: &str) -> RecordId {
        RecordId {
            container: self.desk.dataset.container().to_owned(),
            key: key.to_owned(),
        }
    }

    fn objects(&self) -> BTreeMap<String, Vec<Version>> {
        let versions = |(id, record): (RecordId, Record)| match record {
            Record::Object(versions) => Some((id.key, versions)),
            Record::Item(_) => None,
        };
        self.desk.sources.snapshot().into_iter().filter_map(versions).collect()
    }
}

impl Bed for SimBed {
    type Sources = SimSources;

    fn desk(&self) -> &Desk<SimSources> {
        &self.desk
    }

    fn cut(&mut self, cutoff: Timestamp) {
        self.desk.cutoff = cutoff;
    }

    fn ask_for_hidden(&mut self) {
        self.desk.hidden_too = true;
    }

    fn retain(&mut self, retain: Option<Retain>) {
        self.desk.dataset.retain = retain;
    }

    async fn set_ttl(&self, attribute: Option<&str>) {
        self.desk.sources.set_ttl(self.desk.dataset.container(), attribute);
    }

    async fn tear_down(&self) {
        self.desk.sources.tear_down(self.desk.dataset.container());
    }

    async fn put(&self, item: Item) {
        let sources = &self.desk.sources;
        sources.put_attributes(self.desk.dataset.container(), item, self.world.now());
    }

    async fn delete(&self, sort: &str) {
        assert!(
            self.desk
                .sources
                .delete_item(&self.object(&format!("pk=acme#7 sk={sort}")))
        );
    }

    async fn items(&self) -> BTreeMap<String, Item> {
        let table = self.desk.sources.items(self.desk.dataset.container());
        table
            .into_iter()
            .map(|item| (text(&item["sk"]).to_owned(), item))
            .collect()
    }

    async fn write(&self, key: &str, body: &str) -> String {
        self.desk.sources.put_version(&self.object(key), Some(body))
    }

    async fn hide(&self, key: &str) -> String {
        self.desk.sources.delete_object(&self.object(key))
    }

    async fn destroy(&self, key: &str, version: &str) {
        assert!(self.desk.sources.destroy_version(&self.object(key), version));
    }

    async fn visible(&self) -> Vec<String> {
        let on_top = |versions: &[Version]| versions.last().is_some_and(|version| version.body.is_some());
        let visible = self.objects().into_iter().filter(|(_, versions)| on_top(versions));
        visible.map(|(key, _)| key).collect()
    }

    async fn versions(&self) -> BTreeMap<String, Vec<String>> {
        let listed = |versions: Vec<Version>| {
            let (bodies, markers): (Vec<_>, Vec<_>) = versions.into_iter().rev().partition(|v| v.body.is_some());
            let markers = markers.into_iter().map(|marker| format!("-{}", marker.id));
            bodies.into_iter().map(|version| version.id).chain(markers).collect()
        };
        self.objects()
            .into_iter()
            .map(|(key, versions)| (key, listed(versions)))
            .collect()
    }

    async fn made(&self, key: &str) -> Timestamp {
        let made = self.objects()[key].last().expect("an entry").made;
        Timestamp::from_second(made.as_second()).expect("an instant")
    }

    async fn pass_cutoff(&self) {
        self.world.advance_to(self.desk.cutoff + SignedDuration::from_secs(2));
    }
}
