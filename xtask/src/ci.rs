//! Everything that can be checked without a cluster.

use std::time::Instant;

use xshell::{Shell, cmd};

use crate::{chart, house, packages};
use fsw_testkit::say::{GOOD, QUIET, STRONG, say};

pub(crate) fn ci() -> anyhow::Result<()> {
    let shell = Shell::new()?;
    packages::install(&shell, &[packages::BUSYBOX])?;
    for component in ["clippy", "rustfmt"] {
        let tool = if component == "clippy" { "clippy" } else { "fmt" };
        if cmd!(shell, "cargo {tool} --version").quiet().ignore_stdout().ignore_stderr().run().is_err() {
            cmd!(shell, "rustup component add {component}").run()?;
        }
    }
    step("format", || Ok(cmd!(shell, "cargo fmt --all --check").quiet().run()?))?;
    step("arrows between crates, licences and bans of dependencies", || house::check(&shell))?;
    step("lints", || {
        Ok(cmd!(shell, "cargo clippy --quiet --workspace --all-targets --locked -- -D warnings").quiet().run()?)
    })?;
    step("tests", || tests(&shell))?;
    step("chart", || chart::chart(&shell))?;
    step("docs", || {
        let doc = cmd!(shell, "cargo doc --quiet --workspace --no-deps --locked");
        Ok(doc.env("RUSTDOCFLAGS", "-D warnings").quiet().run()?)
    })?;
    say(GOOD, "all good");
    Ok(())
}

fn step(name: &str, run: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    say(STRONG, format_args!("── {name}"));
    let start = Instant::now();
    run()?;
    say(QUIET, format_args!("   {name}: {:.1} s", start.elapsed().as_secs_f64()));
    Ok(())
}

/// All tests. Properties try more cases than at a desk, always the same ones: what fails here fails for everybody.
fn tests(shell: &Shell) -> anyhow::Result<()> {
    let test = cmd!(shell, "cargo test --workspace --locked");
    Ok(test.env("PROPTEST_RNG_SEED", "20261124").env("PROPTEST_CASES", "1024").quiet().run()?)
}
