//! One file a use case: load, decide, commit, dispatch. Nothing here knows an SDK; everything outside is a port.
//!
//! Read in this order: [`submit`], [`order`], [`preview`], [`execute`], [`run`], [`restore`] (people), [`plan`], [`work_chunk`],
//! [`operate`], [`advance`], [`supervise`], [`notify`] (machines). [`commit`] is the one place that writes a status; [`view`] is what people see.

pub mod access;
pub mod account;
pub mod advance;
pub mod bench;
pub mod commit;
pub mod dispatch;
pub mod execute;
mod expected;
pub mod failure;
mod found;
pub mod hold;
pub mod list;
pub mod note;
pub mod notify;
pub mod operate;
pub mod order;
pub mod plan;
pub mod preview;
pub mod progress;
pub mod record_list;
pub mod records;
pub mod restore;
pub mod run;
pub mod settle;
pub mod submit;
pub mod supervise;
pub mod tenant_trail;
pub mod trail;
pub mod view;
pub mod work_chunk;

#[cfg(test)]
#[cfg(feature = "sim")]
mod tests;
