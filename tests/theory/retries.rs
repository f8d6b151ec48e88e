//! What retries multiply.

use crate::table::Row;
use crate::tools::{SEEDS, column, count_of, plan_of, with_seeds};
use crate::{budgets, writes};
use squall::model::Plan;
use squall::observe::Counter;

fn failing(attempts: u32, percent: u32) -> Plan {
    plan_of(&format!(
        r#"
        title = "errors"
        question = "what do retries multiply?"
        [run]
        seed = 1
        length = "500s"
        [fabric]
        preset = "five-regions"
        regions = ["here"]
        primary = "here"
        [fabric.metadata]
        cache = "off"
        [fabric.database]
        use = "off"
        [fabric.viewers]
        attempts = {attempts}
        [load]
        objects = 10
        popularity = {{ distribution = "zipf", exponent = 0.9 }}
        [load.requests-per-second]
        here = 50
        [[inject]]
        label = "errors"
        at = "0s"
        fault = {{ kind = "errors", region = "here", service = "manifest", share = "{percent}%" }}
        [invariants]
        "it answers" = "availability >= 0%"
        "#,
    ))
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
