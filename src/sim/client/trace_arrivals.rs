//! Arrivals from a real trace.

use crate::engine::{Law, Seed, Stream};
use crate::model::{Plan, TraceLoad};
use crate::sim::client::arrival::Arrival;
use crate::sim::client::networks::{carried_last_mile, network_shares};
use crate::trace::{KeyIndex, Reader, Record, TraceError};
use crate::units::{Instant, Span};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A place in a trace that is read as arrivals. Each site has its own, a clone of the first, meets
/// every record of the trace and takes what the networks that it serves ask for.
///
/// Whoever comes first to the next tick of the trace's clock reads it for all; the arrivals of a tick
/// are forgotten when the last has passed it. Sites are never further apart than a window of the
/// engine, so few ticks are in memory.
#[derive(Clone)]
pub struct TraceArrivals {
    source: Arc<Mutex<Source>>,
    tick: Arc<Tick>,
    /// How many of the tick's arrivals are taken.
    taken: usize,
}

/// The arrivals of one tick of the trace's clock, and where those of the next are.
struct Tick {
    draws: Vec<Arrival>,
    /// What ended the trace before its end, after this tick.
    trouble: Option<TraceError>,
    next: OnceLock<Option<Arc<Tick>>>,
}

/// Reads a trace as arrivals.
///
/// Records of one tick of the trace's clock are spread over the tick as a Poisson process would
/// spread them, in the trace's order.
struct Source {
    reader: Reader,
    keys: KeyIndex,
    stream: Stream,
    last_mile: Law,
    tick: Span,
    speed: f64,
    /// Where the viewers sit.
    home: u32,
    /// The first network of the region and, for each, the sum of the shares up to it.
    first_network: u32,
    shares: Vec<f64>,
    ahead: Option<Record>,
    trouble: Option<TraceError>,
}

impl TraceArrivals {
    /// The beginning of a plan's trace.
    ///
    /// # Errors
    /// When the trace cannot be opened or its first records cannot be read.
    pub fn open(plan: &Plan, load: &TraceLoad) -> Result<Self, TraceError> {
        let mut source = Source::open(plan, load)?;
        source.ahead = source.read();
        let mut tick = source.read_tick();
        match tick.trouble.take() {
            Some(error) => Err(error),
            None => {
                Ok(Self { source: Arc::new(Mutex::new(source)), tick: Arc::new(tick), taken: 0 })
            }
        }
    }

    /// When the next request comes.
    #[must_use]
    pub fn next_at(&self) -> Instant {
        self.tick.draws.get(self.taken).map_or(Instant::NEVER, |draw| draw.at)
    }

    /// Takes the next request.
    pub fn take(&mut self) -> Option<Arrival> {
        let draw = self.tick.draws.get(self.taken).copied()?;
        self.taken += 1;
        if self.taken == self.tick.draws.len()
            && let Some(next) = self.next_tick()
        {
            (self.tick, self.taken) = (next, 0);
        }
        Some(draw)
    }

    fn next_tick(&self) -> Option<Arc<Tick>> {
        let next = self.tick.next.get_or_init(|| {
            let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
            source.ahead.is_some().then(|| Arc::new(source.read_tick()))
        });
        next.clone()
    }

    /// What ended the trace before its end.
    #[must_use]
    pub fn trouble(&self) -> Option<&TraceError> {
        self.tick.trouble.as_ref()
    }
}

impl Source {
    fn open(plan: &Plan, load: &TraceLoad) -> Result<Self, TraceError> {
        let routing = &plan.fabric.routing;
        let mut sum = 0.0;
        let shares = network_shares(routing.networks, routing.skew)
            .into_iter()
            .map(|share| {
                sum += share;
                sum
            })
            .collect();
        let name = format!("{}/trace", plan.fabric.regions[load.region]);
        #[allow(clippy::cast_possible_truncation)] // reason: at most 64 regions
        let home = load.region as u32;
        let first_network = home * routing.networks;
        Ok(Self {
            reader: Reader::open(&load.spec)?,
            keys: KeyIndex::new(),
            stream: Seed(plan.seed).stream(&name),
            last_mile: plan.fabric.viewers.last_mile.clone(),
            tick: load.spec.time_unit,
            speed: load.speed,
            home,
            first_network,
            shares,
            ahead: None,
            trouble: None,
        })
    }

    fn read(&mut self) -> Option<Record> {
        match self.reader.next() {
            Some(Ok(record)) => Some(record),
            Some(Err(error)) => {
                self.trouble = Some(error);
                None
            }
            None => None,
        }
    }

    /// Reads the next tick's records.
    fn read_tick(&mut self) -> Tick {
        let first = self.ahead;
        let mut offsets = Vec::new();
        let mut titles = Vec::new();
        while let Some(record) = self.ahead
            && first.is_some_and(|first| record.at == first.at)
        {
            // The survey has counted the keys: the index has room for all of them.
            titles.push(self.keys.insert(record.key).unwrap_or(0));
            offsets.push(self.stream.unit());
            self.ahead = self.read();
        }
        offsets.sort_unstable_by(f64::total_cmp);
        let start = first.map_or(Span::ZERO, |first| first.at);
        let spread = titles.into_iter().zip(offsets);
        let draws = spread.map(|(title, offset)| self.draw(start, title, offset)).collect();
        Tick { draws, trouble: self.trouble.take(), next: OnceLock::new() }
    }

    /// The request for a title at this share of the tick that starts at `start`.
    fn draw(&mut self, start: Span, title: u32, offset: f64) -> Arrival {
        let at = start.saturating_add(self.tick.scaled(offset)).scaled(1.0 / self.speed);
        let pick = self.stream.unit();
        let place = self.shares.partition_point(|&sum| sum < pick).min(self.shares.len() - 1);
        #[allow(clippy::cast_possible_truncation)] // reason: networks are counted in u32
        let network = self.first_network + place as u32;
        let last_mile = carried_last_mile(&self.last_mile, &mut self.stream);
        Arrival { at: Instant::ZERO + at, network, home: self.home, title, last_mile }
    }
}

#[cfg(test)]
pub(in crate::sim) mod tests {
    use super::*;
    use crate::trace::{Columns, TraceSpec};
    use std::fmt::Write;
    use tempfile::NamedTempFile;

    const A_TICK: u64 = 100;
    /// How many records the trace has.
    pub(crate) const RECORDS: u64 = 200 * A_TICK;

    /// The third region's viewers are in a trace: a hundred records a second, each of another
    /// object. The file goes with what is returned first.
    pub(crate) fn plan(speed: f64) -> (NamedTempFile, Plan) {
        let mut text = String::new();
        for record in 0..RECORDS {
            writeln!(text, "{},{record},1", record / A_TICK).unwrap();
        }
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut plan = crate::sim::run::simulation::tests::five(300, [0.0; 5]);
        (plan.fabric.routing.networks, plan.fabric.routing.skew) = (8, 1.0);
        let spec = TraceSpec::csv(file.path(), Columns::default());
        plan.load.titles = u32::try_from(RECORDS).unwrap();
        plan.load.trace = Some(TraceLoad { spec, region: 2, speed });
        (file, plan)
    }

    fn draws(speed: f64) -> Vec<Arrival> {
        let (_file, plan) = plan(speed);
        let mut trace_arrivals =
            TraceArrivals::open(&plan, plan.load.trace.as_ref().unwrap()).unwrap();
        let draws = std::iter::from_fn(|| trace_arrivals.take()).collect();
        assert!(trace_arrivals.trouble().is_none() && trace_arrivals.next_at() == Instant::NEVER);
        draws
    }

    #[test]
    fn records_keep_their_order_and_their_tick() {
        for speed in [1.0, 4.0] {
            let draws = draws(speed);
            assert_eq!(draws.len() as u64, RECORDS);
            assert!(draws.is_sorted_by_key(|draw| draw.at));
            for (number, draw) in (0..).zip(&draws) {
                assert_eq!(u64::from(draw.title), number, "objects are numbered as they come");
                let tick = draw.at.since(Instant::ZERO).as_secs_f64() * speed;
                let begin = (number / A_TICK) as f64;
                assert!((begin..=begin + 1.0).contains(&tick), "record {number} at {tick}");
            }
        }
    }

    /// Five standard errors of each network's share.
    #[test]
    fn networks_of_the_region_ask_by_their_shares() {
        let draws = draws(1.0);
        let count = draws.len() as f64;
        for (network, share) in (16..).zip(network_shares(8, 1.0)) {
            let own = draws.iter().filter(|draw| draw.network == network).count() as f64;
            let error = (share * (1.0 - share) / count).sqrt();
            assert!((own / count - share).abs() < 5.0 * error, "{network}: {own} of {count}");
        }
    }
}
