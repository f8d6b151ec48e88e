//! What caches missed of a trace, as a page with its plots.

use super::{percent, room};
use crate::cache::Estimate;
use crate::replay::{Point, Replayed, Requests, Room, Rule, share};
use crate::report::colour::tame;
use crate::report::html::{Across, Band, Cell, Downsample, Line, Page, Plot, Style, Table};
use crate::report::value::count;
use crate::units::{Unit, count_to_f64};

/// One cache: who leaves it, how large it is, and which shares of requests and bytes it misses.
struct Missed {
    rule: Rule,
    room: Room,
    requests: Estimate,
    bytes: Option<Estimate>,
}

impl Missed {
    fn of(row: &Replayed, requests: &Requests) -> Self {
        let exact = |mean| Estimate { mean, error: 0.0 };
        Self {
            rule: row.rule,
            room: row.room,
            requests: exact(share(row.misses.misses, requests.len())),
            bytes: Some(exact(share(row.misses.bytes, requests.bytes()))),
        }
    }

    const fn is_in_bytes(&self) -> bool {
        matches!(self.room, Room::Bytes(_))
    }

    const fn size(&self) -> u64 {
        match self.room {
            Room::Slots(slots) => slots as u64,
            Room::Bytes(bytes) => bytes,
        }
    }
}

/// The rows of a replay as a page: a curve for each policy, and all of them as a table.
#[must_use]
pub fn page(name: &str, requests: &Requests, rows: &[Replayed]) -> String {
    let missed: Vec<Missed> = rows.iter().map(|row| Missed::of(row, requests)).collect();
    whole(name, requests, &missed, |page| {
        page.section(2, "all", "Every cache", |page| page.table(&table(requests, rows)));
    })
}

/// Miss-ratio curves as a page; where they are estimated, with the 95 % interval as a band.
#[must_use]
pub fn curve_page(name: &str, requests: &Requests, curves: &[(Rule, Vec<Point>)]) -> String {
    let of = |(rule, points): &(Rule, Vec<Point>)| -> Vec<Missed> {
        let one = |point: &Point| {
            let (requests, bytes) = point.missed;
            Missed { rule: *rule, room: point.room, requests, bytes }
        };
        points.iter().map(one).collect()
    };
    let missed: Vec<Missed> = curves.iter().flat_map(of).collect();
    whole(name, requests, &missed, |page| {
        if missed.iter().any(|one| one.requests.error > 0.0) {
            page.paragraph(
                "Estimated from samples of the objects where there is a band, which is a 95 % interval.",
            );
        }
    })
}

fn whole(
    name: &str,
    requests: &Requests,
    missed: &[Missed],
    more: impl FnOnce(&mut Page),
) -> String {
    let title = format!("What caches miss of {}", tame(name));
    let mut page = Page::new(&title);
    page.section(1, "top", &title, |page| {
        page.paragraph(&format!(
            "{} requests for {} objects, {} bytes. Each cache is empty at first.",
            count(requests.len()),
            count(requests.objects().into()),
            count(requests.bytes())
        ));
        page.section(2, "misses", "Misses by room", |page| {
            for (in_bytes, place, heading) in [
                (false, "objects", "Room for so many objects"),
                (true, "bytes", "Room for so many bytes"),
            ] {
                let of = missed.iter().filter(|one| one.is_in_bytes() == in_bytes);
                let of: Vec<&Missed> = of.collect();
                if !of.is_empty() {
                    page.section(3, place, heading, |page| plots(page, place, &of));
                }
            }
        });
        more(page);
    });
    page.finish()
}

/// Misses of requests and, where they are known, of bytes, of caches whose room is of one kind.
fn plots(page: &mut Page, group: &str, missed: &[&Missed]) {
    let in_bytes = missed.iter().any(|one| one.is_in_bytes());
    let mut sizes: Vec<u64> = missed.iter().map(|one| one.size()).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let mut rules: Vec<Rule> = Vec::new();
    for one in missed {
        if !rules.contains(&one.rule) {
            rules.push(one.rule);
        }
    }
    for of_bytes in [false, true] {
        let mut plot = Plot {
            title: if of_bytes { "Bytes missed" } else { "Requests missed" }.into(),
            note: String::new(),
            unit: Unit::Ratio,
            across: Across::Size {
                name: "room".into(),
                unit: if in_bytes { Unit::Bytes } else { Unit::Count },
            },
            x: sizes.iter().map(|&size| count_to_f64(size)).collect(),
            lines: Vec::new(),
            bands: Vec::new(),
            shades: Vec::new(),
            marks: Vec::new(),
            group: group.into(),
            downsample: Downsample::Mean,
            rows: usize::MAX,
        };
        for (colour, &rule) in rules.iter().enumerate() {
            let at = |&size: &u64| {
                let one = missed.iter().find(|one| one.rule == rule && one.size() == size)?;
                if of_bytes { one.bytes } else { Some(one.requests) }
            };
            let seen: Vec<Option<Estimate>> = sizes.iter().map(at).collect();
            curve(&mut plot, rule.name(), colour, &seen);
        }
        if !plot.lines.is_empty() {
            page.plot(&plot);
        }
    }
}

/// A line, and a band around it where it is an estimate; nothing where nothing is known.
fn curve(plot: &mut Plot, name: &str, colour: usize, seen: &[Option<Estimate>]) {
    if seen.iter().all(Option::is_none) {
        return;
    }
    let line = |name: String, strong, by: f64| {
        let value = |one: &Estimate| (100.0 * (one.mean + by * one.error)).clamp(0.0, 100.0);
        let values = seen.iter().map(|one| one.as_ref().map(value)).collect();
        Line { name, colour, strong, style: Style::Line, values }
    };
    plot.lines.push(line(name.to_owned(), true, 0.0));
    if seen.iter().flatten().any(|one| one.error > 0.0) {
        let low = plot.lines.len();
        plot.lines.push(line(format!("{name}, low"), false, -1.0));
        plot.lines.push(line(format!("{name}, high"), false, 1.0));
        plot.bands.push(Band { low, high: low + 1 });
    }
}

fn table(requests: &Requests, rows: &[Replayed]) -> Table {
    let mut table = Table::new("Every cache")
        .below_its_heading()
        .column("Policy")
        .numbers("Room")
        .numbers("Misses")
        .numbers("Of requests")
        .numbers("Bytes missed")
        .numbers("Of bytes");
    for row in rows {
        let misses = row.misses;
        table.row(vec![
            Cell::text(row.rule.name()),
            Cell::number(&room(row.room)),
            Cell::number(&count(misses.misses)),
            Cell::number(&percent(share(misses.misses, requests.len()))),
            Cell::number(&count(misses.bytes)),
            Cell::number(&percent(share(misses.bytes, requests.bytes()))),
        ]);
    }
    table
}
