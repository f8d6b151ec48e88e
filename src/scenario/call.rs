//! How a hop calls the next one, and what retries may stand wherever something is called.

use super::reader::Reader;
use super::section::Section;
use super::tree::Node;
use crate::model::preset;
use crate::model::{
    BreakerRule, Budget, Call, ClientPolicy, Fallback, Hedge, Jitter, Retry, Window,
};
use crate::units::{Span, count_to_f64};

/// More clients than any region has of its own services.
const MANY: u32 = 10_000;

/// More calls than any breaker looks at.
const MANY_CALLS: u32 = 1_000_000;

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
        section.set(self, "bulkhead", &mut call.bulkhead, |r, n| {
            r.count_or(n, 1..=MANY_CALLS, "none", None, Some)
        });
        section.set(self, "breaker", &mut call.breaker, Self::breaker);
        section.set(self, "fallback", &mut call.fallback, Self::fallback);
        section.set(self, "hedge", &mut call.hedge, Self::hedge);
        section.finish(self);
        Some(call)
    }

    /// What protects viewers and edge from each other: the keys that a call has, too.
    pub fn client_policy(&mut self, section: &mut Section<'_>, client_policy: &mut ClientPolicy) {
        section.set(self, "bulkhead", &mut client_policy.bulkhead, |r, n| {
            r.count_or(n, 1..=MANY_CALLS, "none", None, Some)
        });
        section.set(self, "breaker", &mut client_policy.breaker, Self::breaker);
        section.set(self, "fallback", &mut client_policy.fallback, Self::fallback);
        section.set(self, "hedge", &mut client_policy.hedge, Self::hedge);
    }

    /// `"none"`, or a breaker with what differs from Resilience4j's defaults.
    fn breaker(&mut self, node: &Node) -> Option<Option<BreakerRule>> {
        if node.text().is_some() {
            return self.choice(node, &[("none", None)]);
        }
        let mut section = self.section(node, "breaker")?;
        let mut rule = preset::breaker();
        let (calls, time) = (section.node("window"), section.take("window-time"));
        let calls = calls.and_then(|node| self.count(node, 1..=MANY_CALLS));
        rule.window = Window::Calls(calls.unwrap_or(100));
        if let Some(time) = time {
            if calls.is_some() {
                let message = "the window is given in two ways";
                self.say(&time.key_at, message, "`window` in calls, or `window-time`");
            }
            rule.window = Window::Seconds(self.whole_seconds(&time.node).unwrap_or(1));
        }
        if let Window::Calls(calls) = rule.window {
            rule.minimum = calls.min(rule.minimum);
        }
        let most = match rule.window {
            Window::Calls(calls) => calls,
            Window::Seconds(_) => MANY_CALLS,
        };
        section.set(self, "minimum-calls", &mut rule.minimum, |r, n| r.count(n, 1..=most));
        let some_share =
            |r: &mut Self, n: &Node| r.share_grains(n, 1).map(|grains| count_to_f64(grains) / 1e9);
        section.set(self, "failure-rate", &mut rule.failures, some_share);
        section.set(self, "slow-call", &mut rule.slow, Self::some_time);
        section.set(self, "slow-call-rate", &mut rule.slow_share, some_share);
        section.set(self, "open", &mut rule.open, Self::some_time);
        section.set(self, "trials", &mut rule.trials, |r, n| r.count(n, 1..=MANY_CALLS));
        section.finish(self);
        Some(Some(rule))
    }

    fn whole_seconds(&mut self, node: &Node) -> Option<u32> {
        let span = self.time_in(node, Span::from_secs(1)..=Span::from_secs(3_600))?;
        let seconds = span.as_nanos() / 1_000_000_000;
        if Span::from_secs(seconds) != span {
            self.say(&node.at, format!("{span} is no whole number of seconds"), "1s to 1h");
            return None;
        }
        u32::try_from(seconds).ok()
    }

    /// `"none"`, or `{ failing = "1%" }`.
    fn fallback(&mut self, node: &Node) -> Option<Option<Fallback>> {
        if node.text().is_some() {
            return self.choice(node, &[("none", None)]);
        }
        let mut section = self.section(node, "fallback")?;
        let mut fallback = Fallback { failing: 0.0 };
        section.set(self, "failing", &mut fallback.failing, Self::share);
        section.finish(self);
        Some(Some(fallback))
    }

    /// `"none"`, or `{ after = "50ms" }`.
    fn hedge(&mut self, node: &Node) -> Option<Option<Hedge>> {
        if node.text().is_some() {
            return self.choice(node, &[("none", None)]);
        }
        let mut section = self.section(node, "hedge")?;
        let after = section.need(self, "after", Self::some_time);
        let (mut percentile, mut budget) = (None, Budget::None);
        section.set(self, "percentile", &mut percentile, |r, n| match n.text() {
            Some("none") => Some(None),
            _ => r.share_grains(n, 1).map(|grains| Some(count_to_f64(grains) / 1e9)),
        });
        let written = section.node("budget");
        section.set(self, "budget", &mut budget, Self::budget);
        if let (Some(node), true) = (written, budget.refuses_first_attempts()) {
            let help = "a kind that refuses retries alone, such as `deposit-per-request`";
            self.say(&node.at, "this kind refuses first attempts, and so knows no hedges", help);
        }
        section.finish(self);
        after.map(|after| Some(Hedge { after, percentile, budget }))
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
