//! A study as JSON: the contract `squall.study/1`, whose order of keys is stable.

use super::Pass;
use super::finding::{Finding, Side};
use super::journal::{Axis, Header, Named};
use super::rows::{LEVEL, Row};
use super::search_result::SearchResult;
use crate::stats::clopper_pearson;
use serde::Serialize;
use std::io::{self, Write};

/// The name of the contract.
const SCHEMA: &str = "squall.study/1";

#[derive(Serialize)]
struct Study<'a> {
    title: &'a str,
    question: &'a str,
    hash: &'a str,
}

#[derive(Serialize)]
struct Scenario<'a> {
    path: &'a str,
    hash: &'a str,
}

#[derive(Serialize)]
struct Seeds {
    first: u64,
    least: u64,
    most: u64,
    precision: Option<f64>,
}

#[derive(Serialize)]
struct Variant<'a> {
    variant: u64,
    values: Vec<&'a str>,
    trigger: bool,
    runs: u64,
    all_held: Share,
    requests: u64,
    invariants: Vec<Share>,
    measures: Vec<Option<Measured>>,
    contrasts: Option<Vec<Option<Contrast>>>,
}

/// A count of runs, and the exact 95 % interval of its share.
#[derive(Serialize)]
struct Share {
    held: u64,
    low: f64,
    high: f64,
}

/// `half_width` of the 95 % interval is null of a single run.
#[derive(Serialize)]
struct Measured {
    n: usize,
    mean: f64,
    half_width: Option<f64>,
    min: f64,
    max: f64,
}

#[derive(Serialize)]
struct Contrast {
    n: usize,
    difference: f64,
    half_width: Option<f64>,
    correlation: Option<f64>,
    pairing_lost: bool,
}

#[derive(Serialize)]
struct Cheapest<'a> {
    variant: u64,
    values: Vec<&'a str>,
    monthly_usd: f64,
}

#[derive(Serialize)]
struct Along<'a> {
    values: Vec<Option<&'a str>>,
    #[serde(flatten)]
    sides: Sides<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Sides<'a> {
    One(Interval<'a>),
    Two { collapses: Interval<'a>, recovers: Interval<'a> },
}

#[derive(Serialize)]
struct Interval<'a> {
    holds: Option<&'a str>,
    fails: Option<&'a str>,
    gave_way: Option<GaveWay<'a>>,
}

#[derive(Serialize)]
struct GaveWay<'a> {
    invariant: &'a str,
    runs: u64,
    of: u64,
    first_broken_s: Option<f64>,
}

/// The study as one JSON document, ending in a line break; a line a variant.
///
/// # Errors
/// What writing or reading says.
pub fn render(
    out: &mut dyn Write,
    header: &Header,
    rows: Pass<'_, Row>,
    found: &SearchResult,
) -> io::Result<()> {
    let Header { title, question, hash, .. } = header;
    let seeds = Seeds {
        first: header.first_seed,
        least: header.least_seeds,
        most: header.most_seeds,
        precision: header.precision,
    };
    writeln!(out, "{{")?;
    field(out, "schema", &SCHEMA)?;
    field(out, "version", &header.version)?;
    field(out, "study", &Study { title, question, hash })?;
    let scenario = Scenario { path: &header.scenario, hash: &header.scenario_hash };
    field(out, "scenario", &scenario)?;
    field(out, "seeds", &seeds)?;
    field::<Vec<Axis>>(out, "axes", &header.axes)?;
    field(out, "base", &header.base)?;
    field::<Vec<Named>>(out, "invariants", &header.invariants)?;
    field(out, "measures", &header.measures)?;
    write!(out, "  \"variants\": [")?;
    let mut first = true;
    rows(&mut |row| {
        out.write_all(if std::mem::take(&mut first) { b"\n    " } else { b",\n    " })?;
        serde_json::to_writer(&mut *out, &variant(header, row)).map_err(io::Error::from)
    })?;
    out.write_all(if first { b"],\n" } else { b"\n  ],\n" })?;
    write!(out, "  \"found\": ")?;
    write_found(out, header, found)?;
    writeln!(out, "\n}}")
}

fn field<T: Serialize>(out: &mut dyn Write, name: &str, value: &T) -> io::Result<()> {
    write!(out, "  \"{name}\": ")?;
    serde_json::to_writer(&mut *out, value)?;
    writeln!(out, ",")
}

fn variant<'a>(header: &'a Header, row: &Row) -> Variant<'a> {
    let share = |held: u64| {
        let (low, high) = clopper_pearson(held, row.runs, LEVEL);
        Share { held, low, high }
    };
    let finite = |width: f64| width.is_finite().then_some(width);
    let measured = |one: &super::rows::Measured| Measured {
        n: one.sample.n,
        mean: one.sample.mean,
        half_width: finite(one.sample.half_width(LEVEL)),
        min: one.min,
        max: one.max,
    };
    let contrast = |one: &super::rows::Contrast| Contrast {
        n: one.paired.difference.n,
        difference: one.paired.difference.mean,
        half_width: finite(one.paired.difference.half_width(LEVEL)),
        correlation: one.paired.correlation,
        pairing_lost: one.is_lost(),
    };
    let contrasts = row.contrasts.iter().map(|one| one.as_ref().map(contrast)).collect();
    Variant {
        variant: row.variant,
        values: header.shown(row.variant),
        trigger: row.variant < header.variants(),
        runs: row.runs,
        all_held: share(row.all_held),
        requests: row.requests,
        invariants: row.held.iter().map(|held| share(held.held)).collect(),
        measures: row.measures.iter().map(|one| one.as_ref().map(measured)).collect(),
        contrasts: (!row.contrasts.is_empty()).then_some(contrasts),
    }
}

fn write_found(out: &mut dyn Write, header: &Header, found: &SearchResult) -> io::Result<()> {
    match found {
        SearchResult::Table => write!(out, "null"),
        SearchResult::Cheapest(best) => {
            let best = best.map(|(variant, monthly_usd)| Cheapest {
                variant,
                values: header.shown(variant),
                monthly_usd,
            });
            Ok(serde_json::to_writer(&mut *out, &best)?)
        }
        SearchResult::Along { axis, findings, .. } => {
            let all: Vec<_> = findings.iter().map(|one| along(header, *axis, one)).collect();
            Ok(serde_json::to_writer(&mut *out, &all)?)
        }
    }
}

fn along<'a>(header: &'a Header, axis: usize, finding: &Finding) -> Along<'a> {
    let value = |at: usize, step: usize| {
        header.axes.get(at).and_then(|axis| axis.values.get(step)).map(String::as_str)
    };
    let interval = |side: &Side| Interval {
        holds: side.holds.and_then(|step| value(axis, step)),
        fails: side.fails.and_then(|step| value(axis, step)),
        gave_way: side.gave_way.and_then(|one| {
            let invariant = &header.invariants.get(one.invariant)?.name;
            Some(GaveWay { invariant, runs: one.runs, of: one.of, first_broken_s: one.at_s })
        }),
    };
    let nothing = Interval { holds: None, fails: None, gave_way: None };
    let sides = match finding.sides.as_slice() {
        [up, down] => Sides::Two { collapses: interval(up), recovers: interval(down) },
        [one] => Sides::One(interval(one)),
        _ => Sides::One(nothing),
    };
    let choice = finding.choice.iter().enumerate();
    let values = choice.map(|(at, &step)| if at == axis { None } else { value(at, step) });
    Along { values: values.collect(), sides }
}
