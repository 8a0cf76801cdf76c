//! `cargo xtask size`: what the pages weigh on the wire.
//!
//! `gzip` and Node compress: they are on the machine anyway, and no compressor has to be compiled before
//! `cargo xtask` can start.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::pages::{self, Page};
use crate::setup::{self, Need, Toolbox};
use crate::{files, process, step, workspace};

/// A blank yew page, gzip, in bytes: the floor that everything else stands on.
const BLANK_LIMIT: u64 = 58_000;
/// What the hook with an OTP screen may add to it, gzip, in bytes. The aim is 50,000.
const HEADLESS_OTP_ADDS_LIMIT: u64 = 65_000;

const COMPRESS: &str = include_str!("size/compress.mjs");

pub(crate) fn run() -> Result<()> {
    let toolbox = setup::ensure(&[Need::Wasm, Need::Trunk])?;
    let mut measured = Vec::new();
    for page in Page::ALL {
        let dist = pages::build(&toolbox, page)?;
        measured.push((page, measure(&toolbox, &dist)?));
    }
    let path = workspace::target().join("size.json");
    files::write(&path, &format!("{:#}\n", as_json(&measured)))?;
    print_table(&measured);
    step::note(&format!("written to {}", path.display()));
    within_budget(&measured)
}

/// Bytes of a page's wasm and JavaScript.
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
        path.extension().is_some_and(|extension| extension == "wasm" || extension == "js")
    })?;
    if counted.is_empty() {
        bail!("{} has no wasm and no JavaScript. Remove target/pages and start again.", dist.display());
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

fn as_json(measured: &[(Page, Size)]) -> Value {
    let pages: Map<String, Value> = measured
        .iter()
        .map(|(page, size)| {
            let numbers = json!({"raw": size.raw, "gzip": size.gzip, "brotli": size.brotli});
            (page.name().to_owned(), numbers)
        })
        .collect();
    Value::Object(pages)
}

fn print_table(measured: &[(Page, Size)]) {
    step::heading("Bytes of wasm and JavaScript");
    println!("{:28} {:>10} {:>10} {:>10}", "page", "raw", "gzip -9", "brotli 11");
    for (page, size) in measured {
        println!("{:28} {:>10} {:>10} {:>10}", page.name(), size.raw, size.gzip, size.brotli);
    }
    if let (Some(blank), Some(headless)) = (of(measured, Page::Blank), of(measured, Page::HeadlessOtp)) {
        let [raw, gzip, brotli] = headless.less(blank);
        println!("{:28} {raw:>10} {gzip:>10} {brotli:>10}", "headless-otp adds to blank");
    }
}

fn within_budget(measured: &[(Page, Size)]) -> Result<()> {
    let Some(blank) = of(measured, Page::Blank) else { return Ok(()) };
    if blank.gzip > BLANK_LIMIT {
        bail!(
            "the blank page has {} bytes gzip, {BLANK_LIMIT} are allowed. A dependency of yew or a build setting grew it.",
            blank.gzip
        );
    }
    let Some(headless) = of(measured, Page::HeadlessOtp) else { return Ok(()) };
    let [_, adds, _] = headless.less(blank);
    if adds > HEADLESS_OTP_ADDS_LIMIT.cast_signed() {
        bail!(
            "headless-otp adds {adds} bytes gzip to the blank page, {HEADLESS_OTP_ADDS_LIMIT} are allowed. `twiggy` or `cargo bloat` tells which code it is."
        );
    }
    Ok(())
}

fn of(measured: &[(Page, Size)], wanted: Page) -> Option<Size> {
    measured.iter().find(|(page, _)| *page == wanted).map(|(_, size)| *size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(blank: u64, headless: u64) -> Vec<(Page, Size)> {
        let size = |gzip| Size { raw: gzip * 2, gzip, brotli: gzip - 1 };
        vec![(Page::Blank, size(blank)), (Page::HeadlessOtp, size(headless)), (Page::Demo, size(500_000))]
    }

    #[test]
    fn the_report_has_numbers_only_and_every_page() {
        let report = as_json(&sizes(100, 300));
        let expected = json!({
            "blank": {"raw": 200, "gzip": 100, "brotli": 99},
            "headless-otp": {"raw": 600, "gzip": 300, "brotli": 299},
            "demo": {"raw": 1_000_000, "gzip": 500_000, "brotli": 499_999},
        });
        assert_eq!(report, expected);
    }

    #[test]
    fn budgets_are_inclusive_and_named_when_exceeded() {
        assert!(within_budget(&sizes(58_000, 123_000)).is_ok());
        let error = within_budget(&sizes(58_001, 60_000)).unwrap_err().to_string();
        assert!(error.starts_with("the blank page has 58001 bytes"), "{error}");
        let error = within_budget(&sizes(58_000, 123_001)).unwrap_err().to_string();
        assert!(error.starts_with("headless-otp adds 65001 bytes"), "{error}");
    }

    #[test]
    fn what_node_says_is_read_strictly() {
        assert_eq!(size_of(r#"{"raw":3,"gzip":2,"brotli":1}"#), Some(Size { raw: 3, gzip: 2, brotli: 1 }));
        assert_eq!(size_of(r#"{"raw":3,"gzip":"2","brotli":1}"#), None);
        assert_eq!(size_of("oops"), None);
    }
}
