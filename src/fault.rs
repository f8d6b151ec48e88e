//! Faults: what can go wrong in a fabric, in simulation and live alike. Each kind is one file with its
//! parameters, its name and words, the keys that a file gives it, where it acts and what it excludes;
//! [`KINDS`] has them all, and the reader of scenarios, `squall explain`, the check for conflicts and
//! the random plans of the tests follow from it.

mod clock_skew;
mod database_down;
mod delay_replication;
mod errors;
mod evict_cache;
mod leak;
mod lock_table;
mod noisy_neighbour;
mod origin_down;
mod packet_loss;
mod parameter;
mod region_down;
mod slow;
mod stop_pods;
mod surge;

pub use clock_skew::{ClockSkew, SkewDirection};
pub use database_down::{DatabaseDown, DownMode};
pub use delay_replication::{Delay, DelayReplication};
pub use errors::Errors;
pub use evict_cache::{CacheKind, EvictCache};
pub use leak::Leak;
pub use lock_table::LockTable;
pub use noisy_neighbour::NoisyNeighbour;
pub use origin_down::OriginDown;
pub use packet_loss::PacketLoss;
pub use parameter::{Absent, Arguments, Parameter, Value};
pub use region_down::{OutageScope, RegionDown, Routes};
pub use slow::Slow;
pub use stop_pods::{StopMode, StopPods};
pub use surge::Surge;

use crate::units::{Instant, Span};

/// The name by which invariants speak of a fault or change.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Label(pub String);

/// A service inside a region.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Service {
    /// The pods that validate requests and make manifests.
    Manifest,
    /// The region's database.
    Database,
    /// The origin, in its region.
    Origin,
}

impl Service {
    const NAMES: &[&str] = &["manifest", "database", "origin"];
    const ALL: [Self; 3] = [Self::Manifest, Self::Database, Self::Origin];
}

/// A fault. Regions are indices into the fabric's list; `None` means everywhere.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Fault {
    /// A region can no longer be reached.
    RegionDown(RegionDown),
    /// A share of a region's cache is thrown out, old copies included.
    EvictCache(EvictCache),
    /// The replication channel to a region is delayed.
    DelayReplication(DelayReplication),
    /// A service takes longer.
    Slow(Slow),
    /// A share of a service's answers are errors.
    Errors(Errors),
    /// The first pods of the manifest service are gone.
    StopPods(StopPods),
    /// Something else on their nodes takes processors from pods of the manifest service.
    NoisyNeighbour(NoisyNeighbour),
    /// Pods of the manifest service need more and more memory.
    Leak(Leak),
    /// A region's database is down.
    DatabaseDown(DatabaseDown),
    /// A statement holds a table exclusively.
    LockTable(LockTable),
    /// The clock of an edge is off by which its cached copies expire.
    ClockSkew(ClockSkew),
    /// Packets are lost between a region and the primary's.
    PacketLoss(PacketLoss),
    /// The origin is down.
    OriginDown(OriginDown),
    /// More viewers come.
    Surge(Surge),
}

/// A kind of fault, without the parameters of one.
#[derive(Debug)]
pub struct Kind {
    /// Its name in files.
    pub name: &'static str,
    /// What happens: half a sentence.
    pub text: &'static str,
    /// Whether it happens at an instant, so that it has no duration and nothing can be `during` it.
    pub instant: bool,
    /// What a file says of it, in this order.
    pub parameters: &'static [Parameter],
    /// Makes one from what a file says, or from chance in tests. `None` when an argument is missing or
    /// wrong, which the arguments have reported then.
    pub read: fn(&mut dyn Arguments) -> Option<Fault>,
}

impl Kind {
    /// A fault of this kind as it is written in a file, with the keys that it must have.
    #[must_use]
    pub fn example(&self) -> String {
        example(self.name, self.parameters)
    }
}

pub(crate) fn example(kind: &str, parameters: &[Parameter]) -> String {
    let required = parameters.iter().filter(|parameter| parameter.is_required());
    let keys = required.map(|key| format!(", {} = {}", key.name, key.example));
    format!("{{ kind = \"{kind}\"{} }}", keys.collect::<String>())
}

/// All kinds, in the order in which they are explained.
pub const KINDS: &[Kind] = &[
    region_down::KIND,
    evict_cache::KIND,
    delay_replication::KIND,
    slow::KIND,
    errors::KIND,
    stop_pods::KIND,
    noisy_neighbour::KIND,
    leak::KIND,
    database_down::KIND,
    lock_table::KIND,
    clock_skew::KIND,
    packet_loss::KIND,
    origin_down::KIND,
    surge::KIND,
];

/// What two faults of one kind must not both act on at one time, as it would be open which of them
/// holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target {
    /// Where: `None` is every region.
    pub region: Option<usize>,
    /// On which service, where the kind can act on several.
    pub service: Option<Service>,
}

impl Target {
    const fn at(region: Option<usize>) -> Self {
        Self { region, service: None }
    }

    fn meets(self, other: Self) -> bool {
        let everywhere = self.region.is_none() || other.region.is_none();
        self.service == other.service && (everywhere || self.region == other.region)
    }
}

/// Whether a fault in a region, or everywhere, is at this site.
fn covers(region: Option<usize>, site: usize) -> bool {
    region.is_none_or(|region| region == site)
}

/// What a fabric must have for a fault to have an effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// Nothing but what every fabric has.
    Nothing,
    /// Viewers that ask for segments.
    Segments,
    /// Pods with bounded processors.
    BoundedCpu,
    /// Pods with bounded memory.
    BoundedMemory,
}

/// What the reader and the simulator ask of a fault of any kind. Methods without a body are
/// decisions that every kind has to make.
pub trait Behaviour {
    /// The kind.
    fn kind(&self) -> &'static Kind;

    /// Whether it begins and ends at this site. The primary has no replication channel to itself, and
    /// surges are in the rates.
    fn acts_on(&self, site: usize, primary: usize) -> bool;

    /// What another of its kind must not act on while it lasts; `None` when any number may act at one
    /// time.
    fn target(&self) -> Option<Target>;

    /// Whether the pods of the manifest service differ by it, so that they are looked at one by one.
    fn needs_pods(&self) -> bool;

    /// What the fabric must have for it.
    fn needs(&self) -> Need {
        Need::Nothing
    }

    /// Whether it touches this region, for reports.
    fn touches(&self, site: usize, primary: usize) -> bool {
        self.acts_on(site, primary)
    }

    /// How long its rise and its fall take, where it has them.
    fn ramp(&self) -> Span {
        Span::ZERO
    }
}

impl Fault {
    /// What is asked of a fault of any kind.
    #[must_use]
    pub const fn behaviour(&self) -> &dyn Behaviour {
        match self {
            Self::RegionDown(fault) => fault,
            Self::EvictCache(fault) => fault,
            Self::DelayReplication(fault) => fault,
            Self::Slow(fault) => fault,
            Self::Errors(fault) => fault,
            Self::StopPods(fault) => fault,
            Self::NoisyNeighbour(fault) => fault,
            Self::Leak(fault) => fault,
            Self::DatabaseDown(fault) => fault,
            Self::LockTable(fault) => fault,
            Self::ClockSkew(fault) => fault,
            Self::PacketLoss(fault) => fault,
            Self::OriginDown(fault) => fault,
            Self::Surge(fault) => fault,
        }
    }

    /// The kind's name in files.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.behaviour().kind().name
    }

    /// Whether it happens at an instant, so that nothing can be `during` it.
    #[must_use]
    pub fn is_instant(&self) -> bool {
        self.behaviour().kind().instant
    }

    /// How long its rise and its fall take, where it has them.
    #[must_use]
    pub fn ramp(&self) -> Span {
        self.behaviour().ramp()
    }

    /// Whether the two would contradict each other, were they to last at one time.
    #[must_use]
    pub fn excludes(&self, other: &Self) -> bool {
        let (one, two) = (self.behaviour(), other.behaviour());
        let targets = one.target().zip(two.target());
        one.kind().name == two.kind().name && targets.is_some_and(|(one, two)| one.meets(two))
    }
}

/// A fault with its time.
#[derive(Clone, PartialEq, Debug)]
pub struct Injection {
    /// What invariants call it.
    pub label: Label,
    /// When it begins.
    pub at: Instant,
    /// When it is undone; `None` for an instant, or when it lasts to the end.
    pub until: Option<Instant>,
    /// What is done.
    pub fault: Fault,
}

impl Injection {
    /// How far a fault that has begun and not ended has risen, 0 to 1: in a straight line with time, and
    /// down again before it ends.
    #[must_use]
    pub fn strength(&self, now: Instant) -> f64 {
        let ramp = self.fault.ramp();
        let part = |passed: Span| match passed < ramp {
            true => passed.as_secs_f64() / ramp.as_secs_f64(),
            false => 1.0,
        };
        let rise = part(now.since(self.at));
        self.until.map_or(rise, |until| rise.min(part(until.since(now))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_rises_and_falls_in_straight_lines() {
        let at = |secs| Instant::ZERO + Span::from_secs(secs);
        let ramp = Span::from_secs(4);
        let fault = Fault::Surge(Surge { region: None, factor: 2.0, ramp });
        let label = Label("x".into());
        let mut injection = Injection { label, at: at(10), until: Some(at(30)), fault };
        let seen = [10, 11, 14, 20, 27, 30].map(|secs| injection.strength(at(secs)));
        assert_eq!(seen, [0.0, 0.25, 1.0, 1.0, 0.75, 0.0]);
        injection.until = None;
        assert_eq!([11, 1_000].map(|secs| injection.strength(at(secs))), [0.25, 1.0]);
    }

    #[test]
    fn names_are_distinct_and_every_parameter_is_described() {
        let mut names: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), KINDS.len());
        for kind in KINDS {
            assert!(!kind.text.is_empty(), "{}", kind.name);
            for parameter in kind.parameters {
                assert!(!parameter.text.is_empty(), "{} {}", kind.name, parameter.name);
            }
        }
    }

    #[test]
    fn two_of_a_kind_exclude_each_other_where_they_meet() {
        let slow = |region, service| {
            let ramp = Span::ZERO;
            Fault::Slow(Slow { region, service, factor: 2.0, ramp, pods: None })
        };
        let (manifest, database) = (Service::Manifest, Service::Database);
        assert!(slow(None, manifest).excludes(&slow(Some(1), manifest)));
        assert!(!slow(Some(0), manifest).excludes(&slow(Some(1), manifest)));
        assert!(!slow(None, manifest).excludes(&slow(None, database)));
        let surge = Fault::Surge(Surge { region: None, factor: 2.0, ramp: Span::ZERO });
        assert!(!surge.excludes(&surge), "surges multiply");
        assert!(!slow(None, manifest).excludes(&surge));
    }

    #[test]
    fn faults_act_where_they_say() {
        let acts = |fault: Fault, site| fault.behaviour().acts_on(site, 0);
        let (delay, by) = (Span::ZERO, Delay::Apply);
        let delay = Fault::DelayReplication(DelayReplication { region: None, delay, by });
        assert!(!acts(delay, 0), "the primary does not replicate to itself");
        assert!(acts(delay, 1));
        let cache = CacheKind::Metadata;
        let evict = Fault::EvictCache(EvictCache { region: 2, share: 0.8, cache });
        assert!(acts(evict, 2) && !acts(evict, 1));
    }
}
