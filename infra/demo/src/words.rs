//! Names, e-mail addresses and texts that look like people's, and are nobody's.
//!
//! Addresses are under the domains reserved for examples. Names carry accents, apostrophes and other scripts, because
//! these are what breaks in keys, e-mails and searches.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Given names, each with the form it takes in an address.
const GIVEN: [(&str, &str); 24] = [
    ("Ada", "ada"),
    ("Zoë", "zoe"),
    ("Łukasz", "lukasz"),
    ("Mina", "mina"),
    ("José", "jose"),
    ("Anneliese", "anneliese"),
    ("Søren", "soren"),
    ("Priya", "priya"),
    ("Noah", "noah"),
    ("Ayşe", "ayse"),
    ("Chloé", "chloe"),
    ("Dmitri", "dmitri"),
    ("Fatima", "fatima"),
    ("Björn", "bjorn"),
    ("Grace", "grace"),
    ("Hana", "hana"),
    ("Ibrahim", "ibrahim"),
    ("Jana", "jana"),
    ("Kwame", "kwame"),
    ("Leïla", "leila"),
    ("Mateo", "mateo"),
    ("Nuala", "nuala"),
    ("美咲", "misaki"),
    ("Tomáš", "tomas"),
];

/// Family names, each with the form it takes in an address.
const FAMILY: [(&str, &str); 24] = [
    ("O'Brien", "obrien"),
    ("Müller", "mueller"),
    ("Kowalski", "kowalski"),
    ("García Márquez", "garcia-marquez"),
    ("Nguyễn", "nguyen"),
    ("Smith-Jones", "smith-jones"),
    ("Østergård", "ostergard"),
    ("Sharma", "sharma"),
    ("Öztürk", "ozturk"),
    ("Lefèvre", "lefevre"),
    ("Ivanova", "ivanova"),
    ("Haddad", "haddad"),
    ("Lindqvist", "lindqvist"),
    ("Okafor", "okafor"),
    ("田中", "tanaka"),
    ("van der Berg", "vanderberg"),
    ("D'Angelo", "dangelo"),
    ("Novák", "novak"),
    ("Mensah", "mensah"),
    ("Weiß", "weiss"),
    ("Pereira", "pereira"),
    ("Ní Dhomhnaill", "nidhomhnaill"),
    ("Kaya", "kaya"),
    ("Baker", "baker"),
];

const DOMAINS: [&str; 3] = ["example.com", "example.org", "example.net"];

const SENTENCES: [&str; 28] = [
    "Thanks for getting back to me so quickly.",
    "The parcel still has not arrived, and the tracking page has said the same thing since Tuesday.",
    "Could you please check whether the second payment went through?",
    "I moved house in March, so the address you have on file is no longer right.",
    "We are sorry about the delay and have asked the warehouse to look into it.",
    "My daughter uses the same tablet, which may explain the other sign-in.",
    "Ich habe die Rechnung doppelt erhalten und bitte um eine Korrektur.",
    "The café round the corner accepts parcels until seven in the evening.",
    "You can reset it under Settings, then Security; it takes about five minutes to have effect.",
    "I would rather be called on my mobile than at the office.",
    "As discussed, the refund of €42.50 will reach your account within five working days.",
    "It works now, thank you! 🎉",
    "Je préfère recevoir mes factures par courrier électronique.",
    "The photograph in the attachment shows the damage to the left corner of the frame.",
    "Please do not share this with anybody outside the support team.",
    "Our technician was at the door at ten past nine, but nobody answered.",
    "I have been a customer since the very first month, and this has never happened before.",
    "Das Passwort wurde geändert, aber die App meldet mich trotzdem ab.",
    "For your records: the policy ends in June and renews by itself unless you tell us otherwise.",
    "She signed the contract on my behalf, as I was in hospital that week.",
    "ご連絡ありがとうございます。確認して折り返しご連絡いたします。",
    "The old number is still printed on the membership card.",
    "Is there a way to see who else has opened the document?",
    "We have noted your allergy and passed it on to the kitchen.",
    "Nothing in the spam folder either, I looked twice.",
    "If it is easier, I can come by on Thursday afternoon between two and four.",
    "Your colleague promised a callback which never came.",
    "Best wishes, and have a good weekend.",
];

/// One of a list. The range is a `u32` so that 32-bit and 64-bit machines draw the same.
pub(crate) fn pick<'a, T>(rng: &mut ChaCha8Rng, list: &'a [T]) -> &'a T {
    &list[rng.random_range(0..list.len() as u32) as usize]
}

/// A person's name and an address made unique by `tag`.
pub(crate) fn person(rng: &mut ChaCha8Rng, tag: &str) -> (String, String) {
    let given = pick(rng, &GIVEN);
    let family = pick(rng, &FAMILY);
    let email = format!("{}.{}.{tag}@{}", given.1, family.1, pick(rng, &DOMAINS));
    (format!("{} {}", given.0, family.0), email)
}

/// A length between `least` and `most`, where short ones are far more usual than long ones.
pub(crate) fn skewed(rng: &mut ChaCha8Rng, least: usize, most: usize) -> usize {
    let drawn = f64::from(rng.random_range(0..1_000_000_u32)) / 1_000_000.0;
    least + (drawn.powi(3) * (most - least) as f64) as usize
}

/// A text of about `length` bytes: never shorter, and cut to `length` save for the last character's bytes.
pub(crate) fn text(rng: &mut ChaCha8Rng, length: usize) -> String {
    let mut text = String::with_capacity(length + 128);
    while text.len() < length {
        let sentence = *pick(rng, &SENTENCES);
        text.push_str(sentence);
        text.push(if rng.random_bool(0.2) { '\n' } else { ' ' });
    }
    let end = (length..text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len());
    text.truncate(end);
    text
}
