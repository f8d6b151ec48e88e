//! Laws and the Zipf law, drawn a million times.

use crate::formulas::{chi_square, kolmogorov};
use crate::table::Row;
use crate::tools::distance;
use squall::engine::{Law, Seed, Zipf};
use squall::units::{Span, count_to_f64};

const DRAWS: usize = 1_000_000;
/// Runs with streams of their own, each of a twentieth of the draws.
const RUNS: usize = 20;

fn laws() -> Vec<(&'static str, Law)> {
    let ms = Span::from_millis;
    let parts = [
        (0.8, Law::lognormal_median_p99(ms(40), ms(100)).unwrap()),
        (0.2, Law::uniform(ms(100), ms(600)).unwrap()),
    ];
    let points = [(0.0, ms(1)), (0.5, ms(4)), (0.9, ms(20)), (1.0, ms(90))];
    vec![
        ("uniform 5 to 25 ms", Law::uniform(ms(5), ms(25)).unwrap()),
        ("exponential, mean 20 ms", Law::exponential(ms(20)).unwrap()),
        ("lognormal, mean 20 ms, cv 0.5", Law::lognormal_mean_cv(ms(20), 0.5).unwrap()),
        ("lognormal, median 4 ms, p99 10 ms", Law::lognormal_median_p99(ms(4), ms(10)).unwrap()),
        // Six moments, so that the variance's own error is finite.
        ("pareto, scale 5 ms, shape 6", Law::pareto(ms(5), 6.0).unwrap()),
        ("empirical, four points", Law::empirical(&points).unwrap()),
        ("mixture of two", Law::mixture(parts).unwrap()),
    ]
}

/// Mean, variance and three quantiles against the law's closed forms. These are code of the product,
/// too: the Kolmogorov-Smirnov rows and unit tests against integrals keep them honest.
fn moments(name: &str, law: &Law) -> Vec<Row> {
    let mut means = Vec::new();
    let mut variances = Vec::new();
    let mut quantiles = [0.1, 0.5, 0.99].map(|p| (p, Vec::new()));
    for run in 0..RUNS {
        let mut stream = Seed(1).stream(&format!("{name}/moments {run}"));
        let mut draws: Vec<f64> =
            (0..DRAWS / RUNS).map(|_| law.draw(&mut stream).as_secs_f64() * 1e3).collect();
        let n = count_to_f64(draws.len() as u64);
        let mean = draws.iter().sum::<f64>() / n;
        means.push(mean);
        variances
            .push(draws.iter().map(|draw| (draw - mean) * (draw - mean)).sum::<f64>() / (n - 1.0));
        draws.sort_unstable_by(f64::total_cmp);
        for (p, seen) in &mut quantiles {
            // The draw of this rank is off by a fraction of a rank at most: far below the error.
            let rank = squall::observe::rank_of(*p, draws.len() as u64);
            seen.push(draws[usize::try_from(rank).unwrap() - 1]);
        }
    }
    let source = "closed form";
    let mean = law.mean().unwrap() * 1e3;
    let variance = law.variance().unwrap() * 1e6;
    let mut rows = vec![
        Row::runs(format!("{name}: mean"), source, "ms", mean, means, 0.002),
        Row::runs(format!("{name}: variance"), source, "ms^2", variance, variances, 0.02),
    ];
    for (p, seen) in quantiles {
        let what = format!("{name}: quantile {p}");
        rows.push(Row::runs(what, source, "ms", law.quantile(p) * 1e3, seen, 0.005));
    }
    rows
}

/// The largest distance between the law's distribution function and that of a million draws.
fn smirnov(name: &str, law: &Law) -> Row {
    let mut stream = Seed(1).stream(&format!("{name}/smirnov"));
    let draws: Vec<f64> = (0..DRAWS).map(|_| law.draw(&mut stream).as_secs_f64()).collect();
    let seen = distance(&draws, |draw| law.cdf(draw));
    let what = format!("{name}: Kolmogorov-Smirnov, 10^6 draws");
    Row::at_most(what, "Smirnov 1948", kolmogorov(0.001), "0.1 % level", seen)
}

fn zipf(exponent: f64) -> Row {
    const RANKS: u32 = 1_000;
    let law = Zipf::new(RANKS, exponent).unwrap();
    let mut stream = Seed(1).stream(&format!("zipf {exponent}"));
    let mut counts = vec![0_u64; RANKS as usize];
    (0..DRAWS).for_each(|_| counts[law.draw(&mut stream) as usize] += 1);
    // Weights by the definition, not by the law's own function.
    let weights: Vec<f64> = (1..=RANKS).map(|rank| libm::pow(f64::from(rank), -exponent)).collect();
    let sum: f64 = weights.iter().sum();
    let square = weights.iter().zip(&counts).fold(0.0, |square, (weight, &count)| {
        let expected = weight / sum * count_to_f64(DRAWS as u64);
        let off = count_to_f64(count) - expected;
        square + off * off / expected
    });
    let what = format!("zipf, {RANKS} ranks, exponent {exponent}: chi-square, 10^6 draws");
    let critical = chi_square(f64::from(RANKS - 1), 0.001);
    Row::at_most(what, "Pearson 1900", critical, "0.1 % level", square)
}

/// All rows of this section.
pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, law) in laws() {
        rows.extend(moments(name, &law));
        rows.push(smirnov(name, &law));
    }
    rows.extend([0.8, 1.0, 1.2].map(zipf));
    rows
}
