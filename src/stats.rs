//! What many runs say together: intervals of means and shares, differences of pairs, several tests at
//! once.
//!
//! The unit is the run, never the request: requests of one run wait in the same queues, so they are not
//! independent. Sums go in the order of the values, so that the same values give the same bits.

mod beta;
mod binomial;
mod holm;
mod paired;
mod sample;
mod student;

pub use binomial::clopper_pearson;
pub use holm::holm;
pub use paired::Paired;
pub use sample::Sample;
pub use student::{student_cdf, student_quantile};
