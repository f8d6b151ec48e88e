//! Closed forms that the rows are compared with, each with its source and known values.

/// The share of arrivals that M/G/c/c turns away with an offered load of `load` servers (Erlang 1917).
pub fn erlang_b(servers: u32, load: f64) -> f64 {
    (1..=servers).fold(1.0, |loss, n| load * loss / (f64::from(n) + load * loss))
}

/// The share of arrivals that wait in M/M/c with an offered load of `load` servers (Erlang 1917).
pub fn erlang_c(servers: u32, load: f64) -> f64 {
    let loss = erlang_b(servers, load);
    let busy = load / f64::from(servers);
    loss / (1.0 - busy * (1.0 - loss))
}

/// M/M/c/K, with `room` for all inside: the share turned away, and the mean number inside. States
/// by recursion from the empty one, scaled as they grow.
pub fn bounded(servers: u32, room: u32, load: f64) -> (f64, f64) {
    let (mut weight, mut sum, mut inside) = (1.0, 1.0, 0.0);
    for n in 1..=room {
        weight *= load / f64::from(n.min(servers));
        sum += weight;
        inside += weight * f64::from(n);
    }
    (weight / sum, inside / sum)
}

/// The mean wait of M/G/1 in services, with this load and squared coefficient of variation of the
/// services (Pollaczek 1930, Khinchine 1932).
pub fn pollaczek(load: f64, square: f64) -> f64 {
    load * (1.0 + square) / (2.0 * (1.0 - load))
}

/// The share of arrivals in M/D/1 that wait for at most `x` services (Erlang 1909): with k = floor(x)
/// it is (1 - r) sum over j to k of e^(r (x - j)) (r (j - x))^j / j!. The sum alternates, so the
/// terms are of either sign and large; up to x = 8 at r = 0.9 a float keeps ten digits of it.
pub fn constant_service_wait(load: f64, x: f64) -> f64 {
    let mut sum = 0.0;
    let mut factorial = 1.0;
    let mut j = 0.0;
    while j <= x {
        sum += libm::exp(load * (x - j)) * libm::pow(load * (j - x), j) / factorial;
        j += 1.0;
        factorial *= j;
    }
    (1.0 - load) * sum
}

/// The probability of exactly `n` under the Poisson law of this mean.
pub fn poisson(n: u32, mean: f64) -> f64 {
    let n = f64::from(n);
    libm::exp(n * libm::log(mean) - mean - libm::lgamma(n + 1.0))
}

/// The probability of at least `least` successes in `n` independent trials.
pub fn binomial_tail(n: u32, least: u32, chance: f64) -> f64 {
    let choose = |k: u32| (0..k).fold(1.0, |c, i| c * f64::from(n - i) / f64::from(i + 1));
    let term = |k: u32| {
        choose(k) * libm::pow(chance, f64::from(k)) * libm::pow(1.0 - chance, f64::from(n - k))
    };
    (least..=n).map(term).sum()
}

/// Where a falling function passes through zero between `low` and `high`.
pub fn root(mut low: f64, mut high: f64, of: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if of(middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The regularised upper incomplete gamma function Q(a, x): by its series below a + 1, by Lentz's
/// continued fraction above (Press et al., "Numerical Recipes", 6.2).
pub fn upper_gamma(a: f64, x: f64) -> f64 {
    let scale = libm::exp(a * libm::log(x) - x - libm::lgamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-16 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return 1.0 - sum * scale;
    }
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1e300, 1.0 / b);
    let mut fraction = d;
    for i in 1..10_000 {
        let i = f64::from(i);
        let an = -i * (i - a);
        b += 2.0;
        d = 1.0 / (an * d + b);
        c = b + an / c;
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    scale * fraction
}

/// What a chi-square variate with these degrees of freedom exceeds with this probability.
pub fn chi_square(degrees: f64, tail: f64) -> f64 {
    root(1e-9, degrees * 4.0 + 100.0, |x| upper_gamma(degrees / 2.0, x / 2.0) - tail)
}

/// What the statistic sqrt(n) D of Kolmogorov and Smirnov exceeds with this probability, for many
/// draws (Smirnov 1948): 2 sum (-1)^(k - 1) e^(-2 k^2 x^2).
pub fn kolmogorov(tail: f64) -> f64 {
    root(0.3, 5.0, |x| {
        let term = |k: f64| libm::exp(-2.0 * k * k * x * x);
        2.0 * (term(1.0) - term(2.0) + term(3.0) - term(4.0) + term(5.0)) - tail
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(seen: f64, wanted: f64, within: f64) {
        assert!((seen - wanted).abs() <= within, "{seen} instead of {wanted}");
    }

    #[test]
    fn erlangs_formulas() {
        near(erlang_c(8, 7.2), 0.70153, 5e-6);
        near(erlang_c(8, 7.2) / 0.8, 0.87692, 1e-5);
        near(erlang_b(10, 8.0), 0.1217, 5e-5);
        near(erlang_c(1, 0.8), 0.8, 1e-12);
    }

    #[test]
    fn a_bounded_queue_is_erlangs_loss_without_room_and_geometric_with_one_server() {
        near(bounded(10, 10, 8.0).0, erlang_b(10, 8.0), 1e-12);
        let (full, inside) = bounded(1, 5, 0.9);
        let weights: Vec<f64> = (0..=5).map(|n| libm::pow(0.9, f64::from(n))).collect();
        let sum: f64 = weights.iter().sum();
        near(full, weights[5] / sum, 1e-12);
        near(
            inside,
            weights.iter().zip(0..).map(|(w, n)| w * f64::from(n)).sum::<f64>() / sum,
            1e-12,
        );
    }

    /// The wait of M/D/1 has an atom of 1 - r at zero, and its mean is Pollaczek's.
    /// Ten throws of a coin: 1 + 10 + 45 of 1,024 have at most two heads.
    #[test]
    fn discrete_laws_are_those_of_the_tables() {
        near(binomial_tail(10, 8, 0.5), 56.0 / 1_024.0, 1e-12);
        near(binomial_tail(10, 0, 0.3), 1.0, 1e-12);
        near(poisson(0, 2.0), libm::exp(-2.0), 1e-12);
        near((0..60).map(|n| poisson(n, 20.0)).sum(), 1.0, 1e-9);
    }

    #[test]
    fn constant_services_wait_as_pollaczek_says() {
        near(constant_service_wait(0.8, 0.0), 0.2, 1e-12);
        let step = 1e-3;
        let tail: f64 = (0..25_000)
            .map(|k| 1.0 - constant_service_wait(0.5, (f64::from(k) + 0.5) * step))
            .take_while(|tail| *tail > 1e-9)
            .sum();
        near(tail * step, pollaczek(0.5, 0.0), 1e-4);
    }

    /// Printed tables: chi-square 99 % with 10 degrees 23.209, 99.9 % with 1 degree 10.828;
    /// Kolmogorov's 5 % 1.3581, 1 % 1.6276.
    #[test]
    fn critical_values_are_those_of_the_tables() {
        near(chi_square(10.0, 0.01), 23.209, 5e-4);
        near(chi_square(1.0, 0.001), 10.828, 5e-4);
        near(chi_square(999.0, 0.001), 1_142.8, 0.5);
        near(kolmogorov(0.05), 1.3581, 5e-5);
        near(kolmogorov(0.01), 1.6276, 5e-5);
    }
}
