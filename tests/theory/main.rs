//! The model against closed forms and independent sources: one row a comparison, all rows a page,
//! `results/validation.md`. Every expected number is computed here from its formula; every tolerance
//! is a standard error. Numbers that a formula gives are never blessed: blessing writes the page anew
//! and still fails on a row that does not agree.

// reason: a test fails by panicking, and shows what it saw
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

#[path = "../common/bless.rs"]
mod bless;
mod budgets;
mod caches;
mod clients;
mod data;
mod disciplines;
mod failover;
mod formulas;
mod hedges;
mod hops;
mod laws;
mod overload;
mod partial;
mod pods;
mod policies;
mod queues;
#[path = "../common/region.rs"]
mod region;
mod retries;
#[path = "../common/runs.rs"]
mod runs;
mod shields;
mod stats;
mod table;
mod tools;
mod writes;

use std::sync::LazyLock;
use table::{Row, page};

/// A section's rows are computed once, by whichever test asks first.
static LAWS: LazyLock<Vec<Row>> = LazyLock::new(laws::rows);
static QUEUES: LazyLock<Vec<Row>> = LazyLock::new(queues::rows);
static DISCIPLINES: LazyLock<Vec<Row>> = LazyLock::new(disciplines::rows);
static CACHES: LazyLock<Vec<Row>> = LazyLock::new(caches::rows);
static POLICIES: LazyLock<Vec<Row>> = LazyLock::new(policies::rows);
static RETRIES: LazyLock<Vec<Row>> = LazyLock::new(retries::rows);
static HOPS: LazyLock<Vec<Row>> = LazyLock::new(hops::rows);
static OVERLOAD: LazyLock<Vec<Row>> = LazyLock::new(overload::rows);
static PODS: LazyLock<Vec<Row>> = LazyLock::new(pods::rows);
static DATA: LazyLock<Vec<Row>> = LazyLock::new(data::rows);
static FAILOVER: LazyLock<Vec<Row>> = LazyLock::new(failover::rows);
static SHIELDS: LazyLock<Vec<Row>> = LazyLock::new(shields::rows);

fn assert_agree(rows: &[Row]) {
    let wrong: Vec<String> = rows.iter().filter_map(|row| row.verdict().err()).collect();
    assert!(!rows.is_empty() && wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn laws_agree() {
    assert_agree(&LAWS);
}

#[test]
fn queues_agree() {
    assert_agree(&QUEUES);
}

#[test]
fn disciplines_agree() {
    assert_agree(&DISCIPLINES);
}

#[test]
fn caches_agree() {
    assert_agree(&CACHES);
}

#[test]
fn policies_agree() {
    assert_agree(&POLICIES);
}

#[test]
fn retries_agree() {
    assert_agree(&RETRIES);
}

#[test]
fn hops_agree() {
    assert_agree(&HOPS);
}

#[test]
fn overload_agrees() {
    assert_agree(&OVERLOAD);
}

#[test]
fn pods_agree() {
    assert_agree(&PODS);
}

#[test]
fn data_and_money_agree() {
    assert_agree(&DATA);
}

#[test]
fn failover_agrees() {
    assert_agree(&FAILOVER);
}

#[test]
fn shields_agree() {
    assert_agree(&SHIELDS);
}

#[test]
fn the_page_is_what_the_rows_say() {
    let made = page(&[
        ("Queues", &QUEUES),
        ("Disciplines", &DISCIPLINES),
        ("Laws", &LAWS),
        ("Caches and storms", &CACHES),
        ("Cache policies", &POLICIES),
        ("Retries", &RETRIES),
        ("Hops", &HOPS),
        ("Overload", &OVERLOAD),
        ("Pods", &PODS),
        ("Viewers and kinds of fetch", &SHIELDS),
        ("Failover", &FAILOVER),
        ("Replicas and money", &DATA),
    ]);
    bless::bless("results/validation.md", &made);
}
