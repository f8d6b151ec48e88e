//! No circles among the files of the program: a file that uses another is not used by it, nor by what that
//! one uses.
//!
//! What a file takes of one above it (`a/b.rs` of `a.rs`) is not counted: the two are one module, in files
//! of a size that can be read, and a module may use what is in it. Everything else counts, also what
//! `a/b.rs` takes of `a/c.rs`.
//!
//! A name that a module only hands on (`pub use`, or a `use` of a module above) is looked for where it is
//! written; `mod` lines and tests do not count. Methods are not seen: an `impl` may be anywhere.

use super::files;
use super::layers::{code_of, first_level, is_word};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Circles that there still are, each with all files that are in it. A file leaves this list when it leaves
/// its circle, and nothing is ever added.
const KNOWN: &[&[&str]] = &[
    &["src/cost/bill.rs", "src/cost/book.rs", "src/cost/exact.rs", "src/cost/usage.rs"],
    &["src/engine/process.rs", "src/engine/queue.rs"],
    &["src/engine/stream.rs", "src/engine/ziggurat.rs"],
    &[
        "src/fabric/event.rs",
        "src/fabric/site/connections.rs",
        "src/fabric/site/database.rs",
        "src/fabric/site/fetch.rs",
        "src/fabric/site/origin.rs",
        "src/fabric/site/primary.rs",
        "src/fabric/site/service.rs",
        "src/fabric/site/tracing.rs",
        "src/fabric/tracer.rs",
    ],
    &["src/fabric/guard.rs", "src/fabric/viewers.rs"],
    &["src/fabric/sharing.rs", "src/fabric/slowdown.rs"],
    &["src/gate/run.rs", "src/gate/words.rs"],
    &["src/invariant/clauses.rs", "src/invariant/parse.rs"],
    &["src/rehearse/alerts.rs", "src/rehearse/course.rs"],
    &["src/report/course.rs", "src/report/hops.rs", "src/report/seeds.rs", "src/report/text.rs"],
    &["src/scenario/problem.rs", "src/scenario/source.rs"],
    &["src/study/find.rs", "src/study/plan.rs", "src/study/rows.rs", "src/study/search.rs"],
    &["src/trace/gzip.rs", "src/trace/source.rs"],
];

/// One name that a `use` brings in; no name for all that there are (`*`).
struct Use {
    path: Vec<String>,
    name: Option<String>,
    public: bool,
}

/// A file that is a module.
struct Module {
    file: String,
    uses: Vec<Use>,
    /// The code without what is for tests and without `use`.
    rest: String,
    written: BTreeSet<String>,
}

/// Modules by their paths from the root of the crate.
struct Tree(BTreeMap<Vec<String>, Module>);

/// The words of a path, up to what is no part of it.
fn words_of(path: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = path;
    loop {
        let end = rest.bytes().position(|byte| !is_word(byte)).unwrap_or(rest.len());
        if end == 0 {
            return words;
        }
        words.push(rest[..end].to_owned());
        match rest[end..].strip_prefix("::") {
            Some(more) => rest = more,
            None => return words,
        }
    }
}

/// A source without the items after `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = String::new();
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        kept.push_str(&rest[..at]);
        let item = &rest[at + MARK.len()..];
        let mut depth = 0_usize;
        let end = item.bytes().position(|byte| {
            match byte {
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && matches!(byte, b'}' | b';')
        });
        rest = &item[end.map_or(item.len(), |end| end + 1)..];
    }
    kept + rest
}

/// Adds what a tree of a `use` brings in: `a::{b, c as d, e::*}` behind `before`.
fn expand(tree: &str, before: &[String], public: bool, found: &mut Vec<Use>) {
    let tree = tree.trim().trim_start_matches("::");
    let mut path = before.to_vec();
    if let Some(list) = tree.strip_prefix('{') {
        first_level(list).iter().for_each(|part| expand(part, before, public, found));
        return;
    }
    let mut words = words_of(tree);
    let after = tree.trim_start_matches(|c: char| c == ':' || c == '_' || c.is_alphanumeric());
    if words.is_empty() && !tree.starts_with('*') {
        return;
    }
    if after.starts_with(['{', '*']) || tree.starts_with('*') {
        path.append(&mut words);
        match after.strip_prefix('{') {
            Some(list) => {
                first_level(list).iter().for_each(|part| expand(part, &path, public, found));
            }
            None => found.push(Use { path, name: None, public }),
        }
        return;
    }
    // `a::{self}` is `a`.
    words.retain(|word| word != "self" || path.is_empty());
    path.append(&mut words);
    let alias = after.trim().strip_prefix("as ").map(|alias| alias.trim().to_owned());
    let name = alias.or_else(|| path.last().cloned());
    found.push(Use { path, name, public });
}

/// Takes the `use` items out of a source.
fn uses_of(code: &str) -> (Vec<Use>, String) {
    let (mut found, mut kept) = (Vec::new(), String::new());
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let before = &rest[..at];
        if before.bytes().next_back().is_some_and(is_word) {
            kept.push_str(&rest[..at + 4]);
            rest = &rest[at + 4..];
            continue;
        }
        kept.push_str(before);
        let item = &rest[at + 4..];
        let end = item.find(';').unwrap_or(item.len());
        let line = before.rsplit(['\n', ';', '{', '}']).next().unwrap_or_default();
        expand(&item[..end], &[], line.contains("pub"), &mut found);
        rest = item.get(end + 1..).unwrap_or_default();
    }
    kept.push_str(rest);
    (found, kept)
}

/// The words of a source.
fn words_in(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Names of the items that a source writes.
fn written_in(code: &str) -> BTreeSet<String> {
    let kinds =
        ["struct", "enum", "fn", "trait", "type", "const", "static", "union", "macro_rules"];
    let pairs = words_in(code).zip(words_in(code).skip(1));
    pairs.filter(|(kind, _)| kinds.contains(kind)).map(|(_, name)| name.to_owned()).collect()
}

/// Where paths begin in a source: after something that is no part of one.
fn paths_in(code: &str) -> impl Iterator<Item = Vec<String>> {
    code.match_indices("::").filter_map(|(at, _)| {
        let start = code[..at].bytes().rposition(|byte| !is_word(byte)).map_or(0, |end| end + 1);
        let before = code[..start].trim_end();
        let is_first = start < at && !code[..start].ends_with(':');
        // `pub(in crate::a)` uses nothing.
        (is_first && !before.ends_with("(in")).then(|| words_of(&code[start..]))
    })
}

impl Tree {
    /// From sources below `src`, tests left out.
    fn of<'a>(sources: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut modules = BTreeMap::new();
        for (file, text) in sources {
            let stem = file.strip_prefix("src/").unwrap().strip_suffix(".rs").unwrap();
            if stem == "main" || stem.ends_with("tests") {
                continue;
            }
            let path = match stem {
                "lib" => Vec::new(),
                _ => stem.split('/').map(str::to_owned).collect(),
            };
            let code = code_of(text).replace("'{'", "").replace("'}'", "").replace("';'", "");
            let (uses, rest) = uses_of(&without_tests(&code));
            let written = written_in(&rest);
            modules.insert(path, Module { file: file.to_owned(), uses, rest, written });
        }
        Self(modules)
    }

    /// A path as it is written in a module, from the root of the crate; none for another crate's.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Vec<String>> {
        let mut base = module.to_vec();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => {
                base.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|word| word == "super") {
                    base.pop()?;
                    rest = &rest[1..];
                }
            }
            first => {
                base.push(first.to_owned());
                if !self.0.contains_key(&base) {
                    return None;
                }
                rest = &rest[1..];
            }
        }
        base.extend_from_slice(rest);
        Some(base)
    }

    /// The module that writes what a path from the root means.
    fn writer(&self, path: &[String], depth: usize) -> Option<&[String]> {
        let ends = (0..=path.len()).rev();
        let end = ends.into_iter().find(|&end| self.0.contains_key(&path[..end]))?;
        let (key, module) = self.0.get_key_value(&path[..end])?;
        let Some(name) = path.get(end).filter(|name| depth > 0 && !module.written.contains(*name))
        else {
            return Some(key);
        };
        let further = |used: &Use, more: &[String]| {
            let whole = self.absolute(key, &used.path)?;
            self.writer(&[&whole, more].concat(), depth - 1)
        };
        let named = module.uses.iter().find(|used| used.name.as_ref() == Some(name));
        if let Some(used) = named {
            return further(used, &path[end + 1..]);
        }
        let globs = module.uses.iter().filter(|used| used.name.is_none());
        let mut found = globs.filter_map(|used| further(used, &path[end..]));
        Some(found.find(|&at| self.0[at].written.contains(name)).unwrap_or(key))
    }

    /// What each file uses of others: file, the other, a name.
    fn uses(&self) -> BTreeSet<(&str, &str, String)> {
        let mut found = BTreeSet::new();
        for (key, module) in &self.0 {
            let inline = paths_in(&module.rest);
            let words: BTreeSet<&str> = words_in(&module.rest).collect();
            // What is only handed on is used by those that take it.
            let own = |used: &&Use| {
                let name = used.name.as_deref();
                !used.public || name.is_some_and(|name| words.contains(name))
            };
            let taken = module.uses.iter().filter(own).map(|used| used.path.clone());
            for path in taken.chain(inline) {
                let whole = self.absolute(key, &path);
                let Some(other) = whole.and_then(|whole| self.writer(&whole, 9).map(<[_]>::to_vec))
                else {
                    continue;
                };
                if !key.starts_with(&other) {
                    let name = path.last().cloned().unwrap_or_default();
                    found.insert((module.file.as_str(), self.0[&other].file.as_str(), name));
                }
            }
        }
        found
    }

    /// Files that use each other, directly or through others, each with all that are in its circle.
    fn circles(&self) -> BTreeSet<BTreeSet<&str>> {
        let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (one, other, _) in self.uses() {
            next.entry(one).or_default().insert(other);
        }
        let reached = |from: &str| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
            while let Some(file) = open.pop() {
                for &other in next.get(file).into_iter().flatten() {
                    if seen.insert(other) {
                        open.push(other);
                    }
                }
            }
            seen
        };
        let all: BTreeMap<&str, BTreeSet<&str>> =
            next.keys().map(|&file| (file, reached(file))).collect();
        let with = |file: &str| {
            let back = |other: &&str| all.get(other).is_some_and(|seen| seen.contains(file));
            all[file].iter().copied().filter(back).collect::<BTreeSet<&str>>()
        };
        all.keys().map(|&file| with(file)).filter(|circle| !circle.is_empty()).collect()
    }
}

/// What the files of a circle use of each other.
fn told(tree: &Tree, circle: &BTreeSet<&str>) -> String {
    let inside =
        |(one, other, _): &(&str, &str, String)| circle.contains(one) && circle.contains(other);
    let lines = tree.uses().into_iter().filter(inside);
    let lines: Vec<_> =
        lines.map(|(one, other, name)| format!("  {one} -> {other} ({name})")).collect();
    format!("{circle:?}\n{}", lines.join("\n"))
}

#[test]
fn files_do_not_use_each_other_in_circles() {
    let paths = files::below("src", "rs");
    let read = |path: &Path| {
        let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        (path.display().to_string(), std::fs::read_to_string(whole).unwrap())
    };
    let texts: Vec<(String, String)> = paths.iter().map(|path| read(path)).collect();
    let tree = Tree::of(texts.iter().map(|(file, text)| (file.as_str(), text.as_str())));
    assert!(tree.uses().len() > 500, "too few: the reader is broken");
    let found = tree.circles();
    let known: BTreeSet<BTreeSet<&str>> =
        KNOWN.iter().map(|circle| circle.iter().copied().collect()).collect();
    let new: Vec<_> = found
        .iter()
        .filter(|circle| !known.iter().any(|known| circle.is_subset(known)))
        .map(|circle| told(&tree, circle))
        .collect();
    assert!(new.is_empty(), "circles:\n{}", new.join("\n"));
    let gone: Vec<_> = known.iter().filter(|known| !found.contains(*known)).collect();
    assert!(
        gone.is_empty(),
        "no circles any more, or smaller ones; take them out of KNOWN: {gone:?}"
    );
}

#[test]
fn the_reader_sees_every_way_to_use_a_file() {
    let tree = Tree::of([
        ("src/lib.rs", "pub mod a; pub mod b;"),
        // It hands `Deep` on, uses `Own` itself, and writes `Top`.
        (
            "src/a.rs",
            "mod deep; mod own; mod odd; pub use deep::{Deep, other as Other}; pub use own::Own;
             pub struct Top(Own); #[cfg(test)] mod tests { use crate::b::B; fn f() { {} } }
             // use crate::b::Comment;
             const TEXT: &str = \"use crate::b::Text;\";",
        ),
        ("src/a/deep.rs", "use super::{Top, own::{self, Own}}; pub struct Deep; pub fn other() {}"),
        ("src/a/own.rs", "pub(in crate::b) struct Own; fn f() { super::odd::odd(std::fmt::X) }"),
        ("src/a/odd.rs", "use crate::b::*; pub fn odd() -> B { reuse () }"),
        ("src/b.rs", "use crate::a::{Deep, Other as Mine}; use serde::Own; pub struct B;"),
        ("src/a/x_tests.rs", "use crate::b::B;"),
    ]);
    let uses: Vec<String> =
        tree.uses().iter().map(|(one, other, name)| format!("{one} {other} {name}")).collect();
    assert_eq!(
        uses,
        [
            "src/a.rs src/a/own.rs Own",
            "src/a/deep.rs src/a/own.rs Own",
            "src/a/deep.rs src/a/own.rs own",
            "src/a/odd.rs src/b.rs b",
            "src/a/own.rs src/a/odd.rs odd",
            "src/b.rs src/a/deep.rs Deep",
            "src/b.rs src/a/deep.rs Other",
        ]
    );
    let circles = tree.circles();
    let circles: Vec<Vec<&str>> =
        circles.iter().map(|circle| circle.iter().copied().collect()).collect();
    assert_eq!(circles, [["src/a/deep.rs", "src/a/odd.rs", "src/a/own.rs", "src/b.rs"]]);
}
