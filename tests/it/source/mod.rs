//! The application's data against a real stack: `shared::source` on scratch tables and buckets of its own.
//!
//! | file | about |
//! |---|---|
//! | `scratch`, `orders` | tables, buckets and clients; asking as a workflow would |
//! | `tombstones`, `contested` | DynamoDB: the plain life of an item; items somebody else touches |
//! | `objects`, `newer` | S3: the plain life of an object; versions written after the plan |
//! | `large` | sizes |
//! | `denied` | permissions |
//! | `speed` | the sweep beside a bare loop; both are printed |

mod contested;
mod denied;
mod large;
mod newer;
mod objects;
mod orders;
mod scratch;
mod speed;
mod tombstones;
