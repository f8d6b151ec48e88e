//! The top of a file and `[run]`: how long it runs, and with which chance.

use super::keys::Default::{Is, Required};
use super::keys::{Row, row};
use super::reader::Reader;
use super::section::Section;
use crate::units::Span;

pub(super) const KEYS: &[Row] = &[
    row("title", "text", Required, "\"Sao Paulo goes dark\"", "what reports call it"),
    row("question", "text", Required, "\"Does anybody notice?\"", "what the run answers"),
    row("run", "table", Required, "{ seed = 7, length = \"15m\" }", "how long, and which chance"),
    row(
        "fabric",
        "table",
        Required,
        "{ preset = \"five-regions\" }",
        "a preset, and what differs from it",
    ),
    row("run.seed", "count", Required, "7", "the seed of every random stream, 0 to 2^63 - 1"),
    row("run.length", "time", Required, "\"15m\"", "how long the run lasts, 1 s to 31 d"),
    row("run.warmup", "time", Is("0s"), "\"2m\"", "the part from the start that is not judged"),
    row(
        "run.holds-in",
        "share",
        Is("100%"),
        "\"95%\"",
        "the share of runs in which an invariant must hold, with several seeds",
    ),
];

/// Bounds of a run: a second, the grain of what is seen, and a month.
const SHORTEST: Span = Span::from_secs(1);
pub(super) const LONGEST: Span = Span::from_secs(31 * 86_400);

/// What `[run]` says.
pub(super) struct Run {
    pub seed: u64,
    pub length: Span,
    pub warmup: Span,
    pub holds_in: f64,
}

impl Reader<'_> {
    pub(super) fn run(&mut self, mut section: Section<'_>) -> Run {
        let mut run = Run { seed: 0, length: LONGEST, warmup: Span::ZERO, holds_in: 1.0 };
        let seed = section.need(self, "seed", |r, n| r.whole(n, 0, i128::from(i64::MAX)));
        run.seed = seed.and_then(|seed| u64::try_from(seed).ok()).unwrap_or(0);
        let length = section.need(self, "length", |r, n| r.time_in(n, SHORTEST..=LONGEST));
        run.length = length.unwrap_or(LONGEST);
        if let Some(node) = section.node("warmup")
            && let Some(warmup) = self.time(node)
        {
            if warmup >= run.length {
                let message = format!("the warm-up takes {warmup}, and the run {}", run.length);
                self.say(&node.at, message, "a warm-up is shorter than its run");
            } else {
                run.warmup = warmup;
            }
        }
        if let Some(node) = section.node("holds-in")
            && let Some(grains) = self.share_grains(node, 1)
        {
            run.holds_in = crate::units::count_to_f64(grains) / 1e9;
        }
        section.finish(self);
        run
    }
}
