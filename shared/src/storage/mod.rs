//! Adapter; being written.
