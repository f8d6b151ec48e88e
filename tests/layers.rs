//! The order of layers: a module imports only from those above it, and some crates stay in one.

#![allow(clippy::unwrap_used, clippy::panic)] // reason: a test fails by panicking

#[path = "common/files.rs"]
mod files;

use std::collections::BTreeSet;
use std::path::Path;

/// From the top down. A line's modules do not know each other.
const ORDER: &[&[&str]] = &[
    &["units"],
    &["stats"],
    &["engine", "trace"],
    &["fault"],
    &["change"],
    &["cache"],
    &["replay"],
    &["observe"],
    &["fabric"],
    &["cost"],
    &["slo"],
    &["invariant"],
    &["scenario"],
    &["judge"],
    &["rehearse"],
    &["live"],
    &["report"],
    &["study"],
    &["gate", "runbook"],
    &["cli"],
];

/// Crates that only these modules may name: outside them nobody knows that they exist.
const HOMES: &[(&str, &[&str])] = &[
    ("anstream", &["cli"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("indicatif", &["cli"]),
    ("signal_hook", &["cli"]),
    ("annotate_snippets", &["scenario"]),
    ("toml", &["scenario"]),
    ("quick_junit", &["report", "gate", "runbook"]),
    ("serde", &["report", "study", "gate", "runbook"]),
    ("serde_json", &["report", "study", "gate", "runbook"]),
    ("flate2", &["trace"]),
    ("ruzstd", &["trace"]),
    ("rand_chacha", &["engine"]),
    ("rand_core", &["engine"]),
];

/// Of a lower layer these modules may name these items alone. A judge takes plain data from the fabric:
/// a live run, which no simulator made, is judged by the same code.
const APART: &[(&str, &str, &[&str])] = &[("judge", "fabric", &["Budget", "Call", "Plan"])];

fn layer_of(module: &str) -> usize {
    let found = ORDER.iter().position(|layer| layer.contains(&module));
    found.unwrap_or_else(|| panic!("`{module}` has no layer: give it one in tests/layers.rs"))
}

/// The module of the crate's first level that a file belongs to; none for the roots.
fn module_of(path: &Path) -> Option<String> {
    let inside = path.strip_prefix("src").unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    let module = first.strip_suffix(".rs").unwrap_or(first);
    (module != "lib" && module != "main").then(|| module.to_owned())
}

/// A source without comments and without what stands between quotation marks.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['/', '"', '\'']) {
        code.push_str(&rest[..at]);
        rest = &rest[at..];
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with('"') {
            let hashes = code.len() - code.trim_end_matches('#').len();
            text_length(rest, code.trim_end_matches('#').ends_with('r').then_some(hashes))
        } else if rest.starts_with("'\"'") {
            3
        } else {
            code.push_str(&rest[..1]);
            1
        };
        rest = &rest[skipped..];
    }
    code.push_str(rest);
    code
}

/// How long a text is with its marks; a raw one ends with as many hashes as it began with.
fn text_length(text: &str, hashes: Option<usize>) -> usize {
    if let Some(hashes) = hashes {
        let end = format!("\"{}", "#".repeat(hashes));
        return text[1..].find(&end).map_or(text.len(), |at| 1 + at + end.len());
    }
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !escaped => return at + 1,
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The words that follow `path::` in a source: `a` and `b` for `path::{a::c, b}`.
fn named_after(code: &str, path: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(path) {
        if at > 0 && (is_word(code.as_bytes()[at - 1]) || code[..at].ends_with('$')) {
            continue;
        }
        let rest = &code[at + path.len()..];
        let parts = match rest.strip_prefix('{') {
            Some(list) => first_level(list),
            None => vec![rest],
        };
        for part in parts {
            let part = part.trim_start();
            let end = part.bytes().position(|byte| !is_word(byte)).unwrap_or(part.len());
            names.insert(part[..end].to_owned());
        }
    }
    names.remove("");
    names
}

/// The parts of a list up to its closing brace, those inside other braces left alone.
fn first_level(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, byte) in list.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => {
                parts.push(&list[start..at]);
                return parts;
            }
            b'}' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts
}

/// Each source with its module and its code.
fn sources() -> impl Iterator<Item = (String, Option<String>, String)> {
    files::below("src", "rs").into_iter().map(|path| {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path));
        let name = path.display().to_string();
        (name, module_of(&path), code_of(&text.unwrap()))
    })
}

#[test]
fn a_module_imports_only_from_layers_above_it() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for (name, module, code) in sources() {
        let Some(module) = module else { continue };
        for used in named_after(&code, "crate::") {
            seen += 1;
            if used != module && layer_of(&used) >= layer_of(&module) {
                wrong.push(format!("{name}: `{module}` must not know `{used}`"));
            }
        }
    }
    assert!(seen > 100, "{seen} imports are too few: the reader is broken");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_judge_does_not_know_the_simulator() {
    for &(module, apart, items) in APART {
        let (mut wrong, mut seen) = (Vec::new(), 0);
        for (name, _, code) in sources().filter(|(_, own, _)| own.as_deref() == Some(module)) {
            let named = named_after(&code, &format!("{apart}::"));
            seen += named.len();
            let strangers = named.iter().filter(|item| !items.contains(&item.as_str()));
            wrong.extend(strangers.map(|item| format!("{name}: must not know `{apart}::{item}`")));
        }
        assert!(seen > 0, "`{module}` names nothing of `{apart}`: the rule is moot");
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// `super::super::..` must not climb out of a module of the first level by another way.
#[test]
fn no_module_climbs_to_the_root_of_the_crate() {
    for (name, _, code) in sources() {
        let depth = name.matches('/').count();
        // A test file hangs below the file that it tests, and an inline module a step deeper.
        let most = depth + usize::from(name.ends_with("tests.rs"));
        let climb = (1..9).take_while(|&steps| code.contains(&"super::".repeat(steps))).last();
        assert!(climb.unwrap_or(0) <= most, "{name}: climbs {climb:?} levels from {depth}");
    }
}

#[test]
fn crates_stay_where_they_are_at_home() {
    let mut wrong = Vec::new();
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for (name, module, code) in sources() {
        for &(external, homes) in HOMES {
            let named = !named_after(&code, &format!("{external}::")).is_empty();
            if named && module.as_deref().is_some_and(|module| homes.contains(&module)) {
                known.insert(external);
            } else if named {
                wrong.push(format!("{name}: only {homes:?} may know `{external}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let strangers: Vec<_> = HOMES.iter().filter(|home| !known.contains(home.0)).collect();
    assert!(strangers.is_empty(), "nobody uses these: {strangers:?}");
}

#[test]
fn the_reader_of_imports_sees_every_way_to_write_one() {
    let text = r##"
        // use crate::comment;
        use crate::units::{Span, Instant};
        use crate::{engine::{Law, Seed}, fault};
        pub(in crate::fabric) fn f(x: crate::cost::Bill) -> &'static str { "crate::text \" crate::more" }
        const RAW: &str = r#"crate::raw " crate::rawer"#; const Q: char = '"'; use crate::slo;
    "##;
    let names = named_after(&code_of(text), "crate::");
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(names, ["cost", "engine", "fabric", "fault", "slo", "units"]);
    assert_eq!(named_after("my_crate::a; xcrate::b", "crate::").len(), 0);
}
