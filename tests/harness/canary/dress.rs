//! The dresses a word can go in, and the bytes of an item to find it in.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// A text that gives a word away.
#[derive(Debug)]
pub(super) struct Pattern {
    /// The word and its dress, for people.
    pub(super) name: String,
    /// What to look for.
    pub(super) text: String,
}

/// The ways a word can be written and still be read.
pub(super) fn of(word: &str) -> Vec<Pattern> {
    let named = |dress: &str, text: String| Pattern {
        name: format!("{word:?} ({dress})"),
        text,
    };
    let mut all = vec![
        named("plain", word.to_owned()),
        named("small letters", word.to_lowercase()),
        named("hexadecimal", hex::encode(word)),
        named("SHA-256", hex::encode(Sha256::digest(word))),
    ];
    // Base64 of a text depends on where in the whole the word begins: three ways, without the edges, which mix with
    // what stands beside it.
    for before in 0..3 {
        let bytes: Vec<u8> = std::iter::repeat_n(0, before).chain(word.bytes()).collect();
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&bytes);
            let from = (before * 8).div_ceil(6);
            let to = bytes.len() * 8 / 6;
            all.push(named("base64", encoded[from..to].to_owned()));
        }
    }
    all
}

/// Every attribute of an item, names and values, however deep.
pub(super) fn bytes_of(item: &HashMap<String, AttributeValue>, bytes: &mut Vec<u8>) {
    for (name, attribute) in item {
        bytes.extend(name.as_bytes());
        bytes.push(b'\n');
        value(attribute, bytes);
        bytes.push(b'\n');
    }
}

fn value(attribute: &AttributeValue, bytes: &mut Vec<u8>) {
    match attribute {
        AttributeValue::S(text) | AttributeValue::N(text) => bytes.extend(text.as_bytes()),
        AttributeValue::B(blob) => bytes.extend(blob.as_ref()),
        AttributeValue::M(fields) => bytes_of(fields, bytes),
        AttributeValue::L(values) => values.iter().for_each(|one| value(one, bytes)),
        AttributeValue::Ss(texts) | AttributeValue::Ns(texts) => bytes.extend(texts.join("\n").as_bytes()),
        AttributeValue::Bs(blobs) => blobs.iter().for_each(|blob| bytes.extend(blob.as_ref())),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::Canary;
    use super::*;

    #[test]
    fn a_word_is_found_in_every_dress() {
        let canary = Canary::new(&["Ada-4711"]);
        for before in ["", "x", "xy", "xyz"] {
            let text = format!("{before}Ada-4711 and more");
            for dress in [
                text.clone(),
                STANDARD_NO_PAD.encode(&text),
                URL_SAFE_NO_PAD.encode(&text),
                hex::encode(&text),
            ] {
                assert!(!canary.in_bytes(dress.as_bytes()).is_empty(), "{dress}");
            }
        }
        assert!(
            !canary
                .in_bytes(hex::encode(Sha256::digest("Ada-4711")).as_bytes())
                .is_empty()
        );
        assert!(canary.in_bytes(b"Ada-4712 Bda-4711").is_empty());
    }

    #[test]
    fn a_value_is_searched_however_deep() {
        let deep =
            AttributeValue::M([("a".to_owned(), AttributeValue::L(vec![AttributeValue::S("Ada".into())]))].into());
        let mut bytes = vec![];
        bytes_of(&[("doc".to_owned(), deep)].into(), &mut bytes);
        assert_eq!(Canary::new(&["Ada"]).in_bytes(&bytes).len(), 1);
    }
}
