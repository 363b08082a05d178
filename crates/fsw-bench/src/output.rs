//! Lines for whoever watches.

use std::fmt::Display;
use std::io::Write;

/// One line of the result.
pub(crate) fn print(line: impl Display) {
    // Nobody to read it is no reason to fail.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// One line about what is under way.
pub(crate) fn note(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
