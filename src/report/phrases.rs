//! What several forms of a report say alike.

use super::value;
use crate::invariant::Verdict;
use crate::rehearse::{Conservation, Judged, Rehearsal};

/// Why there is no control.
pub(super) fn no_control(rehearsal: &Rehearsal) -> &'static str {
    if rehearsal.options.iter().any(|option| option == "--no-control") {
        "not run (--no-control)"
    } else {
        "the scenario has none: nothing shows that its invariants can break"
    }
}

/// What a control's verdict means.
pub(super) const fn control_sentence(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "without the protection everything broke that must",
        Verdict::Broken => {
            "without the protection something held that must break: it proves nothing"
        }
        Verdict::Unmeasured => "without the protection something was not measured that must break",
    }
}

/// The comparison and the bound: `< 900 ms`.
pub(super) fn wanted(judged: &Judged) -> String {
    let bound = value::full(judged.judgement.bound, judged.judgement.seen.unit);
    comparison(&judged.text)
        .map_or_else(|| bound.clone(), |compare| format!("{compare:<2} {bound}"))
}

/// The comparison of a sentence: the last one, because what stands in `share(...)` comes before.
pub(super) fn comparison(text: &str) -> Option<&str> {
    let last = text.rfind(['<', '>', '='])?;
    let first = match text[..last].chars().next_back() {
        Some('<' | '>' | '=') => last - 1,
        _ => last,
    };
    text.get(first..=last)
}

/// Whether the regions' books balance and add up to the run's requests.
#[must_use]
pub fn balanced(regions: &[Conservation], requests: u64) -> bool {
    regions.iter().all(|r| r.drawn == r.answered + r.failed + r.given_up + r.under_way)
        && regions.iter().map(|r| r.drawn).sum::<u64>() == requests
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outer_comparison_is_found() {
        for (text, compare) in [
            ("share(failover_time < 10s) from sa-east-1 during outage >= 75%", Some(">=")),
            ("mean(wait) < 20ms", Some("<")),
            ("total(evicted) == 0", Some("==")),
            ("monthly_cost<=$47,000", Some("<=")),
            ("mean(wait)", None),
        ] {
            assert_eq!(comparison(text), compare, "{text}");
        }
    }
}
