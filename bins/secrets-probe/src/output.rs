//! Output for people: aligned, coloured on a terminal, plain elsewhere.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const QUIET: Style = Style::new().dimmed();
pub(crate) const STRONG: Style = Style::new().bold();

/// A text in a style.
pub(crate) fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// One line.
pub(crate) fn line(text: impl std::fmt::Display) -> io::Result<()> {
    writeln!(anstream::stdout(), "{text}")
}

/// One JSON value on a line.
pub(crate) fn json_line(value: &impl Serialize) -> anyhow::Result<()> {
    Ok(line(serde_json::to_string(value)?)?)
}

/// Rows of cells in aligned columns, each with its style; the last column is ragged.
pub(crate) fn table(rows: &[Vec<(Style, String)>]) -> io::Result<()> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|(_, cell)| cell.chars().count()).max();
    let widths: Vec<_> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    for row in rows {
        let mut text = String::new();
        for (column, (style, cell)) in row.iter().enumerate() {
            let padding = if column + 1 == row.len() { 0 } else { widths[column] + 2 - cell.chars().count() };
            text.push_str(&styled(*style, cell));
            text.push_str(&" ".repeat(padding));
        }
        line(text.trim_end())?;
    }
    Ok(())
}
