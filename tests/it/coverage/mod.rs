//! What holds for every route: who may call it, what it does with input that is not as agreed, and with input that is meant
//! to do harm, and what of a request each who may see it is shown.

mod authorization;
mod hostile;
mod input;
mod views;
