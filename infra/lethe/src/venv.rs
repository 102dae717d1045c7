//! Python for the local stack: finds an interpreter and keeps one virtual environment for each requirement file.
//!
//! The emulator and `sam` are Python programs whose pins clash, so each has an environment of its own. An environment
//! is named after the digest of its pins and the interpreter's version: changing a pin makes a new one, nothing is
//! upgraded in place, and a half-made one (no `complete` mark) is made again.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use tokio::process::Command;

use crate::console;
use crate::paths;
use crate::process::run_logged;

const OLDEST: (u32, u32) = (3, 11);
const CANDIDATES: [&str; 6] = [
    "python3",
    "python3.14",
    "python3.13",
    "python3.12",
    "python3.11",
    "python",
];
const PROBE: &str = "import sys, importlib.util as u; \
    print(*sys.version_info[:2], int(bool(u.find_spec('venv') and u.find_spec('ensurepip'))))";

/// An interpreter that can make virtual environments.
#[derive(Debug, Clone)]
pub(crate) struct Python {
    program: String,
    version: (u32, u32),
}

/// A virtual environment that holds exactly the pins of its requirement file.
#[derive(Debug, Clone)]
pub(crate) struct Venv {
    dir: PathBuf,
}

impl Venv {
    /// A program installed in it.
    pub(crate) fn bin(&self, program: &str) -> PathBuf {
        self.dir.join("bin").join(program)
    }
}

/// Finds Python 3.11 or later with the modules `venv` and `ensurepip`; `LETHE_PYTHON` names one outright.
pub(crate) async fn find_python() -> Result<Python> {
    let named = std::env::var("LETHE_PYTHON").ok();
    let candidates = named.as_deref().map_or_else(|| CANDIDATES.to_vec(), |one| vec![one]);
    let mut without_venv = None;
    for program in candidates {
        let Some((version, has_venv)) = probe(program).await else {
            continue;
        };
        if version < OLDEST {
            continue;
        }
        if has_venv {
            return Ok(Python {
                program: program.to_owned(),
                version,
            });
        }
        without_venv = without_venv.or(Some((program, version)));
    }
    if let Some((program, (major, minor))) = without_venv {
        bail!(
            "{program} lacks the modules venv and ensurepip; install them (Debian: apt install python{major}.{minor}-venv)"
        );
    }
    let (major, minor) = OLDEST;
    match named {
        Some(named) => bail!("LETHE_PYTHON={named} is no Python {major}.{minor} or later; name another, or unset it"),
        None => bail!("no Python {major}.{minor} or later was found; install one, or name it in LETHE_PYTHON"),
    }
}

/// Version and whether `venv` works, or nothing when the program is missing or is no Python.
async fn probe(program: &str) -> Option<((u32, u32), bool)> {
    let output = Command::new(program)
        .args(["-c", PROBE])
        .kill_on_drop(true)
        .output()
        .await
        .ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    let mut words = said.split_whitespace().map(str::parse::<u32>);
    let mut next = || words.next()?.ok();
    Some(((next()?, next()?), next()? == 1))
}

/// The environment for `requirements`, made if it is not there yet.
pub(crate) async fn ensure(python: &Python, requirements: &Path) -> Result<Venv> {
    let pins = fs::read(requirements).with_context(|| format!("{} is missing; restore it", requirements.display()))?;
    let cache = paths::cache()?;
    let name = venv_name(&pins, python.version);
    let venv = Venv { dir: cache.join(&name) };
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}; make it writable", cache.display()))?;
    // Two commands may want the same environment at once: the second waits here and finds it made.
    let lock = File::create(cache.join(format!("{name}.lock"))).context("cannot create a lock in the cache")?;
    tokio::task::spawn_blocking(move || lock.lock().map(|()| lock))
        .await?
        .context("cannot lock the cache")?;
    if venv.dir.join("complete").is_file() && venv.bin("python").exists() {
        return Ok(venv);
    }
    make(python, requirements, &venv).await?;
    Ok(venv)
}

async fn make(python: &Python, requirements: &Path, venv: &Venv) -> Result<()> {
    let file = requirements
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let step = console::step(format!("Installing {file} (once)"));
    let mut log = venv.dir.clone().into_os_string();
    log.push(".log");
    let log = PathBuf::from(log);
    let mut create = Command::new(&python.program);
    create.args(["-m", "venv", "--clear"]).arg(&venv.dir);
    let remedy = "install Python's venv module, or name another Python in LETHE_PYTHON";
    run_logged(create, &log, "python -m venv", remedy).await?;
    let mut install = Command::new(venv.bin("python"));
    install
        .args([
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-input",
            "-r",
        ])
        .arg(requirements);
    let remedy =
        "it needs the package index once: check the network, or point PIP_INDEX_URL at a mirror, and try again";
    run_logged(install, &log, &format!("pip install -r {file}"), remedy).await?;
    fs::write(venv.dir.join("complete"), b"").context("cannot mark the environment as complete")?;
    step.done("");
    Ok(())
}

/// Same pins and same Python, same name.
fn venv_name(pins: &[u8], (major, minor): (u32, u32)) -> String {
    let digest = hex::encode(Sha256::digest(pins));
    format!("venv-{major}.{minor}-{}", &digest[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_pin_or_python_is_another_environment() {
        let one = venv_name(b"ministack==1.5.33\n", (3, 11));
        assert_eq!(one, venv_name(b"ministack==1.5.33\n", (3, 11)));
        assert_ne!(one, venv_name(b"ministack==1.5.34\n", (3, 11)));
        assert_ne!(one, venv_name(b"ministack==1.5.33\n", (3, 12)));
    }

    #[tokio::test]
    async fn what_is_no_python_is_passed_over() {
        assert!(probe("/no/such/program").await.is_none());
        assert!(probe("true").await.is_none());
    }
}
