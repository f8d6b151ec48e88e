//! Reading a study file.

use super::{Axis, Find, Named, Placed, Seeds, Study, StudyError, check};
use crate::engine::Digest;
use crate::problem::Problem;
use crate::scenario::edit::{Edit, EditSource};
use crate::scenario::reader::Reader;
use crate::scenario::source::{OpenError, Source};
use crate::scenario::tree::{self, Entry, Node, Origin, short};
use crate::words as near;
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
    must: Vec<(String, Placed)>,
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
    fn study(mut self, source: &Source, scenario: Source) -> Result<Study, Vec<Problem>> {
        self.set.extend(self.must.iter().map(|(_, placed)| placed.clone()));
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
        let own: Vec<(String, Range<usize>)> =
            self.must.iter().map(|placed| (placed.0.clone(), placed.1.path.clone())).collect();
        let holds = self.holds.or_else(|| (!own.is_empty()).then_some(own));
        let holds = held(holds.as_deref(), &invariants, source)?;
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

pub(super) fn span(origin: &Origin) -> Range<usize> {
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
        let axes = root.need(self, "vary", Self::axes);
        let precision = root.node("precision").map(|node| self.share_grains(node, 1));
        let seeds = root.need(self, "seeds", |r, n| r.study_seeds(n, precision.is_some()));
        let measures = root.node("measure").map(|node| self.measures(node));
        let must =
            root.node("must").map_or(Some(Vec::new()), |node| self.sentences(node, "invariants"));
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
        self.moot(tree, find, precision.is_some());
        Some(Draft {
            title: title?,
            question: question?,
            scenario: scenario?,
            set: set?,
            must: must?,
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

    /// Reports keys that would do nothing beside the others.
    fn moot(&mut self, tree: &Node, find: Option<Find>, precise: bool) {
        let along = matches!(find, Some(Find::Largest { .. } | Find::Recovery { .. }));
        let moot = [
            (
                "without",
                !matches!(find, Some(Find::Recovery { .. })),
                "only a recovery has a trigger",
            ),
            ("holds", find.is_none(), "only a search looks at what holds"),
            (
                "precision",
                along && precise,
                "a search along an axis takes the same seeds everywhere",
            ),
            ("base", along, "a search along an axis compares with no base"),
        ];
        for (key, is_moot, why) in moot {
            if let Some(entry) = tree.get(key).filter(|_| is_moot) {
                self.say(
                    &entry.key_at,
                    format!("`{key}` does nothing here: {why}"),
                    "leave it out",
                );
            }
        }
    }

    /// A value as it is written, to be read again where an edit puts it.
    pub(super) fn raw(&mut self, node: &Node) -> Option<String> {
        let text = self.source().text().get(span(&node.at)).unwrap_or_default();
        if tree::parse_value(text, 0).is_none() {
            let help = "a value on the same line: `{ kind = \"limit\" }`";
            self.say(&node.at, "a section cannot be the value of a change", help);
            return None;
        }
        Some(text.to_owned())
    }

    pub(super) fn placed(
        &mut self,
        path: &str,
        key: &Origin,
        value: String,
        at: &Origin,
    ) -> Placed {
        let edit = Edit { path: path.to_owned(), value, from: EditSource::CommandLine };
        Placed { edit, path: span(key), value: span(at) }
    }

    /// Paths with the values that stand there.
    pub(super) fn changes(&mut self, node: &Node) -> Option<Vec<Placed>> {
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
    pub(super) fn path(&mut self, entry: &Entry) -> bool {
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

    fn study_seeds(&mut self, node: &Node, adaptive: bool) -> Option<Seeds> {
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

    /// Terms that take the place of what the scenario itself watches.
    fn measures(&mut self, node: &Node) -> Option<Vec<Placed>> {
        let mut all = vec![self.placed("watch", &node.at, "{}".into(), &node.at)];
        all.extend(self.sentences(node, "watch")?.into_iter().map(|(_, placed)| placed));
        Some(all)
    }

    /// Names with sentences, as edits of a section of the scenario.
    fn sentences(&mut self, node: &Node, section: &str) -> Option<Vec<(String, Placed)>> {
        let entries = match node.table() {
            Some(entries) if !entries.is_empty() => entries,
            _ => self.expected(node, "a table of sentences", "`{ \"p99\" = \"p99(latency)\" }`")?,
        };
        let mut all = Vec::new();
        for entry in entries {
            self.text(&entry.node)?;
            if entry.key.contains('"') {
                self.say(&entry.key_at, "a name cannot hold double quotes", "use words");
                return None;
            }
            let value = self.raw(&entry.node)?;
            let path = format!("{section}.\"{}\"", entry.key);
            let placed = self.placed(&path, &entry.key_at, value, &entry.node.at);
            all.push((entry.key.clone(), placed));
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
}
