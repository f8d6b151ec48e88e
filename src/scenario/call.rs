//! How a hop calls the next one, and what retries may stand wherever something is called.

use super::keys::Default::{Is, Of, Required};
use super::keys::{Row, on, row, share, time};
use super::reader::Reader;
use super::section::Section;
use super::tree::Node;
use crate::model::preset;
use crate::model::{
    BreakerRule, Budget, Call, ClientPolicy, Fallback, Hedge, Jitter, Retry, Window,
};
use crate::units::{Span, count_to_f64};

pub(super) const KEYS: &[Row] = &[
    row(
        "call.timeout",
        "time or \"none\"",
        Is("none"),
        "\"200ms\"",
        "how long the caller waits for one attempt",
    ),
    row(
        "call.attempts",
        "count",
        Of(|_| Call::plain().retry.attempts.to_string()),
        "3",
        "attempts in all, the first included",
    ),
    row(
        "call.backoff",
        "time",
        Of(|_| time(Call::plain().retry.backoff)),
        "\"25ms\"",
        "the wait before the first retry",
    ),
    row(
        "call.multiplier",
        "number",
        Of(|_| Call::plain().retry.multiplier.to_string()),
        "2",
        "what each further wait is multiplied by",
    ),
    row(
        "call.max-backoff",
        "time",
        Of(|_| time(Call::plain().retry.max_backoff)),
        "\"250ms\"",
        "the longest wait",
    ),
    row(
        "call.jitter",
        "\"none\", \"full\" or \"equal\"",
        Is("full"),
        "\"full\"",
        "how a wait is spread",
    ),
    row(
        "call.budget",
        "\"none\" or budget",
        Is("none"),
        "{ kind = \"deposit-per-request\" }",
        "what limits retries beyond the attempts; one for each client",
    ),
    row(
        "call.clients",
        "count",
        Of(|_| Call::plain().clients.to_string()),
        "10",
        "how many clients in each region make the calls; which one makes a call is drawn",
    ),
    row(
        "call.cancel",
        "\"on\" or \"off\"",
        Of(|_| on(Call::plain().cancel)),
        "\"on\"",
        "on: a caller that gives up takes its work back; off: it goes on for nobody",
    ),
    row(
        "call.deadline",
        "\"on\" or \"off\"",
        Of(|_| on(Call::plain().deadline)),
        "\"on\"",
        "on: the deadline travels along, and what gets its turn after it is dropped",
    ),
    row(
        "call.bulkhead",
        "count or \"none\"",
        Is("none"),
        "64",
        "attempts that each client has under way at one time; more are refused at once",
    ),
    row(
        "call.breaker",
        "\"none\" or breaker",
        Is("none"),
        "{ window = 20, open = \"10s\" }",
        "each client's circuit breaker, which every attempt has to pass",
    ),
    row(
        "call.fallback",
        "\"none\" or fallback",
        Is("none"),
        "{ failing = \"1%\" }",
        "what answers when a call has failed for good",
    ),
    row(
        "call.hedge",
        "\"none\" or hedge",
        Is("none"),
        "{ after = \"50ms\" }",
        "a second attempt beside one that is not answered soon",
    ),
    row("hedge.after", "time", Required, "\"50ms\"", "how long the first is waited for"),
    row(
        "hedge.percentile",
        "share or \"none\"",
        Is("none"),
        "\"95%\"",
        "wait as long as this share of calls took in the last ten seconds instead, once there \
         are a hundred of them",
    ),
    row(
        "hedge.budget",
        "\"none\" or budget",
        Is("none"),
        "{ kind = \"deposit-per-request\", ratio = \"5%\" }",
        "what limits hedges: any kind that refuses retries alone; one for each client",
    ),
    row("breaker.window", "count", Is("100"), "20", "the calls that it looks at: the last so many"),
    row(
        "breaker.window-time",
        "time",
        Is("none"),
        "\"10s\"",
        "instead: the calls of so many last whole seconds, 1 s to 1 h",
    ),
    row(
        "breaker.minimum",
        "count",
        Of(|_| preset::breaker().minimum.to_string()),
        "20",
        "fewer calls in the window say nothing; at most the window's",
    ),
    row(
        "breaker.failures",
        "share",
        Of(|_| share(preset::breaker().failures)),
        "\"50%\"",
        "it opens when so many of them have failed",
    ),
    row(
        "breaker.slow",
        "time",
        Of(|_| time(preset::breaker().slow)),
        "\"2s\"",
        "a call that takes longer is slow",
    ),
    row(
        "breaker.slow-share",
        "share",
        Of(|_| share(preset::breaker().slow_share)),
        "\"80%\"",
        "it opens when so many of them are slow",
    ),
    row(
        "breaker.open",
        "time",
        Of(|_| time(preset::breaker().open)),
        "\"10s\"",
        "how long it stays open",
    ),
    row(
        "breaker.trials",
        "count",
        Of(|_| preset::breaker().trials.to_string()),
        "5",
        "calls that pass when it is half open; what they say closes or opens it",
    ),
    row("fallback.failing", "share", Is("0%"), "\"1%\"", "the share of fallbacks that fail, too"),
];

/// The most clients that call one service in a region.
const MAX_CLIENTS: u32 = 10_000;

/// The most calls of a breaker's window, and of a bulkhead.
const MAX_CALLS: u32 = 1_000_000;

const JITTERS: &[(&str, Jitter)] =
    &[("none", Jitter::None), ("full", Jitter::Full), ("equal", Jitter::Equal)];

impl Reader<'_> {
    /// `{ timeout = "200ms", attempts = 3 }`.
    pub fn call(&mut self, node: &Node) -> Option<Call> {
        let mut section = self.section(node, "call")?;
        let mut call = Call::plain();
        section.set(self, "timeout", &mut call.timeout, |r, n| r.time_or(n, "none", None, Some));
        self.retry(&mut section, &mut call.retry);
        section.set(self, "clients", &mut call.clients, |r, n| r.count(n, 1..=MAX_CLIENTS));
        section.set(self, "cancel", &mut call.cancel, Self::on_off);
        section.set(self, "deadline", &mut call.deadline, Self::on_off);
        section.set(self, "bulkhead", &mut call.bulkhead, |r, n| {
            r.count_or(n, 1..=MAX_CALLS, "none", None, Some)
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
            r.count_or(n, 1..=MAX_CALLS, "none", None, Some)
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
        let calls = calls.and_then(|node| self.count(node, 1..=MAX_CALLS));
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
            Window::Seconds(_) => MAX_CALLS,
        };
        section.set(self, "minimum", &mut rule.minimum, |r, n| r.count(n, 1..=most));
        let some_share =
            |r: &mut Self, n: &Node| r.share_grains(n, 1).map(|grains| count_to_f64(grains) / 1e9);
        section.set(self, "failures", &mut rule.failures, some_share);
        section.set(self, "slow", &mut rule.slow, Self::some_time);
        section.set(self, "slow-share", &mut rule.slow_share, some_share);
        section.set(self, "open", &mut rule.open, Self::some_time);
        section.set(self, "trials", &mut rule.trials, |r, n| r.count(n, 1..=MAX_CALLS));
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
