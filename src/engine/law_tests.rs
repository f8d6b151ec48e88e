use super::super::Seed;
use super::super::ziggurat::tests::{assert_moments, kolmogorov_bound, kolmogorov_smirnov};
use super::*;

const MANY: usize = 1_000_000;

fn ms(millis: u64) -> Span {
    Span::from_millis(millis)
}

fn continuous_laws() -> Vec<(&'static str, Law)> {
    let points = [(0.0, ms(5)), (0.5, ms(20)), (0.9, ms(60)), (0.99, ms(300)), (1.0, ms(1_000))];
    let fast = Law::lognormal_median_p99(ms(4_000), ms(10_000)).unwrap();
    let slow = Law::uniform(ms(10_000), ms(60_000)).unwrap();
    let slowest = Law::exponential(ms(60_000)).unwrap();
    vec![
        ("uniform", Law::uniform(ms(10), ms(30)).unwrap()),
        ("exponential", Law::exponential(ms(20)).unwrap()),
        ("lognormal", Law::lognormal_mean_cv(ms(20), 0.7).unwrap()),
        ("pareto", Law::pareto(ms(10), 9.0).unwrap()),
        ("empirical", Law::empirical(&points).unwrap()),
        ("mixture", Law::mixture([(0.8, fast), (0.18, slow), (0.02, slowest)]).unwrap()),
    ]
}

fn draws(name: &str, law: &Law, n: usize) -> Vec<f64> {
    let mut stream = Seed(11).stream(name);
    (0..n).map(|_| law.draw(&mut stream).as_secs_f64()).collect()
}

#[test]
fn draws_follow_their_law() {
    for (name, law) in continuous_laws() {
        let mut values = draws(name, &law, MANY);
        assert!(values.iter().all(|&x| x >= law.min().as_secs_f64()), "{name}");
        assert_moments(&values, law.mean().unwrap(), law.variance().unwrap());
        let distance = kolmogorov_smirnov(&mut values, |x| law.cdf(x));
        assert!(distance < kolmogorov_bound(MANY), "{name}: {distance}");
        for p in [0.01, 0.25, 0.5, 0.9, 0.99, 0.999] {
            // The number of draws below a quantile is binomial.
            let below = values.partition_point(|&x| x <= law.quantile(p)) as f64;
            let (n, error) = (MANY as f64, (MANY as f64 * p * (1.0 - p)).sqrt());
            assert!((below - n * p).abs() < 5.0 * error, "{name} at {p}: {below}");
        }
    }
}

#[test]
fn the_tests_can_fail() {
    // A law that is off by one per cent in its scale is seen by the distance and the bound used.
    let law = Law::exponential(ms(20)).unwrap();
    let other = Law::exponential(Span::from_micros(20_200)).unwrap();
    let mut values = draws("off", &law, MANY);
    assert!(kolmogorov_smirnov(&mut values, |x| other.cdf(x)) > kolmogorov_bound(MANY));
}

#[test]
fn quantiles_invert_distributions() {
    for (name, law) in continuous_laws() {
        for i in 1..1_000 {
            let p = f64::from(i) / 1_000.0;
            let back = law.cdf(law.quantile(p));
            assert!((back - p).abs() < 1e-12, "{name}: {p} {back}");
        }
        assert!((law.quantile(0.0) - law.min().as_secs_f64()).abs() < 1e-12, "{name}");
        assert_eq!(law.cdf(f64::INFINITY).to_bits(), 1.0_f64.to_bits(), "{name}");
        assert_eq!(law.cdf(-1.0).to_bits(), 0.0_f64.to_bits(), "{name}");
    }
}

fn close(seen: Option<f64>, expected: f64) {
    assert!((seen.unwrap() / expected - 1.0).abs() < 1e-12, "{seen:?} not {expected}");
}

#[test]
fn moments_agree_with_hand_computed_ones() {
    close(Law::uniform(ms(10), ms(30)).unwrap().mean(), 0.02);
    close(Law::uniform(ms(10), ms(30)).unwrap().variance(), 4e-4 / 12.0);
    let lognormal = Law::lognormal_mean_cv(ms(250), 0.4).unwrap();
    close(lognormal.mean(), 0.25);
    close(lognormal.variance(), 0.01);
    // Shape 3, scale 2 s: mean 3, variance 3.
    let pareto = Law::pareto_mean(Span::from_secs(3), 3.0).unwrap();
    assert_eq!(pareto, Law::Pareto { scale: Span::from_secs(2), shape: 3.0 });
    close(pareto.mean(), 3.0);
    close(pareto.variance(), 3.0);
    // Twice as long: four times the variance.
    close(Law::pareto(ms(4_000), 3.0).unwrap().variance(), 12.0);
    close(Law::exponential(ms(250)).unwrap().variance(), 0.0625);
    // Half at uniform (0, 2), half at uniform (2, 6): mean 2.5, E X^2 = (4/3 + 52/3) / 2 = 28/3.
    let points = [(0.0, ms(0)), (0.5, ms(2_000)), (1.0, ms(6_000))];
    let table = Law::empirical(&points).unwrap();
    close(table.mean(), 2.5);
    close(table.variance(), 28.0 / 3.0 - 6.25);
    let two = [(0.25, Law::Constant(ms(1_000))), (0.75, Law::Constant(ms(5_000)))];
    let two = Law::mixture(two).unwrap();
    close(two.mean(), 4.0);
    close(two.variance(), 3.0);
}

#[test]
fn infinite_moments_are_none() {
    let pareto = |shape| Law::pareto(ms(1), shape).unwrap();
    assert_eq!((pareto(1.0).mean(), pareto(1.0).variance()), (None, None));
    assert!(pareto(1.5).mean().is_some() && pareto(1.5).variance().is_none());
    let mixed = Law::mixture([(0.5, Law::ZERO), (0.5, pareto(0.5))]).unwrap();
    assert_eq!((mixed.mean(), mixed.variance()), (None, None));
    // The draw saturates.
    let mut stream = Seed(1).stream("heavy");
    let heavy = pareto(0.001);
    assert!((0..100).any(|_| heavy.draw(&mut stream) == Span::MAX));
}

#[test]
fn lognormal_constructors_meet_what_they_are_named_after() {
    let law = Law::lognormal_median_p99(ms(4_000), ms(10_000)).unwrap();
    assert!((law.quantile(0.5) - 4.0).abs() < 1e-12);
    assert!((law.quantile(0.99) - 10.0).abs() < 1e-12);
    let Law::Lognormal { mu, sigma } = law else { panic!("{law:?}") };
    assert!((mu - libm::log(4.0)).abs() < 1e-15);
    assert!((sigma - libm::log(2.5) / 2.326_347_874_040_840_8).abs() < 1e-15);
}

#[test]
fn laws_without_spread_are_constants() {
    let mut stream = Seed(1).stream("degenerate");
    for law in [
        Law::Constant(ms(250)),
        Law::uniform(ms(250), ms(250)).unwrap(),
        Law::lognormal_median_p99(ms(250), ms(250)).unwrap(),
        Law::lognormal_mean_cv(ms(250), 0.0).unwrap(),
        Law::empirical(&[(0.0, ms(250)), (1.0, ms(250))]).unwrap(),
        Law::mixture([(1.0, Law::Constant(ms(250))), (0.0, Law::ZERO)]).unwrap(),
    ] {
        for _ in 0..100 {
            assert_eq!(law.draw(&mut stream), ms(250), "{law:?}");
        }
        assert_eq!(law.min(), ms(250), "{law:?}");
        assert!(law.variance().unwrap().abs() < 1e-30, "{law:?}");
        assert!((law.mean().unwrap() - 0.25).abs() < 1e-15, "{law:?}");
        assert!((law.quantile(0.3) - 0.25).abs() < 1e-15, "{law:?}");
        assert_eq!((law.cdf(0.249), law.cdf(0.251)), (0.0, 1.0), "{law:?}");
        assert!(law.cdf(law.quantile(0.3)) >= 0.3, "{law:?}: its only value has all the mass");
    }
    assert_eq!(Law::ZERO.draw(&mut stream), Span::ZERO);
}

#[test]
fn uniform_reaches_both_ends_evenly() {
    let law = Law::uniform(Span::from_nanos(3), Span::from_nanos(6)).unwrap();
    let mut stream = Seed(5).stream("ends");
    let mut counts = [0_u32; 10];
    for _ in 0..40_000 {
        counts[usize::try_from(law.draw(&mut stream).as_nanos()).unwrap()] += 1;
    }
    // Chi-square with 3 degrees of freedom: 16.27 is its 99.9 % point.
    let chi: f64 = counts[3..7].iter().map(|&n| (f64::from(n) - 1e4).powi(2) / 1e4).sum();
    assert!(chi < 16.27, "{counts:?}");
    assert_eq!(counts.iter().sum::<u32>(), counts[3..7].iter().sum::<u32>());
    // The widest law neither overflows nor stays in one half.
    let widest = Law::uniform(Span::ZERO, Span::MAX).unwrap();
    let low = (0..1_000).filter(|_| widest.draw(&mut stream) < Span::MAX.half()).count();
    assert!((400..600).contains(&low), "{low}");
}

#[test]
fn tables_hold_atoms_and_gaps() {
    // 30 % at 10 ms, then nothing between 10 and 100 ms.
    let points = [(0.0, ms(10)), (0.3, ms(10)), (0.3, ms(100)), (1.0, ms(170))];
    let law = Law::empirical(&points).unwrap();
    assert_eq!(law.min(), ms(10));
    for (x, p) in [(0.009, 0.0), (0.010, 0.3), (0.05, 0.3), (0.1, 0.3), (0.135, 0.65), (0.2, 1.0)] {
        assert!((law.cdf(x) - p).abs() < 1e-12, "{x}: {}", law.cdf(x));
    }
    for (p, x) in [(0.0, 0.01), (0.3, 0.01), (0.300_000_001, 0.1), (0.65, 0.135), (1.0, 0.17)] {
        assert!((law.quantile(p) - x).abs() < 1e-9, "{p}: {}", law.quantile(p));
    }
    let values = draws("atoms", &law, 100_000);
    let atom = values.iter().filter(|&&x| x == 0.01).count() as f64;
    assert!((atom - 30_000.0).abs() < 4.0 * 21_000.0_f64.sqrt(), "{atom}");
    assert!(!values.iter().any(|&x| x > 0.01 && x < 0.1));
    // A gap at probability zero lies before the smallest value.
    let gap = Law::empirical(&[(0.0, ms(1)), (0.0, ms(2)), (1.0, ms(3))]).unwrap();
    assert_eq!(gap.min(), ms(2));
}

#[test]
fn long_tables_are_searched_as_by_hand() {
    // Uneven steps, so that guide cells hold none, one and many pieces.
    let points: Vec<(f64, Span)> =
        (0..=1_000_u32).map(|i| ((f64::from(i) / 1e3).powi(5), ms(u64::from(i)))).collect();
    let table = Table::new(&points).unwrap();
    assert_eq!(table.points().len(), 1_001);
    let mut stream = Seed(3).stream("long");
    for _ in 0..10_000 {
        let p = stream.unit();
        let after = points.partition_point(|&(q, _)| q <= p);
        let ((from, low), (to, high)) = (points[after - 1], points[after]);
        let part = (p - from) / (to - from);
        let expected = low.as_secs_f64() + part * high.saturating_sub(low).as_secs_f64();
        assert!((table.nanos_at(p) / 1e9 - expected).abs() < 1e-12, "{p}");
    }
}

#[test]
fn mixtures_nest_and_keep_their_shares() {
    let inner = Law::mixture([(0.5, Law::Constant(ms(1))), (0.5, Law::Constant(ms(2)))]).unwrap();
    let law = Law::mixture([(0.2, inner), (0.8, Law::Constant(ms(3)))]).unwrap();
    let values = draws("nested", &law, 100_000);
    for (x, p) in [(0.001, 0.1), (0.002, 0.1), (0.003, 0.8)] {
        let seen = values.iter().filter(|&&v| v == x).count() as f64;
        assert!((seen - 1e5 * p).abs() < 4.0 * (1e5 * p * (1.0 - p)).sqrt(), "{x}: {seen}");
    }
    assert_eq!((law.quantile(0.05), law.quantile(0.15), law.quantile(0.5)), (0.001, 0.002, 0.003));
    assert_eq!(law.min(), ms(1));
}

fn says(result: Result<Law, LawError>, text: &str) {
    assert_eq!(result.unwrap_err().to_string(), text);
}

#[test]
fn what_is_no_law_says_why_in_its_parameters() {
    says(Law::uniform(ms(2), ms(1)), "a uniform law cannot run from 2ms down to 1ms");
    says(Law::exponential(Span::ZERO), "the mean of an exponential law must be above zero");
    says(
        Law::lognormal_median_p99(ms(2), ms(1)),
        "the 99th percentile (1ms) is below the median (2ms)",
    );
    says(
        Law::lognormal_median_p99(Span::ZERO, ms(1)),
        "the median of a lognormal law must be above zero",
    );
    says(
        Law::lognormal_mean_cv(ms(1), -0.5),
        "the cv of a lognormal law must be at least 0 and below 1e154, and it is -0.5",
    );
    says(Law::lognormal(f64::NAN, 1.0), "mu of a lognormal law must be finite, and it is NaN");
    says(
        Law::pareto(ms(1), 0.0),
        "the shape of a pareto law must be above 0 and finite, and it is 0",
    );
    says(
        Law::pareto_mean(ms(1), 1.0),
        "the shape of a pareto law with a mean must be above 1 and finite, and it is 1",
    );
    says(Law::pareto(Span::ZERO, 1.0), "the scale of a pareto law must be above zero");
}

#[test]
fn what_is_no_table_or_mixture_says_why() {
    says(Law::empirical(&[]), "an empirical law needs 2 to 1,048,576 points, and it has 0");
    says(
        Law::empirical(&[(0.0, ms(1)), (0.99, ms(2))]),
        "the probabilities of an empirical law must run from 0 to 1, and they run from 0 to 0.99",
    );
    let order = "point 3 of an empirical law must not be below the point before it, nor repeat it";
    for middle in [(0.4, ms(3)), (0.6, ms(1)), (0.5, ms(2)), (f64::NAN, ms(3))] {
        says(Law::empirical(&[(0.0, ms(1)), (0.5, ms(2)), middle, (1.0, ms(4))]), order);
    }
    says(Law::mixture([]), "a mixture needs at least one part with a share above 0");
    says(
        Law::mixture([(0.5, Law::ZERO), (0.25, Law::ZERO)]),
        "the shares of a mixture must add up to 1, and they add up to 0.75",
    );
    says(
        Law::mixture([(-0.5, Law::ZERO)]),
        "a share of a mixture must be between 0 and 1, and it is -0.5",
    );
    // Ten tenths do not add up to one exactly, and are accepted.
    assert!(Law::mixture((0..10).map(|_| (0.1, Law::ZERO))).is_ok());
}

#[test]
fn sequences_do_not_change() {
    for ((name, law), expected) in continuous_laws().iter().zip(GOLDEN) {
        let mut stream = Seed(7).stream("golden");
        let seen: [u64; 4] = std::array::from_fn(|_| law.draw(&mut stream).as_nanos());
        assert_eq!(seen, expected, "{name}");
    }
}

const GOLDEN: [[u64; 4]; 6] = [
    [28_469_332, 15_540_848, 19_469_333, 17_328_191],
    [6_292_436, 15_140_991, 19_997_589, 9_331_970],
    [15_484_435, 33_506_061, 46_976_216, 30_001_248],
    [10_355_762, 10_877_557, 11_175_041, 10_532_117],
    [122_577_567, 13_311_272, 19_204_000, 15_992_287],
    [23_852_119_562, 5_833_301_577, 7_327_863_504, 4_273_270_754],
];
