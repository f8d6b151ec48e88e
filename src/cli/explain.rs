//! `squall explain`: the reference, from the tables that the program itself works with.

mod tables;

use super::args::ExplainArgs;
use super::{Exit, out};
use crate::report::Paint;
use std::fmt::Write as _;
use tables::{Entry, Topic, topics};

/// The widest line.
const WIDTH: usize = 100;

/// Prints an overview, a topic, or one entry.
pub(super) fn explain(args: &ExplainArgs) -> Exit {
    match answer(args.topic.as_deref(), args.name.as_deref(), out::stdout_paint()) {
        Ok(text) => out::print(&text),
        Err(problem) => {
            out::note(&problem);
            Exit::Problems
        }
    }
}

/// The name of a JSON Schema, what has it, and the schema.
type Schema = (&'static str, &'static str, fn() -> String);

/// Published JSON Schemas.
const SCHEMAS: &[Schema] = &[
    ("scenario", "what a scenario file may say, for editors", crate::scenario::schema),
    ("report", "what `squall run --format json` prints", || crate::report::SCHEMA.into()),
    ("gate", "what `squall gate --format json` prints", || crate::gate::SCHEMA.into()),
    ("study", "what `squall study --format json` prints", || crate::study::SCHEMA.into()),
    ("runbook", "what `squall runbook` stores", || crate::runbook::SCHEMA.into()),
];

/// A schema as it is published, or which there are.
fn schema(name: Option<&str>) -> Result<String, String> {
    let Some(name) = name else {
        let mut out =
            String::from("JSON Schemas, printed whole by `squall explain schema NAME`\n\n");
        for (name, what, _) in SCHEMAS {
            let _ = writeln!(out, "  {name:<8}  {what}");
        }
        return Ok(out);
    };
    let names: Vec<_> = SCHEMAS.iter().map(|(name, ..)| *name).collect();
    let found = SCHEMAS.iter().find(|(known, ..)| *known == name);
    found.map(|(.., text)| text()).ok_or_else(|| unknown("schema", name, &names))
}

/// What is said about a topic and a name.
///
/// # Errors
/// The problem to print, when there is no such topic or name.
fn answer(topic: Option<&str>, name: Option<&str>, paint: Paint) -> Result<String, String> {
    let all = topics();
    match (topic, name) {
        (None, _) => Ok(overview(&all, paint)),
        (Some("schema"), name) => schema(name),
        (Some(word), None) => match all.iter().find(|topic| topic.word == word) {
            Some(topic) => Ok(list(topic, &topic.entries.iter().collect::<Vec<_>>(), paint)),
            None => anywhere(&all, word, paint),
        },
        (Some(word), Some(name)) => match all.iter().find(|topic| topic.word == word) {
            Some(topic) => one(topic, name, paint),
            None => {
                let words: Vec<_> = all.iter().map(|topic| topic.word).collect();
                Err(unknown("topic", word, &words))
            }
        },
    }
}

fn overview(all: &[Topic], paint: Paint) -> String {
    let mut out = String::from("squall explain TOPIC [NAME]\n\n");
    for topic in all {
        let word = format!("{:<10}", topic.word);
        let _ =
            writeln!(out, "  {}  {} ({})", paint.strong(&word), topic.title, topic.entries.len());
    }
    let word = format!("{:<10}", "schema");
    let _ = writeln!(out, "  {}  JSON Schemas ({})", paint.strong(&word), SCHEMAS.len());
    out.push_str(
        "\nFor example `squall explain metric latency`, or only `squall explain latency`.\n",
    );
    out
}

/// An entry of a topic, or everything under a part of a key's path.
fn one(topic: &Topic, name: &str, paint: Paint) -> Result<String, String> {
    // `p99` and `p99.9` are both `pNN`.
    let percentile = name.strip_prefix('p').is_some_and(|n| n.parse::<f64>().is_ok());
    let name = if topic.word == "statistic" && percentile { "pNN" } else { name };
    if let Some(entry) = topic.entries.iter().find(|entry| entry.name == name) {
        return Ok(detail(topic, entry, paint));
    }
    let part = |entry: &&Entry| topic.word == "key" && has_part(&entry.name, name);
    let parts: Vec<_> = topic.entries.iter().filter(part).collect();
    match parts.as_slice() {
        [] => {
            let names: Vec<_> = topic.entries.iter().map(|entry| entry.name.as_str()).collect();
            Err(unknown(topic.word, name, &names))
        }
        [entry] => Ok(detail(topic, entry, paint)),
        entries => Ok(list(topic, entries, paint)),
    }
}

/// A name that is looked up in all topics.
fn anywhere(all: &[Topic], name: &str, paint: Paint) -> Result<String, String> {
    let mut out = Vec::new();
    for topic in all {
        out.extend(
            topic.entries.iter().filter(|e| e.name == name).map(|e| detail(topic, e, paint)),
        );
    }
    if out.is_empty() {
        let names = || all.iter().flat_map(|topic| topic.entries.iter().map(|e| e.name.as_str()));
        let words: Vec<_> = all.iter().map(|topic| topic.word).chain(names()).collect();
        return all
            .iter()
            .find_map(|topic| one(topic, name, paint).ok())
            .ok_or_else(|| unknown("topic or name", name, &words));
    }
    Ok(out.join("\n"))
}

/// Whether a key stands under a path, or has this name at its end.
fn has_part(key: &str, name: &str) -> bool {
    let below = |rest: &str| rest.is_empty() || rest.starts_with(['.', '[']);
    key.strip_prefix(name).is_some_and(below) || key.rsplit('.').next() == Some(name)
}

fn list(topic: &Topic, entries: &[&Entry], paint: Paint) -> String {
    let mut out = format!("{}\n\n", paint.strong(topic.title));
    let width = entries.iter().map(|entry| entry.name.len()).max().unwrap_or(0).min(46);
    for entry in entries {
        let name = paint.strong(&format!("{:<width$}", entry.name));
        if entry.name.len() > width {
            let _ = writeln!(out, "  {name}");
            hang(&mut out, &" ".repeat(width + 4), &entry.text);
            continue;
        }
        let mut text = String::new();
        hang(&mut text, &" ".repeat(width + 4), &entry.text);
        let _ = write!(out, "  {name}  {}", text.trim_start());
    }
    out
}

fn detail(topic: &Topic, entry: &Entry, paint: Paint) -> String {
    let mut out = format!("{} {}\n", topic.word, paint.strong(&entry.name));
    hang(&mut out, "  ", &entry.text);
    let width = entry.more.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, text) in &entry.more {
        let start = format!("  {name:<width$}  ");
        let mut lines = String::new();
        hang(&mut lines, &" ".repeat(width + 4), text);
        let _ = write!(out, "{start}{}", lines.trim_start());
    }
    out
}

/// Writes a text wrapped to the width, every line after `start`.
fn hang(out: &mut String, start: &str, text: &str) {
    let mut line = start.to_owned();
    for word in text.split(' ') {
        if line.len() > start.len() {
            if line.chars().count() + 1 + word.chars().count() > WIDTH {
                let _ = writeln!(out, "{}", line.trim_end());
                line = start.to_owned();
            } else {
                line.push(' ');
            }
        }
        line.push_str(word);
    }
    let _ = writeln!(out, "{}", line.trim_end());
}

/// The problem with a word that is not known, with the nearest one that is.
fn unknown(kind: &str, word: &str, known: &[&str]) -> String {
    let folded = word.to_lowercase();
    let far = |name: &&&str| strsim::osa_distance(&folded, &name.to_lowercase());
    let near = known.iter().min_by_key(far).filter(|name| far(name) <= name.len().div_ceil(2));
    let help = match near {
        Some(near) => format!("`{near}` is the nearest"),
        None if known.len() <= 15 => known.join(", "),
        None => "`squall explain` lists what there is".into(),
    };
    format!(
        "problem: there is no {kind} `{}`\nhelp: {help}\n",
        out::cut(&word.escape_default().to_string())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(topic: &str, name: Option<&str>) -> Result<String, String> {
        answer(Some(topic), name, Paint::Plain)
    }

    #[test]
    fn every_entry_of_every_topic_is_found_by_its_name_and_fits() {
        for topic in topics() {
            assert!(!topic.entries.is_empty(), "{}", topic.word);
            let listed = plain(topic.word, None).unwrap();
            for entry in &topic.entries {
                let text = plain(topic.word, Some(&entry.name)).unwrap();
                assert!(text.starts_with(&format!("{} {}\n", topic.word, entry.name)), "{text}");
                assert!(listed.contains(&entry.name), "{}", entry.name);
                assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
            }
            assert!(listed.lines().all(|line| line.chars().count() <= WIDTH), "{listed}");
        }
    }

    #[test]
    fn a_name_is_found_without_its_topic_and_a_key_by_a_part_of_its_path() {
        assert!(plain("p99.9", None).unwrap().starts_with("statistic pNN\n"));
        assert!(plain("latency", None).unwrap().starts_with("metric latency\n"));
        assert!(
            plain("fabric.metadata.ttl", None).unwrap().starts_with("key fabric.metadata.ttl\n")
        );
        let section = plain("key", Some("fabric.metadata")).unwrap();
        assert!(section.starts_with("key fabric.metadata\n"), "{section}");
        assert!(plain("key", Some("ttl")).unwrap().contains("fabric.metadata.ttl"));
    }

    #[test]
    fn schemas_are_printed_whole() {
        assert_eq!(plain("schema", Some("report")).unwrap(), crate::report::SCHEMA);
        assert!(plain("schema", None).unwrap().contains("squall run --format json"));
        assert!(plain("schema", Some("reprot")).unwrap_err().contains("`report` is the nearest"));
    }

    #[test]
    fn an_unknown_word_is_told_with_the_nearest() {
        let told = plain("metric", Some("latencyy")).unwrap_err();
        assert_eq!(
            told,
            "problem: there is no metric `latencyy`\nhelp: `latency` is the nearest\n"
        );
        assert!(plain("metrik", None).unwrap_err().contains("`metric` is the nearest"));
        assert!(plain("metrik", Some("x")).unwrap_err().contains("`metric` is the nearest"));
        assert!(plain("fault", Some("zzzzzzzzzz")).unwrap_err().contains("region-down"));
    }
}
