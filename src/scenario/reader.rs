//! Reading values strictly while collecting every problem.

use super::edit::{Edit, Part};
use super::source::Source;
use super::tree::{Node, Origin, Value, short};
use crate::problem::Problem;
use crate::trace::{Survey, TraceError, TraceSpec};
use crate::units::{Quantity, Span, Unit};
use crate::words as near;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// The longest time of any key but a run's length: a hundred years, so that no sum of an instant
/// and a few of them overflows.
pub(super) const CENTURY: Span = Span::from_secs(36_525 * 86_400);

/// Collects problems. Whatever returns `None` has reported why.
pub(super) struct Reader<'a> {
    source: &'a Source,
    edits: &'a [Edit],
    pub problems: Vec<Problem>,
    /// Whether the list of regions is the file's; when it is not, names of regions go unjudged.
    pub regions_known: bool,
    /// Traces that were read, so that a control does not read them again.
    pub surveys: Vec<(TraceSpec, Result<Survey, TraceError>)>,
}

impl<'a> Reader<'a> {
    pub const fn new(source: &'a Source, edits: &'a [Edit]) -> Self {
        Self { source, edits, problems: Vec::new(), regions_known: true, surveys: Vec::new() }
    }

    pub const fn source(&self) -> &'a Source {
        self.source
    }

    /// Reports a problem at a place.
    pub fn say(&mut self, at: &Origin, message: impl Display, help: impl Display) {
        let (message, help) = (message.to_string(), help.to_string());
        self.problems.push(match at {
            Origin::File(span) => {
                let mut problem = Problem::about(self.source.name(), &message, &help);
                // What the file as a whole lacks has no place.
                let whole = span.start == self.source.text().len();
                problem.at = (!whole).then(|| span.clone());
                problem
            }
            Origin::Edit(index) => match self.edits.get(*index) {
                Some(edit) => edit.problem(self.source, Part::Value, &message, &help),
                None => Problem::about(self.source.name(), &message, &help),
            },
        });
    }

    /// Reports that something else was expected.
    pub fn expected<T>(&mut self, node: &Node, what: &str, help: impl Display) -> Option<T> {
        self.say(&node.at, format!("expected {what}, found {}", node.found()), help);
        None
    }

    pub fn text<'t>(&mut self, node: &'t Node) -> Option<&'t str> {
        match &node.value {
            Value::Text(text) => Some(text),
            Value::Whole(number) => {
                self.expected(node, "a text", format!("write it in quotes: \"{number}\""))
            }
            _ => self.expected(node, "a text", "a text stands in quotes"),
        }
    }

    /// A text that is not blank.
    pub fn words(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?.trim();
        if text.is_empty() {
            self.say(&node.at, "this text is empty", "write a few words");
            return None;
        }
        Some(text.into())
    }

    /// A text on one line.
    pub fn line(&mut self, node: &Node) -> Option<String> {
        let text = self.words(node)?;
        if text.chars().any(char::is_control) {
            self.say(&node.at, "this text has more than one line", "write it on one line");
            return None;
        }
        Some(text)
    }

    pub fn truth(&mut self, node: &Node) -> Option<bool> {
        match node.value {
            Value::Truth(value) => Some(value),
            _ => self.expected(node, "true or false", "`true` or `false`, without quotes"),
        }
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, node: &Node, words: &[(&str, T)]) -> Option<T> {
        let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
        let found = node.text().and_then(|text| words.iter().find(|(name, _)| *name == text));
        if let Some((_, value)) = found {
            return Some(*value);
        }
        let what = near::any_of(&names);
        match &node.value {
            Value::Text(text) => {
                let help = near::help_for(text, &names);
                self.say(&node.at, format!("`{}` is not known here", short(text)), help);
                None
            }
            _ => self.expected(node, &what, "write one of them in quotes"),
        }
    }

    pub fn on_off(&mut self, node: &Node) -> Option<bool> {
        self.choice(node, &[("on", true), ("off", false)])
    }

    /// A whole number within bounds.
    pub fn count(&mut self, node: &Node, within: RangeInclusive<u32>) -> Option<u32> {
        let whole = self.whole(node, i128::from(*within.start()), i128::from(*within.end()))?;
        u32::try_from(whole).ok()
    }

    pub fn whole(&mut self, node: &Node, least: i128, most: i128) -> Option<i128> {
        match &node.value {
            Value::Whole(number) if (least..=most).contains(number) => Some(*number),
            Value::Whole(number) => {
                let help = format!("a whole number from {least} to {most}");
                self.say(&node.at, format!("{number} is out of range"), help);
                None
            }
            Value::Huge(_) => {
                let help = format!("a whole number from {least} to {most}");
                self.expected(node, "a whole number", help)
            }
            Value::Text(text) => {
                let bare: String = text.chars().filter(|c| !matches!(c, ',' | ' ')).collect();
                let help = match bare.parse::<u64>() {
                    Ok(number) => format!("write {number} without quotes"),
                    Err(_) => "counts are numbers without quotes and units, such as 64".into(),
                };
                self.expected(node, "a whole number", help)
            }
            _ => self.expected(node, "a whole number", "such as 64"),
        }
    }

    /// A whole number, or a word that means something else.
    pub fn count_or<T>(
        &mut self,
        node: &Node,
        within: RangeInclusive<u32>,
        word: &str,
        or: T,
        map: impl FnOnce(u32) -> T,
    ) -> Option<T> {
        match node.text() {
            Some(text) if text == word => Some(or),
            Some(text) if text.parse::<u64>().is_err() => {
                let help = format!("a whole number without quotes, or \"{word}\"");
                self.say(&node.at, format!("`{}` is not known here", short(text)), help);
                None
            }
            _ => self.count(node, within).map(map),
        }
    }

    /// A number within bounds.
    #[allow(clippy::cast_precision_loss)] // reason: a float is what is asked for
    pub fn number(&mut self, node: &Node, within: RangeInclusive<f64>) -> Option<f64> {
        let number = match &node.value {
            Value::Whole(number) => *number as f64,
            Value::Float(number) => *number,
            Value::Text(text) => {
                let help = match text.parse::<f64>() {
                    Ok(number) if number.is_finite() => format!("write {number} without quotes"),
                    _ => "a number without quotes and unit, such as 1.5".into(),
                };
                return self.expected(node, "a number", help);
            }
            _ => return self.expected(node, "a number", "such as 1.5"),
        };
        if within.contains(&number) {
            return Some(number + 0.0);
        }
        let help = format!("a number from {} to {}", within.start(), within.end());
        self.say(&node.at, format!("{number} is out of range"), help);
        None
    }

    /// A quantity of this unit.
    pub fn quantity(&mut self, node: &Node, unit: Unit) -> Option<Quantity> {
        let Value::Text(text) = &node.value else {
            let help = match (&node.value, unit) {
                (Value::Whole(number), Unit::Time) => {
                    format!("say in which unit: \"{number}ms\", \"{number}s\" or \"{number}m\"")
                }
                (Value::Whole(number), Unit::Ratio) => {
                    format!("shares are in per cent: \"{number}%\"")
                }
                (Value::Float(number), Unit::Ratio) if number.abs() <= 1.0 => {
                    format!("shares are in per cent: \"{}%\"", number * 100.0)
                }
                (Value::Whole(number), Unit::Bytes) => format!("say in which unit: \"{number}MB\""),
                _ => "a quantity is a text with a unit".into(),
            };
            return self.expected(node, unit.example(), help);
        };
        match Quantity::parse(text) {
            Ok(quantity) if quantity.unit() == unit => Some(quantity),
            Ok(quantity) => {
                let name = quantity.unit().name();
                let message =
                    format!("expected {}, found {name}, \"{}\"", unit.name(), short(text));
                self.say(&node.at, message, format!("write {}", unit.example()));
                None
            }
            Err(error) => {
                let message = format!("\"{}\" is not {}: {error}", short(text), unit.name());
                self.say(&node.at, message, unit_help(unit));
                None
            }
        }
    }

    /// A time within bounds.
    pub fn time_in(&mut self, node: &Node, within: RangeInclusive<Span>) -> Option<Span> {
        let quantity = self.quantity(node, Unit::Time)?;
        let text = node.text().unwrap_or_default();
        if quantity.grains() < 0 {
            let help = format!("write \"{}\"", text.trim().trim_start_matches('-'));
            self.say(&node.at, format!("a time cannot be negative, and this is \"{text}\""), help);
            return None;
        }
        // What does not fit a span is far beyond every bound.
        let span = quantity.as_span().unwrap_or(Span::MAX);
        if within.contains(&span) {
            return Some(span);
        }
        let help = format!("a time from {} to {}", within.start(), within.end());
        self.say(&node.at, format!("\"{text}\" is out of range"), help);
        None
    }

    /// A time from zero on.
    pub fn time(&mut self, node: &Node) -> Option<Span> {
        self.time_in(node, Span::ZERO..=CENTURY)
    }

    /// A time above zero.
    pub fn some_time(&mut self, node: &Node) -> Option<Span> {
        self.time_in(node, Span::from_nanos(1)..=CENTURY)
    }

    /// A time, or a word that means something else.
    pub fn time_or<T>(
        &mut self,
        node: &Node,
        word: &str,
        or: T,
        map: impl FnOnce(Span) -> T,
    ) -> Option<T> {
        if node.text() == Some(word) { Some(or) } else { self.some_time(node).map(map) }
    }

    /// A share of one, exact in billionths, from `least` to one.
    pub fn share_grains(&mut self, node: &Node, least: u64) -> Option<u64> {
        const ONE: i128 = 1_000_000_000;
        let quantity = self.quantity(node, Unit::Ratio)?;
        if (i128::from(least)..=ONE).contains(&quantity.grains()) {
            return u64::try_from(quantity.grains()).ok();
        }
        let text = node.text().unwrap_or_default();
        let help =
            if least == 0 { "a share from 0% to 100%" } else { "a share above 0%, at most 100%" };
        self.say(&node.at, format!("\"{text}\" is out of range"), help);
        None
    }

    /// A share of one, from zero to one.
    pub fn share(&mut self, node: &Node) -> Option<f64> {
        self.share_grains(node, 0).map(|grains| crate::units::count_to_f64(grains) / 1e9)
    }

    /// A volume in bytes.
    pub fn bytes(&mut self, node: &Node, least: u64) -> Option<u64> {
        let quantity = self.quantity(node, Unit::Bytes)?;
        // An exabyte, so that sums over regions and months stay below 2^63.
        match u64::try_from(quantity.grains()) {
            Ok(bytes) if (least..=1_000_000_000_000_000_000).contains(&bytes) => Some(bytes),
            _ => {
                let text = node.text().unwrap_or_default();
                let help = format!("a volume from {least}B to 1000PB");
                self.say(&node.at, format!("\"{text}\" is out of range"), help);
                None
            }
        }
    }

    /// A list.
    pub fn list<'t>(&mut self, node: &'t Node, help: &str) -> Option<&'t [Node]> {
        match node.list() {
            Some(items) => Some(items),
            None => self.expected(node, "a list", help),
        }
    }
}

fn unit_help(unit: Unit) -> String {
    match unit {
        Unit::Time => "the units of time are ns, us, ms, s, m, h and d".into(),
        Unit::Bytes => {
            "the units of volumes are B, kB, MB, GB, TB, PB, KiB, MiB, GiB and TiB".into()
        }
        unit => format!("write {}", unit.example()),
    }
}
