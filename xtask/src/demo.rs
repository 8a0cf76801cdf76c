//! `cargo xtask demo`.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Result, bail};

use crate::setup::{self, Need};
use crate::{process, step};

pub(crate) fn run(port: u16, release: bool) -> Result<()> {
    is_free(port)?;
    let toolbox = setup::ensure(&[Need::Wasm, Need::Trunk])?;
    step::heading(&format!("The demo: http://localhost:{port}/ (as soon as it is built; Ctrl-C ends it)"));
    let mut serve = toolbox.trunk("serve");
    serve.args(["--port", &port.to_string()]);
    if release {
        serve.arg("--release");
    }
    process::become_it(serve)
}

/// Better said before minutes of set-up than after them.
fn is_free(port: u16) -> Result<()> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!(
                "port {port} is taken by another program. Choose another: `cargo xtask demo --port {}`.",
                other_than(port)
            )
        }
        _ => Ok(()),
    }
}

fn other_than(port: u16) -> u16 {
    port.checked_add(1).unwrap_or(8080)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_named_with_another() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = is_free(port).unwrap_err().to_string();
        assert!(error.contains(&format!("port {port} is taken")), "{error}");
        assert!(is_free(0).is_ok());
    }

    #[test]
    fn the_last_port_has_another_too() {
        assert_eq!(other_than(u16::MAX), 8080);
    }
}
