//! Networks of viewers: where arrivals, titles and last miles are drawn.
//!
//! A network carries its own stream, so its viewers ask for the same titles at the same instants
//! whichever site serves them, and two variants of a scenario see the same viewers.

use crate::engine::{Law, Poisson, Profile, ProfileCursor, Seed, Stream, Zipf};
use crate::model::Catalogue;
use crate::model::{Load, Plan};
use crate::sim::client::arrival::{Arrival, RawArrival};
use crate::sim::client::arrival_batch::ArrivalBatch;
use crate::sim::client::policy::PolicyState;
use crate::sim::hop::breaker::State;
use crate::sim::hop::budgets::RetryBudget;
use crate::units::{Instant, Span};
use std::sync::Arc;

/// What all networks share.
#[derive(Debug)]
pub struct ViewerModel {
    /// Titles by popularity; rank 0 is asked most.
    pub titles: Arc<Zipf>,
    /// Round trip between a viewer and the edge of its network.
    pub last_mile: Law,
    /// How rates change with time, by region of origin.
    pub profiles: Vec<Profile>,
    /// What they ask for of a title, where these are requests for segments.
    pub catalogue: Option<Arc<Catalogue>>,
}

/// When requests come.
#[derive(Debug)]
enum ArrivalProcess {
    /// As a Poisson process with a changing rate.
    Poisson(Poisson, ProfileCursor),
    /// With independent gaps.
    Renewal(Law),
}

impl ViewerModel {
    /// The request that was begun.
    #[inline(always)] // reason: the call would cost a fifth of what it does
    #[must_use]
    pub fn finish(&self, raw: &RawArrival) -> Arrival {
        Arrival {
            at: raw.at,
            network: raw.network,
            home: raw.home,
            title: self.asked(raw.title),
            last_mile: carried(self.last_mile.finish(raw.last_mile)),
        }
    }
}

impl ViewerModel {
    /// What a request asks for that was drawn from these bits.
    #[inline(always)] // reason: as `finish`
    fn asked(&self, bits: u64) -> u32 {
        let title = self.titles.draw_from(bits);
        self.catalogue.as_ref().map_or(title, |catalogue| catalogue.draw(title, bits))
    }
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
    pub retry_budget: Option<Box<RetryBudget>>,
    /// What else protects it from the edge, and the edge from it.
    pub policy: Option<Box<PolicyState>>,
    /// Since when its viewers have not been served.
    pub lost_at: Option<Instant>,
    /// The number of its latest plan to move; older plans are void.
    pub plan: u32,
    /// Where that plan takes it.
    pub heading: Option<usize>,
    /// Draws how long it takes to follow a route. Boxed: it is rarely used, and networks lie side by
    /// side in memory.
    pub routes: Box<Stream>,
    arrivals: ArrivalProcess,
    /// Requests that it has drawn and took along when it moved.
    carried: Vec<Arrival>,
    next: RawArrival,
    /// The bits of the title after the next.
    title_bits: u64,
    stream: Stream,
}

/// A last mile as it is carried along: in whole microseconds, at most an hour and eleven minutes.
#[must_use]
pub fn carried_last_mile(law: &Law, stream: &mut Stream) -> u32 {
    carried(law.draw(stream))
}

#[inline]
fn carried(last_mile: Span) -> u32 {
    u32::try_from(last_mile.as_nanos() / 1_000).unwrap_or(u32::MAX)
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
    pub fn new(
        plan: &Plan,
        viewer_model: &ViewerModel,
        home: usize,
        place: u32,
        share: f64,
    ) -> Self {
        let name = format!("{}/network {place}", plan.fabric.regions[home]);
        let stream = |what: &str| Seed(plan.seed).stream(&format!("{name}/{what}"));
        let viewers = &plan.fabric.viewers;
        let retry_budget = RetryBudget::new(viewers.retry.budget, || stream("adaptive throttle"));
        let policy = PolicyState::new(&viewers.client_policy, |what| stream(what));
        let arrivals = arrivals(&plan.load, home, share);
        let network = Self::named(plan, viewer_model, (home, place), &name, arrivals);
        Self { retry_budget: retry_budget.map(Box::new), policy: policy.map(Box::new), ..network }
    }

    /// The same network, as far as its viewers ask for segments: a sequence of its own. It has no
    /// retry budget, because there is one for both.
    #[must_use]
    pub fn of_segments(
        plan: &Plan,
        viewer_model: &ViewerModel,
        home: usize,
        place: u32,
        share: f64,
    ) -> Self {
        let name = format!("{}/network {place}/segments", plan.fabric.regions[home]);
        let rate = plan.load.segments.get(home).copied().unwrap_or(0.0);
        Self::named(plan, viewer_model, (home, place), &name, poisson(rate * share))
    }

    fn named(
        plan: &Plan,
        viewer_model: &ViewerModel,
        (home, place): (usize, u32),
        name: &str,
        arrivals: ArrivalProcess,
    ) -> Self {
        let routing = &plan.fabric.routing;
        let seed = Seed(plan.seed);
        #[allow(clippy::cast_possible_truncation)] // reason: at most 64 regions
        let region = home as u32;
        let id = region * routing.networks + place;
        let mut network = Self {
            id,
            home,
            misrouted: is_misrouted(place, routing.misrouted),
            retry_budget: None,
            policy: None,
            lost_at: None,
            plan: 0,
            heading: None,
            routes: Box::new(seed.stream(&format!("{name}/routes"))),
            arrivals,
            carried: Vec::new(),
            next: RawArrival {
                at: Instant::ZERO,
                network: id,
                home: region,
                title: 0,
                last_mile: 0,
            },
            title_bits: 0,
            stream: seed.stream(&format!("{name}/viewers")),
        };
        network.title_bits = network.stream.bits();
        network.next = network.draw_after(Instant::ZERO, viewer_model);
        network
    }

    /// The request after the one at `at`.
    #[inline(always)] // reason: in its loop, what it needs of the network stays in registers
    fn draw_after(&mut self, at: Instant, viewer_model: &ViewerModel) -> RawArrival {
        let at = match &mut self.arrivals {
            ArrivalProcess::Poisson(process, cursor) => {
                let exponential = self.stream.exponential();
                process.next(&viewer_model.profiles[self.home], cursor, at, exponential)
            }
            ArrivalProcess::Renewal(gap) => at.saturating_add(gap.draw(&mut self.stream)),
        };
        let title = std::mem::replace(&mut self.title_bits, self.stream.bits());
        let last_mile = viewer_model.last_mile.begin(&mut self.stream);
        RawArrival { at, title, last_mile, network: self.id, home: self.next.home }
    }

    /// A request was made: something for the retry budget, and for that of hedges.
    #[inline]
    pub fn deposit(&mut self, now: Instant) {
        if let Some(retry_budget) = &mut self.retry_budget {
            retry_budget.deposit(now);
        }
        if let Some(policy) = &mut self.policy {
            policy.deposit(now);
        }
    }

    /// Draws its requests before `until` that it does not carry already.
    #[inline]
    fn draw_until(
        &mut self,
        viewer_model: &ViewerModel,
        until: Instant,
        mut out: impl FnMut(RawArrival),
    ) {
        let mut next = self.next;
        while next.at < until {
            out(next);
            next = self.draw_after(next.at, viewer_model);
        }
        self.next = next;
    }

    /// Its requests before `until`, in order, those that it carries first.
    fn take_until(&mut self, viewer_model: &ViewerModel, until: Instant, draws: &mut Vec<Arrival>) {
        draws.extend(self.unload(until));
        self.draw_until(viewer_model, until, |raw| draws.push(viewer_model.finish(&raw)));
    }

    /// The requests before `until` that it carries.
    fn unload(&mut self, until: Instant) -> impl Iterator<Item = Arrival> {
        let split = self.carried.partition_point(|draw| draw.at < until);
        self.carried.drain(..split)
    }

    /// When the next request comes that is not in a batch.
    fn next_at(&self) -> Instant {
        self.carried.first().map_or(self.next.at, |draw| draw.at)
    }
}

fn arrivals(load: &Load, home: usize, share: f64) -> ArrivalProcess {
    if load.closed.is_some() {
        return ArrivalProcess::Renewal(Law::Constant(Span::MAX));
    }
    if let Some(gap) = &load.interarrival {
        return ArrivalProcess::Renewal(gap.clone());
    }
    poisson(load.rates[home] * share)
}

/// A Poisson process. The loader has checked the rates; one that is none means no viewers.
fn poisson(rate: f64) -> ArrivalProcess {
    let process = Poisson::new(rate).or_else(|_| Poisson::new(0.0));
    process.map_or(ArrivalProcess::Renewal(Law::Constant(Span::MAX)), |process| {
        ArrivalProcess::Poisson(process, ProfileCursor::default())
    })
}

/// The networks that one site serves, and their requests in the order in which they come.
#[derive(Debug)]
pub struct NetworkSet {
    viewer_model: Arc<ViewerModel>,
    batch: ArrivalBatch,
    networks: Vec<Network>,
    /// The place of each network in `networks`, or `NOWHERE`.
    place_of: Vec<u32>,
    /// Whether requests pay into a budget.
    deposits: bool,
}

const NOWHERE: u32 = u32::MAX;

/// A request's network has something for its budgets.
fn deposit(networks: &mut [Network], place_of: &[u32], draw: &Arrival) {
    if let Some(network) = networks.get_mut(place_of[draw.network as usize] as usize) {
        network.deposit(draw.at);
    }
}

impl NetworkSet {
    /// Nobody yet, of `networks` in all.
    #[must_use]
    pub fn new(viewer_model: Arc<ViewerModel>, networks: usize) -> Self {
        Self {
            viewer_model,
            batch: ArrivalBatch::default(),
            networks: Vec::new(),
            place_of: vec![NOWHERE; networks],
            deposits: false,
        }
    }

    /// When the next request comes.
    #[inline]
    #[must_use]
    pub fn next_at(&self) -> Instant {
        self.batch.next_at()
    }

    /// Takes the next request, if there ever is one.
    #[inline]
    pub fn take(&mut self) -> Option<Arrival> {
        let draw = self.batch.take()?;
        if self.deposits {
            deposit(&mut self.networks, &self.place_of, &draw);
        }
        if self.batch.is_empty() {
            self.refill();
        }
        Some(draw)
    }

    /// Takes the requests before `until` for as long as `takes` says that it takes them; it is also
    /// told a title: that of one that comes soon, if there is one. Returns when the last one came
    /// that was taken.
    #[inline]
    pub fn take_while(
        &mut self,
        until: Instant,
        mut takes: impl FnMut(&Arrival, u32) -> bool,
    ) -> Option<Instant> {
        let mut last = None;
        loop {
            let taken = self.batch.take_while(until, &mut takes);
            let Some(latest) = taken.last() else { return last };
            last = Some(latest.at);
            if self.deposits {
                for draw in taken {
                    deposit(&mut self.networks, &self.place_of, draw);
                }
            }
            if !self.batch.is_empty() {
                return last;
            }
            self.refill();
        }
    }

    /// A title that will be asked for soon: whoever looks it up can have its memory fetched in the
    /// meantime.
    #[inline]
    #[must_use]
    pub fn expected(&self) -> Option<u32> {
        self.batch.ahead()
    }

    /// Draws the requests of the next stretch of time.
    #[cold]
    fn refill(&mut self) {
        let first = self.networks.iter().map(Network::next_at).min().unwrap_or(Instant::NEVER);
        if first == Instant::NEVER {
            return;
        }
        self.batch.begin(first);
        let until = self.batch.until();
        for network in &mut self.networks {
            if !network.carried.is_empty() {
                self.batch.push_finished(network.unload(until));
            }
            network.draw_until(&self.viewer_model, until, |raw| {
                self.viewer_model.titles.expect(raw.title);
                self.batch.push(raw);
            });
        }
        self.batch.sort(|raw| self.viewer_model.finish(raw));
    }

    /// Takes many networks in, at the beginning.
    pub fn add_all(&mut self, networks: Vec<Network>) {
        for network in networks {
            self.place(network);
        }
        self.refill();
    }

    /// Takes a network in.
    pub fn add(&mut self, mut network: Network) {
        if self.batch.is_empty() {
            self.place(network);
            return self.refill();
        }
        let mut draws = Vec::new();
        network.take_until(&self.viewer_model, self.batch.until(), &mut draws);
        self.batch.insert(&draws);
        self.place(network);
    }

    #[allow(clippy::cast_possible_truncation)] // reason: fewer places than networks
    fn place(&mut self, network: Network) {
        self.deposits |=
            network.retry_budget.as_ref().is_some_and(|retry_budget| retry_budget.takes_deposits())
                || network.policy.as_ref().is_some_and(|policy| policy.takes_deposits());
        self.place_of[network.id as usize] = self.networks.len() as u32;
        self.networks.push(network);
    }

    /// Lets a network go, which takes along what it has drawn from `until` on. Its requests before
    /// then are given out, in order; `others` are requests of the same viewers that pay into the same
    /// retry budget.
    pub fn remove(
        &mut self,
        id: u32,
        until: Instant,
        others: &[Arrival],
    ) -> Option<(Network, Vec<Arrival>)> {
        let place = std::mem::replace(&mut self.place_of[id as usize], NOWHERE);
        if place == NOWHERE {
            return None;
        }
        let mut network = self.networks.swap_remove(place as usize);
        if let Some(moved) = self.networks.get(place as usize) {
            self.place_of[moved.id as usize] = place;
        }
        let mut draws = self.batch.remove(id);
        network.take_until(&self.viewer_model, until, &mut draws);
        let mut later = draws.split_off(draws.partition_point(|draw| draw.at < until));
        later.append(&mut network.carried);
        network.carried = later;
        let mut made: Vec<Instant> = draws.iter().chain(others).map(|draw| draw.at).collect();
        made.sort_unstable();
        made.into_iter().for_each(|at| network.deposit(at));
        if let Some(retry_budget) = &mut network.retry_budget {
            retry_budget.move_on();
        }
        if let Some(policy) = &mut network.policy {
            policy.move_on();
        }
        if self.batch.is_empty() {
            self.refill();
        }
        Some((network, draws))
    }

    /// A network that is served here.
    #[inline]
    pub fn get_mut(&mut self, id: u32) -> Option<&mut Network> {
        self.networks.get_mut(self.place_of[id as usize] as usize)
    }

    /// Whether a network is served here.
    #[must_use]
    pub fn has(&self, id: u32) -> bool {
        self.place_of[id as usize] != NOWHERE
    }

    /// The state of the breaker that is most open, of all networks that are served here.
    #[must_use]
    pub fn breaker(&self) -> State {
        self.networks.iter().map(Network::breaker).max().unwrap_or(State::Closed)
    }

    /// The networks that are served here, in the order of their numbers.
    #[must_use]
    pub fn ids(&self) -> Vec<u32> {
        let numbers = 0_u32..;
        numbers
            .zip(&self.place_of)
            .filter(|(_, place)| **place != NOWHERE)
            .map(|(id, _)| id)
            .collect()
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
