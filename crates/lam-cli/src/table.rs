//! Tables: ruled and fitted to the width on a terminal, aligned columns elsewhere.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle, presets};

use crate::printer::Printer;

/// Rules above and below the header.
const RULED: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'));

/// An empty table with this header.
pub fn new(printer: &Printer, header: &[&str]) -> Table {
    let mut table = Table::new();
    if printer.on_terminal() {
        table
            .load_style(RULED)
            .set_content_arrangement(ContentArrangement::Dynamic);
    } else {
        table.load_style(presets::NOTHING);
    }
    table.set_header(header.to_vec());
    table
}

/// Aligns a column to the right, as numbers are.
pub fn align_right(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

/// The table as lines without blanks at their ends.
pub fn text(table: &Table) -> String {
    let text = table.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}
