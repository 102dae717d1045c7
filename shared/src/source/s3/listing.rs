//! ListObjectVersions, one call at a time.
//!
//! Guarantees: keys are decoded (they travel URL-encoded, since XML cannot carry every character), and a listing that is
//! not at its end says where it goes on. `walk` puts calls together.

use std::collections::BTreeMap;

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::EncodingType;
use jiff::Timestamp;

use super::Buckets;
use super::history::{Entry, Fold, History, Top};
use crate::ports::Fault;
use crate::source::fault;

const LIST: &str = "listing versions";

/// Where a listing goes on: after this version of the key, or after the whole key.
pub(super) struct Place {
    pub(super) key: String,
    version: Option<String>,
}

/// One answer.
pub(super) struct Listed {
    versions: Vec<(String, Entry)>,
    markers: Vec<(String, Entry)>,
    pub(super) next: Option<Place>,
}

impl Buckets {
    /// The next listing of a prefix.
    pub(super) async fn list(&self, bucket: &str, prefix: &str, place: Option<Place>) -> Result<Listed, Fault> {
        let (key, version) = place.map_or((None, None), |place| (Some(place.key), place.version));
        let answer = self
            .client
            .list_object_versions()
            .bucket(bucket)
            .prefix(prefix)
            .encoding_type(EncodingType::Url)
            .set_key_marker(key.filter(|key| !key.is_empty()))
            .set_version_id_marker(version)
            .send()
            .await;
        Listed::read(answer.map_err(|e| fault::of_sdk(LIST, e))?)
    }
}

impl Place {
    pub(super) fn behind(key: String) -> Self {
        Self { key, version: None }
    }

    /// Just before a key: its own beginning, without the last character, sorts before it and after nearly all others.
    pub(super) fn before(key: &str) -> Self {
        let mut beginning = key.to_owned();
        beginning.pop();
        Self::behind(beginning)
    }

    /// Goes on here, or right before `key` where that is further on.
    pub(super) fn or_leap_to(self, key: &str) -> Self {
        let leap = Self::before(key);
        if leap.key > self.key { leap } else { self }
    }
}

impl Listed {
    fn read(answer: ListObjectVersionsOutput) -> Result<Self, Fault> {
        let encoded = answer.encoding_type() == Some(&EncodingType::Url);
        let key = |text: Option<&str>| decode(text.unwrap_or_default(), encoded);
        let mut versions = Vec::with_capacity(answer.versions().len());
        for v in answer.versions() {
            versions.push((
                key(v.key())?,
                entry(v.version_id(), v.last_modified(), v.is_latest(), v.e_tag())?,
            ));
        }
        let mut markers = Vec::with_capacity(answer.delete_markers().len());
        for m in answer.delete_markers() {
            markers.push((
                key(m.key())?,
                entry(m.version_id(), m.last_modified(), m.is_latest(), None)?,
            ));
        }
        let next = match answer.next_key_marker().filter(|_| answer.is_truncated() == Some(true)) {
            None => None,
            Some(next) => Some(Place {
                key: key(Some(next))?,
                version: answer.next_version_id_marker().map(str::to_owned),
            }),
        };
        Ok(Self {
            versions,
            markers,
            next,
        })
    }

    pub(super) fn fold_into(&self, fold: &mut Fold, more: bool) -> BTreeMap<String, History> {
        let versions = self
            .versions
            .iter()
            .map(|(key, entry)| (key.clone(), Top::Version(entry)));
        let markers = self
            .markers
            .iter()
            .map(|(key, entry)| (key.clone(), Top::Marker(entry)));
        fold.add(versions.chain(markers).collect(), more)
    }
}

fn entry(id: Option<&str>, at: Option<&DateTime>, latest: Option<bool>, etag: Option<&str>) -> Result<Entry, Fault> {
    let at = at.and_then(|at| Timestamp::from_nanosecond(at.as_nanos()).ok());
    match (id, at) {
        (Some(id), Some(at)) => Ok(Entry {
            id: id.to_owned(),
            at,
            latest: latest == Some(true),
            etag: etag.map(str::to_owned),
        }),
        _ => Err(Fault::permanent(LIST, "source_refused", "a version without id or time")),
    }
}

/// S3's own form of URL encoding: `+` is a space.
fn decode(text: &str, encoded: bool) -> Result<String, Fault> {
    if !encoded {
        return Ok(text.to_owned());
    }
    let damaged = || Fault::permanent(LIST, "source_refused", "a key is not encoded as announced");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |b: Option<u8>| {
                    b.and_then(|b| char::from(b).to_digit(16))
                        .and_then(|d| u8::try_from(d).ok())
                };
                match (digit(rest.next()), digit(rest.next())) {
                    (Some(high), Some(low)) => high << 4 | low,
                    _ => return Err(damaged()),
                }
            }
            plain => plain,
        });
    }
    String::from_utf8(bytes).map_err(|_| damaged())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_keys_are_decoded_once() {
        let decoded = |text| decode(text, true).ok();
        assert_eq!(decoded("a/b+c%2Bd%25%C3%A4").as_deref(), Some("a/b c+d%ä"));
        assert_eq!(decoded("%0A%01").as_deref(), Some("\n\u{1}"));
        assert_eq!(decoded("%G0"), None);
        assert_eq!(decoded("%F"), None);
        assert_eq!(decode("a+b%41", false).ok().as_deref(), Some("a+b%41"));
    }

    #[test]
    fn a_lookup_begins_before_its_key_and_never_goes_back() {
        assert!(Place::before("acme/1/ä").key.as_str() < "acme/1/ä");
        assert_eq!(Place::behind("b".into()).or_leap_to("c2").key, "c");
        let next = Place {
            key: "c".into(),
            version: Some("v".into()),
        };
        assert_eq!(next.or_leap_to("c2").version.as_deref(), Some("v"));
    }
}
