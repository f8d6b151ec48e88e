//! The program and the library as others use them: calls, files, reports, studies, gates, and what the pages
//! of this repository say.
//!
//! One crate, because linking a crate of tests takes longer than running it: `cargo test --test it gate::`
//! runs those of one file. `SQUALL_BLESS=1` rewrites what the tests compare with; read the difference
//! before it is committed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // reason: a test fails by panicking

#[path = "../common/bless.rs"]
mod bless;
mod caches;
mod cli;
mod determinism;
#[path = "../common/files.rs"]
mod files;
mod gate;
mod pages;
mod problems;
mod rates;
mod readme;
mod reports;
mod runbook;
#[path = "../common/runs.rs"]
mod runs;
mod scenarios;
#[path = "../common/schema.rs"]
mod schema;
mod segments;
mod study;
