//! Attempts a request at every hop, as a small table.

use super::text::{Look, heading};
use super::value;
use crate::judge::{Attempts, Hops};
use crate::units::Instant;
use std::fmt::Write as _;

/// A hop, what is attempted there and of what.
const TOLD: [(&str, &str); 4] = [
    ("viewers", "attempts of a request"),
    ("manifest", "calls of a fetch"),
    ("database", "reads of a call"),
    ("origin", "calls for a segment"),
];

/// The table; a hop that nothing reached has no row.
pub(super) fn render(out: &mut String, hops: &Hops, look: Look) {
    heading(out, "attempts, and in the worst second", look);
    let mut row = |name: &str, text: &str, attempts: &Attempts| {
        let (Some(mean), Some((worst, at))) = (attempts.mean, attempts.worst) else {
            return;
        };
        let of = |attempts| value::significant(attempts, 3);
        let at = value::clock(at.since(Instant::ZERO).as_secs_f64());
        let (mean, worst) = (of(mean), of(worst));
        let _ = writeln!(out, "  {name:<10}  {text:<21}  {mean:>5}  {worst:>5} at {at}");
    };
    for (name, attempts) in &hops.hops {
        let text = TOLD.iter().find(|(hop, _)| hop == name).map_or("", |(_, text)| text);
        row(name, text, attempts);
    }
    row("all", "their product", &hops.product);
}
