//! From what was remembered and the totals to a judgement.

use super::measured::is_measured;
use super::tally::{State, Tally, rank};
use super::term::{Ask, Class};
use super::value::{
    Fraction, Ranks, Rate, Reading, from_milli_rate, level_in_short_unit, on_its_side,
};
use super::{Figures, Judgement, Seen, Verdict};
use crate::observe::{Histogram, Metric, MetricKind, RunFigure, Timer, Totals};
use crate::units::{Instant, Span, count_to_f64};

/// The least, greatest or interpolated value of a histogram that answers a question of rank.
fn ranked_value(ask: Ask, histogram: &Histogram) -> Option<f64> {
    match ask {
        Ask::Min => histogram.min().map(count_to_f64),
        Ask::Max => histogram.max().map(count_to_f64),
        Ask::Percentile(percentile) => histogram.quantile(percentile.share()),
        _ => None,
    }
}

impl Tally {
    /// What the whole window says.
    fn reading(&self, totals: &Totals, figures: &Figures) -> Reading {
        let chosen = |segment| self.is_chosen(segment);
        let scope = self.term.scope();
        match (self.term.metric, self.term.form) {
            _ if !is_measured(&self.term, totals.layout().measured()) => Reading::Nothing,
            (Metric::RunFigure(figure), _) => figures.reading(figure),
            _ if self.slices == 0 => Reading::Nothing,
            _ if matches!(self.term.ask, Ask::TimeUntil(_)) => self.time_until(),
            (Metric::Gauge(gauge), _) => {
                let peaks = totals.peaks(chosen, scope, gauge);
                let value = ranked_value(self.term.ask, &peaks).unwrap_or(0.0);
                let seen = level_in_short_unit(self.term.metric_unit, value);
                let ranks = match self.state {
                    State::Levels(ranks) if ranks.n > 0 => ranks,
                    _ => Ranks { n: peaks.count(), ..Ranks::default() },
                };
                self.of_levels(ranks, peaks.sum(), seen)
            }
            (Metric::Counter(counter), MetricKind::Counted) => {
                self.of_counts(self.count(&totals.cell(chosen, scope), counter))
            }
            _ => {
                let cell = totals.cell(chosen, scope);
                let whole = totals.cell(chosen, self.whole_scope());
                self.of_cells(&cell, &whole, totals.layout(), |sample| {
                    let histogram = self.values(totals, sample);
                    ranked_value(self.term.ask, &histogram).unwrap_or(0.0) / 1e6
                })
            }
        }
    }

    /// The values of a sample in the window, of the term's class.
    fn values(&self, totals: &Totals, sample: Timer) -> Histogram {
        let seen =
            |sample| totals.histogram(|segment| self.is_chosen(segment), self.term.scope(), sample);
        match (self.term.class, sample.of_segments()) {
            (Some(Class::Segment), Some(twin)) => seen(twin),
            (Some(Class::Manifest), Some(twin)) => seen(sample).without(&seen(twin)),
            _ => seen(sample),
        }
    }

    fn of_counts(&self, count: u64) -> Reading {
        match (self.term.ask, &self.state) {
            (Ask::Total, _) => Reading::Exact(Fraction::count(count), self.slices),
            (Ask::Mean, _) if self.length > Span::ZERO => {
                Reading::Exact(Fraction::rate(count, self.length.as_nanos()), self.slices)
            }
            (ask, State::Rates { ranks, rates, least, most }) => {
                let seen = match ask {
                    Ask::Min => least.map(Rate::a_second),
                    Ask::Max => most.map(Rate::a_second),
                    _ => ranked_value(ask, rates).map(from_milli_rate),
                };
                match rank(ask, ranks.n).zip(seen) {
                    Some((rank, seen)) => Reading::Ranked { ranks: *ranks, rank, seen },
                    None => Reading::Nothing,
                }
            }
            _ => Reading::Nothing,
        }
    }

    fn time_until(&self) -> Reading {
        let State::Until { measured, held, violated } = self.state else {
            return Reading::Nothing;
        };
        if measured == 0 {
            return Reading::Nothing;
        }
        let start = self.term.window.0;
        let reached = if held { violated.unwrap_or(start) } else { self.end };
        let span = i128::from(reached.since(start).as_nanos());
        Reading::Exact(Fraction::grains(span, 1), measured)
    }

    /// What was seen.
    pub(super) fn seen(&self, totals: &Totals, figures: &Figures) -> Seen {
        let unit = self.term.unit();
        let (value, samples) = self.reading(totals, figures).seen(unit);
        Seen { value, unit, samples }
    }

    /// The judgement; a term without a bound is unmeasured.
    pub(super) fn judgement(&self, totals: &Totals, figures: &Figures) -> Judgement {
        let unit = self.term.unit();
        let reading = self.reading(totals, figures);
        let (value, samples) = reading.seen(unit);
        let decided = self.test.and_then(|test| Some((test, reading.holds(test)?)));
        let (verdict, value) = match decided {
            None => (Verdict::Unmeasured, None),
            Some((test, holds)) => {
                let verdict = if holds { Verdict::Holds } else { Verdict::Broken };
                (verdict, value.map(|value| on_its_side(value, test, holds)))
            }
        };
        let first_broken = self.first_broken.filter(|_| verdict == Verdict::Broken);
        Judgement {
            verdict,
            seen: Seen { value, unit, samples },
            bound: self.test.map_or(0.0, |test| test.bound.in_short_unit()),
            first_broken_s: first_broken.map(Instant::as_secs_f64),
        }
    }
}

impl Figures {
    fn reading(&self, figure: RunFigure) -> Reading {
        match figure {
            RunFigure::ErrorBudgetSpent => match self.error_budget_spent {
                Some(share) if !share.is_nan() => Reading::Share(share),
                _ => Reading::Nothing,
            },
            RunFigure::MonthlyCost => self.monthly_cost.map_or(Reading::Nothing, |cost| {
                let micros = i128::from(cost.as_micros());
                Reading::Exact(Fraction::grains(micros, 1), 1)
            }),
        }
    }
}
