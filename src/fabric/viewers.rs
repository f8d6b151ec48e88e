//! Networks of viewers: where arrivals, titles and last miles are drawn.
//!
//! A network carries its own stream, so its viewers ask for the same titles at the same instants
//! whichever site serves them, and two variants of a scenario see the same viewers.

use super::config::{Budget, Load, Plan};
use super::merge::Merge;
use super::retry::Purse;
use crate::engine::{Law, Poisson, Profile, ProfileCursor, Seed, Stream, Zipf};
use crate::units::{Instant, Span};
use std::sync::Arc;

/// What all networks share.
#[derive(Debug)]
pub struct Audience {
    /// Titles by popularity; rank 0 is asked most.
    pub titles: Arc<Zipf>,
    /// Round trip between a viewer and the edge of its network.
    pub last_mile: Law,
    /// How rates change with time, by region of origin.
    pub profiles: Vec<Profile>,
}

/// When requests come.
#[derive(Debug)]
enum Arrivals {
    /// As a Poisson process with a changing rate.
    Poisson(Poisson, ProfileCursor),
    /// With independent gaps.
    Renewal(Law),
}

/// One request of a viewer, as it is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Draw {
    /// When it arrives at the site that serves the network.
    pub at: Instant,
    /// Which network the viewer sits in.
    pub network: u32,
    /// What it asks for.
    pub title: u32,
    /// Its last mile, in microseconds.
    pub last_mile: u32,
}

/// A network of viewers.
#[derive(Debug)]
pub struct Network {
    /// Its number.
    pub id: u32,
    /// The region in which it lies.
    pub home: usize,
    /// Whether it prefers its second best site.
    pub misrouted: bool,
    /// What is left of its viewers' retry budget, if they have one. Boxed, as `routes` is.
    pub purse: Option<Box<Purse>>,
    /// Since when its viewers have not been served.
    pub lost_at: Option<Instant>,
    /// The number of its latest plan to move; older plans are void.
    pub plan: u32,
    /// Where that plan takes it.
    pub heading: Option<usize>,
    /// Draws how long it takes to follow a route. Boxed: it is rarely used, and networks lie side by
    /// side in memory.
    pub routes: Box<Stream>,
    arrivals: Arrivals,
    next: Draw,
    /// The bits from which the title after the next is made.
    title_bits: u64,
    stream: Stream,
}

/// A last mile as it is carried along: in whole microseconds, at most an hour and eleven minutes.
#[must_use]
pub fn carried_last_mile(law: &Law, stream: &mut Stream) -> u32 {
    u32::try_from(law.draw(stream).as_nanos() / 1_000).unwrap_or(u32::MAX)
}

/// Each network's share of its region's viewers: by rank, as a power of it.
#[must_use]
pub fn network_shares(networks: u32, skew: f64) -> Vec<f64> {
    let weights: Vec<f64> = (1..=networks).map(|rank| libm::pow(f64::from(rank), -skew)).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

/// Whether the network of this place in its region is misrouted: evenly spread over the ranks, so
/// that exactly the share is met (to one network) and no draw decides it.
#[must_use]
pub fn is_misrouted(place: u32, share: f64) -> bool {
    let before = (f64::from(place) * share).floor();
    let with = (f64::from(place + 1) * share).floor();
    with > before
}

impl Network {
    /// The network of a place in its region, at instant zero.
    #[must_use]
    pub fn new(plan: &Plan, audience: &Audience, home: usize, place: u32, share: f64) -> Self {
        let routing = &plan.fabric.routing;
        let name = format!("{}/network {place}", plan.fabric.regions[home]);
        let seed = Seed(plan.seed);
        #[allow(clippy::cast_possible_truncation)] // reason: at most 64 regions
        let id = home as u32 * routing.networks + place;
        let mut network = Self {
            id,
            home,
            misrouted: is_misrouted(place, routing.misrouted),
            purse: purse(plan.fabric.viewers.retry.budget),
            lost_at: None,
            plan: 0,
            heading: None,
            routes: Box::new(seed.stream(&format!("{name}/routes"))),
            arrivals: arrivals(&plan.load, home, share),
            next: Draw { at: Instant::ZERO, network: id, title: 0, last_mile: 0 },
            title_bits: 0,
            stream: seed.stream(&format!("{name}/viewers")),
        };
        network.title_bits = network.stream.bits();
        network.draw_next(audience);
        network
    }

    #[inline]
    fn draw_next(&mut self, audience: &Audience) {
        self.next.at = match &mut self.arrivals {
            Arrivals::Poisson(process, cursor) => {
                let exponential = self.stream.exponential();
                process.next(&audience.profiles[self.home], cursor, self.next.at, exponential)
            }
            Arrivals::Renewal(gap) => self.next.at.saturating_add(gap.draw(&mut self.stream)),
        };
        self.next.title = audience.titles.draw_from(self.title_bits);
        self.title_bits = self.stream.bits();
        audience.titles.expect(self.title_bits);
        self.next.last_mile = carried_last_mile(&audience.last_mile, &mut self.stream);
    }

    /// A request was made: something for the retry budget.
    #[inline]
    pub fn deposit(&mut self, now: Instant) {
        if let Some(purse) = &mut self.purse {
            purse.deposit(now);
        }
    }

    /// Whether the retry budget pays for a retry now.
    pub fn withdraw(&mut self, now: Instant) -> bool {
        self.purse.as_mut().is_none_or(|purse| purse.withdraw(now))
    }

    /// Takes the next request, and draws the one after it.
    #[inline]
    pub fn take(&mut self, audience: &Audience) -> Draw {
        let draw = self.next;
        self.deposit(draw.at);
        self.draw_next(audience);
        draw
    }
}

fn purse(budget: Budget) -> Option<Box<Purse>> {
    (budget != Budget::None).then(|| Box::new(Purse::new(budget)))
}

fn arrivals(load: &Load, home: usize, share: f64) -> Arrivals {
    if load.closed.is_some() {
        return Arrivals::Renewal(Law::Constant(Span::MAX));
    }
    if let Some(gap) = &load.interarrival {
        return Arrivals::Renewal(gap.clone());
    }
    // The loader has checked the rates; one that is none means no viewers.
    let rate = load.rates[home] * share;
    let process = Poisson::new(rate).or_else(|_| Poisson::new(0.0));
    process.map_or(Arrivals::Renewal(Law::Constant(Span::MAX)), |process| {
        Arrivals::Poisson(process, ProfileCursor::default())
    })
}

/// The networks that one site serves, merged into one sequence of arrivals.
#[derive(Debug)]
pub struct Crowd {
    audience: Arc<Audience>,
    merge: Merge,
    leaves: Vec<Option<Network>>,
    /// The leaf of each network, or `NOWHERE`.
    leaf_of: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;

impl Crowd {
    /// Nobody yet, of `networks` in all.
    #[must_use]
    pub fn new(audience: Arc<Audience>, networks: usize) -> Self {
        Self {
            audience,
            merge: Merge::new(1),
            leaves: vec![None],
            leaf_of: vec![NOWHERE; networks],
        }
    }

    /// When the next request comes.
    #[inline]
    #[must_use]
    pub fn next_at(&self) -> Instant {
        self.merge.next().0
    }

    /// Takes the next request, if there ever is one, and says for which title the same network's
    /// next one will be: whoever looks it up can have its memory fetched in the meantime.
    #[inline]
    pub fn take(&mut self) -> Option<(Draw, u32)> {
        let (_, leaf) = self.merge.next();
        let network = self.leaves.get_mut(leaf)?.as_mut()?;
        let draw = network.take(&self.audience);
        self.merge.replace_next(network.next.at);
        Some((draw, network.next.title))
    }

    /// Takes the next request of one network, if it comes before `until`.
    pub fn take_of(&mut self, id: u32, until: Instant) -> Option<Draw> {
        let leaf = self.leaf_of[id as usize] as usize;
        let network = self.leaves.get_mut(leaf)?.as_mut()?;
        if network.next.at >= until {
            return None;
        }
        let draw = network.take(&self.audience);
        self.merge.set(leaf, network.next.at);
        Some(draw)
    }

    /// Takes many networks in, at the beginning.
    pub fn add_all(&mut self, networks: Vec<Network>) {
        let mut merge = Merge::new(networks.len().max(1));
        merge.set_all(networks.iter().map(|network| network.next.at));
        self.merge = merge;
        #[allow(clippy::cast_possible_truncation)] // reason: fewer leaves than networks
        for (leaf, network) in networks.iter().enumerate() {
            self.leaf_of[network.id as usize] = leaf as u32;
        }
        self.leaves = networks.into_iter().map(Some).collect();
        self.leaves.resize_with(self.leaves.len().max(1), || None);
    }

    /// Takes a network in.
    pub fn add(&mut self, network: Network) {
        let leaf = self.leaves.iter().position(Option::is_none).unwrap_or_else(|| {
            let leaf = self.leaves.len();
            self.leaves.resize_with(2 * leaf, || None);
            self.merge = Merge::new(2 * leaf);
            for (place, network) in self.leaves.iter().enumerate() {
                if let Some(network) = network {
                    self.merge.set(place, network.next.at);
                }
            }
            leaf
        });
        self.merge.set(leaf, network.next.at);
        #[allow(clippy::cast_possible_truncation)] // reason: fewer leaves than networks
        {
            self.leaf_of[network.id as usize] = leaf as u32;
        }
        self.leaves[leaf] = Some(network);
    }

    /// Lets a network go.
    pub fn remove(&mut self, id: u32) -> Option<Network> {
        let leaf = std::mem::replace(&mut self.leaf_of[id as usize], NOWHERE) as usize;
        let network = self.leaves.get_mut(leaf)?.take()?;
        self.merge.set(leaf, Instant::NEVER);
        Some(network)
    }

    /// A network that is served here.
    #[inline]
    pub fn get_mut(&mut self, id: u32) -> Option<&mut Network> {
        self.leaves.get_mut(self.leaf_of[id as usize] as usize)?.as_mut()
    }

    /// Whether a network is served here.
    #[must_use]
    pub fn has(&self, id: u32) -> bool {
        self.leaf_of[id as usize] != NOWHERE
    }

    /// The networks that are served here, in the order of their numbers.
    #[must_use]
    pub fn ids(&self) -> Vec<u32> {
        let numbers = 0_u32..;
        numbers.zip(&self.leaf_of).filter(|(_, leaf)| **leaf != NOWHERE).map(|(id, _)| id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_misrouted_networks_is_met_exactly() {
        for (networks, share, expected) in [(200, 0.2, 40), (10, 0.25, 2), (7, 0.0, 0), (5, 1.0, 5)]
        {
            let count = (0..networks).filter(|&place| is_misrouted(place, share)).count();
            assert_eq!(count, expected, "{share} of {networks}");
        }
    }

    #[test]
    fn shares_sum_to_one_and_fall_with_rank() {
        let even = network_shares(4, 0.0);
        assert_eq!(even, [0.25; 4]);
        let skewed = network_shares(3, 1.0);
        assert!((skewed.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((skewed[0] / skewed[2] - 3.0).abs() < 1e-12);
    }
}
