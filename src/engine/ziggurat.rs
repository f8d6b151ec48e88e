//! Standard exponential and normal variates by the ziggurat method.
//!
//! The area under the density is cut into 256 pieces of equal area: 255 horizontal layers and a
//! base that includes the tail (Marsaglia and Tsang, "The Ziggurat Method for Generating Random
//! Variables", Journal of Statistical Software 5(8), 2000). Layer and position come from disjoint
//! bits of one draw, as Doornik asks for ("An Improved Ziggurat Method to Generate Normal Random
//! Samples", 2005): the original takes both from the same bits, which correlates them. About 99 of
//! 100 draws need one call of [`Stream::bits`], one multiplication and one comparison.
//!
//! Tables come from the `libm` crate at first use, so the sequences are the same on every machine.

use super::stream::Stream;
use std::sync::LazyLock;

/// Layers, the base included; the low eight bits of a draw choose one.
const LAYERS: usize = 256;
/// Where the exponential's tail begins with 256 layers (Marsaglia and Tsang 2000).
const EXPONENTIAL_TAIL: f64 = 7.697_117_470_131_05;
/// Where the normal's tail begins with 256 layers (Marsaglia and Tsang 2000).
const NORMAL_TAIL: f64 = 3.654_152_885_361_009;

/// What the fast path reads, side by side so that it touches one cache line.
#[derive(Debug)]
struct Layer {
    /// The layer's width divided by the range of the position bits.
    scale: f64,
    /// Positions below this are under the density whatever their height.
    inner: f64,
}

#[derive(Debug)]
struct Tables {
    layers: [Layer; LAYERS],
    /// The density at the right edge of each layer, ascending; `[LAYERS]` is the mode's, one.
    heights: [f64; LAYERS + 1],
}

/// The layers of both laws. A stream keeps a reference: whether they are made already need not be looked
/// at for each draw.
#[derive(Debug)]
pub(super) struct Ziggurats {
    exponential: Tables,
    normal: Tables,
}

static ZIGGURATS: LazyLock<Ziggurats> =
    LazyLock::new(|| Ziggurats { exponential: exponential_tables(), normal: normal_tables() });

/// The layers of both laws, made at first use.
pub(super) fn ziggurats() -> &'static Ziggurats {
    &ZIGGURATS
}

fn exponential_tables() -> Tables {
    let area = (EXPONENTIAL_TAIL + 1.0) * libm::exp(-EXPONENTIAL_TAIL);
    let scale = 1.0 / (1_u64 << 53) as f64;
    Tables::new(EXPONENTIAL_TAIL, area, scale, exponential_density, |y| -libm::log(y))
}

fn normal_tables() -> Tables {
    let tail_area =
        std::f64::consts::FRAC_PI_2.sqrt() * libm::erfc(NORMAL_TAIL / std::f64::consts::SQRT_2);
    let area = NORMAL_TAIL * normal_density(NORMAL_TAIL) + tail_area;
    let scale = 1.0 / (1_u64 << 52) as f64;
    Tables::new(NORMAL_TAIL, area, scale, normal_density, |y| (-2.0 * libm::log(y)).sqrt())
}

fn exponential_density(x: f64) -> f64 {
    libm::exp(-x)
}

/// Without its constant factor, so that the mode is one.
fn normal_density(x: f64) -> f64 {
    libm::exp(-0.5 * x * x)
}

impl Tables {
    /// Layers of equal `area` below `density`, the tail starting at `tail`.
    fn new(
        tail: f64,
        area: f64,
        scale: f64,
        density: impl Fn(f64) -> f64,
        inverse: impl Fn(f64) -> f64,
    ) -> Self {
        let mut edges = [0.0; LAYERS + 1];
        edges[0] = area / density(tail);
        edges[1] = tail;
        for i in 2..LAYERS {
            edges[i] = inverse(area / edges[i - 1] + density(edges[i - 1]));
        }
        Self {
            layers: std::array::from_fn(|i| Layer { scale: edges[i] * scale, inner: edges[i + 1] }),
            heights: std::array::from_fn(|i| density(edges[i])),
        }
    }

    #[inline]
    fn layer(&self, bits: u64) -> (usize, &Layer) {
        let index = (bits & 0xff) as usize;
        (index, &self.layers[index])
    }

    /// Whether a uniform height within the layer lies below the density's value at the position.
    fn accepts(&self, index: usize, height: f64, density: f64) -> bool {
        let (low, high) = (self.heights[index], self.heights[index + 1]);
        low + (high - low) * height < density
    }
}

/// The position bits of the exponential: an odd number below 2^53, so never zero.
#[inline]
fn position(bits: u64) -> f64 {
    ((bits >> 11) | 1) as f64
}

/// The position bits of the normal: an odd number between -2^52 and 2^52, so its law is symmetric.
#[inline]
fn signed_position(bits: u64) -> f64 {
    ((bits.cast_signed() >> 11) | 1) as f64
}

impl Stream {
    /// A variate of the exponential law with mean one; never zero.
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        let bits = self.bits();
        let (_, layer) = self.ziggurats.exponential.layer(bits);
        let x = position(bits) * layer.scale;
        if x < layer.inner { x } else { self.exponential_outside(bits) }
    }

    /// A variate of the normal law with mean zero and variance one.
    #[inline]
    pub fn normal(&mut self) -> f64 {
        let bits = self.bits();
        let (_, layer) = self.ziggurats.normal.layer(bits);
        let x = signed_position(bits) * layer.scale;
        if x.abs() < layer.inner { x } else { self.normal_outside(bits) }
    }

    /// Goes on where the fast path could not accept. Beyond the tail's start the exponential is
    /// itself again (it has no memory), so the tail is a new draw from there.
    #[cold]
    fn exponential_outside(&mut self, mut bits: u64) -> f64 {
        let tables = &self.ziggurats.exponential;
        let mut beyond = 0.0;
        loop {
            let (index, layer) = tables.layer(bits);
            let x = position(bits) * layer.scale;
            if x < layer.inner {
                return beyond + x;
            }
            if index == 0 {
                beyond += EXPONENTIAL_TAIL;
            } else if tables.accepts(index, self.unit(), exponential_density(x)) {
                return beyond + x;
            }
            bits = self.bits();
        }
    }

    /// Goes on where the fast path could not accept.
    #[cold]
    fn normal_outside(&mut self, mut bits: u64) -> f64 {
        let tables = &self.ziggurats.normal;
        loop {
            let (index, layer) = tables.layer(bits);
            let x = signed_position(bits) * layer.scale;
            if x.abs() < layer.inner {
                return x;
            }
            if index == 0 {
                return self.normal_tail().copysign(x);
            }
            if tables.accepts(index, self.unit(), normal_density(x)) {
                return x;
            }
            bits = self.bits();
        }
    }

    /// The normal beyond [`NORMAL_TAIL`] (Marsaglia, "Generating a Variable from the Tail of the
    /// Normal Distribution", Technometrics 6(1), 1964).
    fn normal_tail(&mut self) -> f64 {
        loop {
            let x = -libm::log(self.unit()) / NORMAL_TAIL;
            let y = -libm::log(self.unit());
            if y + y > x * x {
                return NORMAL_TAIL + x;
            }
        }
    }
}

/// The standard normal distribution function: the probability of a value of at most `z`.
#[must_use]
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// The standard normal quantile of a probability in `[0, 1]`: minus infinity at 0, infinity at 1,
/// not-a-number outside. Relative error about 1e-16 (Wichura, Algorithm AS 241, PPND16, Applied
/// Statistics 37(3), 1988).
#[must_use]
pub fn normal_quantile(probability: f64) -> f64 {
    let q = probability - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * polynomial(&CENTRE.0, r) / polynomial(&CENTRE.1, r);
    }
    let nearer = if q < 0.0 { probability } else { 1.0 - probability };
    if nearer == 0.0 {
        return f64::INFINITY.copysign(q);
    }
    let r = (-libm::log(nearer)).sqrt();
    let (shifted, side) = if r <= 5.0 { (r - 1.6, &SIDE) } else { (r - 5.0, &FAR) };
    (polynomial(&side.0, shifted) / polynomial(&side.1, shifted)).copysign(q)
}

/// Horner's rule, lowest coefficient first.
fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// Numerator and denominator of AS 241 for the centre, the sides and the far tails.
type Rational = ([f64; 8], [f64; 8]);
#[rustfmt::skip]
const CENTRE: Rational = (
    [3.387_132_872_796_366_5, 133.141_667_891_784_38, 1_971.590_950_306_551_3,
     13_731.693_765_509_46, 45_921.953_931_549_87, 67_265.770_927_008_7,
     33_430.575_583_588_13, 2_509.080_928_730_122_7],
    [1.0, 42.313_330_701_600_91, 687.187_007_492_057_9, 5_394.196_021_424_751,
     21_213.794_301_586_597, 39_307.895_800_092_71, 28_729.085_735_721_943,
     5_226.495_278_852_854],
);
#[rustfmt::skip]
const SIDE: Rational = (
    [1.423_437_110_749_683_5, 4.630_337_846_156_546, 5.769_497_221_460_691,
     3.647_848_324_763_204_5, 1.270_458_252_452_368_4, 0.241_780_725_177_450_6,
     0.022_723_844_989_269_184, 0.000_774_545_014_278_341_4],
    [1.0, 2.053_191_626_637_759, 1.676_384_830_183_803_8, 0.689_767_334_985_1,
     0.148_103_976_427_480_08, 0.015_198_666_563_616_457, 0.000_547_593_808_499_534_5,
     1.050_750_071_644_416_9e-9],
);
#[rustfmt::skip]
const FAR: Rational = (
    [6.657_904_643_501_103, 5.463_784_911_164_114, 1.784_826_539_917_291_3,
     0.296_560_571_828_504_87, 0.026_532_189_526_576_124, 0.001_242_660_947_388_078_4,
     2.711_555_568_743_487_6e-5, 2.010_334_399_292_288_1e-7],
    [1.0, 0.599_832_206_555_888, 0.136_929_880_922_735_8, 0.014_875_361_290_850_615,
     0.000_786_869_131_145_613_2, 1.846_318_317_510_054_8e-5, 1.421_511_758_316_446e-7,
     2.044_263_103_389_939_8e-15],
);

#[cfg(test)]
#[path = "ziggurat_tests.rs"]
pub(super) mod tests;
