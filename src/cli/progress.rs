//! How far a run is: on standard error, and only when that is a terminal.

use crate::rehearse::{Phase, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The bar's resolution.
const STEPS: u64 = 10_000;

/// A bar on standard error, or none.
pub(super) struct Bar(Option<ProgressBar>);

impl Bar {
    /// A bar up to this length, when standard error is a terminal.
    pub fn new(template: &str, length: u64) -> Self {
        if io::stderr().is_terminal() { Self::drawn(template, length) } else { Self(None) }
    }

    /// A bar whatever standard error is.
    fn drawn(template: &str, length: u64) -> Self {
        let target = ProgressDrawTarget::stderr_with_hz(10);
        let bar = ProgressBar::with_draw_target(Some(length), target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self(Some(bar))
    }

    /// A bar that draws nothing, or none.
    #[cfg(test)]
    pub const fn hidden(bar: Option<ProgressBar>) -> Self {
        Self(bar)
    }

    /// Whether there is one.
    pub const fn is_shown(&self) -> bool {
        self.0.is_some()
    }

    /// Shows how far it is, with the words of its template.
    pub fn show(&self, done: u64, prefix: String, message: String) {
        if let Some(bar) = &self.0 {
            bar.set_message(message);
            bar.set_prefix(prefix);
            bar.set_position(done);
        }
    }

    /// Sets how far it goes.
    pub fn set_length(&self, length: u64) {
        if let Some(bar) = &self.0 {
            bar.set_length(length);
        }
    }

    /// Writes something else while the bar is away.
    pub fn suspend(&self, write: impl FnOnce()) {
        match &self.0 {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// Shows one phase of one run at a time. Of two that go on beside each other it shows the one that
/// it heard of first, and then what is left of the other.
pub(super) struct RunProgress {
    shown: bool,
    state: Mutex<State>,
}

struct State {
    /// When something was last heard of: the end of one phase is the beginning of the next.
    heard: Instant,
    current: Option<Current>,
    /// Another one that goes on, and when it began.
    other: Option<(Key, Instant)>,
}

type Key = (String, Phase, u64);

struct Current {
    key: Key,
    bar: Bar,
    began: Instant,
    over: bool,
}

impl State {
    /// Shows this run from now on, unless another one is shown that is not over. Says whether it is shown.
    fn turns_to(&mut self, key: Key, before: Instant) -> bool {
        match &self.current {
            Some(current) if current.key == key => return true,
            Some(current) if !current.over => {
                if self.other.as_ref().is_none_or(|(other, _)| *other != key) {
                    self.other = Some((key, current.began));
                }
                return false;
            }
            _ => {}
        }
        self.clear();
        let other = self.other.take().filter(|(other, _)| *other == key);
        let began = other.map_or(before, |(_, began)| began);
        self.current = Some(Current { bar: Bar::drawn(RUN, STEPS), key, began, over: false });
        true
    }

    fn clear(&mut self) {
        if let Some(old) = self.current.take() {
            old.bar.clear();
        }
    }
}

impl RunProgress {
    /// For standard error; it shows nothing when that is no terminal.
    pub fn new() -> Self {
        let state = State { heard: Instant::now(), current: None, other: None };
        Self { shown: io::stderr().is_terminal(), state: Mutex::new(state) }
    }

    /// Whether anything is shown.
    pub const fn is_shown(&self) -> bool {
        self.shown
    }

    /// Says that a phase begins now: it is first heard of when a slice of it is done.
    pub fn start(&self) {
        self.state().heard = Instant::now();
    }

    /// A panic elsewhere is never the news here.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows how far a run is.
    pub fn show(&self, progress: Progress) {
        if !self.shown {
            return;
        }
        let mut state = self.state();
        let before = std::mem::replace(&mut state.heard, Instant::now());
        if !state.turns_to((progress.path, progress.phase, progress.seed), before) {
            return;
        }
        let Some(current) = &mut state.current else {
            return;
        };
        current.over = progress.done >= 1.0;
        let rate = rate(progress.requests, current.began.elapsed());
        let requests = crate::units::count_to_f64(progress.requests);
        let message = format!("{} requests, {}/s", rounded(requests), rounded(rate));
        current.bar.show(steps(progress.done), prefix(&current.key), message);
    }

    /// Takes the bar away, so that a report can be printed.
    pub fn clear(&self) {
        let mut state = self.state();
        state.other = None;
        state.clear();
    }
}

/// Counts runs of many scenarios.
pub(super) struct Runs {
    bar: Bar,
    what: String,
}

impl Runs {
    /// For standard error; it shows nothing when that is no terminal.
    pub fn new(what: &str) -> Self {
        let bar = Bar::new("{prefix} [{bar:24}] {pos} of {len} runs, {eta} left", 0);
        Self { bar, what: what.to_owned() }
    }

    /// Shows how many runs are done.
    pub fn show(&self, done: usize, all: usize) {
        self.bar.set_length(all as u64);
        self.bar.show(done as u64, self.what.clone(), String::new());
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.clear();
    }
}

/// The bar of a run.
const RUN: &str = "{prefix} [{bar:24}] {percent:>3} %, {msg}, {eta} left";

fn prefix((path, phase, seed): &Key) -> String {
    let phase = match phase {
        Phase::Run => "run",
        Phase::Control => "control",
    };
    format!("{path} {phase} seed {seed}")
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

    fn far(phase: Phase, done: f64) -> Progress {
        Progress { path: "a.toml".into(), phase, seed: 1, done, requests: 1_000_000 }
    }

    #[test]
    fn the_first_line_of_each_phase_counts_the_time_of_its_first_slice() {
        let pause = || std::thread::sleep(Duration::from_millis(100));
        let bar = RunProgress { shown: true, ..RunProgress::new() };
        pause();
        bar.start();
        for phase in [Phase::Run, Phase::Control] {
            pause();
            bar.show(far(phase, 1.0));
            let state = bar.state();
            let current = state.current.as_ref().unwrap();
            let elapsed = current.began.elapsed();
            assert!(elapsed >= Duration::from_millis(100), "{elapsed:?}");
            // A pause is never shorter than asked for, so the rate is never above this.
            let message = current.bar.0.as_ref().unwrap().message();
            let shown = message.split(", ").nth(1).unwrap();
            let shown = shown.strip_suffix(" M/s").unwrap();
            assert!(shown.parse::<f64>().unwrap() <= 10.0, "{message}");
        }
    }

    #[test]
    fn of_two_beside_each_other_the_second_is_shown_when_the_first_is_over() {
        let bar = RunProgress { shown: true, ..RunProgress::new() };
        let shown = || bar.state().current.as_ref().map(|current| current.key.1);
        for (phase, done, wanted) in [
            (Phase::Run, 0.1, Phase::Run),
            (Phase::Control, 0.2, Phase::Run),
            (Phase::Run, 0.9, Phase::Run),
            (Phase::Run, 1.0, Phase::Run),
            (Phase::Control, 0.9, Phase::Control),
        ] {
            bar.show(far(phase, done));
            assert_eq!(shown(), Some(wanted), "{phase:?} {done}");
        }
        let began = bar.state().current.as_ref().map(|current| current.began);
        assert!(began < Some(Instant::now()), "it began when the first did");
        bar.clear();
        assert_eq!(shown(), None);
    }
}
