//! Cache policies against approximations that are known to be good.

use crate::table::Row;
use squall::cache::{Policy, replay};
use squall::engine::{Seed, Zipf};
use squall::units::count_to_f64;

const TITLES: u32 = 10_000;
const REQUESTS: usize = 2_000_000;
/// Of the two million, not counted: the cache fills.
const WARM: usize = 200_000;

/// The characteristic time at which as many objects are expected in the cache as it has slots.
fn time(slots: f64, held: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0, 1e12);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if held(middle) < slots { low = middle } else { high = middle }
    }
    low
}

/// Hit ratio of independent requests: Che, Tung and Wang 2002 for LRU, where an object stays until it
/// is not asked for during a time; Fricker, Robert and Roberts 2012 for FIFO, where it stays for that
/// time from its arrival.
fn approximation(zipf: &Zipf, slots: u32, policy: Policy) -> f64 {
    let rates: Vec<f64> = (0..zipf.len()).map(|rank| zipf.probability(rank)).collect();
    let held = |rate: f64, time: f64| match policy {
        Policy::Lru => -libm::expm1(-rate * time),
        _ => rate * time / (1.0 + rate * time),
    };
    let all = |time: f64| rates.iter().map(|&rate| held(rate, time)).sum::<f64>();
    let time = time(f64::from(slots), all);
    rates.iter().map(|&rate| rate * held(rate, time)).sum()
}

/// All rows of this section.
pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for exponent in [0.8, 1.0] {
        let zipf = Zipf::new(TITLES, exponent).unwrap();
        let mut stream = Seed(1).stream("independent requests");
        let ids: Vec<u32> = (0..REQUESTS).map(|_| zipf.draw(&mut stream)).collect();
        for slots in [100, 1_000, 5_000] {
            for (policy, source) in [
                (Policy::Lru, "Che, Tung and Wang 2002"),
                (Policy::Fifo, "Fricker, Robert and Roberts 2012"),
            ] {
                let misses = replay(policy, slots, &ids) - replay(policy, slots, &ids[..WARM]);
                let counted = count_to_f64((REQUESTS - WARM) as u64);
                let seen = 1.0 - count_to_f64(misses) / counted;
                let what = format!(
                    "{} with {slots} slots, 10,000 titles, Zipf {exponent}: hit ratio",
                    policy.name()
                );
                let expected = approximation(&zipf, slots, policy);
                rows.push(Row::within(what, source, "", expected, seen, 0.005));
            }
        }
    }
    rows
}
