use super::*;
use crate::engine::Seed;

const fn at(micros: u64) -> Instant {
    Instant::from_nanos(micros * 1_000)
}

const PERIOD: Span = Span::from_millis(100);

/// Ends of calls (number, comes, work), in microseconds, by following what `next` says.
fn ends(mut cpu: Cpu<u32>, jobs: &[(u32, u64, u64)]) -> Vec<(u32, u64)> {
    let mut ends = Vec::new();
    let mut take = |cpu: &mut Cpu<u32>, until: Instant| {
        while let Some(next) = cpu.next().filter(|&next| next <= until) {
            while let Some(job) = cpu.take_done(next) {
                assert_eq!(next.as_nanos() % 1_000, 0, "to the nanosecond");
                ends.push((job, next.as_nanos() / 1_000));
            }
            cpu.used(next);
        }
    };
    for &(job, comes, work) in jobs {
        take(&mut cpu, at(comes));
        cpu.add(job, Span::from_micros(work), at(comes));
    }
    take(&mut cpu, at(1_000_000_000));
    ends
}

#[test]
fn the_quota_holds_up_as_under_linux() {
    let cpu = |threads, limit| Cpu::new(threads, 16_000, Some((limit, PERIOD)));
    // 120 ms on ten threads at half a core: 5 ms, 5 ms and 2 ms of ten cores.
    assert_eq!(ends(cpu(10, 500), &[(1, 0, 120_000)]), [(1, 202_000)]);
    // On one thread: 50 ms, 50 ms and 20 ms.
    assert_eq!(ends(cpu(1, 500), &[(1, 0, 120_000)]), [(1, 220_000)]);
    // A second on ten threads at one core: nine times 10 of 100 ms, and 10 ms.
    assert_eq!(ends(cpu(10, 1_000), &[(1, 0, 1_000_000)]), [(1, 910_000)]);
    // What fits into the quota is not held up, and neither is one thread by a whole core.
    assert_eq!(ends(cpu(10, 1_000), &[(1, 0, 99_000)]), [(1, 9_900)]);
    assert_eq!(ends(cpu(1, 1_000), &[(1, 0, 1_000_000)]), [(1, 1_000_000)]);
}

#[test]
fn ten_threads_at_one_core_run_ten_milliseconds_and_stand_ninety() {
    let mut cpu = Cpu::new(10, 16_000, Some((1_000, PERIOD)));
    cpu.add(1, Span::from_millis(950), at(0));
    let mut seen = Vec::new();
    while let Some(next) = cpu.next().filter(|&next| next <= at(300_000)) {
        cpu.take_done(next);
        seen.push((next.as_nanos() / 1_000_000, cpu.stands()));
    }
    assert_eq!(
        seen,
        [(10, true), (100, false), (110, true), (200, false), (210, true), (300, false)]
    );
    assert_eq!((cpu.throttled(), cpu.used(at(305_000))), (3, 350_000_000));
}

#[test]
fn a_call_late_in_a_period_may_stand_in_the_next() {
    // Two cores from 60 ms on take 80 of the 89 ms that are left, and the next 90 ms until 145 ms.
    let mut cpu = Cpu::new(2, 16_000, Some((900, PERIOD)));
    cpu.add(1, Span::from_millis(1), at(0));
    assert_eq!(cpu.take_done(at(60_000)), Some(1));
    cpu.add(2, Span::from_millis(300), at(60_000));
    let mut seen = Vec::new();
    while let Some(next) = cpu.next() {
        cpu.take_done(next);
        seen.push((next.as_nanos() / 1_000_000, cpu.stands()));
    }
    assert_eq!(
        seen,
        [(100, false), (145, true), (200, false), (245, true), (300, false), (320, false)]
    );
}

#[test]
fn of_all_pods_each_stop_is_seen_once() {
    // One thread at half a core stands from 50 ms to 100 ms of each period; 40 ms never do.
    let rules = CpuRules { limit: Some(500), ..CpuRules::PLAIN };
    let mut cpus = Cpus::new(&rules, 2);
    for (pod, work) in [(0, 200), (1, 40)] {
        cpus.at(pod, |cpu| cpu.add(pod, Span::from_millis(work), at(0)));
    }
    let mut look = |millis: u64| {
        for pod in [0, 1] {
            cpus.at(pod, |cpu| cpu.take_done(at(millis * 1_000)));
        }
        cpus.seen()
    };
    assert_eq!([40, 60, 70, 100].map(&mut look), [(0, 0), (1, 1), (1, 0), (0, 0)]);
    assert_eq!(
        [310, 360].map(&mut look),
        [(0, 2), (0, 0)],
        "two have passed, and it ends at 350 ms"
    );
}

#[test]
fn periods_begin_with_the_first_call_and_keep_their_phase() {
    // Periods begin at 7 ms, 107 ms and so on. The second comes 30 ms into one that nobody has used:
    // two cores run 25 ms there, 25 ms from 207 ms on and 5 ms from 307 ms on.
    let cpu = Cpu::new(2, 16_000, Some((500, PERIOD)));
    let jobs = [(1, 7_000, 10_000), (2, 137_000, 110_000)];
    assert_eq!(ends(cpu, &jobs), [(1, 12_000), (2, 312_000)]);
}

#[test]
fn calls_share_the_cores_and_no_call_gets_more_than_its_threads() {
    // Alone 100 ms; two on one core at half the speed from 40 ms: 20 ms more takes 40.
    let one = |threads| Cpu::new(threads, 1_000, None);
    for threads in [1, 8] {
        let jobs = [(1, 0, 100_000), (2, 40_000, 20_000)];
        assert_eq!(ends(one(threads), &jobs), [(2, 80_000), (1, 120_000)]);
    }
    // Four cores: three calls of one thread are alone, of two threads they share.
    let jobs = [(1, 0, 8_000), (2, 0, 8_000), (3, 0, 8_000)];
    let all_at = |end| [(1, end), (2, end), (3, end)];
    assert_eq!(ends(Cpu::new(1, 4_000, None), &jobs), all_at(8_000));
    assert_eq!(ends(Cpu::new(2, 4_000, None), &jobs), all_at(6_000));
}

#[test]
fn fewer_cores_slow_from_the_instant_on_at_which_there_are_fewer() {
    let mut cpu = Cpu::new(4, 4_000, None);
    cpu.add(1, Span::from_millis(100), at(0));
    cpu.set_cores(1_000, at(10_000));
    assert_eq!(cpu.next(), Some(at(70_000)), "40 ms are done, 60 at one core");
    cpu.set_cores(2_000, at(20_000));
    assert_eq!(cpu.next(), Some(at(45_000)));
    assert_eq!(cpu.take_done(at(45_000)), Some(1));
    assert_eq!(cpu.used(at(50_000)), 100_000_000);
}

#[test]
fn who_is_withdrawn_needs_no_more() {
    let mut cpu = Cpu::new(1, 1_000, Some((500, PERIOD)));
    cpu.add(1, Span::from_millis(100), at(0));
    cpu.add(2, Span::from_millis(100), at(0));
    cpu.withdraw(2, at(20_000));
    assert_eq!(cpu.used(at(20_000)), 20_000_000);
    // The first has 90 left, 30 of this period's quota.
    assert_eq!(cpu.next(), Some(at(50_000)), "the quota");
    cpu.withdraw(1, at(60_000));
    assert_eq!((cpu.next(), cpu.used(at(99_000))), (None, 50_000_000));
    // It has nothing left of its quota for whoever comes before the period ends.
    cpu.add(3, Span::from_millis(10), at(99_000));
    assert_eq!((cpu.stands(), cpu.next()), (true, Some(at(100_000))));
    assert_eq!((cpu.take_done(at(100_000)), cpu.next()), (None, Some(at(110_000))));
}

#[test]
fn a_pod_never_uses_more_than_its_quota_and_loses_none_while_it_works() {
    let mut cpu = Cpu::new(3, 7_000, Some((700, Span::from_millis(10))));
    (0..3_000_u32).for_each(|job| {
        cpu.add(job, Span::from_nanos(1_000_003 + u64::from(job) * 7), at(0));
    });
    for period in 1..300_u64 {
        let used = cpu.used(at(period * 10_000));
        assert!(used.abs_diff(u128::from(period) * 7_000_000) <= 1, "{period}: {used}");
    }
}

/// A change at a pod, with its time in nanoseconds.
#[derive(Clone, Copy, Debug)]
enum Change {
    Comes { work: f64 },
    Cores(f64),
}

/// Another way to the same ends, with floats: all that is left of each call is kept, and goes down
/// from one change to the next.
fn plainly(
    changes: &[(f64, Change)],
    (threads, mut cores): (f64, f64),
    (limit, period): (f64, f64),
) -> Vec<f64> {
    const EPSILON: f64 = 1e-3;
    let mut ends = Vec::new();
    let mut left: Vec<(usize, f64)> = Vec::new();
    let (mut now, mut next) = (0.0, 0);
    let (mut turn, mut quota) = (f64::INFINITY, limit * period);
    while next < changes.len() || !left.is_empty() {
        let count = crate::units::count_to_f64(left.len() as u64);
        let stands = quota < EPSILON;
        let in_use = if stands { 0.0 } else { f64::min(cores, count * threads) };
        let rate = if count > 0.0 { in_use / count } else { 0.0 };
        let change = changes.get(next).map_or(f64::INFINITY, |&(at, _)| at);
        let first = left.iter().map(|&(_, left)| left).fold(f64::INFINITY, f64::min);
        let to_end = if rate > 0.0 { now + first / rate } else { f64::INFINITY };
        let to_out = if in_use > 0.0 { now + quota / in_use } else { f64::INFINITY };
        let until = [change, to_end, to_out, turn].into_iter().fold(f64::INFINITY, f64::min);
        left.iter_mut().for_each(|(_, left)| *left -= (until - now) * rate);
        quota -= (until - now) * in_use;
        now = until;
        left.retain(|&(job, left)| {
            if left < EPSILON {
                ends[job] = now;
            }
            left >= EPSILON
        });
        if now >= turn {
            (turn, quota) = (turn + period, limit * period);
        }
        if now >= change {
            next += 1;
            match changes[next - 1].1 {
                Change::Cores(other) => cores = other,
                Change::Comes { work } => {
                    if turn == f64::INFINITY {
                        turn = now + period;
                    }
                    left.push((ends.len(), work));
                    ends.push(f64::NAN);
                }
            }
        }
    }
    ends
}

/// The same by what is tested.
fn by_the_pod(changes: &[(f64, Change)], mut cpu: Cpu<usize>) -> Vec<f64> {
    let mut ends: Vec<f64> = Vec::new();
    let mut came = 0;
    let mut take = |cpu: &mut Cpu<usize>, until: Instant| {
        while let Some(next) = cpu.next().filter(|&next| next <= until) {
            while let Some(job) = cpu.take_done(next) {
                ends.resize(ends.len().max(job + 1), f64::NAN);
                ends[job] = crate::units::count_to_f64(next.as_nanos());
            }
            cpu.used(next);
        }
    };
    for &(at, change) in changes {
        let at = Instant::ZERO + Span::from_nanos_f64(at);
        take(&mut cpu, at);
        match change {
            Change::Comes { work } => {
                cpu.add(came, Span::from_nanos_f64(work), at);
                came += 1;
            }
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            // reason: whole thousandths
            Change::Cores(cores) => cpu.set_cores((cores * 1e3) as u32, at),
        }
    }
    take(&mut cpu, Instant::ZERO + Span::from_secs(1_000_000));
    ends
}

#[test]
fn what_is_left_of_each_call_says_the_same() {
    let mut stream = Seed(5).stream("test");
    for case in 0..60_u32 {
        let mut at = 0.0;
        let changes: Vec<(f64, Change)> = (0..80)
            .map(|_| {
                at += libm::floor(stream.unit() * 4e7);
                let change = match stream.below(8) {
                    0 => Change::Cores(libm::floor(1.0 + stream.unit() * 6.0) / 2.0),
                    _ => Change::Comes { work: libm::floor(1.0 + stream.unit() * 6e7) },
                };
                (at, change)
            })
            .collect();
        let (threads, period) = (1 + case % 4, Span::from_millis(u64::from(10 + 30 * (case % 3))));
        let limit = 700 + 650 * (case % 5);
        let cpu = Cpu::new(threads, 2_500, Some((limit, period)));
        let seen = by_the_pod(&changes, cpu);
        let limit = (f64::from(limit) / 1e3, crate::units::count_to_f64(period.as_nanos()));
        let plain = plainly(&changes, (f64::from(threads), 2.5), limit);
        assert_eq!(seen.len(), plain.len());
        for (job, (seen, plain)) in seen.iter().zip(&plain).enumerate() {
            assert!((seen - plain).abs() < 10.0, "case {case}, call {job}: {seen} and {plain} ns");
        }
    }
}
