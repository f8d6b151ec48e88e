//! The disciplines of one pool: processor sharing, priorities, last come first served, impatience; and
//! viewers who wait for their answers.

use crate::formulas::{erlang_c, pollaczek};
use crate::queues::{CONSTANT, EXPONENTIAL, HYPEREXPONENTIAL, warmed_pool};
use crate::runs::run;
use crate::table::Row;
use crate::tools::{column, count_of, mean_of, with_seeds};
use squall::fabric::Plan;
use squall::observe::{Counter, Timer};

const SEEDS: u64 = 12;
const SERVICE: f64 = 0.020;
const LOGNORMAL: &str = r#"{ law = "lognormal", mean = "20ms", cv = 1.5 }"#;

/// A pool with this rate of arrivals, judged for so many seconds after the first hundred.
fn plan(keys: &str, rate: f64, seconds: f64) -> Plan {
    warmed_pool(keys, &format!("requests-per-second = {rate}"), seconds, 100.0)
}

/// M/G/1-PS: a sojourn of s / (1 - rho), whatever the law of the services.
fn sharing() -> Vec<Row> {
    let laws = [
        ("M/M/1-PS", EXPONENTIAL),
        ("M/LN/1-PS, cv 1.5", LOGNORMAL),
        ("M/H2/1-PS, cv 2", HYPEREXPONENTIAL),
        ("M/D/1-PS", CONSTANT),
    ];
    let row = |(name, law)| {
        let keys = format!("servers = 1\ndiscipline = \"processor-sharing\"\nservice = {law}");
        let means =
            with_seeds(&plan(&keys, 35.0, 3_000.0), SEEDS, |o| mean_of(o, Timer::Latency) * 1e3);
        let sojourn = SERVICE / (1.0 - 35.0 * SERVICE) * 1e3;
        let what = format!("{name}, load 0.7: mean sojourn, 12 seeds");
        Row::runs(what, "Sakata, Noguchi and Oizumi 1971", "ms", sojourn, means, 0.015)
    };
    laws.into_iter().map(row).collect()
}

/// With several servers the number inside is that of M/M/c, so the mean sojourn is too.
fn sharing_four() -> Row {
    let keys = format!("servers = 4\ndiscipline = \"processor-sharing\"\nservice = {EXPONENTIAL}");
    let means =
        with_seeds(&plan(&keys, 160.0, 1_500.0), SEEDS, |o| mean_of(o, Timer::Latency) * 1e3);
    let offered = 160.0 * SERVICE;
    let sojourn = (SERVICE + erlang_c(4, offered) * SERVICE / (4.0 - offered)) * 1e3;
    let what = "M/M/4-PS, load 0.8: mean sojourn, 12 seeds";
    Row::runs(what, "Cohen 1979", "ms", sojourn, means, 0.01)
}

/// Cobham 1954: with R = rate E[S^2] / 2, the high class waits R / (1 - rho_h) and the low class
/// R / ((1 - rho_h) (1 - rho)).
fn priorities() -> Vec<Row> {
    let keys = format!(
        "servers = 1\ndiscipline = \"priority\"\nhigh-priority = \"30%\"\nservice = {LOGNORMAL}"
    );
    let seen = with_seeds(&plan(&keys, 40.0, 6_000.0), SEEDS, |o| {
        [Timer::WaitHigh, Timer::WaitLow, Timer::Wait].map(|sample| mean_of(o, sample) * 1e3)
    });
    let (busy, high) = (40.0 * SERVICE, 0.3 * 40.0 * SERVICE);
    let rest = 40.0 * SERVICE * SERVICE * (1.0 + 1.5 * 1.5) / 2.0 * 1e3;
    let of = |class: usize| column(&seen, |waits| waits[class]);
    let what = |which| format!("two classes, load 0.8, 30 % high: mean wait of {which}, 12 seeds");
    let (first, second) = (rest / (1.0 - high), rest / (1.0 - high) / (1.0 - busy));
    let (cobham, kleinrock) = ("Cobham 1954", "Kleinrock 1965: conservation");
    vec![
        Row::runs(what("the high class"), cobham, "ms", first, of(0), 0.02),
        Row::runs(what("the low class"), cobham, "ms", second, of(1), 0.03),
        // Together they wait as without classes.
        Row::runs(what("both"), kleinrock, "ms", rest / (1.0 - busy), of(2), 0.03),
    ]
}

/// M/M/1 last come first served: the mean is that of first come.
fn last_come() -> Row {
    let keys = format!("servers = 1\ndiscipline = \"lifo\"\nservice = {EXPONENTIAL}");
    let means = with_seeds(&plan(&keys, 35.0, 3_000.0), SEEDS, |o| mean_of(o, Timer::Wait) * 1e3);
    let wait = pollaczek(35.0 * SERVICE, 1.0) * SERVICE * 1e3;
    let what = "M/M/1 last come first served, load 0.7: mean wait, 12 seeds";
    Row::runs(what, "as first come: Takacs 1963", "ms", wait, means, 0.015)
}

/// M/M/1+D: the virtual wait has density p0 rate e^{-(mu - rate) x} below the bound, so with
/// rate = a, services m and bound d, p0 = (1 - r) / (1 - r^2 e^{-(m - a) d}), and
/// (1 - r) r e^{-(m - a) d} / (1 - r^2 e^{-(m - a) d}) are lost.
fn impatience() -> Row {
    let keys = format!("servers = 1\nmax-wait = \"50ms\"\nservice = {EXPONENTIAL}");
    let lost = with_seeds(&plan(&keys, 40.0, 2_000.0), SEEDS, |o| {
        count_of(o, Counter::Rejected) / count_of(o, Counter::Requests)
    });
    let (r, tail) = (0.8, libm::exp(-(50.0 - 40.0) * 0.050));
    let share = (1.0 - r) * r * tail / (1.0 - r * r * tail);
    let what = "M/M/1+D, load 0.8, who has waited 50 ms leaves: lost, 12 seeds";
    Row::runs(what, "Barrer 1957", "", share, lost, 0.015)
}

fn repair() -> Plan {
    let keys = format!("servers = 1\nservice = {EXPONENTIAL}");
    let load = "viewers = 10\nthink = { law = \"exponential\", mean = \"200ms\" }";
    warmed_pool(&keys, load, 1_000.0, 100.0)
}

/// Machine repair, M/M/1//N: with z the time to think over the service, the server is idle with
/// probability 1 / sum of N! / (N - n)! z^-n, and answers at its rate for the rest of the time.
fn closed_loop() -> Row {
    let rates = with_seeds(&repair(), SEEDS, |o| count_of(o, Counter::Served) / 1_000.0);
    let weights: Vec<f64> = (1..=10)
        .scan(1.0, |weight, n| {
            *weight *= f64::from(11 - n) * SERVICE / 0.200;
            Some(*weight)
        })
        .collect();
    let idle = 1.0 / (1.0 + weights.iter().sum::<f64>());
    let what = "ten viewers who think for 200 ms, one server: answers, 12 seeds";
    let source = "machine repair, M/M/1//N";
    Row::runs(what, source, "1/s", (1.0 - idle) / SERVICE, rates, 0.01)
}

#[test]
fn a_closed_loop_is_the_same_with_every_request_an_event() {
    let (flow, events) = (run(&repair(), 1, false), run(&repair(), 1, true));
    assert_eq!(flow.totals.digest(), events.totals.digest());
}

/// All rows of this section.
pub fn rows() -> Vec<Row> {
    let mut rows = sharing();
    rows.push(sharing_four());
    rows.extend(priorities());
    rows.push(last_come());
    rows.push(impatience());
    rows.push(closed_loop());
    rows
}
