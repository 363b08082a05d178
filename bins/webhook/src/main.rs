//! `webhook`: the admission webhook that gives Flyte tasks their AWS secrets.

mod args;
mod certificate;
mod check_config;
mod cluster;
mod init_certs;
mod keeping;
mod metrics;
mod run;
mod signals;
mod standby;

use std::io::{self, Write};
use std::process::ExitCode;

use args::{Args, Command};

/// musl's own allocator has one lock for all threads; docs/performance.md has what that costs.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Bad usage or configuration, before any port is bound (`EX_USAGE` of sysexits.h).
const USAGE: u8 = 64;

fn main() -> ExitCode {
    let (args, settings) = match Args::parse(std::env::args_os()) {
        Ok(parsed) => parsed,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let loaded = args.layers(settings).and_then(|layers| Ok((fsw_config::load(&layers)?, layers)));
    let (loaded, layers) = match loaded {
        Ok(loaded) => loaded,
        Err(error) => return fail(&error, USAGE),
    };
    let result = match args.command {
        Command::CheckConfig(args) => check_config::check_config(&args, &loaded),
        Command::InitCerts(_) => init_certs::init_certs(&loaded, &layers),
        Command::Run(args) => run::run(&args, &loaded, &layers),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, if error.is::<fsw_config::ConfigError>() { USAGE } else { 1 }),
    }
}

/// Says what went wrong, with its causes, on one line.
fn fail(error: &anyhow::Error, code: u8) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: {error:#}");
    ExitCode::from(code)
}
