//! What holds for every route: who may call it, and what it does with input that is not as agreed.

mod authorization;
mod input;
