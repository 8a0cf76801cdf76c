//! Child processes: quiet ones with a log and a step line, loud ones that talk to the user, and the end of both.
//!
//! A child gets its own process group, and the group is ended when this program is told to stop (Ctrl-C, SIGTERM) or
//! when the child's time is up. Nothing else is ever ended.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::step::Step;
use crate::{files, workspace};

const POLL: Duration = Duration::from_millis(50);
const GRACE: Duration = Duration::from_secs(5);
const TAIL_LINES: usize = 40;

static STOP: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From now on a signal to stop ends the children first.
pub(crate) fn listen_for_signals() {
    let stop = STOP.get_or_init(Arc::default);
    #[cfg(unix)]
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        // Without a handler the signal ends this program as it always did.
        let _ = signal_hook::flag::register(signal, Arc::clone(stop));
    }
    #[cfg(not(unix))]
    let _ = stop;
}

/// Runs `command` with its output in `target/xtask/LOG.log`, and a step line that shows how it goes.
pub(crate) fn logged(what: &str, log: &str, command: Command) -> Result<()> {
    logged_within(what, log, command, None)
}

/// As [`logged`]; gives what the command printed.
pub(crate) fn recorded(what: &str, log: &str, command: Command) -> Result<String> {
    logged(what, log, command)?;
    files::read(&log_path(log)?)
}

/// As [`logged`], and ends the command when `limit` has passed.
pub(crate) fn logged_within(
    what: &str,
    log: &str,
    mut command: Command,
    limit: Option<Duration>,
) -> Result<()> {
    let path = log_path(log)?;
    let mut step = Step::start(what);
    let status = run_into(&mut command, &path, limit, &mut |last| step.progress(last));
    match status {
        Ok(Ended::With(status)) if status.success() => {
            step.done();
            Ok(())
        }
        Ok(Ended::With(status)) => {
            step.failed();
            bail!("{what} failed: {} {}.\n{}", line_of(&command), told(status), tail_of(&path))
        }
        Ok(Ended::Late) => {
            step.failed();
            bail!("{what} took too long: {} was ended.\n{}", line_of(&command), tail_of(&path))
        }
        Err(error) => {
            step.failed();
            Err(error)
        }
    }
}

/// Runs `command` as [`logged`] does, when there is another way: false, with `otherwise` told, when it failed.
pub(crate) fn tried(what: &str, log: &str, mut command: Command, otherwise: &str) -> Result<bool> {
    let path = log_path(log)?;
    let mut step = Step::start(what);
    let ended = run_into(&mut command, &path, None, &mut |last| step.progress(last))?;
    let succeeded = matches!(ended, Ended::With(status) if status.success());
    if succeeded {
        step.done()
    } else {
        step.skipped(otherwise)
    }
    Ok(succeeded)
}

/// Tries `command` for at most `limit`: true when it succeeded. Its output goes to a log, failing is no error.
pub(crate) fn attempt(log: &str, mut command: Command, limit: Duration) -> Result<bool> {
    let path = log_path(log)?;
    let ended = run_into(&mut command, &path, Some(limit), &mut |_| ())?;
    Ok(matches!(ended, Ended::With(status) if status.success()))
}

/// The last line that an [`attempt`] left in its log.
pub(crate) fn last_words(log: &str) -> String {
    log_path(log).map(|path| last_line(&path)).unwrap_or_default()
}

/// Runs `command` with its output on the user's terminal.
pub(crate) fn streamed(what: &str, mut command: Command) -> Result<()> {
    use std::io::Write;
    let _ = std::io::stdout().flush();
    command.stdin(Stdio::null());
    let mut child = spawn(&mut command)?;
    match wait(&mut child, None, &mut || ())? {
        Ended::With(status) if status.success() => Ok(()),
        Ended::With(status) => bail!("{what} failed: {} {}.", line_of(&command), told(status)),
        Ended::Late => bail!("{what} took too long."),
    }
}

/// What `command` prints, if it can be started and succeeds. For questions that take no time (`--version`).
pub(crate) fn answer(mut command: Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Becomes `command`: signals reach it directly, and nothing is left behind when it ends.
pub(crate) fn become_it(mut command: Command) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        let error = command.exec();
        Err(error).with_context(|| not_started(&command))
    }
    #[cfg(not(unix))]
    {
        let status = command.status().with_context(|| not_started(&command))?;
        if status.success() { Ok(()) } else { bail!("{} {}.", line_of(&command), told(status)) }
    }
}

/// A command as one would type it.
pub(crate) fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line = words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ");
    format!("`{line}`")
}

enum Ended {
    With(ExitStatus),
    Late,
}

fn run_into(
    command: &mut Command,
    log: &Path,
    limit: Option<Duration>,
    progress: &mut dyn FnMut(&str),
) -> Result<Ended> {
    let file = File::create(log).with_context(|| format!("{} cannot be written", log.display()))?;
    let same = file.try_clone().with_context(|| format!("{} cannot be written", log.display()))?;
    command.stdin(Stdio::null()).stdout(file).stderr(same);
    let mut child = spawn(command)?;
    let mut shown = Instant::now();
    wait(&mut child, limit, &mut || {
        if shown.elapsed() >= Duration::from_millis(500) {
            shown = Instant::now();
            progress(&last_line(log));
        }
    })
}

fn spawn(command: &mut Command) -> Result<Child> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    command.spawn().with_context(|| not_started(command))
}

fn wait(child: &mut Child, limit: Option<Duration>, meanwhile: &mut dyn FnMut()) -> Result<Ended> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().context("a child process cannot be waited for")? {
            return Ok(Ended::With(status));
        }
        if STOP.get().is_some_and(|stop| stop.load(Ordering::Relaxed)) {
            end(child);
            bail!("stopped before it was done.");
        }
        if limit.is_some_and(|limit| started.elapsed() > limit) {
            end(child);
            return Ok(Ended::Late);
        }
        meanwhile();
        sleep(POLL);
    }
}

/// Ends a child that this program started, and what that one started, first politely.
fn end(child: &mut Child) {
    signal(child, "-TERM");
    let started = Instant::now();
    while started.elapsed() < GRACE {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        sleep(POLL);
    }
    signal(child, "-KILL");
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    // The child leads a group of its own, so its id is the group's.
    let group = format!("-{}", child.id());
    let _ = Command::new("kill").args([name, "--", &group]).stderr(Stdio::null()).status();
}

#[cfg(not(unix))]
fn signal(_child: &Child, _name: &str) {}

fn not_started(command: &Command) -> String {
    format!("{} cannot be started", line_of(command))
}

fn told(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("ended with exit code {code}"),
        None => format!("was ended ({status})"),
    }
}

fn log_path(name: &str) -> Result<PathBuf> {
    let folder = workspace::target().join("xtask");
    files::create_folder(&folder)?;
    Ok(folder.join(format!("{name}.log")))
}

fn tail_of(log: &Path) -> String {
    let text =
        std::fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    format!("The end of {}:\n{}", log.display(), tail(&text, TAIL_LINES))
}

fn tail(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let last = &lines[lines.len().saturating_sub(count)..];
    last.iter().map(|line| format!("  {line}\n")).collect()
}

/// The last line of a log that may be long and is being written.
fn last_line(log: &Path) -> String {
    const ENOUGH: u64 = 2048;
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(ENOUGH)))?;
        let mut bytes = Vec::new();
        file.take(ENOUGH).read_to_end(&mut bytes)?;
        let is_whole = length <= ENOUGH;
        // Else it begins within a line.
        let first =
            if is_whole { 0 } else { bytes.iter().position(|it| *it == b'\n').unwrap_or(bytes.len()) };
        bytes.drain(..first);
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    // What cargo says to programs is nothing for people.
    let is_shown = |line: &&str| !line.is_empty() && !line.starts_with('{');
    text.lines().rev().map(str::trim).find(is_shown).unwrap_or_default().to_owned()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn the_tail_is_the_end() {
        assert_eq!(tail("a\nb\nc\n", 2), "  b\n  c\n");
        assert_eq!(tail("", 2), "");
    }

    #[test]
    fn the_last_line_is_one_for_people() {
        let log = log_path("test-last-line").unwrap();
        let said = |text: &str| {
            files::write(&log, text).unwrap();
            last_line(&log)
        };
        assert_eq!(said(""), "");
        assert_eq!(said("   Compiling a\n   Compiling b\n{\"reason\":1}\n"), "Compiling b");
        let long = format!("{{\"reason\":\"{}\"}}\n", "x".repeat(5000));
        assert_eq!(said(&long), "");
        assert_eq!(said(&format!("{long}   Compiling c")), "Compiling c");
    }

    #[test]
    fn a_failure_says_what_failed_and_shows_the_end_of_the_log() {
        let error =
            logged("a doomed thing", "test-doomed", shell("echo reason; exit 3")).unwrap_err().to_string();
        assert!(error.contains("a doomed thing failed"), "{error}");
        assert!(error.contains("exit code 3"), "{error}");
        assert!(error.contains("  reason"), "{error}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error =
            format!("{:#}", logged("x", "test-missing", Command::new("no-such-program")).unwrap_err());
        assert!(error.contains("`no-such-program` cannot be started"), "{error}");
    }

    #[test]
    fn an_attempt_is_bounded_and_ends_its_grandchildren() {
        let started = Instant::now();
        let succeeded =
            attempt("test-slow", shell("sleep 60 & sleep 60"), Duration::from_millis(200)).unwrap();
        assert!(!succeeded);
        assert!(started.elapsed() < Duration::from_secs(10));
        assert!(attempt("test-quick", shell("true"), Duration::from_secs(10)).unwrap());
    }
}
