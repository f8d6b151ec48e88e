//! `[fabric.routing]`: how viewers find a region.

use super::keys::Default::{Is, Of, Required};
use super::keys::{Row, row, share};
use super::reader::Reader;
use super::section::Section;
use super::tree::Node;
use crate::model::{Detect, Routing};
use crate::units::Span;

pub(super) const KEYS: &[Row] = &[
    row("fabric.routing", "table", Is("preset"), "{}", "how viewers find a region (anycast)"),
    row(
        "fabric.routing.networks",
        "count",
        Of(|f| f.routing.networks.to_string()),
        "200",
        "networks of viewers in each region",
    ),
    row(
        "fabric.routing.skew",
        "number",
        Of(|f| f.routing.skew.to_string()),
        "0.8",
        "exponent of the networks' weights by rank; 0 makes all alike",
    ),
    row(
        "fabric.routing.misrouted",
        "share",
        Of(|f| share(f.routing.misrouted)),
        "\"20%\"",
        "networks that reach their second best region",
    ),
    row(
        "fabric.routing.detect",
        "table",
        Is("health check"),
        "{ by = \"never\" }",
        "what ends a dead region's announcement",
    ),
    row(
        "fabric.routing.detect.by",
        "\"health-check\", \"hold-timer\" or \"never\"",
        Required,
        "\"health-check\"",
        "who notices",
    ),
    row(
        "fabric.routing.detect[health-check].every",
        "time",
        Is("300ms"),
        "\"300ms\"",
        "time between probes",
    ),
    row(
        "fabric.routing.detect[health-check].failures",
        "count",
        Is("3"),
        "3",
        "failed probes in a row that withdraw the route",
    ),
    row(
        "fabric.routing.detect[health-check].timeout",
        "time",
        Is("300ms"),
        "\"300ms\"",
        "how long a probe waits, at most `every`",
    ),
    row(
        "fabric.routing.detect[health-check].successes",
        "count",
        Is("3"),
        "3",
        "good probes in a row that announce it again",
    ),
    row(
        "fabric.routing.detect[hold-timer].hold",
        "time",
        Is("90s"),
        "\"90s\"",
        "BGP's hold time (RFC 4271)",
    ),
    row(
        "fabric.routing.converge",
        "law",
        Is("80% lognormal 4s/10s, 18% to 60s, 2% to 180s"),
        "{ law = \"constant\", value = \"5s\" }",
        "how long a network takes to follow a withdrawal or an announcement",
    ),
    row(
        "fabric.routing.failback",
        "true or false",
        Of(|f| f.routing.failback.to_string()),
        "true",
        "whether networks go back to their better region",
    ),
];

/// The most networks that a region may have.
const MAX_NETWORKS: u32 = 10_000;

impl Reader<'_> {
    pub(super) fn routing(&mut self, section: &mut Section<'_>, routing: &mut Routing) {
        section.set(self, "networks", &mut routing.networks, |r, n| r.count(n, 1..=MAX_NETWORKS));
        section.set(self, "skew", &mut routing.skew, |r, n| r.number(n, 0.0..=10.0));
        section.set(self, "misrouted", &mut routing.misrouted, Self::share);
        section.set(self, "detect", &mut routing.detect, Self::detect);
        section.set(self, "converge", &mut routing.converge, Self::law);
        section.set(self, "failback", &mut routing.failback, Self::truth);
    }

    fn detect(&mut self, node: &Node) -> Option<Detect> {
        let mut section = self.section(node, "fabric.routing.detect")?;
        let by = section.require(self, "by")?;
        let kinds = [("health-check", 0), ("hold-timer", 1), ("never", 2)];
        let Some(kind) = self.choice(by, &kinds) else {
            section.rest();
            return None;
        };
        let name = by.text().unwrap_or_default();
        section.narrow(name);
        let detect = match kind {
            0 => self.health_check(&mut section),
            1 => {
                let mut hold = Span::from_secs(90);
                section.set(self, "hold", &mut hold, |r, n| {
                    // RFC 4271: zero, or at least three seconds; zero switches it off.
                    r.time_in(n, Span::from_secs(3)..=Span::from_secs(65_535))
                });
                Some(Detect::HoldTimer { hold })
            }
            _ => Some(Detect::Never),
        };
        section.finish(self);
        detect
    }

    fn health_check(&mut self, section: &mut Section<'_>) -> Option<Detect> {
        let mut every = Span::from_millis(300);
        let (mut failures, mut successes) = (3, 3);
        section.set(self, "every", &mut every, Self::some_time);
        section.set(self, "failures", &mut failures, |r, n| r.count(n, 1..=1_000));
        section.set(self, "successes", &mut successes, |r, n| r.count(n, 1..=1_000));
        // A probe that is checked more often than the default time-out waits for one interval.
        let mut timeout = every.min(Span::from_millis(300));
        let written = section.node("timeout");
        if let Some(node) = written {
            timeout = self.some_time(node)?;
            if timeout > every {
                let message =
                    format!("a probe waits {timeout} and the next one starts after {every}");
                self.say(&node.at, message, format!("`timeout` is at most `every`: \"{every}\""));
                return None;
            }
        }
        Some(Detect::HealthCheck { every, failures, timeout, successes })
    }
}
