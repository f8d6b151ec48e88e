//! What is made for other programs, handed to those programs: a browser, Prometheus, Slurm, Kubernetes.

#![allow(clippy::unwrap_used, clippy::panic)] // reason: a test fails by panicking

mod browser;
mod kubernetes;
mod observed;
#[path = "../common/pool.rs"]
mod pool;
#[path = "../common/schema.rs"]
mod schema;
mod slurm;
