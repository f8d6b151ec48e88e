//! The client side of a hop: retries and their budgets, breaker, hedging.

pub mod breaker;
pub mod budgets;
pub mod client;
pub mod error;
pub mod hedge;
pub mod kind;
pub mod retry;
