//! Walking through versions: every key of a prefix in order, or the keys of one chunk.
//!
//! Guarantees: keys arrive whole, also when they straddle listings. Looking a chunk up costs about one call per thousand
//! versions: its keys stand side by side in the listing, so the range from the first to the last is read, and where
//! other keys lie between, they are leapt over.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::Buckets;
use super::history::{Fold, Histories, History};
use super::listing::Place;
use crate::ports::Fault;

impl Buckets {
    /// Shows each key after `after`, in order, until `visit` breaks or `calls` answers were read (but at least one key
    /// was seen). Answers the last key seen if there may be more.
    pub(super) async fn each_key(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
        calls: usize,
        mut visit: impl FnMut(&str, &History) -> ControlFlow<()>,
    ) -> Result<Option<String>, Fault> {
        let mut place = after.map(|key| Place::behind(key.to_owned()));
        let mut fold = Fold::default();
        let mut last = None;
        let mut read = 0;
        loop {
            let mut listed = self.list(bucket, prefix, place.take()).await?;
            place = listed.next.take();
            read += 1;
            for (key, history) in listed.fold_into(&mut fold, place.is_some()) {
                if visit(&key, &history).is_break() {
                    return Ok(Some(key));
                }
                last = Some(key);
            }
            if place.is_none() {
                return Ok(None);
            }
            if read >= calls && last.is_some() {
                return Ok(last);
            }
        }
    }

    /// The histories of these keys; a key without one does not exist.
    pub(super) async fn look_up(&self, bucket: &str, keys: &BTreeSet<&str>) -> Result<Histories, Fault> {
        let mut found = Histories::new();
        let mut wanted: BTreeSet<&str> = keys.clone();
        let prefix = common_folder(keys);
        let mut place = keys.first().map(|key| Place::before(key));
        let mut fold = Fold::default();
        while !wanted.is_empty() {
            let mut listed = self.list(bucket, prefix, place.take()).await?;
            let Some(next) = listed.next.take() else {
                found.extend(
                    listed
                        .fold_into(&mut fold, false)
                        .into_iter()
                        .filter(|(key, _)| keys.contains(key.as_str())),
                );
                break;
            };
            let complete = listed.fold_into(&mut fold, true);
            found.extend(complete.into_iter().filter(|(key, _)| keys.contains(key.as_str())));
            // What is listed so far ends within the key `next` names: smaller keys that did not come do not exist.
            wanted = wanted.split_off(next.key.as_str());
            place = Some(match wanted.first() {
                Some(key) if fold.open() != Some(*key) => {
                    fold = Fold::default();
                    next.or_leap_to(key)
                }
                _ => next,
            });
        }
        Ok(found)
    }
}

/// The longest beginning all keys share, up to its last `/`: at least the dataset's own prefix, which ends in one.
fn common_folder<'k>(keys: &BTreeSet<&'k str>) -> &'k str {
    let (Some(first), Some(last)) = (keys.first(), keys.last()) else {
        return "";
    };
    let shared = first.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count();
    first.as_bytes()[..shared]
        .iter()
        .rposition(|b| *b == b'/')
        .map_or("", |at| &first[..=at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_looked_up_in_its_folder() {
        let folder = |keys: &[&'static str]| common_folder(&keys.iter().copied().collect());
        assert_eq!(folder(&["acme/1/a", "acme/1/b", "acme/1/b/c"]), "acme/1/");
        assert_eq!(folder(&["acme/1/x/ä1", "acme/1/x/ö1"]), "acme/1/x/");
        assert_eq!(folder(&["acme/1/file"]), "acme/1/");
        assert_eq!(folder(&[]), "");
    }
}
