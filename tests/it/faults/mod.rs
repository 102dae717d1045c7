//! What happens when something breaks in the middle.

mod killed_worker;
