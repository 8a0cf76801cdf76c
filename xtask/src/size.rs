//! `cargo xtask size`: what the pages weigh on the wire, and what each method adds.
//!
//! What a method adds is what `headless-all` has more than the same page without it: what an app saves that leaves it
//! out. Code that two methods share is in neither number, so they add up to less than the whole.
//!
//! `gzip` and Node compress: they are on the machine anyway, and no compressor has to be compiled before
//! `cargo xtask` can start.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::pages::{self, Method, Page};
use crate::setup::{self, Need, Toolbox};
use crate::{files, process, step, workspace};

/// What whole pages may have, gzip, in bytes. A blank yew page is the floor that everything else stands on.
const PAGE_LIMITS: [(Page, u64); 2] = [(Page::Blank, 58_000), (Page::Managed, 216_000)];
/// What pages may add to it, gzip, in bytes.
const ADDED_LIMITS: [(Subject, i64); 2] =
    [(Subject::Page(Page::HeadlessOtp), 72_000), (Subject::Page(Page::HeadlessAll), 126_000)];

const COMPRESS: &str = include_str!("size/compress.mjs");

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A page.
    Page(Page),
    /// What a method adds to all the others.
    Method(Method),
}

impl Subject {
    /// All of them, in the order of the report.
    pub(crate) fn all() -> Vec<Self> {
        let mut all =
            vec![Self::Page(Page::Blank), Self::Page(Page::HeadlessOtp), Self::Page(Page::HeadlessAll)];
        all.extend(Method::ALL.map(Self::Method));
        all.extend([Self::Page(Page::Managed), Self::Page(Page::Demo)]);
        all
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Page(page) => page.name(),
            Self::Method(Method::External) => "method:external",
            Self::Method(Method::Mfa) => "method:mfa",
            Self::Method(Method::Otp) => "method:otp",
            Self::Method(Method::Passkey) => "method:passkey",
            Self::Method(Method::Social) => "method:social",
            Self::Method(Method::Wallet) => "method:wallet",
        }
    }

    /// The pages that have to be measured for it.
    fn pages(self) -> Vec<Page> {
        match self {
            Self::Page(page @ (Page::HeadlessOtp | Page::HeadlessAll)) => vec![Page::Blank, page],
            Self::Page(page) => vec![page],
            Self::Method(method) => vec![Page::HeadlessAll, Page::Without(method)],
        }
    }
}

/// Measures these subjects.
pub(crate) fn run(subjects: &[Subject]) -> Result<()> {
    let toolbox = setup::ensure(&[Need::Wasm, Need::Trunk])?;
    let mut measured = Measured::default();
    for page in subjects.iter().flat_map(|subject| subject.pages()) {
        if measured.of(page).is_none() {
            let dist = pages::build(&toolbox, page)?;
            measured.pages.push((page, measure(&toolbox, &dist)?));
        }
    }
    let path = workspace::target().join("size.json");
    files::write(&path, &format!("{:#}\n", measured.report()))?;
    measured.print();
    step::note(&format!("written to {}", path.display()));
    measured.within_budget()
}

/// Bytes of a page's wasm, JavaScript and stylesheets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size {
    raw: u64,
    gzip: u64,
    brotli: u64,
}

impl Size {
    fn less(self, other: Self) -> [i64; 3] {
        let less = |one: u64, two: u64| one.cast_signed() - two.cast_signed();
        [less(self.raw, other.raw), less(self.gzip, other.gzip), less(self.brotli, other.brotli)]
    }
}

fn measure(toolbox: &Toolbox, dist: &Path) -> Result<Size> {
    let counted = files::below(dist, &|path| {
        path.extension()
            .is_some_and(|extension| extension == "wasm" || extension == "js" || extension == "css")
    })?;
    if counted.is_empty() {
        bail!(
            "{} has no wasm, no JavaScript and no stylesheet. Remove target/pages and start again.",
            dist.display()
        );
    }
    let mut compress: Command = toolbox.command("node");
    compress.args(["--input-type=module", "--eval", COMPRESS, "--"]).args(&counted);
    let answer = process::answer(compress)
        .with_context(|| format!("node and gzip could not compress the files of {}", dist.display()))?;
    size_of(&answer).with_context(|| format!("node gave no sizes for {} but {answer:?}", dist.display()))
}

fn size_of(answer: &str) -> Option<Size> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    let number = |name: &str| answer.get(name)?.as_u64();
    Some(Size { raw: number("raw")?, gzip: number("gzip")?, brotli: number("brotli")? })
}

/// The pages that were built.
#[derive(Default)]
struct Measured {
    pages: Vec<(Page, Size)>,
}

impl Measured {
    fn of(&self, wanted: Page) -> Option<Size> {
        self.pages.iter().find(|(page, _)| *page == wanted).map(|(_, size)| *size)
    }

    /// What a page adds to the blank one, or a method to the others: raw, gzip, brotli.
    fn added_by(&self, subject: Subject) -> Option<[i64; 3]> {
        let (with, without) = match subject {
            Subject::Page(page) => (page, Page::Blank),
            Subject::Method(method) => (Page::HeadlessAll, Page::Without(method)),
        };
        Some(self.of(with)?.less(self.of(without)?))
    }

    fn report(&self) -> Value {
        let mut report = Map::new();
        for subject in Subject::all() {
            let numbers = match subject {
                Subject::Page(page) => {
                    self.of(page).map(|size| [size.raw, size.gzip, size.brotli].map(u64::cast_signed))
                }
                Subject::Method(_) => self.added_by(subject),
            };
            if let Some([raw, gzip, brotli]) = numbers {
                report.insert(subject.name().to_owned(), json!({"raw": raw, "gzip": gzip, "brotli": brotli}));
            }
        }
        Value::Object(report)
    }

    fn print(&self) {
        step::heading("Bytes of wasm, JavaScript and stylesheets");
        println!("{:32} {:>10} {:>10} {:>10}", "page", "raw", "gzip -9", "brotli 11");
        for (page, size) in &self.pages {
            println!("{:32} {:>10} {:>10} {:>10}", page.name(), size.raw, size.gzip, size.brotli);
        }
        for (subject, _) in ADDED_LIMITS {
            if let Some(added) = self.added_by(subject) {
                print_added(&format!("{} adds to blank", subject.name()), added);
            }
        }
        for method in Method::ALL {
            let subject = Subject::Method(method);
            if let Some(added) = self.added_by(subject) {
                print_added(&format!("{} adds to the others", subject.name()), added);
            }
        }
    }

    fn within_budget(&self) -> Result<()> {
        for (page, limit) in PAGE_LIMITS {
            if let Some(size) = self.of(page).filter(|size| size.gzip > limit) {
                bail!(
                    "the page {} has {} bytes gzip, {limit} are allowed. `twiggy` or `cargo bloat` tells which code it is.",
                    page.name(),
                    size.gzip
                );
            }
        }
        for (subject, limit) in ADDED_LIMITS {
            let Some([_, adds, _]) = self.added_by(subject) else { continue };
            if adds > limit {
                bail!(
                    "{} adds {adds} bytes gzip to the blank page, {limit} are allowed. `twiggy` or `cargo bloat` tells which code it is.",
                    subject.name()
                );
            }
        }
        Ok(())
    }
}

fn print_added(what: &str, [raw, gzip, brotli]: [i64; 3]) {
    println!("{what:32} {raw:>10} {gzip:>10} {brotli:>10}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(blank: u64, otp: u64, all: u64) -> Measured {
        let size = |gzip| Size { raw: gzip * 2, gzip, brotli: gzip - 1 };
        Measured {
            pages: vec![
                (Page::Blank, size(blank)),
                (Page::HeadlessOtp, size(otp)),
                (Page::HeadlessAll, size(all)),
                (Page::Without(Method::Social), size(all - 50)),
                (Page::Managed, size(200_000)),
                (Page::Demo, size(500_000)),
            ],
        }
    }

    #[test]
    fn the_report_has_numbers_only_every_page_and_every_method() {
        let expected = json!({
            "blank": {"raw": 200, "gzip": 100, "brotli": 99},
            "headless-otp": {"raw": 600, "gzip": 300, "brotli": 299},
            "headless-all": {"raw": 800, "gzip": 400, "brotli": 399},
            "method:social": {"raw": 100, "gzip": 50, "brotli": 50},
            "managed": {"raw": 400_000, "gzip": 200_000, "brotli": 199_999},
            "demo": {"raw": 1_000_000, "gzip": 500_000, "brotli": 499_999},
        });
        assert_eq!(sizes(100, 300, 400).report(), expected);
    }

    #[test]
    fn budgets_are_inclusive_and_named_when_exceeded() {
        let complaint = |measured: Measured| measured.within_budget().unwrap_err().to_string();
        assert!(sizes(58_000, 130_000, 184_000).within_budget().is_ok());
        let error = complaint(sizes(58_001, 60_000, 60_000));
        assert!(error.starts_with("the page blank has 58001 bytes"), "{error}");
        let mut measured = sizes(58_000, 60_000, 60_000);
        measured.pages.retain(|(page, _)| *page != Page::Managed);
        measured.pages.push((Page::Managed, Size { raw: 500_000, gzip: 216_001, brotli: 190_000 }));
        let error = complaint(measured);
        assert!(error.starts_with("the page managed has 216001 bytes"), "{error}");
        let error = complaint(sizes(58_000, 130_001, 184_000));
        assert!(error.starts_with("headless-otp adds 72001 bytes"), "{error}");
        let error = complaint(sizes(58_000, 130_000, 184_001));
        assert!(error.starts_with("headless-all adds 126001 bytes"), "{error}");
    }

    #[test]
    fn a_page_is_compared_with_what_it_is_built_on() {
        assert_eq!(Subject::Page(Page::HeadlessAll).pages(), [Page::Blank, Page::HeadlessAll]);
        let wallet = Subject::Method(Method::Wallet);
        assert_eq!(wallet.pages(), [Page::HeadlessAll, Page::Without(Method::Wallet)]);
        assert_eq!(wallet.name(), "method:wallet");
    }

    #[test]
    fn what_node_says_is_read_strictly() {
        assert_eq!(size_of(r#"{"raw":3,"gzip":2,"brotli":1}"#), Some(Size { raw: 3, gzip: 2, brotli: 1 }));
        assert_eq!(size_of(r#"{"raw":3,"gzip":"2","brotli":1}"#), None);
        assert_eq!(size_of("oops"), None);
    }
}
