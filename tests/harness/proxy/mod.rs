//! A proxy between the functions and the stack that breaks what it is told to break.
//!
//! Each function has a port of its own, so that a rule can say whom it is for. Calls pass as they were signed: same host
//! header, same path, same body. What a [`Script`] picks is refused, cut off, delayed or repeated, and counted; what
//! passes is witnessed. It runs on a thread of its own, because each test has a runtime that ends with the test.

mod call;
mod fault;
mod script;
mod serve;
mod wire;
mod witness;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result};
use tokio::sync::oneshot;

pub use fault::Fault;
pub use script::{On, Script, When};
pub use witness::{Asked, Sent, Witness};

use script::Scripts;

/// A running proxy; it ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    ports: BTreeMap<&'static str, u16>,
    scripts: Arc<Scripts>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Listens for the calls of these functions (named by their outputs) and passes them on to `endpoint`.
    pub fn start(endpoint: &str, functions: &[&'static str]) -> Result<Self> {
        let (mut ports, mut listeners) = (BTreeMap::new(), vec![]);
        for function in functions {
            let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port for the proxy")?;
            listener.set_nonblocking(true)?;
            ports.insert(*function, listener.local_addr()?.port());
            listeners.push((*function, listener));
        }
        let (stop, stopped) = oneshot::channel();
        let scripts = Arc::new(Scripts::default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let serve = serve::all(
            endpoint.parse().context("the stack's endpoint")?,
            listeners,
            Arc::clone(&scripts),
        );
        let thread = thread::Builder::new().name("proxy".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Self {
            ports,
            scripts,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where a function reaches it.
    pub fn url(&self, function: &str) -> String {
        format!("http://127.0.0.1:{}", self.ports[function])
    }

    /// A script for the calls that speak of this tenant; it lasts as long as the answer is kept.
    pub fn script(&self, tenant: &str, seed: u64) -> Arc<Script> {
        let script = Arc::new(Script::new(tenant, seed));
        self.scripts.add(&script);
        script
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
