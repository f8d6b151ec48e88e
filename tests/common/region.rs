//! Scenarios of a region or two, said with verbs: only what a test is about is written as text.

use squall::model::Plan;
use squall::scenario::{Source, load};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A scenario that is being written: tables and their keys.
#[derive(Clone, Debug)]
pub struct Fixture {
    tables: BTreeMap<String, String>,
    injections: String,
}

/// The region `here` behind one network, whose cache is off and whose viewers ask for ten titles.
pub fn region() -> Fixture {
    regions("regions = [\"here\"]\nprimary = \"here\"").routing("networks = 1")
}

/// The five regions of the preset, or those that these keys of `[fabric]` name.
pub fn regions(keys: &str) -> Fixture {
    let fixture = Fixture { tables: BTreeMap::new(), injections: String::new() };
    fixture
        .set("run", "seed = 1")
        .set("fabric", &format!("preset = \"five-regions\"\n{keys}"))
        .metadata("cache = \"off\"")
        .set("invariants", "\"it answers\" = \"availability >= 0%\"")
        .titles(10, 0.9)
}

impl Fixture {
    /// Says what a table holds, whatever it held before.
    pub fn set(mut self, table: &str, keys: &str) -> Self {
        self.tables.insert(table.into(), keys.into());
        self
    }

    /// Leaves a table to the preset.
    pub fn without(mut self, table: &str) -> Self {
        self.tables.remove(table);
        self
    }

    /// Says what a table holds beside what it holds already.
    fn add(mut self, table: &str, keys: &str) -> Self {
        let held = self.tables.entry(table.into()).or_default();
        let _ = write!(held, "\n{keys}");
        self
    }

    /// The length of the run, its warm-up included, and the warm-up.
    pub fn lasts(self, length: &str, warmup: &str) -> Self {
        self.add("run", &format!("length = \"{length}\"\nwarmup = \"{warmup}\""))
    }

    pub fn titles(self, titles: u32, exponent: f64) -> Self {
        let popularity = format!("{{ distribution = \"zipf\", exponent = {exponent} }}");
        self.set("load", &format!("objects = {titles}\npopularity = {popularity}"))
    }

    /// How many viewers of a region ask for a manifest a second.
    pub fn asks(self, region: &str, per_second: f64) -> Self {
        self.add("load.requests-per-second", &format!("{region} = {per_second}"))
    }

    /// Round trips of a region: `there = "100ms"`.
    pub fn far(self, region: &str, trips: &str) -> Self {
        self.add("fabric.round-trip", &format!("{region} = {{ {trips} }}"))
    }

    pub fn routing(self, keys: &str) -> Self {
        self.set("fabric.routing", keys)
    }

    pub fn viewers(self, keys: &str) -> Self {
        self.set("fabric.viewers", keys)
    }

    pub fn metadata(self, keys: &str) -> Self {
        self.set("fabric.metadata", keys)
    }

    pub fn manifest(self, keys: &str) -> Self {
        self.set("fabric.manifest", keys)
    }

    pub fn database(self, keys: &str) -> Self {
        self.set("fabric.database", keys)
    }

    /// Injects a fault; `keys` say when, and which.
    pub fn suffers(mut self, label: &str, keys: &str) -> Self {
        let _ = writeln!(self.injections, "[[inject]]\nlabel = \"{label}\"\n{keys}");
        self
    }

    /// A share of what a service of `here` answers is errors, in percent, from the beginning to the time that
    /// `more` gives.
    pub fn errs(self, service: &str, percent: f64, more: &str) -> Self {
        let keys = format!(
            r#"at = "0s"
            fault = {{ kind = "errors", region = "here", service = "{service}", share = "{percent}%" }}
            {more}"#
        );
        self.suffers("errors", &keys)
    }

    pub fn text(&self) -> String {
        let mut text = "title = \"a fixture\"\nquestion = \"what does it do?\"\n".to_owned();
        for (table, keys) in &self.tables {
            let _ = writeln!(text, "[{table}]\n{keys}");
        }
        text + &self.injections
    }

    pub fn plan(&self) -> Plan {
        let text = self.text();
        let source = Source::from_text("fixture.toml", text.as_str());
        load(&source, &[]).unwrap_or_else(|problems| panic!("{problems}{text}")).plan
    }
}
