//! What retries multiply.

use crate::region::region;
use crate::table::Row;
use crate::tools::{SEEDS, column, count_of, with_seeds};
use crate::{budgets, writes};
use squall::model::Plan;
use squall::observe::Counter;

fn failing(attempts: u32, percent: u32) -> Plan {
    region()
        .without("fabric.routing")
        .lasts("500s", "0s")
        .database("use = \"off\"")
        .viewers(&format!("attempts = {attempts}"))
        .asks("here", 50.0)
        .errs("manifest", percent.into(), "")
        .plan()
}

/// With n retries and a share p of failures: (1 - p^(n + 1)) / (1 - p) attempts a request, of which
/// p^(n + 1) fail for good.
fn geometric() -> Vec<Row> {
    let mut rows = Vec::new();
    for (attempts, percent) in [(2, 10), (3, 30), (4, 50), (6, 80)] {
        let seen = with_seeds(&failing(attempts, percent), SEEDS, |outcome| {
            let requests = count_of(outcome, Counter::Requests);
            [Counter::Attempts, Counter::Failed]
                .map(|counter| count_of(outcome, counter) / requests)
        });
        let p = f64::from(percent) / 100.0;
        let lost = libm::pow(p, f64::from(attempts));
        let what = |which| format!("{} retries, {percent} % fail: {which}", attempts - 1);
        let of = |place: usize| column(&seen, |seen| seen[place]);
        let each = what("attempts a request");
        rows.push(Row::runs(each, "geometric series", "", (1.0 - lost) / (1.0 - p), of(0), 0.002));
        rows.push(Row::runs(what("requests that fail"), "p^(n + 1)", "", lost, of(1), 0.02));
    }
    rows
}

/// All rows of this section.
pub fn rows() -> Vec<Row> {
    let mut rows = geometric();
    rows.extend(budgets::rows());
    rows.extend(writes::rows());
    rows
}
