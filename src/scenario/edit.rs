//! Changes to a file by path: `--set PATH=VALUE`, and what a control takes away.

use super::keys;
use super::source::Source;
use super::tree::{self, Entry, Node, Origin, Value};
use crate::problem::{COMMAND_LINE, Problem};
use crate::words as near;
use std::ops::Range;

/// One change to a file, by path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edit {
    /// Keys with dots between them; elements of `inject` and `change` by their label; keys that hold
    /// dots or blanks in double quotes.
    pub path: String,
    /// The new value as TOML, or a bare text.
    pub value: String,
    /// Where it was written.
    pub from: EditSource,
}

/// Where an edit was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EditSource {
    /// `--set PATH=VALUE`.
    CommandLine,
    /// `[control] set` in the file.
    Control {
        /// The bytes of the path.
        path: Range<usize>,
        /// The bytes of the value.
        value: Range<usize>,
    },
}

/// Which part of an edit is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    Path,
    Value,
}

impl Edit {
    /// The edit of an option `PATH=VALUE`.
    ///
    /// # Errors
    /// A problem when there is no `=` in it, or nothing before it.
    pub fn from_option(text: &str) -> Result<Self, Box<Problem>> {
        // A quoted part of the path may hold the sign.
        let mut quoted = false;
        let equals = text.char_indices().find_map(|(at, c)| {
            quoted ^= c == '"';
            (c == '=' && !quoted).then_some(at)
        });
        match equals.map(|at| (text[..at].trim(), text[at + 1..].trim())) {
            Some((path, value)) if !path.is_empty() => {
                Ok(Self { path: path.into(), value: value.into(), from: EditSource::CommandLine })
            }
            _ => {
                let message = "an edit is PATH=VALUE";
                let mut problem =
                    Problem::about(COMMAND_LINE, message, "for example `--set run.length=5m`");
                let shown = format!("--set {text}");
                problem.at = Some(6..shown.len());
                problem.text = Some(shown);
                Err(Box::new(problem))
            }
        }
    }

    /// A problem with one part of this edit.
    pub(super) fn problem(
        &self,
        source: &Source,
        part: Part,
        message: &str,
        help: &str,
    ) -> Problem {
        let mut problem = Problem::about(source.name(), message, help);
        match &self.from {
            EditSource::Control { path, value } => {
                problem.at = Some(if part == Part::Path { path.clone() } else { value.clone() });
            }
            EditSource::CommandLine => {
                let text = format!("--set {}={}", self.path, self.value);
                let value = 7 + self.path.len();
                problem.at =
                    Some(if part == Part::Path { 6..value - 1 } else { value..text.len() });
                problem.file = COMMAND_LINE.into();
                problem.text = Some(text);
            }
        }
        problem
    }
}

/// Applies edits in their order; what cannot be applied becomes a problem.
pub(super) fn apply(root: &mut Node, edits: &[Edit], source: &Source, problems: &mut Vec<Problem>) {
    for (index, edit) in edits.iter().enumerate() {
        if let Err((message, help)) = apply_one(root, edit, index) {
            problems.push(edit.problem(source, Part::Path, &message, &help));
        }
    }
}

type Refused = (String, String);

fn apply_one(root: &mut Node, edit: &Edit, index: usize) -> Result<(), Refused> {
    let segments = split(&edit.path)?;
    check_section(&segments, edit)?;
    let bare = || Node { value: Value::Text(edit.value.clone()), at: Origin::Edit(index) };
    let value = tree::parse_value(&edit.value, index).unwrap_or_else(bare);
    place(root, &segments, value, index).map_err(|Unknown| {
        let message = format!("there is no `{}`", tree::short(&edit.path));
        (message, unknown_help(root, &segments))
    })
}

/// What an edit may touch: a control only what is judged, never the judgement.
fn check_section(segments: &[String], edit: &Edit) -> Result<(), Refused> {
    let section = segments.first().map_or("", String::as_str);
    let in_control = matches!(edit.from, EditSource::Control { .. });
    if in_control && !matches!(section, "fabric" | "load" | "inject" | "change") {
        let message =
            "a control changes the fabric, the load, the harm or the changes, nothing else";
        return Err((
            message.into(),
            "begin with `fabric.`, `load.`, `inject.` or `change.`".into(),
        ));
    }
    if section == "control" {
        let help = "edit the file, or run with `--no-control`";
        return Err(("the control cannot be changed from outside".into(), help.into()));
    }
    Ok(())
}

/// The parts of a path.
fn split(path: &str) -> Result<Vec<String>, Refused> {
    let (mut segments, mut current, mut quoted, mut any) =
        (Vec::new(), String::new(), false, false);
    for c in path.chars() {
        match c {
            '"' => (quoted, any) = (!quoted, true),
            '.' if !quoted => {
                segments.push(std::mem::take(&mut current));
                if !std::mem::take(&mut any) {
                    return Err(malformed());
                }
            }
            c => {
                current.push(c);
                any = true;
            }
        }
    }
    if quoted || !any || segments.len() > 15 {
        return Err(malformed());
    }
    segments.push(current);
    Ok(segments)
}

fn malformed() -> Refused {
    let help = "keys with dots between them, names in quotes: `inject.outage.at`";
    ("this is no path".into(), help.into())
}

/// Nothing in the file and no key that is known has the path.
struct Unknown;

fn place(node: &mut Node, segments: &[String], value: Node, index: usize) -> Result<(), Unknown> {
    // A key that is known may be written where the file has nothing yet. Names in lists must exist.
    let creatable = keys::is_known(segments);
    place_below(node, segments, value, index, creatable)
}

fn place_below(
    node: &mut Node,
    segments: &[String],
    value: Node,
    index: usize,
    creatable: bool,
) -> Result<(), Unknown> {
    let Some((first, rest)) = segments.split_first() else {
        *node = value;
        return Ok(());
    };
    match &mut node.value {
        Value::Table(entries) => {
            if let Some(entry) = entries.iter_mut().find(|entry| entry.key == *first) {
                return place_below(&mut entry.node, rest, value, index, creatable);
            }
            if !creatable {
                return Err(Unknown);
            }
            let mut made = Node { value: Value::Table(Vec::new()), at: Origin::Edit(index) };
            place_below(&mut made, rest, value, index, true)?;
            entries.push(Entry { key: first.clone(), key_at: Origin::Edit(index), node: made });
            Ok(())
        }
        Value::List(items) => {
            let labelled = |item: &&mut Node| {
                item.get("label").and_then(|entry| entry.node.text()) == Some(first.as_str())
            };
            let item = items.iter_mut().find(labelled).ok_or(Unknown)?;
            place_below(item, rest, value, index, creatable)
        }
        // A switched-off table may be replaced as a whole, not in part.
        _ => Err(Unknown),
    }
}

fn unknown_help(root: &Node, segments: &[String]) -> String {
    let wanted = segments.join(".");
    let mut paths = Vec::new();
    collect(root, "", &mut paths);
    paths.extend(keys::plain_paths().map(str::to_owned));
    if let Some(near) = near::nearest(&wanted, &paths) {
        return near::did_you_mean(near);
    }
    // Otherwise the keys that stand where the path goes wrong.
    let prefix = match segments {
        [section, label, ..] if section == "inject" || section == "change" => {
            let labels = labels(root, section);
            if !labels.contains(label) {
                return match labels.as_slice() {
                    [] => format!("the file has no `[[{section}]]`"),
                    labels => format!("the labels are {}", near::all_of(labels)),
                };
            }
            return "`squall explain` lists the keys".into();
        }
        [.., _] if segments.len() > 1 => segments[..segments.len() - 1].join("."),
        _ => String::new(),
    };
    let known = keys::under(&prefix);
    if known.is_empty() { "`squall explain` lists the keys".into() } else { near::any_of(&known) }
}

fn labels(root: &Node, section: &str) -> Vec<String> {
    let items = root.get(section).and_then(|entry| entry.node.list()).unwrap_or_default();
    let label = |item: &Node| item.get("label")?.node.text().map(str::to_owned);
    items.iter().filter_map(label).collect()
}

/// All paths of the file, at most a thousand.
fn collect(node: &Node, prefix: &str, paths: &mut Vec<String>) {
    let join = |key: &str| {
        if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
    };
    let mut below = |key: &str, child: &Node| {
        if paths.len() < 1_000 {
            let path = join(key);
            collect(child, &path, paths);
            paths.push(path);
        }
    };
    for entry in node.table().unwrap_or_default() {
        below(&entry.key, &entry.node);
    }
    for item in node.list().unwrap_or_default() {
        if let Some(label) = item.get("label").and_then(|entry| entry.node.text()) {
            below(label, item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_split_at_the_first_equals_sign_outside_of_quotes() {
        let edit = Edit::from_option("run.length = 5m").unwrap();
        assert_eq!((&*edit.path, &*edit.value), ("run.length", "5m"));
        let edit = Edit::from_option("invariants.\"a = b.c\"=mean(wait) <= 3s").unwrap();
        assert_eq!((&*edit.path, &*edit.value), ("invariants.\"a = b.c\"", "mean(wait) <= 3s"));
        assert_eq!(split(&edit.path).ok().unwrap(), ["invariants", "a = b.c"]);
        assert!(Edit::from_option("run.length").is_err());
        assert!(Edit::from_option("=5").is_err());
    }

    #[test]
    fn malformed_paths_are_refused() {
        for path in ["", ".", "a.", ".a", "a..b", "\"a", &"a.".repeat(50)] {
            assert!(split(path).is_err(), "{path}");
        }
    }
}
