//! From a clause of time to the time that is judged.

use super::term::When;
use super::{LabelInfo, Names};
use crate::units::Instant;

/// The judged part of the run: from the end of the warm-up to the end.
pub(super) fn whole(names: &Names<'_>) -> (Instant, Instant) {
    (names.warmup, Instant::ZERO.saturating_add(names.length))
}

/// The judged part of a clause's time; otherwise why there is none.
pub(super) fn of(
    when: &When,
    label: &LabelInfo,
    names: &Names<'_>,
) -> Result<(Instant, Instant), String> {
    let (warmup, end) = whole(names);
    let until = label.until.filter(|_| !label.instant);
    let (start, stop) = match when {
        When::Before(_) => (Instant::ZERO, label.at),
        When::During(_) => (label.at, until.unwrap_or(end)),
        When::After(_) => (until.unwrap_or(label.at), end),
        When::Within(span, _) => (label.at, label.at.saturating_add(*span)),
    };
    if start >= end {
        return Err(format!(
            "`{when}` lies after the end: it begins at {start}, the run ends at {end}"
        ));
    }
    if start >= stop {
        return Err(format!("`{when}` is empty: it begins and ends at {start}"));
    }
    if stop <= warmup {
        return Err(format!(
            "`{when}` lies in the warm-up, which is not judged: it ends at {stop}, the warm-up \
             at {warmup}"
        ));
    }
    let judged = (start.max(warmup), stop.min(end));
    if judged.0 >= judged.1 {
        return Err(nothing_is_judged(names));
    }
    Ok(judged)
}

/// The message when the warm-up leaves nothing.
pub(super) fn nothing_is_judged(names: &Names<'_>) -> String {
    let (warmup, end) = whole(names);
    format!("nothing is judged: the warm-up ends at {warmup}, the run at {end}")
}
