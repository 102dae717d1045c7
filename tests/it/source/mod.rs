//! The application's data against a real stack: what only the SDK's side of `shared::source` can show. What the port
//! promises is in `conformance/source`, for which `scratch` is one of two sides.
//!
//! | file | about |
//! |---|---|
//! | `scratch` | tables, buckets and clients |
//! | `odd` | attributes of shapes that no manifest keeps |
//! | `meanwhile` | a version written between our look and our marker |
//! | `later` | an index made after a first look at the table |
//! | `large` | sizes |
//! | `denied` | permissions |
//! | `vault` | vault mode: types, sizes, the bucket, what it costs beside tombstones |
//! | `speed` | the sweep beside a bare loop; both are printed |

mod denied;
mod large;
mod later;
mod meanwhile;
mod odd;
pub(crate) mod scratch;
mod speed;
mod vault;
