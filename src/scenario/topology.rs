//! Regions, the primary and the round trips between them.

use super::keys::Default::{Is, Of};
use super::keys::{Row, row};
use super::near;
use super::reader::Reader;
use super::section::Section;
use super::tree::{Entry, Node, short};
use crate::model::Fabric;
use crate::units::Span;

pub(super) const KEYS: &[Row] = &[
    row(
        "fabric.regions",
        "list",
        Is("the preset's five"),
        "[\"us-east-1\", \"eu-central-1\"]",
        "names of 1 to 64 regions",
    ),
    row(
        "fabric.primary",
        "text",
        Of(|f| f.regions[f.primary].clone()),
        "\"us-east-1\"",
        "the region with the primary database",
    ),
    row(
        "fabric.round-trip",
        "table",
        Is("median pings"),
        "{ us-east-1 = { sa-east-1 = \"113ms\" } }",
        "round trips between regions, each pair once",
    ),
    row(
        "fabric.round-trip.*",
        "table",
        Is("median pings"),
        "{ sa-east-1 = \"113ms\" }",
        "round trips from this region",
    ),
    row(
        "fabric.round-trip.*.*",
        "time",
        Is("1ms inside a region"),
        "\"113ms\"",
        "the round trip between the two, 0.1 ms to 10 s",
    ),
];

/// The most regions that a fabric may have.
const MAX_REGIONS: usize = 64;
/// The round trip inside a region that the file names and gives none for: the order of what is
/// measured between the zones of one (0.5 to 2 ms).
const INSIDE: Span = Span::from_millis(1);

/// Words of the grammar of invariants, which no region or label can be called, and `all`.
const RESERVED: [&str; 8] = ["from", "in", "of", "before", "during", "after", "within", "all"];

/// Bounds of a round trip between two regions. The engine's windows are as long as the shortest
/// one-way trip, so it cannot be zero.
const BETWEEN: (Span, Span) = (Span::from_micros(100), Span::from_secs(10));

/// Round trips while they are read: each pair is written once.
struct Grid {
    spans: Vec<Vec<Span>>,
    written: Vec<Vec<bool>>,
}

impl Reader<'_> {
    /// A name that sentences can use: it begins with a letter and goes on with letters, digits,
    /// `-` and `_`.
    pub fn name(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if RESERVED.contains(&text) {
            let message = format!("`{text}` has a meaning in sentences and cannot be a name");
            self.say(&node.at, message, format!("`{text}-1`, for example"));
            return None;
        }
        if text.len() > 64
            || !text.starts_with(|c: char| c.is_ascii_alphabetic())
            || !text.chars().all(fits)
        {
            let message = format!("\"{}\" is not a name", short(text));
            let help = "a letter, then letters, digits, `-` and `_`, at most 64: `cache-storm`";
            self.say(&node.at, message, help);
            return None;
        }
        Some(text.into())
    }

    /// Regions, primary and round trips.
    pub fn topology(&mut self, section: &mut Section<'_>, fabric: &mut Fabric) {
        let custom = section.node("regions").map(|node| self.regions(node));
        let is_custom = custom.is_some();
        // A list of regions with problems leaves the preset's, and what follows from that unsaid.
        let broken = matches!(custom, Some(None));
        if let Some(Some(names)) = custom {
            let row = vec![Span::ZERO; names.len()];
            fabric.round_trip = vec![row; names.len()];
            for (at, row) in fabric.round_trip.iter_mut().enumerate() {
                row[at] = INSIDE;
            }
            fabric.regions = names;
        }
        let primary = section.take("primary");
        let trips = section.take("round-trip");
        if broken {
            self.regions_known = false;
            return;
        }
        self.primary(section, primary, fabric);
        self.round_trips(section, trips, fabric, is_custom);
    }

    fn primary(&mut self, section: &Section<'_>, entry: Option<&Entry>, fabric: &mut Fabric) {
        if let Some(entry) = entry {
            if let Some(region) = self.region(&entry.node, &fabric.regions) {
                fabric.primary = region;
            }
            return;
        }
        let preset = crate::model::preset::REGIONS[0];
        match fabric.regions.iter().position(|region| region == preset) {
            Some(at) => fabric.primary = at,
            None => {
                let message = format!("the primary is `{preset}`, which is not in `regions`");
                let first = fabric.regions.first().map_or("", String::as_str);
                self.say(section.at(), message, format!("`primary = \"{first}\"`"));
            }
        }
    }

    fn regions(&mut self, node: &Node) -> Option<Vec<String>> {
        let help = "for example `[\"us-east-1\", \"eu-central-1\"]`";
        let items = self.list(node, help)?;
        if items.is_empty() || items.len() > MAX_REGIONS {
            self.say(&node.at, format!("{} regions are out of range", items.len()), "1 to 64");
            return None;
        }
        let mut names: Vec<String> = Vec::with_capacity(items.len());
        let before = self.problems.len();
        for item in items {
            let Some(name) = self.name(item) else {
                continue;
            };
            if names.contains(&name) {
                self.say(&item.at, format!("`{name}` is named twice"), "remove one of the two");
            }
            names.push(name);
        }
        (self.problems.len() == before).then_some(names)
    }

    fn round_trips(
        &mut self,
        section: &Section<'_>,
        entry: Option<&Entry>,
        fabric: &mut Fabric,
        custom: bool,
    ) {
        let spans = std::mem::take(&mut fabric.round_trip);
        let mut grid = Grid { written: vec![vec![false; spans.len()]; spans.len()], spans };
        let before = self.problems.len();
        if let Some(entry) = entry
            && let Some(mut rows) = self.section(&entry.node, "fabric.round-trip")
        {
            for row in rows.rest() {
                self.row(row, &fabric.regions, &mut grid);
            }
        }
        if custom && self.problems.len() == before {
            let at = entry.map_or_else(|| section.at().clone(), |entry| entry.node.at.clone());
            let missing = missing_pairs(&fabric.regions, &grid);
            if let Some((one, two)) = missing.first() {
                let message = match missing.len() {
                    1 => format!("the round trip between `{one}` and `{two}` is missing"),
                    more => format!("{more} round trips are missing, first `{one}` to `{two}`"),
                };
                let help = format!("`[fabric.round-trip] {one} = {{ {two} = \"90ms\" }}`");
                self.say(&at, message, help);
            }
        }
        fabric.round_trip = grid.spans;
    }

    fn row(&mut self, row: &Entry, regions: &[String], grid: &mut Grid) {
        let Some(from) = self.region_key(row, regions) else {
            return;
        };
        let Some(mut cells) = self.section(&row.node, "fabric.round-trip.*") else {
            return;
        };
        for cell in cells.rest() {
            let Some(to) = self.region_key(cell, regions) else {
                continue;
            };
            let least = if from == to { Span::ZERO } else { BETWEEN.0 };
            let Some(span) = self.time_in(&cell.node, least..=BETWEEN.1) else {
                continue;
            };
            if grid.written[from][to] {
                let (one, two) = (&regions[from], &regions[to]);
                let message =
                    format!("the round trip between `{one}` and `{two}` is written twice");
                self.say(&cell.key_at, message, "once is enough: it holds in both directions");
            }
            for (a, b) in [(from, to), (to, from)] {
                grid.spans[a][b] = span;
                grid.written[a][b] = true;
            }
        }
    }

    /// The index of a region that is a key.
    pub fn region_key(&mut self, entry: &Entry, regions: &[String]) -> Option<usize> {
        let found = regions.iter().position(|region| *region == entry.key);
        if !self.regions_known {
            return None;
        }
        if found.is_none() {
            let message = format!("there is no region `{}`", short(&entry.key));
            self.say(&entry.key_at, message, near::help_for(&entry.key, regions));
        }
        found
    }
}

fn missing_pairs<'r>(regions: &'r [String], grid: &Grid) -> Vec<(&'r str, &'r str)> {
    let pairs = (0..regions.len()).flat_map(|a| (a + 1..regions.len()).map(move |b| (a, b)));
    let missing = pairs.filter(|&(a, b)| !grid.written[a][b]);
    missing.map(|(a, b)| (&*regions[a], &*regions[b])).collect()
}
