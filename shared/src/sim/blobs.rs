//! The fakes of the buckets `manifests` and `config`.
//!
//! An object is there whole or not at all; a listing that is cut off leaves the rest, and says so by a fault.

use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::world::World;
use crate::domain::data_map::DataMap;
use crate::domain::policy::PolicyFile;
use crate::ports::{Config, Fault, Manifests, Pinned};

/// Sealed objects.
#[derive(Clone, Debug)]
pub struct SimManifests {
    world: World,
    objects: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
    ever: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
}

impl SimManifests {
    /// An empty bucket.
    pub fn new(world: &World) -> Self {
        Self {
            world: world.clone(),
            objects: Rc::default(),
            ever: Rc::default(),
        }
    }

    /// Everything in the bucket.
    pub fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        self.objects.borrow().clone()
    }

    /// Everything that ever was, as it was last put: for tests alone.
    pub fn ever(&self) -> Ref<'_, BTreeMap<String, Vec<u8>>> {
        self.ever.borrow()
    }
}

impl Manifests for SimManifests {
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), Fault> {
        let put = || {
            self.ever.borrow_mut().insert(key.to_owned(), bytes.clone());
            self.objects.borrow_mut().insert(key.to_owned(), bytes);
            Ok(())
        };
        self.world.try_call("put object", key, put).await
    }

    async fn read_range(&self, key: &str, offset: u64, length: u64) -> Result<Vec<u8>, Fault> {
        let read = || {
            let objects = self.objects.borrow();
            let object = objects
                .get(key)
                .ok_or_else(|| Fault::corrupt("read object", "there is none"))?;
            let range = usize::try_from(offset).ok().zip(usize::try_from(offset + length).ok());
            let slice = range.and_then(|(from, to)| object.get(from..to));
            slice
                .map(<[u8]>::to_vec)
                .ok_or_else(|| Fault::corrupt("read object", "no such range"))
        };
        self.world.try_call("read object", key, read).await
    }

    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        let read = || Ok(self.objects.borrow().get(key).cloned());
        self.world.try_call("read object", key, read).await
    }

    async fn delete_under(&self, prefix: &str) -> Result<u64, Fault> {
        let delete = || {
            let mut objects = self.objects.borrow_mut();
            let under: Vec<_> = objects.keys().filter(|key| key.starts_with(prefix)).cloned().collect();
            let taken = if self.world.mishap(30) {
                under.len() / 2
            } else {
                under.len()
            };
            for key in &under[..taken] {
                objects.remove(key);
            }
            if taken < under.len() {
                return Err(Fault::transient("delete objects", "some of them stayed"));
            }
            Ok(taken as u64)
        };
        self.world.try_call("delete objects", prefix, delete).await
    }
}

/// Policy and data map, with every version ever applied.
#[derive(Clone, Debug)]
pub struct SimConfig {
    world: World,
    policy: Pinned<PolicyFile>,
    data_maps: Vec<Pinned<DataMap>>,
}

impl SimConfig {
    /// With both files applied; the last data map is the newest.
    pub fn new(world: &World, policy: Pinned<PolicyFile>, data_maps: Vec<Pinned<DataMap>>) -> Self {
        Self {
            world: world.clone(),
            policy,
            data_maps,
        }
    }
}

impl Config for SimConfig {
    async fn policy(&self) -> Result<Option<Pinned<PolicyFile>>, Fault> {
        let read = || Ok(Some(self.policy.clone()));
        self.world.try_call("read policy", "", read).await
    }

    async fn data_map(&self, version: Option<&str>) -> Result<Option<Pinned<DataMap>>, Fault> {
        let read = || {
            let is_it = |map: &&Pinned<DataMap>| version.is_none_or(|version| map.version == version);
            Ok(self.data_maps.iter().rev().find(is_it).cloned())
        };
        self.world
            .try_call("read data map", version.unwrap_or("newest"), read)
            .await
    }
}
