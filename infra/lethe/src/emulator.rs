//! The AWS emulator: started on the loopback address, found again, stopped by its own process id.
//!
//! It outlives the command that started it, in a process group of its own, so that Ctrl-C in a terminal does not reach
//! it and stopping it takes the functions it runs along. It gets a bare environment: functions inherit theirs from it,
//! and nothing of the user's shell (keys, tokens, proxies) belongs in there. Only what `emulator.json` names and whose
//! command line still matches is ever signalled.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};

use crate::paths::StateDir;
use crate::process::{DUMMY_KEY, tail};
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
        is_program(emulator.pid, &emulator.program).then_some(emulator)
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
    let port = free_port(wanted)?;
    let tmp = state.emulator_tmp();
    fs::create_dir_all(&tmp).with_context(|| format!("cannot create {}; make it writable", tmp.display()))?;
    let program = venv.bin("ministack");
    let mut child = spawn(venv, &program, state, port)?;
    let emulator = Emulator { pid: child.id(), port, program };
    // Recorded before it is ready: whoever is interrupted while waiting can still stop it.
    fs::write(state.emulator_file(), serde_json::to_vec_pretty(&emulator)?).context("cannot write emulator.json")?;
    let deadline = Instant::now() + START_LIMIT;
    while !answers(&emulator.endpoint()).await {
        let ended = child.try_wait().context("cannot watch the emulator")?;
        if ended.is_some() || Instant::now() > deadline {
            stop(state)?;
            let log = state.emulator_log();
            bail!("the emulator did not start on port {port}; see {}:\n{}", log.display(), tail(&log));
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(emulator)
}

fn spawn(venv: &Venv, program: &Path, state: &StateDir, port: u16) -> Result<Child> {
    let log = File::create(state.emulator_log()).context("cannot write the emulator's log; make .lethe writable")?;
    let errors = log.try_clone().context("cannot share the emulator's log")?;
    let mut command = Command::new(venv.bin("python"));
    command.arg(program).current_dir(state.path()).stdin(Stdio::null()).stdout(log).stderr(errors).process_group(0);
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
        .env("TMPDIR", state.emulator_tmp());
    command.spawn().with_context(|| format!("{} could not be started; delete its folder and retry", program.display()))
}

/// `wanted` if it is free, any free port for 0. The port is free when asked; the emulator refuses one lost since.
fn free_port(wanted: u16) -> Result<u16> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, wanted));
    let taken = wanted != 0 && TcpStream::connect(address).is_ok();
    match TcpListener::bind(address) {
        Ok(listener) if !taken => Ok(listener.local_addr().context("a bound port has no number")?.port()),
        _ => bail!(
            "port {wanted} is taken by another program: stop it, choose a port with `cargo lethe up --port 0` \
             (any free one), or, if it is an AWS emulator you want to use, set LETHE_ENDPOINT=http://127.0.0.1:{wanted}"
        ),
    }
}

/// Whether a LocalStack-compatible emulator answers at `endpoint`.
pub(crate) async fn answers(endpoint: &str) -> bool {
    let Ok(client) = reqwest::Client::builder().timeout(ANSWER_LIMIT).no_proxy().build() else { return false };
    let health = client.get(format!("{endpoint}/_localstack/health")).send().await;
    health.is_ok_and(|answer| answer.status().is_success())
}

/// Stops the emulator of `state` with all its functions. False: there was none. Blocking, so that `Drop` can call it.
pub(crate) fn stop(state: &StateDir) -> Result<bool> {
    let Some(emulator) = Emulator::recorded(state) else {
        forget(state);
        return Ok(false);
    };
    let group = i32::try_from(emulator.pid).ok().and_then(Pid::from_raw).context("emulator.json holds no process id")?;
    kill_process_group(group, Signal::TERM).context("the emulator belongs to another user; stop it as that user")?;
    let deadline = Instant::now() + STOP_LIMIT;
    while is_program(emulator.pid, &emulator.program) && Instant::now() < deadline {
        std::thread::sleep(POLL);
    }
    // What did not end by itself (a function in the middle of work) ends now; no such group any more is the aim.
    let _ = kill_process_group(group, Signal::KILL);
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

/// Whether process `pid` runs `program`. A dead process has no command line, a recycled id another one.
fn is_program(pid: u32, program: &Path) -> bool {
    let program = program.as_os_str().as_encoded_bytes();
    match fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(words) => words.split(|byte| *byte == 0).any(|word| word == program),
        Err(_) => listed_command(pid).windows(program.len()).any(|part| part == program),
    }
}

/// The command line where there is no `/proc` (macOS).
fn listed_command(pid: u32) -> Vec<u8> {
    let listed = Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output();
    listed.map(|output| output.stdout).unwrap_or_default()
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
        let emulator = Emulator { pid, port: 1, program: program.into() };
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
        record(&state, child.id(), "sleep");
        assert!(stop(&state).unwrap());
        assert!(!child.wait().unwrap().success());
    }

    #[test]
    fn a_taken_port_is_refused_with_the_ways_out() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let refusal = free_port(port).unwrap_err().to_string();
        assert!(refusal.contains("--port 0") && refusal.contains("LETHE_ENDPOINT"), "{refusal}");
        assert_ne!(free_port(0).unwrap(), 0);
    }
}
