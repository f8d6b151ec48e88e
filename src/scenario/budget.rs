//! A retry budget by name: of viewers, or of a hop.

use super::keys::Default::{Is, Required};
use super::keys::{Row, row};
use super::reader::Reader;
use super::section::Section;
use super::tree::Node;
use crate::model::Budget;
use crate::model::preset;
use crate::units::Span;

pub(super) const KEYS: &[Row] = &[
    row(
        "budget.kind",
        "\"limit\", \"deposit-per-request\", \"deposit-per-success\", \"small-bucket\", \
         \"concurrent-share\", \"standard\", \"adaptive-throttle\", \"decorator\" or \
         \"decorator-repaired\"",
        Required,
        "\"deposit-per-request\"",
        "which rule; tokens that a retry took stay taken when a breaker or a bulkhead refuses it",
    ),
    row(
        "budget[limit].retries",
        "count",
        Is("3"),
        "3",
        "retries at one time, their backoff included",
    ),
    row(
        "budget[deposit-per-request].ttl",
        "time",
        Is("10s"),
        "\"10s\"",
        "how long a deposit counts, 1 s to 60 s",
    ),
    row(
        "budget[deposit-per-request].min-per-second",
        "count",
        Is("10"),
        "10",
        "retries a second that are always allowed, to each network or client: with 200 networks \
         10 are 2,000",
    ),
    row(
        "budget[deposit-per-request].ratio",
        "share",
        Is("20%"),
        "\"20%\"",
        "retries allowed for each request",
    ),
    row(
        "budget[deposit-per-success].max-tokens",
        "count",
        Is("10"),
        "10",
        "tokens of a full bucket, 1 to 1000; retries go while more than half are left",
    ),
    row(
        "budget[deposit-per-success].token-ratio",
        "number",
        Is("0.1"),
        "0.1",
        "what a success adds, in whole thousandths; a failed attempt takes 1",
    ),
    row(
        "budget[small-bucket].tokens",
        "count",
        Is("5"),
        "5",
        "tokens of a full bucket; a retry takes 1",
    ),
    row(
        "budget[small-bucket].deposit",
        "number",
        Is("0.1"),
        "0.1",
        "what a success adds, in whole thousandths",
    ),
    row(
        "budget[concurrent-share].share",
        "share",
        Is("20%"),
        "\"20%\"",
        "retries at one time, of the attempts under way",
    ),
    row(
        "budget[concurrent-share].at-least",
        "count",
        Is("3"),
        "3",
        "retries at one time that are always allowed",
    ),
    row("budget[standard].tokens", "count", Is("500"), "500", "tokens of a full bucket"),
    row(
        "budget[standard].retry-cost",
        "count",
        Is("5"),
        "5",
        "what a retry takes and its answer gives back, 1 to 255",
    ),
    row(
        "budget[standard].timeout-cost",
        "count",
        Is("10"),
        "10",
        "the same for a retry after a time-out",
    ),
    row(
        "budget[adaptive-throttle].k",
        "number",
        Is("2"),
        "2",
        "requests for each accepted one below which nothing is refused, at least 1",
    ),
    row(
        "budget[adaptive-throttle].window",
        "time",
        Is("2m"),
        "\"2m\"",
        "over how long both are counted, 1 s to 1 h",
    ),
];

/// The kinds of budget that stand in a table, with their defaults.
fn kinds() -> [(&'static str, Budget); 9] {
    [
        ("limit", preset::limit_budget()),
        ("deposit-per-request", preset::deposit_budget()),
        ("deposit-per-success", preset::success_budget()),
        ("small-bucket", preset::small_bucket_budget()),
        ("concurrent-share", preset::share_budget()),
        ("standard", preset::standard_budget()),
        ("adaptive-throttle", preset::throttle_budget()),
        ("decorator", Budget::Decorator),
        ("decorator-repaired", Budget::DecoratorRepaired),
    ]
}

impl Reader<'_> {
    /// A retry budget: `"none"`, or a table with its kind and what differs from the kind's defaults.
    pub fn budget(&mut self, node: &Node) -> Option<Budget> {
        if node.text().is_some() {
            return self.choice(node, &[("none", Budget::None)]);
        }
        let mut section = self.section(node, "budget")?;
        let kind = section.require(self, "kind")?;
        let mut budget = self.choice(kind, &kinds())?;
        section.narrow(kind.text().unwrap_or_default());
        self.budget_keys(&mut section, &mut budget);
        section.finish(self);
        Some(budget)
    }

    fn budget_keys(&mut self, section: &mut Section<'_>, budget: &mut Budget) {
        match budget {
            Budget::None | Budget::Decorator | Budget::DecoratorRepaired => {}
            Budget::Limit { retries } => {
                section.set(self, "retries", retries, |r, n| r.count(n, 0..=1_000_000));
            }
            Budget::DepositPerRequest { ttl, min_per_second, ratio } => {
                section.set(self, "ttl", ttl, |r, n| {
                    r.time_in(n, Span::from_secs(1)..=Span::from_secs(60))
                });
                section
                    .set(self, "min-per-second", min_per_second, |r, n| r.count(n, 0..=1_000_000));
                section.set(self, "ratio", ratio, Self::share);
            }
            Budget::DepositPerSuccess { max_tokens, ratio } => {
                section.set(self, "max-tokens", max_tokens, |r, n| r.count(n, 1..=1_000));
                section.set(self, "token-ratio", ratio, Self::thousandths);
            }
            Budget::SmallBucket { tokens, deposit } => {
                section.set(self, "tokens", tokens, |r, n| r.count(n, 1..=1_000_000));
                section.set(self, "deposit", deposit, Self::thousandths);
            }
            Budget::ConcurrentShare { share, at_least } => {
                section.set(self, "share", share, Self::share);
                section.set(self, "at-least", at_least, |r, n| r.count(n, 0..=1_000_000));
            }
            Budget::Standard { tokens, retry_cost, timeout_cost } => {
                section.set(self, "tokens", tokens, |r, n| r.count(n, 1..=1_000_000));
                section.set(self, "retry-cost", retry_cost, Self::price);
                section.set(self, "timeout-cost", timeout_cost, Self::price);
            }
            Budget::AdaptiveThrottle { k, window } => {
                section.set(self, "k", k, |r, n| r.number(n, 1.0..=100.0));
                section.set(self, "window", window, |r, n| {
                    r.time_in(n, Span::from_secs(1)..=Span::from_secs(3_600))
                });
            }
        }
    }

    /// A number in whole thousandths: further decimals are ignored, as gRPC does with its tokens.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: 1 to 1,000,000
    pub fn thousandths(&mut self, node: &Node) -> Option<u32> {
        // A float may be a little less than the decimal that was written.
        self.number(node, 0.001..=1_000.0).map(|number| (number * 1_000.0 + 1e-6) as u32)
    }

    fn price(&mut self, node: &Node) -> Option<u8> {
        self.count(node, 1..=255).and_then(|count| u8::try_from(count).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Edit, Source, load};

    const OUTAGE: &str = include_str!("../../scenarios/smoke/region-outage.toml");

    fn budget(text: &str) -> Result<Budget, String> {
        let edit = Edit::from_option(&format!("fabric.viewers.budget={text}")).unwrap();
        let source = Source::from_text("a.toml", OUTAGE);
        let read = load(&source, &[edit]).map_err(|problems| problems.to_string())?;
        Ok(read.plan.fabric.viewers.retry.budget)
    }

    #[test]
    fn every_kind_is_read_with_its_defaults() {
        for (name, expected) in kinds() {
            assert_eq!(budget(&format!("{{ kind = \"{name}\" }}")), Ok(expected), "{name}");
        }
        assert_eq!(budget("none"), Ok(Budget::None));
    }

    #[test]
    fn keys_reach_their_budget() {
        let cases = [
            ("limit\", retries = 7", Budget::Limit { retries: 7 }),
            (
                "deposit-per-success\", max-tokens = 100, token-ratio = 0.29",
                Budget::DepositPerSuccess { max_tokens: 100, ratio: 290 },
            ),
            (
                "small-bucket\", tokens = 9, deposit = 0.05",
                Budget::SmallBucket { tokens: 9, deposit: 50 },
            ),
            (
                "concurrent-share\", share = \"10%\", at-least = 0",
                Budget::ConcurrentShare { share: 0.1, at_least: 0 },
            ),
            (
                "standard\", tokens = 50, retry-cost = 4, timeout-cost = 8",
                Budget::Standard { tokens: 50, retry_cost: 4, timeout_cost: 8 },
            ),
            (
                "adaptive-throttle\", k = 1.5, window = \"30s\"",
                Budget::AdaptiveThrottle { k: 1.5, window: Span::from_secs(30) },
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(budget(&format!("{{ kind = \"{text} }}")), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_belongs_to_another_kind_or_lies_out_of_bounds_is_a_problem() {
        for (text, said) in [
            ("decorator\", tokens = 5", "tokens"),
            ("limit\", ratio = \"10%\"", "ratio"),
            ("standard\", retry-cost = 256", "256 is out of range"),
            ("deposit-per-success\", max-tokens = 1001", "1001 is out of range"),
            ("adaptive-throttle\", k = 0.5", "0.5 is out of range"),
            ("decorater\"", "`decorater` is not known here"),
        ] {
            let problems = budget(&format!("{{ kind = \"{text} }}")).unwrap_err();
            assert!(problems.contains(said), "{problems}");
        }
    }
}
