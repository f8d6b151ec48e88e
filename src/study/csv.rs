//! A study as tables for other programs (RFC 4180): a line a variant, or a line a run.

use super::Pass;
use super::columns::{self, Column, Value};
use super::journal::{Header, Record};
use super::rows::Row;
use std::borrow::Cow;
use std::io::{self, Write};

/// A line a variant.
///
/// # Errors
/// What writing or reading says.
pub fn variants(out: &mut dyn Write, header: &Header, rows: Pass<'_, Row>) -> io::Result<()> {
    titles(out, &columns::variants(header))?;
    rows(&mut |row| values(out, &columns::of_variant(header, row)))
}

/// A line a run.
///
/// # Errors
/// As [`variants`].
pub fn runs(out: &mut dyn Write, header: &Header, records: Pass<'_, Record>) -> io::Result<()> {
    titles(out, &columns::runs(header))?;
    records(&mut |record| values(out, &columns::of_run(header, record)))
}

fn titles(out: &mut dyn Write, columns: &[Column]) -> io::Result<()> {
    line(out, columns.iter().map(|column| column.title.as_str()))
}

fn values(out: &mut dyn Write, values: &[Value]) -> io::Result<()> {
    let cells: Vec<String> = values.iter().map(text).collect();
    line(out, cells.iter().map(String::as_str))
}

/// Numbers as they are read back; what is not there is left empty.
fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Count(count) => count.to_string(),
        Value::Number(number) => number.map_or_else(String::new, |number| number.to_string()),
    }
}

fn line<'a>(out: &mut dyn Write, cells: impl Iterator<Item = &'a str>) -> io::Result<()> {
    for (at, cell) in cells.enumerate() {
        let comma = if at == 0 { "" } else { "," };
        write!(out, "{comma}{}", quoted(cell))?;
    }
    out.write_all(b"\r\n")
}

fn quoted(cell: &str) -> Cow<'_, str> {
    if cell.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\"")).into()
    } else {
        cell.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let mut out = Vec::new();
        line(&mut out, ["a b", "1,5", "say \"no\""].into_iter()).unwrap();
        assert_eq!(out, b"a b,\"1,5\",\"say \"\"no\"\"\"\r\n");
    }

    #[test]
    fn what_is_not_there_is_empty() {
        let values = [Value::Count(3), Value::Number(None), Value::Number(Some(1.5))];
        assert_eq!(values.map(|value| text(&value)), ["3", "", "1.5"]);
    }
}
