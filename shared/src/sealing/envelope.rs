//! The sealed form: `version 1 | nonce 12 | key commitment 32 | ciphertext and tag`.
//!
//! GCM alone does not commit to a key: a ciphertext can be made that opens under two keys to two texts. So each seal
//! derives two values from data key and nonce, the encryption key and a commitment, and opening compares the commitment
//! first. Deriving the key per nonce also keeps the number of messages under one GCM key at one. Pure but for the nonce.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use hmac::{Hmac, KeyInit, Mac};
use subtle::ConstantTimeEq;

use crate::ports::DataKey;

const VERSION: u8 = 1;
const COMMITMENT_LEN: usize = 32;
const HEADER_LEN: usize = 1 + NONCE_LEN + COMMITMENT_LEN;
const ENCRYPT: &[u8] = b"lethe/seal/1/encrypt";
const COMMIT: &[u8] = b"lethe/seal/1/commit";

/// Sealed bytes cannot be opened; says nothing of what is in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("the sealed bytes are cut short or of an unknown version")]
    Form,
    #[error("the sealed bytes were made with another key, or changed")]
    Key,
    #[error("the sealed bytes belong elsewhere, or were changed")]
    Content,
}

/// Seals `plain` with a fresh nonce.
pub(super) fn seal(key: &DataKey, aad: &str, plain: &[u8], nonce: [u8; NONCE_LEN]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(HEADER_LEN + plain.len() + AES_256_GCM.tag_len());
    sealed.push(VERSION);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&derive(key, COMMIT, &nonce));
    let mut body = plain.to_vec();
    cipher(key, &nonce)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad.as_bytes()),
            &mut body,
        )
        .expect("AES-256-GCM seals whatever fits in memory");
    sealed.append(&mut body);
    sealed
}

/// Opens what [`seal`] made with the same key and `aad`.
pub(super) fn open(key: &DataKey, aad: &str, sealed: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let (header, body) = sealed.split_at_checked(HEADER_LEN).ok_or(Unreadable::Form)?;
    let (nonce, commitment) = header[1..].split_at(NONCE_LEN);
    if header[0] != VERSION {
        return Err(Unreadable::Form);
    }
    let nonce: [u8; NONCE_LEN] = nonce.try_into().map_err(|_| Unreadable::Form)?;
    if !bool::from(derive(key, COMMIT, &nonce).ct_eq(commitment)) {
        return Err(Unreadable::Key);
    }
    let mut body = body.to_vec();
    let plain = cipher(key, &nonce)
        .open_in_place(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad.as_bytes()),
            &mut body,
        )
        .map_err(|_| Unreadable::Content)?;
    let length = plain.len();
    body.truncate(length);
    Ok(body)
}

fn cipher(key: &DataKey, nonce: &[u8]) -> LessSafeKey {
    let derived = derive(key, ENCRYPT, nonce);
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &derived).expect("HMAC-SHA256 makes 32 bytes, as AES-256 takes"))
}

/// HMAC-SHA256 of label and nonce under the data key. No label begins another, and the nonce's length is fixed.
fn derive(key: &DataKey, label: &[u8], nonce: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key.0).expect("HMAC takes a key of any length");
    mac.update(label);
    mac.update(nonce);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: DataKey = DataKey([7; 32]);
    const NONCE: [u8; NONCE_LEN] = [9; NONCE_LEN];

    #[test]
    fn what_is_sealed_is_read_back() {
        for plain in [&b""[..], b"Ada Lovelace", &[0; 70_000]] {
            let sealed = seal(&KEY, "requests/REQ#a#b/person", plain, NONCE);
            assert_eq!(sealed.len(), HEADER_LEN + plain.len() + 16);
            assert_eq!(open(&KEY, "requests/REQ#a#b/person", &sealed).as_deref(), Ok(plain));
        }
    }

    #[test]
    fn another_place_or_key_is_refused() {
        let sealed = seal(&KEY, "a", b"secret", NONCE);
        assert_eq!(open(&KEY, "b", &sealed), Err(Unreadable::Content));
        assert_eq!(open(&DataKey([8; 32]), "a", &sealed), Err(Unreadable::Key));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_refused() {
        let sealed = seal(&KEY, "a", b"secret", NONCE);
        for at in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[at / 8] ^= 1 << (at % 8);
            assert!(open(&KEY, "a", &changed).is_err(), "bit {at}");
        }
        for length in 0..sealed.len() {
            assert!(open(&KEY, "a", &sealed[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn the_form_is_fixed() {
        // Made once and kept: a changed label or order would make every stored row unreadable.
        let sealed = seal(&KEY, "a", b"x", NONCE);
        assert_eq!(sealed[..1 + NONCE_LEN], [1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]);
        assert_eq!(hex::encode(&sealed[1 + NONCE_LEN..]), FIXED);
    }

    const FIXED: &str =
        "08298b5617e0fe227092cad67fa6f4c57309c98831b148340ee634c222e5eaebe361508b0bf4a4d8a4ae6da8aad5abc802";
}
