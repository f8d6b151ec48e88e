//! A barrier for windows that last a fraction of a millisecond.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Waits by spinning first and yielding later: a window is shorter than a sleep of the kernel.
/// A worker that panics breaks the barrier, so that the others end too instead of waiting for ever.
pub(super) struct SpinBarrier {
    parties: usize,
    spins: u32,
    arrived: AtomicUsize,
    round: AtomicUsize,
    broken: AtomicBool,
}

/// How many processors this process may use; one where the system does not say. More threads than that only
/// wait for each other.
#[must_use]
pub fn processors() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Spins before the first yield: about the length of a window in a full-size run.
const SPINS: u32 = 20_000;

impl SpinBarrier {
    /// A barrier for this many workers. With more workers than processors whoever spins keeps
    /// another from its work, so then nobody does.
    pub fn new(parties: usize) -> Self {
        Self {
            parties,
            spins: if parties <= processors().get() { SPINS } else { 0 },
            arrived: AtomicUsize::new(0),
            round: AtomicUsize::new(0),
            broken: AtomicBool::new(false),
        }
    }

    /// Waits until all parties have come. False when another worker has panicked.
    pub fn wait(&self) -> bool {
        let round = self.round.load(Ordering::Acquire);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.parties {
            self.arrived.store(0, Ordering::Relaxed);
            self.round.store(round.wrapping_add(1), Ordering::Release);
            return !self.broken.load(Ordering::Acquire);
        }
        let mut spins = 0;
        while self.round.load(Ordering::Acquire) == round {
            if self.broken.load(Ordering::Acquire) {
                return false;
            }
            if spins < self.spins {
                spins += 1;
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
        !self.broken.load(Ordering::Acquire)
    }
}

/// Breaks the barrier when its worker unwinds.
pub(super) struct BreakOnPanic<'a>(pub &'a SpinBarrier);

impl Drop for BreakOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.broken.store(true, Ordering::Release);
        }
    }
}
