//! Tables that screens and screen readers read alike.

use super::escape;
use crate::report::value;
use crate::units::Unit;
use std::fmt::Write as _;

/// What stands in a place of a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cell {
    markup: String,
    number: bool,
    class: &'static str,
}

impl Cell {
    /// A text, escaped; what stands between backticks is code.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::markup(escape::with_code(text))
    }

    /// A number with its unit, to the right.
    #[must_use]
    pub fn number(text: &str) -> Self {
        Self { markup: escape::text(text), number: true, class: "" }
    }

    /// A value as reports show it; a dash where there is none.
    #[must_use]
    pub fn value(value: Option<f64>, unit: Unit) -> Self {
        match value {
            Some(value) => Self::number(&value::short(value, unit)),
            None => {
                Self { markup: "<span class=\"none\">–</span>".into(), number: true, class: "" }
            }
        }
    }

    /// Markup that the caller has escaped.
    #[must_use]
    pub const fn markup(markup: String) -> Self {
        Self { markup, number: false, class: "" }
    }

    /// With a class of the page's style.
    #[must_use]
    pub fn of_class(self, class: &'static str) -> Self {
        Self { class, ..self }
    }
}

/// A table with a caption, in which the first cell of each row names the row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    caption: String,
    hidden_caption: bool,
    stacked: bool,
    head: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
    foot: Option<Vec<Cell>>,
}

impl Table {
    /// A table without rows. The caption is shown above it.
    #[must_use]
    pub fn new(caption: &str) -> Self {
        let caption = caption.to_owned();
        Self {
            caption,
            hidden_caption: false,
            stacked: false,
            head: Vec::new(),
            rows: Vec::new(),
            foot: None,
        }
    }

    /// The caption is only for screen readers: a heading says the same.
    #[must_use]
    pub const fn below_its_heading(mut self) -> Self {
        self.hidden_caption = true;
        self
    }

    /// On a narrow screen each row becomes a card in which every value has its column's name beside it.
    #[must_use]
    pub const fn stacked(mut self) -> Self {
        self.stacked = true;
        self
    }

    /// One more column of texts.
    #[must_use]
    pub fn column(mut self, name: &str) -> Self {
        self.head.push(Cell::text(name));
        self
    }

    /// One more column of numbers.
    #[must_use]
    pub fn numbers(mut self, name: &str) -> Self {
        self.head.push(Cell::number(name));
        self
    }

    /// One more row.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// The row of sums at the end.
    pub fn foot(&mut self, cells: Vec<Cell>) {
        self.foot = Some(cells);
    }

    /// Whether it has no rows.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// As markup. A table that is too wide for its page scrolls by itself, with the keyboard, too.
    #[must_use]
    pub fn html(&self) -> String {
        let caption = escape::text(&self.caption);
        let hidden = if self.hidden_caption { " class=\"hidden\"" } else { "" };
        let (class, [table, group, row, head]) = match self.stacked {
            // A style that turns rows into blocks takes their meaning away: it is said in so many words.
            true => ("scroll stack", ["table", "rowgroup", "row", "columnheader"].map(role)),
            false => ("scroll", [const { String::new() }; 4]),
        };
        let mut out = format!(
            "<div class=\"{class}\" role=\"region\" tabindex=\"0\" aria-label=\"{caption}\">\
             <table{table}><caption{hidden}>{caption}</caption>\n<thead{group}><tr{row}>"
        );
        for cell in &self.head {
            let class = if cell.number { " class=\"n\"" } else { "" };
            let _ = write!(out, "<th scope=\"col\"{head}{class}>{}</th>", cell.markup);
        }
        let _ = write!(out, "</tr></thead>\n<tbody{group}>\n");
        self.rows.iter().for_each(|row| self.line(&mut out, row));
        out.push_str("</tbody>");
        if let Some(foot) = &self.foot {
            let _ = writeln!(out, "<tfoot{group}>");
            self.line(&mut out, foot);
            out.push_str("</tfoot>");
        }
        out.push_str("</table></div>\n");
        out
    }

    fn line(&self, out: &mut String, row: &[Cell]) {
        let roles =
            if self.stacked { ["row", "rowheader", "cell"].map(role) } else { Default::default() };
        let [row_role, head_role, cell_role] = roles;
        let _ = write!(out, "<tr{row_role}>");
        for (column, cell) in row.iter().enumerate() {
            let classes = [if cell.number { "n" } else { "" }, cell.class];
            let classes: Vec<_> = classes.into_iter().filter(|class| !class.is_empty()).collect();
            let class = match classes.as_slice() {
                [] => String::new(),
                all => format!(" class=\"{}\"", all.join(" ")),
            };
            let name = self.head.get(column).filter(|_| self.stacked);
            let name =
                name.map_or_else(String::new, |name| format!(" data-head=\"{}\"", name.markup));
            let markup = &cell.markup;
            let _ = match column {
                0 => write!(out, "<th scope=\"row\"{head_role}{class}>{markup}</th>"),
                _ => write!(out, "<td{cell_role}{class}{name}>{markup}</td>"),
            };
        }
        out.push_str("</tr>\n");
    }
}

fn role(name: &str) -> String {
    format!(" role=\"{name}\"")
}

/// A heat map: a table whose cells are shaded by their value, from the least to the greatest.
#[derive(Clone, PartialEq, Debug)]
pub struct Heat {
    /// What it shows.
    pub caption: String,
    /// What the columns are.
    pub across: String,
    /// What the rows are.
    pub down: String,
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows' names.
    pub rows: Vec<String>,
    /// By row, then column; `None` where nothing was seen.
    pub values: Vec<Vec<Option<f64>>>,
    /// The values' unit.
    pub unit: Unit,
}

/// Shades of a heat map, from faint to strong.
const SHADES: [&str; 7] = ["h0", "h1", "h2", "h3", "h4", "h5", "h6"];

impl Heat {
    /// As markup: each cell says its value, so that no shade has to be told from another.
    #[must_use]
    pub fn html(&self) -> String {
        let seen = || self.values.iter().flatten().copied().flatten();
        let (low, high) = (seen().reduce(f64::min), seen().reduce(f64::max));
        let corner = format!("{} \\ {}", self.down, self.across);
        let head = Table::new(&self.caption).column(&corner);
        let mut table = self.columns.iter().fold(head, |table, name| table.numbers(name));
        for (name, values) in self.rows.iter().zip(&self.values) {
            let cells = values.iter().map(|&value| {
                let cell = Cell::value(value, self.unit);
                match (value, low, high) {
                    (Some(value), Some(low), Some(high)) => cell.of_class(shade(value, low, high)),
                    _ => cell,
                }
            });
            table.row([Cell::text(name)].into_iter().chain(cells).collect());
        }
        table.html()
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: a part of 0..=1
#[allow(clippy::cast_precision_loss)] // reason: few shades
fn shade(value: f64, low: f64, high: f64) -> &'static str {
    let part = if high > low { (value - low) / (high - low) } else { 0.0 };
    let place = (part.clamp(0.0, 1.0) * SHADES.len() as f64) as usize;
    SHADES[place.min(SHADES.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_columns_are_named_and_texts_are_escaped() {
        let mut table = Table::new("a <b>").column("name").numbers("seen");
        table.row(vec![Cell::text("x & `y`"), Cell::value(Some(1_240.0), Unit::Time)]);
        table.row(vec![Cell::text("z"), Cell::value(None, Unit::Time)]);
        let html = table.html();
        for wanted in [
            "<caption>a &lt;b&gt;</caption>",
            "<th scope=\"col\">name</th><th scope=\"col\" class=\"n\">seen</th>",
            "<th scope=\"row\">x &amp; <code>y</code></th><td class=\"n\">1.24 s</td>",
            "<td class=\"n\"><span class=\"none\">–</span></td>",
        ] {
            assert!(html.contains(wanted), "{wanted}\n{html}");
        }
    }

    #[test]
    fn a_stacked_table_says_what_its_parts_are() {
        let mut table = Table::new("t").stacked().column("name").numbers("seen");
        table.row(vec![Cell::text("x"), Cell::number("1")]);
        let html = table.html();
        assert!(html.contains("<td role=\"cell\" class=\"n\" data-head=\"seen\">1</td>"), "{html}");
        assert!(html.contains("<th scope=\"row\" role=\"rowheader\">x</th>"), "{html}");
    }

    #[test]
    fn a_heat_map_shades_from_the_least_to_the_greatest() {
        let heat = Heat {
            caption: "p99".into(),
            across: "rate".into(),
            down: "slots".into(),
            columns: vec!["1".into(), "2".into()],
            rows: vec!["10".into(), "20".into()],
            values: vec![vec![Some(1.0), Some(4.0)], vec![None, Some(7.0)]],
            unit: Unit::Time,
        };
        let html = heat.html();
        for wanted in ["n h0\">1 ms", "n h3\">4 ms", "n h6\">7 ms", "slots \\ rate"] {
            assert!(html.contains(wanted), "{wanted}\n{html}");
        }
        assert_eq!(shade(2.0, 2.0, 2.0), "h0");
    }
}
