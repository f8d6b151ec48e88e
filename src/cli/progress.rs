//! How far a run is: on standard error, and only when that is a terminal.

use crate::rehearse::{Phase, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::cell::{Cell, RefCell};
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

/// The bar's resolution.
const STEPS: u64 = 10_000;

/// A bar that shows one phase of one run at a time.
pub(super) struct Bar {
    shown: bool,
    /// When something was last heard of: the end of one phase is the beginning of the next.
    heard: Cell<Instant>,
    current: RefCell<Option<Current>>,
}

struct Current {
    key: (String, Phase, u64),
    bar: ProgressBar,
    began: Instant,
}

impl Bar {
    /// A bar for standard error; it shows nothing when that is no terminal.
    pub fn new() -> Self {
        Self {
            shown: io::stderr().is_terminal(),
            heard: Cell::new(Instant::now()),
            current: RefCell::new(None),
        }
    }

    /// Whether anything is shown.
    pub const fn is_shown(&self) -> bool {
        self.shown
    }

    /// Says that a phase begins now: it is first heard of when a slice of it is done.
    pub fn start(&self) {
        self.heard.set(Instant::now());
    }

    /// Shows how far a run is.
    pub fn show(&self, progress: Progress) {
        if !self.shown {
            return;
        }
        // A callback that is called while it is at work would be a bug, but none worth a panic.
        let Ok(mut current) = self.current.try_borrow_mut() else {
            return;
        };
        let before = self.heard.replace(Instant::now());
        let key = (progress.path, progress.phase, progress.seed);
        if current.as_ref().is_none_or(|current| current.key != key) {
            if let Some(old) = current.take() {
                old.bar.finish_and_clear();
            }
            *current = Some(Current { bar: bar(&key), key, began: before });
        }
        let Some(current) = current.as_ref() else {
            return;
        };
        let rate = rate(progress.requests, current.began.elapsed());
        current.bar.set_position(steps(progress.done));
        let requests = crate::units::count_to_f64(progress.requests);
        current.bar.set_message(format!("{} requests, {}/s", rounded(requests), rounded(rate)));
    }

    /// Takes the bar away, so that a report can be printed.
    pub fn clear(&self) {
        if let Ok(mut current) = self.current.try_borrow_mut()
            && let Some(old) = current.take()
        {
            old.bar.finish_and_clear();
        }
    }
}

/// A bar that counts runs of many scenarios.
pub(super) struct Runs {
    bar: Option<ProgressBar>,
}

impl Runs {
    /// A bar on standard error; it shows nothing when that is no terminal.
    pub fn new(what: &str) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let target = ProgressDrawTarget::stderr_with_hz(10);
            let bar = ProgressBar::with_draw_target(Some(0), target);
            let template = "{prefix} [{bar:24}] {pos} of {len} runs, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(what.to_owned());
            bar
        });
        Self { bar }
    }

    /// Shows how many runs are done.
    pub fn show(&self, done: usize, all: usize) {
        if let Some(bar) = &self.bar {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(key: &(String, Phase, u64)) -> ProgressBar {
    let (path, phase, seed) = key;
    let phase = match phase {
        Phase::Run => "run",
        Phase::Control => "control",
    };
    let target = ProgressDrawTarget::stderr_with_hz(10);
    let bar = ProgressBar::with_draw_target(Some(STEPS), target);
    let template = "{prefix} [{bar:24}] {percent:>3} %, {msg}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(format!("{path} {phase} seed {seed}"));
    bar
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: clamped to 0..=STEPS
fn steps(done: f64) -> u64 {
    (done.clamp(0.0, 1.0) * 1e4) as u64
}

/// Requests in a second of real time.
pub(super) fn rate(requests: u64, elapsed: Duration) -> f64 {
    crate::units::count_to_f64(requests) / elapsed.as_secs_f64().max(1e-3)
}

/// `850`, `4.3 k`, `4.3 M`.
pub(super) fn rounded(value: f64) -> String {
    match value {
        v if v >= 1e9 => format!("{:.1} G", v / 1e9),
        v if v >= 1e6 => format!("{:.1} M", v / 1e6),
        v if v >= 1e3 => format!("{:.1} k", v / 1e3),
        v => format!("{v:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_rates_stay_in_their_range() {
        assert_eq!([-1.0, 0.5, 2.0, f64::NAN].map(steps), [0, 5_000, STEPS, 0]);
        assert_eq!(rounded(rate(4_300_000, Duration::from_secs(1))), "4.3 M");
        assert!(rate(1, Duration::ZERO).is_finite());
    }

    #[test]
    fn the_first_line_of_each_phase_counts_the_time_of_its_first_slice() {
        let pause = || std::thread::sleep(Duration::from_millis(100));
        let bar = Bar { shown: true, ..Bar::new() };
        pause();
        bar.start();
        for phase in [Phase::Run, Phase::Control] {
            pause();
            bar.show(Progress {
                path: "a.toml".into(),
                phase,
                seed: 1,
                done: 0.5,
                requests: 1_000_000,
            });
            let current = bar.current.borrow();
            let current = current.as_ref().unwrap();
            let elapsed = current.began.elapsed();
            assert!(elapsed >= Duration::from_millis(100), "{elapsed:?}");
            // A pause is never shorter than asked for, so the rate is never above this.
            let message = current.bar.message();
            let shown = message.split(", ").nth(1).unwrap();
            let shown = shown.strip_suffix(" M/s").unwrap();
            assert!(shown.parse::<f64>().unwrap() <= 10.0, "{message}");
        }
    }
}
