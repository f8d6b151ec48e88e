//! Laws of durations: how long something takes.
//!
//! Every law draws whole nanoseconds and knows its own moments, quantiles and distribution
//! function, so that a report can say what was assumed and a test can check what was drawn.
//! Moments, quantiles and distribution functions are those of the law before rounding, in seconds.

mod error;
mod table;

pub use error::LawError;
pub use table::Table;

use super::exp::exp;
use super::stream::Stream;
use super::ziggurat::{normal_cdf, normal_quantile};
use crate::units::Span;
use std::sync::Arc;

/// The standard normal's 99 % point.
const Z99: f64 = 2.326_347_874_040_840_8;

/// How long something takes.
///
/// Build it with the constructors, which check the parameters; a law that was put together by hand
/// from parameters that they refuse draws without panicking but means nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Law {
    /// Always the same.
    Constant(Span),
    /// Every nanosecond from `from` to `to`, both included, is equally likely.
    Uniform {
        /// The shortest.
        from: Span,
        /// The longest.
        to: Span,
    },
    /// Without memory.
    Exponential {
        /// The mean.
        mean: Span,
    },
    /// The logarithm of the seconds is normal.
    Lognormal {
        /// Mean of the logarithm of the seconds.
        mu: f64,
        /// Standard deviation of the logarithm, at least zero.
        sigma: f64,
    },
    /// A power tail: longer than `x` with probability `(scale / x)^shape`.
    Pareto {
        /// The shortest.
        scale: Span,
        /// The exponent of the tail, above zero. The mean is infinite up to 1, the variance to 2.
        shape: f64,
    },
    /// Measured quantiles.
    Empirical(Arc<Table>),
    /// One of several laws, each with its share; the shares add up to one.
    Mixture(Arc<[(f64, Law)]>),
}

fn positive(what: &'static str, span: Span) -> Result<f64, LawError> {
    if span == Span::ZERO { Err(LawError::Zero { what }) } else { Ok(span.as_secs_f64()) }
}

fn in_range(
    what: &'static str,
    needs: &'static str,
    value: f64,
    holds: bool,
) -> Result<(), LawError> {
    if holds { Ok(()) } else { Err(LawError::OutOfRange { what, needs, value }) }
}

impl Law {
    /// No time at all: an element that is switched off.
    pub const ZERO: Self = Self::Constant(Span::ZERO);

    /// The uniform law from `from` to `to`, both included.
    ///
    /// # Errors
    /// When `to` is below `from`.
    pub fn uniform(from: Span, to: Span) -> Result<Self, LawError> {
        if to < from {
            Err(LawError::Reversed { from, to })
        } else {
            Ok(Self::Uniform { from, to })
        }
    }

    /// The exponential law.
    ///
    /// # Errors
    /// When the mean is zero.
    pub fn exponential(mean: Span) -> Result<Self, LawError> {
        positive("the mean of an exponential law", mean)?;
        Ok(Self::Exponential { mean })
    }

    /// The lognormal law with these parameters of the logarithm of the seconds.
    ///
    /// # Errors
    /// When `mu` is not finite, or `sigma` is negative or not finite.
    pub fn lognormal(mu: f64, sigma: f64) -> Result<Self, LawError> {
        in_range("mu of a lognormal law", "finite", mu, mu.is_finite())?;
        let holds = sigma >= 0.0 && sigma.is_finite();
        in_range("sigma of a lognormal law", "at least 0 and finite", sigma, holds)?;
        Ok(Self::Lognormal { mu, sigma })
    }

    /// The lognormal law with this median and 99th percentile.
    ///
    /// # Errors
    /// When the median is zero or above the 99th percentile.
    pub fn lognormal_median_p99(median: Span, p99: Span) -> Result<Self, LawError> {
        let middle = positive("the median of a lognormal law", median)?;
        if p99 < median {
            return Err(LawError::Descending { median, p99 });
        }
        let sigma = libm::log(p99.as_secs_f64() / middle) / Z99;
        Self::lognormal(libm::log(middle), sigma)
    }

    /// The lognormal law with this mean and coefficient of variation (standard deviation over
    /// mean): `sigma^2 = ln(1 + cv^2)`, `mu = ln(mean) - sigma^2 / 2`.
    ///
    /// # Errors
    /// When the mean is zero, or `cv` is negative or not finite.
    pub fn lognormal_mean_cv(mean: Span, cv: f64) -> Result<Self, LawError> {
        let mean = positive("the mean of a lognormal law", mean)?;
        let holds = cv >= 0.0 && (cv * cv).is_finite();
        in_range("the cv of a lognormal law", "at least 0 and below 1e154", cv, holds)?;
        let square = libm::log1p(cv * cv);
        Self::lognormal(libm::log(mean) - 0.5 * square, square.sqrt())
    }

    /// The Pareto law (type I): at least `scale`, longer than `x` with probability
    /// `(scale / x)^shape`.
    ///
    /// # Errors
    /// When the scale is zero, or the shape is not above zero and finite.
    pub fn pareto(scale: Span, shape: f64) -> Result<Self, LawError> {
        positive("the scale of a pareto law", scale)?;
        let holds = shape > 0.0 && shape.is_finite();
        in_range("the shape of a pareto law", "above 0 and finite", shape, holds)?;
        Ok(Self::Pareto { scale, shape })
    }

    /// The Pareto law with this mean: `scale = mean (shape - 1) / shape`, to the nanosecond.
    ///
    /// # Errors
    /// When the mean is so short that the scale is zero, or the shape is not above one and finite.
    pub fn pareto_mean(mean: Span, shape: f64) -> Result<Self, LawError> {
        let holds = shape > 1.0 && shape.is_finite();
        in_range("the shape of a pareto law with a mean", "above 1 and finite", shape, holds)?;
        Self::pareto(mean.scaled((shape - 1.0) / shape), shape)
    }

    /// The law of measured quantiles: `(probability, time)` points from probability 0 to 1, linear
    /// in between.
    ///
    /// # Errors
    /// Those of [`Table::new`].
    pub fn empirical(points: &[(f64, Span)]) -> Result<Self, LawError> {
        Table::new(points).map(|table| Self::Empirical(Arc::new(table)))
    }

    /// A mixture. Parts without a share are left out; shares are scaled to add up to one exactly.
    ///
    /// # Errors
    /// When a share lies outside 0 to 1, none is above zero, or their sum is not 1 within 1e-9.
    pub fn mixture(parts: impl IntoIterator<Item = (f64, Self)>) -> Result<Self, LawError> {
        let mut kept: Vec<(f64, Self)> = Vec::new();
        for (share, law) in parts {
            let holds = (0.0..=1.0).contains(&share);
            in_range("a share of a mixture", "between 0 and 1", share, holds)?;
            if share > 0.0 {
                kept.push((share, law));
            }
        }
        let sum: f64 = kept.iter().map(|(share, _)| share).sum();
        if kept.is_empty() {
            return Err(LawError::NoParts);
        }
        if (sum - 1.0).abs() > 1e-9 {
            return Err(LawError::Shares { sum });
        }
        kept.iter_mut().for_each(|(share, _)| *share /= sum);
        Ok(Self::Mixture(kept.into()))
    }

    /// A duration, rounded to whole nanoseconds, ties to even; beyond the range of [`Span`] its
    /// maximum. How many numbers a draw takes from the stream depends on the law and, one time in
    /// a hundred, on the numbers.
    #[inline]
    pub fn draw(&self, stream: &mut Stream) -> Span {
        match self {
            Self::Constant(span) => *span,
            Self::Uniform { from, to } => {
                let width = to.as_nanos().saturating_sub(from.as_nanos());
                let offset = stream.below(width.saturating_add(1));
                from.saturating_add(Span::from_nanos(offset))
            }
            Self::Exponential { mean } => mean.scaled(stream.exponential()),
            Self::Lognormal { .. } => self.finish(stream.normal().to_bits()),
            // The logarithm of a Pareto variate over its scale is exponential with rate `shape`.
            Self::Pareto { scale, shape } => scale.scaled(exp(stream.exponential() / shape)),
            Self::Empirical(table) => whole_nanos(table.nanos_at(stream.unit())),
            Self::Mixture(parts) => draw_part(parts, stream),
        }
    }

    /// The part of a draw that needs the stream; [`Self::finish`] makes a duration of it. Many draws
    /// that are finished together take less time than one by one, because a lognormal one is a long
    /// chain of dependent operations.
    #[inline]
    pub fn begin(&self, stream: &mut Stream) -> u64 {
        match self {
            Self::Lognormal { .. } => stream.normal().to_bits(),
            other => other.draw(stream).as_nanos(),
        }
    }

    /// What [`Self::draw`] would have given.
    #[inline]
    #[must_use]
    pub fn finish(&self, begun: u64) -> Span {
        match self {
            Self::Lognormal { mu, sigma } => {
                Span::from_secs_f64(exp(mu + sigma * f64::from_bits(begun)))
            }
            _ => Span::from_nanos(begun),
        }
    }

    /// The mean in seconds; `None` when it is infinite.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let mean = match self {
            Self::Constant(span) => span.as_secs_f64(),
            Self::Uniform { from, to } => 0.5 * (from.as_secs_f64() + to.as_secs_f64()),
            Self::Exponential { mean } => mean.as_secs_f64(),
            Self::Lognormal { mu, sigma } => libm::exp(mu + 0.5 * sigma * sigma),
            Self::Pareto { shape, .. } if *shape <= 1.0 => return None,
            Self::Pareto { scale, shape } => scale.as_secs_f64() * shape / (shape - 1.0),
            Self::Empirical(table) => table.mean_nanos() / 1e9,
            Self::Mixture(parts) => {
                let part = |(share, law): &(f64, Self)| law.mean().map(|mean| share * mean);
                parts.iter().map(part).sum::<Option<f64>>()?
            }
        };
        mean.is_finite().then_some(mean)
    }

    /// The variance in squared seconds; `None` when it is infinite.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        let variance = match self {
            Self::Constant(_) => 0.0,
            Self::Uniform { from, to } => {
                let width = to.saturating_sub(*from).as_secs_f64();
                width * width / 12.0
            }
            Self::Exponential { mean } => mean.as_secs_f64() * mean.as_secs_f64(),
            Self::Lognormal { mu, sigma } => {
                let square = sigma * sigma;
                libm::expm1(square) * libm::exp(2.0 * mu + square)
            }
            Self::Pareto { shape, .. } if *shape <= 2.0 => return None,
            Self::Pareto { scale, shape } => {
                let ratio = scale.as_secs_f64() / (shape - 1.0);
                ratio * ratio * shape / (shape - 2.0)
            }
            Self::Empirical(table) => table.variance_nanos() / 1e18,
            Self::Mixture(parts) => {
                let mean = self.mean()?;
                let part = |(share, law): &(f64, Self)| {
                    let off = law.mean()? - mean;
                    Some(share * (law.variance()? + off * off))
                };
                parts.iter().map(part).sum::<Option<f64>>()?
            }
        };
        variance.is_finite().then_some(variance)
    }

    /// The quantile in seconds: the smallest value that is not exceeded with this probability. The
    /// probability is brought into 0 to 1; at 1 it is infinite for a law without a bound.
    #[must_use]
    pub fn quantile(&self, probability: f64) -> f64 {
        let p = probability.clamp(0.0, 1.0);
        match self {
            Self::Constant(span) => span.as_secs_f64(),
            Self::Uniform { from, to } => {
                from.as_secs_f64() + p * to.saturating_sub(*from).as_secs_f64()
            }
            Self::Exponential { mean } => -mean.as_secs_f64() * libm::log1p(-p),
            Self::Lognormal { mu, sigma } if *sigma == 0.0 => libm::exp(*mu),
            Self::Lognormal { mu, sigma } => libm::exp(mu + sigma * normal_quantile(p)),
            Self::Pareto { scale, shape } => {
                scale.as_secs_f64() * libm::exp(-libm::log1p(-p) / shape)
            }
            Self::Empirical(table) => table.quantile_nanos(p) / 1e9,
            Self::Mixture(parts) => self.quantile_between(parts, p),
        }
    }

    /// Bisection: a mixture's quantile lies between the least and the greatest of its parts'. The
    /// bits of floats that are not negative are ordered as the floats, so bisecting them takes at
    /// most 64 steps to the last bit, whatever the magnitudes.
    fn quantile_between(&self, parts: &[(f64, Self)], p: f64) -> f64 {
        let bounds = parts.iter().map(|(_, law)| law.quantile(p));
        let (low, high) = bounds.fold((f64::INFINITY, 0.0_f64), |(low, high), quantile| {
            (low.min(quantile), high.max(quantile))
        });
        if self.cdf(low) >= p {
            return low;
        }
        let (mut low, mut high) = (low.to_bits(), high.to_bits());
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.cdf(f64::from_bits(middle)) >= p {
                high = middle;
            } else {
                low = middle;
            }
        }
        f64::from_bits(high)
    }

    /// The distribution function: the probability of at most `seconds`.
    #[must_use]
    pub fn cdf(&self, seconds: f64) -> f64 {
        if seconds < self.bound() {
            return 0.0;
        }
        match self {
            Self::Constant(_) => 1.0,
            Self::Uniform { from, to } => {
                let width = to.saturating_sub(*from).as_secs_f64();
                let within = seconds - from.as_secs_f64();
                if within >= width { 1.0 } else { within / width }
            }
            Self::Exponential { mean } => -libm::expm1(-seconds / mean.as_secs_f64()),
            Self::Lognormal { sigma, .. } if *sigma == 0.0 => 1.0,
            Self::Lognormal { .. } if seconds <= 0.0 => 0.0,
            Self::Lognormal { mu, sigma } => normal_cdf((libm::log(seconds) - mu) / sigma),
            Self::Pareto { scale, shape } => {
                -libm::expm1(-shape * libm::log(seconds / scale.as_secs_f64()))
            }
            Self::Empirical(table) => table.cdf_nanos(seconds * 1e9),
            Self::Mixture(parts) => parts.iter().map(|(share, law)| share * law.cdf(seconds)).sum(),
        }
    }

    /// The greatest lower bound in seconds, before rounding.
    fn bound(&self) -> f64 {
        match self {
            Self::Constant(span) => span.as_secs_f64(),
            Self::Uniform { from, .. } => from.as_secs_f64(),
            Self::Exponential { .. } => 0.0,
            Self::Lognormal { mu, sigma } => {
                if *sigma == 0.0 {
                    libm::exp(*mu)
                } else {
                    0.0
                }
            }
            Self::Pareto { scale, .. } => scale.as_secs_f64(),
            Self::Empirical(table) => table.min().as_secs_f64(),
            Self::Mixture(parts) => {
                parts.iter().map(|(_, law)| law.bound()).fold(f64::INFINITY, f64::min)
            }
        }
    }

    /// The greatest lower bound: no draw is shorter. What a check of a lookahead or of a time-out
    /// needs.
    #[must_use]
    pub fn min(&self) -> Span {
        match self {
            Self::Constant(span) => *span,
            Self::Uniform { from, .. } => *from,
            Self::Pareto { scale, .. } => *scale,
            Self::Empirical(table) => table.min(),
            Self::Mixture(parts) => {
                parts.iter().map(|(_, law)| law.min()).min().unwrap_or(Span::ZERO)
            }
            Self::Exponential { .. } | Self::Lognormal { .. } => Span::from_secs_f64(self.bound()),
        }
    }
}

/// The part that holds a uniform draw, then its own draw. The last part takes what rounding leaves.
fn draw_part(parts: &[(f64, Law)], stream: &mut Stream) -> Span {
    let mut left = stream.unit();
    for (share, law) in parts {
        if left < *share {
            return law.draw(stream);
        }
        left -= share;
    }
    parts.last().map_or(Span::ZERO, |(_, law)| law.draw(stream))
}

/// A float number of nanoseconds, rounded as [`Span::from_secs_f64`] does.
#[inline]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: `as` saturates
fn whole_nanos(nanos: f64) -> Span {
    Span::from_nanos(nanos.round_ties_even() as u64)
}

#[cfg(test)]
#[path = "law_tests.rs"]
mod tests;
