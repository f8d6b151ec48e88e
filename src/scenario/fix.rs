//! `squall check --fix`: a file's old words become the present ones, and nothing else changes.

use super::source::Source;
use super::tree::{self, Entry, Node, Origin};
use crate::renamed;
use std::ops::Range;

/// Which of the three files a text is: they have words of their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileKind {
    /// What a run is made of.
    Scenario,
    /// Many variants of a scenario.
    Study,
    /// A month's drills.
    Runbook,
}

impl FileKind {
    /// The name of the outermost table, as the table of words and the schemas call it.
    const fn root(self) -> &'static str {
        match self {
            Self::Scenario => "",
            Self::Study => "study",
            Self::Runbook => "runbook",
        }
    }

    /// Whether a word of these files may stand here. Studies hold values of scenarios.
    fn takes(self, files: &str) -> bool {
        match self {
            Self::Scenario => matches!(files, "scenario" | "any"),
            Self::Study => matches!(files, "scenario" | "study" | "any"),
            Self::Runbook => matches!(files, "runbook" | "any"),
        }
    }
}

/// A word that was replaced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replaced {
    /// The line, from 1.
    pub line: usize,
    /// The word that stood there.
    pub old: String,
    /// The word that stands there now.
    pub new: String,
}

/// A file with its old words replaced, and which they were. Nothing is replaced in a text that is no
/// TOML: the loader says what is wrong with it.
#[must_use]
pub fn fix(source: &Source, kind: FileKind) -> (String, Vec<Replaced>) {
    let (mut text, mut replaced) = (source.text().to_owned(), Vec::new());
    // A table that is opened in several places (`[a.b]`, `[a.c]`) has one key in the tree: what a round
    // renames shows the next place. Each round renames at least one word, and none comes back.
    loop {
        let source = Source::from_text(source.name(), text.clone());
        let (Some(tree), _) = tree::parse(&source) else {
            return (text, replaced);
        };
        let mut round = Round { text: &text, kind, edits: Vec::new() };
        round.table(&tree, kind.root());
        let mut edits = round.edits;
        if edits.is_empty() {
            return (text, replaced);
        }
        edits.sort_by_key(|(at, _)| at.start);
        edits.dedup();
        for (at, new) in edits.into_iter().rev() {
            let line = text[..at.start].matches('\n').count() + 1;
            replaced.push(Replaced { line, old: text[at.clone()].to_owned(), new: new.clone() });
            text.replace_range(at, &new);
        }
        replaced.sort_by_key(|word| word.line);
    }
}

/// One look at a file: which bytes become what.
struct Round<'a> {
    text: &'a str,
    kind: FileKind,
    edits: Vec<(Range<usize>, String)>,
}

impl Round<'_> {
    fn word(&self, what: &str, inside: &str, old: &str) -> Option<&'static str> {
        renamed::word(what, |files| self.kind.takes(files), inside, old)
    }

    fn table(&mut self, node: &Node, inside: &str) {
        for entry in node.table().unwrap_or_default() {
            self.entry(entry, inside);
        }
        for item in node.list().unwrap_or_default() {
            self.table(item, inside);
        }
    }

    fn entry(&mut self, entry: &Entry, inside: &str) {
        let (Origin::File(key), Origin::File(value)) = (&entry.key_at, &entry.node.at) else {
            return;
        };
        match inside {
            "invariants" | "watch" | "measure" | "must" => self.sentence(&entry.node, value),
            // A path of the scenario, as controls and studies have them for keys.
            _ if entry.key.contains('.') => self.path(&entry.key, key),
            _ => {
                if let Some(new) = self.word("key", inside, &entry.key) {
                    self.replace(key, &entry.key, new);
                }
                if entry.key == "kind"
                    && let Some(old) = entry.node.text()
                    && let Some(new) = self.word("value", inside, old)
                {
                    self.replace(value, old, new);
                }
            }
        }
        self.table(&entry.node, entry.key.rsplit('.').next().unwrap_or_default());
    }

    /// A path such as `inject.outage.duration`, each key inside the one before it; a label is no table.
    fn path(&mut self, path: &str, at: &Range<usize>) {
        let (mut inside, mut parts) = (String::new(), Vec::new());
        let mut label = false;
        for part in path.split('.') {
            let new = (!label).then(|| {
                renamed::word("key", |files| FileKind::Scenario.takes(files), &inside, part)
            });
            parts.push(new.flatten().unwrap_or(part));
            if !std::mem::replace(&mut label, inside.is_empty() && is_labelled(part)) {
                part.clone_into(&mut inside);
            }
        }
        self.replace(at, path, &parts.join("."));
    }

    /// A condition: every word of it that is the old name of a metric.
    fn sentence(&mut self, node: &Node, at: &Range<usize>) {
        let Some(old) = node.text() else {
            return;
        };
        let mut new = String::new();
        for part in old.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
            let end = part.trim_end_matches(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            new += self.word("metric", "", end).unwrap_or(end);
            new += &part[end.len()..];
        }
        self.replace(at, old, &new);
    }

    /// Puts a word in the place of another, inside the quotes that may stand around it.
    fn replace(&mut self, at: &Range<usize>, old: &str, new: &str) {
        let Some(found) = self.text.get(at.clone()).filter(|_| old != new) else {
            return;
        };
        // A text with escapes is not as it is written; such words are left to people.
        if let Some(start) = found.find(old) {
            let start = at.start + start;
            self.edits.push((start..start + old.len(), new.to_owned()));
        }
    }
}

/// Lists whose elements paths name by their label.
fn is_labelled(key: &str) -> bool {
    matches!(key, "inject" | "change")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(text: &str, kind: FileKind) -> String {
        let source = Source::from_text("old.toml", text);
        let (new, replaced) = fix(&source, kind);
        assert_eq!(replaced.is_empty(), new == text);
        let again = Source::from_text("new.toml", new.clone());
        assert_eq!(fix(&again, kind), (new.clone(), Vec::new()), "once is enough");
        new
    }

    #[test]
    fn old_keys_values_paths_and_metrics_are_replaced_and_nothing_else() {
        let old = "title = \"lasts\" # lasts\n[fabric.database]\nservice = { distribution = \"constant\", value = \"1ms\" }\n\
                   [[inject]]\nlabel = \"lasts\"\nlasts = \"5m\"\nfault = { kind = \"memory-leak\", service = \"database\" }\n\
                   [invariants]\n\"given_up\" = \"share(timed_out) <= 1%\"\n\
                   [control]\nchange = { \"inject.duration.duration\" = \"1m\", \"fabric.breaker.slow-call\" = 1 }\n";
        let new = "title = \"lasts\" # lasts\n[fabric.database]\nservice-time = { distribution = \"constant\", value = \"1ms\" }\n\
                   [[inject]]\nlabel = \"lasts\"\nduration = \"5m\"\nfault = { kind = \"memory-leak\", service = \"database\" }\n\
                   [invariants]\n\"given_up\" = \"share(timed_out) <= 1%\"\n\
                   [control]\nset = { \"inject.duration.duration\" = \"1m\", \"fabric.breaker.slow-call\" = 1 }\n";
        assert_eq!(fixed(old, FileKind::Scenario), new);
    }

    #[test]
    fn a_study_varies_and_a_runbook_has_a_budget() {
        let old = "[change]\n\"fabric.pool.service-time\" = [1]\n[base]\n\"fabric.pool.service-time\" = 1\n";
        let new = "[vary]\n\"fabric.pool.service-time\" = [1]\n[base]\n\"fabric.pool.service-time\" = 1\n";
        assert_eq!(fixed(old, FileKind::Study), new);
        assert_eq!(
            fixed("[budget]\nmoney = \"$1\"\n", FileKind::Runbook),
            "[budget]\nmoney = \"$1\"\n"
        );
    }

    #[test]
    fn a_table_that_is_opened_twice_is_renamed_in_both_places() {
        let old = "[fabric.database.max-lag]\nafter = \"1s\"\n[a.converge.b]\n[fabric.routing]\nconverge.distribution = 1\n";
        let new = "[fabric.database.max-lag]\nafter = \"1s\"\n[a.converge.b]\n[fabric.routing]\nconvergence.distribution = 1\n";
        assert_eq!(fixed(old, FileKind::Scenario), new);
        assert_eq!(fixed("lasts = [", FileKind::Scenario), "lasts = [");
    }
}
