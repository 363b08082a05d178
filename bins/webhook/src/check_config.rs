use std::io::{self, Write};

use fsw_config::Loaded;

use crate::args::CheckConfigArgs;

/// Findings on standard error, the effective configuration on standard output.
pub(crate) fn check_config(args: &CheckConfigArgs, loaded: &Loaded) -> anyhow::Result<()> {
    let mut stderr = io::stderr();
    for finding in &loaded.findings {
        writeln!(stderr, "{finding}")?;
    }
    if args.strict {
        loaded.clone().strict()?;
    }
    write!(io::stdout(), "{}", serde_saphyr::to_string(&loaded.config)?)?;
    Ok(())
}
