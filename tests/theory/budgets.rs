//! Retry budgets in the long run: Markov chains of their tokens, and balances of what comes in and
//! goes out.

use crate::formulas::erlang_b;
use crate::region::region;
use crate::table::Row;
use crate::tools::{SEEDS, all_of, column, count_of, with_seeds};
use squall::engine::Seed;
use squall::model::Plan;
use squall::observe::Counter;
use squall::sim::Outcome;
use squall::sim::budgets::Decorator;
use squall::units::count_to_f64;

/// How a run is made: what fails, who tries how often, and under which budget.
struct Run<'a> {
    budget: &'a str,
    attempts: u32,
    /// The share of answers that are errors.
    failing: f64,
    /// What an attempt takes. At zero hardly any requests overlap, as none do in the chains.
    service: &'a str,
    per_second: f64,
    seconds: f64,
}

impl Run<'_> {
    /// One network before a region in which nobody waits; a tenth of the time is not judged.
    fn plan(&self) -> Plan {
        let Self { budget, attempts, failing, service, per_second, seconds } = self;
        region()
            .lasts(
                &format!("{}ms", (seconds * 1e3).round()),
                &format!("{}ms", (seconds * 1e2).round()),
            )
            .far("here", "here = \"100us\"")
            .routing("networks = 1\nmisrouted = \"0%\"")
            .viewers(&format!(
                "last-mile = {AT_ONCE}\ntimeout = \"1h\"\nattempts = {attempts}\nbackoff = \"0s\"
                budget = {{ {budget} }}"
            ))
            .manifest(&format!("pods = 1\nslots = 10000\nservice = {service}"))
            .database("use = \"off\"")
            .asks("here", *per_second)
            .errs("manifest", (failing * 100.0).round(), "")
            .plan()
    }
}

const AT_ONCE: &str = r#"{ distribution = "constant", value = "0s" }"#;
/// The round trip to the region, in seconds: the shortest that there is.
const WAY: f64 = 1e-4;

/// Mean calls until the decorator locks, from full: the chain's equations by repeated sweeps.
fn calls_until_locked(failing: f64) -> f64 {
    let mut calls = [0.0_f64; 101];
    for _ in 0..20_000 {
        for tokens in 10..=100 {
            let (up, down) = (calls[(tokens + 1).min(100)], calls[tokens - 10]);
            calls[tokens] = 1.0 + (1.0 - failing) * up + failing * down;
        }
    }
    calls[100]
}

/// As printed it locks for ever: by itself, and as the budget of a network. No attempt leaves after
/// the lock, so all attempts of a run were calls before it.
fn decorator() -> Vec<Row> {
    let mut rows = Vec::new();
    let source = "Markov chain of its tokens";
    for failing in [0.2, 0.5] {
        let expected = calls_until_locked(failing);
        let what =
            |how| format!("decorator, {} % fail: calls until it locks, {how}", failing * 1e2);
        let mut stream = Seed(1).stream("decorator");
        let mut trial = || {
            let (mut decorator, mut calls) = (Decorator::new(false), 0.0);
            while decorator.admits() {
                decorator.end(stream.unit() >= failing);
                calls += 1.0;
            }
            calls
        };
        let trials = (0..40_000).map(|_| trial()).collect();
        rows.push(Row::runs(what("40000 trials"), source, "", expected, trials, 0.005));
        let budget = r#"kind = "decorator""#;
        let run =
            Run { budget, attempts: 1, failing, service: AT_ONCE, per_second: 1e3, seconds: 2.0 };
        let seen = with_seeds(&run.plan(), 400, all_attempts);
        rows.push(Row::runs(what("400 runs"), source, "", expected, seen, 0.05));
    }
    rows
}

/// The attempts of a whole run, its warm-up included.
fn all_attempts(outcome: &Outcome) -> f64 {
    all_of(outcome, Counter::Attempts)
}

/// A token bucket, in tenths of a token where a success gives a tenth, and what moves it.
pub struct Bucket {
    full: usize,
    /// What a failed attempt takes, whether somebody retries or not.
    fail: usize,
    /// What a retry takes.
    price: usize,
    /// What must be there for a retry.
    needs: usize,
}

/// gRPC's: 10 tokens, more than half of them for a retry.
pub const GRPC: Bucket = Bucket { full: 100, fail: 10, price: 0, needs: 51 };
/// Brooker's: 5 tokens.
const SMALL: Bucket = Bucket { full: 50, fail: 0, price: 10, needs: 10 };

impl Bucket {
    /// Retries a request in the long run: until nothing changes any more.
    fn retries(&self, attempts: u32, failing: f64) -> f64 {
        self.each(attempts, failing, 6_000).last().copied().unwrap()
    }

    /// Retries of each of so many requests, from full: the chain of its tokens between requests, whose
    /// attempts fail independently.
    pub fn each(&self, attempts: u32, failing: f64, requests: usize) -> Vec<f64> {
        let mut between = vec![0.0; self.full + 1];
        between[self.full] = 1.0;
        let mut each = Vec::with_capacity(requests);
        for _ in 0..requests {
            let mut after = vec![0.0; self.full + 1];
            let mut retries = 0.0;
            for attempt in 1..=attempts {
                let mut again = vec![0.0; self.full + 1];
                for (tokens, &mass) in between.iter().enumerate() {
                    after[(tokens + 1).min(self.full)] += mass * (1.0 - failing);
                    let left = tokens.saturating_sub(self.fail);
                    if attempt < attempts && left >= self.needs {
                        again[left - self.price] += mass * failing;
                        retries += mass * failing;
                    } else {
                        after[left] += mass * failing;
                    }
                }
                between = again;
            }
            between = after;
            each.push(retries);
        }
        each
    }
}

/// Retries a request.
fn retries(outcome: &Outcome) -> f64 {
    count_of(outcome, Counter::Attempts) / count_of(outcome, Counter::Requests) - 1.0
}

/// Budgets whose long run is the stationary distribution of their tokens.
fn chains() -> Vec<Row> {
    let source = "stationary Markov chain of its tokens";
    let success = r#"kind = "deposit-per-success", max-tokens = 10, token-ratio = 0.1"#;
    let small = r#"kind = "small-bucket", tokens = 5, deposit = 0.1"#;
    let mut rows = Vec::new();
    // Tokens drift down where more than 1 in 11 attempts fails: ratio / (1 + ratio).
    for (budget, bucket, attempts, percent, seconds, grain) in [
        (success, GRPC, 3, 5, 400.0, 0.02),
        (success, GRPC, 3, 9, 600.0, 0.05),
        (success, GRPC, 3, 11, 1e3, 0.08),
        (small, SMALL, 2, 5, 400.0, 0.02),
        (small, SMALL, 2, 9, 400.0, 0.02),
    ] {
        let failing = f64::from(percent) / 100.0;
        let run = Run { budget, attempts, failing, service: AT_ONCE, per_second: 50.0, seconds };
        let name = if budget == success { "deposit-per-success" } else { "small-bucket" };
        let what = format!("{name}, {percent} % fail, {attempts} attempts: retries a request");
        let expected = bucket.retries(attempts, failing);
        let seen = with_seeds(&run.plan(), SEEDS, retries);
        rows.push(Row::runs(what, source, "", expected, seen, grain));
    }
    rows
}

/// Budgets that a high share of failures p keeps near empty, so that what comes in goes out again.
/// Of a request with at most one retry, the first attempt succeeds with 1 - p and the retry, which
/// follows in r of all requests, with 1 - p too.
///
/// - small-bucket: a success gives 0.1, a retry takes 1: r = 0.1 (1 - p)(1 + r).
/// - decorator-repaired: a success gives 1, a retry takes 10: the same, and p - r (1 - p) fail.
/// - standard: a first success gives 1, a retry takes 5 and gives them back if it succeeds:
///   5 r = (1 - p) + 5 r (1 - p), so r = (1 - p) / 5p.
fn balances() -> Vec<Row> {
    let source = "balance of tokens";
    let seconds = 200.0;
    let of = |budget, failing| {
        let run = Run { budget, attempts: 2, failing, service: AT_ONCE, per_second: 50.0, seconds };
        with_seeds(&run.plan(), SEEDS, |outcome| {
            let requests = count_of(outcome, Counter::Requests);
            let of = |counter| count_of(outcome, counter);
            let failed = of(Counter::Failed) / requests;
            (
                retries(outcome),
                failed,
                retries(outcome) / (1.0 - failed),
                of(Counter::RefusedByBudget),
            )
        })
    };
    let mut rows = Vec::new();
    let small = of(r#"kind = "small-bucket""#, 0.5);
    let what = "small-bucket, 50 % fail, 2 attempts: retries a success";
    let each = column(&small, |seen| seen.2);
    rows.push(Row::runs(what, "its deposit: 0.1", "", 0.1, each, 0.001));
    let repaired = of(r#"kind = "decorator-repaired""#, 0.5);
    let (p, r) = (0.5, 0.05 / 0.95);
    let what = "decorator-repaired, 50 % fail, 2 attempts: requests that fail";
    let each = column(&repaired, |seen| seen.1);
    rows.push(Row::runs(what, source, "", p - r * (1.0 - p), each, 0.005));
    let refused = column(&repaired, |seen| seen.3).iter().sum();
    let what = "decorator-repaired, 50 % fail: first attempts refused";
    rows.push(Row::exact(what, "never locks", "", 0.0, refused));
    for p in [0.5, 0.8] {
        let standard = of(r#"kind = "standard""#, p);
        let what = format!("standard, {} % fail, 2 attempts: retries a request", p * 100.0);
        let each = column(&standard, |seen| seen.0);
        rows.push(Row::runs(what, source, "", (1.0 - p) / (5.0 * p), each, 0.01));
    }
    rows
}

/// Of n deposits that are worth 1/k of a retry each, all at once wished for, n/k retries come, but
/// for what expires unspent: when a tenth of the window expires, the balance, in the mean of its
/// k values (k - 1)/2 deposits, stands in ten tenths alike, so each takes (k - 1)/20 with it.
fn deposits() -> Vec<Row> {
    let mut rows = Vec::new();
    for (percent, k) in [(20, 5.0), (10, 10.0)] {
        let budget = format!(
            r#"kind = "deposit-per-request", ttl = "10s", min-per-second = 0, ratio = "{percent}%""#
        );
        let (per_second, seconds) = (100.0, 200.0);
        let run = Run {
            budget: &budget,
            attempts: 3,
            failing: 1.0,
            service: AT_ONCE,
            per_second,
            seconds,
        };
        let expected = (1.0 - (k - 1.0) / 20.0 / per_second) / k;
        let what = format!("deposit-per-request, {percent} %, all fail: retries a request");
        let seen = with_seeds(&run.plan(), SEEDS, retries);
        rows.push(Row::runs(what, "its ratio, less what expires", "", expected, seen, 0.0005));
    }
    rows
}

/// A limit on retries at one time. First attempts fail after a constant time, so wishes are Poisson
/// as requests are; a retry is the last attempt and holds its place for the way and its service.
/// That is a loss system, whatever the law of the holding time.
fn limit() -> Vec<Row> {
    let mut rows = Vec::new();
    for (places, per_second) in [(3, 100.0), (10, 600.0)] {
        let budget = format!("kind = \"limit\", retries = {places}");
        let service = r#"{ distribution = "constant", value = "20ms" }"#;
        let seconds = 1.5e4 / per_second;
        let run = Run { budget: &budget, attempts: 2, failing: 1.0, service, per_second, seconds };
        let expected = erlang_b(places, per_second * (0.020 + WAY));
        let what = format!("limit of {places}, all fail after 20 ms: retries denied");
        let seen = with_seeds(&run.plan(), SEEDS, denied);
        rows.push(Row::runs(what, "Erlang B", "", expected, seen, 0.01));
    }
    rows
}

/// Wishes for a retry that were denied, where every request has one.
fn denied(outcome: &Outcome) -> f64 {
    count_of(outcome, Counter::RetriesDenied) / count_of(outcome, Counter::Requests)
}

/// First attempts and retries under way.
const FIRSTS: usize = 70;
const RETRIES: usize = 18;

/// Wishes that a share of what is under way denies: `load` first attempts come in the mean time of
/// an exponential service, every attempt fails, and a retry leaves at once. The pair of first
/// attempts n and retries r under way is a Markov chain; when one of n fails, n - 1 + r are under
/// way, and r must be below a share of them, rounded down, or `at_least`.
fn share_denied(load: f64, share: f64, at_least: f64) -> f64 {
    let granted = |n: usize, r: usize| {
        let active = count_to_f64((n - 1 + r) as u64);
        count_to_f64(r as u64) < libm::floor(share * active).max(at_least)
    };
    // One step of the chain lasts long enough for one change.
    let step = 1.0 / (load + count_to_f64((FIRSTS + RETRIES) as u64));
    let mut chain = vec![[0.0; RETRIES + 1]; FIRSTS + 1];
    chain[0][0] = 1.0;
    for _ in 0..4_000 {
        let mut next = vec![[0.0; RETRIES + 1]; FIRSTS + 1];
        for (n, row) in chain.iter().enumerate() {
            for (r, &mass) in row.iter().enumerate() {
                let (firsts, retries) = (count_to_f64(n as u64), count_to_f64(r as u64));
                next[(n + 1).min(FIRSTS)][r] += mass * load * step;
                if n > 0 {
                    let after = if granted(n, r) { (r + 1).min(RETRIES) } else { r };
                    next[n - 1][after] += mass * firsts * step;
                }
                if r > 0 {
                    next[n][r - 1] += mass * retries * step;
                }
                next[n][r] += mass * (1.0 - (load + firsts + retries) * step);
            }
        }
        chain = next;
    }
    let (mut wishes, mut denied) = (0.0, 0.0);
    for (n, row) in chain.iter().enumerate().skip(1) {
        for (r, &mass) in row.iter().enumerate() {
            wishes += mass * count_to_f64(n as u64);
            denied += if granted(n, r) { 0.0 } else { mass * count_to_f64(n as u64) };
        }
    }
    denied / wishes
}

fn concurrent_share() -> Vec<Row> {
    let mut rows = Vec::new();
    for load in [5.0, 20.0] {
        let budget = r#"kind = "concurrent-share", share = "20%", at-least = 3"#;
        let service = r#"{ distribution = "exponential", mean = "1s" }"#;
        let seconds = 1e4 / load;
        let run = Run { budget, attempts: 2, failing: 1.0, service, per_second: load, seconds };
        let what = format!("concurrent-share, 3 or 20 %, load {load}, all fail: retries denied");
        let expected = share_denied(load, 0.2, 3.0);
        let seen = with_seeds(&run.plan(), SEEDS, denied);
        rows.push(Row::runs(what, "Markov chain of what is under way", "", expected, seen, 0.01));
    }
    rows
}

/// Adaptive throttling with K = 2 of a service that fails a share f. An attempt leaves with
/// probability a = (1 + K A) / (R + 1), if R attempts and A answers lie in the window, and
/// A = R a (1 - f) in the mean. R is Poisson with mean m, so 1 / (R + 1) is 1 / m in the mean, and
/// a = (1 / m) / (1 - K (1 - f)(1 - 1 / m)). The window is cut into sixty slots, of which the
/// present one is half full in the mean.
fn throttle() -> Vec<Row> {
    let budget = r#"kind = "adaptive-throttle", k = 2, window = "1s""#;
    let per_second = 200.0;
    let of = |failing, seconds| {
        let run = Run { budget, attempts: 1, failing, service: AT_ONCE, per_second, seconds };
        with_seeds(&run.plan(), SEEDS, |outcome| retries(outcome) + 1.0)
    };
    let mut rows = Vec::new();
    for f in [0.75, 0.9] {
        let m = per_second * 59.5 / 60.0;
        let expected = 1.0 / m / (1.0 - 2.0 * (1.0 - f) * (1.0 - 1.0 / m));
        let what = format!("adaptive-throttle, {} % fail: attempts that leave", f * 100.0);
        rows.push(Row::runs(what, "fixed point of its formula", "", expected, of(f, 600.0), 0.025));
    }
    // Twice the answers are 1.4 times the requests, six standard deviations from all of them.
    let leaves = of(0.3, 100.0).iter().sum::<f64>() / count_to_f64(SEEDS);
    let what = "adaptive-throttle, 30 % fail: attempts that leave";
    rows.push(Row::exact(what, "more than 1 in K is answered", "", 1.0, leaves));
    rows
}

/// All rows of retry budgets.
pub fn rows() -> Vec<Row> {
    let tokens = [decorator(), deposits(), chains(), balances()];
    let rates = [limit(), concurrent_share(), throttle()];
    tokens.into_iter().chain(rates).flatten().collect()
}
