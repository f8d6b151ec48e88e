//! Independent jobs on several threads, whose results come in the order of the jobs.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::sync::mpsc::sync_channel;
use std::thread;

/// Does each job on one of `threads` threads and hands the results to `take` in the order of the jobs,
/// on the calling thread, as soon as all before them are there. `take` says whether to go on: after a
/// `false` no further job is begun, and what comes of those under way is dropped.
///
/// Jobs are drawn from the iterator when a thread is free, and a thread waits when it is far ahead of
/// the slowest job: memory does not grow with the number of jobs. A job that panics makes this call
/// panic, once those under way are over.
pub fn in_order<J: Send, R: Send>(
    jobs: impl Iterator<Item = J> + Send,
    threads: NonZeroUsize,
    work: impl Fn(J) -> R + Sync,
    mut take: impl FnMut(R) -> bool,
) {
    let window = threads.get() * AHEAD;
    let queue = Mutex::new(jobs.enumerate());
    let (results, finished) = sync_channel::<(usize, thread::Result<R>)>(window);
    // A thread that would start a job too far ahead of what was taken waits for a ticket.
    let (tickets, waiting) = sync_channel::<()>(window);
    let waiting = Mutex::new(waiting);
    for _ in 0..window {
        let _ = tickets.try_send(());
    }
    thread::scope(|scope| {
        for _ in 0..threads.get() {
            let (queue, waiting, work, results) = (&queue, &waiting, &work, results.clone());
            scope.spawn(move || {
                loop {
                    if lock(waiting).recv().is_err() {
                        return;
                    }
                    let Some((number, job)) = lock(queue).next() else {
                        return;
                    };
                    let result = panic::catch_unwind(AssertUnwindSafe(|| work(job)));
                    if results.send((number, result)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(results);
        let mut early = BTreeMap::new();
        let mut next = 0;
        let mut panicked = None;
        'all: for (number, result) in &finished {
            match result {
                Ok(result) => drop(early.insert(number, result)),
                Err(payload) => {
                    panicked = Some(payload);
                    break;
                }
            }
            while let Some(result) = early.remove(&next) {
                next += 1;
                if !take(result) {
                    break 'all;
                }
                let _ = tickets.try_send(());
            }
        }
        // Nobody is to wait for a place or for a ticket that never comes.
        drop(finished);
        drop(tickets);
        if let Some(payload) = panicked {
            panic::resume_unwind(payload);
        }
    });
}

/// Jobs for each thread that may be under way or done, but not yet taken.
const AHEAD: usize = 4;

/// A lock whose holder has panicked is of no use to the others, but their own results are sound.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    fn threads(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).unwrap()
    }

    #[test]
    fn results_come_in_the_order_of_the_jobs() {
        for count in [1, 2, 7] {
            let mut seen = Vec::new();
            let slow_at_first = |n: u64| {
                thread::sleep(Duration::from_millis(if n.is_multiple_of(5) { 3 } else { 0 }));
                n * n
            };
            in_order(0..100_u64, threads(count), slow_at_first, |square| {
                seen.push(square);
                true
            });
            assert_eq!(seen, (0..100).map(|n| n * n).collect::<Vec<u64>>());
        }
    }

    #[test]
    fn it_ends_when_it_is_told_to() {
        let begun = AtomicUsize::new(0);
        let mut taken = 0;
        let work = |_| begun.fetch_add(1, Ordering::Relaxed);
        in_order(0..1_000_000, threads(3), work, |_| {
            taken += 1;
            taken < 10
        });
        assert_eq!(taken, 10);
        assert!(begun.into_inner() <= 10 + 3 * AHEAD + 3);
    }

    #[test]
    fn nobody_runs_far_ahead_of_the_slowest() {
        let (begun, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let most = AtomicUsize::new(0);
        let work = |n: usize| {
            let ahead = begun.fetch_add(1, Ordering::SeqCst) + 1 - taken.load(Ordering::SeqCst);
            most.fetch_max(ahead, Ordering::SeqCst);
            if n == 0 {
                thread::sleep(Duration::from_millis(50));
            }
        };
        in_order(0..500, threads(2), work, |()| {
            taken.fetch_add(1, Ordering::SeqCst);
            true
        });
        assert!(most.into_inner() <= 2 * AHEAD + 1);
    }

    #[test]
    #[should_panic(expected = "the third")]
    fn a_panic_is_passed_on_and_nobody_waits_for_ever() {
        let work = |n: usize| assert!(n != 3, "the third");
        in_order(0..1_000, threads(2), work, |()| true);
    }

    #[test]
    fn no_jobs_are_no_trouble() {
        in_order(std::iter::empty::<u8>(), threads(2), |n| n, |_| panic!("there is nothing"));
    }
}
