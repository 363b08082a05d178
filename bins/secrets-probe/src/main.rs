//! `secrets-probe`: shows which AWS secrets a Flyte task resolves to, and why.
//!
//! Data goes to standard output, everything else to standard error. Exit 0: done; 1: the answer is bad news, or it could
//! not be found out; 64: the command line or the configuration cannot be used.

mod annotation;
mod args;
mod digest;
mod fetch;
mod ids;
mod inject;
mod mask;
mod output;
mod plan;
mod pod;
mod review;
mod setup;

use std::io::Write;
use std::process::ExitCode;

use args::{Args, Command};

/// `EX_USAGE` of sysexits.h.
const USAGE: u8 = 64;

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args_os()) {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match dispatch(&args) {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(anstream::stderr(), "error: {error:#}");
            let is_usage = error.is::<setup::Usage>() || error.is::<fsw_config::ConfigError>();
            ExitCode::from(if is_usage { USAGE } else { 1 })
        }
    }
}

/// What the answer means to whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Good,
    Bad,
}

impl From<bool> for Verdict {
    fn from(is_good: bool) -> Self {
        if is_good { Self::Good } else { Self::Bad }
    }
}

fn dispatch(args: &Args) -> anyhow::Result<Verdict> {
    match &args.command {
        Command::Ids(args) => ids::ids(args),
        Command::Decode(args) => annotation::decode(args),
        Command::Encode(args) => annotation::encode(args),
        Command::Plan(args) => plan::plan(args),
        Command::Fetch(args) => fetch::fetch(args),
        Command::Inject(args) => inject::inject(args),
        Command::Review(args) => review::review(args),
    }
}
