//! The use cases on the simulator's fakes: one thing after the other, so that every row, entry and message has its name.
//!
//! | file | what |
//! |---|---|
//! | [`desk`] | the fakes together, and the machines that work at them when they are told to |
//! | [`people`] | who calls, and how a request is led to where a test begins |
//! | `life` | a deletion from its submission to the shredding of its key |
//! | `submitting`, `order`, `executing`, `running`, `restoring`, `repairing`, `holds`, `holding`, `settling`, `redeeming` | what people ask for |
//! | `commit`, `refusals` | what that leaves behind: rows, entries, mails, the instant of the next look |
//! | `gates` | what is hidden of a subject, and until when |
//! | `planning`, `dispatch`, `working`, `pacing`, `stopping`, `verifying` | pages, windows, chunks, their pace, leftovers |
//! | `vault` | what is taken out of its table, and what comes back |
//! | `tending`, `pushing`, `pushing_mails`, `mails` | supervision and the outbox |
//! | `sight`, `lists`, `record_lists`, `trails` | what is shown |
//!
//! Where next: `tests/sim`, where the same use cases run all at once and everything goes wrong.

mod commit;
mod desk;
mod dispatch;
mod executing;
mod exporting;
mod gates;
mod holding;
mod holds;
mod life;
mod lists;
mod mails;
mod order;
mod pacing;
mod people;
mod planning;
mod pushing;
mod pushing_mails;
mod record_lists;
mod redeeming;
mod refusals;
mod repairing;
mod restoring;
mod running;
mod settling;
mod sight;
mod stopping;
mod stuck;
mod submitting;
mod surveying;
mod tending;
mod trails;
mod vault;
mod verifying;
mod working;
