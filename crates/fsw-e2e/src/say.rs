//! Lines for whoever watches.

use std::io::Write;

use anstyle::{AnsiColor, Style};

pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const QUIET: Style = Style::new().dimmed();

/// One line on standard output.
pub(crate) fn say(style: Style, text: impl std::fmt::Display) {
    // Nobody to read it is no reason to fail.
    let _ = writeln!(anstream::stdout(), "{style}{text}{style:#}");
}
