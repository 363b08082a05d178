//! Lines for whoever watches.

use std::io::Write;

use anstyle::{AnsiColor, Style};

/// Headings.
pub const STRONG: Style = Style::new().bold();
/// What is as it should be.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What is not.
pub const BAD: Style = AnsiColor::Red.on_default();
/// What goes with it.
pub const QUIET: Style = Style::new().dimmed();

/// One line on standard output.
pub fn say(style: Style, text: impl std::fmt::Display) {
    // Nobody to read it is no reason to fail.
    let _ = writeln!(anstream::stdout(), "{style}{text}{style:#}");
}
