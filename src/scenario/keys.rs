//! Every key that a scenario may have, joined from the elements that the keys set: the reader's list of
//! what is known, and the reference of `squall explain`.

use crate::change;
use crate::fault::{self, Absent, Parameter, Value};
use crate::model::{Fabric, preset};
use crate::units::{Span, count_to_f64};
use std::fmt::Display;
use std::sync::LazyLock;

/// One key of a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    /// Where it stands: `fabric.routing.networks`. A part in square brackets is the kind of table
    /// that it belongs to (`inject.fault[surge].factor`, `law[uniform].from`); `*` is a name that the
    /// file chooses. Elements of `[[inject]]` and `[[change]]` stand under `inject` and `change`.
    pub path: String,
    /// What is written there: `time`, `share`, `count`, `law`, `"on" or "off"` and so on.
    pub kind: String,
    /// What holds when it is not written: a value, `required`, or `none`.
    pub default: String,
    /// An example, as it is written.
    pub example: String,
    /// What it is: half a sentence.
    pub text: &'static str,
}

/// All keys in the order in which a file is read.
pub static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    let preset = preset::five_regions();
    let mut keys: Vec<Key> =
        ELEMENTS.iter().flat_map(|rows| rows.iter()).map(|row| row.key(&preset)).collect();
    let faults = fault::KINDS.iter().map(|kind| (kind.name, kind.parameters));
    insert(&mut keys, "inject.fault", "which fault", &faults.collect::<Vec<_>>());
    let changes = change::KINDS.iter().map(|kind| (kind.name, kind.parameters));
    insert(&mut keys, "change.do", "which change", &changes.collect::<Vec<_>>());
    keys
});

/// The keys of each element, as its reader has them.
const ELEMENTS: &[&[Row]] = &[
    super::run::KEYS,
    super::fabric::KEYS,
    super::topology::KEYS,
    super::routing::KEYS,
    super::viewers::KEYS,
    super::metadata::KEYS,
    super::manifest::KEYS,
    super::lanes::KEYS,
    super::pods::KEYS,
    super::autoscale::KEYS,
    super::database::KEYS,
    super::replication::KEYS,
    super::content::KEYS,
    super::cost::KEYS,
    super::load::KEYS,
    super::inject::KEYS,
    super::invariants::KEYS,
    super::law::KEYS,
    super::call::KEYS,
    super::budget::KEYS,
];

/// All keys of a study, each behind `study.`.
pub static STUDY_KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| rows(super::study::keys::TABLE));

/// What holds when a key is not written. Under `fabric` that is what the preset `five-regions` has
/// ([`crate::model::preset`] has its sources), except in `fabric.pool`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Default {
    /// It must be written.
    Required,
    /// This value, or what it means in words.
    Is(&'static str),
    /// What the preset has.
    Of(fn(&Fabric) -> String),
}

/// A key beside its reader.
#[derive(Debug)]
pub(super) struct Row {
    path: &'static str,
    kind: &'static str,
    default: Default,
    example: &'static str,
    text: &'static str,
}

/// Path, kind of value, default, example and meaning of a key ([`Key`]).
pub(super) const fn row(
    path: &'static str,
    kind: &'static str,
    default: Default,
    example: &'static str,
    text: &'static str,
) -> Row {
    Row { path, kind, default, example, text }
}

impl Row {
    fn key(&self, preset: &Fabric) -> Key {
        let default = match self.default {
            Default::Required => "required".into(),
            Default::Is(text) => text.into(),
            Default::Of(value) => value(preset),
        };
        let (path, kind) = (self.path.into(), self.kind.into());
        Key { path, kind, default, example: self.example.into(), text: self.text }
    }
}

/// A time, as files have it.
pub(super) fn time(span: Span) -> String {
    span.to_string()
}

/// A share of one.
pub(super) fn share(share: f64) -> String {
    format!("{}%", libm::rint(share * 1e9) / 1e7)
}

/// A share of one in billionths.
pub(super) fn grains(grains: u64) -> String {
    share(count_to_f64(grains) / 1e9)
}

/// Thousandths of a core.
pub(super) fn cores(thousandths: u32) -> String {
    (f64::from(thousandths) / 1e3).to_string()
}

pub(super) fn on(is: bool) -> String {
    if is { "on" } else { "off" }.into()
}

/// A value, or no bound.
pub(super) fn bound<T: Display>(value: Option<T>) -> String {
    value.map_or_else(|| "unbounded".into(), |value| value.to_string())
}

/// A volume in the largest unit that leaves no fraction.
pub(super) fn bytes(bytes: u64) -> String {
    let units =
        [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match units.into_iter().find(|(_, size)| bytes > 0 && bytes.is_multiple_of(*size)) {
        Some((unit, size)) => format!("{}{unit}", bytes / size),
        None => format!("{bytes}B"),
    }
}

fn rows(table: &'static str) -> Vec<Key> {
    let row = |line: &'static str| {
        let mut cells = line.split(" | ").map(str::trim);
        let mut cell = || cells.next().unwrap_or_default();
        let (path, kind, default) = (cell().into(), cell().into(), cell().into());
        Key { path, kind, default, example: cell().into(), text: cell() }
    };
    table.lines().filter(|line| !line.is_empty()).map(row).collect()
}

/// Puts the keys of all kinds of a table behind the table's own key.
fn insert(
    keys: &mut Vec<Key>,
    table: &str,
    text: &'static str,
    kinds: &[(&'static str, &'static [Parameter])],
) {
    let names: Vec<&str> = kinds.iter().map(|(name, _)| *name).collect();
    let kind = Key {
        path: format!("{table}.kind"),
        kind: quoted(&names),
        default: "required".into(),
        example: format!("\"{}\"", names.last().copied().unwrap_or_default()),
        text,
    };
    let parameters = kinds.iter().flat_map(|(name, parameters)| {
        parameters.iter().map(move |parameter| Key {
            path: format!("{table}[{name}].{}", parameter.name),
            kind: words_of(parameter.value),
            default: match parameter.absent {
                Absent::Wrong => "required".into(),
                Absent::As(text) => text.trim_matches('"').into(),
                Absent::Unbounded(word) => word.into(),
            },
            example: parameter.example.into(),
            text: parameter.text,
        })
    });
    let all: Vec<Key> = std::iter::once(kind).chain(parameters).collect();
    let at = keys.iter().position(|key| key.path == table).map_or(keys.len(), |at| at + 1);
    keys.splice(at..at, all);
}

/// `"a", "b" or "c"`, as kinds of keys list the words that may stand there.
fn quoted(words: &[&str]) -> String {
    let all: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    match all.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} or {last}", first.join(", ")),
        None => String::new(),
    }
}

fn words_of(value: Value) -> String {
    match value {
        Value::Region | Value::RegionOrAll => "text".into(),
        Value::Time(_) => "time".into(),
        Value::Number(..) | Value::Cores => "number".into(),
        Value::Share(_) => "share".into(),
        Value::CoresOrNone => "number or \"none\"".into(),
        Value::Bytes => "volume".into(),
        Value::Pods => "count".into(),
        Value::Word(words) => quoted(words),
    }
}

/// The key of this name in a section of this path.
pub(super) fn find(schema: &str, name: &str) -> Option<&'static Key> {
    all().find(|key| split_last(&key.path) == (schema, name))
}

/// Names of the keys that stand directly in a section; none when the file chooses them.
pub(super) fn under(schema: &str) -> Vec<&'static str> {
    let name = |key: &'static Key| {
        let (section, name) = split_last(&key.path);
        (section == schema && name != "*").then_some(name)
    };
    all().filter_map(name).collect()
}

/// Keys of scenarios and of studies.
fn all() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().chain(STUDY_KEYS.iter())
}

/// Paths without a name that the file chooses.
pub(super) fn plain_paths() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|key| key.path.as_str()).filter(|path| !path.contains(['*', '[']))
}

/// Whether a file may have something at a path.
pub(super) fn is_known(segments: &[String]) -> bool {
    let mut wanted: Vec<&str> = segments.iter().map(String::as_str).collect();
    if matches!(wanted.first(), Some(&("inject" | "change"))) && wanted.len() > 1 {
        wanted.remove(1);
    }
    is_path(&wanted)
}

/// Tables that may stand in several places, by the last word of such a place's kind.
const SHARED: [&str; 8] = ["pace", "law", "call", "budget", "breaker", "fallback", "hedge", "pool"];

/// Whether a path leads to a key, be it through a table that is described by itself.
fn is_path(wanted: &[&str]) -> bool {
    let ends_in = |key: &Key, rest: &[&str]| {
        let shared =
            SHARED.into_iter().find(|shared| key.kind.split(' ').next_back() == Some(shared));
        shared.is_some_and(|shared| is_path(&[&[shared], rest].concat()))
    };
    KEYS.iter().any(|key| matches(&key.path, wanted))
        || (1..wanted.len()).any(|at| {
            let (before, rest) = wanted.split_at(at);
            KEYS.iter().any(|key| matches(&key.path, before) && ends_in(key, rest))
        })
}

fn matches(path: &str, wanted: &[&str]) -> bool {
    let mut parts = path.split('.');
    let fits = |wanted: &&str| {
        parts.next().is_some_and(|part| part == "*" || part.split('[').next() == Some(wanted))
    };
    wanted.iter().all(fits) && parts.next().is_none()
}

fn split_last(path: &'static str) -> (&'static str, &'static str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_whole_and_stands_once() {
        let mut paths: Vec<_> = KEYS.iter().map(|key| &key.path).collect();
        for key in KEYS.iter() {
            assert!(!key.text.is_empty() && !key.default.is_empty(), "{key:?}");
            assert!(toml::de::DeValue::parse(&key.example).is_ok(), "{key:?}");
        }
        paths.sort_unstable();
        let all = paths.len();
        paths.dedup();
        assert_eq!(paths.len(), all);
    }

    #[test]
    fn paths_are_known_with_labels_names_and_laws() {
        let known = |path: &str| is_known(&path.split('.').map(str::to_owned).collect::<Vec<_>>());
        assert!(known("fabric.routing.networks"));
        assert!(known("inject.outage.fault.routes"));
        assert!(known("inject.outage"));
        assert!(known("load.manifests-per-second.sa-east-1"));
        assert!(known("fabric.manifest.service.mean"));
        assert!(known("fabric.viewers.budget.kind"));
        assert!(known("fabric.database.call.budget.min-per-second"));
        assert!(known("fabric.database.call.breaker.window"));
        assert!(!known("fabric.database.call.buget"));
        assert!(!known("fabric.database.call.budget.attempts"));
        assert!(!known("fabric.manifest.servce"));
        assert!(!known("fabric.manifest.pods.mean"));
    }
}
