//! The whole map against everything there is: what nobody names, and what is left out without being there.

use super::code::Code;
use super::notes::Notes;
use crate::domain::data_map::description::{Container, Description};
use crate::domain::data_map::{DataMap, Exclusion};

/// Compares the map with all tables and buckets.
pub(super) fn check(map: &DataMap, excluded: &[(usize, Exclusion)], description: &Description, notes: &mut Notes) {
    for container in map.unnamed(&description.there, &description.own) {
        let field = match container {
            Container::Table(_) => "table",
            Container::Bucket(_) => "bucket",
        };
        let what = format!(
            "{}: no dataset names it, so no erasure would reach it",
            container.shown()
        );
        let remedy = format!(
            "add a dataset for it, or to excluded: {{{field}: {}, reason: \"...\"}}",
            container.name()
        );
        notes.add(Code::Unnamed, "excluded", what, remedy);
    }
    for (n, exclusion) in excluded {
        let Some(name) = exclusion.name() else { continue };
        if !description.there.iter().any(|one| one.is_excluded_by(exclusion)) {
            let what = format!("excluded: there is no `{name}` here");
            let remedy = "correct the name, or leave the entry out: one of that name made later would not be noticed";
            notes.add(Code::ExclusionUnknown, format!("excluded.{n}"), what, remedy);
        }
    }
}
