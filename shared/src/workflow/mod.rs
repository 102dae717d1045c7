//! One file a use case: load, decide, commit, dispatch. Nothing here knows an SDK; everything outside is a port.
//!
//! Read in this order: [`submit`], [`order`], [`preview`], [`execute`], [`run`], [`restore`], [`repair`], [`redeem`] (people), [`plan`], [`work_chunk`],
//! [`operate`], [`advance`], [`supervise`], [`survey`], [`notify`] (machines). [`commit`] is the one place that writes a status; [`view`] is what people see.

pub mod access;
pub mod account;
pub mod advance;
pub mod bench;
pub mod commit;
pub mod dispatch;
pub mod execute;
mod expected;
pub mod export;
pub mod export_view;
pub mod failure;
pub mod finding_list;
mod found;
pub mod gate;
pub mod hold;
pub mod list;
pub mod note;
pub mod notify;
pub mod operate;
pub mod order;
mod pace;
pub mod plan;
pub mod preview;
pub mod progress;
mod push;
pub mod record_list;
pub mod records;
pub mod redeem;
pub mod repair;
pub mod restore;
pub mod run;
pub mod settle;
pub mod submit;
pub mod supervise;
pub mod survey;
pub mod tenant_trail;
pub mod trail;
mod vault;
pub mod view;
pub mod work_chunk;

#[cfg(test)]
#[cfg(feature = "sim")]
mod tests;
