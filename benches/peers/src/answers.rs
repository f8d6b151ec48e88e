//! Arguments in, one line of JSON out.

use crate::edge::Tally;
use std::error::Error;

/// What to run: `--seconds N --seed S`.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Simulated seconds.
    pub seconds: u64,
    /// The seed of everything random.
    pub seed: u64,
}

impl Run {
    /// Reads the program's arguments.
    ///
    /// # Errors
    /// When one is missing, unknown or no number.
    pub fn from_args() -> Result<Self, Box<dyn Error>> {
        let (mut seconds, mut seed) = (None, None);
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let value: u64 = words.next().ok_or("an option without a value")?.parse()?;
            match word.as_str() {
                "--seconds" => seconds = Some(value),
                "--seed" => seed = Some(value),
                _ => return Err(format!("unknown: {word}").into()),
            }
        }
        let usage = "usage: --seconds N --seed S";
        Ok(Self { seconds: seconds.ok_or(usage)?, seed: seed.ok_or(usage)? })
    }

    /// Prints the answer of a single queue.
    pub fn report_mm1(self, sojourns: Sojourns) {
        let mean = sojourns.total as f64 / sojourns.count as f64 / 1e6;
        println!(
            "{{\"seconds\": {}, \"seed\": {}, \"served\": {}, \"mean_sojourn_ms\": {mean:.6}, \
             \"peak_kb\": {}}}",
            self.seconds,
            self.seed,
            sojourns.count,
            peak_kb()
        );
    }

    /// Prints the answer of a CDN, all regions together.
    pub fn report_cdn<'a>(self, regions: impl IntoIterator<Item = &'a Tally>) {
        let mut all = Tally::default();
        regions.into_iter().for_each(|region| all.add(region));
        println!(
            "{{\"seconds\": {}, \"seed\": {}, \"requests\": {}, \"hit_ratio\": {:.6}, \
             \"fetches\": {}, \"mean_ms\": {:.6}, \"p99_ms\": {:.1}, \"peak_kb\": {}}}",
            self.seconds,
            self.seed,
            all.requests,
            all.hits as f64 / all.requests as f64,
            all.fetches,
            all.mean_ms(),
            all.quantile_ms(0.99),
            peak_kb()
        );
    }
}

/// How long customers stayed.
#[derive(Clone, Copy, Default, Debug)]
pub struct Sojourns {
    /// Customers that left.
    pub count: u64,
    /// Nanoseconds, of all of them together.
    pub total: u64,
}

impl Sojourns {
    /// A customer leaves after so many nanoseconds.
    #[inline]
    pub fn record(&mut self, nanos: u64) {
        self.count += 1;
        self.total += nanos;
    }
}

/// The most memory that this program has had, in KiB, zero where the system does not say. What
/// `wait4` says is no use for a small program: it includes its parent's memory at the fork.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
