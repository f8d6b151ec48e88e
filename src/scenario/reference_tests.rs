//! The tables of kinds and keys against the reader: what they list is read, and what they say holds when a
//! key is absent does hold.

use super::*;
use crate::{change, fault};

const BASE: &str = r#"
title = "Base"
question = "Is what is explained what holds?"
[run]
seed = 1
length = "10m"
[fabric]
preset = "five-regions"
[load]
titles = 10
popularity = { law = "zipf", exponent = 0.9 }
manifests-per-second = { us-east-1 = 10 }
segments-per-second = { us-east-1 = 10 }
[invariants]
"all are served" = "availability >= 99%"
"#;

const POOL: &str = r#"
title = "Pool"
question = "Is what is explained what holds?"
[run]
seed = 1
length = "10m"
[fabric]
preset = "single-pool"
pool = { servers = 8, service = { law = "constant", value = "1ms" } }
[load]
requests-per-second = 10
[invariants]
"all are served" = "availability >= 99%"
"#;

/// Pods with bounded processors and memory, which some faults need.
const BOUNDED: [&str; 2] =
    ["fabric.manifest.cpu={ threads = 1 }", "fabric.manifest.memory={ limit = \"1GB\" }"];

fn read(text: &str, edits: &[String]) -> Result<Plan, String> {
    let edits: Vec<Edit> = edits.iter().map(|edit| Edit::from_option(edit).unwrap()).collect();
    let read = load(&Source::from_text("base.toml", text), &edits);
    read.map(|scenario| scenario.plan).map_err(|problems| problems.to_string())
}

/// The base with an injection of its own.
fn injected(fault: &str, instant: bool) -> String {
    let lasts = if instant { "" } else { "lasts = \"2m\"\n" };
    format!("{BASE}[[inject]]\nlabel = \"own\"\nat = \"1m\"\n{lasts}fault = {fault}\n")
}

fn changed(change: &str) -> String {
    format!("{BASE}[[change]]\nlabel = \"own\"\nat = \"1m\"\ndo = {change}\n")
}

#[test]
fn every_kind_of_fault_is_read_from_its_example_and_knows_its_keys() {
    let bounded = BOUNDED.map(str::to_owned);
    for kind in fault::KINDS {
        let plan = read(&injected(&kind.example(), kind.instant), &bounded).unwrap();
        assert_eq!(plan.injections[0].fault.kind(), kind.name);
        let strange = kind.example().replace(" }", ", zzzzzz = 1 }");
        let told = read(&injected(&strange, kind.instant), &bounded).unwrap_err();
        assert!(told.contains(&format!("`{}` has no key `zzzzzz`", kind.name)), "{told}");
        for parameter in kind.parameters {
            assert!(told.contains(&format!("`{}`", parameter.name)), "{told}");
        }
    }
}

#[test]
fn every_kind_of_change_is_read_from_its_example_and_knows_its_keys() {
    for kind in change::KINDS {
        let plan = read(&changed(&kind.example()), &[]).unwrap();
        assert_eq!(plan.changes[0].change.kind(), kind.name);
        let strange = kind.example().replace(" }", ", zzzzzz = 1 }");
        let told = read(&changed(&strange), &[]).unwrap_err();
        assert!(told.contains(&format!("`{}` has no key `zzzzzz`", kind.name)), "{told}");
    }
}

/// The names of a folder's files, as kinds are called.
fn files(folder: &str) -> Vec<String> {
    let folder = format!("{}/src/{folder}", env!("CARGO_MANIFEST_DIR"));
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.trim_end_matches(".rs").replace('_', "-")
    };
    let mut names: Vec<String> = std::fs::read_dir(folder).unwrap().map(name).collect();
    names.sort();
    names
}

#[test]
fn every_file_of_a_kind_is_in_the_table() {
    let mut faults: Vec<&str> = fault::KINDS.iter().map(|kind| kind.name).collect();
    faults.push("parameter");
    faults.sort_unstable();
    assert_eq!(faults, files("fault"));
    let changes: Vec<&str> = change::KINDS.iter().map(|kind| kind.name).collect();
    assert_eq!(changes, files("change"));
}

/// What holds without a key as it would be written; `None` when it is said in words.
fn written(key: &Key) -> Option<String> {
    let (kind, default) = (key.kind.as_str(), key.default.as_str());
    let number = default.starts_with(|c: char| c.is_ascii_digit()) && !default.contains(' ');
    let quoted = kind.contains(&format!("\"{default}\""));
    let unit = ["time", "share", "volume"].iter().any(|unit| kind.starts_with(unit));
    match (quoted, number) {
        (true, _) => Some(format!("\"{default}\"")),
        (_, true) => Some(if unit { format!("\"{default}\"") } else { default.into() }),
        _ if kind == "true or false" => Some(default.into()),
        _ if key.path == "fabric.primary" => Some(format!("\"{default}\"")),
        _ => None,
    }
}

/// Tables that must be there for a key to have a meaning, in the order of search.
const WITHIN: [(&str, &str); 14] = [
    ("fabric.manifest.ejection.", "{}"),
    ("fabric.manifest.cpu.", "{}"),
    ("fabric.manifest.memory.", "{ limit = \"1GB\" }"),
    ("fabric.manifest.autoscale.", "{ saturation = \"70%\", max = 60 }"),
    ("fabric.metadata.policy", "{ entries = 7 }"),
    ("fabric.database.connect", "{ pooling = \"none\" }"),
    ("fabric.database.slowdown[rate].", "{ by = \"rate\", points = [[300, 1]] }"),
    ("fabric.routing.detect[health-check].", "{ by = \"health-check\" }"),
    ("fabric.routing.detect[hold-timer].", "{ by = \"hold-timer\" }"),
    ("call.", "{}"),
    ("hedge.", "{ after = \"50ms\" }"),
    ("breaker.", "{}"),
    ("fallback.", "{}"),
    ("budget[", "{ kind = \"KIND\" }"),
];

/// A file in which a key is absent and may be written, the edits that it needs, and the key's path there.
fn place(key: &Key) -> Option<(String, Vec<String>, String)> {
    let path = key.path.as_str();
    let name = path.rsplit('.').next()?;
    let kind = path.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|part| part.0);
    if let Some(kind) = kind.filter(|_| path.starts_with("inject.fault[")) {
        let kind = fault::KINDS.iter().find(|known| known.name == kind)?;
        let text = injected(&kind.example(), kind.instant);
        return Some((text, BOUNDED.map(str::to_owned).into(), format!("inject.own.fault.{name}")));
    }
    let within = WITHIN.iter().find(|(prefix, _)| path.starts_with(prefix));
    let Some((prefix, table)) = within else {
        let plain = path.starts_with("fabric.") || path.starts_with("run.");
        let base = if path.starts_with("fabric.pool") { POOL } else { BASE };
        return (plain && !path.contains(['*', '['])).then(|| (base.into(), vec![], path.into()));
    };
    let at = match prefix.split(['.', '[']).next()? {
        "call" => "fabric.database.call".into(),
        "hedge" | "breaker" | "fallback" | "budget" => {
            format!("fabric.viewers.{}", prefix.trim_end_matches(['.', '[']))
        }
        _ => {
            let whole = path.strip_suffix(name)?.trim_end_matches('.');
            whole.split('[').next()?.to_owned()
        }
    };
    let table = table.replace("KIND", kind.unwrap_or_default());
    Some((BASE.into(), vec![format!("{at}={table}")], format!("{at}.{name}")))
}

#[test]
fn what_is_said_to_hold_without_a_key_is_what_the_reader_gives() {
    let mut tried = 0;
    for key in KEYS.iter() {
        let (Some(value), Some((text, edits, path))) = (written(key), place(key)) else {
            continue;
        };
        tried += 1;
        let without = read(&text, &edits).unwrap_or_else(|told| panic!("{}: {told}", key.path));
        let edits = [edits, vec![format!("{path}={value}")]].concat();
        let with = read(&text, &edits).unwrap_or_else(|told| panic!("{}: {told}", key.path));
        assert_eq!(format!("{without:?}"), format!("{with:?}"), "{} is not {value}", key.path);
    }
    assert!(tried >= 120, "{tried}");
}
