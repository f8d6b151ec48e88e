//! How far a study is, and how long it may still take.

use super::super::progress::Bar;
use crate::units::count_to_f64;
use std::sync::Mutex;
use std::time::Duration;

/// A bar over the runs of a study; it shows nothing when standard error is no terminal.
pub(super) struct StudyProgress {
    bar: Bar,
    threads: f64,
    bounds: (u64, u64),
    spent: Mutex<Spent>,
}

/// How long the runs of this program took.
#[derive(Clone, Copy, Default)]
struct Spent {
    runs: u64,
    seconds: f64,
    squares: f64,
    longest: f64,
}

impl StudyProgress {
    /// For between so many runs on so many threads.
    pub fn new(bounds: (u64, u64), threads: usize) -> Self {
        let threads = count_to_f64(threads as u64);
        Self { bar: drawn(bounds.1), threads, bounds, spent: Mutex::default() }
    }

    /// A run has taken so long. May be called from any thread.
    pub fn spent(&self, time: Duration) {
        let seconds = time.as_secs_f64();
        if let Ok(mut spent) = self.spent.lock() {
            spent.runs += 1;
            spent.seconds += seconds;
            spent.squares += seconds * seconds;
            spent.longest = spent.longest.max(seconds);
        }
    }

    /// So many runs are done.
    pub fn show(&self, done: u64) {
        let (least, most) = self.bounds;
        let spent = self.spent.lock().map_or_else(|_| Spent::default(), |spent| *spent);
        let left = (least.saturating_sub(done), most.saturating_sub(done));
        self.bar.show(done, left_text(spent, left, self.threads), runs(self.bounds));
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.clear();
    }
}

/// A bar over `n` runs; none when standard error is no terminal.
pub(super) fn drawn(n: u64) -> Bar {
    Bar::new("{pos} of {msg} [{bar:24}] {prefix}", n)
}

/// `40 runs`, `10 to 40 runs`.
pub(super) fn runs((least, most): (u64, u64)) -> String {
    if least == most { format!("{most} runs") } else { format!("{least} to {most} runs") }
}

/// What is said while too little is known.
pub(super) const UNKNOWN: &str = "time left not known yet";

/// From when to when the rest may be done, if it is like what was: two standard errors of a run's mean
/// time on both sides, and of a study whose length is not known its shortest and longest course.
fn left_text(spent: Spent, left: (u64, u64), threads: f64) -> String {
    if spent.runs < 3 {
        return UNKNOWN.into();
    }
    let runs = count_to_f64(spent.runs);
    let mean = spent.seconds / runs;
    let variance = (spent.squares / runs - mean * mean).max(0.0);
    let error = 2.0 * libm::sqrt(variance / runs);
    let seconds = |left: u64, each: f64| count_to_f64(left) * each / threads;
    let low = seconds(left.0, (mean - error).max(0.0));
    // The last run of all may be the longest, and begin last.
    let high = seconds(left.1, mean + error).max(if left.1 > 0 { spent.longest } else { 0.0 });
    between(low, high)
}

/// `2 min left`, `8 min to 25 min left`, of seconds.
pub(super) fn between(low: f64, high: f64) -> String {
    let (low, high) = (rounded(low), rounded(high));
    if low == high { format!("{high} left") } else { format!("{low} to {high} left") }
}

/// `40 s`, `12 min`, `3.5 h`.
fn rounded(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5_400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3_600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(times: &[f64]) -> Spent {
        let bar = StudyProgress::new((1, 1), 1);
        times.iter().for_each(|&time| bar.spent(Duration::from_secs_f64(time)));
        *bar.spent.lock().unwrap()
    }

    #[test]
    fn what_is_left_is_an_interval() {
        assert_eq!(left_text(spent(&[1.0, 1.0]), (8, 8), 2.0), "time left not known yet");
        assert_eq!(left_text(spent(&[2.0; 4]), (100, 100), 2.0), "2 min left");
        // Mean 2 s, standard error of it 0.5 s, so 1 to 3 s for each of 1,000 runs on two threads.
        assert_eq!(
            left_text(spent(&[1.0, 1.0, 3.0, 3.0]), (1_000, 1_000), 2.0),
            "8 min to 25 min left"
        );
        // A search may be over at once, or take all its steps.
        assert_eq!(left_text(spent(&[2.0; 4]), (0, 20), 1.0), "0 s to 40 s left");
    }
}
