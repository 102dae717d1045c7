//! The AWS emulator: started on the loopback address, found again, stopped by its own process id.
//!
//! It outlives the command that started it, in a process group of its own, so that Ctrl-C in a terminal does not reach
//! it and stopping it takes the functions it runs along. It gets a bare environment: functions inherit theirs from it,
//! and nothing of the user's shell (keys, tokens, proxies) belongs in there. Only what `emulator.json` names and whose
//! command line still matches is ever signalled.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::paths::StateDir;
use crate::port;
use crate::process::{DUMMY_KEY, tail};
use crate::process_group::{self, runs};
use crate::venv::Venv;

const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// Long: a busy emulator answers late, and taking it for dead would throw its stack away.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);

/// The emulator of one state directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Emulator {
    pid: u32,
    port: u16,
    program: PathBuf,
}

impl Emulator {
    /// Where it listens.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The emulator recorded in `state`, if that very process still runs.
    pub(crate) fn recorded(state: &StateDir) -> Option<Self> {
        let emulator: Self = serde_json::from_slice(&fs::read(state.emulator_file()).ok()?).ok()?;
        runs(emulator.pid, &emulator.program).then_some(emulator)
    }
}

/// The emulator of `state`: the running one, or a new one on `port` (0: any free port).
pub(crate) async fn ensure(venv: &Venv, state: &StateDir, port: u16) -> Result<Emulator> {
    if let Some(running) = Emulator::recorded(state) {
        if answers(&running.endpoint()).await {
            return Ok(running);
        }
        // It lives but does not answer: nothing on it can be saved.
        stop(state)?;
    }
    start(venv, state, port).await
}

async fn start(venv: &Venv, state: &StateDir, wanted: u16) -> Result<Emulator> {
    let port = port::free(wanted)?;
    // What an emulator that died with the machine left behind speaks of nothing any more.
    forget(state);
    let tmp = state.emulator_tmp();
    fs::create_dir_all(&tmp).with_context(|| format!("cannot create {}; make it writable", tmp.display()))?;
    let program = venv.bin("ministack");
    let mut child = spawn(venv, &program, state, port)?;
    let emulator = Emulator {
        pid: child.id(),
        port,
        program,
    };
    // Recorded before it is ready: whoever is interrupted while waiting can still stop it.
    fs::write(state.emulator_file(), serde_json::to_vec_pretty(&emulator)?).context("cannot write emulator.json")?;
    let deadline = Instant::now() + START_LIMIT;
    while !answers(&emulator.endpoint()).await {
        let ended = child.try_wait().context("cannot watch the emulator")?;
        if ended.is_some() || Instant::now() > deadline {
            stop(state)?;
            let log = state.emulator_log();
            bail!(
                "the emulator did not start on port {port}; see {}:\n{}",
                log.display(),
                tail(&log)
            );
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(emulator)
}

/// A folder with the module that Python loads first. It lies with the stack's files, where Python may leave its cache.
fn tuned(state: &StateDir) -> Result<PathBuf> {
    let folder = state.path().join("python");
    let written = fs::create_dir_all(&folder).and_then(|()| {
        fs::write(
            folder.join("sitecustomize.py"),
            include_str!("../../local/sitecustomize.py"),
        )
    });
    written.with_context(|| format!("cannot write {}; make it writable", folder.display()))?;
    Ok(folder)
}

fn spawn(venv: &Venv, program: &Path, state: &StateDir, port: u16) -> Result<Child> {
    let log = File::create(state.emulator_log()).context("cannot write the emulator's log; make .lethe writable")?;
    let errors = log.try_clone().context("cannot share the emulator's log")?;
    let mut command = Command::new(venv.bin("python"));
    command
        .arg(program)
        .current_dir(state.path())
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .process_group(0);
    command.env_clear();
    for name in ["PATH", "HOME", "LANG"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command
        .env("AUTH", "true")
        .env("BIND_HOST", "127.0.0.1")
        .env("GATEWAY_PORT", port.to_string())
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"))
        .env("AWS_ACCESS_KEY_ID", DUMMY_KEY)
        .env("AWS_SECRET_ACCESS_KEY", DUMMY_KEY)
        .env("TMPDIR", state.emulator_tmp())
        .env("PYTHONPATH", tuned(state)?)
        // Services nobody here uses that would listen on every address.
        .env("IOT_MTLS_ENABLED", "0")
        .env("SFTP_ENABLED", "0");
    command.spawn().with_context(|| {
        format!(
            "{} could not be started; delete its folder and retry",
            program.display()
        )
    })
}

/// Whether a LocalStack-compatible emulator answers at `endpoint`.
pub(crate) async fn answers(endpoint: &str) -> bool {
    let Ok(client) = reqwest::Client::builder().timeout(ANSWER_LIMIT).no_proxy().build() else {
        return false;
    };
    let health = client.get(format!("{endpoint}/_localstack/health")).send().await;
    health.is_ok_and(|answer| answer.status().is_success())
}

/// Stops the emulator of `state` with all its functions. False: there was none. Blocking, so that `Drop` can call it.
pub(crate) fn stop(state: &StateDir) -> Result<bool> {
    let Some(emulator) = Emulator::recorded(state) else {
        forget(state);
        return Ok(false);
    };
    process_group::terminate(emulator.pid)?;
    let deadline = Instant::now() + STOP_LIMIT;
    while runs(emulator.pid, &emulator.program) && Instant::now() < deadline {
        std::thread::sleep(POLL);
    }
    // What did not end by itself (a function in the middle of work) ends now.
    process_group::kill(emulator.pid);
    forget(state);
    Ok(true)
}

/// The emulator's memory is the stack: with it go the files that speak of it. The logs stay.
fn forget(state: &StateDir) {
    for file in [state.emulator_file(), state.stack_file(), state.deployed_file()] {
        let _ = fs::remove_file(file);
    }
    let _ = fs::remove_dir_all(state.emulator_tmp());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> (tempfile::TempDir, StateDir) {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::new(dir.path()).unwrap();
        (dir, state)
    }

    fn record(state: &StateDir, pid: u32, program: &str) {
        let emulator = Emulator {
            pid,
            port: 1,
            program: program.into(),
        };
        fs::write(state.emulator_file(), serde_json::to_vec(&emulator).unwrap()).unwrap();
    }

    #[test]
    fn a_process_that_is_not_the_emulator_is_never_signalled() {
        let (_dir, state) = state();
        let mut bystander = Command::new("sleep").arg("60").process_group(0).spawn().unwrap();
        record(&state, bystander.id(), "/somewhere/bin/ministack");
        assert!(!stop(&state).unwrap());
        assert!(bystander.try_wait().unwrap().is_none(), "the bystander was killed");
        assert!(!state.emulator_file().exists(), "a stale record stays");
        bystander.kill().unwrap();
        bystander.wait().unwrap();
    }

    #[test]
    fn the_recorded_process_is_stopped_with_its_group() {
        let (_dir, state) = state();
        let mut child = Command::new("sleep").arg("60").process_group(0).spawn().unwrap();
        // Just after the start the kernel may not show the command line yet.
        while !runs(child.id(), Path::new("sleep")) {
            assert!(child.try_wait().unwrap().is_none(), "sleep ended by itself");
        }
        record(&state, child.id(), "sleep");
        assert!(stop(&state).unwrap());
        assert!(!child.wait().unwrap().success());
    }
}
