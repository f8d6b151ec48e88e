//! A study as text for people: what was asked, a row a variant, what differs from the base.

use super::Pass;
use super::finding::{Finding, Side};
use super::journal::{Header, Named};
use super::rows::{Contrast, LEVEL, Row};
use super::search_result::SearchResult;
use crate::report::value::{clock, count, short};
use crate::stats::{Sample, clopper_pearson};
use crate::units::Unit;
use std::io::{self, Write};

/// The widest line of a table; a single wider column is not broken.
const WIDTH: usize = 100;

/// The whole report.
///
/// # Errors
/// What writing or reading says.
pub fn render(
    out: &mut dyn Write,
    header: &Header,
    rows: Pass<'_, Row>,
    found: &SearchResult,
) -> io::Result<()> {
    head(out, header)?;
    if let SearchResult::Along { axis, findings, .. } = found {
        return along(out, header, *axis, findings);
    }
    let many = header.invariants.len() > 1;
    writeln!(
        out,
        "\nmeasured  mean +- half of its 95 % interval over the runs; of shares of runs the exact one"
    )?;
    legend(out, "", &header.measures)?;
    writeln!(out)?;
    let mut titles = vec!["all hold".to_owned()];
    titles.extend((0..header.measures.len()).map(|at| letter("", at)));
    table(out, header, &titles, rows, &|row| {
        let mut cells = vec![share(row.all_held, row.runs)];
        let of = |(at, named): (usize, &Named)| {
            let measured = row.measures.get(at).copied().flatten();
            measured.map_or_else(|| "-".into(), |one| mean(&one.sample, named.unit()))
        };
        cells.extend(header.measures.iter().enumerate().map(of));
        Some(cells)
    })?;
    if many {
        writeln!(out, "\npromises  runs in which each held")?;
        legend(out, "p", &header.invariants)?;
        writeln!(out)?;
        let titles: Vec<_> = (0..header.invariants.len()).map(|at| letter("p", at)).collect();
        table(out, header, &titles, rows, &|row| {
            Some(row.held.iter().map(|held| format!("{} of {}", held.held, row.runs)).collect())
        })?;
    }
    contrasts(out, header, rows)?;
    cheapest(out, header, found)
}

fn head(out: &mut dyn Write, header: &Header) -> io::Result<()> {
    writeln!(out, "{}", header.title)?;
    for line in header.question.lines() {
        writeln!(out, "  {}", line.trim())?;
    }
    writeln!(out, "\nstudy     hash {}", header.hash)?;
    writeln!(out, "scenario  {} (hash {})", header.scenario, header.scenario_hash)?;
    let variants = count(header.variants());
    let last = header.first_seed + header.most_seeds - 1;
    let first = header.first_seed;
    let runs = header.precision.map_or_else(
        || format!("seeds {first}..{last}"),
        |precision| {
            let (least, most) = (header.least_seeds, header.most_seeds);
            let within = short(precision * 100.0, Unit::Ratio);
            format!("{least} to {most} seeds each, to within {within} of each mean")
        },
    );
    writeln!(out, "runs      {variants} variants, {runs}")?;
    for (at, axis) in header.axes.iter().enumerate() {
        let label = if at == 0 { "changed " } else { "        " };
        // What never changes has no column.
        let only = match axis.values.as_slice() {
            [only] => format!(" = {only}"),
            _ => String::new(),
        };
        writeln!(out, "{label}  {}  {}{only}", axis_letter(at), axis.name)?;
    }
    Ok(())
}

fn legend(out: &mut dyn Write, before: &str, named: &[Named]) -> io::Result<()> {
    let widest = named.iter().map(|one| one.name.chars().count()).max().unwrap_or(0);
    for (at, one) in named.iter().enumerate() {
        writeln!(out, "  {:<3} {:<widest$}  {}", letter(before, at), one.name, one.text)?;
    }
    Ok(())
}

fn letter(before: &str, at: usize) -> String {
    if before.is_empty() && at < 26 {
        return char::from(b'a' + u8::try_from(at).unwrap_or(0)).to_string();
    }
    format!("{}{}", if before.is_empty() { "m" } else { before }, at + 1)
}

fn axis_letter(at: usize) -> String {
    if at < 26 {
        return char::from(b'A' + u8::try_from(at).unwrap_or(0)).to_string();
    }
    format!("X{}", at + 1)
}

/// `4 of 5 (28 to 99 %)`.
fn share(held: u64, runs: u64) -> String {
    let (low, high) = clopper_pearson(held, runs, LEVEL);
    format!("{held} of {runs} ({:.0} to {:.0} %)", low * 100.0, high * 100.0)
}

/// `12 ms +- 1 ms`.
pub(super) fn mean(sample: &Sample, unit: Unit) -> String {
    let width = sample.half_width(LEVEL);
    let value = short(sample.mean, unit);
    if width.is_finite() { format!("{value} +- {}", short(width, unit)) } else { value }
}

/// A difference; of two shares it is in points of a per cent, not in per cent of one of them.
fn signed(value: f64, unit: Unit) -> String {
    let text = in_points(&short(value, unit));
    if value > 0.0 { format!("+{text}") } else { text }
}

fn in_points(text: &str) -> String {
    text.strip_suffix(" %").map_or_else(|| text.to_owned(), |number| format!("{number} points"))
}

/// Differences to the base, seed by seed.
fn contrasts(out: &mut dyn Write, header: &Header, rows: Pass<'_, Row>) -> io::Result<()> {
    if header.variants() < 2 {
        return Ok(());
    }
    let base = header.number(&header.base);
    let values = header.shown(base).join(", ");
    writeln!(out, "\nagainst   variant {base} ({values}), by pairs of runs with the same seed")?;
    writeln!(
        out,
        "          difference +- half of its 95 % interval [correlation of the pairs]\n"
    )?;
    let titles: Vec<_> = (0..header.measures.len()).map(|at| letter("", at)).collect();
    table(out, header, &titles, rows, &|row| {
        let of = |(at, named): (usize, &Named)| {
            let Some(contrast) = row.contrasts.get(at).copied().flatten() else {
                return "-".into();
            };
            difference(&contrast, named.unit())
        };
        (!row.contrasts.is_empty()).then(|| header.measures.iter().enumerate().map(of).collect())
    })
}

/// `+12 ms +- 1 ms [0.93]`.
pub(super) fn difference(contrast: &Contrast, unit: Unit) -> String {
    let paired = contrast.paired;
    let width = paired.difference.half_width(LEVEL);
    let mut text = signed(paired.difference.mean, unit);
    if width.is_finite() {
        text += &format!(" +- {}", in_points(&short(width, unit)));
    }
    match paired.correlation {
        Some(_) if contrast.is_lost() => text += " [pairing lost]",
        Some(correlation) => text += &format!(" [{correlation:.2}]"),
        None => {}
    }
    text
}

/// What is written of a row; `None` leaves it out.
type Cells<'a> = &'a dyn Fn(&Row) -> Option<Vec<String>>;

/// A table in two passes, the first of which measures its columns; one that is too wide becomes several,
/// each of which begins with the variant.
fn table(
    out: &mut dyn Write,
    header: &Header,
    titles: &[String],
    rows: Pass<'_, Row>,
    cells: Cells<'_>,
) -> io::Result<()> {
    let mut keys = vec!["#".to_owned()];
    let varies: Vec<usize> =
        (0..header.axes.len()).filter(|&at| header.axes[at].values.len() > 1).collect();
    keys.extend(varies.iter().map(|&at| axis_letter(at)));
    let of = |row: &Row| -> Option<(Vec<String>, Vec<String>)> {
        let mut key = vec![row.variant.to_string()];
        let shown = header.shown(row.variant);
        key.extend(varies.iter().map(|&at| shown[at].to_owned()));
        Some((key, cells(row)?))
    };
    let length = |text: &String| text.chars().count();
    let mut key_widths: Vec<usize> = keys.iter().map(length).collect();
    let mut widths: Vec<usize> = titles.iter().map(length).collect();
    rows(&mut |row| {
        if let Some((key, cells)) = of(row) {
            let widen = |widths: &mut Vec<usize>, cells: &[String]| {
                for (width, cell) in widths.iter_mut().zip(cells) {
                    *width = (*width).max(length(cell));
                }
            };
            widen(&mut key_widths, &key);
            widen(&mut widths, &cells);
        }
        Ok(())
    })?;
    let room = WIDTH.saturating_sub(key_widths.iter().map(|width| width + 2).sum::<usize>() + 2);
    let mut begin = 0;
    while begin < titles.len() {
        let mut end = begin + 1;
        let wide = |end: usize| widths[begin..end].iter().map(|width| width + 2).sum::<usize>();
        while end < titles.len() && wide(end + 1) <= room {
            end += 1;
        }
        if begin > 0 {
            writeln!(out)?;
        }
        line(out, &keys, &key_widths, &titles[begin..end], &widths[begin..end])?;
        rows(&mut |row| match of(row) {
            Some((key, cells)) => {
                let cells = cells.get(begin..end).unwrap_or_default();
                line(out, &key, &key_widths, cells, &widths[begin..end])
            }
            None => Ok(()),
        })?;
        begin = end;
    }
    Ok(())
}

fn line(
    out: &mut dyn Write,
    key: &[String],
    key_widths: &[usize],
    cells: &[String],
    widths: &[usize],
) -> io::Result<()> {
    let mut text = String::from("  ");
    for (cell, width) in key.iter().zip(key_widths) {
        text += &format!("{cell:<width$}  ");
    }
    for (cell, width) in cells.iter().zip(widths) {
        text += &format!("{cell:>width$}  ");
    }
    writeln!(out, "{}", text.trim_end())
}

fn cheapest(out: &mut dyn Write, header: &Header, found: &SearchResult) -> io::Result<()> {
    match found {
        SearchResult::Cheapest(Some((variant, cost))) => {
            let values = header.shown(*variant).join(", ");
            let cost = short(*cost, Unit::Money);
            writeln!(out, "\nfound     variant {variant} ({values}) holds for {cost} a month")?;
            writeln!(out, "          no cheaper one does")
        }
        SearchResult::Cheapest(None) => writeln!(out, "\nfound     no variant holds"),
        _ => Ok(()),
    }
}

fn along(
    out: &mut dyn Write,
    header: &Header,
    axis: usize,
    findings: &[Finding],
) -> io::Result<()> {
    writeln!(out)?;
    for finding in findings {
        let named = finding.choice.iter().enumerate().filter(|&(at, _)| at != axis);
        let values: Vec<_> = named.filter_map(|(at, &step)| value(header, at, step)).collect();
        if !values.is_empty() {
            writeln!(out, "{}", values.join(", "))?;
        }
        match finding.sides.as_slice() {
            [up, down] => {
                writeln!(out, "  without the trigger  {}", told(header, axis, up))?;
                writeln!(out, "  after the trigger    {}", told(header, axis, down))?;
                writeln!(out, "  metastable           {}", gap(header, axis, up, down))?;
            }
            sides => {
                for side in sides {
                    writeln!(out, "  {}", told(header, axis, side))?;
                }
            }
        }
    }
    Ok(())
}

fn value(header: &Header, axis: usize, step: usize) -> Option<&str> {
    header.axes.get(axis)?.values.get(step).map(String::as_str)
}

/// Between what the edge lies, and what gives way there.
pub(super) fn told(header: &Header, axis: usize, side: &Side) -> String {
    let name = header.axes.get(axis).map_or("", |axis| axis.name.as_str());
    let of = |step: Option<usize>| step.and_then(|step| value(header, axis, step));
    let mut text = match (of(side.holds), of(side.fails)) {
        (Some(holds), Some(fails)) => format!("{name}: holds at {holds}, not at {fails}"),
        (Some(holds), None) => format!("{name}: holds at {holds}, the last that was asked for"),
        (None, Some(fails)) => format!("{name}: does not hold at {fails}, the first"),
        (None, None) => "nothing was run".into(),
    };
    if let Some(gave_way) = side.gave_way
        && let Some(invariant) = header.invariants.get(gave_way.invariant)
    {
        let (runs, of) = (gave_way.runs, gave_way.of);
        text += &format!("; first \"{}\" gave way, in {runs} of {of} runs", invariant.name);
        if let Some(at) = gave_way.at_s {
            text += &format!(", at {} in the earliest", clock(at));
        }
    }
    text
}

/// The loads at which it holds unless something pushes it over, and then does not come back.
pub(super) fn gap(header: &Header, axis: usize, up: &Side, down: &Side) -> String {
    let of = |step: usize| value(header, axis, step).unwrap_or_default();
    match (up.holds, down.fails) {
        (Some(holds), Some(fails)) if fails < holds => {
            format!("from {} to {}", of(fails), of(holds))
        }
        (Some(holds), Some(fails)) if fails == holds => format!("at {}", of(fails)),
        (None, _) => "nowhere: it does not hold even without the trigger".into(),
        _ => "nowhere: wherever it holds it comes back".into(),
    }
}
