//! The contract, `infra/openapi.yaml`, against the code, in both directions: what is added on one side alone fails here,
//! and the message says what to add on the other. A binary of its own: all but one of it needs no stack, so that it is
//! tried in a moment (`cargo test --profile local -p integration-tests --test contract -- --skip schemathesis`).
//!
//! | file | what is compared |
//! |---|---|
//! | [`routes`] | routes and who may call them, with the template; every example with its schema |
//! | [`codes`] | codes of problems and their statuses, with the code; each code with a test that produces it |
//! | [`answers`] | what is answered, with what the code writes of values that have every field |
//! | [`refused`] | what is refused in a [`room`] without a stack, with what its route says it answers |
//! | [`bodies`] | bodies and queries, with what the functions' own parsers take, in the same room |
//! | [`fuzzed`] | the deployed API, with what schemathesis makes of the contract |
//!
//! A test that calls the deployed API can hold every answer to the contract: [`harness::contract::watched`].

mod answers;
mod bodies;
mod codes;
mod fuzzed;
mod refused;
mod room;
mod routes;
