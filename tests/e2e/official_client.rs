//! The official JavaScript client against the sandbox server: what it sends is understood, and it understands the
//! answers. Each file of stories has a server of its own, so that what its log counts is what the client did.

use std::{path::Path, process::Command};

use step_up_tests::SandboxServer;

#[test]
fn email_otp() {
    run("email-otp.test.js");
}

#[test]
fn second_factors() {
    run("second-factors.test.js");
}

#[test]
fn wallets() {
    run("wallets.test.js");
}

#[test]
fn sms_otp() {
    run("sms-otp.test.js");
}

#[test]
fn cookie() {
    run("cookie.test.js");
}

#[test]
fn external_auth() {
    run("external-auth.test.js");
}

#[test]
fn social() {
    run("social.test.js");
}

#[test]
fn passkeys() {
    run("passkeys.test.js");
}

/// Runs a file of `js-client` in Node.js.
fn run(stories: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("js-client");
    assert!(
        folder.join("node_modules").is_dir(),
        "the JavaScript client is not installed: run the tests with `cargo xtask test --lane e2e`"
    );
    let server = SandboxServer::start(&[]);
    let output = Command::new("node")
        .args(["--test", stories])
        .current_dir(&folder)
        .env("STEP_UP_SANDBOX_URL", server.base_url())
        .env("STEP_UP_CONTROL_URL", server.origin())
        .env("STEP_UP_ENVIRONMENT_ID", server.environment_id())
        .output()
        .unwrap_or_else(|error| panic!("Node.js does not start: {error}"));
    assert!(
        output.status.success(),
        "{stories}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
