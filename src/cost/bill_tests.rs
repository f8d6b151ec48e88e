//! Figures of the brief, and the laws that every bill obeys.

use super::super::{CacheUsage, GB, PriceArea, RegionUsage, TB};
use super::*;

fn cents(cents: i64) -> Money {
    Money::from_cents(cents)
}

fn capstone(mode: Mode) -> Bill {
    bill(&Usage::capstone(), mode).unwrap()
}

fn line<'a>(bill: &'a Bill, name: &str) -> &'a Line {
    bill.lines().iter().find(|line| line.name == name).unwrap()
}

/// The exact edge egress of 500 TB split by these weights, in the capstone's order of regions.
fn egress(weights: [u64; 5]) -> Money {
    let usage = Usage::capstone().with_egress(500 * TB, &weights).unwrap();
    line(&bill(&usage, Mode::Exact).unwrap(), name::EGRESS).amount
}

#[test]
fn as_printed_gives_the_figures_of_the_brief() {
    let bill = capstone(Mode::AsPrinted);
    let lines: Vec<_> =
        bill.lines().iter().map(|l| (l.name, l.working.as_str(), l.amount.to_string())).collect();
    assert_eq!(
        lines,
        [
            ("object storage", "100 TB x $0.023/GB", "2,300.00".to_owned()),
            ("replication egress", "20 TB x 4 regions x $0.02/GB", "1,600.00".to_owned()),
            ("control planes", "$0.10/h x 720 h x 5 regions", "360.00".to_owned()),
            ("worker nodes", "$0.136/h x 720 h x 10 nodes", "979.20".to_owned()),
            ("edge egress", "500 TB x $0.08/GB", "40,000.00".to_owned()),
        ]
    );
    assert_eq!(bill.total(), cents(4_523_920));
    assert!(bill.lines().iter().all(|l| l.printed == Some(l.amount) && l.why.is_none()));
}

#[test]
fn exact_gives_the_corrected_figures() {
    let bill = capstone(Mode::Exact);
    let lines: Vec<_> = bill.lines().iter().map(|l| (l.name, l.amount, l.printed)).collect();
    assert_eq!(
        lines,
        [
            ("object storage", cents(225_000), Some(cents(230_000))),
            ("library growth", cents(46_000), None),
            ("replication egress", cents(160_000), Some(cents(160_000))),
            ("storage of the copies", cents(184_000), None),
            ("control planes", cents(36_500), Some(cents(36_000))),
            ("worker nodes", cents(120_888), Some(cents(97_920))),
            ("edge egress", cents(4_047_500), Some(cents(4_000_000))),
            ("cross-region reads", cents(0), None),
        ]
    );
    assert_eq!(bill.total(), cents(4_819_888));
    assert_eq!(bill.printed_total(), capstone(Mode::AsPrinted).total());
}

#[test]
fn a_line_says_by_how_much_it_differs_from_the_printed_one_and_why() {
    let bill = capstone(Mode::Exact);
    let planes = line(&bill, "control planes");
    let why = "5.00 more: a month of a price list has 730 h, the printed one 720 h.";
    assert_eq!(planes.why.as_deref(), Some(why));
    assert_eq!(line(&bill, name::REPLICATION).why, None, "it is the same");
}

#[test]
fn edge_egress_follows_where_the_viewers_are() {
    assert_eq!(egress([1, 0, 0, 0, 0]), cents(2_405_000), "all in the United States");
    assert_eq!(egress([0, 1, 0, 0, 0]), cents(2_405_000), "all in Europe");
    assert_eq!(egress([1, 1, 1, 1, 1]), cents(4_285_000), "evenly");
    assert_eq!(egress([30, 25, 20, 10, 15]), cents(4_047_500), "the default");
    // Two areas of equal prices have tiers of their own: 250 TB in each cost more than 500 TB in one.
    assert_eq!(egress([1, 1, 0, 0, 0]), cents(2 * 1_405_000));
}

#[test]
fn regions_of_one_area_share_its_tiers() {
    let mut usage = Usage::capstone().with_egress(500 * TB, &[1, 1, 0, 0, 0]).unwrap();
    usage.regions[1].name = "us-west-2".to_owned();
    usage.regions[1].area = PriceArea::UnitedStates;
    let bill = bill(&usage, Mode::Exact).unwrap();
    assert_eq!(line(&bill, name::EGRESS).amount, cents(2_405_000));
}

#[test]
fn a_line_says_why_exactly_when_it_differs() {
    for reads in [0, 30 * TB] {
        let usage = Usage { cross_region_read_bytes: reads, ..Usage::capstone() };
        for line in bill(&usage, Mode::Exact).unwrap().lines() {
            assert_eq!(line.why.is_none(), line.printed == Some(line.amount), "{}", line.name);
        }
    }
    let bill = capstone(Mode::Exact);
    let why = |name| line(&bill, name).why.as_deref().unwrap_or_default();
    assert!(why(name::STORAGE).starts_with("50.00 less: "));
    assert!(why(name::CONTROL_PLANES).starts_with("5.00 more: "));
    assert!(why(name::NODES).starts_with("229.68 more: "));
    assert!(why(name::NODES).contains("The hours make 13.60 of it"));
    assert!(why(name::EGRESS).starts_with("475.00 more: "));
    assert!(why(name::GROWTH).ends_with("it would be 440.00."));
    assert!(
        why(name::COPIES)
            .contains("South America's $0.0405/GB (from memory, to be checked) would add 350.00.")
    );
}

#[test]
fn cross_region_reads_pay_the_primary_s_outbound_price() {
    let mut usage = Usage { cross_region_read_bytes: 30 * TB, ..Usage::capstone() };
    let exact = bill(&usage, Mode::Exact).unwrap();
    assert_eq!(line(&exact, name::READS).amount, cents(60_000));
    assert_eq!(exact.total(), cents(4_819_888 + 60_000));
    let printed = bill(&usage, Mode::AsPrinted).unwrap();
    assert_eq!(printed.total(), cents(4_523_920), "the brief has no such line");
    usage.primary = 3;
    let from_south_america = bill(&usage, Mode::Exact).unwrap();
    assert_eq!(line(&from_south_america, name::READS).amount, cents(414_000));
    assert_eq!(line(&from_south_america, name::REPLICATION).amount, cents(1_104_000));
    assert_eq!(line(&from_south_america, name::STORAGE).amount, cents(405_000));
    for line in from_south_america.lines() {
        let why = line.why.as_deref().unwrap_or_default();
        let from_memory =
            [name::STORAGE, name::GROWTH, name::REPLICATION, name::READS, name::NODES];
        assert_eq!(why.contains("from memory"), from_memory.contains(&line.name), "{why}");
    }
}

/// By hand: 20,000 copies of 4 kB are 0.08 GB, and 0.08 x 0.125 x 730 = 7.30 in each of five regions;
/// 500 GB of disks at 0.08 are 40.00 in each; 16 connections of 8 MB are 0.128 GB, and 0.128 x 0.055879
/// x 730 = 5.2213.
#[test]
fn caches_and_connections_are_lines_where_a_usage_asks_for_them() {
    let plain = capstone(Mode::Exact);
    let usage = Usage {
        caches: Some(CacheUsage { memory_bytes: 80_000_000, disk_bytes: 0 }),
        ..Usage::capstone()
    };
    let memory = bill(&usage, Mode::Exact).unwrap();
    assert_eq!(line(&memory, name::CACHES).amount, cents(5 * 730));
    assert_eq!(line(&memory, name::CACHES).working, "5 regions x (80 MB x $0.125/GB-h x 730 h)");
    assert_eq!(memory.total(), plain.total() + cents(5 * 730));
    let usage = Usage {
        caches: Some(CacheUsage { memory_bytes: 80_000_000, disk_bytes: 500 * GB }),
        connection_bytes: Some(128_000_000),
        ..Usage::capstone()
    };
    let all = bill(&usage, Mode::Exact).unwrap();
    assert_eq!(line(&all, name::CACHES).amount, cents(5 * 4_730));
    assert!(line(&all, name::CACHES).why.as_ref().unwrap().contains("from memory, to be checked"));
    assert_eq!(line(&all, name::CONNECTIONS).amount, cents(2_611), "5 x 5.2213 = 26.11");
    // All other lines are what they were, and the bill is their sum.
    assert_eq!(all.lines()[..plain.lines().len()], *plain.lines());
    assert_eq!(all.lines().len(), plain.lines().len() + 2);
    assert_eq!(all.total(), plain.total() + cents(5 * 4_730 + 2_611));
    let printed = bill(&usage, Mode::AsPrinted).unwrap();
    assert_eq!(printed, capstone(Mode::AsPrinted), "the brief has no such lines");
    // What is too much is told, and not rounded away.
    let usage = Usage { connection_bytes: Some(u64::MAX), ..Usage::capstone() };
    assert!(bill(&usage, Mode::Exact).is_ok());
    let caches = Some(CacheUsage { memory_bytes: u64::MAX, disk_bytes: u64::MAX });
    let much = bill(&Usage { caches, ..Usage::capstone() }, Mode::Exact).unwrap();
    assert!(line(&much, name::CACHES).amount > cents(0));
}

#[test]
fn the_total_is_the_sum_of_the_lines_as_they_are_printed() {
    for odd in [0, 1, 999_999_999, 123_456_789_012_345, 777_777_777_777_777] {
        let mut usage = Usage::capstone().with_egress(odd, &[30, 25, 20, 10, 15]).unwrap();
        usage.library_bytes = odd / 3;
        usage.upload_bytes = odd / 7;
        usage.cross_region_read_bytes = odd / 11;
        for mode in [Mode::AsPrinted, Mode::Exact] {
            let bill = bill(&usage, mode).unwrap();
            let read = |money: Money| -> i64 {
                money.to_string().replace([',', '.'], "").parse::<i64>().unwrap()
            };
            let sum: i64 = bill.lines().iter().map(|line| read(line.amount)).sum();
            assert_eq!(cents(sum), bill.total());
        }
    }
}

#[test]
fn more_egress_never_costs_less() {
    let mut last = [Money::ZERO; 2];
    // Steps that are no multiple of a tier, past the open last one of every area.
    for step in 0..3_000_u64 {
        let total = step * 13_333_333_333_337;
        let usage = Usage::capstone().with_egress(total, &[30, 25, 20, 10, 15]).unwrap();
        for (before, mode) in last.iter_mut().zip([Mode::AsPrinted, Mode::Exact]) {
            let now = bill(&usage, mode).unwrap().total();
            assert!(now > *before, "{total} bytes, {mode:?}");
            *before = now;
        }
    }
}

#[test]
fn nothing_used_costs_the_control_planes_only() {
    let mut usage = Usage::capstone().with_egress(0, &[1; 5]).unwrap();
    (usage.library_bytes, usage.upload_bytes) = (0, 0);
    for region in &mut usage.regions {
        region.nodes = 0;
    }
    assert_eq!(bill(&usage, Mode::AsPrinted).unwrap().total(), cents(36_000));
    assert_eq!(bill(&usage, Mode::Exact).unwrap().total(), cents(36_500));
}

#[test]
fn nodes_that_were_started_are_paid_for_by_the_hour_and_part() {
    let mut usage = Usage::capstone();
    (usage.regions[0].started_nodes, usage.regions[3].started_nodes) = (2_500, 1_050);
    let bill = bill(&usage, Mode::Exact).unwrap();
    let started = line(&bill, name::STARTED);
    assert_eq!(started.working, "730 h x (2.500 x $0.136 + 1.050 x $0.209)");
    // 730 h of $0.34 and $0.21945.
    assert_eq!((started.amount, started.printed), (cents(40_840), None));
}

#[test]
fn a_single_region_replicates_nothing() {
    let mut usage = Usage::capstone();
    usage.regions.truncate(1);
    let bill = bill(&usage, Mode::Exact).unwrap();
    assert_eq!(line(&bill, name::REPLICATION).amount, Money::ZERO);
    assert_eq!(line(&bill, name::COPIES).amount, Money::ZERO);
}

#[test]
fn too_much_is_an_error_and_never_a_panic() {
    let region = |egress_bytes, nodes| RegionUsage {
        name: "us-east-1".to_owned(),
        area: PriceArea::UnitedStates,
        nodes,
        started_nodes: 0,
        egress_bytes,
    };
    let with = |regions| Usage { regions, ..Usage::capstone() };
    let uploads = Usage { upload_bytes: u64::MAX, ..Usage::capstone() };
    for mode in [Mode::AsPrinted, Mode::Exact] {
        let error = |usage: &Usage| bill(usage, mode).unwrap_err();
        assert_eq!(error(&uploads), CostError::Overflow(name::REPLICATION));
        let egress = with(vec![region(u64::MAX, 1), region(1, 1)]);
        assert_eq!(error(&egress), CostError::Overflow(name::EGRESS));
        assert_eq!(error(&with(vec![region(1, u32::MAX); 50])), CostError::Overflow(name::NODES));
    }
    // Two regions replicate to one: the copies fit and the library they come home to does not.
    let mut growth = with(vec![region(1, 1), region(1, 1)]);
    (growth.library_bytes, growth.upload_bytes) = (u64::MAX, 1);
    assert!(bill(&growth, Mode::AsPrinted).is_ok());
    assert_eq!(bill(&growth, Mode::Exact).unwrap_err(), CostError::Overflow(name::GROWTH));
    // All lines fit, their sum does not.
    let huge = |amount| Line {
        name: name::STORAGE,
        working: String::new(),
        amount,
        printed: None,
        why: None,
    };
    let lines = vec![huge(Money::from_micros(i64::MAX)), huge(Money::from_micros(1))];
    assert_eq!(Bill::new(Mode::Exact, lines), Err(CostError::Overflow("total")));
}

#[test]
fn the_largest_volumes_still_have_a_bill() {
    let mut usage = Usage::capstone().with_egress(u64::MAX, &[1; 5]).unwrap();
    usage.library_bytes = u64::MAX / 2;
    usage.upload_bytes = u64::MAX / 4;
    usage.cross_region_read_bytes = u64::MAX;
    for mode in [Mode::AsPrinted, Mode::Exact] {
        assert!(bill(&usage, mode).unwrap().total() > Money::ZERO);
    }
}

#[test]
fn a_primary_that_is_no_region_is_an_error() {
    let usage = Usage { primary: 5, ..Usage::capstone() };
    let error = CostError::NoPrimary { primary: 5, regions: 5 };
    for mode in [Mode::AsPrinted, Mode::Exact] {
        assert_eq!(bill(&usage, mode), Err(error));
    }
    let text = "the primary is region 5 counted from 0, and there are 5";
    assert_eq!(error.to_string(), text);
}
