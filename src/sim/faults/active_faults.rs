//! The faults that act on one site now.

use crate::fault::{Answers, Clock, Delay, Fault, Injection, Reach, Routes, Service};
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
            if let Fault::RegionDown { routes, scope, .. } = fault {
                cut_off |= scope == Reach::All;
                found = found.or(Some(routes));
            }
        }
        found.map(|routes| Outage { routes, cut_off })
    }

    /// How many times as long a service takes, in a pod where the work is done in one: the product of all
    /// that slow it.
    #[must_use]
    pub fn slowness(&self, all: &[Injection], of: Service, pod: Option<u32>, now: Instant) -> f64 {
        self.in_force(all).fold(1.0, |product, injection| match injection.fault {
            Fault::Slow { service, factor, pods, .. } if service == of && meets(pods, pod) => {
                product * (1.0 + (factor - 1.0) * injection.strength(now))
            }
            _ => product,
        })
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
        let good = self.in_force(all).fold(1.0, |good, injection| match injection.fault {
            Fault::Errors { service, share, pods, .. } if service == of && meets(pods, pod) => {
                good * (1.0 - share * injection.strength(now))
            }
            _ => good,
        });
        1.0 - good
    }

    /// Thousandths of a core that a pod can use: its node's, or with a neighbour what that leaves or
    /// its share by weight, whichever is more (cgroup weights are work-conserving).
    #[must_use]
    pub fn cores(&self, all: &[Injection], pod: u32, rules: &CpuRules) -> u32 {
        let (mut demand, mut weight) = (0_u64, 0_u64);
        for fault in self.faults(all) {
            if let Fault::NoisyNeighbour { cores, request, limit, pods, .. } = fault
                && meets(pods, Some(pod))
            {
                demand += u64::from(limit.map_or(cores, |limit| limit.min(cores)));
                weight += u64::from(request);
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
        let leaks = self.faults(all).map(|fault| match fault {
            Fault::Leak { per_second, pods, .. } if meets(pods, Some(pod)) => per_second,
            _ => 0,
        });
        leaks.fold(0, u64::saturating_add)
    }

    /// How many of the manifest service's pods are stopped, the first ones.
    #[must_use]
    pub fn stopped_pods(&self, all: &[Injection]) -> u32 {
        self.faults(all).fold(0, |most, fault| match fault {
            Fault::StopPods { pods, .. } => most.max(pods),
            _ => most,
        })
    }

    /// What an origin does that is down, with those who ask it.
    #[must_use]
    pub fn origin_down(&self, all: &[Injection]) -> Option<Answers> {
        self.faults(all).find_map(|fault| match fault {
            Fault::OriginDown { answers, .. } => Some(answers),
            _ => None,
        })
    }

    /// The delay of the replication channel: of several the last that began.
    #[must_use]
    pub fn database_down(&self, all: &[Injection], site: usize) -> Option<Answers> {
        self.faults(all).find_map(|fault| match fault {
            Fault::DatabaseDown { region, answers } if region == site => Some(answers),
            _ => None,
        })
    }

    /// How long copies are fresh that are to be so for `ttl`.
    #[must_use]
    pub fn ttl(&self, all: &[Injection], ttl: Span) -> Span {
        self.faults(all).fold(ttl, |ttl, fault| match fault {
            Fault::ClockSkew { by, clock: Clock::Ahead, .. } => ttl.saturating_sub(by),
            Fault::ClockSkew { by, clock: Clock::Behind, .. } => ttl.saturating_add(by),
            _ => ttl,
        })
    }

    /// Whether reads that begin wait for a lock.
    #[must_use]
    pub fn locked(&self, all: &[Injection]) -> bool {
        self.faults(all).any(|fault| matches!(fault, Fault::LockTable { .. }))
    }

    /// The delay of the replication channel: of several the last that began. From a primary that is down
    /// nothing comes at all.
    #[must_use]
    pub fn replication_delay(&self, all: &[Injection], primary: usize) -> Option<(Span, Delay)> {
        /// Longer than any run.
        const EVER: Span = Span::from_secs(100 * 365 * 86_400);
        self.faults(all)
            .filter_map(|fault| match fault {
                Fault::DelayReplication { delay, by, .. } => Some((delay, by)),
                Fault::DatabaseDown { region, .. } if region == primary => {
                    Some((EVER, Delay::Apply))
                }
                _ => None,
            })
            .last()
    }
}

/// Whether a fault at the first `pods`, or at all, meets what is done in `pod`, or in none of them.
fn meets(pods: Option<u32>, pod: Option<u32>) -> bool {
    pods.is_none_or(|first| pod.is_some_and(|pod| pod < first))
}

/// The share of packets that are lost now between a region and the primary, wherever it is asked.
#[must_use]
pub fn packet_loss(all: &[Injection], region: usize, now: Instant) -> f64 {
    let in_force = |injection: &&Injection| {
        injection.at <= now && injection.until.is_none_or(|until| now < until)
    };
    all.iter().filter(in_force).fold(0.0, |lost, injection| match injection.fault {
        Fault::PacketLoss { region: place, share } if place.is_none_or(|place| place == region) => {
            share + lost * (1.0 - share)
        }
        _ => lost,
    })
}

/// Whether a fault acts on a site. The primary has no replication channel to itself, and surges are
/// in the rates.
#[must_use]
pub fn acts_on(fault: &Fault, site: usize, primary: usize) -> bool {
    let covers = |region: Option<usize>| region.is_none_or(|region| region == site);
    match *fault {
        Fault::RegionDown { region, .. }
        | Fault::EvictCache { region, .. }
        | Fault::OriginDown { region, .. } => region == site,
        Fault::DelayReplication { region, .. } => covers(region) && site != primary,
        Fault::LockTable { region } | Fault::ClockSkew { region, .. } => covers(region),
        Fault::PacketLoss { region, .. } => covers(region) && site != primary,
        Fault::DatabaseDown { region, .. } => region == site || region == primary,
        Fault::Slow { region, .. }
        | Fault::Errors { region, .. }
        | Fault::StopPods { region, .. }
        | Fault::NoisyNeighbour { region, .. }
        | Fault::Leak { region, .. } => covers(region),
        Fault::Surge { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Answers, Kept, Label};

    fn all(faults: &[Fault]) -> Vec<Injection> {
        let injection =
            |&fault| Injection { label: Label("x".into()), at: Instant::ZERO, until: None, fault };
        faults.iter().map(injection).collect()
    }

    #[test]
    fn causes_add_up_and_are_taken_back_one_by_one() {
        let (region, pods, ramp) = (None, None, Span::ZERO);
        let slow = |factor| Fault::Slow { region, service: Service::Database, factor, ramp, pods };
        let errors =
            |share| Fault::Errors { region, service: Service::Manifest, share, ramp, pods };
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
        let slow = |factor, pods| Fault::Slow { region, service, factor, ramp, pods };
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
            let noise = Fault::NoisyNeighbour { region: None, cores, request, limit, pods };
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
        let down = |scope, routes| Fault::RegionDown { region: 0, routes, scope };
        let viewers = down(Reach::DataPlane, Routes::Withdrawn);
        let everybody = down(Reach::All, Routes::Silent);
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

    #[test]
    fn faults_act_where_they_say() {
        let delay = Fault::DelayReplication { region: None, delay: Span::ZERO, by: Delay::Apply };
        assert!(!acts_on(&delay, 0, 0), "the primary does not replicate to itself");
        assert!(acts_on(&delay, 1, 0));
        let evict = Fault::EvictCache { region: 2, share: 0.8, cache: Kept::Metadata };
        assert!(acts_on(&evict, 2, 0) && !acts_on(&evict, 1, 0));
    }

    /// Half of the packets are lost everywhere, and half of the rest in region 1 for ten seconds.
    #[test]
    fn losses_add_up_where_and_while_they_are() {
        let at = |secs| Instant::ZERO + Span::from_secs(secs);
        let mut faults = all(&[
            Fault::PacketLoss { region: None, share: 0.5 },
            Fault::PacketLoss { region: Some(1), share: 0.5 },
        ]);
        (faults[1].at, faults[1].until) = (at(10), Some(at(20)));
        let seen = |region| [0, 9, 10, 19, 20].map(|secs| packet_loss(&faults, region, at(secs)));
        assert_eq!(seen(1), [0.5, 0.5, 0.75, 0.75, 0.5]);
        assert_eq!(seen(0), [0.5; 5]);
    }

    #[test]
    fn replicas_are_delayed_by_what_began_last_and_get_nothing_of_a_primary_that_is_down() {
        let delay =
            |secs, by| Fault::DelayReplication { region: None, delay: Span::from_secs(secs), by };
        let down = Fault::DatabaseDown { region: 0, answers: Answers::Refused };
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
