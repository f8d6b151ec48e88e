//! Which thread looks after which process.

/// Shares processes out among threads, so that the busiest thread has little more than its part: the
/// longest first to whoever has least (Graham, "Bounds on Multiprocessing Timing Anomalies", 1969),
/// then exchanges as long as they help. Each thread's list begins with what takes longest. Which
/// thread does what never changes a result; it changes how long the threads wait for one another.
pub(super) fn share_out(work: &[u64], threads: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..work.len()).collect();
    order.sort_by_key(|&process| std::cmp::Reverse(work[process]));
    let mut shares = vec![Vec::new(); threads];
    let mut loads = vec![0_u64; threads];
    for process in order {
        let least = (0..threads).min_by_key(|&thread| loads[thread]).unwrap_or(0);
        loads[least] += work[process];
        shares[least].push(process);
    }
    while exchange(work, &mut shares, &mut loads) {}
    for share in &mut shares {
        share.sort_by_key(|&process| std::cmp::Reverse(work[process]));
    }
    shares
}

/// Moves a process from the busiest thread to another, or exchanges two, where that helps most.
/// Ends, because the larger of the two loads falls with each exchange.
fn exchange(work: &[u64], shares: &mut [Vec<usize>], loads: &mut [u64]) -> bool {
    let busiest = (0..loads.len()).max_by_key(|&thread| loads[thread]).unwrap_or(0);
    let mut best = None;
    let mut least = loads[busiest];
    for other in (0..loads.len()).filter(|&other| other != busiest) {
        for (mine, &gives) in shares[busiest].iter().enumerate() {
            let theirs = shares[other].iter().enumerate();
            let nothing = std::iter::once((None, 0));
            let takes = theirs.map(|(place, &process)| (Some(place), work[process]));
            for (place, takes) in takes.chain(nothing) {
                let here = loads[busiest] - work[gives] + takes;
                let there = loads[other] + work[gives] - takes;
                if here.max(there) < least {
                    least = here.max(there);
                    best = Some((mine, other, place, here, there));
                }
            }
        }
    }
    let Some((mine, other, place, here, there)) = best else { return false };
    let given = shares[busiest].swap_remove(mine);
    if let Some(place) = place {
        let taken = std::mem::replace(&mut shares[other][place], given);
        shares[busiest].push(taken);
    } else {
        shares[other].push(given);
    }
    (loads[busiest], loads[other]) = (here, there);
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    fn longest(work: &[u64], shares: &[Vec<usize>]) -> u64 {
        let sums = shares.iter().map(|share| share.iter().map(|&process| work[process]).sum());
        sums.max().unwrap()
    }

    #[test]
    fn five_regions_on_two_threads_are_even() {
        let work = [60, 50, 40, 30, 20];
        let shares = share_out(&work, 2);
        assert_eq!(longest(&work, &shares), 100, "{shares:?}");
    }

    #[test]
    fn everything_is_given_once_and_the_longest_share_is_short() {
        let mut stream = Seed(1).stream("balance");
        for _ in 0..300 {
            let count = usize::try_from(1 + stream.below(20)).unwrap();
            let threads = usize::try_from(1 + stream.below(6)).unwrap();
            let work: Vec<u64> = (0..count).map(|_| stream.below(1_000)).collect();
            let shares = share_out(&work, threads);
            let mut given: Vec<usize> = shares.concat();
            given.sort_unstable();
            assert_eq!(given, (0..count).collect::<Vec<_>>());
            // Graham's bound for the longest first: 4/3 of the best, which is at least the mean and
            // at least the longest.
            let mean = work.iter().sum::<u64>().div_ceil(threads as u64);
            let mut sorted = work.clone();
            sorted.sort_unstable_by(|one, two| two.cmp(one));
            let pair = sorted.get(threads).map_or(0, |next| sorted[threads - 1] + next);
            let best = mean.max(sorted[0]).max(pair);
            assert!(3 * longest(&work, &shares) <= 4 * best + 3, "{work:?} {shares:?}");
        }
    }

    #[test]
    fn idle_processes_are_shared_out_too() {
        assert_eq!(share_out(&[0, 0, 0], 2).concat().len(), 3);
    }
}
