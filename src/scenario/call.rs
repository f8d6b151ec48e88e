//! How a hop calls the next one, and what retries may stand wherever something is called.

use super::reader::Reader;
use super::section::Section;
use super::tree::Node;
use crate::fabric::{Call, Jitter, Retry};

/// More clients than any region has of its own services.
const MANY: u32 = 10_000;

const JITTERS: &[(&str, Jitter)] =
    &[("none", Jitter::None), ("full", Jitter::Full), ("equal", Jitter::Equal)];

impl Reader<'_> {
    /// `{ timeout = "200ms", attempts = 3 }`.
    pub fn call(&mut self, node: &Node) -> Option<Call> {
        let mut section = self.section(node, "call")?;
        let mut call = Call::plain();
        section.set(self, "timeout", &mut call.timeout, |r, n| r.time_or(n, "none", None, Some));
        self.retry(&mut section, &mut call.retry);
        section.set(self, "clients", &mut call.clients, |r, n| r.count(n, 1..=MANY));
        section.set(self, "cancel", &mut call.cancel, Self::on_off);
        section.set(self, "deadline", &mut call.deadline, Self::on_off);
        section.finish(self);
        Some(call)
    }

    /// The keys of a section that say what follows a failed attempt.
    pub fn retry(&mut self, section: &mut Section<'_>, retry: &mut Retry) {
        section.set(self, "attempts", &mut retry.attempts, |r, n| r.count(n, 1..=100));
        section.set(self, "backoff", &mut retry.backoff, Self::time);
        section.set(self, "multiplier", &mut retry.multiplier, |r, n| r.number(n, 1.0..=100.0));
        let longest = section.node("max-backoff");
        if let Some(limit) = longest.and_then(|node| self.time(node)) {
            retry.max_backoff = limit;
        }
        section.set(self, "jitter", &mut retry.jitter, |r, n| r.choice(n, JITTERS));
        section.set(self, "budget", &mut retry.budget, Self::budget);
        if retry.max_backoff < retry.backoff {
            let (first, most) = (retry.backoff, retry.max_backoff);
            let at = longest.map_or_else(|| section.at().clone(), |node| node.at.clone());
            let message = format!("the first wait, {first}, is above the longest, {most}");
            self.say(&at, message, format!("`max-backoff = \"{first}\"` or more"));
        }
    }
}
