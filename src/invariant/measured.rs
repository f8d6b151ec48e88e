//! Whether a term can be judged at all: everything that it is computed from must be measured.

use super::term::{Ask, Class, Term};
use crate::observe::{Counter, ENDS, Measured, Metric, Part, Timer};

/// Whether all counts and values that the term is computed from are measured.
pub(super) fn is_measured(term: &Term, measured: Measured) -> bool {
    let counter = |counter: Counter| {
        let twin = counter.of_segments().map(|twin| measured.counter(twin));
        of_class(term.class, measured.counter(counter), twin)
    };
    let sample = |sample: Timer| {
        let seen = |sample| measured.part(Part::Timer(sample));
        of_class(term.class, seen(sample), sample.of_segments().map(seen))
    };
    let ends = || ENDS.into_iter().all(counter);
    match term.metric {
        Metric::Availability => ends(),
        Metric::Counter(flag) if term.ask == Ask::Share => counter(flag) && ends(),
        Metric::Counter(one) => counter(one),
        Metric::Timer(one) => sample(one),
        Metric::ByteHits | Metric::Gauge(_) | Metric::RunFigure(_) => measured.metric(term.metric),
    }
}

/// Whether what belongs to a class is measured: segments have counts of their own, and manifests are the
/// difference of all and those.
const fn of_class(class: Option<Class>, all: bool, segments: Option<bool>) -> bool {
    match (class, segments) {
        (Some(Class::Segment), Some(segments)) => segments,
        (Some(Class::Manifest), Some(segments)) => all && segments,
        _ => all,
    }
}
