//! A run's traffic as a month's: what is billed, and what it spends of the error budget.

use crate::cost::{Bill, Mode, PriceArea, RegionUsage, Usage, apportion, bill};
use crate::fabric::{Outcome, Plan};
use crate::observe::{Counter, Gauge, Scope, Totals};
use crate::slo::{MONTH, error_budget_spent};
use crate::units::{Instant, Span};

/// The cell of a scope over the judged part of a run.
fn judged_cell(plan: &Plan, totals: &Totals, scope: Scope) -> Vec<u64> {
    let warm = Instant::ZERO + plan.warmup;
    totals.cell(|segment| totals.timeline().segment(segment).0 >= warm, scope)
}

/// The length of the judged part of a run.
pub(super) fn judged_span(plan: &Plan) -> Span {
    plan.length.saturating_sub(plan.warmup)
}

/// What the judged part of a run spends of the month's error budget.
pub(super) fn budget_spent(plan: &Plan, outcome: &Outcome) -> Option<f64> {
    let cell = judged_cell(plan, &outcome.totals, Scope::default());
    let bad = cell[Counter::Failed as usize] + cell[Counter::GivenUp as usize];
    let all = bad + cell[Counter::Served as usize];
    error_budget_spent(bad, all, judged_span(plan), plan.fabric.cost.sla)
}

/// The bill of a month in which every hour is like the judged part of the run. How many bytes go to
/// viewers is given by the file; the run says from which regions they go.
///
/// # Errors
/// When an amount is beyond what can be held.
pub(super) fn monthly_bill(plan: &Plan, outcome: &Outcome) -> Result<Bill, String> {
    let cost = &plan.fabric.cost;
    let at = |region| judged_cell(plan, &outcome.totals, Scope { from: None, at: Some(region) });
    let cells: Vec<Vec<u64>> = (0..plan.fabric.regions.len()).map(at).collect();
    let mut weights: Vec<u64> = cells.iter().map(|cell| cell[Counter::Served as usize]).collect();
    if weights.iter().all(|&weight| weight == 0) {
        weights.fill(1);
    }
    let egress = apportion(cost.egress, &weights).ok_or("the egress is too much to be split")?;
    let named = plan.fabric.regions.iter().zip(egress).enumerate();
    let regions = named.map(|(region, (name, egress_bytes))| RegionUsage {
        name: name.clone(),
        // A region that no price list names is billed as the cheapest one.
        area: PriceArea::of(name).unwrap_or(PriceArea::UnitedStates),
        nodes: cost.nodes,
        started_nodes: started_nodes(plan, &outcome.totals, region),
        egress_bytes,
    });
    let reads: u64 = cells.iter().map(|cell| cell[Counter::PrimaryReads as usize]).sum();
    let usage = Usage {
        library_bytes: cost.library,
        upload_bytes: cost.uploads,
        regions: regions.collect(),
        primary: plan.fabric.primary,
        cross_region_read_bytes: in_a_month(reads, cost.read_bytes, judged_span(plan)),
    };
    let mode = if cost.as_printed { Mode::AsPrinted } else { Mode::Exact };
    bill(&usage, mode).map_err(|error| error.to_string())
}

/// Nodes beyond those that the file pays for, on the mean of the run, in thousandths.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: few nodes
fn started_nodes(plan: &Plan, totals: &Totals, region: usize) -> u64 {
    let warm = Instant::ZERO + plan.warmup;
    let judged = |segment| totals.timeline().segment(segment).0 >= warm;
    let levels = totals.peaks(judged, Scope { from: None, at: Some(region) }, Gauge::Nodes);
    let more = levels.mean().unwrap_or(0.0) - f64::from(plan.fabric.cost.nodes);
    (more.max(0.0) * 1e3).round_ties_even() as u64
}

/// Bytes in a month when `count` transfers of `bytes` were made in `run`; at most what can be held.
fn in_a_month(count: u64, bytes: u64, run: Span) -> u64 {
    let all = u128::from(count) * u128::from(bytes);
    let month =
        all.saturating_mul(u128::from(MONTH.as_nanos())) / u128::from(run.as_nanos().max(1));
    u64::try_from(month).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transfers_scale_to_a_month() {
        // A thousand reads of 4 kB in an hour: 720 times as many in a month.
        assert_eq!(in_a_month(1_000, 4_000, Span::from_secs(3_600)), 2_880_000_000);
        assert_eq!(in_a_month(0, 4_000, Span::from_secs(1)), 0);
        assert_eq!(in_a_month(u64::MAX, u64::MAX >> 24, Span::from_nanos(1)), u64::MAX);
    }
}
