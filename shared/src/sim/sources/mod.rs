//! The fake of the application's data.
