//! Conformance: what a port promises, tried on every side of it, so that the simulator's fakes cannot drift from what
//! they stand for.
//!
//! | part | sides |
//! |---|---|
//! | [`source`] | the simulator's sources; the adapters on the emulator |
//! | [`exports`] | the simulator's packages; the adapter on the emulator |
//! | [`store`] | the simulator's store; the adapter on the emulator; on request DynamoDB Local or AWS |
//!
//! A case knows only the port. What it writes is its own: each run of a case has a fresh side to itself.
//!
//! `LETHE_CONFORMANCE_ENDPOINT` adds a side: the address of a DynamoDB Local (`http://127.0.0.1:8000`), or `aws` for the
//! account and region that the SDK finds in the environment. It makes tables named `lethe-it-…` with the template's
//! schema and deletes them afterwards, also when a case fails. Without it the run is reported as skipped. A DynamoDB
//! Local of before September 2022 fails one case, because it takes fewer than 100 actions in a transaction.

mod exports;
pub(crate) mod source;
pub(crate) mod store;
