//! `[fabric.viewers]`: how viewers behave.

use super::keys::Default::{Is, Of};
use super::keys::{Row, on, row, time};
use super::reader::Reader;
use super::section::Section;
use crate::model::Viewers;

pub(super) const KEYS: &[Row] = &[
    row("fabric.viewers", "table", Is("preset"), "{}", "how viewers behave"),
    row(
        "fabric.viewers.last-mile",
        "law",
        Is("lognormal, mean 20ms, cv 0.5"),
        "{ law = \"constant\", value = \"20ms\" }",
        "round trip to the edge of the network",
    ),
    row(
        "fabric.viewers.timeout",
        "time",
        Of(|f| time(f.viewers.timeout)),
        "\"3s\"",
        "how long a viewer waits for one attempt",
    ),
    row(
        "fabric.viewers.attempts",
        "count",
        Of(|f| f.viewers.retry.attempts.to_string()),
        "3",
        "attempts in all; 1 means no retries",
    ),
    row(
        "fabric.viewers.backoff",
        "time",
        Of(|f| time(f.viewers.retry.backoff)),
        "\"100ms\"",
        "the wait before the first retry",
    ),
    row(
        "fabric.viewers.multiplier",
        "number",
        Of(|f| f.viewers.retry.multiplier.to_string()),
        "2",
        "what each further wait is multiplied by",
    ),
    row(
        "fabric.viewers.max-backoff",
        "time",
        Of(|f| time(f.viewers.retry.max_backoff)),
        "\"2s\"",
        "the longest wait",
    ),
    row(
        "fabric.viewers.jitter",
        "\"none\", \"full\" or \"equal\"",
        Is("full"),
        "\"full\"",
        "how a wait is spread",
    ),
    row(
        "fabric.viewers.budget",
        "\"none\" or budget",
        Is("none"),
        "{ kind = \"deposit-per-request\" }",
        "what limits retries beyond the attempts; one for each network",
    ),
    row(
        "fabric.viewers.cancel",
        "\"on\" or \"off\"",
        Of(|f| on(f.viewers.cancel)),
        "\"on\"",
        "on: a fetch that no viewer waits for any more is given up",
    ),
    row(
        "fabric.viewers.bulkhead",
        "count or \"none\"",
        Is("none"),
        "64",
        "attempts that the viewers of each network have under way at one time; one more has \
         failed at once",
    ),
    row(
        "fabric.viewers.breaker",
        "\"none\" or breaker",
        Is("none"),
        "{ window = 20, open = \"10s\" }",
        "each network's circuit breaker, which every attempt has to pass; one that may not has \
         failed at once",
    ),
    row(
        "fabric.viewers.fallback",
        "\"none\" or fallback",
        Is("none"),
        "{ failing = \"1%\" }",
        "what answers when a request has failed for good; it counts as served",
    ),
    row(
        "fabric.viewers.hedge",
        "\"none\" or hedge",
        Is("none"),
        "{ after = \"500ms\" }",
        "a second attempt beside one that is not answered soon, the ways to the edge and back included",
    ),
];

impl Reader<'_> {
    pub(super) fn viewers(&mut self, section: &mut Section<'_>, viewers: &mut Viewers) {
        section.set(self, "last-mile", &mut viewers.last_mile, Self::law);
        section.set(self, "timeout", &mut viewers.timeout, Self::some_time);
        section.set(self, "cancel", &mut viewers.cancel, Self::on_off);
        self.retry(section, &mut viewers.retry);
        self.client_policy(section, &mut viewers.client_policy);
    }
}
