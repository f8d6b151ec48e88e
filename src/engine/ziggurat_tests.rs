use super::super::{Seed, Stream};
use super::*;
use crate::units::count_to_f64;

/// The largest distance between the empirical distribution and a continuous `cdf`; sorts the
/// values.
pub fn kolmogorov_smirnov(values: &mut [f64], cdf: impl Fn(f64) -> f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let n = count_to_f64(values.len() as u64);
    values.iter().zip(0_u64..).fold(0.0, |worst: f64, (&x, i)| {
        let p = cdf(x);
        worst.max(p - count_to_f64(i) / n).max(count_to_f64(i + 1) / n - p)
    })
}

/// The 99.9 % point of the Kolmogorov-Smirnov statistic of `n` values.
pub fn kolmogorov_bound(n: usize) -> f64 {
    1.95 / count_to_f64(n as u64).sqrt()
}

/// Mean and variance are within five standard errors (that of the variance from the sample's
/// fourth moment).
pub fn assert_moments(values: &[f64], mean: f64, variance: f64) {
    let n = count_to_f64(values.len() as u64);
    let central = |power: i32| values.iter().map(|x| (x - mean).powi(power)).sum::<f64>() / n;
    let (off, second, fourth) = (central(1), central(2), central(4));
    assert!(off.abs() < 5.0 * (variance / n).sqrt(), "mean {} not {mean}", mean + off);
    let error = ((fourth - second * second) / n).sqrt();
    assert!((second - variance).abs() < 5.0 * error, "variance {second} not {variance}");
}

fn draws(name: &str, n: usize, mut draw: impl FnMut(&mut Stream) -> f64) -> Vec<f64> {
    let mut stream = Seed(7).stream(name);
    (0..n).map(|_| draw(&mut stream)).collect()
}

const MANY: usize = 1_000_000;

#[test]
fn layers_close_at_the_mode() {
    // The last layer's area must reach exactly the height one: the constants fit each other.
    for (tables, tail, scale) in [
        (&ZIGGURATS.exponential, EXPONENTIAL_TAIL, count_to_f64(1 << 53)),
        (&ZIGGURATS.normal, NORMAL_TAIL, count_to_f64(1 << 52)),
    ] {
        let width = |i: usize| tables.layers[i].scale * scale;
        let area = width(0) * tables.heights[1];
        for i in 1..LAYERS {
            let layer = width(i) * (tables.heights[i + 1] - tables.heights[i]);
            assert!((layer / area - 1.0).abs() < 1e-9, "layer {i}: {layer} not {area}");
            assert!(tables.layers[i].inner < width(i));
        }
        assert!((tables.layers[0].inner - tail).abs() < 1e-15);
        assert!((tables.heights[LAYERS] - 1.0).abs() < 1e-15);
    }
}

#[test]
fn exponential_follows_its_law() {
    let mut values = draws("exponential", MANY, Stream::exponential);
    assert!(values.iter().all(|&x| x > 0.0));
    assert_moments(&values, 1.0, 1.0);
    let distance = kolmogorov_smirnov(&mut values, |x| -libm::expm1(-x));
    assert!(distance < kolmogorov_bound(MANY), "{distance}");
}

#[test]
fn normal_follows_its_law() {
    let mut values = draws("normal", MANY, Stream::normal);
    assert_moments(&values, 0.0, 1.0);
    let distance = kolmogorov_smirnov(&mut values, normal_cdf);
    assert!(distance < kolmogorov_bound(MANY), "{distance}");
}

#[test]
fn tails_have_their_mass_and_shape() {
    let n = 4_000_000;
    let check = |values: Vec<f64>, tail: f64, mass: f64, survival: &dyn Fn(f64) -> f64| {
        let mut beyond: Vec<f64> = values.into_iter().filter(|&x| x > tail).collect();
        let expected = mass * count_to_f64(n as u64);
        let seen = count_to_f64(beyond.len() as u64);
        assert!((seen - expected).abs() < 4.0 * expected.sqrt(), "{seen} not {expected}");
        let distance = kolmogorov_smirnov(&mut beyond, |x| 1.0 - survival(x) / mass);
        assert!(distance < kolmogorov_bound(beyond.len()), "{distance}");
    };
    let exponential = draws("exponential tail", n, Stream::exponential);
    check(exponential, EXPONENTIAL_TAIL, libm::exp(-EXPONENTIAL_TAIL), &|x| libm::exp(-x));
    let normal = draws("normal tail", n, Stream::normal);
    let lower = normal.iter().map(|x| -x).collect();
    let mass = normal_cdf(-NORMAL_TAIL);
    check(normal, NORMAL_TAIL, mass, &|x| normal_cdf(-x));
    check(lower, NORMAL_TAIL, mass, &|x| normal_cdf(-x));
}

/// Pools the positions within the layers, where an error of the wedges, a hundredth of all draws,
/// adds up instead of being spread over the whole range.
fn assert_even_within_layers(values: &[f64], tables: &Tables, range: f64, cdf: fn(f64) -> f64) {
    // Right edges from the mode outwards, with the probability up to each.
    let widths = tables.layers[1..].iter().rev().map(|layer| layer.scale * range);
    let edges: Vec<(f64, f64)> = std::iter::once(0.0).chain(widths).map(|x| (x, cdf(x))).collect();
    let mut positions: Vec<f64> = values
        .iter()
        .map(|x| x.abs())
        .filter(|&x| x < edges[LAYERS - 1].0)
        .map(|x| {
            let outer = edges.partition_point(|edge| edge.0 <= x);
            let (low, high) = (edges[outer - 1].1, edges[outer].1);
            (cdf(x) - low) / (high - low)
        })
        .collect();
    let bound = kolmogorov_bound(positions.len());
    let distance = kolmogorov_smirnov(&mut positions, |x| x);
    assert!(distance < bound, "{distance}");
}

#[test]
fn wedges_follow_the_density() {
    let n = 3_000_000;
    let values = draws("exponential wedges", n, Stream::exponential);
    let range = count_to_f64(1 << 53);
    assert_even_within_layers(&values, &ZIGGURATS.exponential, range, |x| -libm::expm1(-x));
    let values = draws("normal wedges", n, Stream::normal);
    let range = count_to_f64(1 << 52);
    assert_even_within_layers(&values, &ZIGGURATS.normal, range, normal_cdf);
}

#[test]
fn the_normal_tail_follows_the_density() {
    let mut values = draws("normal tail alone", 200_000, Stream::normal_tail);
    let mass = normal_cdf(-NORMAL_TAIL);
    let distance = kolmogorov_smirnov(&mut values, |x| 1.0 - normal_cdf(-x) / mass);
    assert!(distance < kolmogorov_bound(200_000), "{distance}");
}

#[test]
fn successive_draws_are_uncorrelated() {
    for (name, draw) in
        [("exponential", Stream::exponential as fn(&mut Stream) -> f64), ("normal", Stream::normal)]
    {
        let values = draws(name, MANY, draw);
        let mean = if name == "normal" { 0.0 } else { 1.0 };
        let products: f64 = values.windows(2).map(|w| (w[0] - mean) * (w[1] - mean)).sum();
        // Variance one each, so the mean product has standard error 1/sqrt(n).
        assert!(products.abs() / 1e6 < 4e-3, "{name}: {products}");
    }
}

#[test]
fn normal_quantile_inverts_the_distribution() {
    assert!((normal_quantile(0.99) - 2.326_347_874_040_840_8).abs() < 1e-15);
    assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-15);
    assert!((normal_quantile(1e-20) + 9.262_340_089_798_408).abs() < 1e-14);
    assert_eq!(normal_quantile(0.5).to_bits(), 0.0_f64.to_bits());
    assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
    assert_eq!(normal_quantile(1.0), f64::INFINITY);
    for i in -300..=70 {
        let z = f64::from(i) / 10.0;
        let back = normal_quantile(normal_cdf(z));
        // Above the median the probability itself keeps only 1e-16 absolute.
        let slack = if z < 0.0 { 1e-13 } else { 1e-15 / normal_density(z) };
        assert!((back - z).abs() < slack.max(1e-13), "{z}: {back}");
    }
}

#[test]
fn sequences_do_not_change() {
    let mut stream = Seed(7).stream("golden");
    let exponential: [u64; 6] = std::array::from_fn(|_| stream.exponential().to_bits());
    assert_eq!(exponential, GOLDEN_EXPONENTIAL, "{exponential:#x?}");
    let normal: [u64; 6] = std::array::from_fn(|_| stream.normal().to_bits());
    assert_eq!(normal, GOLDEN_NORMAL, "{normal:#x?}");
    // A sum over many draws passes through wedges and tails as well.
    let exponentials: f64 = (0..100_000).map(|_| stream.exponential()).sum();
    let normals: f64 = (0..100_000).map(|_| stream.normal()).sum();
    assert_eq!(
        (exponentials.to_bits(), normals.to_bits()),
        GOLDEN_SUMS,
        "{exponentials} {normals}"
    );
}

const GOLDEN_EXPONENTIAL: [u64; 6] = [
    0x3fd4_22c3_8b68_b762,
    0x3fe8_39bf_f47a_7c6c,
    0x3fef_ff03_3bf9_ccca,
    0x3fdd_dcbf_fa17_331b,
    0x3fe1_42cc_354b_6424,
    0x3feb_d611_9978_3b4e,
];
const GOLDEN_NORMAL: [u64; 6] = [
    0x3ff1_964a_b31d_4280,
    0x3fc5_79e1_30e1_ab6d,
    0x3fd0_3a11_8846_2dbf,
    0x3fb6_2f5b_3be2_37ee,
    0x3ff0_036d_4bfa_96b0,
    0x3fcc_8938_b1e0_11ff,
];
const GOLDEN_SUMS: (u64, u64) = (0x40f8_6eb5_c4cc_a422, 0xc077_d6d9_7f02_aa83);
