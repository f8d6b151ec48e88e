//! What differs between the variants of a study, which of them is the base, and what is searched.

use super::range::{self, MOST};
use super::{Axis, AxisValue, Find};
use crate::scenario::reader::Reader;
use crate::scenario::tree::{Entry, Node, Origin, Value, short};
use crate::words as near;
use std::ops::Range;

use super::read::span;

impl Reader<'_> {
    /// All that differs, each with its values.
    pub(super) fn axes(&mut self, node: &Node) -> Option<Vec<Axis>> {
        let entries = match node.table() {
            Some(entries) => entries,
            None => {
                self.expected(node, "a table", "`{ \"fabric.pool.servers\" = \"7..9 by 1\" }`")?
            }
        };
        if entries.is_empty() {
            self.say(&node.at, "this study changes nothing", "name a path and its values");
            return None;
        }
        let mut axes = Vec::new();
        for entry in entries {
            let values = match entry.key.as_str() {
                "load-factor" => self.load_factors(entry),
                key if !key.contains('.') => self.group(entry),
                _ if !self.path(entry) => None,
                _ => self.values(entry),
            };
            axes.extend(values.map(|values| Axis { name: entry.key.clone(), values }));
        }
        let product = axes.iter().try_fold(1_u64, |product, axis| {
            product.checked_mul(axis.values.len() as u64).filter(|&product| product <= MOST)
        });
        if product.is_none() {
            let message = "these changes make more than 1,000,000 variants";
            self.say(&node.at, message, "take larger steps, or several studies");
            return None;
        }
        (axes.len() == entries.len()).then_some(axes)
    }

    /// What a value is called in reports.
    fn shown(&mut self, node: &Node) -> Option<String> {
        let raw = self.raw(node)?;
        let text = match &node.value {
            Value::Text(text) => text.clone(),
            Value::Whole(number) => number.to_string(),
            _ => raw.split_whitespace().collect::<Vec<_>>().join(" "),
        };
        Some(short(&text))
    }

    /// The values of a path: a range, a list, or a table of names with their values.
    fn values(&mut self, entry: &Entry) -> Option<Vec<AxisValue>> {
        let at = &entry.node.at;
        let one = |r: &mut Self, shown: String, value: String, at: &Origin| AxisValue {
            shown,
            edits: vec![r.placed(&entry.key, &entry.key_at, value, at)],
            factor: None,
            at: span(at),
        };
        let values = match &entry.node.value {
            Value::Text(text) => self
                .range(&entry.node, text)?
                .into_iter()
                .map(|shown| {
                    let bare = range::is_bare(&shown);
                    let value = if bare { shown.clone() } else { format!("\"{shown}\"") };
                    one(self, shown, value, at)
                })
                .collect(),
            Value::List(items) => {
                let mut values = Vec::new();
                for item in items {
                    let (shown, value) = (self.shown(item)?, self.raw(item)?);
                    values.push(one(self, shown, value, &item.at));
                }
                values
            }
            Value::Table(named) => {
                let mut values = Vec::new();
                for named in named {
                    let value = self.raw(&named.node)?;
                    values.push(one(self, named.key.clone(), value, &named.node.at));
                }
                values
            }
            _ => return self.no_values(&entry.node),
        };
        self.some_values(entry, values)
    }

    fn no_values<T>(&mut self, node: &Node) -> Option<T> {
        let help = "`\"7..9 by 1\"`, `[\"fifo\", \"lifo\"]` or `{ small = 64, large = 256 }`";
        self.expected(node, "a range, a list or a table of names", help)
    }

    fn some_values(&mut self, entry: &Entry, values: Vec<AxisValue>) -> Option<Vec<AxisValue>> {
        if values.is_empty() {
            self.say(&entry.node.at, "there is no value here", "name at least one");
            return None;
        }
        for (at, value) in values.iter().enumerate() {
            if values[..at].iter().any(|other| other.shown == value.shown) {
                let message = format!("`{}` stands here twice", value.shown);
                self.say(&entry.node.at, message, "remove one of the two, or give them names");
                return None;
            }
            if at > 1_000 {
                break; // a range has each value once
            }
        }
        Some(values)
    }

    fn range(&mut self, node: &Node, text: &str) -> Option<Vec<String>> {
        match range::values(text) {
            Ok(values) => Some(values),
            Err((message, help)) => {
                self.say(&node.at, message, help);
                None
            }
        }
    }

    /// How many times the scenario's load: a range or a list of numbers.
    fn load_factors(&mut self, entry: &Entry) -> Option<Vec<AxisValue>> {
        let places: Vec<(String, Range<usize>)> = match &entry.node.value {
            Value::Text(text) => {
                let at = span(&entry.node.at);
                let values = self.range(&entry.node, text)?;
                values.into_iter().map(|shown| (shown, at.clone())).collect()
            }
            Value::List(items) => {
                let mut values = Vec::new();
                for item in items {
                    values.push((self.shown(item)?, span(&item.at)));
                }
                values
            }
            _ => return self.no_values(&entry.node),
        };
        let mut values = Vec::new();
        for (shown, at) in places {
            let factor = shown.replace('_', "").parse::<f64>().ok();
            let Some(factor) = factor.filter(|f| (0.0..=1000.0).contains(f)) else {
                let message = format!("`{shown}` is no factor");
                self.say(&Origin::File(at), message, "numbers from 0 to 1000: `\"0.5..2 by 0.1\"`");
                return None;
            };
            values.push(AxisValue { shown, edits: Vec::new(), factor: Some(factor), at });
        }
        self.some_values(entry, values)
    }

    /// A group of changes under one name: each value is a table of paths.
    fn group(&mut self, entry: &Entry) -> Option<Vec<AxisValue>> {
        let help = "a path has dots; a name has a table of names, each with its paths: \
                    `protection = { off = { \"fabric.metadata.lock\" = \"off\" }, on = {} }`";
        let Some(named) = entry.node.table() else {
            let message = format!("`{}` is no path", short(&entry.key));
            self.say(&entry.key_at, message, help);
            return None;
        };
        let mut values = Vec::new();
        for named in named {
            if named.node.table().is_none() {
                return self.expected(&named.node, "a table of paths", help);
            }
            let edits = self.changes(&named.node)?;
            let (shown, at) = (named.key.clone(), span(&named.node.at));
            values.push(AxisValue { shown, edits, factor: None, at });
        }
        self.some_values(entry, values)
    }

    /// The variant that others are compared with: a value of each axis.
    pub(super) fn base(&mut self, node: &Node, axes: &[Axis]) -> Option<Vec<usize>> {
        let entries = match node.table() {
            Some(entries) => entries,
            None => {
                self.expected(node, "a table", "an entry of `vary`, and its value in the base")?
            }
        };
        let mut base = vec![0; axes.len()];
        for entry in entries {
            let names: Vec<&str> = axes.iter().map(|axis| axis.name.as_str()).collect();
            let Some(axis) = names.iter().position(|name| *name == entry.key) else {
                let message = format!("`vary` has no entry `{}`", short(&entry.key));
                self.say(&entry.key_at, message, near::help_for(&entry.key, &names));
                return None;
            };
            let shown = self.shown(&entry.node)?;
            let values: Vec<&str> =
                axes[axis].values.iter().take(100).map(|value| value.shown.as_str()).collect();
            let Some(at) = axes[axis].values.iter().position(|value| value.shown == shown) else {
                let message = format!("`{shown}` is none of its values");
                self.say(&entry.node.at, message, near::help_for(&shown, &values));
                return None;
            };
            base[axis] = at;
        }
        Some(base)
    }

    /// What is searched, along which axis.
    pub(super) fn find(&mut self, node: &Node, axes: &[Axis], no_trigger: bool) -> Option<Find> {
        let text = self.text(node)?.trim().to_owned();
        let names: Vec<&str> = axes.iter().map(|axis| axis.name.as_str()).collect();
        let axis = |name: &str| names.iter().position(|known| *known == name);
        let wanted =
            text.strip_prefix("largest ").and_then(|rest| rest.strip_suffix(" that holds"));
        match (text.as_str(), wanted) {
            ("cheapest that holds", _) => Some(Find::Cheapest),
            ("recovery", _) => {
                let Some(axis) = axis("load-factor") else {
                    let help = "`vary = { load-factor = \"0.5..2 by 0.1\", ... }`";
                    self.say(&node.at, "a recovery is searched along the load", help);
                    return None;
                };
                if no_trigger {
                    let help = "`without = { \"inject.surge.fault.factor\" = 1 }`, for example";
                    let message = "a recovery needs to know what takes the trigger away";
                    self.say(&node.at, message, help);
                    return None;
                }
                Some(Find::Recovery { axis })
            }
            (_, Some(name)) => {
                let found = axis(name.trim());
                if found.is_none() {
                    let message = format!("`vary` has no entry `{}`", short(name));
                    self.say(&node.at, message, near::help_for(name, &names));
                }
                found.map(|axis| Find::Largest { axis })
            }
            _ => {
                let help = "`\"largest load-factor that holds\"`, `\"cheapest that holds\"` or \
                            `\"recovery\"`";
                self.say(&node.at, format!("`{}` cannot be searched for", short(&text)), help);
                None
            }
        }
    }
}
