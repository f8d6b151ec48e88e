//! The faults that act on one site now.

use crate::fault::{
    Delay, DownMode, Fault, Injection, OutageScope, RegionDown, Routes, Service, SkewDirection,
};
use crate::model::CpuRules;
use crate::units::{Instant, Span};

/// The faults that have begun and not ended at a site, and what they add up to.
#[derive(Debug, Default)]
pub struct ActiveFaults {
    active: Vec<usize>,
}

/// An outage in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outage {
    /// Whether routes follow it.
    pub routes: Routes,
    /// Whether other regions are cut off, too.
    pub cut_off: bool,
}

impl ActiveFaults {
    /// A fault begins.
    pub fn begin(&mut self, injection: usize) {
        self.active.push(injection);
    }

    /// A fault ends.
    pub fn end(&mut self, injection: usize) {
        self.active.retain(|&active| active != injection);
    }

    fn in_force<'a>(&'a self, all: &'a [Injection]) -> impl Iterator<Item = &'a Injection> {
        self.active.iter().map(|&number| &all[number])
    }

    fn faults<'a>(&'a self, all: &'a [Injection]) -> impl Iterator<Item = Fault> + 'a {
        self.in_force(all).map(|injection| injection.fault)
    }

    /// The outage, if there is one: of several the first that began.
    #[must_use]
    pub fn outage(&self, all: &[Injection]) -> Option<Outage> {
        let mut cut_off = false;
        let mut found = None;
        for fault in self.faults(all) {
            if let Fault::RegionDown(RegionDown { routes, scope, .. }) = fault {
                cut_off |= scope == OutageScope::All;
                found = found.or(Some(routes));
            }
        }
        found.map(|routes| Outage { routes, cut_off })
    }

    /// How many times as long a service takes, in a pod where the work is done in one: the product of all
    /// that slow it.
    #[must_use]
    pub fn slowness(&self, all: &[Injection], of: Service, pod: Option<u32>, now: Instant) -> f64 {
        let mut product = 1.0;
        for injection in self.in_force(all) {
            if let Fault::Slow(slow) = injection.fault
                && slow.service == of
                && meets(slow.pods, pod)
            {
                product *= 1.0 + (slow.factor - 1.0) * injection.strength(now);
            }
        }
        product
    }

    /// The share of a service's answers that are errors: causes act independently.
    #[must_use]
    pub fn error_share(
        &self,
        all: &[Injection],
        of: Service,
        pod: Option<u32>,
        now: Instant,
    ) -> f64 {
        let mut good = 1.0;
        for injection in self.in_force(all) {
            if let Fault::Errors(errors) = injection.fault
                && errors.service == of
                && meets(errors.pods, pod)
            {
                good *= 1.0 - errors.share * injection.strength(now);
            }
        }
        1.0 - good
    }

    /// Thousandths of a core that a pod can use: its node's, or with a neighbour what that leaves or
    /// its share by weight, whichever is more (cgroup weights are work-conserving).
    #[must_use]
    pub fn cores(&self, all: &[Injection], pod: u32, rules: &CpuRules) -> u32 {
        let (mut demand, mut weight) = (0_u64, 0_u64);
        for fault in self.faults(all) {
            if let Fault::NoisyNeighbour(noise) = fault
                && meets(noise.pods, Some(pod))
            {
                let used = noise.limit.map_or(noise.cores, |limit| limit.min(noise.cores));
                demand += u64::from(used);
                weight += u64::from(noise.request);
            }
        }
        let (node, own) = (u64::from(rules.node), u64::from(rules.request));
        let share = node * own / (own + weight).max(1);
        let cores = node.saturating_sub(demand).max(share).max(1);
        if weight == 0 { rules.node } else { u32::try_from(cores).unwrap_or(rules.node) }
    }

    /// Bytes that a pod leaks in a second.
    #[must_use]
    pub fn leak(&self, all: &[Injection], pod: u32) -> u64 {
        let mut bytes = 0_u64;
        for fault in self.faults(all) {
            if let Fault::Leak(leak) = fault
                && meets(leak.pods, Some(pod))
            {
                bytes = bytes.saturating_add(leak.per_second);
            }
        }
        bytes
    }

    /// How many of the manifest service's pods are stopped, the first ones.
    #[must_use]
    pub fn stopped_pods(&self, all: &[Injection]) -> u32 {
        let mut most = 0;
        for fault in self.faults(all) {
            if let Fault::StopPods(stop) = fault {
                most = most.max(stop.pods);
            }
        }
        most
    }

    /// What an origin that is down does with its callers: of several faults the first that began.
    #[must_use]
    pub fn origin_down(&self, all: &[Injection]) -> Option<DownMode> {
        for fault in self.faults(all) {
            if let Fault::OriginDown(down) = fault {
                return Some(down.answers);
            }
        }
        None
    }

    /// What the database of this site does with its callers while it is down: of several faults the
    /// first that began.
    #[must_use]
    pub fn database_down(&self, all: &[Injection], site: usize) -> Option<DownMode> {
        for fault in self.faults(all) {
            if let Fault::DatabaseDown(down) = fault
                && down.region == site
            {
                return Some(down.answers);
            }
        }
        None
    }

    /// How long copies are fresh that are to be fresh for `ttl`.
    #[must_use]
    pub fn ttl(&self, all: &[Injection], mut ttl: Span) -> Span {
        for fault in self.faults(all) {
            if let Fault::ClockSkew(skew) = fault {
                ttl = match skew.clock {
                    SkewDirection::Ahead => ttl.saturating_sub(skew.by),
                    SkewDirection::Behind => ttl.saturating_add(skew.by),
                };
            }
        }
        ttl
    }

    /// Whether reads that begin wait for a lock.
    #[must_use]
    pub fn locked(&self, all: &[Injection]) -> bool {
        self.faults(all).any(|fault| matches!(fault, Fault::LockTable(_)))
    }

    /// The delay of the replication channel: of several the last that began. From a primary that is down
    /// nothing comes at all.
    #[must_use]
    pub fn replication_delay(&self, all: &[Injection], primary: usize) -> Option<(Span, Delay)> {
        /// Longer than any run.
        const EVER: Span = Span::from_secs(100 * 365 * 86_400);
        let mut last = None;
        for fault in self.faults(all) {
            if let Fault::DelayReplication(delay) = fault {
                last = Some((delay.delay, delay.by));
            } else if let Fault::DatabaseDown(down) = fault
                && down.region == primary
            {
                last = Some((EVER, Delay::Apply));
            }
        }
        last
    }
}

/// Whether a fault limited to the first `pods` pods, if it is limited, applies to work in `pod`, or to
/// work that is done in none.
fn meets(pods: Option<u32>, pod: Option<u32>) -> bool {
    pods.is_none_or(|first| pod.is_some_and(|pod| pod < first))
}

/// The share of packets that are lost now between a region and the primary, wherever it is asked.
#[must_use]
pub fn packet_loss(all: &[Injection], region: usize, now: Instant) -> f64 {
    let in_force = |injection: &&Injection| {
        injection.at <= now && injection.until.is_none_or(|until| now < until)
    };
    let mut lost = 0.0;
    for injection in all.iter().filter(in_force) {
        if let Fault::PacketLoss(loss) = injection.fault
            && loss.region.is_none_or(|place| place == region)
        {
            lost = loss.share + lost * (1.0 - loss.share);
        }
    }
    lost
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{
        DatabaseDown, DelayReplication, Errors, Label, NoisyNeighbour, PacketLoss, Slow,
    };

    fn all(faults: &[Fault]) -> Vec<Injection> {
        let injection =
            |&fault| Injection { label: Label("x".into()), at: Instant::ZERO, until: None, fault };
        faults.iter().map(injection).collect()
    }

    #[test]
    fn causes_add_up_and_are_taken_back_one_by_one() {
        let (region, pods, ramp) = (None, None, Span::ZERO);
        let slow =
            |factor| Fault::Slow(Slow { region, service: Service::Database, factor, ramp, pods });
        let errors =
            |share| Fault::Errors(Errors { region, service: Service::Manifest, share, ramp, pods });
        let faults = all(&[slow(2.0), slow(3.0), errors(0.5), errors(0.2)]);
        let mut active_faults = ActiveFaults::default();
        (0..4).for_each(|number| active_faults.begin(number));
        assert!(
            (active_faults.slowness(&faults, Service::Database, None, Instant::ZERO) - 6.0).abs()
                < 1e-12
        );
        assert!(
            (active_faults.slowness(&faults, Service::Manifest, None, Instant::ZERO) - 1.0).abs()
                < 1e-12
        );
        assert!(
            (active_faults.error_share(&faults, Service::Manifest, None, Instant::ZERO) - 0.6)
                .abs()
                < 1e-12
        );
        active_faults.end(1);
        active_faults.end(2);
        assert!(
            (active_faults.slowness(&faults, Service::Database, None, Instant::ZERO) - 2.0).abs()
                < 1e-12
        );
        assert!(
            (active_faults.error_share(&faults, Service::Manifest, None, Instant::ZERO) - 0.2)
                .abs()
                < 1e-12
        );
    }

    #[test]
    fn a_grey_failure_meets_the_first_pods_only() {
        let service = Service::Manifest;
        let (region, ramp) = (None, Span::ZERO);
        let slow = |factor, pods| Fault::Slow(Slow { region, service, factor, ramp, pods });
        let faults = all(&[slow(2.0, Some(1)), slow(3.0, Some(3)), slow(5.0, None)]);
        let mut active_faults = ActiveFaults::default();
        (0..3).for_each(|number| active_faults.begin(number));
        let seen = [Some(0), Some(1), Some(2), Some(3), None]
            .map(|pod| active_faults.slowness(&faults, service, pod, Instant::ZERO));
        assert_eq!(seen, [30.0, 15.0, 15.0, 5.0, 5.0]);
    }

    #[test]
    fn a_neighbour_leaves_what_it_does_not_use_or_a_share_by_weight() {
        let rules = CpuRules { request: 500, ..CpuRules::PLAIN };
        let seen = |cores, request, limit, pods| {
            let noise =
                Fault::NoisyNeighbour(NoisyNeighbour { region: None, cores, request, limit, pods });
            let mut active_faults = ActiveFaults::default();
            active_faults.begin(0);
            [0, 1].map(|pod| active_faults.cores(&all(&[noise]), pod, &rules))
        };
        assert_eq!(ActiveFaults::default().cores(&[], 0, &rules), 4_000);
        assert_eq!(seen(1_000, 1_500, None, None), [3_000, 3_000], "it needs one of four");
        assert_eq!(seen(4_000, 1_500, None, Some(1)), [1_000, 4_000], "a quarter by weight");
        assert_eq!(seen(64_000, 1_500, Some(2_000), None), [2_000, 2_000], "its limit");
    }

    #[test]
    fn an_outage_cuts_off_what_its_scope_says_and_the_first_names_the_routes() {
        let down = |scope, routes| Fault::RegionDown(RegionDown { region: 0, routes, scope });
        let viewers = down(OutageScope::DataPlane, Routes::Withdrawn);
        let everybody = down(OutageScope::All, Routes::Silent);
        let seen = |faults: &[Fault]| {
            let mut active_faults = ActiveFaults::default();
            (0..faults.len()).for_each(|number| active_faults.begin(number));
            active_faults.outage(&all(faults)).map(|outage| (outage.routes, outage.cut_off))
        };
        assert_eq!(seen(&[]), None);
        assert_eq!(seen(&[viewers]), Some((Routes::Withdrawn, false)));
        assert_eq!(seen(&[everybody]), Some((Routes::Silent, true)));
        assert_eq!(seen(&[viewers, everybody]), Some((Routes::Withdrawn, true)));
    }

    /// Half of the packets are lost everywhere, and half of the rest in region 1 for ten seconds.
    #[test]
    fn losses_add_up_where_and_while_they_are() {
        let at = |secs| Instant::ZERO + Span::from_secs(secs);
        let mut faults = all(&[
            Fault::PacketLoss(PacketLoss { region: None, share: 0.5 }),
            Fault::PacketLoss(PacketLoss { region: Some(1), share: 0.5 }),
        ]);
        (faults[1].at, faults[1].until) = (at(10), Some(at(20)));
        let seen = |region| [0, 9, 10, 19, 20].map(|secs| packet_loss(&faults, region, at(secs)));
        assert_eq!(seen(1), [0.5, 0.5, 0.75, 0.75, 0.5]);
        assert_eq!(seen(0), [0.5; 5]);
    }

    #[test]
    fn replicas_are_delayed_by_what_began_last_and_get_nothing_of_a_primary_that_is_down() {
        let delay = |secs, by| {
            Fault::DelayReplication(DelayReplication {
                region: None,
                delay: Span::from_secs(secs),
                by,
            })
        };
        let down = Fault::DatabaseDown(DatabaseDown { region: 0, answers: DownMode::Refuse });
        let faults = all(&[delay(5, Delay::Apply), delay(7, Delay::TcpStall), down]);
        let seen = |raw: &[usize], primary| {
            let mut active_faults = ActiveFaults::default();
            raw.iter().for_each(|&number| active_faults.begin(number));
            active_faults.replication_delay(&faults, primary)
        };
        assert_eq!(seen(&[], 0), None);
        assert_eq!(seen(&[0, 1], 0), Some((Span::from_secs(7), Delay::TcpStall)));
        assert_eq!(seen(&[2], 1), None, "another region's database is down");
        let (ever, by) = seen(&[0, 2], 0).unwrap();
        assert!(ever > Span::from_secs(31_536_000) && by == Delay::Apply, "{ever} {by:?}");
    }
}
