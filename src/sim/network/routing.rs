//! Anycast: who announces, what notices a loss, and where a network goes.

use crate::model::{Detect, Fabric};
use crate::units::{Instant, Span};

/// For each region of origin the sites in the order in which its networks prefer them: by round
/// trip, then by the file's order.
#[must_use]
pub fn rankings(fabric: &Fabric) -> Vec<Vec<usize>> {
    let regions = fabric.regions.len();
    (0..regions)
        .map(|home| {
            let mut order: Vec<usize> = (0..regions).collect();
            // Its own site comes first even where another is as near.
            order.sort_by_key(|&site| (site != home, fabric.round_trip[home][site], site));
            order
        })
        .collect()
}

/// The preferred site among those that announce the prefix. A misrouted network ranks the first two
/// the other way round.
#[must_use]
pub fn best(ranking: &[usize], misrouted: bool, announced: &[bool]) -> Option<usize> {
    let second_first = if misrouted && ranking.len() > 1 { [1, 0] } else { [0, 1] };
    let order = second_first.into_iter().chain(2..ranking.len());
    order.filter_map(|place| ranking.get(place)).copied().find(|&site| announced[site])
}

/// How a loss is noticed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    /// Probes fail: the last of them is sent at `last_probe`, and if the site is still lost then the
    /// route is withdrawn at `withdraw`.
    Probes {
        /// When the last probe that it takes is sent.
        last_probe: Instant,
        /// When that probe has failed.
        withdraw: Instant,
    },
    /// The hold timer ends at this instant, if nothing was heard by then.
    Timer(Instant),
    /// Nothing notices.
    Nothing,
}

impl Detect {
    /// What notices a loss at `lost`. `phase` of 0..1 is where in its period the prober or the
    /// keepalive timer stands: probes are sent at `(k + phase) every`.
    ///
    /// The time to notice is the wait for the next probe, uniform in one period, then `failures - 1`
    /// periods and one time-out; or a hold time less the time since the last keepalive.
    #[must_use]
    pub fn notice(self, lost: Instant, phase: f64) -> Notice {
        match self {
            Self::HealthCheck { every, failures, timeout, .. } => {
                let first = next_probe(lost, every, phase);
                let more = every.saturating_mul(u64::from(failures.max(1) - 1));
                let last_probe = first.saturating_add(more);
                Notice::Probes { last_probe, withdraw: last_probe.saturating_add(timeout) }
            }
            Self::HoldTimer { hold } => {
                let keepalive = Span::from_nanos(hold.as_nanos() / 3);
                Notice::Timer(lost + (hold - keepalive.scaled(phase)))
            }
            Self::Never => Notice::Nothing,
        }
    }

    /// When a route that was withdrawn is announced again after the site is back at `back`.
    #[must_use]
    pub fn announce(self, back: Instant, phase: f64) -> Instant {
        match self {
            Self::HealthCheck { every, successes, .. } => {
                let first = next_probe(back, every, phase);
                first.saturating_add(every.saturating_mul(u64::from(successes.max(1) - 1)))
            }
            Self::HoldTimer { .. } | Self::Never => back,
        }
    }
}

/// The first probe at or after an instant.
fn next_probe(at: Instant, every: Span, phase: f64) -> Instant {
    let period = every.as_nanos().max(1);
    let offset = every.scaled(phase).as_nanos().min(period - 1);
    let since = at.as_nanos().saturating_sub(offset);
    let whole = if at.as_nanos() <= offset { 0 } else { since.div_ceil(period) };
    Instant::from_nanos(offset.saturating_add(whole.saturating_mul(period)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Span {
        Span::from_millis(millis)
    }
    fn at(millis: u64) -> Instant {
        Instant::ZERO + ms(millis)
    }

    const CHECK: Detect = Detect::HealthCheck {
        every: ms_const(300),
        failures: 3,
        timeout: ms_const(200),
        successes: 2,
    };
    const fn ms_const(millis: u64) -> Span {
        Span::from_millis(millis)
    }

    /// Outage seen by viewers = U(0, I) + (F - 1) I + T: its exact range and mean over all phases.
    #[test]
    fn a_health_check_notices_by_its_formula() {
        let lost = at(10_000);
        let delays: Vec<f64> = (0..3_000_u32)
            .map(|step| match CHECK.notice(lost, f64::from(step) / 3_000.0) {
                Notice::Probes { last_probe, withdraw } => {
                    assert_eq!(withdraw, last_probe + ms(200));
                    withdraw.since(lost).as_secs_f64()
                }
                other => panic!("{other:?}"),
            })
            .collect();
        let least = delays.iter().copied().fold(f64::MAX, f64::min);
        let most = delays.iter().copied().fold(0.0, f64::max);
        let mean = delays.iter().sum::<f64>() / 3_000.0;
        assert!((least - 0.8).abs() < 2e-4, "{least}");
        assert!((most - 1.1).abs() < 2e-4, "{most}");
        assert!((mean - 0.95).abs() < 2e-4, "{mean}");
    }

    #[test]
    fn a_hold_timer_acts_after_two_thirds_to_one_hold_time() {
        let timer = Detect::HoldTimer { hold: Span::from_secs(90) };
        assert_eq!(timer.notice(at(5_000), 0.0), Notice::Timer(at(95_000)));
        assert_eq!(timer.notice(at(5_000), 1.0), Notice::Timer(at(65_000)));
        assert_eq!(Detect::Never.notice(at(0), 0.5), Notice::Nothing);
    }

    #[test]
    fn a_route_comes_back_after_good_probes() {
        // Probes at 150, 450, 750, ...
        assert_eq!(CHECK.announce(at(400), 0.5), at(750));
        assert_eq!(CHECK.announce(at(450), 0.5), at(750));
        assert_eq!(CHECK.announce(at(100), 0.5), at(450));
    }

    #[test]
    fn networks_take_the_best_site_that_announces() {
        let ranking = [3, 0, 1];
        let all = [true; 4];
        assert_eq!(best(&ranking, false, &all), Some(3));
        assert_eq!(best(&ranking, true, &all), Some(0));
        assert_eq!(best(&ranking, true, &[false, true, true, true]), Some(3));
        assert_eq!(best(&ranking, false, &[false, true, true, false]), Some(1));
        assert_eq!(best(&ranking, false, &[false; 4]), None);
        assert_eq!(best(&[0], true, &[true]), Some(0));
    }
}
