//! The file as a tree of values, each with the place that it came from.

use super::source::Source;
use crate::problem::Problem;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

/// Where a value or a key stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    /// Bytes of the file.
    File(Range<usize>),
    /// The edit of this number.
    Edit(usize),
}

/// A value with its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub value: Value,
    pub at: Origin,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Whole(i128),
    Float(f64),
    /// A number that cannot be held; as it is written.
    Huge(String),
    Truth(bool),
    /// A date or a time of day, as it is written.
    Date(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub key: String,
    pub key_at: Origin,
    pub node: Node,
}

impl Node {
    /// What it is, for messages: `the number 300`.
    pub fn found(&self) -> String {
        match &self.value {
            Value::Text(text) => format!("the text \"{}\"", short(text)),
            Value::Whole(number) => format!("the number {number}"),
            Value::Float(number) => format!("the number {number}"),
            Value::Huge(text) => format!("the number {}", short(text)),
            Value::Truth(value) => format!("{value}"),
            Value::Date(text) => format!("the date {}", short(text)),
            Value::List(_) => "a list".into(),
            Value::Table(_) => "a table".into(),
        }
    }

    pub fn table(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Table(entries) => Some(entries),
            _ => None,
        }
    }

    pub fn list(&self) -> Option<&[Self]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entry of a table.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.table()?.iter().find(|entry| entry.key == key)
    }
}

/// A text that is not too long for a message.
pub(super) fn short(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        return text.into();
    }
    text.chars().take(MOST).chain("...".chars()).collect()
}

/// How deep a key may go. `toml` bounds lists and inline tables but not dotted keys, and a file of
/// dots alone would otherwise be a tree that is too deep to walk.
const DEEPEST: usize = 16;

/// The tree of a file and what is wrong with its TOML. There is no tree when what is left would
/// make problems of its own.
pub(super) fn parse(source: &Source) -> (Option<Node>, Vec<Problem>) {
    let text = source.text();
    if let Some(at) = too_deep(text) {
        let mut problem = Problem::about(
            source.name(),
            "this key has more than 16 parts",
            "no key of a scenario has more than five: `[fabric.routing] networks = 200`",
        );
        problem.at = Some(at);
        return (None, vec![problem]);
    }
    let (root, errors) = DeTable::parse_recoverable(text);
    let root = Node {
        value: Value::Table(entries(root.into_inner(), &Origin::File)),
        at: Origin::File(text.len()..text.len()),
    };
    let only_duplicates = errors.iter().all(|error| error.message() == "duplicate key");
    let problems = errors.iter().map(|error| syntax_problem(source, &root, error)).collect();
    (only_duplicates.then_some(root), problems)
}

/// A value of an option or of the control, whose places are all the edit's.
pub(super) fn parse_value(text: &str, edit: usize) -> Option<Node> {
    if too_deep(text).is_some() {
        return None;
    }
    DeValue::parse(text).ok().map(|value| node(value, &|_| Origin::Edit(edit)))
}

fn entries<F: Fn(Range<usize>) -> Origin>(table: DeTable<'_>, origin: &F) -> Vec<Entry> {
    let entry = |(key, value): (Spanned<_>, Spanned<DeValue<'_>>)| Entry {
        key_at: origin(key.span()),
        key: std::borrow::Cow::<str>::into_owned(key.into_inner()),
        node: node(value, origin),
    };
    table.into_iter().map(entry).collect()
}

fn node<F: Fn(Range<usize>) -> Origin>(value: Spanned<DeValue<'_>>, origin: &F) -> Node {
    let at = origin(value.span());
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::Huge(number.as_str().into()), Value::Whole),
        DeValue::Float(number) => match number.as_str().parse::<f64>() {
            Ok(float) if float.is_finite() => Value::Float(float),
            _ => Value::Huge(number.as_str().into()),
        },
        DeValue::Boolean(value) => Value::Truth(value),
        DeValue::Datetime(date) => Value::Date(date.to_string()),
        DeValue::Array(items) => {
            Value::List(items.into_iter().map(|item| node(item, origin)).collect())
        }
        DeValue::Table(table) => Value::Table(entries(table, origin)),
    };
    Node { value, at }
}

/// The first line whose keys have too many parts: dots outside of quotes and comments.
fn too_deep(text: &str) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let (mut at, mut dots, mut start) = (0, 0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'"' | b'\'' => at = after_quotes(bytes, at),
            b'#' => {
                at += bytes[at..].iter().take_while(|&&byte| byte != b'\n').count();
            }
            b'.' => {
                dots += 1;
                at += 1;
                if dots >= DEEPEST {
                    return Some(start..at);
                }
            }
            // What ends a key. A blank does not: `a . b` has two parts.
            b'\n' | b'=' | b',' | b'{' | b'[' => (at, dots, start) = (at + 1, 0, at + 1),
            _ => at += 1,
        }
    }
    None
}

/// Where a quoted text that begins at `at` ends; a text that is not closed ends with its line, as
/// the parser will say.
fn after_quotes(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    let long = bytes[at..].starts_with(&[quote; 3]);
    let width = if long { 3 } else { 1 };
    let mut at = at + width;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote == b'"' => at += 2,
            b'\n' if !long => return at,
            byte if byte == quote && (!long || bytes[at..].starts_with(&[quote; 3])) => {
                return at + width;
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

/// TOML's own words, made a sentence with a help.
fn syntax_problem(source: &Source, root: &Node, error: &Error) -> Problem {
    let at = error.span().unwrap_or(source.text().len()..source.text().len());
    let said = error.message();
    let (message, help) = if said == "duplicate key" {
        duplicate(source, root, &at)
    } else {
        let help =
            syntax_help(said).unwrap_or("a line is `key = value`, `[section]` or `[[inject]]`");
        (format!("this is not TOML: {said}"), help.into())
    };
    let mut problem = Problem::about(source.name(), &message, &help);
    problem.at = Some(at);
    problem
}

fn syntax_help(said: &str) -> Option<&'static str> {
    let known = [
        ("recurs", "no value of a scenario is nested more than four deep"),
        ("string values must be quoted", "write it in quotes: `\"15m\"`"),
        ("unclosed array", "close the list with `]`"),
        ("unclosed inline table", "close the table with `}`"),
        ("unclosed table", "close the section's name with `]`"),
        ("basic string", "close the text with the quotes that it began with"),
        ("literal string", "close the text with the quotes that it began with"),
        ("key with no value", "write `key = value`"),
        ("missing value", "write `key = value`"),
        ("missing comma", "put a comma between the two"),
        ("leading zero", "write the number without leading zeros"),
    ];
    known.iter().find(|(part, _)| said.contains(part)).map(|(_, help)| *help)
}

/// A key that is written twice; says where it stands already.
fn duplicate(source: &Source, root: &Node, at: &Range<usize>) -> (String, String) {
    let text = source.text();
    let raw = text.get(at.clone()).unwrap_or_default();
    let key = raw.trim_matches(['"', '\'']);
    let mut first: Option<(usize, bool)> = None;
    find_before(root, key, at.start, false, &mut first);
    let line = first.map(|(start, _)| text[..start].matches('\n').count() + 1);
    let place = line.map_or(String::new(), |line| format!(" (it stands in line {line} already)"));
    if first.is_some_and(|(_, promise)| promise) {
        (
            format!("two sentences have the name `{key}`{place}"),
            "give one of them another name".into(),
        )
    } else {
        (format!("`{key}` is written twice{place}"), "remove one of the two".into())
    }
}

/// The last key of this name before a place, and whether it names an invariant or a watch.
fn find_before(
    node: &Node,
    key: &str,
    at: usize,
    promise: bool,
    found: &mut Option<(usize, bool)>,
) {
    for entry in node.table().unwrap_or_default() {
        if let Origin::File(span) = &entry.key_at
            && entry.key == key
            && span.start < at
            && found.is_none_or(|(start, _)| start < span.start)
        {
            *found = Some((span.start, promise));
        }
        find_before(&entry.node, key, at, matches!(&*entry.key, "invariants" | "watch"), found);
    }
    for item in node.list().unwrap_or_default() {
        find_before(item, key, at, false, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_keys_are_seen_outside_of_quotes_only() {
        let dots = ".a".repeat(20);
        assert!(too_deep(&format!("a{dots} = 1")).is_some());
        assert!(too_deep(&format!("[a{dots}]")).is_some());
        assert!(too_deep(&format!("x = {{ a{dots} = 1 }}")).is_some());
        assert!(too_deep(&format!("x = \"a{dots}\" # {dots}")).is_none());
        assert!(too_deep(&format!("x = \"\"\"\n{dots}\"\\\"\n\"\"\"\ny = '{dots}'")).is_none());
        assert!(too_deep(&format!("x = \"open\ny{dots} = 1")).is_some());
        assert!(too_deep(&"x = [0.5, 0.5, 1.5]\n".repeat(100)).is_none());
    }

    #[test]
    fn a_file_of_dots_or_brackets_is_refused_without_a_fall() {
        for text in
            [format!("a{} = 1", ".a".repeat(300_000)), "x = ".to_owned() + &"[".repeat(300_000)]
        {
            let (tree, problems) = parse(&Source::from_text("deep.toml", text));
            assert!(tree.is_none() && !problems.is_empty());
        }
    }
}
