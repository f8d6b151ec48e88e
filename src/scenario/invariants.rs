//! `[invariants]`, `[watch]` and `[control]`: what must hold, what is watched, what breaks without
//! the protection.

use super::edit::{Edit, EditSource};
use super::inject::Injections;
use super::keys::Default::{Is, Required};
use super::keys::{Row, row};
use super::near;
use super::reader::Reader;
use super::section::Section;
use super::tree::{self, Entry, Node, Origin};
use super::{ControlPlan, Invariant, Watch};
use crate::invariant::{Complaint, LabelInfo, Names, parse_invariant, parse_watch};
use std::ops::Range;

pub(super) const KEYS: &[Row] = &[
    row(
        "invariants",
        "table",
        Required,
        "{ \"most are served\" = \"availability >= 99%\" }",
        "what must hold",
    ),
    row("watch", "table", Is("none"), "{ \"latency\" = \"p99(latency)\" }", "what is only watched"),
    row("control", "table", Is("none"), "{}", "what is taken away, and what breaks then"),
    row(
        "invariants.*",
        "sentence",
        Is("none"),
        "\"availability >= 99%\"",
        "a name, and what must hold",
    ),
    row("watch.*", "term", Is("none"), "\"p99(latency)\"", "a name, and what is watched"),
    row(
        "control.change",
        "table",
        Required,
        "{ \"inject.outage.fault.routes\" = \"silent\" }",
        "paths, and what stands there without the protection",
    ),
    row(
        "control.change.*",
        "any",
        Is("none"),
        "\"silent\"",
        "a path, and what stands there without the protection",
    ),
    row(
        "control.breaks",
        "list",
        Required,
        "[\"most are served\"]",
        "names of the invariants that must break then",
    ),
];

/// The most sentences of a file.
const MAX_SENTENCES: usize = 1_000;

/// The labels that sentences can name.
pub(super) fn labels(all: &Injections) -> Vec<LabelInfo> {
    let faults = all.injections.iter().map(|one| LabelInfo {
        name: one.label.0.clone(),
        at: one.at,
        until: one.until,
        instant: one.fault.is_instant(),
    });
    let changes = all.changes.iter().map(|one| LabelInfo {
        name: one.label.0.clone(),
        at: one.at,
        until: one.until,
        instant: false,
    });
    faults.chain(changes).collect()
}

impl Reader<'_> {
    /// What must hold. `names` is `None` when what sentences speak of has problems itself.
    pub fn invariants(
        &mut self,
        section: Option<Section<'_>>,
        names: Option<&Names<'_>>,
        broken: &[String],
    ) -> (Vec<Invariant>, Vec<String>) {
        let Some(mut section) = section else {
            return (Vec::new(), Vec::new());
        };
        let at = section.at().clone();
        let entries = section.rest();
        if entries.is_empty() {
            let help = "`\"most are served\" = \"availability >= 99%\"`, for example";
            self.say(&at, "nothing must hold here, so nothing could break", help);
        }
        let mut read = Vec::new();
        for entry in self.few(&entries) {
            let text = self.sentence(entry);
            let Some((text, names)) = text.zip(names) else {
                continue;
            };
            if mentions(&text, broken) {
                continue;
            }
            match parse_invariant(&text, names) {
                Ok(statement) => {
                    read.push(Invariant { name: entry.key.clone(), text, statement });
                }
                Err(complaints) => self.complaints(entry, &complaints),
            }
        }
        (read, entries.iter().map(|entry| entry.key.clone()).collect())
    }

    /// What is only watched.
    pub fn watch(
        &mut self,
        section: Option<Section<'_>>,
        names: Option<&Names<'_>>,
        broken: &[String],
    ) -> Vec<Watch> {
        let entries = section.map(|mut section| section.rest()).unwrap_or_default();
        let mut read = Vec::new();
        for entry in self.few(&entries) {
            let text = self.sentence(entry);
            let Some((text, names)) = text.zip(names) else {
                continue;
            };
            if mentions(&text, broken) {
                continue;
            }
            match parse_watch(&text, names) {
                Ok(term) => read.push(Watch { name: entry.key.clone(), text, term }),
                Err(complaints) => self.complaints(entry, &complaints),
            }
        }
        read
    }

    fn few<'e, 't>(&mut self, entries: &'e [&'t Entry]) -> &'e [&'t Entry] {
        if let Some(first_too_many) = entries.get(MAX_SENTENCES) {
            self.say(&first_too_many.key_at, "there are more than 1,000 sentences", "say less");
        }
        &entries[..entries.len().min(MAX_SENTENCES)]
    }

    /// A name that is not blank, with its sentence.
    fn sentence(&mut self, entry: &Entry) -> Option<String> {
        if entry.key.trim().is_empty() {
            self.say(
                &entry.key_at,
                "this sentence has no name",
                "write what it promises, in words",
            );
            return None;
        }
        if entry.key.contains(|c: char| c == '"' || c.is_control()) {
            let help = "use words without double quotes, on one line";
            self.say(&entry.key_at, "a name cannot hold double quotes or line ends", help);
            return None;
        }
        self.text(&entry.node).map(str::to_owned)
    }

    fn complaints(&mut self, entry: &Entry, complaints: &[Complaint]) {
        for complaint in complaints {
            let origin = self.within(&entry.node, &complaint.at);
            let help = complaint.help.clone();
            let help = help.unwrap_or_else(|| "`squall explain metric` has the grammar".into());
            self.say(&origin, &complaint.message, help);
        }
    }

    /// The place of a part of a text, when the text stands in the file as it is.
    fn within(&self, node: &Node, part: &Range<usize>) -> Origin {
        let Origin::File(span) = &node.at else {
            return node.at.clone();
        };
        let raw = self.source().text().get(span.clone()).unwrap_or_default();
        let inner = raw.get(1..raw.len().saturating_sub(1));
        if inner.is_some() && inner == node.text() {
            let start = span.start + 1;
            Origin::File(start + part.start..start + part.end)
        } else {
            node.at.clone()
        }
    }

    /// The control. `names` are those of the invariants.
    pub fn control(&mut self, node: Option<&Node>, names: &[String]) -> Option<ControlPlan> {
        let mut section = self.section(node?, "control")?;
        let changes = section.require(self, "change");
        let edits = changes.and_then(|node| self.edits(node));
        let breaks = section.need(self, "breaks", |r, n| r.breaks(n, names));
        section.finish(self);
        Some(ControlPlan { edits: edits?, breaks: breaks? })
    }

    fn edits(&mut self, node: &Node) -> Option<Vec<Edit>> {
        let mut section = self.section(node, "control.change")?;
        let entries = section.rest();
        if entries.is_empty() {
            let help = "`\"inject.outage.fault.routes\" = \"silent\"`, for example";
            self.say(&node.at, "this control changes nothing", help);
            return None;
        }
        let mut edits = Vec::new();
        for entry in &entries {
            edits.extend(self.edit(entry));
        }
        (edits.len() == entries.len()).then_some(edits)
    }

    fn edit(&mut self, entry: &Entry) -> Option<Edit> {
        let (Origin::File(path), Origin::File(value)) = (&entry.key_at, &entry.node.at) else {
            let help = "edit the file, or run with `--no-control`";
            self.say(&entry.key_at, "the control cannot be changed from outside", help);
            return None;
        };
        if !entry.key.contains('.') {
            let help = "the whole path in quotes: `\"fabric.metadata.lock\" = \"off\"`";
            self.say(&entry.key_at, format!("`{}` is not a path", tree::short(&entry.key)), help);
            return None;
        }
        // The text of the value, which is read again where the path leads.
        let text = self.source().text().get(value.clone()).unwrap_or_default();
        if tree::parse_value(text, 0).is_none() {
            let help = "a value on the same line: `\"fabric.routing.detect\" = { by = \"never\" }`";
            self.say(&entry.node.at, "a section cannot be a control's value", help);
            return None;
        }
        let from = EditSource::Control { path: path.clone(), value: value.clone() };
        Some(Edit { path: entry.key.clone(), value: text.into(), from })
    }

    fn breaks(&mut self, node: &Node, names: &[String]) -> Option<Vec<String>> {
        let help = "names of invariants: `[\"most are served\"]`";
        let items = self.list(node, help)?;
        if items.is_empty() {
            let help =
                names.first().map_or(help.into(), |name| format!("`[\"{name}\"]`, for example"));
            self.say(&node.at, "a control that breaks nothing proves nothing", help);
            return None;
        }
        let mut breaks: Vec<String> = Vec::new();
        for item in items {
            let Some(name) = self.text(item) else {
                continue;
            };
            if !names.iter().any(|known| known == name) {
                let message = format!("there is no invariant `{}`", tree::short(name));
                let help = match near::nearest(name, names) {
                    Some(near) => format!("`{near}` is the nearest"),
                    None => near::any_of(names),
                };
                self.say(&item.at, message, help);
            } else if breaks.iter().any(|known| known == name) {
                self.say(&item.at, format!("`{name}` is named twice"), "remove one of the two");
            }
            breaks.push(name.into());
        }
        (breaks.len() == items.len()).then_some(breaks)
    }
}

/// Whether a sentence speaks of something that has problems itself.
fn mentions(text: &str, broken: &[String]) -> bool {
    text.split_whitespace().any(|word| broken.iter().any(|label| label == word))
}
