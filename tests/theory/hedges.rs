//! Hedging, and who keeps a database connection for how long.

use crate::formulas::erlang_b;
use crate::hops::{AT_ONCE, region};
use crate::table::Row;
use crate::tools::{SEEDS, column, count_of, mean_of, with_seeds};
use squall::observe::{Counter, Hop, HopEvent, Timer};
use squall::units::count_to_f64;

/// Viewers who sit at the edge, which is a millisecond away, and ask once.
fn viewers() -> String {
    format!("last-mile = {AT_ONCE}\ntimeout = \"1m\"\nattempts = 1")
}

/// Exponential reads that wait for nobody, hedged after their mean, or after nineteen of twenty: a second
/// one goes beside a share exp(-d) of them, d in means, and after that two run where one did. So the mean
/// is 1 - exp(-d) / 2.
fn hedges() -> Vec<Row> {
    let mut rows = Vec::new();
    for (hedge, d, which) in [
        (r#"after = "20ms""#, 1.0, "after the mean"),
        (r#"after = "20ms", percentile = "95%""#, -libm::log(0.05), "after the 95th percentile"),
    ] {
        let database = format!(
            r#"connections = 100000
            service = {{ law = "exponential", mean = "20ms" }}
            call = {{ hedge = {{ {hedge} }} }}"#
        );
        let manifest = format!("pods = 10000\nservice = {AT_ONCE}");
        let plan = region(&viewers(), &manifest, &database, 100, 0);
        let seen = with_seeds(&plan, SEEDS, |outcome| {
            let requests = count_of(outcome, Counter::Requests);
            [
                count_of(outcome, Counter::Hop(Hop::Database, HopEvent::Hedge)) / requests,
                mean_of(outcome, Timer::Latency) - 0.001,
                count_of(outcome, Counter::Hop(Hop::Database, HopEvent::HedgeWon))
                    / count_of(outcome, Counter::Hop(Hop::Database, HopEvent::Hedge)),
            ]
        });
        let what = |of: &str| format!("exponential reads of 20 ms, hedged {which}: {of}");
        let of = |place: usize| column(&seen, |seen| seen[place]);
        let share = libm::exp(-d);
        let mean = 0.020 * (1.0 - share / 2.0);
        let source = "min(X, d + Y) for exponential X, Y";
        rows.push(if hedge.contains("percentile") {
            // The percentile is that of a thousand answers, which hedges have made earlier: where the delay
            // was too short the next one makes up for half of that, where it was too long for all.
            let mean = of(0).iter().sum::<f64>() / count_to_f64(SEEDS);
            Row::within(what("share hedged"), "one in twenty", "", share, mean, 0.005)
        } else {
            Row::runs(what("share hedged"), source, "", share, of(0), 0.02)
        });
        rows.push(Row::runs(what("mean"), source, "s", mean, of(1), 0.003));
        rows.push(Row::runs(what("hedges that win"), "symmetry", "", 0.5, of(2), 0.02));
    }
    rows
}

/// Calls that keep a connection, without a pooler: they open it, read, and make their manifest. Nobody
/// waits for one, so it is Erlang's loss system with all three times.
fn connections() -> Vec<Row> {
    let manifest = r#"pods = 10000
        service = { law = "exponential", mean = "30ms" }"#;
    let database = r#"connections = 10
        pooling = "none"
        connect = "5ms"
        service = { law = "constant", value = "5ms" }"#;
    let plan = region(&viewers(), manifest, database, 200, 0);
    let refused = with_seeds(&plan, SEEDS, |outcome| {
        count_of(outcome, Counter::Hop(Hop::Database, HopEvent::Rejected))
            / count_of(outcome, Counter::Requests)
    });
    let what = "no pooler: 10 connections, kept for 40 ms, 200 calls a second: refused";
    vec![Row::runs(what, "Erlang B", "", erlang_b(10, 8.0), refused, 0.01)]
}

/// All rows of this file.
pub fn rows() -> Vec<Row> {
    let mut rows = hedges();
    rows.extend(connections());
    rows
}
