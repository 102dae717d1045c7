//! The rules of the house, held by tests: who may import whom, how a file begins, what the template must not forget
//! and must not give, and that the threat model's evidence exists.

mod imports;
mod rights;
mod security;
mod sources;
mod template;

/// The functions: folder, package, binary and the stem of everything in the template.
const FUNCTIONS: [&str; 7] = [
    "execution",
    "notification",
    "packaging",
    "planning",
    "review",
    "submission",
    "supervision",
];
