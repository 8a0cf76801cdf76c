//! `cargo xtask screenshots`: pictures of every screen of the ready-made prompt, and the page that shows them.

use anyhow::Result;

use crate::cli::Lane;
use crate::setup;
use crate::{process, step, test, workspace};

const FOLDER: &str = "docs/screenshots";

pub(crate) fn run() -> Result<()> {
    let toolbox = setup::ensure(&test::needs(&[Lane::E2e]))?;
    let mut take = toolbox.cargo("test");
    take.args(["--package", "step-up-tests", "--test", "screenshots", "--", "--ignored"]);
    test::give_demo(&toolbox, &mut take)?;
    take.env("STEP_UP_SCREENSHOTS", workspace::root().join(FOLDER));
    process::logged("screenshots", "screenshots", take)?;
    step::note(&format!("{FOLDER} is written"));
    Ok(())
}
