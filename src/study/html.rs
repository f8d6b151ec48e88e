//! A study as one page: curves with bands, heat maps of two changes, money against availability.

use super::finding::{Finding, Side};
use super::journal::{Axis, Header, Named};
use super::rows::{LEVEL, Row};
use super::search_result::SearchResult;
use super::text::{gap, mean, told};
use crate::report::html::{
    Across, Band, Cell, Downsample, Heat, Line, Mark, Page, Plot, Style, Table,
};
use crate::stats::clopper_pearson;
use crate::units::{Quantity, Unit};

/// More variants than this are not drawn: the tables of a study have them all.
pub const MOST: u64 = 2_000;
/// The most curves of a plot.
const MOST_LINES: usize = 8;

/// The page; `rows` are all variants in their order.
#[must_use]
pub fn page(header: &Header, rows: &[Row], found: &SearchResult) -> String {
    let mut page = Page::new(&header.title);
    page.section(1, "study", &header.title, |page| {
        for line in header.question.lines() {
            page.paragraph(line.trim());
        }
        about(page, header);
        match found {
            SearchResult::Along { axis, findings, .. } => along(page, header, *axis, findings),
            _ => cheapest(page, header, found),
        }
        if header.variants() > MOST {
            page.paragraph("There are too many variants to be drawn: `variants.csv` has them all.");
        } else if !header.is_search() {
            curves(page, header, rows);
            heats(page, header, rows);
            pareto(page, header, rows);
            variants(page, header, rows);
            contrasts(page, header, rows);
        }
    });
    page.finish()
}

fn about(page: &mut Page, header: &Header) {
    let mut table = Table::new("What was run").column("").column("");
    let mut row = |name: &str, text: &str| table.row(vec![Cell::text(name), Cell::text(text)]);
    row("scenario", &format!("{} (hash {})", header.scenario, header.scenario_hash));
    row("study", &format!("hash {}", header.hash));
    let last = header.first_seed + header.most_seeds - 1;
    let seeds = match header.precision {
        None => format!("{}..{last}", header.first_seed),
        Some(share) => format!(
            "{} to {} each, to within {} % of each mean",
            header.least_seeds,
            header.most_seeds,
            share * 100.0
        ),
    };
    row("seeds", &seeds);
    for axis in &header.axes {
        let values = axis.values.iter().take(20).cloned().collect::<Vec<_>>().join(", ");
        let more = if axis.values.len() > 20 { ", ..." } else { "" };
        row(&axis.name, &format!("{values}{more}"));
    }
    page.table(&table);
}

/// The places of an axis as numbers in the unit of reports, if all of them are quantities of one kind.
fn numbers(axis: &Axis) -> Option<(Unit, Vec<f64>)> {
    let read: Option<Vec<Quantity>> =
        axis.values.iter().map(|value| Quantity::parse(value).ok()).collect();
    let read = read.filter(|read| read.len() > 1)?;
    let unit = read.first()?.unit();
    let same = read.iter().all(|one| one.unit() == unit);
    same.then(|| (unit, read.iter().map(|one| one.in_short_unit()).collect()))
}

/// The axis along which curves are drawn: the one of numbers that has the most values.
fn along_which(header: &Header) -> Option<(usize, Unit, Vec<f64>)> {
    let all = header.axes.iter().enumerate();
    let of_numbers = all.filter_map(|(at, axis)| numbers(axis).map(|(unit, x)| (at, unit, x)));
    of_numbers.reduce(|best, one| if one.2.len() > best.2.len() { one } else { best })
}

/// What the values of the other axes are called, those left out that never change; numbers say of what.
fn others(header: &Header, variant: u64, without: usize) -> String {
    let shown = header.shown(variant);
    let named = shown.iter().zip(&header.axes).enumerate().filter_map(|(at, (value, axis))| {
        let varies = at != without && axis.values.len() > 1;
        let last = axis.name.rsplit('.').next().unwrap_or_default();
        let text = || match numbers(axis) {
            Some(_) => format!("{last} {value}"),
            None => (*value).to_owned(),
        };
        varies.then(text)
    });
    named.collect::<Vec<_>>().join(", ")
}

fn curves(page: &mut Page, header: &Header, rows: &[Row]) {
    let Some((axis, unit, x)) = along_which(header) else {
        return;
    };
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
    let name = &header.axes[axis].name;
    page.section(2, "curves", &format!("Along `{name}`"), |page| {
        page.paragraph("Means over the runs; bands are their 95 % intervals.");
        for (at, measure) in header.measures.iter().enumerate() {
            let mut plot = Plot {
                title: measure.name.clone(),
                note: measure.text.clone(),
                unit: measure.unit(),
                across: Across::Quantity { name: name.clone(), unit },
                x: order.iter().map(|&at| x[at]).collect(),
                lines: Vec::new(),
                bands: Vec::new(),
                shades: Vec::new(),
                marks: bound(header, at).into_iter().collect(),
                group: "curves".into(),
                downsample: Downsample::Mean,
                rows: 50,
            };
            let mut names: Vec<String> = Vec::new();
            for row in rows {
                let name = others(header, row.variant, axis);
                if !names.contains(&name) && names.len() < MOST_LINES {
                    names.push(name);
                }
            }
            for (colour, name) in names.iter().enumerate() {
                curve(&mut plot, header, rows, (axis, at), &order, (colour, name));
            }
            page.plot(&plot);
        }
    });
}

/// One curve with its band.
fn curve(
    plot: &mut Plot,
    header: &Header,
    rows: &[Row],
    (axis, measure): (usize, usize),
    order: &[usize],
    (colour, name): (usize, &str),
) {
    let at = |step: usize| {
        let row = rows.iter().find(|row| {
            header.choice(row.variant).get(axis) == Some(&step)
                && others(header, row.variant, axis) == name
        })?;
        row.measures.get(measure).copied().flatten().map(|one| one.sample)
    };
    let samples: Vec<_> = order.iter().map(|&step| at(step)).collect();
    let shown = if name.is_empty() { "mean" } else { name };
    let line =
        |name: String, strong, values| Line { name, colour, strong, style: Style::Line, values };
    let unit = plot.unit;
    let edge = |sign: f64| {
        let value = |sample: &Option<crate::stats::Sample>| {
            sample.map(|one| (one, one.half_width(LEVEL))).and_then(|(one, width)| {
                width.is_finite().then_some(within(unit, one.mean + sign * width))
            })
        };
        samples.iter().map(value).collect::<Vec<_>>()
    };
    let means = samples.iter().map(|sample| sample.map(|one| one.mean)).collect();
    plot.lines.push(line(shown.to_owned(), true, means));
    let low = plot.lines.len();
    plot.lines.push(line(format!("{shown}, low"), false, edge(-1.0)));
    plot.lines.push(line(format!("{shown}, high"), false, edge(1.0)));
    plot.bands.push(Band { low, high: low + 1 });
}

/// A share lies between none and all, whatever its interval says.
fn within(unit: Unit, value: f64) -> f64 {
    if unit == Unit::Ratio { value.clamp(0.0, 100.0) } else { value }
}

/// The bound of a measure that is an invariant's.
fn bound(header: &Header, measure: usize) -> Option<Mark> {
    let measure = header.measures.get(measure)?;
    let invariant = header.invariants.iter().find(|one| one.name == measure.name)?;
    let (_, written) = invariant.text.rsplit_once(['<', '>', '='])?;
    let quantity = Quantity::parse(written).ok().filter(|one| one.unit() == measure.unit())?;
    let label = format!("bound {}", written.trim());
    Some(Mark { value: quantity.in_short_unit(), label })
}

/// A map of the first two axes that change, the others at the base.
fn heats(page: &mut Page, header: &Header, rows: &[Row]) {
    let varies: Vec<usize> =
        (0..header.axes.len()).filter(|&at| header.axes[at].values.len() > 1).collect();
    let &[down, across, ..] = varies.as_slice() else {
        return;
    };
    let (columns, lines) = (&header.axes[across].values, &header.axes[down].values);
    if columns.len() > 30 || lines.len() > 100 {
        return;
    }
    page.section(2, "maps", "Two changes at once", |page| {
        let rest: Vec<String> = varies[2..]
            .iter()
            .map(|&at| {
                format!("`{}` = {}", header.axes[at].name, header.axes[at].values[header.base[at]])
            })
            .collect();
        if !rest.is_empty() {
            page.paragraph(&format!("With {}.", rest.join(", ")));
        }
        for (at, measure) in header.measures.iter().enumerate() {
            let value = |line: usize, column: usize| {
                let mut choice = header.base.clone();
                (choice[down], choice[across]) = (line, column);
                let number = header.number(&choice);
                let row = rows.iter().find(|row| row.variant == number)?;
                row.measures.get(at).copied().flatten().map(|one| one.sample.mean)
            };
            let values = (0..lines.len())
                .map(|line| (0..columns.len()).map(|column| value(line, column)).collect())
                .collect();
            let heat = Heat {
                caption: measure.name.clone(),
                across: header.axes[across].name.clone(),
                down: header.axes[down].name.clone(),
                columns: columns.clone(),
                rows: lines.clone(),
                values,
                unit: measure.unit(),
            };
            page.markup(&heat.html());
        }
    });
}

/// Which of these, the cheapest first, are better than all that cost less.
fn front(good: impl Iterator<Item = f64>) -> Vec<bool> {
    let mut best = f64::NEG_INFINITY;
    good.map(|good| {
        let better = good > best;
        best = best.max(good);
        better
    })
    .collect()
}

/// Money against availability, and the variants of which none is cheaper and at least as good.
fn pareto(page: &mut Page, header: &Header, rows: &[Row]) {
    let found = |is: &dyn Fn(&Named) -> bool| header.measures.iter().position(is);
    let money = found(&|one| one.text.trim() == "monthly_cost");
    let good = found(&|one| one.unit() == Unit::Ratio && one.text.starts_with("availability"));
    let (Some(money), Some(good)) = (money, good) else {
        return;
    };
    let value =
        |row: &Row, at: usize| row.measures.get(at).copied().flatten().map(|m| m.sample.mean);
    let mut points: Vec<(f64, f64, &Row)> =
        rows.iter().filter_map(|row| Some((value(row, money)?, value(row, good)?, row))).collect();
    if points.len() < 2 {
        return;
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
    let front = front(points.iter().map(|one| one.1));
    let name = header.measures[good].name.clone();
    page.section(2, "pareto", "Money against availability", |page| {
        let line = |name: &str, colour, strong, of: &dyn Fn(usize) -> bool| Line {
            name: name.into(),
            colour,
            strong,
            style: Style::Points,
            values: points.iter().enumerate().map(|(at, one)| of(at).then_some(one.1)).collect(),
        };
        page.plot(&Plot {
            title: name.clone(),
            note: "On the front are the variants of which no cheaper one is as good.".into(),
            unit: Unit::Ratio,
            across: Across::Quantity {
                name: header.measures[money].name.clone(),
                unit: Unit::Money,
            },
            x: points.iter().map(|one| one.0).collect(),
            lines: vec![
                line("on the front", 0, true, &|at| front[at]),
                line("others", 1, false, &|at| !front[at]),
            ],
            bands: Vec::new(),
            shades: Vec::new(),
            marks: Vec::new(),
            group: "pareto".into(),
            downsample: Downsample::Peak,
            rows: 50,
        });
        let mut table =
            named(header, Table::new("On the front")).numbers("monthly cost").numbers(&name);
        for (&(cost, good, row), _) in points.iter().zip(&front).filter(|(_, on)| **on) {
            let mut cells = names(header, row.variant);
            cells.push(Cell::value(Some(cost), Unit::Money));
            cells.push(Cell::value(Some(good), Unit::Ratio));
            table.row(cells);
        }
        page.table(&table);
    });
}

/// The columns that name a variant.
fn named(header: &Header, table: Table) -> Table {
    header.axes.iter().fold(table.column("variant"), |table, axis| table.column(&axis.name))
}

fn names(header: &Header, variant: u64) -> Vec<Cell> {
    let mut cells = vec![Cell::text(&variant.to_string())];
    cells.extend(header.shown(variant).into_iter().map(Cell::text));
    cells
}

fn variants(page: &mut Page, header: &Header, rows: &[Row]) {
    page.section(2, "variants", "All variants", |page| {
        let table = named(header, Table::new("Means with half of their 95 % intervals"));
        let table = table.numbers("runs in which all hold");
        let mut table = header.measures.iter().fold(table, |table, one| table.numbers(&one.name));
        for row in rows {
            let (low, high) = clopper_pearson(row.all_held, row.runs, LEVEL);
            let (low, high) = (low * 100.0, high * 100.0);
            let mut cells = names(header, row.variant);
            let share = format!("{} of {} ({low:.0} to {high:.0} %)", row.all_held, row.runs);
            cells.push(Cell::number(&share));
            cells.extend(header.measures.iter().enumerate().map(|(at, one)| {
                match row.measures.get(at).copied().flatten() {
                    Some(measured) => Cell::number(&mean(&measured.sample, one.unit())),
                    None => Cell::value(None, one.unit()),
                }
            }));
            table.row(cells);
        }
        page.table(&table);
    });
}

fn contrasts(page: &mut Page, header: &Header, rows: &[Row]) {
    if rows.iter().all(|row| row.contrasts.is_empty()) {
        return;
    }
    let base = header.shown(header.number(&header.base)).join(", ");
    page.section(2, "differences", "Differences to the base", |page| {
        page.paragraph(&format!(
            "Against {base}: runs with the same seed share their viewers, so differences are taken in pairs. \
             Where the pairs do not go together, their correlation below 0.2, the pairing is lost."
        ));
        let table = named(header, Table::new("Differences with half of their 95 % intervals"));
        let mut table = header.measures.iter().fold(table, |table, one| table.numbers(&one.name));
        for row in rows.iter().filter(|row| !row.contrasts.is_empty()) {
            let mut cells = names(header, row.variant);
            cells.extend(header.measures.iter().enumerate().map(|(at, one)| {
                match row.contrasts.get(at).copied().flatten() {
                    Some(contrast) => Cell::number(&super::text::difference(&contrast, one.unit())),
                    None => Cell::value(None, one.unit()),
                }
            }));
            table.row(cells);
        }
        page.table(&table);
    });
}

fn cheapest(page: &mut Page, header: &Header, found: &SearchResult) {
    let said = match found {
        SearchResult::Cheapest(Some((variant, cost))) => {
            let values = header.shown(*variant).join(", ");
            let cost = crate::report::value::short(*cost, Unit::Money);
            format!("The cheapest variant that holds is {values}, for {cost} a month.")
        }
        SearchResult::Cheapest(None) => "No variant holds.".to_owned(),
        _ => return,
    };
    page.section(2, "found", "What was found", |page| page.paragraph(&said));
}

fn along(page: &mut Page, header: &Header, axis: usize, findings: &[Finding]) {
    let two = findings.iter().any(|one| one.sides.len() > 1);
    page.section(2, "found", "What was found", |page| {
        let rest = header.axes.iter().enumerate().filter(|&(at, _)| at != axis);
        let table = rest
            .fold(Table::new("Where it gives way"), |table, (_, axis)| table.column(&axis.name));
        let mut table = if two {
            table.column("without the trigger").column("after the trigger").column("metastable")
        } else {
            table.column(&header.axes[axis].name)
        };
        for finding in findings {
            let others = finding.choice.iter().enumerate().filter(|&(at, _)| at != axis);
            let mut cells: Vec<Cell> = others
                .filter_map(|(at, &step)| header.axes.get(at)?.values.get(step))
                .map(|value| Cell::text(value))
                .collect();
            let sentence = |side: &Side| Cell::text(&told(header, axis, side));
            cells.extend(finding.sides.iter().map(sentence));
            if let [up, down] = finding.sides.as_slice() {
                cells.push(Cell::text(&gap(header, axis, up, down)));
            }
            table.row(cells);
        }
        page.table(&table);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_the_front_is_what_no_cheaper_one_beats() {
        let good = [90.0, 89.0, 95.0, 95.0, 99.0];
        assert_eq!(front(good.into_iter()), [true, false, true, false, true]);
    }

    #[test]
    fn an_axis_of_numbers_has_one_unit() {
        let axis = |values: &[&str]| Axis {
            name: "a".into(),
            values: values.iter().map(|&value| value.to_owned()).collect(),
        };
        assert_eq!(numbers(&axis(&["100ms", "1s"])), Some((Unit::Time, vec![100.0, 1_000.0])));
        assert_eq!(numbers(&axis(&["1", "1s"])), None);
        assert_eq!(numbers(&axis(&["fifo", "lifo"])), None);
    }
}
