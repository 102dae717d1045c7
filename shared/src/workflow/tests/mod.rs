//! The use cases on the simulator's fakes: one thing after the other, so that every row, entry and message has its name.
//!
//! | file | what |
//! |---|---|
//! | [`desk`] | the fakes together, and the machines that work at them when they are told to |
//! | [`people`] | who calls, and how a request is led to where a test begins |
//! | `life` | a deletion from its submission to the shredding of its key |
//! | `submitting`, `order`, `executing`, `running`, `restoring`, `holds` | what people ask for |
//! | `commit`, `refusals` | what that leaves behind: rows, entries, mails, the instant of the next look |
//! | `planning`, `dispatch`, `working`, `verifying` | pages, windows, chunks, leftovers |
//! | `tending`, `pushing`, `pushing_mails`, `mails` | supervision and the outbox |
//! | `sight`, `lists`, `trails` | what is shown |
//!
//! Where next: `tests/sim`, where the same use cases run all at once and everything goes wrong.

mod commit;
mod desk;
mod dispatch;
mod executing;
mod holds;
mod life;
mod lists;
mod mails;
mod order;
mod people;
mod planning;
mod pushing;
mod pushing_mails;
mod refusals;
mod restoring;
mod running;
mod sight;
mod submitting;
mod tending;
mod trails;
mod verifying;
mod working;
