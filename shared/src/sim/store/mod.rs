//! The fake of the tables: to come.
