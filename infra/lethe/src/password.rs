//! Passwords of the local stack's users: random for each stack, kept in its `stack.json` only.

use rand::RngExt;

/// Without letters and digits that look alike: a person may have to type one.
const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
const LENGTH: usize = 24;
/// One of each kind a pool's policy may ask for.
const ONE_OF_EACH: &str = "-Aa1";

/// A new password.
pub(crate) fn random() -> String {
    let mut random = rand::rng();
    let letters = (0..LENGTH).map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())]));
    letters.chain(ONE_OF_EACH.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_differ_and_satisfy_the_pool() {
        let (one, two) = (random(), random());
        assert_ne!(one, two);
        // The template asks for 14 characters; Cognito besides for a capital, a small letter, a digit and a sign.
        assert!(one.len() >= 14 && one.ends_with("-Aa1"));
    }
}
