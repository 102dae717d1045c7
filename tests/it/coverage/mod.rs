//! What holds for every route: who may call it, what it does with input that is not as agreed, and with input that is meant
//! to do harm.

mod authorization;
mod hostile;
mod input;
