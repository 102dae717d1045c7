//! Where an archive's bytes wait until somebody sends them on.
//!
//! Guarantees: it never refuses, so writing never blocks; whoever writes empties it between two writes, and that is what
//! keeps it small. What has passed through is counted and hashed, whoever took it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};

/// A handle; its clones share the bytes.
#[derive(Clone, Default)]
pub struct Outlet(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    passed: u64,
    hash: Sha256,
}

impl Outlet {
    /// Exactly `size` bytes from the front, once there are as many.
    pub fn block(&self, size: usize) -> Option<Vec<u8>> {
        let bytes = &mut self.lock().bytes;
        (bytes.len() >= size).then(|| {
            let rest = bytes.split_off(size);
            std::mem::replace(bytes, rest)
        })
    }

    /// All that is left.
    pub fn rest(&self) -> Vec<u8> {
        std::mem::take(&mut self.lock().bytes)
    }

    /// How many bytes were written so far, and their SHA-256, hexadecimal.
    pub(super) fn passed(&self) -> (u64, String) {
        let waiting = self.lock();
        (waiting.passed, hex::encode(waiting.hash.clone().finalize()))
    }

    /// No code that can panic runs under the lock, so that a poisoned one holds whole bytes still.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl io::Write for Outlet {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let mut waiting = self.lock();
        waiting.bytes.extend_from_slice(piece);
        waiting.passed += piece.len() as u64;
        waiting.hash.update(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn blocks_are_of_one_size_and_lose_nothing() {
        let outlet = Outlet::default();
        outlet.clone().write_all(b"abcdefg").expect("never refuses");
        assert_eq!(outlet.block(3).as_deref(), Some(&b"abc"[..]));
        assert_eq!(outlet.block(4).as_deref(), Some(&b"defg"[..]));
        assert_eq!(outlet.block(1), None);
        outlet.clone().write_all(b"h").expect("never refuses");
        assert_eq!(
            (outlet.block(2), outlet.rest(), outlet.rest()),
            (None, b"h".to_vec(), vec![])
        );
        assert_eq!(outlet.passed(), (8, hex::encode(Sha256::digest(b"abcdefgh"))));
    }
}
