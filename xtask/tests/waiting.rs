//! How tests wait: for a condition, in one helper for each kind of lane, which fails when it does not come.
//!
//! A fixed sleep is too short on a slow machine and too long on every other. A loop that looks a number of times and goes on
//! lets the test pass that should have failed, and so does a step that is done only if the page shows something. This reads
//! the sources as text: it finds the forms that were there once, not every form that there could be.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

/// The helpers. Each has tests of its own that see it fail.
const HELPERS: [&str; 3] = [
    "crates/step-up-sandbox/tests/wait/mod.rs",
    "crates/yew-step-up/tests/support/wait.rs",
    "tests/src/wait.rs",
];

/// Where tests and what they share are.
const FOLDERS: [&str; 7] = [
    "crates/step-up-core/tests",
    "crates/step-up-sandbox/tests",
    "crates/yew-step-up/tests",
    "crates/yew-step-up-ui/tests",
    "tests/e2e",
    "tests/pages",
    "tests/src",
];

const JAVASCRIPT: &str = "tests/js-client";

/// What waits for a time that has been chosen. A sleep of the code under test has a name of its own (`timer.sleep`).
const SLEEPS: [&str; 9] = [
    "thread::sleep",
    "time::sleep",
    "sleep_ms",
    "yield_now",
    "TimeoutFuture",
    "Timeout::new",
    "Interval::new",
    "setTimeout(",
    "setInterval(",
];

/// What a loop does that polls: in a helper it ends with a failure.
const POLLS: [&str; 5] = ["turn()", "tick()", "settle()", ".elapsed()", ".has("];

/// A line with one of these words is right where it is.
const EXCEPTIONS: [(&str, &str, &str); 1] =
    [("tests/e2e/policy.rs", "setTimeout('window.wasHere", "the policy refuses it, which is what is tested")];

#[test]
fn no_test_waits_for_a_fixed_time() {
    let wrong = findings(|text| lines_with(text, &SLEEPS));
    assert!(
        wrong.is_empty(),
        "wait for a condition instead, with a helper of {HELPERS:?}:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn no_test_polls_in_a_loop_of_its_own() {
    let wrong = findings(polling_loops);
    assert!(wrong.is_empty(), "use `until` of {HELPERS:?}:\n{}", wrong.join("\n"));
}

#[test]
fn no_step_depends_on_what_the_page_happens_to_show() {
    let wrong = findings(|text| {
        let is_skip = |line: &str| line.contains("if ") && line.contains(".has(") && line.contains(".await");
        numbered(text).filter(|(_, line)| is_skip(line)).map(|(number, _)| number).collect()
    });
    assert!(wrong.is_empty(), "wait for what has to be there:\n{}", wrong.join("\n"));
}

#[test]
fn the_helpers_and_the_exceptions_are_there() {
    for helper in HELPERS {
        let text = read(helper);
        assert!(text.contains("fn until"), "{helper} has no `until`");
    }
    for (file, words, _) in EXCEPTIONS {
        assert!(read(file).contains(words), "{file} has no {words:?} any more");
    }
    assert!(sources().len() > 60, "the search finds sources");
}

#[test]
fn what_is_forbidden_is_found() {
    let sleeps =
        "fn it() {\n    thread::sleep(SECOND); // no\n    // thread::sleep\n    timer.sleep(SECOND)\n}";
    assert_eq!(lines_with(sleeps, &SLEEPS), [2]);
    let polls = "    for _ in 0..2_000 {\n        turn().await;\n        if is_done() {\n            break;\n        }\n    }\n";
    assert_eq!(polling_loops(polls), [1]);
    let spins = "while requests().is_empty() {\n    assert!(start.elapsed() < LIMIT);\n}\nsettle().await;\n";
    assert_eq!(polling_loops(spins), [1]);
    let steps = "for _ in 0..5 {\n    person.enter(wrong).await;\n}\nsettle().await;\n";
    assert_eq!(polling_loops(steps), [0; 0]);
}

/// What is found in the sources, each as file and line.
fn findings(find: impl Fn(&str) -> Vec<usize>) -> Vec<String> {
    let mut found = Vec::new();
    for file in sources() {
        let text = read(&file);
        for number in find(&text) {
            let line = text.lines().nth(number - 1).unwrap().trim();
            let is_right = |(place, words, _): &(&str, &str, &str)| *place == file && line.contains(words);
            if !EXCEPTIONS.iter().any(is_right) {
                found.push(format!("{file}:{number}: {line}"));
            }
        }
    }
    found
}

fn lines_with(text: &str, words: &[&str]) -> Vec<usize> {
    let has_one = |line: &str| words.iter().any(|word| line.contains(word));
    numbered(text).filter(|(_, line)| has_one(line)).map(|(number, _)| number).collect()
}

/// The loops that go on until something changes, or a number of times, and poll on the way.
fn polling_loops(text: &str) -> Vec<usize> {
    let lines: Vec<(usize, &str)> = numbered(text).collect();
    let mut found = Vec::new();
    for (at, (number, line)) in lines.iter().enumerate() {
        let code = line.trim_start();
        let is_loop = ["while ", "loop {", "for _ in "].iter().any(|start| code.starts_with(start));
        if !is_loop || !line.ends_with('{') {
            continue;
        }
        let indent = line.len() - code.len();
        let is_end = |line: &str| line.trim_end().len() == indent + 1 && line.trim() == "}";
        let body = lines[at + 1..].iter().take_while(|(_, line)| !is_end(line));
        if body.chain([&(*number, *line)]).any(|(_, line)| POLLS.iter().any(|word| line.contains(word))) {
            found.push(*number);
        }
    }
    found
}

/// The lines without their comments, numbered from 1.
fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.split("// ").next().unwrap_or_default().trim_end()))
}

/// The sources of all tests besides the helpers, from the root of the project.
fn sources() -> Vec<String> {
    let rust = FOLDERS.iter().flat_map(|folder| files(&root().join(folder), "rs"));
    let all = rust.chain(files(&root().join(JAVASCRIPT), "js"));
    let names = all.map(|file| file.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/"));
    names.filter(|name| !HELPERS.contains(&name.as_str())).collect()
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "node_modules") {
                found.extend(files(&path, extension));
            }
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}
