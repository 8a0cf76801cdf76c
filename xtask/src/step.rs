//! What the user sees while something takes its time: one line per step, with its progress and how long it took.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often a step reports where nobody can see a line being rewritten: a log of CI, say.
const REPORT_EVERY: Duration = Duration::from_secs(30);
const WIDTH: usize = 100;

/// A step that is under way.
pub(crate) struct Step {
    name: String,
    started: Instant,
    reported: Instant,
    rewrites: bool,
}

impl Step {
    pub(crate) fn start(name: impl Into<String>) -> Self {
        let now = Instant::now();
        let step = Self {
            name: name.into(),
            started: now,
            reported: now,
            rewrites: std::io::stdout().is_terminal(),
        };
        if step.rewrites {
            print!("… {}", step.name);
            flush();
        } else {
            println!("… {}", step.name);
        }
        step
    }

    /// Shows that the step goes on; `detail` is the last thing that the program said.
    pub(crate) fn progress(&mut self, detail: &str) {
        let line =
            clip(&format!("… {} · {} · {}", self.name, seconds(self.started.elapsed()), detail.trim()));
        if self.rewrites {
            print!("\r\x1b[2K{line}");
            flush();
        } else if self.reported.elapsed() >= REPORT_EVERY {
            self.reported = Instant::now();
            println!("{line}");
        }
    }

    pub(crate) fn done(self) {
        self.finish('✓', "");
    }

    pub(crate) fn failed(self) {
        self.finish('✗', "");
    }

    /// Ends the step without a claim: it was tried, and there is another way or it does not matter.
    pub(crate) fn skipped(self, why: &str) {
        self.finish('–', &format!(": {why}"));
    }

    fn finish(self, mark: char, outcome: &str) {
        let erase = if self.rewrites { "\r\x1b[2K" } else { "" };
        println!("{erase}{mark} {}{outcome} ({})", self.name, seconds(self.started.elapsed()));
    }
}

/// A line about something that took no time worth telling.
pub(crate) fn note(line: &str) {
    println!("· {line}");
}

/// A heading before output that is not ours.
pub(crate) fn heading(line: &str) {
    println!("\n── {line}");
}

pub(crate) fn seconds(time: Duration) -> String {
    let whole = time.as_secs();
    if whole >= 60 {
        format!("{} min {:02} s", whole / 60, whole % 60)
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

fn clip(line: &str) -> String {
    if line.chars().count() <= WIDTH {
        return line.to_owned();
    }
    line.chars().take(WIDTH - 1).chain(['…']).collect()
}

/// A terminal that went away is no reason to stop.
fn flush() {
    let _ = std::io::stdout().flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_tell_them() {
        assert_eq!(seconds(Duration::from_millis(1234)), "1.2 s");
        assert_eq!(seconds(Duration::from_secs(61)), "1 min 01 s");
    }

    #[test]
    fn a_long_line_is_clipped_at_a_character() {
        let line = clip(&"é".repeat(300));
        assert_eq!(line.chars().count(), WIDTH);
        assert!(line.ends_with('…'));
    }
}
