//! The plots of a run, as many values as there is room for.

use super::catalogue::{CHAPTERS, Entry, others};
use crate::report::html::{Across, Line, Page, Plot, Shade, ShadeOf};
use crate::report::model::{Planned, Run, Seconds};
use crate::report::stored::Stored;
use crate::report::value;

/// Widths of what one value stands for, in seconds.
const WIDTHS: [u32; 14] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 21_600, 86_400];
/// The most values that a line is drawn with: a screen has no more places.
const MOST_PLACES: usize = 1_800;
/// The most values of a page.
const MOST_VALUES: usize = 260_000;
/// The most cells of the tables behind its plots.
const MOST_CELLS: usize = 12_000;

/// How much room a page gives its plots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Room {
    /// Which of [`WIDTHS`].
    width: usize,
    /// Rows of the tables behind them.
    rows: usize,
    /// Whether the plots are there that are not shown at once.
    more: bool,
}

impl Default for Room {
    fn default() -> Self {
        Self { width: 0, rows: 24, more: true }
    }
}

impl Room {
    /// Less room; `None` if there is no less.
    pub(super) fn less(self) -> Option<Self> {
        if self.width + 1 < WIDTHS.len() {
            Some(Self { width: self.width + 1, rows: (self.rows * 3 / 4).max(6), ..self })
        } else {
            self.more.then_some(Self { more: false, ..self })
        }
    }

    /// As many values as these results can have.
    pub(super) fn fitted(mut self, results: &[Stored]) -> Self {
        let lines: Vec<(usize, usize)> = results.iter().map(|one| extent(&one.runs[0])).collect();
        let of = |width: usize| {
            let wide = WIDTHS[width] as usize;
            let places = |rows: usize| rows.div_ceil(wide);
            let all: usize = lines.iter().map(|&(lines, rows)| lines * places(rows)).sum();
            let longest = lines.iter().map(|&(_, rows)| places(rows)).max().unwrap_or(0);
            all <= MOST_VALUES && longest <= MOST_PLACES
        };
        while self.width + 1 < WIDTHS.len() && !of(self.width) {
            self.width += 1;
        }
        let lines: usize = lines.iter().map(|&(lines, _)| lines).sum();
        self.rows = self.rows.min((MOST_CELLS / lines.max(1)).max(6));
        self
    }
}

/// How many lines a run's plots have, and how many seconds.
fn extent(run: &Run) -> (usize, usize) {
    let Some(series) = &run.series else { return (0, 0) };
    let entries = CHAPTERS.iter().flat_map(|chapter| chapter.entries);
    let there = entries.filter_map(|entry| entry.of.values(series)).map(|lists| lists.len());
    (there.sum::<usize>() + others(series).len() * series.regions.len(), series.ends_s.len())
}

/// All plots of a result's first run.
pub(super) fn plots(page: &mut Page, one: &Stored, prefix: &str, room: Room) {
    let run = &one.runs[0];
    let Some(series) = &run.series else {
        page.paragraph(
            "This result was stored without its seconds, so there are no plots. \
             `squall run … --format json --series` stores them, and `squall run … --html FILE` makes \
             the page at once.",
        );
        return;
    };
    let wide = WIDTHS[room.width];
    let each = match wide {
        1 => "Each value stands for one second.".to_owned(),
        wide => format!(
            "Each value stands for {}: rates and shares are means, queues and percentiles those of the \
             worst second.",
            value::clock(wide.into())
        ),
    };
    let touched = touched(run, series);
    let names = order(&touched, &series.regions).into_iter().map(|region| &*series.regions[region]);
    let names: Vec<_> = names.filter(|name| touched.contains(&(*name).to_owned())).collect();
    let where_done = match names.as_slice() {
        [] => String::new(),
        names if names.len() == series.regions.len() => " The faults act on every region.".into(),
        names => format!(" The faults act on {}: drawn strongly.", names.join(", ")),
    };
    page.paragraph(&format!(
        "{each}{where_done} Percentiles are within 6 %. Drag to zoom, double-click to see all; a \
         region's name shows or hides it everywhere.",
    ));
    let group = format!("{prefix}run");
    page.tools(&group);
    let maker = Maker { run, series, group, room, touched };
    let level = if prefix.is_empty() { 3 } else { 4 };
    for chapter in CHAPTERS {
        let made: Vec<(bool, Plot)> = chapter
            .entries
            .iter()
            .filter_map(|entry| Some((entry.main, maker.plot(entry)?)))
            .collect();
        if made.is_empty() {
            continue;
        }
        page.section(level, &format!("{prefix}{}", chapter.place), chapter.title, |page| {
            let (main, more): (Vec<_>, Vec<_>) = made.iter().partition(|(main, _)| *main);
            grid(page, main.into_iter().map(|(_, plot)| plot));
            if !more.is_empty() && room.more {
                page.details(&format!("More plots ({})", more.len()), |page| {
                    grid(page, more.into_iter().map(|(_, plot)| plot));
                });
            }
        });
    }
    let others: Vec<Plot> = others(series).iter().filter_map(|entry| maker.plot(entry)).collect();
    if !others.is_empty() && room.more {
        page.details(&format!("Other metrics ({})", others.len()), |page| {
            grid(page, others.iter());
        });
    }
}

fn grid<'a>(page: &mut Page, plots: impl Iterator<Item = &'a Plot>) {
    page.markup("<div class=\"grid\">\n");
    plots.for_each(|plot| page.plot(plot));
    page.markup("</div>\n");
}

/// The regions that faults and changes act on.
fn touched(run: &Run, series: &Seconds) -> Vec<String> {
    let named =
        |region: &&String| run.timeline.iter().flatten().any(|one| one.regions.contains(region));
    series.regions.iter().filter(named).cloned().collect()
}

/// Regions in the order in which they are drawn: those that faults act on first.
fn order(touched: &[String], regions: &[String]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..regions.len()).collect();
    order.sort_by_key(|&region| !touched.contains(&regions[region]));
    order
}

struct Maker<'a> {
    run: &'a Run,
    series: &'a Seconds,
    group: String,
    room: Room,
    touched: Vec<String>,
}

impl Maker<'_> {
    fn plot(&self, entry: &Entry) -> Option<Plot> {
        let lists = entry.of.values(self.series)?;
        let downsample = entry.of.downsample();
        let (x, cuts) = self.places();
        let thin = |list: &[Option<f64>]| -> Vec<Option<f64>> {
            cuts.windows(2).map(|cut| downsample.of(&list[cut[0]..cut[1]])).collect()
        };
        let line = |name: &str, colour: usize, strong: bool, list: &[Option<f64>]| Line {
            name: name.to_owned(),
            colour,
            strong,
            style: entry.of.style(),
            values: thin(list),
        };
        let lines = if entry.of.is_single() {
            vec![line("all regions", 0, true, &lists[0])]
        } else {
            let order = order(&self.touched, &self.series.regions);
            let all = self.touched.is_empty() || self.touched.len() == order.len();
            let each = order.into_iter().map(|region| {
                let name = &self.series.regions[region];
                let strong = all || self.touched.contains(name);
                line(name, region, strong, &lists[region])
            });
            // A region that never had a value has no line.
            each.filter(|line| line.values.iter().any(Option::is_some)).collect()
        };
        (!lines.is_empty()).then(|| Plot {
            title: entry.title.to_owned(),
            note: entry.note.to_owned(),
            unit: entry.unit,
            across: Across::Clock,
            x,
            lines,
            bands: Vec::new(),
            shades: self.shades(),
            marks: Vec::new(),
            group: self.group.clone(),
            downsample,
            rows: self.room.rows,
        })
    }

    /// The warm-up, faults and changes.
    fn shades(&self) -> Vec<Shade> {
        let until = self.series.judged_from_s;
        let warmup = Shade { from: 0.0, until, label: "warm-up".into(), of: ShadeOf::Apart };
        let planned =
            self.run.timeline.iter().flatten().map(|one| shade(one, self.run.simulated_s));
        (until > 0.0).then_some(warmup).into_iter().chain(planned).collect()
    }

    /// Where each value stands, and which rows of the series it is made of.
    fn places(&self) -> (Vec<f64>, Vec<usize>) {
        let wide = f64::from(WIDTHS[self.room.width]);
        let ends = &self.series.ends_s;
        let starts: Vec<f64> =
            [0.0].into_iter().chain(ends.iter().copied()).take(ends.len()).collect();
        let bucket = |start: f64| (start / wide).floor();
        let mut cuts: Vec<usize> = (0..starts.len())
            .filter(|&row| row == 0 || bucket(starts[row]) > bucket(starts[row - 1]))
            .collect();
        let x = cuts.iter().map(|&row| starts[row]).collect();
        cuts.push(starts.len());
        (x, cuts)
    }
}

fn shade(one: &Planned, end: f64) -> Shade {
    Shade {
        from: one.from_s,
        until: one.until_s.unwrap_or(end),
        label: one.label.clone(),
        of: if one.what == "change" { ShadeOf::Change } else { ShadeOf::Fault },
    }
}
