//! The command line.

use clap::{Arg, ArgAction, ArgMatches, builder::PossibleValuesParser, value_parser};

use crate::size::Subject;

/// What the user asked for.
pub(crate) enum Command {
    Demo { port: u16, release: bool },
    Test { lanes: Vec<Lane>, repeat: Repeat },
    Lint,
    Size { subjects: Vec<Subject> },
    Failures,
    Screenshots,
    Bench { rounds: u32, seconds: u32 },
}

/// How often each lane is run, and beside how many busy loops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Repeat {
    pub(crate) times: u32,
    pub(crate) load: u32,
}

/// A group of tests that needs the same things of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    Core,
    Browser,
    E2e,
}

impl Lane {
    pub(crate) const ALL: [Self; 3] = [Self::Core, Self::Browser, Self::E2e];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Browser => "browser",
            Self::E2e => "e2e",
        }
    }
}

/// Reads the command line; prints help or a complaint and exits where there is no command to run.
pub(crate) fn parse() -> Command {
    command_of(&definition().get_matches())
}

fn definition() -> clap::Command {
    clap::Command::new("xtask")
        .bin_name("cargo xtask")
        .about("Set-up, demo, tests, lints and sizes. Each command installs the tools that it needs.")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            clap::Command::new("demo")
                .about("Serve the demo and rebuild it when a file changes")
                .arg(
                    Arg::new("port")
                        .long("port")
                        .value_name("N")
                        .default_value("8080")
                        .value_parser(value_parser!(u16).range(1..))
                        .help("Port to serve on"),
                )
                .arg(
                    Arg::new("release")
                        .long("release")
                        .action(ArgAction::SetTrue)
                        .help("Build as it would be published: small, and slow to build"),
                ),
        )
        .subcommand(
            clap::Command::new("test")
                .about("Run the tests: all lanes, or the one that is named")
                .arg(
                    Arg::new("lane")
                        .long("lane")
                        .value_name("LANE")
                        .value_parser(Lane::ALL.map(Lane::name))
                        .help(
                            "core: on this machine; browser: in headless Chromium; e2e: whole applications",
                        ),
                )
                .arg(
                    Arg::new("times")
                        .long("times")
                        .value_name("N")
                        .default_value("1")
                        .value_parser(value_parser!(u32).range(1..))
                        .help("How often each lane is run; the first failure ends it"),
                )
                .arg(
                    Arg::new("load")
                        .long("load")
                        .value_name("N")
                        .default_value("0")
                        .value_parser(value_parser!(u32).range(..=256))
                        .help("Busy loops beside the tests, to see that they pass on a slow machine"),
                ),
        )
        .subcommand(
            clap::Command::new("lint")
                .about("Check formatting, clippy and rustdoc warnings, licences and advisories"),
        )
        .subcommand(
            clap::Command::new("size")
                .about("Build the release pages, print what they weigh, and write target/size.json")
                .arg(
                    Arg::new("page")
                        .long("page")
                        .value_name("NAME")
                        .action(ArgAction::Append)
                        .value_parser(PossibleValuesParser::new(
                            Subject::all().into_iter().map(Subject::name),
                        ))
                        .help(
                            "Only this page, or what this method adds to all the others; may be given again",
                        ),
                ),
        )
        .subcommand(
            clap::Command::new("failures")
                .about("Test every way to verify with every failure, and write docs/FAILURES.md"),
        )
        .subcommand(
            clap::Command::new("screenshots")
                .about("Take pictures of every screen of the ready-made prompt, for docs/screenshots"),
        )
        .subcommand(
            clap::Command::new("bench")
                .about("Measure the sandbox server beside a bare handler, and the client's local work")
                .arg(
                    Arg::new("rounds")
                        .long("rounds")
                        .value_name("N")
                        .default_value("5")
                        .value_parser(value_parser!(u32).range(1..))
                        .help("How many times each server is measured"),
                )
                .arg(
                    Arg::new("seconds")
                        .long("seconds")
                        .value_name("N")
                        .default_value("3")
                        .value_parser(value_parser!(u32).range(1..))
                        .help("How many seconds each time"),
                ),
        )
}

fn command_of(matches: &ArgMatches) -> Command {
    match matches.subcommand() {
        Some(("demo", given)) => Command::Demo {
            port: given.get_one("port").copied().unwrap_or(8080),
            release: given.get_flag("release"),
        },
        Some(("test", given)) => Command::Test {
            lanes: match given.get_one::<String>("lane") {
                Some(wanted) => Lane::ALL.into_iter().filter(|lane| lane.name() == wanted).collect(),
                None => Lane::ALL.to_vec(),
            },
            repeat: Repeat {
                times: given.get_one("times").copied().unwrap_or(1),
                load: given.get_one("load").copied().unwrap_or(0),
            },
        },
        Some(("lint", _)) => Command::Lint,
        Some(("failures", _)) => Command::Failures,
        Some(("screenshots", _)) => Command::Screenshots,
        Some(("bench", given)) => Command::Bench {
            rounds: given.get_one("rounds").copied().unwrap_or(5),
            seconds: given.get_one("seconds").copied().unwrap_or(3),
        },
        Some((_, given)) => Command::Size { subjects: subjects(given) },
        None => Command::Size { subjects: Subject::all() },
    }
}

fn subjects(given: &ArgMatches) -> Vec<Subject> {
    let wanted: Vec<&String> = given.get_many("page").into_iter().flatten().collect();
    let is_wanted =
        |subject: &Subject| wanted.is_empty() || wanted.iter().any(|name| *name == subject.name());
    Subject::all().into_iter().filter(is_wanted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::{Method, Page};

    fn parsed(line: &str) -> Command {
        command_of(&definition().try_get_matches_from(line.split(' ')).unwrap())
    }

    #[test]
    fn the_definition_is_consistent() {
        definition().debug_assert();
    }

    #[test]
    fn test_runs_all_lanes_unless_one_is_named() {
        let Command::Test { lanes, .. } = parsed("xtask test") else { panic!("not the test command") };
        assert_eq!(lanes, Lane::ALL);
        let Command::Test { lanes, .. } = parsed("xtask test --lane e2e") else {
            panic!("not the test command")
        };
        assert_eq!(lanes, [Lane::E2e]);
        assert!(definition().try_get_matches_from(["xtask", "test", "--lane", "unit"]).is_err());
    }

    #[test]
    fn test_runs_once_without_load_unless_told_otherwise() {
        let repeat = |line: &str| match parsed(line) {
            Command::Test { repeat, .. } => repeat,
            _ => panic!("not the test command"),
        };
        assert_eq!(repeat("xtask test"), Repeat { times: 1, load: 0 });
        let line = "xtask test --lane e2e --times 10 --load 2";
        assert_eq!(repeat(line), Repeat { times: 10, load: 2 });
        for wrong in [["--times", "0"], ["--times", "-1"], ["--load", "257"]] {
            let line = ["xtask", "test"].into_iter().chain(wrong);
            assert!(definition().try_get_matches_from(line).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn commands_without_options_are_told_apart() {
        assert!(matches!(parsed("xtask lint"), Command::Lint));
        assert!(matches!(parsed("xtask failures"), Command::Failures));
        assert!(matches!(parsed("xtask screenshots"), Command::Screenshots));
    }

    #[test]
    fn size_measures_everything_or_what_is_named() {
        let Command::Size { subjects } = parsed("xtask size") else { panic!("not the size command") };
        assert_eq!(subjects, Subject::all());
        let line = "xtask size --page method:otp --page blank";
        let Command::Size { subjects } = parsed(line) else { panic!("not the size command") };
        assert_eq!(subjects, [Subject::Page(Page::Blank), Subject::Method(Method::Otp)]);
        assert!(definition().try_get_matches_from(["xtask", "size", "--page", "otp"]).is_err());
    }

    #[test]
    fn bench_takes_rounds_and_seconds() {
        assert!(matches!(parsed("xtask bench"), Command::Bench { rounds: 5, seconds: 3 }));
        let given = parsed("xtask bench --rounds 9 --seconds 1");
        assert!(matches!(given, Command::Bench { rounds: 9, seconds: 1 }));
        assert!(definition().try_get_matches_from(["xtask", "bench", "--rounds", "0"]).is_err());
    }

    #[test]
    fn demo_takes_a_port_and_a_profile() {
        assert!(matches!(parsed("xtask demo"), Command::Demo { port: 8080, release: false }));
        assert!(matches!(parsed("xtask demo --port 9 --release"), Command::Demo { port: 9, release: true }));
        assert!(definition().try_get_matches_from(["xtask", "demo", "--port", "0"]).is_err());
    }
}
