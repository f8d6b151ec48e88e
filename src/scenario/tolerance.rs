//! A file of tolerances: how much worse each quantity may become before a gate calls it a regression.
//!
//! ```toml
//! [every]
//! relative = "1%"
//!
//! [[quantity]]
//! name     = "half of them are answered in 20 ms"
//! scenario = "scenarios/resilience/hedging-pays.toml"
//! absolute = "1ms"
//! worse    = "higher"
//! ```

use super::Problems;
use super::reader::Reader;
use super::source::Source;
use super::tree::{self, Entry, Node, Origin};
use crate::problem::Problem;
use crate::units::{Quantity, Unit};
use crate::words as near;
use std::ops::Range;

/// In which direction a quantity gets worse.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Worse {
    /// A higher value is worse, such as a latency.
    Higher,
    /// A lower value is worse, such as an availability.
    Lower,
    /// Every change is worse.
    Both,
    /// None is: the quantity is shown and does not gate.
    Neither,
}

/// One rule of a file of tolerances. What it does not say is left to the rules before it.
#[derive(Clone, PartialEq, Debug)]
pub struct ToleranceRule {
    /// The quantity's name; `None` is every quantity.
    pub name: Option<String>,
    /// The scenario's path; `None` is every scenario.
    pub scenario: Option<String>,
    /// How much worse the mean may become as a share of what it was, from 0.
    pub relative: Option<f64>,
    /// How much worse it may become in its own unit.
    pub absolute: Option<Quantity>,
    /// Which way is worse.
    pub worse: Option<Worse>,
    /// Where it stands in the file.
    pub at: Range<usize>,
}

impl ToleranceRule {
    /// A problem with this rule, which only shows when the scenarios are known.
    #[must_use]
    pub fn problem(&self, source: &Source, message: &str, help: &str) -> Problem {
        let mut problem = Problem::about(source.name(), message, help);
        problem.at = Some(self.at.clone());
        problem
    }
}

/// Keys of a rule.
const KEYS: [&str; 5] = ["name", "scenario", "relative", "absolute", "worse"];

/// Reads a file of tolerances: the rule for every quantity first, if there is one.
///
/// # Errors
/// Every problem of the file, in its order.
pub fn tolerances(source: &Source) -> Result<Vec<ToleranceRule>, Problems> {
    let (tree, mut problems) = tree::parse(source);
    let Some(tree) = tree else {
        return Err(super::sorted(problems));
    };
    let mut reader = Reader::new(source, &[]);
    let mut rules = Vec::new();
    for entry in tree.table().unwrap_or_default() {
        match entry.key.as_str() {
            "every" => {
                let rule = reader.tolerance(&entry.node, false);
                rules.splice(0..0, rule);
            }
            "quantity" => {
                let help = "each rule begins with `[[quantity]]`";
                let items = reader.list(&entry.node, help).unwrap_or_default();
                rules.extend(items.iter().filter_map(|item| reader.tolerance(item, true)));
            }
            other => {
                let help = near::help_for(other, &["every", "quantity"]);
                reader.say(&entry.key_at, format!("there is no key `{other}` here"), help);
            }
        }
    }
    problems.append(&mut reader.problems);
    if problems.is_empty() { Ok(rules) } else { Err(super::sorted(problems)) }
}

impl Reader<'_> {
    fn tolerance(&mut self, node: &Node, named: bool) -> Option<ToleranceRule> {
        let Some(entries) = node.table() else {
            return self.expected(node, "a table", "such as `{ relative = \"1%\" }`");
        };
        let at = match &node.at {
            Origin::File(span) => span.clone(),
            Origin::Edit(_) => 0..0,
        };
        let (name, scenario, relative) = (None, None, None);
        let mut rule = ToleranceRule { name, scenario, relative, absolute: None, worse: None, at };
        for entry in entries {
            self.tolerance_key(entry, named, &mut rule);
        }
        if named && rule.name.is_none() && !entries.iter().any(|entry| entry.key == "name") {
            let help = "`name = \"...\"`: the name of an invariant or a watch, or `monthly cost`";
            self.say(&node.at, "`name` is missing", help);
        }
        if rule.relative.is_none() && rule.absolute.is_none() && rule.worse.is_none() {
            let help = "`relative = \"1%\"`, `absolute = \"5ms\"` or `worse = \"higher\"`";
            self.say(&node.at, "this rule allows nothing and forbids nothing", help);
        }
        Some(rule)
    }

    fn tolerance_key(&mut self, entry: &Entry, named: bool, rule: &mut ToleranceRule) {
        let node = &entry.node;
        match entry.key.as_str() {
            "relative" => {
                let grains = self.quantity(node, Unit::Ratio).map(Quantity::grains);
                if grains.is_some_and(|grains| grains < 0) {
                    self.say(&node.at, "a tolerance cannot be negative", "a share such as \"1%\"");
                }
                rule.relative = grains
                    .and_then(|grains| u64::try_from(grains).ok())
                    .map(|grains| crate::units::count_to_f64(grains) / 1e9);
            }
            "absolute" if named => rule.absolute = self.absolute(node),
            "absolute" => {
                let help = "give it to each quantity: they have different units";
                self.say(&entry.key_at, "`absolute` does not belong here", help);
            }
            "worse" => {
                let words = [
                    ("higher", Worse::Higher),
                    ("lower", Worse::Lower),
                    ("both", Worse::Both),
                    ("neither", Worse::Neither),
                ];
                rule.worse = self.choice(node, &words);
            }
            "name" if named => rule.name = self.words(node),
            "scenario" if named => rule.scenario = self.words(node),
            other => {
                let known: &[&str] = if named { &KEYS } else { &["relative", "worse"] };
                let help = near::help_for(other, known);
                self.say(&entry.key_at, format!("there is no key `{other}` here"), help);
            }
        }
    }

    fn absolute(&mut self, node: &Node) -> Option<Quantity> {
        let text = self.text(node)?;
        match Quantity::parse(text) {
            Ok(quantity) if quantity.grains() >= 0 => Some(quantity),
            Ok(_) => {
                self.say(&node.at, "a tolerance cannot be negative", "a quantity such as \"5ms\"");
                None
            }
            Err(error) => {
                let message = format!("\"{}\" is no quantity: {error}", tree::short(text));
                self.say(
                    &node.at,
                    message,
                    "a quantity such as \"5ms\", \"0.1%\", \"$50\" or \"3/s\"",
                );
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<ToleranceRule>, String> {
        tolerances(&Source::from_text("t.toml", text)).map_err(|problems| problems.to_string())
    }

    #[test]
    fn rules_come_in_their_order_with_the_one_for_all_first() {
        let text = "[[quantity]]\nname = 'a'\nabsolute = '5ms'\nworse = 'both'\n\
                    [[quantity]]\nname = 'b'\nscenario = 's.toml'\nrelative = '0%'\n\
                    [every]\nrelative = '2%'\n";
        let rules = read(text).unwrap();
        assert_eq!(rules.len(), 3);
        assert_eq!((rules[0].name.as_deref(), rules[0].relative), (None, Some(0.02)));
        assert_eq!((rules[1].name.as_deref(), rules[1].worse), (Some("a"), Some(Worse::Both)));
        assert_eq!(rules[1].absolute, Quantity::parse("5ms").ok());
        assert_eq!((rules[2].scenario.as_deref(), rules[2].relative), (Some("s.toml"), Some(0.0)));
        assert_eq!(read("").unwrap(), []);
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let text = "[every]\nabsolute = '5ms'\nrelative = 1\n[[quantity]]\nrelative = '-1%'\n\
                    [[quantity]]\nname = 'x'\n[[quantity]]\nname = 'y'\nabsolute = 'much'\n\
                    worse = 'less'\nscenari = 's'\n[evry]\n";
        let told = read(text).unwrap_err();
        for part in [
            "`absolute` does not belong here",
            "expected",
            "cannot be negative",
            "`name` is missing",
            "allows nothing",
            "\"much\" is no quantity",
            "`less` is not known",
            "`scenari`",
            "`evry`",
        ] {
            assert!(told.contains(part), "{part} is missing in\n{told}");
        }
    }
}
