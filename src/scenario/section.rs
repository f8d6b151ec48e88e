//! Tables of which every key must be known.

use super::keys;
use super::near;
use super::reader::Reader;
use super::tree::{Entry, Node, Origin, short};

impl Reader<'_> {
    /// A table as a section whose keys stand under `schema`.
    pub fn section<'t>(&mut self, node: &'t Node, schema: &str) -> Option<Section<'t>> {
        match node.table() {
            Some(entries) => Some(Section {
                schema: schema.into(),
                at: node.at.clone(),
                entries,
                taken: vec![false; entries.len()],
                foreign: None,
            }),
            None => {
                let known = keys::under(schema);
                let help = match known.as_slice() {
                    [] => "a table is `{ key = value }`".into(),
                    known => format!("a table with {}", near::any_of(known)),
                };
                self.expected(node, "a table", help)
            }
        }
    }
}

/// A table of which every key must be taken.
pub(super) struct Section<'t> {
    schema: String,
    at: Origin,
    entries: &'t [Entry],
    taken: Vec<bool>,
    /// What to say of a key that is known but does not belong here.
    foreign: Option<String>,
}

impl<'t> Section<'t> {
    pub const fn at(&self) -> &Origin {
        &self.at
    }

    /// From now on the keys are also those of a kind: `inject.fault[surge]`.
    pub fn narrow(&mut self, kind: &str) {
        self.schema = format!("{}[{kind}]", self.schema);
    }

    /// Known keys that stay untaken are reported like this.
    pub fn refuse_others(&mut self, why: impl Into<String>) {
        self.foreign = Some(why.into());
    }

    /// An entry, when it is there.
    pub fn take(&mut self, key: &str) -> Option<&'t Entry> {
        debug_assert!(self.key(key).is_some(), "`{key}` is read from `{}`, unknown", self.schema);
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        self.taken[at] = true;
        self.entries.get(at)
    }

    /// The value of an entry, when it is there.
    pub fn node(&mut self, key: &str) -> Option<&'t Node> {
        self.take(key).map(|entry| &entry.node)
    }

    /// The value of an entry that must be there.
    pub fn require(&mut self, reader: &mut Reader<'_>, key: &str) -> Option<&'t Node> {
        let found = self.node(key);
        if found.is_none() {
            self.missing(reader, key);
        }
        found
    }

    fn missing(&self, reader: &mut Reader<'_>, key: &str) {
        let help = match self.key(key) {
            Some(known) if self.schema.is_empty() && known.kind == "table" => {
                format!("add `[{key}]`: {}", known.text)
            }
            Some(known) => format!("`{key} = {}`: {}", known.example, known.text),
            None => format!("`{key} = ...`"),
        };
        reader.say(&self.at, format!("`{key}` is missing"), help);
    }

    fn key(&self, name: &str) -> Option<&'static keys::Key> {
        keys::find(&self.schema, name).or_else(|| keys::find(self.base(), name))
    }

    fn base(&self) -> &str {
        self.schema.split('[').next().unwrap_or_default()
    }

    /// Reads an entry into a place that holds its default.
    pub fn set<'r, T>(
        &mut self,
        reader: &mut Reader<'r>,
        key: &str,
        slot: &mut T,
        read: impl FnOnce(&mut Reader<'r>, &'t Node) -> Option<T>,
    ) {
        if let Some(node) = self.node(key)
            && let Some(value) = read(reader, node)
        {
            *slot = value;
        }
    }

    /// Reads an entry that must be there.
    pub fn need<'r, T>(
        &mut self,
        reader: &mut Reader<'r>,
        key: &str,
        read: impl FnOnce(&mut Reader<'r>, &'t Node) -> Option<T>,
    ) -> Option<T> {
        let node = self.require(reader, key)?;
        read(reader, node)
    }

    /// Takes everything that is left, for tables whose keys the file chooses.
    pub fn rest(&mut self) -> Vec<&'t Entry> {
        let left = |(entry, taken): (&'t Entry, &mut bool)| {
            (!std::mem::replace(taken, true)).then_some(entry)
        };
        self.entries.iter().zip(self.taken.iter_mut()).filter_map(left).collect()
    }

    /// Reports every key that nobody took.
    pub fn finish(mut self, reader: &mut Reader<'_>) {
        let mut known = keys::under(self.base());
        let kind =
            self.schema.split_once('[').map(|(_, kind)| kind.trim_end_matches(']').to_owned());
        if kind.is_some() {
            known.extend(keys::under(&self.schema));
        }
        for entry in self.rest() {
            let name = short(&entry.key);
            if let (Some(why), Some(_)) = (&self.foreign, self.key(&entry.key)) {
                reader.say(&entry.key_at, format!("`{name}` does not belong here"), why);
                continue;
            }
            let message = match &kind {
                Some(kind) => format!("`{kind}` has no key `{name}`"),
                None => format!("there is no key `{name}` here"),
            };
            reader.say(&entry.key_at, message, near::help_for(&entry.key, &known));
        }
    }
}
