use super::super::Seed;
use super::*;

/// The 99.9 % point of chi-square (Wilson and Hilferty 1931).
fn chi_square_bound(freedom: f64) -> f64 {
    let spread = 2.0 / (9.0 * freedom);
    freedom * (1.0 - spread + 3.090_232_306 * spread.sqrt()).powi(3)
}

/// Chi-square of counts against probabilities, ranks pooled until at least ten are expected.
fn chi_square(counts: &[u32], probability: impl Fn(u32) -> f64) -> (f64, f64) {
    let draws: f64 = counts.iter().map(|&n| f64::from(n)).sum();
    let (mut chi, mut groups) = (0.0, 0.0);
    let (mut seen, mut expected) = (0.0, 0.0);
    let mut left = draws;
    for (rank, &count) in (0..).zip(counts) {
        seen += f64::from(count);
        expected += draws * probability(rank);
        // The last group takes what is left, so that it is not too small.
        if expected >= 10.0 && left - expected >= 10.0 {
            chi += (seen - expected).powi(2) / expected;
            groups += 1.0;
            left -= expected;
            (seen, expected) = (0.0, 0.0);
        }
    }
    (chi + (seen - expected).powi(2) / expected, groups)
}

#[test]
fn draws_follow_the_law() {
    for (n, exponent) in [(10, 1.0), (1_000, 0.6), (10_000, 0.9), (200_000, 0.9), (5_000, 2.0)] {
        let zipf = Zipf::new(n, exponent).unwrap();
        let mut stream = Seed(7).stream("zipf");
        let mut counts = vec![0_u32; n as usize];
        for _ in 0..1_000_000 {
            counts[zipf.draw(&mut stream) as usize] += 1;
        }
        let (chi, freedom) = chi_square(&counts, |rank| zipf.probability(rank));
        assert!(freedom >= 9.0 && chi < chi_square_bound(freedom), "{zipf:?}: {chi} {freedom}");
        // The same counts do not fit an exponent that is off by 0.05.
        let other = Zipf::new(n, exponent + 0.05).unwrap();
        let (chi, freedom) = chi_square(&counts, |rank| other.probability(rank));
        assert!(chi > chi_square_bound(freedom), "{zipf:?}: {chi} {freedom}");
    }
}

#[test]
fn exponent_zero_is_uniform_and_one_rank_is_certain() {
    let zipf = Zipf::new(100, 0.0).unwrap();
    let mut stream = Seed(7).stream("uniform");
    let mut counts = [0_u32; 100];
    for _ in 0..100_000 {
        counts[zipf.draw(&mut stream) as usize] += 1;
    }
    let (chi, freedom) = chi_square(&counts, |_| 0.01);
    assert!((freedom - 99.0).abs() < 0.5 && chi < chi_square_bound(freedom), "{chi} {freedom}");
    for exponent in [0.0, 1.0, 700.0] {
        let one = Zipf::new(1, exponent).unwrap();
        assert_eq!((one.draw_from(0), one.draw_from(u64::MAX)), (0, 0));
        assert_eq!((one.probability(0), one.probability(1)), (1.0, 0.0));
    }
}

/// Shares of `n 2^32` that the table gives each rank.
fn represented(zipf: &Zipf) -> Vec<u64> {
    let mut shares = vec![0_u64; zipf.cells.len()];
    for (own, &cell) in zipf.cells.iter().enumerate() {
        let (accepted, alias) = (cell >> 32, usize::try_from(cell & 0xffff_ffff).unwrap());
        shares[own] += accepted;
        shares[alias] += CAPACITY - accepted;
    }
    shares
}

#[test]
fn the_table_represents_the_rounded_law_exactly() {
    for (n, exponent) in
        [(1, 1.0), (2, 0.5), (3, 1e-12), (977, 0.0), (1_000, 1.0), (100_000, 0.9), (50_000, 3.0)]
    {
        let zipf = Zipf::new(n, exponent).unwrap();
        let whole = (u64::from(n) * CAPACITY) as f64;
        let table = represented(&zipf);
        let rounded = shares(n, exponent, harmonic(n, exponent));
        assert_eq!(table[..], rounded[..], "{zipf:?}");
        assert_eq!(table.iter().sum::<u64>(), u64::from(n) * CAPACITY);
        let mut variation = 0.0;
        for (rank, &share) in (0..).zip(&table) {
            let off = (share as f64 - whole * zipf.probability(rank)).abs();
            // One share, and what a float of this size cannot hold.
            assert!(off <= 1.0 + 1e-13 * share as f64, "{zipf:?} rank {rank}: {off}");
            variation += 0.5 * off / whole;
        }
        assert!(variation < 1.0 / f64::from(2).powi(33) + 1e-13, "{zipf:?}: {variation}");
    }
}

#[test]
fn the_whole_range_of_bits_falls_on_ranks_that_exist() {
    for n in [1, 2, 3, 1_000, 99_991] {
        let zipf = Zipf::new(n, 0.8).unwrap();
        for bits in [0, 1, u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1, u64::MAX / 3] {
            assert!(zipf.draw_from(bits) < n);
        }
    }
}

#[test]
fn probabilities_add_up() {
    for (n, exponent) in [(1, 2.0), (300, 1.0), (100_000, 0.9), (100_000, 0.0), (100_000, 4.5)] {
        let zipf = Zipf::new(n, exponent).unwrap();
        let sum: f64 = (0..n).rev().map(|rank| zipf.probability(rank)).sum();
        // Adding 10^5 floats one by one errs by up to 10^5 / 2^53.
        assert!((sum - 1.0).abs() < 1.2e-11, "{zipf:?}: {sum}");
        assert_eq!(zipf.probability(n).to_bits(), 0.0_f64.to_bits());
        assert_eq!((zipf.len(), zipf.exponent().to_bits()), (n, exponent.to_bits()));
    }
}

#[test]
fn harmonic_numbers_agree_with_sums_and_constants() {
    for s in [0.0, 0.5, 0.9, 1.0 - 1e-9, 1.0, 1.0 + 1e-9, 1.5, 3.0, 20.0, 120.0, 1e4, 1e308] {
        for n in [0, 1, 255, 256, 257, 258, 1_000, 30_000] {
            // From the smallest up, with the rounding error carried along (Kahan).
            let (mut sum, mut carry) = (0.0, 0.0);
            for k in (1..=n).rev() {
                let term = power(u64::from(k), s) - carry;
                let next = sum + term;
                carry = (next - sum) - term;
                sum = next;
            }
            let seen = harmonic(n, s);
            assert!((seen - sum).abs() <= 4e-15 * sum, "{n} {s}: {seen} not {sum}");
        }
    }
    // ln n + gamma + 1/2n - 1/12n^2, and n(n+1)/2 reversed: exponent 0 counts.
    let n = f64::from(Zipf::MOST);
    let expected = libm::log(n) + 0.577_215_664_901_532_9 + 0.5 / n;
    assert!((harmonic(Zipf::MOST, 1.0) / expected - 1.0).abs() < 1e-14);
    assert!((harmonic(Zipf::MOST, 0.0) / n - 1.0).abs() < 1e-14);
    // zeta(2) = pi^2 / 6, less the tail.
    let expected = std::f64::consts::PI.powi(2) / 6.0 - 1.0 / n;
    assert!((harmonic(Zipf::MOST, 2.0) / expected - 1.0).abs() < 1e-14);
}

#[test]
fn what_is_no_zipf_law_says_why() {
    let says = |n, exponent, text: &str| {
        assert_eq!(Zipf::new(n, exponent).unwrap_err().to_string(), text);
    };
    says(0, 1.0, "a zipf law needs between 1 and 100,000,000 ranks, and it has 0");
    says(
        100_000_001,
        1.0,
        "a zipf law needs between 1 and 100,000,000 ranks, and it has 100000001",
    );
    says(5, -0.1, "the exponent of a zipf law must be at least 0 and finite, and it is -0.1");
    says(5, f64::NAN, "the exponent of a zipf law must be at least 0 and finite, and it is NaN");
    assert!(Zipf::new(5, f64::INFINITY).is_err());
}

#[test]
fn sequences_do_not_change() {
    let zipf = Zipf::new(200_000, 0.9).unwrap();
    assert_eq!(zipf, zipf.clone());
    assert_eq!(format!("{zipf:?}"), "Zipf(200000 ranks, exponent 0.9)");
    let mut stream = Seed(7).stream("golden");
    let seen: [u32; 8] = std::array::from_fn(|_| zipf.draw(&mut stream));
    assert_eq!(seen, GOLDEN);
    // FNV-1a over the table.
    let hash = |zipf: &Zipf| {
        zipf.cells.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, cell| {
            (hash ^ cell).wrapping_mul(0x0000_0100_0000_01b3)
        })
    };
    assert_eq!(hash(&zipf), GOLDEN_TABLE, "{:#x}", hash(&zipf));
}

const GOLDEN: [u32; 8] = [5_177, 1, 29, 6, 15, 94_607, 4, 13_543];
const GOLDEN_TABLE: u64 = 0x67e5_294f_bfc2_d988;
