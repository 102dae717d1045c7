//! The HTTP edge: a call of API Gateway (payload 2.0, read by `lambda_http`) in, an answer or a problem out.
//!
//! | file | what |
//! |---|---|
//! | [`call`] | the call, as far as we read it |
//! | [`caller`] | who calls, from the claims the gateway has checked |
//! | [`body`], [`query`], [`etag`], [`cursor`] | strict input: what is not understood is refused, with its place |
//! | [`answer`], [`problem`] | what goes back; a fault shows nothing of the inside |
//! | [`run()`] | the loop around one handler |
//! | `legible` | input that HTTP does not allow is answered too |
//!
//! Routing is the functions': they match on [`call::Call::route`], which the gateway has chosen.

pub mod answer;
pub mod body;
pub mod call;
pub mod caller;
pub mod cursor;
pub mod etag;
mod legible;
pub mod problem;
pub mod query;
mod run;

pub use answer::Answer;
pub use call::Call;
pub use run::{handle, run};
