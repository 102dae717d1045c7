//! Schemathesis for the tests: installed once, with pins of its own, like the emulator and `sam`.

use std::path::PathBuf;

use anyhow::Result;

use crate::paths;
use crate::venv::{self, find_python};

/// The program, installed if it is not there yet.
pub async fn program() -> Result<PathBuf> {
    let requirements = paths::checkout()?.join("infra/local/requirements-schemathesis.txt");
    let python = find_python().await?;
    Ok(venv::ensure(&python, &requirements).await?.bin("schemathesis"))
}
