//! Programs that a user would run.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// What a program said.
pub(crate) struct Said {
    pub(crate) success: bool,
    pub(crate) output: String,
    pub(crate) error: String,
}

impl Said {
    /// Its output, if it succeeded.
    pub(crate) fn good(self) -> anyhow::Result<String> {
        ensure!(self.success, "{}", self.error.trim());
        Ok(self.output)
    }
}

/// Runs a program with this kubeconfig and input.
pub(crate) async fn run<S: AsRef<OsStr>>(
    program: &Path,
    kubeconfig: &Path,
    arguments: &[S],
    input: &str,
) -> anyhow::Result<Said> {
    let mut child = Command::new(program)
        .args(arguments)
        .env("KUBECONFIG", kubeconfig)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot run {}", program.display()))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).await?;
    }
    let output = child.wait_with_output().await?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Said { success: output.status.success(), output: text(output.stdout), error: text(output.stderr) })
}
