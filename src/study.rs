//! Many runs, on all cores, in an order that nobody can see in the result.

pub mod work;
