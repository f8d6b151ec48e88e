//! What one term needs to remember while the run goes on: a fixed amount, whatever its length.

use super::measured::is_measured;
use super::term::{Ask, Class, Condition, Statement, Term};
use super::value::{Fraction, Ranks, Rate, Reading, level_against, milli_rate};
use crate::observe::{
    Counter, ENDS, Gauge, Histogram, Layout, Metric, MetricKind, Scope, SliceView, Timeline, Timer,
    rank_of,
};
use crate::units::{Instant, Quantity, Span};

/// A slice shorter than this has no rate: one event in a nanosecond is no surge.
const SHORTEST_RATED: Span = Span::from_millis(100);

/// One term on its way through the run.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    pub(super) term: Term,
    pub(super) test: Option<Condition>,
    /// For each segment whether it lies in the window.
    chosen: Vec<bool>,
    /// How many slices of the window came, how long they were together, and where the last ended.
    pub(super) slices: u64,
    pub(super) length: Span,
    pub(super) end: Instant,
    pub(super) state: State,
    pub(super) first_broken: Option<Instant>,
}

/// What the totals do not keep.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// Nothing: the totals suffice.
    Totals,
    /// The count so far.
    Running(u64),
    /// Levels against the bound of the statement or of `share`.
    Levels(Ranks),
    /// The rates of the slices.
    Rates { ranks: Ranks, rates: Histogram, least: Option<Rate>, most: Option<Rate> },
    /// How often the condition was measured, whether it held the last time, and the end of the last
    /// slice in which it did not.
    Until { measured: u64, held: bool, violated: Option<Instant> },
}

/// Bytes of segments from the content cache, of all that viewers got.
fn byte_hits(cell: &[u64]) -> Reading {
    match cell[Counter::ContentBytes.index()] {
        0 => Reading::Nothing,
        all => {
            let hits = cell[Counter::ContentHitBytes.index()];
            Reading::Exact(Fraction::part(hits, all), cell[Counter::SegmentServed.index()])
        }
    }
}

/// The rank of a percentile, least or greatest value among `n`; `None` for other questions.
pub(super) fn rank(ask: Ask, n: u64) -> Option<u64> {
    match ask {
        _ if n == 0 => None,
        Ask::Min => Some(1),
        Ask::Max => Some(n),
        Ask::Percentile(percentile) => Some(rank_of(percentile.share(), n)),
        _ => None,
    }
}

impl Tally {
    /// A term that is only watched.
    pub(super) fn watched(term: &Term, timeline: &Timeline) -> Self {
        Self::new(term, None, timeline)
    }

    /// A term that is judged.
    pub(super) fn judged(statement: &Statement, timeline: &Timeline) -> Self {
        let test = Condition { compare: statement.compare(), bound: statement.bound() };
        Self::new(statement.term(), Some(test), timeline)
    }

    fn new(term: &Term, test: Option<Condition>, timeline: &Timeline) -> Self {
        let state = match (term.metric(), term.form, term.ask()) {
            (_, _, Ask::TimeUntil(_)) => State::Until { measured: 0, held: true, violated: None },
            (Metric::Gauge(_), ..) => State::Levels(Ranks::counting()),
            (_, MetricKind::Counted, Ask::Total) => State::Running(0),
            (_, MetricKind::Counted, Ask::Min | Ask::Max | Ask::Percentile(_)) => State::Rates {
                ranks: Ranks::counting(),
                rates: Histogram::default(),
                least: None,
                most: None,
            },
            _ => State::Totals,
        };
        Self {
            term: term.clone(),
            test,
            chosen: term.segments(timeline),
            slices: 0,
            length: Span::ZERO,
            end: Instant::ZERO,
            state,
            first_broken: None,
        }
    }

    /// What of all belongs to the term's class, when so many of it belong to segments.
    pub(super) fn of_class<T: std::ops::Sub<Output = T>>(&self, all: T, segments: Option<T>) -> T {
        match (self.term.class, segments) {
            (Some(Class::Segment), Some(segments)) => segments,
            (Some(Class::Manifest), Some(segments)) => all - segments,
            _ => all,
        }
    }

    /// How many of a counter a cell holds of the term's class.
    pub(super) fn count(&self, cell: &[u64], counter: Counter) -> u64 {
        let twin = counter.of_segments().map(|twin| cell[twin.index()]);
        self.of_class(cell[counter.index()], twin)
    }

    /// Requests of the term's class that ended.
    fn ended(&self, cell: &[u64]) -> u64 {
        ENDS.map(|end| self.count(cell, end)).iter().sum()
    }

    pub(super) fn is_chosen(&self, segment: usize) -> bool {
        self.chosen.get(segment).copied().unwrap_or(false)
    }

    /// The scope of a share's denominator: work that was done elsewhere is part of the whole.
    pub(super) fn whole_scope(&self) -> Scope {
        let scope = self.term.scope();
        match (self.term.metric(), self.term.ask()) {
            (Metric::Counter(Counter::Served), Ask::Share) => Scope { at: None, ..scope },
            _ => scope,
        }
    }

    /// Takes a complete slice in.
    pub(super) fn slice(&mut self, view: &SliceView<'_>) {
        if !self.is_chosen(view.segment) || !is_measured(&self.term, view.layout.measured()) {
            return;
        }
        let length = view.end.since(view.start);
        self.slices += 1;
        self.length = self.length.saturating_add(length);
        self.end = view.end;
        let broken = match self.term.ask() {
            Ask::TimeUntil(condition) => self.until(view, condition),
            Ask::Total => self.running(view),
            _ => {
                let reading = self.reading_of_slice(view);
                self.test.and_then(|test| reading.holds(test)).is_some_and(|holds| !holds)
            }
        };
        if broken && self.first_broken.is_none() {
            self.first_broken = Some(view.end);
        }
    }

    /// Adds to the running total; says whether it is beyond the bound for good.
    fn running(&mut self, view: &SliceView<'_>) -> bool {
        let Metric::Counter(counter) = self.term.metric else {
            return false;
        };
        let count = self.count(&view.cell(self.term.scope()), counter);
        let State::Running(total) = &mut self.state else {
            return false;
        };
        *total += count;
        let value = Fraction::count(*total);
        self.test.is_some_and(|test| test.compare.is_beyond(value.against(test.bound)))
    }

    /// Follows a condition; says whether the time until it holds is beyond the bound for good.
    fn until(&mut self, view: &SliceView<'_>, condition: Condition) -> bool {
        let holds = match self.term.metric {
            Metric::Gauge(gauge) => self.levels(view, gauge, condition.bound, |ranks, _| {
                ranks.satisfying(condition.compare).map(|satisfying| satisfying == ranks.n)
            }),
            _ => self.reading_of_slice(view).holds(condition),
        };
        let State::Until { measured, held, violated } = &mut self.state else {
            return false;
        };
        let Some(holds) = holds else { return false };
        (*measured, *held) = (*measured + 1, holds);
        if holds {
            return false;
        }
        *violated = Some(view.end);
        let so_far = view.end.since(self.term.window.0).as_nanos();
        let so_far = Fraction::grains(i128::from(so_far), 1);
        self.test.is_some_and(|test| test.compare.is_beyond(so_far.against(test.bound)))
    }

    /// Counts the peaks of the scope's regions in a slice against a bound.
    fn levels<T>(
        &self,
        view: &SliceView<'_>,
        gauge: Gauge,
        bound: Quantity,
        read: impl FnOnce(Ranks, u128) -> T,
    ) -> T {
        let (mut ranks, mut sum) = (Ranks::counting(), 0);
        let wanted = self.term.scope().at;
        for region in (0..view.regions).filter(|&r| wanted.is_none_or(|wanted| wanted == r)) {
            let peak = view.peak(gauge, Scope { from: None, at: Some(region) });
            ranks.add(level_against(self.term.metric_unit, peak, bound));
            sum += u128::from(peak);
        }
        read(ranks, sum)
    }

    /// What a slice says by itself; remembers what the totals do not keep.
    fn reading_of_slice(&mut self, view: &SliceView<'_>) -> Reading {
        match (self.term.metric, self.term.form) {
            (Metric::RunFigure(_), _) => Reading::Nothing,
            (Metric::Gauge(gauge), _) => self.levels_of_slice(view, gauge),
            (Metric::Counter(counter), MetricKind::Counted) => self.rate_of_slice(view, counter),
            _ => {
                let cell = view.cell(self.term.scope());
                let whole = view.cell(self.whole_scope());
                self.of_cells(&cell, &whole, view.layout, |_| 0.0)
            }
        }
    }

    fn levels_of_slice(&mut self, view: &SliceView<'_>, gauge: Gauge) -> Reading {
        let condition = match self.term.ask {
            Ask::ShareWhere(condition) => Some(condition),
            _ => self.test,
        };
        // Only watched: there is nothing to count against, and the totals keep the rest.
        let Some(condition) = condition else {
            return Reading::Nothing;
        };
        let (slice, sum) = self.levels(view, gauge, condition.bound, |ranks, sum| (ranks, sum));
        if let State::Levels(ranks) = &mut self.state {
            ranks.n += slice.n;
            ranks.below = ranks.below.zip(slice.below).map(|(a, b)| a + b);
            ranks.up_to = ranks.up_to.zip(slice.up_to).map(|(a, b)| a + b);
        }
        self.of_levels(slice, sum, 0.0)
    }

    pub(super) fn of_levels(&self, ranks: Ranks, sum: u128, seen: f64) -> Reading {
        let unit = self.term.metric_unit;
        match self.term.ask {
            _ if ranks.n == 0 => Reading::Nothing,
            Ask::Mean => Reading::Exact(Fraction::level(unit, sum, ranks.n), ranks.n),
            Ask::ShareWhere(condition) => match ranks.satisfying(condition.compare) {
                Some(part) => Reading::Exact(Fraction::part(part, ranks.n), ranks.n),
                None => Reading::Nothing,
            },
            ask => match rank(ask, ranks.n) {
                Some(rank) => Reading::Ranked { ranks, rank, seen },
                None => Reading::Nothing,
            },
        }
    }

    fn rate_of_slice(&mut self, view: &SliceView<'_>, counter: Counter) -> Reading {
        let length = view.end.since(view.start);
        if length < SHORTEST_RATED {
            return Reading::Nothing;
        }
        let count = self.count(&view.cell(self.term.scope()), counter);
        let rate = Rate { count, nanos: length.as_nanos() };
        if let State::Rates { ranks, rates, least, most } = &mut self.state {
            match self.test {
                Some(test) => ranks.add(rate.value().against(test.bound)),
                None => ranks.n += 1,
            }
            rates.record(milli_rate(rate.count, rate.nanos));
            *least = Some(least.filter(|old| old.against(rate).is_le()).unwrap_or(rate));
            *most = Some(most.filter(|old| old.against(rate).is_ge()).unwrap_or(rate));
        }
        Reading::Exact(rate.value(), 1)
    }

    /// What counts say of a ratio or a sample; `seen` prints a value of rank.
    pub(super) fn of_cells(
        &self,
        cell: &[u64],
        whole: &[u64],
        layout: &Layout,
        seen: impl FnOnce(Timer) -> f64,
    ) -> Reading {
        let part = |counter: Counter| match self.ended(whole) {
            0 => Reading::Nothing,
            all => Reading::Exact(Fraction::part(self.count(cell, counter), all), all),
        };
        let sample = match self.term.metric {
            Metric::Availability => return part(Counter::Served),
            Metric::ByteHits => return byte_hits(cell),
            Metric::Counter(counter) => return part(counter),
            Metric::Timer(sample) => sample,
            Metric::Gauge(_) | Metric::RunFigure(_) => return Reading::Nothing,
        };
        let twin = sample.of_segments();
        let values = |sample| layout.samples(cell, sample);
        let n = self.of_class(values(sample), twin.map(values));
        let counted = |condition: Option<Condition>| {
            let bound = condition.and_then(|condition| condition.bound.as_span());
            let below = |bound: Span| {
                let all = layout.below(cell, sample, bound)?;
                let segments = twin.map(|twin| layout.below(cell, twin, bound));
                match (self.term.class, segments) {
                    // Asked of a class, both are counted.
                    (Some(_), Some(segments)) => Some(self.of_class(all, Some(segments?))),
                    _ => Some(all),
                }
            };
            let next = bound.map(|bound| bound.saturating_add(Span::from_nanos(1)));
            Ranks { n, below: bound.and_then(below), up_to: next.and_then(below) }
        };
        match self.term.ask {
            _ if n == 0 => Reading::Nothing,
            Ask::Mean => {
                let sum = |sample| layout.sum(cell, sample);
                let sum = self.of_class(sum(sample), twin.map(sum));
                let sum = i128::try_from(sum).unwrap_or(i128::MAX);
                Reading::Exact(Fraction::grains(sum, i128::from(n)), n)
            }
            Ask::ShareWhere(condition) => {
                match counted(Some(condition)).satisfying(condition.compare) {
                    Some(part) => Reading::Exact(Fraction::part(part, n), n),
                    None => Reading::Nothing,
                }
            }
            ask => match rank(ask, n) {
                Some(rank) => {
                    Reading::Ranked { ranks: counted(self.test), rank, seen: seen(sample) }
                }
                None => Reading::Nothing,
            },
        }
    }
}
