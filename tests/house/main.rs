//! The rules of this repository: what may import what, that nothing goes in circles, and what every file
//! keeps to.

#![allow(clippy::unwrap_used, clippy::panic)] // reason: a test fails by panicking

mod circles;
#[path = "../common/files.rs"]
mod files;
mod layers;
mod tidy;
