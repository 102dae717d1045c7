//! Cursors: where the next page begins, opaque to the caller and authenticated.
//!
//! Guarantees: a cursor works only for the tenant and the route (`purpose`) it was made for; a forged, cut or foreign one
//! is bad input, never a query that somebody else composed. It is not secret: it may hold no personal data.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq;

use super::body::invalid;
use crate::domain::ids::RefKey;
use crate::state_machine::refusal::Refusal;

/// Longest cursor that is looked at.
const MAX_LEN: usize = 2048;

/// Makes a cursor. `key` is the tenant's; `purpose` names the route and whatever else must stay the same.
pub fn make<T: Serialize>(key: &RefKey, purpose: &str, position: &T) -> Result<String, serde_json::Error> {
    let position = serde_json::to_vec(position)?;
    let tag = tag(key, purpose, &position);
    Ok(format!("{}.{tag}", URL_SAFE_NO_PAD.encode(position)))
}

/// Reads a cursor that [`make`] made with the same key and purpose.
pub fn read<T: DeserializeOwned>(key: &RefKey, purpose: &str, cursor: &str) -> Result<T, Refusal> {
    let refused = || invalid("/cursor", "expected the `next_cursor` of an earlier page of this list");
    let (position, given) = cursor
        .split_once('.')
        .filter(|_| cursor.len() <= MAX_LEN)
        .ok_or_else(refused)?;
    let position = URL_SAFE_NO_PAD.decode(position).map_err(|_| refused())?;
    let expected = tag(key, purpose, &position);
    if !bool::from(expected.as_bytes().ct_eq(given.as_bytes())) {
        return Err(refused());
    }
    serde_json::from_slice(&position).map_err(|_| refused())
}

fn tag(key: &RefKey, purpose: &str, position: &[u8]) -> String {
    key.tag(&format!("cursor/1/{purpose}"), position)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> RefKey {
        RefKey::new(vec![byte; 32])
    }

    #[test]
    fn a_cursor_is_read_where_it_was_made() {
        let cursor = make(&key(1), "GET /v1/requests", &("2026-11-22", 5)).expect("json");
        let back: (String, u8) = read(&key(1), "GET /v1/requests", &cursor).expect("ours");
        assert_eq!(back, ("2026-11-22".to_owned(), 5));
        assert!(
            cursor.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)),
            "fit for a query"
        );
    }

    #[test]
    fn a_foreign_forged_or_cut_cursor_is_bad_input() {
        let cursor = make(&key(1), "a", &7).expect("json");
        let refused = |key: &RefKey, purpose: &str, cursor: &str| {
            let Err(Refusal::InvalidInput { pointer, .. }) = read::<u8>(key, purpose, cursor) else {
                panic!("{cursor} was accepted");
            };
            assert_eq!(pointer, "/cursor");
        };
        refused(&key(2), "a", &cursor);
        refused(&key(1), "b", &cursor);
        let forged = URL_SAFE_NO_PAD.encode(b"8") + &cursor[cursor.find('.').expect("a dot")..];
        for cursor in [
            &forged,
            &cursor[..cursor.len() - 1],
            "",
            ".",
            "x",
            "ä.ö",
            &"a".repeat(9_000),
        ] {
            refused(&key(1), "a", cursor);
        }
    }
}
