//! One key's versions and delete markers, folded from listing pages. Pure.
//!
//! Guarantees: a key is handed on only when all of it was listed, also when it straddles pages. The SDK answers versions
//! and markers as two lists, each newest first; which of a version and a marker of the same second came first is lost,
//! except for the newest of all, which says so itself.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// A version or a delete marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) latest: bool,
    /// Of a version.
    pub(super) etag: Option<String>,
}

/// All there is of a key; each list newest first.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct History {
    pub(super) versions: Vec<Entry>,
    pub(super) markers: Vec<Entry>,
}

/// What stands at the top of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Top<'h> {
    Version(&'h Entry),
    Marker(&'h Entry),
}

impl History {
    /// The newest entry; none of a key that does not exist.
    pub(super) fn newest(&self) -> Option<Top<'_>> {
        match (self.versions.first(), self.markers.first()) {
            (None, None) => None,
            (Some(version), None) => Some(Top::Version(version)),
            (None, Some(marker)) => Some(Top::Marker(marker)),
            (Some(version), Some(marker)) if version.latest || (!marker.latest && version.at > marker.at) => {
                Some(Top::Version(version))
            }
            (Some(_), Some(marker)) => Some(Top::Marker(marker)),
        }
    }

    /// The newest entry at or before the cutoff. In the same second a version wins: below the top it makes no
    /// difference, since everything at or before it is in scope.
    pub(super) fn newest_until(&self, cutoff: Timestamp) -> Option<Top<'_>> {
        if let Some(top) = self.newest().filter(|top| top.entry().at <= cutoff) {
            return Some(top);
        }
        let until = |entries: &'_ [Entry]| entries.iter().position(|entry| entry.at <= cutoff);
        let version = until(&self.versions).map(|at| &self.versions[at]);
        let marker = until(&self.markers).map(|at| &self.markers[at]);
        match (version, marker) {
            (Some(version), Some(marker)) if version.at >= marker.at => Some(Top::Version(version)),
            (_, Some(marker)) => Some(Top::Marker(marker)),
            (version, None) => version.map(Top::Version),
        }
    }
}

impl<'h> Top<'h> {
    pub(super) fn entry(self) -> &'h Entry {
        match self {
            Self::Version(entry) | Self::Marker(entry) => entry,
        }
    }
}

/// Keys with their histories, in listing order (UTF-8 bytes, as Rust compares strings).
pub(super) type Histories = BTreeMap<String, History>;

/// Puts listing pages together.
#[derive(Default)]
pub(super) struct Fold {
    open: Histories,
}

impl Fold {
    /// Adds a page; answers the keys that are complete. The last key of a page that is not the last may go on.
    pub(super) fn add(&mut self, page: Vec<(String, Top<'_>)>, more: bool) -> Histories {
        for (key, entry) in page {
            let history = self.open.entry(key).or_default();
            match entry {
                Top::Version(entry) => history.versions.push(entry.clone()),
                Top::Marker(entry) => history.markers.push(entry.clone()),
            }
        }
        let mut complete = std::mem::take(&mut self.open);
        if more && let Some((key, history)) = complete.pop_last() {
            self.open.insert(key, history);
        }
        complete
    }

    /// The key that may go on.
    pub(super) fn open(&self) -> Option<&str> {
        self.open.keys().next().map(String::as_str)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::source::s3) fn entry(id: &str, second: i64, latest: bool) -> Entry {
        Entry {
            id: id.into(),
            at: Timestamp::from_second(second).expect("instant"),
            latest,
            etag: Some(format!("\"{id}\"")),
        }
    }

    fn id(top: Option<Top<'_>>) -> Option<&str> {
        top.map(|top| top.entry().id.as_str())
    }

    #[test]
    fn the_newest_is_what_says_so_also_within_a_second() {
        let mut history = History {
            versions: vec![entry("v2", 5, false), entry("v1", 1, false)],
            markers: vec![entry("m1", 5, true)],
        };
        assert!(matches!(history.newest(), Some(Top::Marker(m)) if m.id == "m1"));
        history.markers[0].latest = false;
        history.versions[0].latest = true;
        assert!(matches!(history.newest(), Some(Top::Version(v)) if v.id == "v2"));
        assert!(History::default().newest().is_none());
    }

    #[test]
    fn the_newest_at_the_cutoff_is_found_below_newer_ones() {
        let history = History {
            versions: vec![entry("v3", 9, true), entry("v2", 4, false), entry("v1", 1, false)],
            markers: vec![entry("m2", 8, false), entry("m1", 4, false)],
        };
        let until =
            |second| id(history.newest_until(Timestamp::from_second(second).expect("instant"))).map(str::to_owned);
        assert_eq!(until(9).as_deref(), Some("v3"));
        assert_eq!(until(8).as_deref(), Some("m2"));
        assert_eq!(until(7).as_deref(), Some("v2"));
        assert_eq!(until(3).as_deref(), Some("v1"));
        assert_eq!(until(0), None);
    }

    #[test]
    fn a_key_that_straddles_pages_is_one() {
        let (a, b1, b2, m, c) = (
            entry("a", 1, true),
            entry("b1", 3, true),
            entry("b2", 1, false),
            entry("m", 2, false),
            entry("c", 1, true),
        );
        let mut fold = Fold::default();
        let first = fold.add(
            vec![("a".into(), Top::Version(&a)), ("b".into(), Top::Version(&b1))],
            true,
        );
        assert_eq!(first.keys().collect::<Vec<_>>(), ["a"]);
        assert_eq!(fold.open(), Some("b"));
        let page = vec![
            ("b".into(), Top::Version(&b2)),
            ("c".into(), Top::Version(&c)),
            ("b".into(), Top::Marker(&m)),
        ];
        let rest = fold.add(page, false);
        assert_eq!(rest.keys().collect::<Vec<_>>(), ["b", "c"]);
        let ids: Vec<_> = rest["b"].versions.iter().map(|e| e.id.as_str()).collect();
        assert_eq!((ids, rest["b"].markers.len()), (vec!["b1", "b2"], 1));
        assert_eq!(fold.open(), None);
    }
}
