//! Reading a study file.

use super::range::{self, MOST};
use super::{Axis, AxisValue, Find, Named, Placed, Seeds, Study, StudyError, check};
use crate::engine::Digest;
use crate::scenario::edit::{Edit, EditSource};
use crate::scenario::near;
use crate::scenario::problem::Problem;
use crate::scenario::reader::Reader;
use crate::scenario::source::{OpenError, Source};
use crate::scenario::tree::{self, Entry, Node, Origin, Value, short};
use std::ops::Range;
use std::path::Path;

/// The most seeds of one variant.
const MOST_SEEDS: u64 = 100_000;

/// Opens a study and looks at all that it would run.
///
/// # Errors
/// Every problem of the study, of the scenario and of what the study makes of it; or a file that
/// cannot be read.
pub fn open_study(path: impl AsRef<Path>) -> Result<Study, StudyError> {
    let name = path.as_ref().display().to_string();
    let source = Source::open(path).map_err(|error| opened(error, &name))?;
    let (tree, mut problems) = tree::parse(&source);
    let mut reader = Reader::new(&source, &[]);
    let read = tree.as_ref().and_then(|tree| reader.draft(tree));
    problems.append(&mut reader.problems);
    let refuse = |problems| StudyError::Problems(problems, Box::new(source.clone()));
    let Some(draft) = read.filter(|_| problems.is_empty()) else {
        return Err(refuse(super::super::sorted(problems).0));
    };
    let scenario = match Source::open(source.folder().join(&draft.scenario.0)) {
        Ok(scenario) => scenario,
        Err(OpenError::Problem(mut problem)) => {
            problem.message = format!("{}: {}", problem.file, problem.message);
            problem.file = source.name().to_owned();
            problem.at = Some(draft.scenario.1.clone());
            return Err(refuse(vec![*problem]));
        }
        Err(error) => return Err(StudyError::Error(error.to_string())),
    };
    let study = draft.study(&source, scenario).map_err(refuse)?;
    let problems = study.problems(&source);
    if problems.is_empty() { Ok(study) } else { Err(refuse(problems)) }
}

fn opened(error: OpenError, name: &str) -> StudyError {
    match error {
        OpenError::Problem(problem) => {
            let nothing = Box::new(Source::from_text(name, ""));
            StudyError::Problems(vec![*problem], nothing)
        }
        error @ OpenError::Io { .. } => StudyError::Error(error.to_string()),
    }
}

/// A study as its file says it, before the scenario is read.
struct Draft {
    title: String,
    question: String,
    scenario: (String, Range<usize>),
    set: Vec<Placed>,
    axes: Vec<Axis>,
    seeds: Seeds,
    precision: Option<f64>,
    base: Vec<usize>,
    find: Option<Find>,
    measures: Option<Vec<Placed>>,
    without: Vec<Placed>,
    holds: Option<Vec<(String, Range<usize>)>>,
}

impl Draft {
    /// With the scenario that it names.
    fn study(self, source: &Source, scenario: Source) -> Result<Study, Vec<Problem>> {
        let loaded = check::load(source, &scenario, &self.set)?;
        let invariants = check::invariants(&loaded);
        let only_watched = self.measures.is_some();
        let watch = self.measures.unwrap_or_else(|| usual_measures(&check::watches(&loaded)));
        let all: Vec<Placed> = self.set.iter().chain(&watch).cloned().collect();
        let watched = check::watches(&check::load(source, &scenario, &all)?);
        let measures = match only_watched {
            true => watched,
            false => invariants.iter().cloned().chain(watched).collect(),
        };
        let holds = held(self.holds.as_deref(), &invariants, source)?;
        let mut hash = Digest::default();
        hash.bytes(source.text().as_bytes());
        let mut scenario_hash = Digest::default();
        scenario_hash.bytes(scenario.text().as_bytes());
        Ok(Study {
            title: self.title,
            question: self.question,
            hash,
            scenario,
            scenario_path: self.scenario.0,
            scenario_hash,
            axes: self.axes,
            seeds: self.seeds,
            precision: self.precision,
            base: self.base,
            find: self.find,
            invariants,
            measures,
            only_watched,
            holds,
            holds_in: loaded.holds_in,
            set: self.set,
            watch,
            without: self.without,
        })
    }
}

/// Availability and money, unless the scenario watches something of the same name.
fn usual_measures(watched: &[Named]) -> Vec<Placed> {
    let usual = [("availability", "availability"), ("monthly cost", "monthly_cost")];
    let edit = |(name, term): (&str, &str)| Placed {
        edit: Edit {
            path: format!("watch.\"{name}\""),
            value: format!("\"{term}\""),
            from: EditSource::CommandLine,
        },
        path: 0..0,
        value: 0..0,
    };
    let is_new = |(name, _): &(&str, &str)| watched.iter().all(|known| known.name != *name);
    usual.into_iter().filter(is_new).map(edit).collect()
}

/// Places of the invariants that a search looks at.
fn held(
    names: Option<&[(String, Range<usize>)]>,
    invariants: &[Named],
    source: &Source,
) -> Result<Vec<usize>, Vec<Problem>> {
    let Some(names) = names else {
        return Ok((0..invariants.len()).collect());
    };
    let known: Vec<&str> = invariants.iter().map(|one| one.name.as_str()).collect();
    let (mut places, mut wrong) = (Vec::new(), Vec::new());
    for (name, at) in names {
        match known.iter().position(|known| known == name) {
            Some(place) => places.push(place),
            None => {
                let message = format!("there is no invariant `{}`", short(name));
                let help = near::help_for(name, &known);
                let mut problem = Problem::about(source.name(), &message, &help);
                problem.at = Some(at.clone());
                wrong.push(problem);
            }
        }
    }
    if wrong.is_empty() { Ok(places) } else { Err(wrong) }
}

fn span(origin: &Origin) -> Range<usize> {
    match origin {
        Origin::File(span) => span.clone(),
        Origin::Edit(_) => 0..0,
    }
}

impl Reader<'_> {
    fn draft(&mut self, tree: &Node) -> Option<Draft> {
        let mut root = self.section(tree, "study")?;
        let title = root.need(self, "title", Self::line);
        let question = root.need(self, "question", Self::words);
        let scenario = root.need(self, "scenario", |r, n| Some((r.line(n)?, span(&n.at))));
        let set = root.node("set").map_or(Some(Vec::new()), |node| self.changes(node));
        let axes = root.need(self, "change", Self::axes);
        let precision = root.node("precision").map(|node| self.share_grains(node, 1));
        let seeds = root.need(self, "seeds", |r, n| r.seeds(n, precision.is_some()));
        let measures = root.node("measure").map(|node| self.measures(node));
        let without = root.node("without").map_or(Some(Vec::new()), |node| self.changes(node));
        let holds = root.node("holds").map(|node| self.names(node));
        let (base_node, find_node) = (root.node("base"), root.node("find"));
        root.finish(self);
        let axes = axes?;
        let base = match base_node {
            Some(node) => self.base(node, &axes),
            None => Some(vec![0; axes.len()]),
        };
        let without = without?;
        let find = match find_node {
            Some(node) => Some(self.find(node, &axes, without.is_empty())?),
            None => None,
        };
        Some(Draft {
            title: title?,
            question: question?,
            scenario: scenario?,
            set: set?,
            axes,
            seeds: seeds?,
            precision: match precision {
                Some(grains) => Some(crate::units::count_to_f64(grains?) / 1e9),
                None => None,
            },
            base: base?,
            find,
            measures: match measures {
                Some(read) => Some(read?),
                None => None,
            },
            without,
            holds: match holds {
                Some(read) => Some(read?),
                None => None,
            },
        })
    }

    /// A value as it is written, to be read again where an edit puts it.
    fn raw(&mut self, node: &Node) -> Option<String> {
        let text = self.source().text().get(span(&node.at)).unwrap_or_default();
        if tree::parse_value(text, 0).is_none() {
            let help = "a value on the same line: `{ kind = \"limit\" }`";
            self.say(&node.at, "a section cannot be the value of a change", help);
            return None;
        }
        Some(text.to_owned())
    }

    fn placed(&mut self, path: &str, key: &Origin, value: String, at: &Origin) -> Placed {
        let edit = Edit { path: path.to_owned(), value, from: EditSource::CommandLine };
        Placed { edit, path: span(key), value: span(at) }
    }

    /// Paths with the values that stand there.
    fn changes(&mut self, node: &Node) -> Option<Vec<Placed>> {
        let entries = match node.table() {
            Some(entries) => entries,
            None => self.expected(node, "a table", "`{ \"run.length\" = \"60s\" }`")?,
        };
        let mut all = Vec::new();
        for entry in entries {
            if self.path(entry)
                && let Some(value) = self.raw(&entry.node)
            {
                all.push(self.placed(&entry.key, &entry.key_at, value, &entry.node.at));
            }
        }
        (all.len() == entries.len()).then_some(all)
    }

    /// Whether a key is a path that a study may change.
    fn path(&mut self, entry: &Entry) -> bool {
        let section = entry.key.split('.').next().unwrap_or_default();
        let allowed = matches!(section, "fabric" | "load" | "inject" | "change" | "run");
        if !allowed || entry.key == "run.seed" || !entry.key.contains('.') {
            let help = "a path of the scenario in quotes, which begins with `fabric.`, `load.`, \
                        `inject.`, `change.` or `run.`; `seeds` has the seeds";
            let message = format!("`{}` is nothing that a study changes", short(&entry.key));
            self.say(&entry.key_at, message, help);
            return false;
        }
        true
    }

    fn axes(&mut self, node: &Node) -> Option<Vec<Axis>> {
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

    fn seeds(&mut self, node: &Node, adaptive: bool) -> Option<Seeds> {
        let help = if adaptive {
            "with `precision`, how many seeds at least and at most: `\"5..100\"`"
        } else {
            "the first and the last seed: `\"1..5\"`"
        };
        let text = self.text(node)?;
        let ends = text.split_once("..").and_then(|(first, last)| {
            let number = |text: &str| text.trim().replace('_', "").parse::<u64>().ok();
            Some((number(first)?, number(last)?))
        });
        let Some((first, last)) = ends.filter(|(first, last)| first <= last) else {
            self.say(&node.at, format!("`{}` is no range of seeds", short(text)), help);
            return None;
        };
        let too_many = last >= 1 << 62 || last - first >= MOST_SEEDS;
        if too_many || (adaptive && (first < 2 || last > MOST_SEEDS)) {
            let message = "so many seeds cannot be run";
            self.say(
                &node.at,
                message,
                format!("{help}; at most 100,000, and at least 2 to measure a spread"),
            );
            return None;
        }
        Some(if adaptive {
            Seeds { first: 1, least: first, most: last }
        } else {
            Seeds { first, least: last - first + 1, most: last - first + 1 }
        })
    }

    fn measures(&mut self, node: &Node) -> Option<Vec<Placed>> {
        let entries = match node.table() {
            Some(entries) if !entries.is_empty() => entries,
            _ => self.expected(node, "a table of terms", "`{ \"p99\" = \"p99(latency)\" }`")?,
        };
        // What the scenario itself watches makes room.
        let mut all = vec![self.placed("watch", &node.at, "{}".into(), &node.at)];
        for entry in entries {
            self.text(&entry.node)?;
            if entry.key.contains('"') {
                self.say(&entry.key_at, "a name cannot hold double quotes", "use words");
                return None;
            }
            let value = self.raw(&entry.node)?;
            let path = format!("watch.\"{}\"", entry.key);
            all.push(self.placed(&path, &entry.key_at, value, &entry.node.at));
        }
        Some(all)
    }

    fn names(&mut self, node: &Node) -> Option<Vec<(String, Range<usize>)>> {
        let items = self.list(node, "names of invariants: `[\"most are served\"]`")?;
        if items.is_empty() {
            self.say(&node.at, "a search that looks at nothing finds nothing", "name an invariant");
            return None;
        }
        let mut names = Vec::new();
        for item in items {
            names.push((self.text(item)?.to_owned(), span(&item.at)));
        }
        Some(names)
    }

    fn base(&mut self, node: &Node, axes: &[Axis]) -> Option<Vec<usize>> {
        let entries = match node.table() {
            Some(entries) => entries,
            None => {
                self.expected(node, "a table", "an entry of `change`, and its value in the base")?
            }
        };
        let mut base = vec![0; axes.len()];
        for entry in entries {
            let names: Vec<&str> = axes.iter().map(|axis| axis.name.as_str()).collect();
            let Some(axis) = names.iter().position(|name| *name == entry.key) else {
                let message = format!("`change` has no entry `{}`", short(&entry.key));
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

    fn find(&mut self, node: &Node, axes: &[Axis], no_trigger: bool) -> Option<Find> {
        let text = self.text(node)?.trim().to_owned();
        let names: Vec<&str> = axes.iter().map(|axis| axis.name.as_str()).collect();
        let axis = |name: &str| names.iter().position(|known| *known == name);
        let wanted =
            text.strip_prefix("largest ").and_then(|rest| rest.strip_suffix(" that holds"));
        match (text.as_str(), wanted) {
            ("cheapest that holds", _) => Some(Find::Cheapest),
            ("recovery", _) => {
                let Some(axis) = axis("load-factor") else {
                    let help = "`change = { load-factor = \"0.5..2 by 0.1\", ... }`";
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
                    let message = format!("`change` has no entry `{}`", short(name));
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
