//! A circuit breaker (Nygard, "Release It!", 2007; rules and defaults of Resilience4j 2).
//!
//! Closed, it lets every call pass and looks at the last ones: when enough of them have failed, or were
//! slow, it opens. Open, it lets none pass for a while. Then it is half open: a few trials pass, the
//! rest do not, and what the trials say closes it or opens it again. It decides; it never schedules, so
//! it becomes half open when the first call asks after its time.

use crate::model::{BreakerRule, Window};
use crate::units::{Instant, Span, count_to_f64};
use std::collections::VecDeque;

/// What a breaker does with calls. Its number is what the metric shows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum State {
    /// It lets them pass.
    Closed = 0,
    /// It lets a few pass.
    HalfOpen = 1,
    /// It lets none pass.
    Open = 2,
}

/// Ended calls, and how many of them were bad.
#[derive(Clone, Copy, Default, Debug)]
struct Tally {
    all: u32,
    failed: u32,
    slow: u32,
}

impl Tally {
    const fn add(&mut self, other: Self) {
        self.all += other.all;
        self.failed += other.failed;
        self.slow += other.slow;
    }
    const fn take(&mut self, other: Self) {
        self.all -= other.all;
        self.failed -= other.failed;
        self.slow -= other.slow;
    }
}

/// One client's breaker.
#[derive(Clone, Debug)]
pub struct Breaker {
    rule: BreakerRule,
    state: State,
    /// Counts the changes of state: what belongs to an earlier one is not looked at.
    term: u32,
    /// Until when it is open.
    until: Instant,
    /// Half open: trials that have passed.
    passed: u32,
    /// The calls of the window, the oldest first: one each, or those of a second, by its number.
    window: VecDeque<(u64, Tally)>,
    sum: Tally,
}

impl Breaker {
    /// A closed breaker that has seen nothing.
    #[must_use]
    pub const fn new(rule: BreakerRule) -> Self {
        let sum = Tally { all: 0, failed: 0, slow: 0 };
        let (state, until) = (State::Closed, Instant::ZERO);
        Self { rule, state, term: 0, until, passed: 0, window: VecDeque::new(), sum }
    }

    /// What it does with calls.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Whether a call may pass now; with the term to which it belongs then.
    pub fn admit(&mut self, now: Instant) -> Option<u32> {
        if self.state == State::Open && now >= self.until {
            self.go(State::HalfOpen);
        }
        let passes = match self.state {
            State::Closed => true,
            State::HalfOpen => self.passed < self.rule.trials,
            State::Open => false,
        };
        self.passed += u32::from(self.state == State::HalfOpen && passes);
        passes.then_some(self.term)
    }

    /// A call of this term has ended, after `took`.
    pub fn record(&mut self, now: Instant, term: u32, failed: bool, took: Span) {
        if term != self.term {
            return;
        }
        let slow = u32::from(took > self.rule.slow);
        let call = Tally { all: 1, failed: u32::from(failed), slow };
        self.sum.add(call);
        let enough = match self.state {
            State::Closed => {
                self.slide(now, call);
                self.rule.minimum
            }
            State::HalfOpen => self.rule.trials,
            State::Open => return,
        };
        if self.sum.all < enough {
            return;
        }
        if self.is_bad() {
            self.go(State::Open);
            self.until = now.saturating_add(self.rule.open);
        } else if self.state == State::HalfOpen {
            self.go(State::Closed);
        }
    }

    /// A call of this term has ended in no way: its caller was given up. A trial may be made again.
    pub const fn forget(&mut self, term: u32) {
        if term == self.term {
            self.passed = self.passed.saturating_sub(1);
        }
    }

    /// Its owner moves: what is under way says nothing any more, and trials that were may be made again.
    pub fn move_on(&mut self) {
        self.term = self.term.wrapping_add(1);
        if self.state == State::HalfOpen {
            self.passed = self.sum.all;
        }
    }

    fn is_bad(&self) -> bool {
        let of = |count: u32, share: f64| {
            count_to_f64(count.into()) >= share * count_to_f64(self.sum.all.into())
        };
        of(self.sum.failed, self.rule.failures) || of(self.sum.slow, self.rule.slow_share)
    }

    /// Takes a call into the window, and out what is no longer in it.
    fn slide(&mut self, now: Instant, call: Tally) {
        match self.rule.window {
            Window::Calls(calls) => {
                self.window.push_back((0, call));
                if self.window.len() > calls as usize
                    && let Some((_, oldest)) = self.window.pop_front()
                {
                    self.sum.take(oldest);
                }
            }
            Window::Seconds(seconds) => {
                let second = now.as_nanos() / 1_000_000_000;
                match self.window.back_mut() {
                    Some((last, tally)) if *last == second => tally.add(call),
                    _ => self.window.push_back((second, call)),
                }
                while let Some(&(first, oldest)) = self.window.front()
                    && first + u64::from(seconds) <= second
                {
                    self.sum.take(oldest);
                    self.window.pop_front();
                }
            }
        }
    }

    fn go(&mut self, state: State) {
        self.state = state;
        self.term = self.term.wrapping_add(1);
        self.passed = 0;
        self.sum = Tally::default();
        self.window.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    const RULE: BreakerRule = BreakerRule {
        window: Window::Calls(10),
        minimum: 10,
        failures: 0.5,
        slow: Span::from_secs(60),
        slow_share: 1.0,
        open: Span::from_secs(60),
        trials: 3,
    };

    fn at(secs: u64) -> Instant {
        Instant::ZERO + Span::from_secs(secs)
    }

    /// Calls that end one after the other at an instant; true is a failure.
    fn calls(breaker: &mut Breaker, now: Instant, outcomes: &[bool]) -> State {
        for &failed in outcomes {
            let term = breaker.admit(now).unwrap();
            breaker.record(now, term, failed, Span::ZERO);
        }
        breaker.state()
    }

    #[test]
    fn it_opens_at_the_share_and_not_before_the_minimum() {
        let mut breaker = Breaker::new(RULE);
        assert_eq!(calls(&mut breaker, at(0), &[true; 9]), State::Closed);
        assert_eq!(calls(&mut breaker, at(0), &[false]), State::Open);
        let mut breaker = Breaker::new(RULE);
        assert_eq!(calls(&mut breaker, at(0), &[false; 6]), State::Closed);
        assert_eq!(calls(&mut breaker, at(0), &[true; 4]), State::Closed, "four of ten");
        assert_eq!(calls(&mut breaker, at(0), &[true]), State::Open, "five of the last ten");
    }

    #[test]
    fn open_it_lets_none_pass_and_then_a_few() {
        let mut breaker = Breaker::new(RULE);
        calls(&mut breaker, at(5), &[true; 10]);
        assert_eq!((breaker.admit(at(64)), breaker.state()), (None, State::Open));
        let trials: Vec<bool> = (0..5).map(|_| breaker.admit(at(65)).is_some()).collect();
        assert_eq!(trials, [true, true, true, false, false]);
        assert_eq!(breaker.state(), State::HalfOpen);
    }

    #[test]
    fn its_trials_close_it_or_open_it_again() {
        for (trials, then) in
            [([false, false, true], State::Closed), ([true, true, false], State::Open)]
        {
            let mut breaker = Breaker::new(RULE);
            calls(&mut breaker, at(0), &[true; 10]);
            assert_eq!(calls(&mut breaker, at(60), &trials), then);
            assert_eq!(breaker.admit(at(119)).is_some(), then == State::Closed);
            assert!(breaker.admit(at(120)).is_some());
        }
    }

    #[test]
    fn what_began_before_a_change_says_nothing_after_it() {
        let mut breaker = Breaker::new(RULE);
        let old = breaker.admit(at(0)).unwrap();
        calls(&mut breaker, at(0), &[true; 10]);
        let trial = breaker.admit(at(60)).unwrap();
        (0..3).for_each(|_| breaker.record(at(61), old, true, Span::ZERO));
        assert_eq!(breaker.state(), State::HalfOpen);
        breaker.forget(trial);
        assert_eq!((0..4).filter(|_| breaker.admit(at(61)).is_some()).count(), 3);
    }

    #[test]
    fn who_moves_leaves_calls_behind_and_takes_along_what_was_seen() {
        let mut breaker = Breaker::new(RULE);
        let old = breaker.admit(at(0)).unwrap();
        calls(&mut breaker, at(0), &[true; 9]);
        breaker.move_on();
        breaker.record(at(0), old, true, Span::ZERO);
        assert_eq!(breaker.state(), State::Closed, "the tenth says nothing");
        assert_eq!(calls(&mut breaker, at(0), &[true]), State::Open);
        let trials = (0..3).filter(|_| breaker.admit(at(60)).is_some()).count();
        breaker.move_on();
        assert_eq!((trials, breaker.admit(at(60)).is_some()), (3, true), "as many again");
    }

    #[test]
    fn slow_calls_open_it_too() {
        let rule = BreakerRule { slow: Span::from_secs(1), slow_share: 0.3, ..RULE };
        let mut breaker = Breaker::new(rule);
        for number in 0..10 {
            let term = breaker.admit(at(0)).unwrap();
            let took = Span::from_millis(if number < 3 { 1_001 } else { 1_000 });
            breaker.record(at(0), term, false, took);
        }
        assert_eq!(breaker.state(), State::Open);
    }

    #[test]
    fn a_window_of_calls_forgets_the_oldest() {
        let rule = BreakerRule { slow_share: 0.5, ..RULE };
        for failed in [true, false] {
            let mut breaker = Breaker::new(rule);
            let states = [(true, 4), (false, 10), (true, 4), (true, 1)].map(|(bad, count)| {
                for _ in 0..count {
                    let term = breaker.admit(at(0)).unwrap();
                    let took = Span::from_secs(if bad && !failed { 61 } else { 1 });
                    breaker.record(at(0), term, bad && failed, took);
                }
                breaker.state()
            });
            // Four of the last ten at most, and then five.
            let closed = State::Closed;
            assert_eq!(states, [closed, closed, closed, State::Open], "failed: {failed}");
        }
    }

    #[test]
    fn a_window_of_time_forgets_whole_seconds() {
        let rule = BreakerRule { window: Window::Seconds(10), minimum: 4, ..RULE };
        let mut breaker = Breaker::new(rule);
        assert_eq!(calls(&mut breaker, at(1), &[true, true, true]), State::Closed);
        assert_eq!(
            calls(&mut breaker, at(11), &[true, true, false]),
            State::Closed,
            "three are seen"
        );
        assert_eq!(calls(&mut breaker, at(12), &[false]), State::Open, "two of four");
    }

    /// On its first full window it opens with the binomial tail.
    #[test]
    fn it_trips_as_often_as_the_binomial_law_says() {
        let rule = BreakerRule { window: Window::Calls(20), minimum: 20, ..RULE };
        let (mut stream, trials, p) = (Seed(3).stream("breaker"), 100_000_u32, 0.3);
        let mut tripped = 0;
        for _ in 0..trials {
            let mut breaker = Breaker::new(rule);
            let outcomes: Vec<bool> = (0..20).map(|_| stream.chance(p)).collect();
            tripped += u32::from(calls(&mut breaker, at(0), &outcomes) == State::Open);
        }
        let choose = |k: i32| (1..=k).fold(1.0, |c, i| c * f64::from(21 - i) / f64::from(i));
        let tail: f64 = (10..=20).map(|k| choose(k) * p.powi(k) * (1.0 - p).powi(20 - k)).sum();
        let error = (tail * (1.0 - tail) / f64::from(trials)).sqrt();
        let seen = f64::from(tripped) / f64::from(trials);
        assert!((seen - tail).abs() < 4.0 * error, "{seen} against {tail}");
    }
}
