//! `cargo xtask failures`: every way to verify, and everything that can go wrong with it, as a table of what the tests print.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde_json::Value;

use crate::setup::{self, Toolbox};
use crate::{files, process, step, workspace};

const TESTS: &str = "core_failures";
const FILE: &str = "docs/FAILURES.md";

/// The rows: modules of the tests, and what people call them.
const METHODS: &[(&str, &str)] = &[
    ("email_otp", "Code by email"),
    ("sms_otp", "Code by SMS"),
    ("totp", "Authenticator app"),
    ("recovery_code", "Recovery code"),
    ("passkey", "Passkey"),
    ("wallet", "External wallet"),
    ("social", "Social account"),
    ("external", "External assertion"),
];

/// The columns: names of the tests, and how the server or the user brings them about.
const FAILURES: &[(&str, &str, &str)] = &[
    (
        "wrong_input",
        "Wrong input",
        "A wrong code; a signature of something else, or by another key; somebody else's account. The server evaluates it.",
    ),
    ("replay", "Replay", "What the server accepted a moment ago comes again."),
    (
        "expiry",
        "Expiry",
        "The server's clock is moved on before the proof arrives. A recovery code expires when others are made.",
    ),
    (
        "rate_limit",
        "Rate limit",
        "The sandbox's own limit where it has one; else 429 with `Retry-After`, for each call of the method.",
    ),
    (
        "cancel",
        "Cancel",
        "The user says no to the authenticator, in the wallet or at the provider, or closes the popup. Where nobody asks them, \
         the call is dropped after the server did its part.",
    ),
    (
        "no_network",
        "No network",
        "The connection breaks before the server's work and after it, for each call.",
    ),
    ("slow_server", "Slow server", "The answer comes after 31 seconds, for each call."),
    ("garbage_answer", "Garbage answer", "The answer is 200, and a page."),
    ("missing_token", "Missing token", "The server verified the user, and its answer has no elevated token."),
];

/// Makes the table, and writes it.
pub(crate) fn run() -> Result<()> {
    let table = measure(&setup::ensure(&[])?)?;
    files::write(&workspace::root().join(FILE), &table)?;
    step::note(&format!("{FILE} is written"));
    Ok(())
}

/// Makes the table, and fails where the file holds another one.
pub(crate) fn check(toolbox: &Toolbox) -> Result<()> {
    if measure(toolbox)? == files::read(&workspace::root().join(FILE))? {
        return Ok(());
    }
    bail!("{FILE} is not what the tests give. Run `cargo xtask failures` and look at what it changes.")
}

fn measure(toolbox: &Toolbox) -> Result<String> {
    let mut build = toolbox.cargo("test");
    // All that plain `cargo test` builds: a part of it has other features, and would be compiled apart.
    build.args(["--no-run", "--message-format", "json-render-diagnostics"]);
    let built = process::recorded("tests", "failures-build", build)?;
    let Some(program) = program(&built) else {
        bail!(
            "`cargo test --no-run` made no test program with the name {TESTS}. Is the feature `page` on by default?"
        );
    };
    let mut test = toolbox.command(&program);
    test.arg("--show-output");
    table(&process::recorded("every method with every failure", "failures", test)?)
}

/// Where cargo says that it put the tests
/// ([its messages](https://doc.rust-lang.org/cargo/reference/external-tools.html#json-messages)).
fn program(messages: &str) -> Option<String> {
    messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
        let is_ours = message["reason"] == "compiler-artifact" && message["target"]["name"] == TESTS;
        message["executable"].as_str().filter(|_| is_ours).map(str::to_owned)
    })
}

/// The table of what a run printed: for each cell a test that passed, and a line with the errors that it saw.
fn table(output: &str) -> Result<String> {
    let cells = cells(output)?;
    let mut missing = Vec::new();
    let mut rows = String::new();
    for (method, title) in METHODS {
        rows.push_str(&format!("| **{title}** |"));
        for (failure, ..) in FAILURES {
            let test = format!("{method}::{failure}");
            match cells.get(test.as_str()) {
                Some(errors) => rows.push_str(&format!(" {errors}<br>`{test}` |")),
                None => missing.push(test),
            }
        }
        rows.push('\n');
    }
    if !missing.is_empty() {
        bail!("no test passed for {} of the cells: {}.", missing.len(), missing.join(", "));
    }
    let surplus = cells.len() - METHODS.len() * FAILURES.len();
    if surplus > 0 {
        bail!("the tests print {surplus} cells more than the table has. Add them to xtask/src/failures.rs.");
    }
    let titles: String = FAILURES.iter().map(|(_, title, _)| format!(" {title} |")).collect();
    let rules = "---|".repeat(FAILURES.len());
    let legend: String = FAILURES.iter().map(|(_, title, how)| format!("| {title} | {how} |\n")).collect();
    Ok(format!("{HEAD}\n| |{titles}\n|---|{rules}\n{rows}\n{LEGEND}\n| | |\n|---|---|\n{legend}"))
}

const HEAD: &str = "\
# What can go wrong with a verification

Written by `cargo xtask failures` from a run of `crates/step-up-sandbox/tests/core_failures`; `cargo xtask test` fails where a
run gives something else.

Each cell is a test: the client as it is, against the sandbox as it is, with the fault brought about on the server's side. It
says which errors the call ended with, in this order, and the test's name. Each test also asserts that the state shows the
same error and no longer loads, that the same user is signed in and the server takes their session, that no elevation was
gained, and that the next verification succeeds and its token does its work.
";

const LEGEND: &str = "How each failure is brought about:
";

/// The errors of each test that passed.
fn cells(output: &str) -> Result<BTreeMap<&str, String>> {
    let mut cells = BTreeMap::new();
    for line in output.lines() {
        if let Some((test, errors)) = line.strip_prefix("cell ").and_then(|cell| cell.split_once(' ')) {
            let errors: Vec<_> = errors.split(", ").map(|error| format!("`{error}`")).collect();
            if cells.insert(test, errors.join(", ")).is_some() {
                bail!("two tests say that they are {test}.");
            }
        }
    }
    let has_passed = |test: &str| output.lines().any(|line| line == format!("test {test} ... ok"));
    cells.retain(|test, _| has_passed(test));
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a run prints where everything passes.
    fn output() -> String {
        let tests = || METHODS.iter().flat_map(|(method, _)| FAILURES.iter().map(move |it| (method, it.0)));
        let results = tests().map(|(method, failure)| format!("test {method}::{failure} ... ok\n"));
        let cells = tests().map(|(method, failure)| {
            format!("---- {method}::{failure} stdout ----\ncell {method}::{failure} Cancelled, Api(x_y)\n\n")
        });
        results.chain(cells).collect()
    }

    #[test]
    fn the_program_is_found_among_what_cargo_says() {
        let artifact = |name: &str, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","target":{{"name":"{name}"}},"executable":{executable}}}"#
            )
        };
        let others = [
            "   Compiling step-up-sandbox v0.1.0".to_owned(),
            artifact("core_rules", r#""/t/core_rules""#),
            artifact(TESTS, "null"),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ]
        .join("\n");
        assert_eq!(program(&others), None);
        let found = format!("{others}\n{}\n", artifact(TESTS, r#""/t/core_failures-1""#));
        assert_eq!(program(&found).as_deref(), Some("/t/core_failures-1"));
    }

    #[test]
    fn every_cell_names_its_test_and_its_errors() {
        let table = table(&output()).unwrap();
        for (method, _) in METHODS {
            for (failure, ..) in FAILURES {
                assert!(table.contains(&format!("`Cancelled`, `Api(x_y)`<br>`{method}::{failure}` |")));
            }
        }
        let columns = |line: &&str| line.matches('|').count() == FAILURES.len() + 2;
        assert_eq!(table.lines().filter(columns).count(), METHODS.len() + 2);
    }

    #[test]
    fn a_cell_that_is_empty_failed_or_unknown_is_an_error() {
        let complaint = |output: String| table(&output).unwrap_err().to_string();
        let one = "totp::replay";
        let not_printed = output().replace(&format!("cell {one} "), "sell");
        assert_eq!(complaint(not_printed), format!("no test passed for 1 of the cells: {one}."));
        for other in ["FAILED", "ignored"] {
            let failed = output().replace(&format!("test {one} ... ok"), &format!("test {one} ... {other}"));
            assert_eq!(complaint(failed), format!("no test passed for 1 of the cells: {one}."));
        }
        let surplus = format!("{}test fax::replay ... ok\ncell fax::replay Network\n", output());
        assert!(complaint(surplus).contains("1 cells more"));
        let twice = format!("{}cell {one} Network\n", output());
        assert!(complaint(twice).contains("two tests say"));
    }
}
