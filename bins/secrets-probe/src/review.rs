use std::io::{IsTerminal, Read, Write};

use anyhow::Context as _;

use crate::args::ReviewArgs;
use crate::{Verdict, setup};

/// Reads a review on standard input and answers it as the webhook would, byte for byte.
pub(crate) fn review(args: &ReviewArgs) -> anyhow::Result<Verdict> {
    let config = setup::config(&args.config)?;
    let mut body = Vec::new();
    std::io::stdin().read_to_end(&mut body).context("cannot read standard input")?;
    let reply = setup::runtime()?.block_on(async {
        let source = setup::plain_source(&config).await?;
        let mutation = fsw_app::mutation(&config, source);
        anyhow::Ok(fsw_admission::review(&body, setup::deadline(&config), &mutation).await?)
    })?;
    let mut stdout = std::io::stdout();
    stdout.write_all(&reply.body)?;
    if stdout.is_terminal() {
        writeln!(stdout)?;
    }
    Ok(Verdict::Good)
}
