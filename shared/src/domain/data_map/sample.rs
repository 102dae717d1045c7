//! A few records of a dataset: whether they have the attributes that the data map relies on. Pure.
//!
//! Guarantees: a record counts only if the dataset would find it for somebody; values are looked at and not kept.

use std::collections::BTreeMap;

use super::description::{Keys, Sample};
use super::{Dataset, DynamoPlace, TenantBinding, TimeFormat};
use crate::domain::ids::Tenant;
use crate::domain::manifest::Scalar;
use crate::domain::written_at;

/// What an attribute has to be.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    Tenant,
    Time(TimeFormat),
}

impl Dataset {
    /// The attributes that decide about a record, each with the field that names it.
    pub fn relied_on(&self) -> Vec<(&'static str, &str)> {
        self.wanted().map(|(field, name, _)| (field, name)).collect()
    }

    fn wanted(&self) -> impl Iterator<Item = (&'static str, &str, Wanted)> {
        let tenant = match &self.tenant {
            TenantBinding::Attribute { attribute } => Some(("tenant", attribute.as_str(), Wanted::Tenant)),
            TenantBinding::In { .. } | TenantBinding::Only { .. } => None,
        };
        let written = self.written_at.as_ref();
        let written = written.map(|at| ("written_at", at.attribute.as_str(), Wanted::Time(at.format)));
        let kept = self.retain.as_ref();
        let kept = kept.map(|kept| ("retain", kept.from.as_str(), Wanted::Time(kept.format)));
        tenant.into_iter().chain(written).chain(kept)
    }
}

impl Sample {
    /// Looks at an item of the table; `keys` are those the dataset is queried by.
    pub fn look(&mut self, dataset: &Dataset, place: &DynamoPlace, keys: &Keys, item: &BTreeMap<String, Scalar>) {
        if !is_found(place, keys, item) {
            return;
        }
        self.records += 1;
        for (_, name, wanted) in dataset.wanted() {
            let seen = self.attributes.entry(name.to_owned()).or_default();
            let Some(value) = item.get(name) else { continue };
            seen.present += 1;
            seen.readable += u32::from(wanted.reads(value));
        }
    }
}

impl Wanted {
    fn reads(self, value: &Scalar) -> bool {
        match (self, value) {
            (Self::Tenant, Scalar::S(text)) => text.parse::<Tenant>().is_ok(),
            (Self::Tenant, Scalar::N(_) | Scalar::B(_)) => false,
            (Self::Time(format), value) => written_at::instant(format, value).is_some(),
        }
    }
}

/// Whether the dataset finds this item for some tenant and subject.
fn is_found(place: &DynamoPlace, keys: &Keys, item: &BTreeMap<String, Scalar>) -> bool {
    let located = match item.get(&place.key.attribute) {
        Some(Scalar::S(text) | Scalar::N(text)) => could_be(&place.key.template, text),
        // A template is not compared with bytes.
        Some(Scalar::B(_)) => true,
        None => false,
    };
    let sorted = place.sort_key_prefix.as_ref().is_none_or(|prefix| {
        let sort = keys.sort.as_ref().and_then(|sort| item.get(sort));
        matches!(sort, Some(Scalar::S(text)) if text.starts_with(prefix))
    });
    located && sorted
}

/// Whether a template may come out as this value, its placeholders standing for a character or more.
fn could_be(template: &str, value: &str) -> bool {
    let template = template.replace("{tenant}", "\0").replace("{subject}", "\0");
    let mut literals = template.split('\0');
    let Some(mut rest) = literals.next().and_then(|head| value.strip_prefix(head)) else {
        return false;
    };
    let literals: Vec<&str> = literals.collect();
    let Some((tail, between)) = literals.split_last() else {
        return rest.is_empty();
    };
    for literal in between {
        let Some(first) = rest.chars().next() else { return false };
        let Some((_, after)) = rest[first.len_utf8()..].split_once(literal) else {
            return false;
        };
        rest = after;
    }
    rest.len() > tail.len() && rest.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::data_map::{DataMap, Place};

    #[test]
    fn a_template_comes_out_as_values_of_its_form_only() {
        for (template, value, expected) in [
            ("{subject}", "7", true),
            ("{subject}", "", false),
            ("T#{tenant}#C#{subject}", "T#acme#C#7", true),
            ("T#{tenant}#C#{subject}", "T#acme#C#7#C#8", true),
            ("T#{tenant}#C#{subject}", "T##C#7", false),
            ("T#{tenant}#C#{subject}", "T#acme#I#7", false),
            ("T#{tenant}#C#{subject}", "T#acme#C#", false),
            ("{tenant}/{subject}/x", "é/ü/x", true),
            ("{tenant}/{subject}/x", "é/ü/y", false),
            ("fixed", "fixed", true),
            ("fixed", "fixed7", false),
        ] {
            assert_eq!(could_be(template, value), expected, "{template} {value}");
        }
    }

    const MAP: &str = r#"
v: 1
datasets:
  - id: notes
    category: notes
    description: Notes
    source: dynamodb
    table: notes
    key: {attribute: pk, template: "C#{subject}"}
    sort_key_prefix: "N#"
    tenant: {attribute: tenant}
    written_at: {attribute: at, format: epoch_seconds}
    soft_delete: {mode: tombstone, expiry: purge}
    retain: {for: P1Y, from: signed, ground: A law}
"#;

    #[test]
    fn only_the_datasets_own_records_count_and_what_they_have() {
        let map = DataMap::parse(MAP).expect("a map");
        let dataset = &map.datasets[0];
        let Place::Dynamodb(place) = &dataset.place else {
            panic!("it is a table")
        };
        let keys = Keys {
            partition: "pk".into(),
            sort: Some("sk".into()),
        };
        let item = |pairs: &[(&str, Scalar)]| -> BTreeMap<String, Scalar> {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect()
        };
        let (s, n) = (|text: &str| Scalar::S(text.into()), |text: &str| Scalar::N(text.into()));
        let mut sample = Sample::default();
        for item in [
            item(&[
                ("pk", s("C#1")),
                ("sk", s("N#1")),
                ("tenant", s("acme")),
                ("at", n("1795305601")),
            ]),
            item(&[
                ("pk", s("C#2")),
                ("sk", s("N#1")),
                ("tenant", s("Acme Ltd")),
                ("at", s("today")),
            ]),
            item(&[("pk", s("C#2")), ("sk", s("N#2")), ("tenant", n("7"))]),
            item(&[
                ("pk", s("C#2")),
                ("sk", s("ORDER#2")),
                ("signed", s("2026-01-01T00:00:00Z")),
            ]),
            item(&[
                ("pk", s("SHOP#2")),
                ("sk", s("N#2")),
                ("signed", s("2026-01-01T00:00:00Z")),
            ]),
            item(&[("sk", s("N#2"))]),
        ] {
            sample.look(dataset, place, &keys, &item);
        }
        let seen = |name: &str| (sample.attributes[name].present, sample.attributes[name].readable);
        assert_eq!(sample.records, 3);
        assert_eq!((seen("tenant"), seen("at"), seen("signed")), ((3, 1), (2, 1), (0, 0)));
    }
}
