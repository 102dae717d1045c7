//! Calls that are meant to do harm: tokens, paths, bodies, guesses, and words that want to be a log line.

mod bodies;
mod guesses;
mod logs;
mod paths;
mod tokens;
