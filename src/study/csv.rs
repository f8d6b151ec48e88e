//! A study as tables for other programs (RFC 4180): a line a variant, or a line a run.

use super::Pass;
use super::journal::{Header, Named, Record};
use super::rows::Row;
use std::borrow::Cow;
use std::io::{self, Write};

/// A line a variant.
///
/// # Errors
/// What writing or reading says.
pub fn variants(out: &mut dyn Write, header: &Header, rows: Pass<'_, Row>) -> io::Result<()> {
    let mut titles = vec!["variant".to_owned()];
    titles.extend(header.axes.iter().map(|axis| axis.name.clone()));
    titles.extend(["runs", "all held", "requests"].map(str::to_owned));
    titles.extend(header.invariants.iter().map(|one| format!("held: {}", one.name)));
    for measure in &header.measures {
        let name = titled(measure);
        let parts = ["mean", "half width", "min", "max"];
        titles.extend(parts.map(|part| format!("{name}: {part}")));
    }
    for measure in &header.measures {
        let name = titled(measure);
        let parts = ["difference", "difference half width", "correlation"];
        titles.extend(parts.map(|part| format!("{name}: {part}")));
    }
    line(out, titles.iter().map(String::as_str))?;
    rows(&mut |row| {
        let mut cells = vec![row.variant.to_string()];
        cells.extend(header.shown(row.variant).into_iter().map(str::to_owned));
        cells.extend([row.runs, row.all_held, row.requests].map(|count| count.to_string()));
        cells.extend(row.held.iter().map(|held| held.held.to_string()));
        for measured in &row.measures {
            let numbers = measured
                .as_ref()
                .map(|m| [m.sample.mean, m.sample.half_width(super::rows::LEVEL), m.min, m.max]);
            cells.extend(texts(numbers));
        }
        for at in 0..header.measures.len() {
            let contrast = row.contrasts.get(at).copied().flatten();
            let numbers = contrast.map(|contrast| {
                let difference = contrast.paired.difference;
                let correlation = contrast.paired.correlation.unwrap_or(f64::NAN);
                [difference.mean, difference.half_width(super::rows::LEVEL), correlation]
            });
            cells.extend(texts(numbers));
        }
        line(out, cells.iter().map(String::as_str))
    })
}

/// A line a run.
///
/// # Errors
/// As [`variants`].
pub fn runs(out: &mut dyn Write, header: &Header, records: Pass<'_, Record>) -> io::Result<()> {
    let mut titles = vec!["variant".to_owned()];
    titles.extend(header.axes.iter().map(|axis| axis.name.clone()));
    titles.extend(["trigger", "seed", "digest", "requests", "monthly cost ($)"].map(str::to_owned));
    titles.extend(header.invariants.iter().map(|one| format!("verdict: {}", one.name)));
    titles.extend(header.measures.iter().map(titled));
    line(out, titles.iter().map(String::as_str))?;
    let variants = header.variants();
    records(&mut |record| {
        let mut cells = vec![record.variant.to_string()];
        let shown = header.shown(record.variant % variants);
        cells.extend(shown.into_iter().map(str::to_owned));
        cells.push(if record.variant < variants { "yes" } else { "no" }.into());
        cells.extend([record.seed.to_string(), record.digest.clone(), record.requests.to_string()]);
        cells.push(record.monthly_usd.to_string());
        cells.extend(record.verdicts.chars().map(|letter| word(letter).to_owned()));
        cells.extend(record.seen.iter().map(|seen| text(*seen)));
        line(out, cells.iter().map(String::as_str))
    })
}

/// What a verdict's letter says.
const fn word(letter: char) -> &'static str {
    match letter {
        'h' => "holds",
        'b' => "broken",
        _ => "unmeasured",
    }
}

fn titled(measure: &Named) -> String {
    if measure.unit.is_empty() {
        measure.name.clone()
    } else {
        format!("{} ({})", measure.name, measure.unit)
    }
}

/// Numbers as they are read back; what is not a number is left empty.
fn texts<const N: usize>(numbers: Option<[f64; N]>) -> [String; N] {
    let numbers = numbers.unwrap_or([f64::NAN; N]);
    numbers.map(|number| text(Some(number)))
}

fn text(number: Option<f64>) -> String {
    number.filter(|number| number.is_finite()).map_or_else(String::new, |number| number.to_string())
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
    fn what_is_no_number_is_empty() {
        assert_eq!(texts(Some([1.5, f64::INFINITY])), ["1.5", ""]);
        assert_eq!(texts::<2>(None), ["", ""]);
    }
}
