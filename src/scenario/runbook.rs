//! A runbook: which drills a month has, in which order, who approves them, and what they may cost.
//!
//! ```toml
//! title    = "The drills of a month"
//! approval = "the incident commander on call, in writing, a day before"
//! stop     = "first-broken"       # or "never": go on whatever breaks
//!
//! [budget]
//! error-budget = "30%"            # of a month's, for all drills together
//! money        = "$25"            # beyond what the same time costs without them
//!
//! [[drill]]
//! scenario = "../scenarios/monthly/region-outage.toml"
//! seeds    = "1..3"
//! when     = "first Tuesday, 03:00 to 03:30 UTC"
//! owner    = "edge routing"
//! ```

use super::Problems;
use super::reader::Reader;
use super::source::Source;
use super::tree::{self, Entry, Node, Origin};
use crate::units::{Money, Quantity, Unit};
use crate::words as near;
use std::ops::Range;

/// A month's drills.
#[derive(Clone, PartialEq, Debug)]
pub struct Runbook {
    /// What reports call it.
    pub title: String,
    /// Who says that a drill may be fired, and how.
    pub approval: String,
    /// Whether the drills after one that breaks are left out.
    pub stop_at_broken: bool,
    /// What all drills together may spend of a month's error budget, as a share of one.
    pub error_budget: f64,
    /// What they may cost beyond what the same time costs without them.
    pub money: Money,
    /// The drills in their order; never empty.
    pub drills: Vec<Drill>,
}

/// One drill of a runbook.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drill {
    /// Its scenario's path, as it is written: it counts from the runbook's folder.
    pub scenario: String,
    /// Where that stands.
    pub at: Range<usize>,
    /// The seeds to rehearse it with; the scenario's own if none are named.
    pub seeds: Vec<u64>,
    /// When it is fired, in words.
    pub when: String,
    /// Who answers for it, in words.
    pub owner: String,
}

/// The most drills of a month, and the most seeds of a drill.
const MOST: usize = 100;

/// Reads a runbook.
///
/// # Errors
/// Every problem of the file, in its order.
pub fn runbook(source: &Source) -> Result<Runbook, Problems> {
    let (tree, mut problems) = tree::parse(source);
    let Some(tree) = tree else {
        return Err(super::sorted(problems));
    };
    let mut reader = Reader::new(source, &[]);
    let read = reader.runbook(&tree);
    problems.append(&mut reader.problems);
    match read {
        Some(runbook) if problems.is_empty() => Ok(runbook),
        _ => Err(super::sorted(problems)),
    }
}

/// Keys of the file, of the purse and of a drill.
const FILE: [&str; 5] = ["title", "approval", "stop", "budget", "drill"];
const BUDGET: [&str; 2] = ["error-budget", "money"];
const DRILL: [&str; 4] = ["scenario", "seeds", "when", "owner"];

impl Reader<'_> {
    fn runbook(&mut self, tree: &Node) -> Option<Runbook> {
        self.known(tree, &FILE);
        let title = self.must(tree, "title", "what reports call it").and_then(|n| self.line(n));
        let approval = self.must(tree, "approval", "who says that a drill may be fired");
        let approval = approval.and_then(|node| self.line(node));
        let stop = match tree.get("stop") {
            Some(entry) => self.choice(&entry.node, &[("first-broken", true), ("never", false)]),
            None => Some(true),
        };
        let purse = self.must(tree, "budget", "what the drills may spend");
        let purse = purse.and_then(|node| self.purse(node));
        let list = self.must(tree, "drill", "the drills, each a `[[drill]]`");
        let items = list.and_then(|node| self.list(node, "each drill begins with `[[drill]]`"));
        let drills: Vec<Drill> =
            items.unwrap_or_default().iter().filter_map(|item| self.drill(item)).collect();
        if let (Some(node), Some(items)) = (list, items)
            && !(1..=MOST).contains(&items.len())
        {
            self.say(&node.at, "a month has 1 to 100 drills", "each begins with `[[drill]]`");
        }
        let (error_budget, money) = purse?;
        let (title, approval, stop_at_broken) = (title?, approval?, stop?);
        Some(Runbook { title, approval, stop_at_broken, error_budget, money, drills })
    }

    fn purse(&mut self, node: &Node) -> Option<(f64, Money)> {
        self.known(node, &BUDGET);
        let share = self.must(node, "error-budget", "a share of a month's error budget");
        let share = share.and_then(|node| self.share(node));
        let money = self.must(node, "money", "dollars for all drills together")?;
        let amount = self.quantity(money, Unit::Money)?;
        let amount =
            Some(amount).filter(|amount| amount.grains() >= 0).and_then(Quantity::as_money);
        if amount.is_none() {
            self.say(&money.at, "a purse cannot be overdrawn", "an amount from \"$0\" on");
        }
        Some((share?, amount?))
    }

    fn drill(&mut self, node: &Node) -> Option<Drill> {
        node.table().or_else(|| self.expected(node, "a table", "`scenario = ...` and more"))?;
        self.known(node, &DRILL);
        let scenario = self.must(node, "scenario", "its path, from the runbook's folder");
        let at = match scenario.map(|node| &node.at) {
            Some(Origin::File(span)) => span.clone(),
            _ => 0..0,
        };
        let scenario = scenario.and_then(|node| self.line(node));
        let when = self.must(node, "when", "when it is fired, in words");
        let when = when.and_then(|node| self.line(node));
        let owner = self.must(node, "owner", "who answers for it, in words");
        let owner = owner.and_then(|node| self.line(node));
        let seeds = match node.get("seeds") {
            Some(entry) => self.seeds(&entry.node),
            None => Some(Vec::new()),
        };
        Some(Drill { scenario: scenario?, at, seeds: seeds?, when: when?, owner: owner? })
    }

    /// A range of seeds, both ends included.
    fn seeds(&mut self, node: &Node) -> Option<Vec<u64>> {
        let text = self.text(node)?;
        let ends = text.split_once("..").and_then(|(first, last)| {
            Some((first.trim().parse::<u64>().ok()?, last.trim().parse::<u64>().ok()?))
        });
        let seeds = ends.filter(|(first, last)| first <= last && last - first < MOST as u64);
        if seeds.is_none() {
            let help = "at most 100 seeds, both ends included, such as \"1..5\"";
            self.say(&node.at, format!("\"{}\" is no range of seeds", tree::short(text)), help);
        }
        seeds.map(|(first, last)| (first..=last).collect())
    }

    /// Reports every key that is not one of these.
    fn known(&mut self, node: &Node, keys: &[&str]) {
        let strange = |entry: &&Entry| !keys.contains(&entry.key.as_str());
        for entry in node.table().unwrap_or_default().iter().filter(strange) {
            let message = format!("there is no key `{}` here", tree::short(&entry.key));
            self.say(&entry.key_at, message, near::help_for(&entry.key, keys));
        }
    }

    /// The value of a key that must be there.
    fn must<'t>(&mut self, node: &'t Node, key: &str, what: &str) -> Option<&'t Node> {
        let found = node.get(key).map(|entry| &entry.node);
        if found.is_none() {
            self.say(&node.at, format!("`{key}` is missing"), format!("`{key} = ...`: {what}"));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "title = 'Drills'\napproval = 'the lead'\nstop = 'never'\n\
        [budget]\nerror-budget = '30%'\nmoney = '$25.50'\n\
        [[drill]]\nscenario = 'a.toml'\nseeds = '1..3'\nwhen = 'Tuesday'\nowner = 'routing'\n\
        [[drill]]\nscenario = 'b.toml'\nwhen = 'Friday'\nowner = 'caches'\n";

    fn told(text: &str) -> String {
        runbook(&Source::from_text("r.toml", text)).unwrap_err().to_string()
    }

    #[test]
    fn a_runbook_is_read_in_its_order() {
        let read = runbook(&Source::from_text("r.toml", GOOD)).unwrap();
        assert_eq!((read.title.as_str(), read.stop_at_broken), ("Drills", false));
        assert_eq!((read.error_budget, read.money), (0.3, Money::from_cents(2_550)));
        let seeds: Vec<_> = read.drills.iter().map(|drill| drill.seeds.clone()).collect();
        assert_eq!(seeds, [vec![1, 2, 3], vec![]]);
        assert_eq!(&GOOD[read.drills[1].at.clone()], "'b.toml'");
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let text = GOOD
            .replace("title", "titel")
            .replace("'never'", "'sometimes'")
            .replace("'$25.50'", "'-$1'")
            .replace("'1..3'", "'3..1'")
            .replace("owner = 'caches'", "owner = 3");
        for part in [
            "no key `titel`",
            "`title` is missing",
            "`sometimes` is not known",
            "does not start with a number",
            "no range of seeds",
            "expected a text",
        ] {
            assert!(told(&text).contains(part), "{part} is missing in {}", told(&text));
        }
        assert!(told("").contains("`drill` is missing"));
    }
}
