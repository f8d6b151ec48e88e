//! How far a replica is behind because of a fault.

use crate::fault::Delay;
use crate::model::Replication;
use crate::units::{Instant, Span};

/// The excess lag of one replica: a piecewise-linear function of time, in closed form.
#[derive(Clone, Debug)]
pub struct ReplicationLag {
    phase: Phase,
    /// When the phase began.
    since: Instant,
    /// The excess at that instant.
    base: Span,
    /// Seconds of changes that the stream can carry in a second without a fault.
    carried: f64,
    catch_up: f64,
    write_rate: f64,
    window: f64,
    round_trip: Span,
    /// The share of packets that are lost.
    loss: f64,
}

/// Bytes of a segment on an Ethernet path (RFC 9293: 1,500 less the headers).
const SEGMENT: f64 = 1_460.0;

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The backlog is worked off.
    CatchingUp,
    /// The path is as long as ever and carries less than is written: this share piles up.
    Falling(f64),
    /// Changes are applied this much later.
    Applying(Span),
    /// The path is longer by this; the share of what is written that it cannot carry piles up.
    Stalled(Span, f64),
}

impl ReplicationLag {
    /// A replica that is as close to its primary as usual, `round_trip` away from it.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // reason: byte rates are below 2^53
    pub fn new(config: &Replication, round_trip: Span) -> Self {
        let mut replication_lag = Self {
            phase: Phase::CatchingUp,
            since: Instant::ZERO,
            base: Span::ZERO,
            carried: 0.0,
            catch_up: config.catch_up,
            write_rate: config.write_rate as f64,
            window: config.window as f64,
            round_trip,
            loss: 0.0,
        };
        replication_lag.carried = replication_lag.share_carried(Span::ZERO);
        replication_lag
    }

    /// Seconds of changes that the stream carries in a second when the path is `delay` longer: at
    /// most one window a round trip (TCP's flow control, RFC 9293), and where packets are lost what its
    /// congestion control lets it, `sqrt(3/2) / sqrt(loss)` segments a round trip (Mathis, Semke, Mahdavi
    /// and Ott, Computer Communication Review 27(3), 1997).
    fn share_carried(&self, delay: Span) -> f64 {
        let trip = (self.round_trip + delay).as_secs_f64();
        if trip <= 0.0 || self.write_rate <= 0.0 {
            return f64::INFINITY;
        }
        let lossy = SEGMENT * (1.5 / self.loss).sqrt();
        let window = if self.loss > 0.0 { self.window.min(lossy) } else { self.window };
        window / trip / self.write_rate
    }

    /// This share of packets is lost from now on.
    pub fn lose(&mut self, now: Instant, loss: f64) {
        self.base = self.at(now);
        self.since = now;
        self.loss = loss;
        self.carried = self.share_carried(Span::ZERO);
        match self.phase {
            Phase::Stalled(delay, _) => {
                let piling_up = (1.0 - self.share_carried(delay)).max(0.0);
                self.phase = Phase::Stalled(Span::ZERO, piling_up);
            }
            Phase::Falling(_) | Phase::CatchingUp => self.phase = self.usual(),
            Phase::Applying(_) => {}
        }
    }

    /// The phase where nothing delays the channel: it keeps up, or falls behind because of losses.
    fn usual(&self) -> Phase {
        if self.loss > 0.0 && self.carried < 1.0 {
            Phase::Falling(1.0 - self.carried)
        } else {
            Phase::CatchingUp
        }
    }

    /// The channel is delayed from now on.
    pub fn delay(&mut self, now: Instant, delay: Span, by: Delay) {
        self.base = self.at(now);
        self.since = now;
        self.phase = match by {
            Delay::Apply => Phase::Applying(delay),
            Delay::TcpStall => {
                let piling_up = (1.0 - self.share_carried(delay)).max(0.0);
                Phase::Stalled(delay, piling_up)
            }
        };
    }

    /// The channel is as usual from now on; the replica works its backlog off.
    pub fn restore(&mut self, now: Instant) {
        self.base = self.at(now);
        self.since = now;
        self.phase = self.usual();
    }

    /// The excess lag.
    #[must_use]
    pub fn at(&self, now: Instant) -> Span {
        let passed = now.since(self.since);
        match self.phase {
            Phase::CatchingUp => self.base.saturating_sub(self.worked_off(passed)),
            Phase::Falling(piling_up) => self.base + passed.scaled(piling_up),
            Phase::Applying(delay) if self.base <= delay => (self.base + passed).min(delay),
            Phase::Applying(delay) => self.base.saturating_sub(self.worked_off(passed)).max(delay),
            Phase::Stalled(delay, piling_up) => {
                self.base + passed.min(delay + passed.scaled(piling_up))
            }
        }
    }

    /// What is worked off in a time: changes arrive at one second a second and are applied at the
    /// catch-up rate, or at what the stream carries if that is less.
    fn worked_off(&self, passed: Span) -> Span {
        passed.scaled((self.catch_up.min(self.carried) - 1.0).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Law;

    fn at(secs: u64) -> Instant {
        Instant::ZERO + Span::from_secs(secs)
    }

    fn replica(window: u64) -> ReplicationLag {
        let config = Replication { lag: Law::ZERO, catch_up: 11.0, write_rate: 2_000_000, window };
        ReplicationLag::new(&config, Span::from_millis(200))
    }

    #[test]
    fn an_apply_delay_rises_a_second_a_second_and_stays() {
        let mut replication_lag = replica(40_000_000);
        replication_lag.delay(at(100), Span::from_secs(20), Delay::Apply);
        assert_eq!(replication_lag.at(at(100)), Span::ZERO);
        assert_eq!(replication_lag.at(at(110)), Span::from_secs(10));
        assert_eq!(replication_lag.at(at(120)), Span::from_secs(20));
        assert_eq!(replication_lag.at(at(400)), Span::from_secs(20));
        replication_lag.restore(at(400));
        // Ten seconds are worked off in each second.
        assert_eq!(replication_lag.at(at(401)), Span::from_secs(10));
        assert_eq!(replication_lag.at(at(402)), Span::ZERO);
        assert_eq!(replication_lag.at(at(500)), Span::ZERO);
    }

    #[test]
    fn a_stalled_stream_falls_behind_for_as_long_as_the_fault_lasts() {
        // 4 MB a round trip of 20.2 s carry 198,020 B/s of 2,000,000: 90.099 % pile up.
        let mut replication_lag = replica(4_000_000);
        replication_lag.delay(at(0), Span::from_secs(20), Delay::TcpStall);
        assert_eq!(replication_lag.at(at(10)), Span::from_secs(10));
        let late = replication_lag.at(at(300)).as_secs_f64();
        assert!((late - (20.0 + 300.0 * (1.0 - 4e6 / 20.2 / 2e6))).abs() < 1e-6, "{late}");
        replication_lag.restore(at(300));
        // The stream carries ten seconds of changes a second: nine are worked off.
        let later = replication_lag.at(at(310)).as_secs_f64();
        assert!((later - (late - 90.0)).abs() < 1e-6, "{later}");
    }

    #[test]
    fn a_stream_with_room_only_gets_later() {
        let mut replication_lag = replica(100_000_000);
        replication_lag.delay(at(0), Span::from_secs(20), Delay::TcpStall);
        assert_eq!(replication_lag.at(at(300)), Span::from_secs(20));
    }

    #[test]
    fn losses_leave_the_stream_what_its_congestion_control_lets_it() {
        // At 1 % sqrt(150) = 12.25 segments of 1,460 B each 200 ms: 89,406 B/s of 2,000,000.
        let mut replication_lag = replica(40_000_000);
        replication_lag.lose(at(0), 0.01);
        let late = replication_lag.at(at(100)).as_secs_f64();
        assert!(
            (late - 100.0 * (1.0 - 1_460.0 * 150_f64.sqrt() / 0.2 / 2e6)).abs() < 1e-6,
            "{late}"
        );
        replication_lag.lose(at(100), 0.0);
        // Ten seconds are worked off in each second.
        let later = replication_lag.at(at(105)).as_secs_f64();
        assert!((later - (late - 50.0)).abs() < 1e-6, "{later}");
        // A hundredth of that is carried easily: 122 segments, 894 kB/s, are not 2 MB/s; 1 in 10^8 is.
        replication_lag.lose(at(200), 1e-8);
        assert_eq!(replication_lag.at(at(300)), Span::ZERO);
    }

    #[test]
    fn a_second_fault_goes_on_from_where_the_first_ended() {
        let mut replication_lag = replica(40_000_000);
        replication_lag.delay(at(0), Span::from_secs(20), Delay::Apply);
        replication_lag.delay(at(30), Span::from_secs(5), Delay::Apply);
        assert_eq!(replication_lag.at(at(31)), Span::from_secs(10));
        assert_eq!(replication_lag.at(at(60)), Span::from_secs(5));
    }
}
