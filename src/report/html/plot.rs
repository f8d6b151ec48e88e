//! Plots: what is drawn by the page's script, and the same as a sentence and a table.

use super::{Cell, Table, escape};
use crate::report::{series::rounded, value};
use crate::units::Unit;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// What runs along a plot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Across {
    /// Seconds since the start of a run, as on a clock.
    Clock,
    /// A quantity, with its name.
    Quantity {
        /// What it is.
        name: String,
        /// Its unit.
        unit: Unit,
    },
    /// A quantity above zero on a logarithmic scale: sizes that multiply.
    Size {
        /// What it is.
        name: String,
        /// Its unit.
        unit: Unit,
    },
}

/// How a line looks.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Style {
    /// From point to point.
    #[default]
    Line,
    /// In steps: a state, or a level that stays until it changes.
    Steps,
    /// Points alone: a cloud.
    Points,
}

/// A named series of values, one for each place of the plot's `x`.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    /// Its name; the same name has the same colour number in all plots of a group.
    pub name: String,
    /// Its colour's number; more than there are begin again, dashed.
    pub colour: usize,
    /// Whether it is drawn strongly: what the plot is about.
    pub strong: bool,
    /// How it looks.
    pub style: Style,
    /// The values in the unit that reports use ([`Unit::short`]); `None` leaves a gap.
    pub values: Vec<Option<f64>>,
}

/// The room between two lines, shaded in the colour of the upper one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Band {
    /// The line below, by its number.
    pub low: usize,
    /// The line above.
    pub high: usize,
}

/// A stretch of `x` that is shaded and labelled.
#[derive(Clone, PartialEq, Debug)]
pub struct Shade {
    /// Where it begins.
    pub from: f64,
    /// Where it ends; the same for an instant.
    pub until: f64,
    /// Its label.
    pub label: String,
    /// What it is.
    pub of: ShadeOf,
}

/// What is shaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShadeOf {
    /// Harm.
    Fault,
    /// A change that was made on purpose.
    Change,
    /// What does not count: a warm-up. The sentence about the plot leaves it out.
    Apart,
}

/// A height that is marked: a bound.
#[derive(Clone, PartialEq, Debug)]
pub struct Mark {
    /// The height.
    pub value: f64,
    /// Its label.
    pub label: String,
}

/// How several values become one where there is less room than values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Downsample {
    /// By their mean.
    Mean,
    /// By the greatest.
    Peak,
}

impl Downsample {
    /// One value of several; `None` where there is none.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // reason: a few values
    pub fn of(self, values: &[Option<f64>]) -> Option<f64> {
        let there = || values.iter().copied().flatten();
        match self {
            Self::Peak => there().reduce(f64::max),
            Self::Mean => there().reduce(|a, b| a + b).map(|sum| sum / there().count() as f64),
        }
    }
}

/// A plot.
#[derive(Clone, PartialEq, Debug)]
pub struct Plot {
    /// What it shows.
    pub title: String,
    /// One sentence more, if it takes one.
    pub note: String,
    /// The unit of its values.
    pub unit: Unit,
    /// What runs along it.
    pub across: Across,
    /// The places, ascending.
    pub x: Vec<f64>,
    /// The lines.
    pub lines: Vec<Line>,
    /// Bands between lines.
    pub bands: Vec<Band>,
    /// What is shaded.
    pub shades: Vec<Shade>,
    /// What is marked.
    pub marks: Vec<Mark>,
    /// Plots of one group share cursor, zoom and shown lines.
    pub group: String,
    /// How values are gathered in its table.
    pub downsample: Downsample,
    /// How many rows its table has at most.
    pub rows: usize,
}

/// Digits of a drawn value: a screen shows no more.
const DIGITS: usize = 4;

/// What the script draws: axes and shades are kept once, however many plots have them.
#[derive(Clone, Default, Debug)]
pub(super) struct Drawn {
    axes: Vec<Value>,
    shades: Vec<Value>,
    plots: Vec<Value>,
}

fn once(list: &mut Vec<Value>, value: Value) -> usize {
    list.iter().rposition(|known| *known == value).unwrap_or_else(|| {
        list.push(value);
        list.len() - 1
    })
}

/// A number as JSON: whole where it is whole, which is shorter.
fn number(value: f64) -> Value {
    let value = rounded(value, DIGITS);
    #[allow(clippy::cast_possible_truncation)] // reason: below 2^53
    if value.fract() == 0.0 && value.abs() < 9e15 { json!(value as i64) } else { json!(value) }
}

impl Drawn {
    pub(super) const fn is_empty(&self) -> bool {
        self.plots.is_empty()
    }

    pub(super) fn json(&self) -> String {
        json!({"axes": self.axes, "shades": self.shades, "plots": self.plots}).to_string()
    }

    /// Takes a plot in; its markup, which stands at `place`.
    pub(super) fn add(&mut self, plot: &Plot, place: &str) -> String {
        let axis = plot.x.iter().map(|&x| json!(rounded(x, 9))).collect();
        let shade = |one: &Shade| {
            let of = match one.of {
                ShadeOf::Fault => "fault",
                ShadeOf::Change => "change",
                ShadeOf::Apart => "apart",
            };
            json!({"from": one.from, "until": one.until, "label": one.label, "of": of})
        };
        let line = |one: &Line| {
            let values: Vec<_> =
                one.values.iter().map(|value| value.map_or(Value::Null, number)).collect();
            let style = match one.style {
                Style::Line => "line",
                Style::Steps => "steps",
                Style::Points => "points",
            };
            json!({"name": one.name, "colour": one.colour, "strong": one.strong, "style": style,
                   "values": values})
        };
        let (across, across_unit) = match &plot.across {
            Across::Clock => ("", "clock"),
            Across::Quantity { name, unit } | Across::Size { name, unit } => {
                (name.as_str(), unit.short())
            }
        };
        let mut data = json!({
            "axis": once(&mut self.axes, axis),
            "shades": once(&mut self.shades, plot.shades.iter().map(shade).collect()),
            "group": plot.group,
            "title": plot.title,
            "unit": plot.unit.short(),
            "across": across,
            "acrossUnit": across_unit,
            "lines": plot.lines.iter().map(line).collect::<Vec<_>>(),
            "bands": plot.bands.iter().map(|b| json!([b.high, b.low])).collect::<Vec<_>>(),
            "marks": plot.marks.iter().map(|mark| json!({"value": mark.value, "label": mark.label}))
                .collect::<Vec<_>>(),
        });
        if let (Across::Size { .. }, Some(data)) = (&plot.across, data.as_object_mut()) {
            data.insert("logarithmic".into(), json!(true));
        }
        self.plots.push(data);
        plot.html(place, self.plots.len() - 1)
    }
}

impl Plot {
    fn html(&self, place: &str, number: usize) -> String {
        let title = escape::with_code(&self.title);
        let said = escape::text(&self.said());
        let mut out = format!(
            "<figure class=\"plot\" aria-labelledby=\"{place}\" aria-describedby=\"{place}-said\">\n\
             <h4 id=\"{place}\">{title}</h4>\n<p class=\"said\" id=\"{place}-said\">{said}"
        );
        if !self.note.is_empty() {
            let _ = write!(out, " {}", escape::with_code(&self.note));
        }
        let _ = write!(
            out,
            "</p>\n<div class=\"canvas\" data-plot=\"{number}\"></div>\n\
             <details class=\"behind\"><summary>Values<span class=\"hidden\">: {title}</span></summary>\n{}\
             </details>\n</figure>\n",
            self.table().html()
        );
        out
    }

    /// Where it is greatest, in a sentence.
    fn said(&self) -> String {
        let apart = |x: f64| {
            let aside = |one: &Shade| one.of == ShadeOf::Apart && one.from <= x && x < one.until;
            self.shades.iter().any(aside)
        };
        let mut best: Option<(f64, usize, &str)> = None;
        for line in &self.lines {
            for (place, value) in line.values.iter().enumerate() {
                if let Some(value) = *value
                    && best.is_none_or(|(most, ..)| value > most)
                    && !self.x.get(place).is_some_and(|&x| apart(x))
                {
                    best = Some((value, place, &line.name));
                }
            }
        }
        let Some((most, place, name)) = best else {
            return "Nothing was seen.".into();
        };
        let most = value::short(most, self.unit);
        let x = self.x.get(place).map_or_else(String::new, |&x| self.place_said(x));
        match (self.lines.len(), &self.across) {
            (1, _) => format!("At most {most}, {x}."),
            // Over time lines are regions.
            (_, Across::Clock) => format!("At most {most}, in {name}, {x}."),
            (_, Across::Quantity { .. } | Across::Size { .. }) => {
                format!("At most {most} ({name}), {x}.")
            }
        }
    }

    fn place_said(&self, x: f64) -> String {
        match &self.across {
            Across::Clock => format!("at {}", value::clock(x)),
            Across::Quantity { unit, .. } | Across::Size { unit, .. } => {
                format!("at {}", value::short(x, *unit))
            }
        }
    }

    /// Its values, gathered to few rows.
    fn table(&self) -> Table {
        let (head, x_name) = match (&self.across, self.downsample) {
            (Across::Clock, Downsample::Mean) => ("means of each stretch", "from"),
            (Across::Clock, Downsample::Peak) => ("the most in each stretch", "from"),
            (Across::Quantity { name, .. } | Across::Size { name, .. }, _) => {
                ("values", name.as_str())
            }
        };
        let thinned = self.x.len() > self.rows;
        let head = if thinned { format!("{}: {head}", self.title) } else { self.title.clone() };
        let table = Table::new(&head).column(x_name);
        let mut table = self.lines.iter().fold(table, |table, line| table.numbers(&line.name));
        let step = self.x.len().div_ceil(self.rows.max(1)).max(1);
        for (index, places) in self.x.chunks(step).enumerate() {
            let x = match &self.across {
                Across::Clock => value::clock(places[0]),
                Across::Quantity { unit, .. } | Across::Size { unit, .. } => {
                    value::short(places[0], *unit)
                }
            };
            let begin = index * step;
            let cells = self.lines.iter().map(|line| {
                let values = line.values.get(begin..begin + places.len()).unwrap_or_default();
                Cell::value(self.downsample.of(values), self.unit)
            });
            table.row([Cell::text(&x)].into_iter().chain(cells).collect());
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot() -> Plot {
        let line = |name: &str, values: [f64; 4]| Line {
            name: name.into(),
            colour: 0,
            strong: true,
            style: Style::Line,
            values: values.map(Some).to_vec(),
        };
        Plot {
            title: "Requests <a second>".into(),
            note: String::new(),
            unit: Unit::Rate,
            across: Across::Clock,
            x: vec![0.0, 1.0, 2.0, 3.0],
            lines: vec![line("a", [1.0, 2.0, 3.0, 4.0]), line("b", [8.0, 1.23456, 0.0, 0.0])],
            bands: vec![Band { low: 0, high: 1 }],
            shades: vec![],
            marks: vec![Mark { value: 5.0, label: "bound".into() }],
            group: "g".into(),
            downsample: Downsample::Mean,
            rows: 2,
        }
    }

    #[test]
    fn axes_are_kept_once_and_numbers_are_short() {
        let mut drawn = Drawn::default();
        let markup = drawn.add(&plot(), "plot");
        drawn.add(&plot(), "plot-2");
        let data: Value = serde_json::from_str(&drawn.json()).unwrap();
        assert_eq!(data["axes"], json!([[0.0, 1.0, 2.0, 3.0]]));
        assert_eq!(data["plots"][1]["lines"][1]["values"], json!([8, 1.235, 0, 0]));
        assert_eq!(data["plots"][0]["bands"], json!([[1, 0]]));
        assert!(markup.contains("At most 8 /s, in b, at 0s."), "{markup}");
        assert!(markup.contains("Requests &lt;a second&gt;"), "{markup}");
    }

    #[test]
    fn the_table_downsamples_what_it_has_no_room_for() {
        let html = plot().table().html();
        assert!(html.contains("<th scope=\"row\">2s</th><td class=\"n\">3.5 /s</td>"), "{html}");
        let apart = Shade { from: 0.0, until: 1.0, label: "w".into(), of: ShadeOf::Apart };
        let said = Plot { shades: vec![apart], ..plot() }.said();
        assert_eq!(said, "At most 4 /s, in a, at 3s.", "the warm-up does not count");
        let peaks = Plot { downsample: Downsample::Peak, ..plot() }.table().html();
        assert!(peaks.contains("<th scope=\"row\">2s</th><td class=\"n\">4 /s</td>"), "{peaks}");
        assert_eq!(Downsample::Mean.of(&[None, Some(1.0), Some(2.0)]), Some(1.5));
        assert_eq!(Downsample::Peak.of(&[None]), None);
    }
}
