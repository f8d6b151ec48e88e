//! What a sentence says once it is understood.

use super::exact;
use crate::observe::{Metric, MetricKind, Scope, Timeline, Timer};
use crate::units::{Instant, Quantity, Span, Unit};
use std::cmp::Ordering;
use std::fmt;

/// How a value stands to its bound.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Compare {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `==`
    Equal,
    /// `>=`
    AtLeast,
    /// `>`
    Greater,
}

/// A comparison with a quantity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Condition {
    /// How.
    pub compare: Compare,
    /// With what.
    pub bound: Quantity,
}

/// A percentile strictly between 0 and 100, exact to nine decimals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Percentile {
    /// Billionths of a per cent.
    grains: u64,
}

/// What is asked of a metric.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ask {
    /// The metric itself: a ratio or a figure.
    Alone,
    /// The exact mean of the values; of a counted metric, its count over the length of the window.
    Mean,
    /// The least value, or the least rate of a second.
    Min,
    /// The greatest value, or the greatest rate of a second.
    Max,
    /// The count.
    Total,
    /// The ceil(p n)-th smallest of n values, or of the rates of the seconds.
    Percentile(Percentile),
    /// The part of the ended requests of which a flag is true.
    Share,
    /// The part of the values for which a condition is true.
    ShareWhere(Condition),
    /// The time until a condition is true for good.
    TimeUntil(Condition),
}

/// A class of requests.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Class {
    /// Requests for validation and a manifest: all but those for segments.
    Manifest,
    /// Requests for video segments.
    Segment,
}

/// A region, by its place in the fabric's list and by name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) index: usize,
    pub(super) name: String,
}

/// A clause of time; the labels by name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum When {
    Before(String),
    During(String),
    After(String),
    Within(Span, String),
}

/// What can be seen of a run: a metric, what is asked of it, where and when.
#[derive(Clone, PartialEq, Debug)]
pub struct Term {
    pub(super) name: &'static str,
    pub(super) metric: Metric,
    pub(super) form: MetricKind,
    pub(super) metric_unit: Unit,
    pub(super) ask: Ask,
    pub(super) from: Option<Place>,
    pub(super) at: Option<Place>,
    pub(super) class: Option<Class>,
    pub(super) when: Option<When>,
    /// The judged time; empty for a figure, which has none.
    pub(super) window: (Instant, Instant),
}

/// An invariant: a term and its bound.
#[derive(Clone, PartialEq, Debug)]
pub struct Statement {
    pub(super) term: Term,
    pub(super) test: Condition,
}

impl Compare {
    /// All, in order.
    pub const ALL: [Self; 5] =
        [Self::Less, Self::AtMost, Self::Equal, Self::AtLeast, Self::Greater];

    /// As written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Equal => "==",
            Self::AtLeast => ">=",
            Self::Greater => ">",
        }
    }

    /// Whether a value that stands so to the bound satisfies it.
    #[must_use]
    pub const fn holds(self, value_to_bound: Ordering) -> bool {
        match self {
            Self::Less => value_to_bound.is_lt(),
            Self::AtMost => value_to_bound.is_le(),
            Self::Equal => value_to_bound.is_eq(),
            Self::AtLeast => value_to_bound.is_ge(),
            Self::Greater => value_to_bound.is_gt(),
        }
    }

    /// Whether a value that can only grow from here breaks the bound for good.
    pub(super) const fn is_beyond(self, value_to_bound: Ordering) -> bool {
        match self {
            Self::Less => value_to_bound.is_ge(),
            Self::AtMost | Self::Equal => value_to_bound.is_gt(),
            Self::AtLeast | Self::Greater => false,
        }
    }
}

impl Condition {
    /// The exclusive bounds that decide it by counts of what lies below them.
    pub(super) fn cuts(self) -> impl Iterator<Item = Span> {
        let below = !matches!(self.compare, Compare::AtMost | Compare::Greater);
        let up_to = !matches!(self.compare, Compare::Less | Compare::AtLeast);
        let bound = self.bound.as_span();
        let next = bound.map(|bound| bound.saturating_add(Span::from_nanos(1)));
        bound.filter(|_| below).into_iter().chain(next.filter(|_| up_to))
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.compare.symbol(), exact::quantity(self.bound))
    }
}

impl Percentile {
    /// Billionths of a per cent in a hundred per cent.
    const WHOLE: u64 = 100_000_000_000;

    /// `grains` billionths of a per cent; `None` unless strictly between 0 and 100.
    pub(super) const fn new(grains: u64) -> Option<Self> {
        if grains > 0 && grains < Self::WHOLE { Some(Self { grains }) } else { None }
    }

    /// The share of one.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // reason: both are below 2^53
    pub const fn share(self) -> f64 {
        self.grains as f64 / Self::WHOLE as f64
    }
}

impl fmt::Display for Percentile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", exact::decimal(i128::from(self.grains), 9, false))
    }
}

impl Class {
    /// All, in order.
    pub const ALL: [Self; 2] = [Self::Manifest, Self::Segment];

    /// As written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Segment => "segment",
        }
    }
}

impl Term {
    /// The metric.
    #[must_use]
    pub const fn metric(&self) -> Metric {
        self.metric
    }

    /// What is asked of it.
    #[must_use]
    pub const fn ask(&self) -> Ask {
        self.ask
    }

    /// The unit of the term's value, and of its bound.
    #[must_use]
    pub const fn unit(&self) -> Unit {
        unit_of(self.ask, self.form, self.metric_unit)
    }

    /// Where it looks.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope {
            from: self.from.as_ref().map(|place| place.index),
            at: self.at.as_ref().map(|place| place.index),
        }
    }

    /// The judged time, from its beginning to before its end; `None` for a figure of the whole run.
    #[must_use]
    pub fn window(&self) -> Option<(Instant, Instant)> {
        (!matches!(self.metric, Metric::RunFigure(_))).then_some(self.window)
    }

    /// The instants at which time must be cut, so that the window is a union of whole segments.
    #[must_use]
    pub fn cuts(&self) -> Vec<Instant> {
        self.window().map_or_else(Vec::new, |(start, end)| vec![start, end])
    }

    /// For each segment of a timeline that was cut at [`Self::cuts`] whether it lies in the window.
    #[must_use]
    pub fn segments(&self, timeline: &Timeline) -> Vec<bool> {
        let inside = |segment| {
            let (start, end) = timeline.segment(segment);
            self.window().is_some_and(|(from, to)| from <= start && end <= to)
        };
        (0..timeline.segments()).map(inside).collect()
    }

    /// The exclusive bounds below which values must be counted for the condition inside `share`.
    #[must_use]
    pub fn bounds(&self) -> Vec<(Timer, Span)> {
        match (self.metric, self.ask) {
            (Metric::Timer(sample), Ask::ShareWhere(condition)) => self.counted(sample, condition),
            _ => Vec::new(),
        }
    }

    /// The bounds of a condition for each sample of which the term needs counts.
    fn counted(&self, sample: Timer, condition: Condition) -> Vec<(Timer, Span)> {
        let twin = sample.of_segments().filter(|_| self.class.is_some());
        let samples = std::iter::once(sample).chain(twin);
        samples.flat_map(|sample| condition.cuts().map(move |bound| (sample, bound))).collect()
    }
}

/// The unit of a term's value.
pub(super) const fn unit_of(ask: Ask, form: MetricKind, metric: Unit) -> Unit {
    match (ask, form) {
        (Ask::Share | Ask::ShareWhere(_), _) => Unit::Ratio,
        (Ask::TimeUntil(_), _) => Unit::Time,
        (Ask::Total, _) => Unit::Count,
        (_, MetricKind::Counted) => Unit::Rate,
        _ => metric,
    }
}

impl Statement {
    /// What is judged.
    #[must_use]
    pub const fn term(&self) -> &Term {
        &self.term
    }

    /// How the term must stand to the bound.
    #[must_use]
    pub const fn compare(&self) -> Compare {
        self.test.compare
    }

    /// The bound.
    #[must_use]
    pub const fn bound(&self) -> Quantity {
        self.test.bound
    }

    /// The instants at which time must be cut: see [`Term::cuts`].
    #[must_use]
    pub fn cuts(&self) -> Vec<Instant> {
        self.term.cuts()
    }

    /// The exclusive bounds below which values must be counted so that the verdict is exact: a
    /// percentile is below `q` if enough values are. `<= q` counts what is below `q` + 1 ns.
    #[must_use]
    pub fn bounds(&self) -> Vec<(Timer, Span)> {
        match (self.term.metric, self.term.ask) {
            (Metric::Timer(sample), Ask::Min | Ask::Max | Ask::Percentile(_)) => {
                self.term.counted(sample, self.test)
            }
            _ => self.term.bounds(),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before(label) => write!(f, "before {label}"),
            Self::During(label) => write!(f, "during {label}"),
            Self::After(label) => write!(f, "after {label}"),
            Self::Within(span, label) => write!(f, "within {} of {label}", exact::span(*span)),
        }
    }
}

impl Ask {
    /// The head of a term: a metric and what is asked of it.
    pub(super) fn head(self, metric: &str) -> String {
        match self {
            Self::Alone => metric.to_owned(),
            Self::Mean => format!("mean({metric})"),
            Self::Min => format!("min({metric})"),
            Self::Max => format!("max({metric})"),
            Self::Total => format!("total({metric})"),
            Self::Percentile(percentile) => format!("{percentile}({metric})"),
            Self::Share => format!("share({metric})"),
            Self::ShareWhere(condition) => format!("share({metric} {condition})"),
            Self::TimeUntil(condition) => format!("time_until({metric} {condition})"),
        }
    }
}

impl fmt::Display for Term {
    /// A sentence that is read back as the same term.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.ask.head(self.name))?;
        if let Some(place) = &self.from {
            write!(f, " from {}", place.name)?;
        }
        if let Some(place) = &self.at {
            write!(f, " in {}", place.name)?;
        }
        if let Some(class) = self.class {
            write!(f, " of {}", class.name())?;
        }
        match &self.when {
            Some(when) => write!(f, " {when}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Statement {
    /// A sentence that is read back as the same statement.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.term, self.test)
    }
}
