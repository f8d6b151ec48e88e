use super::super::{Seed, Stream};
use super::*;

fn at(seconds: f64) -> Instant {
    Instant::ZERO.saturating_add(Span::from_secs_f64(seconds))
}

fn profile(points: &[(f64, f64)]) -> Profile {
    let points: Vec<(Instant, f64)> = points.iter().map(|&(t, f)| (at(t), f)).collect();
    Profile::new(&points).unwrap()
}

/// A ramp up, a plateau, a jump, a ramp to zero, a silence, a jump, a constant end.
fn varied() -> Profile {
    profile(&[
        (10.0, 0.5),
        (30.0, 2.0),
        (40.0, 2.0),
        (40.0, 5.0),
        (60.0, 0.0),
        (70.0, 0.0),
        (70.0, 1.5),
        (90.0, 0.25),
    ])
}

fn arrivals(profile: &Profile, rate: f64, until: f64, stream: &mut Stream) -> Vec<f64> {
    let poisson = Poisson::new(rate).unwrap();
    let mut cursor = ProfileCursor::default();
    let mut now = Instant::ZERO;
    let mut seen = Vec::new();
    loop {
        let next = poisson.next(profile, &mut cursor, now, stream.exponential());
        assert!(next >= now);
        now = next;
        if now >= at(until) {
            return seen;
        }
        seen.push(now.as_secs_f64());
    }
}

#[test]
fn factors_and_means_agree_with_hand_computed_ones() {
    let varied = varied();
    for (t, factor) in [
        (0.0, 0.5),
        (10.0, 0.5),
        (20.0, 1.25),
        (30.0, 2.0),
        (39.999_999_999, 2.0),
        (40.0, 5.0),
        (50.0, 2.5),
        (65.0, 0.0),
        (70.0, 1.5),
        (80.0, 0.875),
        (1_000.0, 0.25),
    ] {
        assert!((varied.factor(at(t)) - factor).abs() < 1e-9, "{t}: {}", varied.factor(at(t)));
    }
    for (from, to, integral) in [
        (0.0, 10.0, 5.0),
        (10.0, 30.0, 25.0),
        (0.0, 40.0, 50.0),
        (40.0, 60.0, 50.0),
        (60.0, 70.0, 0.0),
        (50.0, 80.0, 12.5 + 11.875),
        (0.0, 100.0, 50.0 + 50.0 + 17.5 + 2.5),
        (5.0, 5.0, 0.0),
        (9.0, 5.0, 0.0),
    ] {
        let seen = varied.integral(at(from), at(to));
        assert!((seen - integral).abs() < 1e-9, "{from} to {to}: {seen}");
    }
    assert!((varied.mean(at(10.0), at(30.0)) - 1.25).abs() < 1e-12);
    assert!((varied.mean(at(20.0), at(20.0)) - 1.25).abs() < 1e-12);
    assert!(Profile::flat().is_flat() && profile(&[(5.0, 1.0), (9.0, 1.0)]).is_flat());
    assert!(!varied.is_flat());
}

#[test]
fn counts_in_windows_are_poisson() {
    for (name, profile) in [
        ("flat", Profile::flat()),
        ("tripled", profile(&[(0.0, 3.0)])),
        ("ramp", profile(&[(0.0, 0.0), (100.0, 4.0)])),
        ("fall", profile(&[(0.0, 4.0), (100.0, 0.0)])),
        ("varied", varied()),
    ] {
        let mut stream = Seed(7).stream(name);
        let mut counts = [0_u32; 50];
        for t in arrivals(&profile, 2_000.0, 100.0, &mut stream) {
            let window = (0..50).rev().find(|&w| f64::from(w) * 2.0 <= t).unwrap();
            counts[usize::try_from(window).unwrap()] += 1;
        }
        let mut chi = 0.0;
        for (i, &count) in counts.iter().enumerate() {
            let from = 2.0 * i as f64;
            let expected = 2_000.0 * profile.integral(at(from), at(from + 2.0));
            let off = f64::from(count) - expected;
            assert!(off.abs() <= 4.0 * expected.sqrt(), "{name} {from}: {count} not {expected}");
            chi += if expected > 0.0 { off * off / expected } else { 0.0 };
        }
        // 99.9 % points of chi-square: 86.7 with 50 degrees of freedom; 20 are exceeded with 40.
        assert!(chi < 86.7 && chi > 15.0, "{name}: {chi}");
    }
}

#[test]
fn gaps_are_exponential_in_changed_time() {
    let daily: Vec<(f64, f64)> =
        (0..=24).map(|h| (f64::from(h) * 3.6, 1.2 - libm::cos(f64::from(h) * 0.2618))).collect();
    for (name, profile) in [("varied", varied()), ("daily", profile(&daily))] {
        let rate = 700.0;
        let poisson = Poisson::new(rate).unwrap();
        let mut stream = Seed(3).stream(name);
        let (mut cursor, mut now) = (ProfileCursor::default(), Instant::ZERO);
        while now < at(120.0) {
            let unit = stream.exponential();
            let next = poisson.next(&profile, &mut cursor, now, unit);
            let passed = rate * profile.integral(now, next);
            // Half a nanosecond of rounding at the largest rate, 3,500 a second, is 1.75e-6.
            let rounding = 0.6e-9 * rate * profile.factor(next).max(profile.factor(now));
            assert!((passed - unit).abs() < 1e-7 + rounding, "{name} {now}: {passed} {unit}");
            now = next;
        }
    }
}

#[test]
fn long_gaps_cross_many_pieces() {
    // A sawtooth with integral 0.5 a second, over which one arrival takes 1,234.56 s.
    let teeth: Vec<(f64, f64)> =
        (0..4_000).flat_map(|i| [(f64::from(i), 0.0), (f64::from(i + 1), 1.0)]).collect();
    let profile = profile(&teeth);
    let poisson = Poisson::new(0.001).unwrap();
    let next = poisson.next(&profile, &mut ProfileCursor::default(), Instant::ZERO, 0.617_28);
    // 1,234 teeth give 617; the rest, 0.28, is t^2 / 2.
    let expected = 1_234.0 + 0.56_f64.sqrt();
    assert!((next.as_secs_f64() - expected).abs() < 1e-8, "{next}");
}

#[test]
fn cursors_never_change_the_result() {
    let profile = varied();
    let poisson = Poisson::new(3.0).unwrap();
    let mut stream = Seed(5).stream("cursor");
    let mut kept = ProfileCursor(999);
    for _ in 0..2_000 {
        let from = at(100.0 * stream.unit());
        let unit = stream.exponential();
        let fresh = poisson.next(&profile, &mut ProfileCursor::default(), from, unit);
        assert_eq!(poisson.next(&profile, &mut kept, from, unit), fresh);
    }
}

#[test]
fn silence_to_the_end_is_never() {
    let ends = profile(&[(0.0, 1.0), (10.0, 1.0), (10.0, 0.0)]);
    let poisson = Poisson::new(1.0).unwrap();
    let next = |profile: &Profile, poisson: &Poisson, from: f64, unit: f64| {
        poisson.next(profile, &mut ProfileCursor::default(), at(from), unit)
    };
    assert_eq!(next(&ends, &poisson, 0.0, 9.5), at(9.5));
    assert_eq!(next(&ends, &poisson, 0.0, 10.5), Instant::NEVER);
    assert_eq!(next(&ends, &poisson, 20.0, 1e-9), Instant::NEVER);
    let none = Poisson::new(0.0).unwrap();
    let minus = Poisson::new(-0.0).unwrap();
    for nobody in [none, minus] {
        assert_eq!(next(&Profile::flat(), &nobody, 5.0, 0.1), Instant::NEVER);
        assert_eq!(next(&varied(), &nobody, 5.0, 0.1), Instant::NEVER);
    }
    assert_eq!(
        poisson.next(&Profile::flat(), &mut ProfileCursor::default(), Instant::NEVER, 1.0),
        Instant::NEVER
    );
    // A silence that ends is waited for: from 65 s on, 1.5 a second from 70 s.
    let back = next(&varied(), &poisson, 65.0, 0.015).as_secs_f64();
    assert!((back - 70.01).abs() < 1e-4, "{back}");
}

#[test]
fn steep_and_shallow_slopes_are_solved_without_cancellation() {
    // At slope k and factor f the arrival solves f t + k t^2 / 2 = area.
    for slope in [1e-12, 1e-6, 1.0, 1e6, -1e-12, -1e-6, -0.4] {
        for factor in [0.0, 1e-9, 1.0, 1e6] {
            for area in [1e-9, 1e-3, 1.0] {
                if slope < 0.0 && factor * factor + 2.0 * slope * area <= 0.0 {
                    continue;
                }
                let t = time_to_fill(area, factor, slope);
                let filled = factor * t + 0.5 * slope * t * t;
                assert!((filled / area - 1.0).abs() < 1e-9, "{slope} {factor} {area}: {filled}");
            }
        }
    }
}

#[test]
fn products_keep_jumps_and_follow_parabolas() {
    let (one, two) = (varied(), profile(&[(0.0, 0.0), (50.0, 3.0), (65.0, 3.0), (85.0, 0.0)]));
    let product = one.times(&two);
    assert_eq!(product, two.times(&one));
    // Between neighbouring points the largest product is the measure of the error.
    let points = [0.0, 10.0, 30.0, 40.0, 50.0, 60.0, 65.0, 70.0, 85.0, 90.0];
    let mut worst: f64 = 0.0;
    for pair in points.windows(2) {
        let samples: Vec<(f64, f64)> = (0..2_000)
            .map(|i| at(pair[0] + (pair[1] - pair[0]) * f64::from(i) / 2_000.0))
            .map(|t| (one.factor(t) * two.factor(t), product.factor(t)))
            .collect();
        let largest = samples.iter().map(|s| s.0).fold(0.0, f64::max);
        for (exact, seen) in samples {
            assert!((seen - exact).abs() <= 0.001 * largest + 1e-12, "{pair:?}: {seen} {exact}");
            worst = worst.max((seen - exact).abs() / largest.max(1e-12));
        }
    }
    assert!(worst > 1e-4, "no parabola was met: {worst}");
    assert!((product.factor(at(40.0)) - 5.0 * 2.4).abs() < 1e-9);
    // A rising line times a falling one, each from zero, and pieces of a few nanoseconds.
    for length in [1e-9, 5e-9, 1.0] {
        let (up, down) = (profile(&[(1.0, 0.0), (1.0 + length, 1.0)]), {
            profile(&[(1.0, 1.0), (1.0 + length, 0.0)])
        });
        let middle = up.times(&down).factor(at(1.0 + length / 2.0));
        assert!(length < 1.0 || (middle - 0.25).abs() < 0.000_25, "{middle}");
    }
    assert_eq!(Profile::flat().times(&varied()), varied());
    assert!(Profile::flat().times(&Profile::flat()).is_flat());
}

#[test]
fn a_low_rise_times_a_fall_is_as_exact_as_a_high_one() {
    // 0.02 t times 1 - t: nothing at both ends, and 0.005 in the middle, where it is largest.
    let product = profile(&[(0.0, 0.0), (1.0, 0.02)]).times(&profile(&[(0.0, 1.0), (1.0, 0.0)]));
    for t in (0..=1_000).map(|i| f64::from(i) / 1_000.0) {
        let (seen, exact) = (product.factor(at(t)), 0.02 * t * (1.0 - t));
        assert!((seen - exact).abs() <= 0.001 * 0.005 + 1e-12, "{t}: {seen} {exact}");
    }
}

#[test]
fn surges_rise_hold_and_fall() {
    let surge =
        Profile::flat().scaled_between(at(100.0), at(200.0), 4.0, Span::from_secs(10)).unwrap();
    for (t, factor) in [
        (0.0, 1.0),
        (99.0, 1.0),
        (105.0, 2.5),
        (110.0, 4.0),
        (190.0, 4.0),
        (195.0, 2.5),
        (200.0, 1.0),
    ] {
        assert!((surge.factor(at(t)) - factor).abs() < 1e-9, "{t}");
    }
    let sudden = varied().scaled_between(at(20.0), at(35.0), 2.0, Span::ZERO).unwrap();
    for (t, factor) in [(19.0, 1.175), (20.0, 2.5), (30.0, 4.0), (34.9, 4.0), (35.0, 2.0)] {
        assert!((sudden.factor(at(t)) - factor).abs() < 1e-9, "{t}: {}", sudden.factor(at(t)));
    }
    // Ramps may meet in the middle; a lull may be total.
    let peak = Profile::flat().scaled_between(at(1.0), at(3.0), 9.0, Span::from_secs(1)).unwrap();
    assert!((peak.integral(at(1.0), at(3.0)) - 10.0).abs() < 1e-9);
    let lull = Profile::flat().scaled_between(at(1.0), at(3.0), 0.0, Span::ZERO).unwrap();
    assert!((lull.integral(at(0.0), at(4.0)) - 2.0).abs() < 1e-9);
    let open = Profile::flat().scaled_between(at(1.0), Instant::NEVER, 3.0, Span::ZERO).unwrap();
    assert_eq!(open.factor(at(1e9)).to_bits(), 3.0_f64.to_bits());
}

#[test]
fn what_is_no_profile_says_why() {
    let says = |result: Result<Profile, ArrivalsError>, text: &str| {
        assert_eq!(result.unwrap_err().to_string(), text);
    };
    says(Profile::new(&[]), "a profile needs at least one point");
    let order = "of a profile is before the point that precedes it, or the third at one instant";
    says(Profile::new(&[(at(2.0), 1.0), (at(1.0), 1.0)]), &format!("point 2 {order}"));
    let thrice = [(at(1.0), 1.0), (at(1.0), 2.0), (at(1.0), 3.0)];
    says(Profile::new(&thrice), &format!("point 3 {order}"));
    for factor in [-0.5, 2e9, f64::NAN] {
        let text = format!("a factor of a rate must be between 0 and 1e9, and it is {factor}");
        says(Profile::new(&[(at(1.0), factor)]), &text);
    }
    let surge = |from, to, ramp| {
        Profile::flat().scaled_between(at(from), at(to), 2.0, Span::from_secs(ramp))
    };
    says(surge(2.0, 2.0, 0), "a surge must end after it begins, and it runs from 2s to 2s");
    says(surge(2.0, 5.0, 2), "two ramps of 2s do not fit into a surge of 3s");
    let rate = Poisson::new(-1.0).unwrap_err().to_string();
    assert_eq!(rate, "a rate must be at least 0 a second and finite, and it is -1");
    assert!(Poisson::new(f64::NAN).is_err() && Poisson::new(f64::INFINITY).is_err());
    assert_eq!(Poisson::new(12.5).map(|process| process.rate()), Ok(12.5));
}

#[test]
fn sequences_do_not_change() {
    let flat = arrivals(&Profile::flat(), 100.0, 0.05, &mut Seed(7).stream("golden"));
    let ramp = arrivals(&varied(), 100.0, 41.0, &mut Seed(7).stream("golden"));
    let nanos = |seconds: &f64| Span::from_secs_f64(*seconds).as_nanos();
    let last: Vec<u64> = ramp[ramp.len() - 3..].iter().map(nanos).collect();
    assert_eq!(flat.iter().map(nanos).collect::<Vec<_>>(), GOLDEN_FLAT);
    assert_eq!((ramp.len(), last.as_slice()), (GOLDEN_COUNT, GOLDEN_LAST.as_slice()));
}

const GOLDEN_FLAT: [u64; 10] = [
    3_146_218, 10_716_713, 20_715_508, 25_381_493, 30_775_533, 39_474_347, 45_733_064, 46_521_430,
    48_395_542, 48_736_692,
];
const GOLDEN_COUNT: usize = 5_516;
const GOLDEN_LAST: [u64; 3] = [40_991_106_215, 40_992_817_790, 40_998_177_171];
