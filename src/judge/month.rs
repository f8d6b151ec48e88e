//! A run's traffic as a month's: what is billed, and what it spends of the error budget.

use crate::cost::{Bill, CacheUsage, Mode, PriceArea, RegionUsage, Usage, apportion, bill};
use crate::fabric::Plan;
use crate::observe::{Counter, Gauge, Metric, RunFigure, Scope, Series, Totals};
use crate::slo::{MONTH, error_budget_spent};
use crate::units::{Instant, Span, count_to_f64};

/// The cell of a scope over the judged part of a run.
fn judged_cell(plan: &Plan, totals: &Totals, scope: Scope) -> Vec<u64> {
    let warm = Instant::ZERO + plan.warmup;
    totals.cell(|segment| totals.timeline().segment(segment).0 >= warm, scope)
}

/// The length of the judged part of a run.
pub(super) fn judged_span(plan: &Plan) -> Span {
    plan.length.saturating_sub(plan.warmup)
}

/// What the judged part of a run spends of the month's error budget; `None` if that was not measured.
pub(super) fn budget_spent(plan: &Plan, totals: &Totals) -> Option<f64> {
    if !totals.layout().measured().metric(Metric::RunFigure(RunFigure::ErrorBudgetSpent)) {
        return None;
    }
    let cell = judged_cell(plan, totals, Scope::default());
    let bad = cell[Counter::Failed.index()] + cell[Counter::GivenUp.index()];
    let all = bad + cell[Counter::Served.index()];
    error_budget_spent(bad, all, judged_span(plan), plan.fabric.cost.sla)
}

/// The bill of a month in which every hour is like the judged part of the run. How many bytes go to
/// viewers is given by the file; the run says from which regions they go.
///
/// # Errors
/// When an amount is beyond what can be held.
pub(super) fn monthly_bill(plan: &Plan, totals: &Totals) -> Result<Bill, String> {
    let at = |region| judged_cell(plan, totals, Scope { from: None, at: Some(region) });
    let cells: Vec<Vec<u64>> = (0..plan.fabric.regions.len()).map(at).collect();
    let reads = cells.iter().map(|cell| cell[Counter::PrimaryReads.index()]).sum();
    bill_of(
        plan,
        &Traffic {
            served: cells.iter().map(|cell| cell[Counter::Served.index()]).collect(),
            nodes: (0..cells.len()).map(|at| nodes(plan, totals, at)).collect(),
            reads,
            span: judged_span(plan),
        },
    )
}

/// What a bill depends on.
struct Traffic {
    /// Answers by region.
    served: Vec<u64>,
    /// Nodes by region, on the mean.
    nodes: Vec<f64>,
    /// Reads that went to the primary.
    reads: u64,
    /// In which time.
    span: Span,
}

fn bill_of(plan: &Plan, traffic: &Traffic) -> Result<Bill, String> {
    let cost = &plan.fabric.cost;
    let mut weights = traffic.served.clone();
    if weights.iter().all(|&weight| weight == 0) {
        weights.fill(1);
    }
    let egress = apportion(cost.egress, &weights).ok_or("the egress is too much to be split")?;
    let named = plan.fabric.regions.iter().zip(egress).zip(&traffic.nodes);
    let regions = named.map(|((name, egress_bytes), &nodes)| RegionUsage {
        name: name.clone(),
        // A region that no price list names is billed as the cheapest one.
        area: PriceArea::of(name).unwrap_or(PriceArea::UnitedStates),
        nodes: paid_nodes(plan),
        started_nodes: started_nodes(plan, nodes),
        egress_bytes,
    });
    let usage = Usage {
        library_bytes: cost.library,
        upload_bytes: cost.uploads,
        regions: regions.collect(),
        primary: plan.fabric.primary,
        cross_region_read_bytes: in_a_month(traffic.reads, cost.read_bytes, traffic.span),
        caches: cost.caches.then(|| caches(plan)),
        connection_bytes: cost.connections.map(|bytes| {
            let database = plan.fabric.database.as_ref();
            database.map_or(0, |one| u64::from(one.connections).saturating_mul(bytes))
        }),
    };
    let mode = if cost.as_printed { Mode::AsPrinted } else { Mode::Exact };
    bill(&usage, mode).map_err(|error| error.to_string())
}

/// Nodes that are paid for in each region the whole month.
fn paid_nodes(plan: &Plan) -> u32 {
    let cost = &plan.fabric.cost;
    cost.pods_per_node.map_or(cost.nodes, |room| plan.fabric.manifest.pods.div_ceil(room.max(1)))
}

/// What a region's caches have room for: memory for copies of metadata, of as many bytes each as a read has,
/// and disks for segments where anybody asks for them.
fn caches(plan: &Plan) -> CacheUsage {
    let copies = plan.fabric.metadata.as_ref().map_or(0, |metadata| {
        metadata.entries.map_or(plan.load.titles, |entries| entries.most.min(plan.load.titles))
    });
    let segments = plan.fabric.content.store.filter(|_| plan.load.has_segments());
    CacheUsage {
        memory_bytes: u64::from(copies).saturating_mul(plan.fabric.cost.read_bytes),
        disk_bytes: segments.map_or(0, |store| store.bytes),
    }
}

/// Nodes of a region on the mean of the judged run.
fn nodes(plan: &Plan, totals: &Totals, region: usize) -> f64 {
    let warm = Instant::ZERO + plan.warmup;
    let judged = |segment| totals.timeline().segment(segment).0 >= warm;
    let levels = totals.peaks(judged, Scope { from: None, at: Some(region) }, Gauge::Nodes);
    levels.mean().unwrap_or(0.0)
}

/// Nodes beyond those that the file pays for, in thousandths.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: few nodes
fn started_nodes(plan: &Plan, nodes: f64) -> u64 {
    let more = nodes - f64::from(paid_nodes(plan));
    (more.max(0.0) * 1e3).round_ties_even() as u64
}

/// For each second that was kept, the bill of a month in which every hour is like it, in dollars;
/// `None` where that is beyond what can be held.
pub(super) fn monthly_cost(plan: &Plan, series: &Series) -> Vec<Option<f64>> {
    let regions = series.regions();
    let mut before = (Instant::ZERO, vec![0; regions], 0);
    let each = series.times().iter().enumerate().map(|(row, &at)| {
        let sum = |counter, at| -> u64 {
            let tracks = (0..regions).filter_map(|from| series.counter(counter, from, at));
            tracks.map(|track| track.at(row)).sum()
        };
        let served: Vec<u64> = (0..regions).map(|at| sum(Counter::Served, at)).collect();
        let reads = (0..regions).map(|at| sum(Counter::PrimaryReads, at)).sum();
        let traffic = Traffic {
            served: served.iter().zip(&before.1).map(|(now, then)| now - then).collect(),
            nodes: (0..regions)
                .map(|at| count_to_f64(series.peak(Gauge::Nodes, at, row)))
                .collect(),
            reads: reads - before.2,
            span: at.since(before.0),
        };
        before = (at, served, reads);
        bill_of(plan, &traffic).ok().map(|bill| bill.total().as_dollars())
    });
    each.collect()
}

/// For each second that was kept, what the judged part of the run has spent of the month's error
/// budget by its end: it ends in what the run spends.
pub(super) fn spent_so_far(plan: &Plan, series: &Series) -> Vec<Option<f64>> {
    let warm = Instant::ZERO + plan.warmup;
    let regions = series.regions();
    let sum = |counter, row: usize| -> u64 {
        let pairs = (0..regions).flat_map(|from| (0..regions).map(move |at| (from, at)));
        pairs.filter_map(|(from, at)| series.counter(counter, from, at)).map(|t| t.at(row)).sum()
    };
    let bad = |row| sum(Counter::Failed, row) + sum(Counter::GivenUp, row);
    let first = series.times().partition_point(|&at| at <= warm);
    let (before, last) = (first.checked_sub(1), series.times().len().checked_sub(1));
    let none = |row: Option<usize>| row.map_or((0, 0), |row| (bad(row), sum(Counter::Served, row)));
    let ((bad_before, served_before), (bad_last, served_last)) = (none(before), none(last));
    let all = (bad_last + served_last).saturating_sub(bad_before + served_before);
    let each = (0..series.times().len()).map(|row| {
        let bad = bad(row).saturating_sub(bad_before);
        error_budget_spent(bad, all, judged_span(plan), plan.fabric.cost.sla)
    });
    each.collect()
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
