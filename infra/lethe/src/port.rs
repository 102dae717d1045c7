//! A port on the loopback address for the emulator.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use anyhow::{Context, Result, bail};

/// `wanted` if it is free, any free port for 0. Free when asked: the emulator refuses one that was lost since.
pub(crate) fn free(wanted: u16) -> Result<u16> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, wanted));
    // Asked both ways: where addresses may be reused, binding alone succeeds beside a listener on every address.
    let taken = wanted != 0 && TcpStream::connect(address).is_ok();
    match TcpListener::bind(address) {
        Ok(listener) if !taken => Ok(listener.local_addr().context("a bound port has no number")?.port()),
        _ => bail!(
            "port {wanted} is taken by another program: stop it, choose a port with `cargo lethe up --port 0` \
             (any free one), or, if it is an AWS emulator you want to use, set LETHE_ENDPOINT=http://127.0.0.1:{wanted}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_refused_with_the_ways_out() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let refusal = free(port).unwrap_err().to_string();
        assert!(
            refusal.contains("--port 0") && refusal.contains("LETHE_ENDPOINT"),
            "{refusal}"
        );
        assert_ne!(free(0).unwrap(), 0);
    }
}
