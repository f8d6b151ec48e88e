//! Laws in files: a table with a `law`, or a list of them with shares.

use super::keys::Default::{Is, Required};
use super::keys::{Row, row};
use super::reader::Reader;
use super::section::Section;
use super::tree::{Node, Origin, Value};
use crate::engine::{Law, LawError};
use crate::units::{Span, count_to_f64};

pub(super) const KEYS: &[Row] = &[
    row(
        "law.law",
        "\"constant\", \"uniform\", \"exponential\", \"lognormal\", \"pareto\" or \"empirical\"",
        Required,
        "\"constant\"",
        "the law of a time; a list of laws with shares is a mixture",
    ),
    row("law.share", "share", Required, "\"80%\"", "the share of this law in a mixture"),
    row("law[constant].value", "time", Required, "\"5ms\"", "always this"),
    row("law[uniform].from", "time", Required, "\"10s\"", "the shortest"),
    row("law[uniform].to", "time", Required, "\"60s\"", "the longest"),
    row("law[exponential].mean", "time", Required, "\"20ms\"", "the mean"),
    row("law[lognormal].median", "time", Is("none"), "\"4s\"", "the median, with `p99`"),
    row("law[lognormal].p99", "time", Is("none"), "\"10s\"", "the 99th percentile, with `median`"),
    row("law[lognormal].mean", "time", Is("none"), "\"20ms\"", "the mean, with `cv`"),
    row(
        "law[lognormal].cv",
        "number",
        Is("none"),
        "0.5",
        "standard deviation over mean, with `mean`",
    ),
    row("law[pareto].scale", "time", Required, "\"1ms\"", "the shortest"),
    row("law[pareto].shape", "number", Required, "1.5", "the exponent of the tail"),
    row(
        "law[empirical].points",
        "list",
        Required,
        "[[\"0%\", \"1ms\"], [\"50%\", \"4ms\"], [\"100%\", \"1s\"]]",
        "shares with the times below which they lie",
    ),
];

/// Where the help sends people.
const EXAMPLE: &str = "for example `{ law = \"lognormal\", mean = \"20ms\", cv = 0.5 }`";

type Made = Result<Law, LawError>;

#[derive(Clone, Copy)]
enum Kind {
    Constant,
    Uniform,
    Exponential,
    Lognormal,
    Pareto,
    Empirical,
}

const KINDS: &[(&str, Kind)] = &[
    ("constant", Kind::Constant),
    ("uniform", Kind::Uniform),
    ("exponential", Kind::Exponential),
    ("lognormal", Kind::Lognormal),
    ("pareto", Kind::Pareto),
    ("empirical", Kind::Empirical),
];

/// The most parts of a mixture and points of a table.
const MAX_PARTS: usize = 10_000;

impl Reader<'_> {
    /// A law, or a mixture.
    pub fn law(&mut self, node: &Node) -> Option<Law> {
        match &node.value {
            Value::Table(_) => {
                let mut section = self.section(node, "law")?;
                if let Some(share) = section.take("share") {
                    let help = "a law alone has no share; a list of laws with shares is a mixture";
                    self.say(&share.key_at, "this law is not part of a mixture", help);
                }
                self.single(section)
            }
            Value::List(parts) => self.mixture(node, parts),
            Value::Text(text) => {
                let message = format!("expected a law, found {}", node.found());
                let help = format!("`{{ law = \"constant\", value = \"{text}\" }}`");
                self.say(&node.at, message, if text.len() < 20 { &help } else { EXAMPLE });
                None
            }
            _ => {
                self.say(&node.at, format!("expected a law, found {}", node.found()), EXAMPLE);
                None
            }
        }
    }

    fn single(&mut self, mut section: Section<'_>) -> Option<Law> {
        let kind_node = section.require(self, "law");
        let kind = kind_node.and_then(|node| self.choice(node, KINDS));
        let (Some(kind), Some(name)) = (kind, kind_node.and_then(Node::text)) else {
            // Which keys belong here is not known, so none is wrong.
            section.rest();
            return None;
        };
        section.narrow(name);
        let at = section.at().clone();
        let made = self.parameters(kind, &mut section);
        section.finish(self);
        self.made(&at, made?)
    }

    fn parameters(&mut self, kind: Kind, section: &mut Section<'_>) -> Option<Made> {
        let mut time = |key| section.need(self, key, Reader::time);
        let law = match kind {
            Kind::Constant => Ok(Law::Constant(time("value")?)),
            Kind::Uniform => {
                let (from, to) = (time("from"), time("to"));
                Law::uniform(from?, to?)
            }
            Kind::Exponential => Law::exponential(time("mean")?),
            Kind::Lognormal => return self.lognormal(section),
            Kind::Pareto => {
                let scale = time("scale");
                let shape = section.need(self, "shape", |r, n| r.number(n, 0.01..=1_000.0));
                Law::pareto(scale?, shape?)
            }
            Kind::Empirical => {
                let points = section.need(self, "points", Self::points)?;
                Law::empirical(&points)
            }
        };
        Some(law)
    }

    /// A lognormal law by median and 99th percentile, or by mean and coefficient of variation.
    fn lognormal(&mut self, section: &mut Section<'_>) -> Option<Made> {
        let mut one = |key| section.take(key);
        let (median, p99, mean, cv) = (one("median"), one("p99"), one("mean"), one("cv"));
        let by_median = median.is_some() || p99.is_some();
        if by_median && (mean.is_some() || cv.is_some()) {
            let help = "`median` and `p99`, or `mean` and `cv`";
            self.say(section.at(), "this law is given in two ways", help);
            return None;
        }
        let law = if by_median {
            let median = section.need(self, "median", Reader::some_time);
            let p99 = section.need(self, "p99", Reader::some_time);
            Law::lognormal_median_p99(median?, p99?)
        } else {
            let mean = section.need(self, "mean", Reader::some_time);
            let cv = section.need(self, "cv", |r, n| r.number(n, 0.0..=1_000.0));
            Law::lognormal_mean_cv(mean?, cv?)
        };
        Some(law)
    }

    /// `[["0%", "1ms"], ["100%", "1s"]]`.
    fn points(&mut self, node: &Node) -> Option<Vec<(f64, Span)>> {
        const HELP: &str = "pairs of a share and a time: `[[\"0%\", \"1ms\"], [\"100%\", \"1s\"]]`";
        let items = self.list(node, HELP)?;
        if items.len() > MAX_PARTS {
            self.say(&node.at, format!("{} points are too many", items.len()), "at most 10,000");
            return None;
        }
        let mut points = Vec::with_capacity(items.len());
        for item in items {
            let Some([share, time]) = item.list() else {
                self.say(&item.at, format!("expected a pair, found {}", item.found()), HELP);
                continue;
            };
            let (share, time) = (self.share(share), self.time(time));
            points.extend(share.zip(time));
        }
        (points.len() == items.len()).then_some(points)
    }

    fn mixture(&mut self, node: &Node, parts: &[Node]) -> Option<Law> {
        if parts.is_empty() || parts.len() > MAX_PARTS {
            let message = format!("a mixture of {} laws is none", parts.len());
            self.say(&node.at, message, "one to 10,000 laws, each with its share");
            return None;
        }
        let mut laws = Vec::with_capacity(parts.len());
        let mut sum = 0_u64;
        for part in parts {
            let Some(mut section) = self.section(part, "law") else {
                continue;
            };
            let share = section.need(self, "share", |r, n| r.share_grains(n, 1));
            sum = sum.saturating_add(share.unwrap_or(0));
            let law = self.single(section);
            laws.extend(share.zip(law));
        }
        if laws.len() < parts.len() {
            return None;
        }
        if sum != 1_000_000_000 {
            let message = format!("the shares add up to {} %", count_to_f64(sum) / 1e7);
            self.say(&node.at, message, shares_help(sum));
            return None;
        }
        let parts = laws.into_iter().map(|(share, law)| (count_to_f64(share) / 1e9, law));
        self.made(&node.at, Law::mixture(parts))
    }

    fn made(&mut self, at: &Origin, made: Made) -> Option<Law> {
        match made {
            Ok(law) => Some(law),
            Err(error) => {
                self.say(at, error, "`squall explain` has the parameters of every law");
                None
            }
        }
    }
}

fn shares_help(sum: u64) -> String {
    const ONE: u64 = 1_000_000_000;
    let off = count_to_f64(sum.abs_diff(ONE)) / 1e7;
    let what = if sum < ONE { "missing" } else { "too much" };
    format!("the shares of a mixture add up to 100%: {off}% is {what}")
}
