//! A plan becomes a run: sites are built, time goes on slice by slice, what was seen is put together.

use crate::engine::{Digest, Engine, Zipf};
use crate::model::Catalogue;
use crate::model::Plan;
use crate::observe::{Counter, Gauge, Layout, Recorder, Scope, SliceView, Timeline, Totals};
use crate::sim::client::networks::{Network, NetworkSet, ViewerModel, network_shares};
use crate::sim::client::trace_arrivals::TraceArrivals;
use crate::sim::network::routing::{best, rankings};
use crate::sim::run::event::Event;
use crate::sim::run::tracer::{Sampling, Tracer, Traces, gather};
use crate::sim::site::{Handover, Site, Step, first_change, steps_of};
use crate::trace::TraceError;
use crate::units::{Instant, Span};
use std::collections::VecDeque;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// How a plan is run. Nothing here changes a result.
#[derive(Debug)]
pub struct Options<'a> {
    /// Threads to run on; more than regions are not used.
    pub threads: NonZeroUsize,
    /// Every request is an event: slower, with the same observations. A switch for tests of the flow.
    pub all_events: bool,
    /// Whether the age of the data in answers is recorded.
    pub staleness: bool,
    /// Set from outside to end the run early.
    pub stop: &'a AtomicBool,
    /// Of which requests everything is written down; `None`: of none.
    pub tracing: Option<Sampling>,
}

/// What a run left.
#[derive(Debug)]
pub struct Outcome {
    /// Everything that was seen.
    pub totals: Totals,
    /// The digest of all events and observations.
    pub digest: Digest,
    /// Events that went through a queue.
    pub events: u64,
    /// Requests under way at the end, by origin.
    pub under_way: Vec<u64>,
    /// The requests of which everything was written down.
    pub traces: Traces,
}

/// Why a run did not come to its end.
#[derive(Debug)]
pub enum RunError {
    /// It was stopped from outside.
    Stopped,
    /// The trace could not be read on.
    Trace(TraceError),
    /// The plan cannot be run, in words.
    Plan(String),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("the run was stopped"),
            Self::Trace(error) => error.fmt(f),
            Self::Plan(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for RunError {}

/// How a plan's time is cut.
#[must_use]
pub fn timeline(plan: &Plan) -> Timeline {
    let injected = plan.injections.iter().flat_map(|i| [Some(i.at), i.until]).flatten();
    let changed = plan.changes.iter().flat_map(|c| [Some(c.at), c.until]).flatten();
    let warm = Instant::ZERO + plan.warmup;
    let cuts = plan.cuts.iter().copied().chain(injected).chain(changed).chain([warm]);
    Timeline::new(plan.length, cuts)
}

/// Runs a plan. `each` gets every slice of time as soon as it is complete, in order.
///
/// # Errors
/// When it was stopped, its trace cannot be read, or the popularity of titles is none.
///
/// # Panics
/// When the books do not balance: a bug in the model.
pub fn simulate(
    plan: &Plan,
    layout: Layout,
    options: &Options<'_>,
    each: &mut dyn FnMut(&SliceView<'_>),
) -> Result<Outcome, RunError> {
    let plan = Arc::new(plan.clone());
    let timeline = Arc::new(timeline(&plan));
    let layout = Arc::new(layout);
    let regions = plan.fabric.regions.len();
    let mut engine = build(&plan, &layout, &timeline, options)?;
    let mut harvest = Harvest {
        totals: Totals::new(Arc::clone(&layout), Arc::clone(&timeline), regions),
        layout,
        ahead: VecDeque::new(),
        drawn: vec![0; regions],
        ended: vec![0; regions],
    };
    let mut start = Instant::ZERO;
    while start < timeline.end() {
        if options.stop.load(Ordering::Relaxed) {
            return Err(RunError::Stopped);
        }
        let end = timeline.slice_end(start);
        engine.run(end, options.threads);
        harvest.ahead.push_back((start, end));
        for site in engine.processes_mut() {
            site.close_slice(end);
            site.balance_pools(end, end == timeline.end());
            if let Some(error) =
                site.client.trace_arrivals.as_ref().and_then(TraceArrivals::trouble)
            {
                return Err(RunError::Trace(error.clone()));
            }
        }
        harvest.collect(&mut engine, end == timeline.end(), each);
        harvest.balance(&engine);
        start = end;
    }
    Ok(harvest.finish(&mut engine))
}

/// The ways in which a request ends.
const ENDS: [Counter; 3] = [Counter::Served, Counter::Failed, Counter::GivenUp];

/// Requests of an origin that are in some site's memory or between two sites.
fn under_way(engine: &Engine<Site>, from: usize) -> u64 {
    let sum: i64 = engine.processes().map(|site| site.under_way()[from]).sum();
    // Each site counts what came and what went; only all of them together are never negative.
    u64::try_from(sum).unwrap_or(u64::MAX)
}

/// Takes complete slices out of the sites.
struct Harvest {
    totals: Totals,
    layout: Arc<Layout>,
    /// Slices that have ended and are not complete yet: their start and end.
    ahead: VecDeque<(Instant, Instant)>,
    drawn: Vec<u64>,
    ended: Vec<u64>,
}

impl Harvest {
    /// A slice is complete when no request that belongs to it is under way anywhere; at the end of
    /// the run all are.
    fn collect(
        &mut self,
        engine: &mut Engine<Site>,
        at_end: bool,
        each: &mut dyn FnMut(&SliceView<'_>),
    ) {
        let regions = self.totals.regions();
        while let Some(&(start, end)) = self.ahead.front() {
            let open: i64 = engine.processes().map(|site| site.recorder.oldest().open).sum();
            if open != 0 && !at_end {
                return;
            }
            self.ahead.pop_front();
            let width = self.layout.width();
            let mut cells = vec![0; regions * regions * width];
            let mut peaks = vec![0; regions * Gauge::COUNT];
            let mut levels = vec![0; regions * Gauge::COUNT];
            for (at, site) in engine.processes_mut().enumerate() {
                let Some(slice) = site.recorder.take_oldest() else {
                    continue;
                };
                for from in 0..regions {
                    let place = (from * regions + at) * width;
                    cells[place..place + width]
                        .copy_from_slice(&slice.cells[from * width..(from + 1) * width]);
                }
                let gauges = at * Gauge::COUNT..(at + 1) * Gauge::COUNT;
                peaks[gauges.clone()].copy_from_slice(&slice.peaks);
                levels[gauges].copy_from_slice(&slice.levels);
                site.recorder.recycle(slice);
            }
            let view = SliceView {
                start,
                end,
                segment: self.totals.timeline().segment_of(start),
                cells: &cells,
                peaks: &peaks,
                levels: &levels,
                layout: &self.layout,
                regions,
            };
            for from in 0..regions {
                let cell = view.cell(Scope { from: Some(from), at: None });
                self.drawn[from] += cell[Counter::Requests as usize];
                self.ended[from] += ENDS.map(|end| cell[end as usize]).iter().sum::<u64>();
            }
            self.totals.add(&view);
            each(&view);
        }
    }

    /// Requests drawn = answered + failed + given up + under way, for each region, at the end of each
    /// slice. The left side counts outcomes, the right side what is in memory and between sites.
    fn balance(&self, engine: &Engine<Site>) {
        for from in 0..self.totals.regions() {
            let kept = |counter| -> u64 {
                engine.processes().map(|site| site.recorder.kept(counter, from)).sum()
            };
            let drawn = self.drawn[from] + kept(Counter::Requests);
            let ended = self.ended[from] + ENDS.map(kept).iter().sum::<u64>();
            let under_way = under_way(engine, from);
            assert_eq!(drawn, ended + under_way, "requests from region {from} are not conserved");
        }
    }

    fn finish(mut self, engine: &mut Engine<Site>) -> Outcome {
        for (at, site) in engine.processes().enumerate() {
            self.totals.add_histograms(at, &site.recorder);
        }
        let under_way =
            (0..self.totals.regions()).map(|from| under_way(engine, from)).collect::<Vec<u64>>();
        let events = engine.handled();
        let digest = crate::engine::fold_digests([engine.digest(), self.totals.digest()]);
        let traces = gather(engine.processes_mut().filter_map(|site| site.tracer.take()).collect());
        Outcome { totals: self.totals, digest, events, under_way, traces }
    }
}

/// The shortest time in which anything gets from one region to another; a region alone has nobody
/// to hear from.
#[must_use]
pub fn lookahead(plan: &Plan) -> Span {
    let trips = &plan.fabric.round_trip;
    let mut shortest = Span::from_secs(1);
    for (a, row) in trips.iter().enumerate() {
        for (b, trip) in row.iter().enumerate() {
            if a != b {
                shortest = shortest.min(trip.half());
            }
        }
    }
    shortest.max(Span::from_nanos(1))
}

/// As many of the threads asked for as make a run faster; the result is the same. Threads meet twice
/// in each window: where a window holds less work than the meeting costs, one is faster than two, and
/// more than there are processors only wait for each other.
#[must_use]
pub fn worthwhile_threads(plan: &Plan, asked: NonZeroUsize) -> NonZeroUsize {
    /// About 0.2 ms of work.
    const REQUESTS: f64 = 2_000.0;
    if plan.load.rate() * lookahead(plan).as_secs_f64() < REQUESTS {
        return NonZeroUsize::MIN;
    }
    asked.min(crate::engine::processors())
}

fn build(
    plan: &Arc<Plan>,
    layout: &Arc<Layout>,
    timeline: &Arc<Timeline>,
    options: &Options<'_>,
) -> Result<Engine<Site>, RunError> {
    let zipf = Zipf::new(plan.load.titles, plan.load.zipf)
        .map_err(|error| RunError::Plan(error.to_string()))?;
    let viewer_model = Arc::new(ViewerModel {
        titles: Arc::new(zipf),
        last_mile: plan.fabric.viewers.last_mile.clone(),
        profiles: plan.load.profiles.clone(),
        catalogue: None,
    });
    let segments = segments_of(plan, &viewer_model);
    let regions = plan.fabric.regions.len();
    let networks = regions * plan.fabric.routing.networks as usize;
    let steps: Arc<[Step]> = steps_of(plan).into();
    let rankings: Arc<[Vec<usize>]> = rankings(&plan.fabric).into();
    let homes: Arc<[u8]> = (0_u8..)
        .take(regions)
        .flat_map(|home| std::iter::repeat_n(home, plan.fabric.routing.networks as usize))
        .collect();
    let handover: Arc<Handover> = Arc::new((0..networks).map(|_| Mutex::new(None)).collect());
    let trace = plan.load.trace.as_ref().map(|load| TraceArrivals::open(plan, load));
    let trace_arrivals = trace.transpose().map_err(RunError::Trace)?;
    let mut sites = Vec::with_capacity(regions);
    for me in 0..regions {
        let network_set = NetworkSet::new(Arc::clone(&viewer_model), networks);
        let recorder = Recorder::new(Arc::clone(layout), Arc::clone(timeline), regions);
        let mut site = Site::new(me, plan, network_set, recorder);
        site.steps = Arc::clone(&steps);
        let end = Instant::ZERO + plan.length;
        site.next_change = first_change(&steps, me, end);
        site.routes.rankings = Arc::clone(&rankings);
        site.client.homes = Arc::clone(&homes);
        site.routes.handover = Arc::clone(&handover);
        site.all_events = options.all_events;
        site.client.hits_are_events = options.all_events || site.client.policy.hears_all;
        site.keep_ages(options.staleness);
        site.observe_pods();
        site.observe_nodes(Instant::ZERO);
        site.tracer = options.tracing.map(Tracer::new);
        if let Some((viewer_model, catalogue)) = &segments {
            let network_set = NetworkSet::new(Arc::clone(viewer_model), networks);
            site.serve_segments(Arc::clone(catalogue), network_set);
        }
        site.client.trace_arrivals.clone_from(&trace_arrivals);
        sites.push(site);
    }
    settle(plan, &viewer_model, segments.as_ref(), &mut sites);
    let first = first_events(&mut sites);
    let mut engine = Engine::new(sites, lookahead(plan));
    for (site, at, event) in first {
        engine.schedule(site, at, event);
    }
    for (number, step) in (0_u32..).zip(steps.iter()) {
        engine.schedule(step.site, step.at, Event::Step(number));
    }
    Ok(engine)
}

/// Brings each network to the site that serves it at the beginning.
fn settle(
    plan: &Plan,
    viewer_model: &ViewerModel,
    segments: Option<&Segments>,
    sites: &mut [Site],
) {
    let (regions, rankings) = (sites.len(), rankings(&plan.fabric));
    let all = vec![true; regions];
    let shares = network_shares(plan.fabric.routing.networks, plan.fabric.routing.skew);
    let mut crowds: Vec<Vec<Network>> = (0..regions).map(|_| Vec::new()).collect();
    let mut twins: Vec<Vec<Network>> = (0..regions).map(|_| Vec::new()).collect();
    for (home, ranking) in rankings.iter().enumerate() {
        for (place, &share) in (0_u32..).zip(&shares) {
            let network = Network::new(plan, viewer_model, home, place, share);
            let at = best(ranking, network.misrouted, &all).unwrap_or(home);
            crowds[at].push(network);
            if let Some((viewer_model, _)) = segments {
                twins[at].push(Network::of_segments(plan, viewer_model, home, place, share));
            }
        }
    }
    for ((site, here), twins) in sites.iter_mut().zip(crowds).zip(twins) {
        site.client.networks.add_all(here);
        if let Some(segments) = &mut site.client.segments {
            segments.add_all(twins);
        }
    }
}

/// Those who ask for segments, and what there is to ask for.
type Segments = (Arc<ViewerModel>, Arc<Catalogue>);

/// Those who ask for segments, and what there is to ask for; `None` where nobody does.
fn segments_of(plan: &Plan, viewer_model: &ViewerModel) -> Option<Segments> {
    if !plan.load.has_segments() {
        return None;
    }
    let catalogue = Arc::new(Catalogue::new(&plan.fabric.content));
    let viewer_model = Arc::new(ViewerModel {
        titles: Arc::clone(&viewer_model.titles),
        last_mile: viewer_model.last_mile.clone(),
        profiles: viewer_model.profiles.clone(),
        catalogue: Some(Arc::clone(&catalogue)),
    });
    Some((viewer_model, catalogue))
}

/// What waits at each site before anything has happened, steps of the plan apart.
fn first_events(sites: &mut [Site]) -> Vec<(usize, Instant, Event)> {
    let mut first = Vec::new();
    // A closed loop is one region's.
    for (at, event) in sites.first_mut().map(Site::first_thoughts).unwrap_or_default() {
        first.push((0, at, event));
    }
    for (number, site) in sites.iter().enumerate() {
        first.extend(site.first_look().map(|(at, event)| (number, at, event)));
    }
    first
}

#[cfg(test)]
#[path = "simulation_tests.rs"]
pub(in crate::sim) mod tests;
