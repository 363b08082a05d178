//! `cargo xtask bench`: the release webhook against a fake AWS, beside the numbers of Flyte's own and the floor.

use std::path::PathBuf;

use clap::Args;
use xshell::{Shell, cmd};

use crate::image;
use fsw_testkit::say::{QUIET, say};

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Only these cases; may be given several times.
    #[arg(long, value_name = "CASE")]
    only: Vec<String>,
    /// Another server that speaks the same contract, measured side by side: a command for a shell, in which {port}, {ca}
    /// (the file that it writes its authority to), {aws} (a URL) and {manager} are filled in.
    #[arg(long, value_name = "COMMAND")]
    against: Option<String>,
    /// Where to write the result as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// A tenth of the reviews: to see that it works, not to measure.
    #[arg(long)]
    quick: bool,
    /// Measure the static program that the image holds.
    #[arg(long)]
    shipped: bool,
}

pub(crate) fn bench(args: &BenchArgs) -> anyhow::Result<()> {
    let shell = Shell::new()?;
    say(QUIET, "building the webhook and the generator");
    let webhook = if args.shipped {
        image::build_webhook(&shell)?
    } else {
        cmd!(shell, "cargo build --quiet --locked --release -p webhook").quiet().run()?;
        PathBuf::from("target/release/webhook")
    };
    // By itself, so that what it needs of a library is not in the webhook that is measured.
    cmd!(shell, "cargo build --quiet --locked --release -p fsw-bench").quiet().run()?;
    // A copy, as of a layer of an image: of a file as the linker left it, Linux counts up to 0.9 MiB more as resident.
    let folder = shell.create_temp_dir()?;
    let measured = folder.path().join("webhook");
    std::fs::copy(&webhook, &measured)?;
    let webhook = measured;
    let mut table = cmd!(shell, "target/release/fsw-bench table --webhook {webhook}");
    table = table.args(args.only.iter().flat_map(|case| ["--only", case]));
    table = table.args(args.against.iter().flat_map(|command| ["--against", command]));
    if let Some(path) = &args.json {
        table = table.arg("--json").arg(path);
    }
    table = table.args(args.quick.then_some("--quick"));
    Ok(table.quiet().run()?)
}
