//! The fake of the bucket `exports`: an object is there when its upload was completed, and not a byte before.
//!
//! Stricter than S3 in one thing: an upload that was given up or completed answers nothing any more, so that a worker
//! that comes late finds out.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use super::world::World;
use crate::ports::{Exports, Fault, Receipt, Upload};

/// S3's smallest block, but for the last; the simulator's packages are smaller by as much.
const SMALLEST: usize = 16;

/// Packages and what is on the way to be one.
#[derive(Clone, Debug)]
pub struct SimExports {
    world: World,
    state: Rc<RefCell<State>>,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<String, Vec<u8>>,
    uploads: BTreeMap<String, (String, BTreeMap<i32, Vec<u8>>)>,
    begun: u64,
}

impl SimExports {
    /// An empty bucket.
    pub fn new(world: &World) -> Self {
        Self {
            world: world.clone(),
            state: Rc::default(),
        }
    }

    /// Everything in the bucket.
    pub fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        self.state.borrow().objects.clone()
    }

    /// The keys of what is not completed.
    pub fn unfinished(&self) -> Vec<String> {
        self.state
            .borrow()
            .uploads
            .values()
            .map(|(key, _)| key.clone())
            .collect()
    }
}

fn no_upload(op: &'static str) -> Fault {
    Fault::permanent(op, "upload_gone", "it was completed or given up")
}

impl Exports for SimExports {
    async fn begin(&self, key: &str) -> Result<Upload, Fault> {
        let begin = || {
            let mut state = self.state.borrow_mut();
            state.begun += 1;
            let id = format!("u{}", state.begun);
            state.uploads.insert(id.clone(), (key.to_owned(), BTreeMap::new()));
            Ok(Upload {
                key: key.to_owned(),
                id,
            })
        };
        self.world.try_call("begin package", key, begin).await
    }

    async fn put_block(&self, upload: &Upload, number: i32, bytes: Vec<u8>) -> Result<Receipt, Fault> {
        let put = || {
            let mut state = self.state.borrow_mut();
            let (_, blocks) = state
                .uploads
                .get_mut(&upload.id)
                .ok_or_else(|| no_upload("put block"))?;
            let etag = format!("e{number}-{}", bytes.len());
            blocks.insert(number, bytes);
            Ok(Receipt {
                number,
                etag,
                checksum: None,
            })
        };
        self.world.try_call("put block", &upload.key, put).await
    }

    async fn complete(&self, upload: &Upload, receipts: &[Receipt]) -> Result<(), Fault> {
        let complete = || {
            let mut state = self.state.borrow_mut();
            let (key, blocks) = state
                .uploads
                .get(&upload.id)
                .ok_or_else(|| no_upload("complete package"))?;
            let mut object = vec![];
            for (n, receipt) in receipts.iter().enumerate() {
                let block = blocks.get(&receipt.number);
                let block = block.ok_or_else(|| Fault::permanent("complete package", "refused", "no such block"))?;
                if block.len() < SMALLEST && n + 1 < receipts.len() {
                    return Err(Fault::permanent("complete package", "refused", "a block is too small"));
                }
                object.extend_from_slice(block);
            }
            let key = key.clone();
            state.uploads.remove(&upload.id);
            state.objects.insert(key, object);
            Ok(())
        };
        self.world.try_call("complete package", &upload.key, complete).await
    }

    async fn abort_under(&self, prefix: &str) -> Result<u64, Fault> {
        let abort = || {
            let mut state = self.state.borrow_mut();
            let before = state.uploads.len();
            state.uploads.retain(|_, (key, _)| !key.starts_with(prefix));
            Ok((before - state.uploads.len()) as u64)
        };
        self.world.try_call("give up packages", prefix, abort).await
    }

    async fn delete_under(&self, prefix: &str) -> Result<u64, Fault> {
        let delete = || {
            let mut state = self.state.borrow_mut();
            let before = state.objects.len();
            state.objects.retain(|key, _| !key.starts_with(prefix));
            Ok((before - state.objects.len()) as u64)
        };
        self.world.try_call("delete packages", prefix, delete).await
    }

    async fn link(&self, key: &str, file_name: &str, valid_for: Duration) -> Result<String, Fault> {
        let link = || {
            Ok(format!(
                "https://exports/{key}?name={file_name}&seconds={}",
                valid_for.as_secs()
            ))
        };
        self.world.try_call("link to package", key, link).await
    }
}
