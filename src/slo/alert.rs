//! When an alert of Prometheus would fire: its `rate`, and the clock of its `for`.

use crate::units::{Instant, Span, count_to_f64};

/// How often a target is scraped: as in the first configuration of Prometheus's own documentation.
pub const SCRAPE: Span = Span::from_secs(15);
/// When the first scrape is. Prometheus spreads scrapes and evaluations over their intervals, so they
/// fall at different instants; here scrapes come five seconds before evaluations. No sample then lies
/// at the edge of a window of whole minutes, where Prometheus 2 and 3 differ.
pub const FIRST_SCRAPE: Span = Span::from_secs(10);
/// How often rules are evaluated; the first time after one such interval.
pub const EVALUATION: Span = Span::from_secs(15);

/// `rate(counter[window])` at `now`: the increase a second over the samples of the window, extrapolated
/// to its edges as `extrapolatedRate` in `promql/functions.go` of Prometheus 2.42 does. `None` with
/// fewer than two samples. The counter is never reset. Samples are in the order of time; those outside
/// the window do not count.
#[must_use]
pub fn rate(samples: &[(Instant, u64)], now: Instant, window: Span) -> Option<f64> {
    let inside = samples.partition_point(|&(at, _)| now.since(at) > window);
    let (&first, rest) = samples[inside..].split_first()?;
    let &last = rest.last()?;
    let increase = count_to_f64(last.1 - first.1);
    let sampled = last.0.since(first.0).as_secs_f64();
    let between = sampled / count_to_f64(rest.len() as u64);
    // The window may begin before the run does.
    let mut to_start = window.saturating_sub(now.since(first.0)).as_secs_f64();
    let to_end = now.since(last.0).as_secs_f64();
    if increase > 0.0 {
        // A counter is not below zero: no further back than to where it would have been zero.
        to_start = to_start.min(sampled * (count_to_f64(first.1) / increase));
    }
    // A gap of not much more than the usual one is that of the next sample, outside the window.
    let threshold = between * 1.1;
    let reach = |gap: f64| if gap < threshold { gap } else { between / 2.0 };
    let extrapolated = sampled + reach(to_start) + reach(to_end);
    Some(increase * (extrapolated / sampled / window.as_secs_f64()))
}

/// An alert's life: since when its expression is true, when it fired, when it was over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Alarm {
    /// The first evaluation at which the expression was true.
    pub pending: Instant,
    /// The evaluation at which it had been true for long enough; `None` if it never had.
    pub firing: Option<Instant>,
    /// The evaluation at which it was no longer true; `None` if it was to the end.
    pub resolved: Option<Instant>,
}

/// One alert of a rule with a `for`, from evaluation to evaluation.
#[derive(Clone, Debug)]
pub struct Alarms {
    hold: Span,
    alarms: Vec<Alarm>,
}

impl Alarms {
    /// Nothing evaluated yet. `hold` is the rule's `for`.
    #[must_use]
    pub const fn new(hold: Span) -> Self {
        Self { hold, alarms: Vec::new() }
    }

    /// The rule is evaluated: is its expression true? It fires at the first evaluation that is `hold`
    /// or more after the one at which it became true (`AlertingRule.Eval` in `rules/alerting.go`).
    pub fn evaluate(&mut self, now: Instant, is_true: bool) {
        let under_way = self.alarms.last_mut().filter(|alarm| alarm.resolved.is_none());
        match (under_way, is_true) {
            (Some(alarm), true) => {
                if alarm.firing.is_none() && now.since(alarm.pending) >= self.hold {
                    alarm.firing = Some(now);
                }
            }
            (Some(alarm), false) => alarm.resolved = Some(now),
            (None, true) => {
                let firing = (self.hold == Span::ZERO).then_some(now);
                self.alarms.push(Alarm { pending: now, firing, resolved: None });
            }
            (None, false) => {}
        }
    }

    /// All so far, in their order.
    #[must_use]
    pub fn all(&self) -> &[Alarm] {
        &self.alarms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Instant {
        Instant::ZERO + Span::from_secs(secs)
    }

    const MINUTE: Span = Span::from_secs(60);

    #[test]
    fn a_steady_counter_has_its_own_rate() {
        // Four samples in the window, 45 s apart, 10 s and 5 s from its edges: 15 s more.
        let samples: Vec<_> = (0..20).map(|n| (at(10 + 15 * n), 300 + 30 * n)).collect();
        let seen = rate(&samples[..15], at(225), MINUTE).unwrap();
        assert!((seen - 2.0).abs() < 1e-12, "{seen}");
    }

    #[test]
    fn a_counter_that_began_in_the_window_is_not_extrapolated_below_zero() {
        // 45 s hold 6 events after the first sample of 1: zero lies 7.5 s before it, the edge 10 s.
        let samples = [(at(10), 1), (at(25), 3), (at(40), 5), (at(55), 7)];
        let seen = rate(&samples, at(60), MINUTE).unwrap();
        assert!((seen - 6.0 * (45.0 + 7.5 + 5.0) / 45.0 / 60.0).abs() < 1e-12, "{seen}");
    }

    #[test]
    fn a_far_edge_counts_for_half_a_gap() {
        // Two samples at the window's end: its start lies 40 s before them.
        let samples = [(at(40), 1_000), (at(55), 1_015)];
        let seen = rate(&samples, at(60), MINUTE).unwrap();
        assert!((seen - 15.0 * (15.0 + 7.5 + 5.0) / 15.0 / 60.0).abs() < 1e-12, "{seen}");
        assert_eq!(rate(&samples[..1], at(60), MINUTE), None);
        assert_eq!(rate(&samples, at(120), MINUTE), None);
    }

    #[test]
    fn it_fires_when_it_has_been_true_for_long_enough_and_not_before() {
        let mut alarms = Alarms::new(MINUTE);
        for secs in (15..=300).step_by(15) {
            alarms.evaluate(at(secs), (60..105).contains(&secs) || (120..=240).contains(&secs));
        }
        let first = Alarm { pending: at(60), firing: None, resolved: Some(at(105)) };
        let second = Alarm { pending: at(120), firing: Some(at(180)), resolved: Some(at(255)) };
        assert_eq!(alarms.all(), [first, second]);
    }
}
