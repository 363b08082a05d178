//! Measures an admission webhook: load, a fake AWS with a set latency, the floor, and the table of all cases.
//!
//! `cargo xtask bench` builds it and runs `fsw-bench table`. The other commands are its parts, for a closer look: a fake
//! AWS, a server that does next to nothing, and the load of one case on a server that runs already.

mod aws;
mod floor;
mod load;
mod output;
mod process;
mod table;
mod tls;

use clap::{Parser, Subcommand};

/// Measures an admission webhook.
#[derive(Parser)]
#[command(name = "fsw-bench", disable_help_subcommand = true)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A fake AWS Secrets Manager that answers after a set time.
    Aws(aws::AwsArgs),
    /// A server that does next to nothing: what no webhook can be faster than.
    Floor(floor::FloorArgs),
    /// The load of one case, on a server that runs already.
    Load(table::LoadArgs),
    /// All cases on a webhook that is started for it.
    Table(table::TableArgs),
}

fn main() -> anyhow::Result<()> {
    match Args::parse().command {
        Command::Aws(args) => single()?.block_on(aws::serve(&args)),
        Command::Floor(args) => {
            tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(floor::serve(&args))
        }
        Command::Load(args) => single()?.block_on(table::load(&args)),
        Command::Table(args) => single()?.block_on(table::table(&args)),
    }
}

/// One thread: whoever makes the load must not take all processors from the server.
fn single() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
