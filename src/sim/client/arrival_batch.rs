//! The arrivals of the coming stretch of time, of many networks, in order.
//!
//! Merging two hundred sequences one arrival at a time costs a walk through a tree for each, and a
//! visit to a network's own memory. So each network draws all its arrivals of a short stretch at
//! once, and they are sorted together: by buckets of time, then by insertion, because a bucket holds
//! about one. How long a stretch is changes nothing but the speed.

use crate::sim::client::arrival::{Arrival, RawArrival};
use crate::units::{Instant, Span};

/// How many arrivals a stretch should hold: enough that a network is visited seldom, few enough that
/// they stay in the processor's nearest caches.
const WANTED: usize = 2_048;
/// Buckets of time in a stretch, as a power of two: about as many as arrivals, and at most so many.
const BUCKET_BITS: u32 = 11;
const BUCKETS: usize = 1 << BUCKET_BITS;
/// A stretch is at most this long, as a power of two of nanoseconds: a second. A network that comes
/// draws the rest of the stretch, and there may be many of them when there were few before.
const LONGEST_BITS: u32 = 30;
/// How far ahead of its turn an arrival is announced to whoever has to fetch memory for it.
const AHEAD: usize = 6;
/// So that there always is one so far ahead.
const TAIL: usize = AHEAD + 1;

/// Arrivals up to an instant, sorted by instant, then by network.
#[derive(Debug)]
pub struct ArrivalBatch {
    /// The next arrival is at `cursor`; behind the last are [`TAIL`] that never come.
    sorted: Vec<Arrival>,
    cursor: usize,
    /// What the stretch will hold.
    raw: Vec<RawArrival>,
    finished: Vec<Arrival>,
    places: Box<[u32; BUCKETS]>,
    start: Instant,
    /// Length of a stretch as a power of two of nanoseconds.
    bits: u32,
}

const NEVER: Arrival =
    Arrival { at: Instant::NEVER, network: u32::MAX, home: 0, title: 0, last_mile: 0 };

/// By instant, then by network.
fn order(draw: &Arrival) -> (Instant, u32) {
    (draw.at, draw.network)
}

impl Default for ArrivalBatch {
    fn default() -> Self {
        Self {
            sorted: vec![NEVER; TAIL],
            cursor: 0,
            raw: Vec::new(),
            finished: Vec::new(),
            places: Box::new([0; BUCKETS]),
            start: Instant::ZERO,
            // A millisecond to begin with.
            bits: 20,
        }
    }
}

impl ArrivalBatch {
    /// When the next arrival comes; [`Instant::NEVER`] if none is drawn.
    #[inline]
    #[must_use]
    pub fn next_at(&self) -> Instant {
        self.next().at
    }

    /// The next arrival; it is at [`Instant::NEVER`] if none is drawn.
    #[inline]
    #[must_use]
    pub fn next(&self) -> &Arrival {
        &self.sorted[self.cursor]
    }

    /// Whether all that were drawn are taken.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cursor + TAIL == self.sorted.len()
    }

    /// Takes the next arrival.
    #[inline]
    pub fn take(&mut self) -> Option<Arrival> {
        let draw = self.sorted[self.cursor];
        if draw.at == Instant::NEVER {
            return None;
        }
        self.cursor += 1;
        Some(draw)
    }

    /// Takes the arrivals before `until` for as long as `takes` says that it takes them. It is also
    /// told a title: that of one that comes soon, if there is one.
    #[inline]
    pub fn take_while(
        &mut self,
        until: Instant,
        takes: &mut impl FnMut(&Arrival, u32) -> bool,
    ) -> &[Arrival] {
        let rest = &self.sorted[self.cursor..];
        let mut taken = 0;
        for stretch in rest.windows(TAIL) {
            let (draw, soon) = (&stretch[0], &stretch[AHEAD]);
            if draw.at >= until || !takes(draw, soon.title) {
                break;
            }
            taken += 1;
        }
        self.cursor += taken;
        &rest[..taken]
    }

    /// The title of an arrival that comes soon.
    #[inline]
    #[must_use]
    pub fn ahead(&self) -> Option<u32> {
        self.sorted.get(self.cursor + AHEAD).map(|draw| draw.title)
    }

    /// What comes before this instant is in the batch, unless nobody drew it.
    #[must_use]
    pub fn until(&self) -> Instant {
        self.start.saturating_add(Span::from_nanos(1 << self.bits))
    }

    /// Begins the next stretch, whose first arrival is at `start`. Its length follows the rate that
    /// the last one saw.
    pub fn begin(&mut self, start: Instant) {
        let seen = self.sorted.len() - TAIL;
        if seen > 2 * WANTED && self.bits > BUCKET_BITS {
            self.bits -= 1;
        } else if seen < WANTED / 2 && self.bits < LONGEST_BITS {
            self.bits += 1;
        }
        self.start = start;
        self.raw.clear();
        self.finished.clear();
    }

    /// An arrival of the stretch that was begun, not before its start and before its end. It is
    /// finished when all are there: by then what it needs has come from memory.
    #[inline]
    pub fn push(&mut self, raw: RawArrival) {
        self.raw.push(raw);
    }

    /// Arrivals that are finished.
    pub fn push_finished(&mut self, draws: impl Iterator<Item = Arrival>) {
        self.finished.extend(draws);
    }

    /// Finishes and sorts what was pushed since [`Self::begin`].
    #[inline(never)] // reason: once a stretch; so a profile tells sorting from drawing
    #[allow(clippy::cast_possible_truncation)] // reason: bits and counts of one stretch
    pub fn sort(&mut self, finish: impl Fn(&RawArrival) -> Arrival) {
        let count = self.raw.len() + self.finished.len();
        let bucket_bits = count.next_power_of_two().ilog2().min(BUCKET_BITS);
        let (start, shift) = (self.start.as_nanos(), self.bits - bucket_bits);
        // Every arrival lies within the stretch: the remainder changes nothing, and spares a look at bounds.
        let bucket = |at: Instant| ((at.as_nanos() - start) >> shift) as usize % BUCKETS;
        self.places[..1 << bucket_bits].fill(0);
        for raw in &self.raw {
            self.places[bucket(raw.at)] += 1;
        }
        for draw in &self.finished {
            self.places[bucket(draw.at)] += 1;
        }
        let mut before = 0;
        for place in &mut self.places[..1 << bucket_bits] {
            before += std::mem::replace(place, before);
        }
        self.sorted.resize(count + TAIL, NEVER);
        self.sorted[count..].fill(NEVER);
        let mut put = |draw: Arrival| {
            let place = &mut self.places[bucket(draw.at)];
            self.sorted[*place as usize] = draw;
            *place += 1;
        };
        self.raw.iter().for_each(|raw| put(finish(raw)));
        self.finished.iter().for_each(|draw| put(*draw));
        self.insertion_sort(count);
        self.cursor = 0;
    }

    /// Nearly everything is in its place already.
    fn insertion_sort(&mut self, count: usize) {
        let sorted = &mut self.sorted[..count];
        for place in 1..count {
            let (before, draw) = (&sorted[place - 1], &sorted[place]);
            if before.at < draw.at || order(before) <= order(draw) {
                continue;
            }
            let draw = sorted[place];
            let mut hole = place;
            while hole > 0 && order(&sorted[hole - 1]) > order(&draw) {
                sorted[hole] = sorted[hole - 1];
                hole -= 1;
            }
            sorted[hole] = draw;
        }
    }

    /// Takes out all arrivals of one network that are still to come, in order. Costs a look at the
    /// whole batch: for rare changes.
    pub fn remove(&mut self, network: u32) -> Vec<Arrival> {
        let (mine, others) = self.rest().partition(|draw| draw.network == network);
        self.replace(others);
        mine
    }

    /// Puts arrivals in between. Costs as much.
    pub fn insert(&mut self, draws: &[Arrival]) {
        let mut all: Vec<Arrival> = self.rest().chain(draws.iter().copied()).collect();
        // Two runs in order: a stable sort merges them.
        all.sort_by_key(order);
        self.replace(all);
    }

    fn rest(&self) -> impl Iterator<Item = Arrival> {
        let rest = self.cursor..self.sorted.len() - TAIL;
        self.sorted[rest].iter().copied()
    }

    fn replace(&mut self, draws: Vec<Arrival>) {
        self.sorted = draws;
        self.sorted.extend([NEVER; TAIL]);
        self.cursor = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Seed, Stream};

    fn draw(at: u64, network: u32) -> Arrival {
        Arrival { at: Instant::from_nanos(at), network, home: 0, title: 0, last_mile: 0 }
    }

    fn taken(batch: &mut ArrivalBatch) -> Vec<(u64, u32)> {
        std::iter::from_fn(|| batch.take()).map(|d| (d.at.as_nanos(), d.network)).collect()
    }

    fn filled(
        batch: &mut ArrivalBatch,
        stream: &mut Stream,
        start: u64,
        count: u64,
    ) -> Vec<(u64, u32)> {
        batch.begin(Instant::from_nanos(start));
        let length = batch.until().as_nanos() - start;
        let mut all = Vec::new();
        for _ in 0..count {
            // Few instants, so that there are ties.
            let at = start + stream.below(40) * (length / 40);
            let network = u32::try_from(stream.below(9)).unwrap();
            if stream.chance(0.5) {
                let at = Instant::from_nanos(at);
                batch.push(RawArrival { at, title: 0, last_mile: 0, network, home: 0 });
            } else {
                batch.push_finished(std::iter::once(draw(at, network)));
            }
            all.push((at, network));
        }
        batch.sort(|raw| draw(raw.at.as_nanos(), raw.network));
        all.sort_unstable();
        all
    }

    #[test]
    fn arrivals_come_by_instant_then_by_network() {
        let mut stream = Seed(5).stream("batch");
        let mut batch = ArrivalBatch::default();
        assert_eq!((batch.next_at(), batch.take()), (Instant::NEVER, None));
        for round in 0..60 {
            let start = 1_000 * round;
            let count = if round < 30 { stream.below(30) } else { 9_000 };
            let all = filled(&mut batch, &mut stream, start, count);
            assert_eq!(batch.is_empty(), count == 0);
            assert_eq!(taken(&mut batch), all, "round {round}");
            assert!(batch.is_empty() && batch.take().is_none());
        }
    }

    #[test]
    fn a_network_leaves_and_comes_back_without_loss() {
        let mut stream = Seed(6).stream("batch");
        let mut batch = ArrivalBatch::default();
        let all = filled(&mut batch, &mut stream, 0, 500);
        let first: Vec<_> = (0..100).filter_map(|_| batch.take()).collect();
        assert_eq!(first.len(), 100);
        let gone = batch.remove(4);
        assert!(gone.len() > 20 && gone.iter().all(|draw| draw.network == 4));
        assert!(gone.windows(2).all(|pair| pair[0].at <= pair[1].at));
        assert!(batch.remove(4).is_empty());
        batch.insert(&gone);
        assert_eq!(taken(&mut batch), all[100..]);
    }

    #[test]
    fn a_stretch_grows_and_shrinks_with_the_rate() {
        let mut stream = Seed(7).stream("batch");
        let mut batch = ArrivalBatch::default();
        let length = |batch: &ArrivalBatch| batch.until().since(batch.start);
        (0..60).for_each(|_| drop(filled(&mut batch, &mut stream, 0, 1)));
        assert_eq!(length(&batch), Span::from_nanos(1 << LONGEST_BITS));
        (0..60).for_each(|_| drop(filled(&mut batch, &mut stream, 0, 5_000)));
        assert_eq!(length(&batch), Span::from_nanos(1 << BUCKET_BITS));
    }
}
