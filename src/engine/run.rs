//! Processes in lookahead windows, on one thread or many, with the same result.

use super::balance::share_out;
use super::barrier::{BreakOnPanic, SpinBarrier};
use super::process::{Context, Envelope, Event, Process};
use super::queue::EventQueue;
use super::{Digest, fold_digests};
use crate::units::{Instant, Span};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Runs processes that are joined only by messages which take at least the lookahead. Within a
/// window of that length no process can disturb another (conservative synchronisation: Chandy and
/// Misra 1979; windows: Steinman 1992), so the windows run on any number of threads.
#[derive(Debug)]
pub struct Engine<P: Process> {
    lanes: Vec<Lane<P>>,
    lookahead: Span,
    now: Instant,
}

/// A process with what belongs to it alone.
#[derive(Debug)]
struct Lane<P: Process> {
    process: P,
    queue: EventQueue<P::Event>,
    outbox: Vec<Envelope<P::Event>>,
    next_flow: Instant,
    digest: Digest,
    handled: u64,
    /// Flow steps and, each as much as several of them, events since the last sharing out.
    work: u64,
}

/// An event takes about as long as this many steps of the flow (measured on drill 1).
const STEPS_OF_AN_EVENT: u64 = 2;
/// Windows after which the processes are shared out anew among the threads.
const WINDOWS: u32 = 64;

impl<P: Process> Lane<P> {
    /// Everything that happens before `end`.
    fn window(&mut self, start: Instant, end: Instant, lookahead: Span) {
        let mut ctx = Context {
            now: start,
            window_end: end,
            lookahead,
            steps: 0,
            queue: &mut self.queue,
            outbox: &mut self.outbox,
        };
        loop {
            self.next_flow = self.process.flow(&mut ctx);
            if ctx.queue.next_at() >= end {
                break;
            }
            let Some((at, event)) = ctx.queue.pop() else {
                break;
            };
            ctx.now = at;
            self.digest.word(at.as_nanos());
            self.digest.word(event.fingerprint());
            self.handled += 1;
            self.work += STEPS_OF_AN_EVENT;
            self.process.handle(event, &mut ctx);
        }
        self.work += ctx.steps;
    }

    fn next_at(&self) -> Instant {
        self.queue.next_at().min(self.next_flow)
    }
}

impl<P: Process> Engine<P> {
    /// An engine at instant zero.
    ///
    /// # Panics
    /// When the lookahead is zero: windows would have no length.
    #[must_use]
    pub fn new(processes: Vec<P>, lookahead: Span) -> Self {
        assert!(lookahead > Span::ZERO, "messages must take time");
        let lanes = processes
            .into_iter()
            .map(|process| Lane {
                process,
                queue: EventQueue::default(),
                outbox: Vec::new(),
                next_flow: Instant::ZERO,
                digest: Digest::default(),
                handled: 0,
                work: 0,
            })
            .collect();
        Self { lanes, lookahead, now: Instant::ZERO }
    }

    /// Puts an event into a process's queue from outside, before or between runs.
    ///
    /// # Panics
    /// When `at` has passed.
    pub fn schedule(&mut self, process: usize, at: Instant, event: P::Event) {
        assert!(at >= self.now, "{event:?} scheduled for {at}, which has passed");
        self.lanes[process].queue.push(at, event);
    }

    /// Everything that happens before `until`. May be called again with a later instant. The digest
    /// of all events handled so far is the same for every number of threads.
    pub fn run(&mut self, until: Instant, threads: NonZeroUsize) -> Digest {
        let threads = threads.get().min(self.lanes.len());
        if threads <= 1 {
            self.run_alone(until);
        } else {
            self.run_together(until, threads);
        }
        self.now = self.now.max(until);
        self.digest()
    }

    fn run_alone(&mut self, until: Instant) {
        let mut lanes: Vec<&mut Lane<P>> = self.lanes.iter_mut().collect();
        let mut start = self.now;
        while start < until {
            let end = start.saturating_add(self.lookahead).min(until);
            for lane in &mut lanes {
                lane.window(start, end, self.lookahead);
            }
            start = exchange(&mut lanes, end);
        }
    }

    /// Each thread has processes of its own, whose memory stays near it, and helps with the others'
    /// when it is done.
    fn run_together(&mut self, until: Instant, threads: usize) {
        let lookahead = self.lookahead;
        let lanes: Vec<Mutex<&mut Lane<P>>> = self.lanes.iter_mut().map(Mutex::new).collect();
        let barrier = SpinBarrier::new(threads);
        let start = AtomicU64::new(self.now.as_nanos());
        let taken: Vec<AtomicBool> = lanes.iter().map(|_| AtomicBool::new(false)).collect();
        let orders: Vec<Mutex<Vec<usize>>> =
            orders(&lanes, threads).into_iter().map(Mutex::new).collect();
        let worker = |me: usize| {
            let _guard = BreakOnPanic(&barrier);
            for window in 1_u32.. {
                let begin = Instant::from_nanos(start.load(Ordering::Acquire));
                if begin >= until {
                    return;
                }
                let end = begin.saturating_add(lookahead).min(until);
                for &lane in lock(&orders[me]).iter() {
                    if !taken[lane].swap(true, Ordering::AcqRel) {
                        lock(&lanes[lane]).window(begin, end, lookahead);
                    }
                }
                if !barrier.wait() {
                    return;
                }
                if me == 0 {
                    let mut all: Vec<_> = lanes.iter().map(lock).collect();
                    let mut refs: Vec<&mut Lane<P>> =
                        all.iter_mut().map(|lane| &mut ***lane).collect();
                    let next = exchange(&mut refs, end);
                    drop(all);
                    if window % WINDOWS == 0 {
                        let renewed = self::orders(&lanes, threads);
                        orders.iter().zip(renewed).for_each(|(order, new)| *lock(order) = new);
                    }
                    taken.iter().for_each(|taken| taken.store(false, Ordering::Release));
                    start.store(next.as_nanos(), Ordering::Release);
                }
                if !barrier.wait() {
                    return;
                }
            }
        };
        std::thread::scope(|scope| {
            for me in 1..threads {
                let worker = &worker;
                scope.spawn(move || worker(me));
            }
            worker(0);
        });
    }

    /// The digest of all events handled so far, in the order of processes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        fold_digests(self.lanes.iter().map(|lane| lane.digest))
    }

    /// How many events were handled so far.
    #[must_use]
    pub fn handled(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.handled).sum()
    }

    /// The instant up to which everything has happened.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The processes, in order.
    pub fn processes(&self) -> impl Iterator<Item = &P> {
        self.lanes.iter().map(|lane| &lane.process)
    }

    /// The processes, in order, to be read out between runs.
    pub fn processes_mut(&mut self) -> impl Iterator<Item = &mut P> {
        self.lanes.iter_mut().map(|lane| &mut lane.process)
    }
}

/// A panic elsewhere ends the run by the barrier; the lock itself is never the news.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// For each thread, the processes in the order in which it looks for one to run: its own, then the
/// others' from their ends.
fn orders<P: Process>(lanes: &[Mutex<&mut Lane<P>>], threads: usize) -> Vec<Vec<usize>> {
    let work: Vec<u64> = lanes.iter().map(|lane| std::mem::take(&mut lock(lane).work)).collect();
    let shares = share_out(&work, threads);
    let order = |me: usize| {
        let others = (1..threads).map(|step| &shares[(me + step) % threads]);
        let help = others.flat_map(|share| share.iter().rev());
        shares[me].iter().chain(help).copied().collect()
    };
    (0..threads).map(order).collect()
}

/// Messages enter their receivers' queues in the order of sender and number. Returns where the next
/// window starts: at the first thing that is due, for nothing happens before.
fn exchange<P: Process>(lanes: &mut [&mut Lane<P>], end: Instant) -> Instant {
    for sender in 0..lanes.len() {
        let mut outbox = std::mem::take(&mut lanes[sender].outbox);
        for Envelope { to, at, event } in outbox.drain(..) {
            lanes[to].queue.push(at, event);
        }
        lanes[sender].outbox = outbox;
    }
    lanes.iter().map(|lane| lane.next_at()).min().unwrap_or(Instant::NEVER).max(end)
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
