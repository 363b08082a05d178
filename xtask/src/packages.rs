//! Debian packages that tests use, installed where they are missing.

use std::path::Path;

use anyhow::{Context as _, bail};
use xshell::{Shell, cmd};

use fsw_testkit::say::{QUIET, say};

/// A package and a file by which it is known to be there.
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) file: &'static str,
}

/// The shell of the writer's tests.
pub(crate) const BUSYBOX: Package = Package { name: "busybox-static", file: "busybox" };

/// Installs what is missing.
pub(crate) fn install(shell: &Shell, packages: &[Package]) -> anyhow::Result<()> {
    let is_there =
        |package: &&Package| ["/bin", "/usr/bin"].iter().any(|bin| Path::new(bin).join(package.file).exists());
    let missing: Vec<_> = packages.iter().filter(|package| !is_there(package)).map(|package| package.name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if cmd!(shell, "id -u").read()? != "0" {
        bail!("the tests need {}; install it with: sudo apt-get install {}", missing.join(" "), missing.join(" "));
    }
    say(QUIET, format_args!("installing {}", missing.join(" ")));
    let names = &missing;
    let install = || cmd!(shell, "apt-get install -y --no-install-recommends {names...}").quiet().ignore_stdout().run();
    // The lists of packages may be missing or old.
    let installed = install().or_else(|_| {
        cmd!(shell, "apt-get update").quiet().ignore_stdout().run()?;
        install()
    });
    installed.with_context(|| format!("cannot install {}", missing.join(" ")))
}
