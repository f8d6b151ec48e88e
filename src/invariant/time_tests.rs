use super::judge_tests::*;
use super::*;
use crate::observe::{Counter, Gauge, Layout};

#[test]
fn counted_events_are_totals_and_rates() {
    let mut events = Vec::new();
    for second in 0..10 {
        events.extend(many(
            usize::try_from(second).unwrap(),
            count(second * 1_000, Counter::Fetches, EAST, WEST),
        ));
    }
    holds("total(fetches) == 44", &events, 44.0);
    assert_eq!(all_comparisons("total(fetches)", "44", &events), "<= == >=");
    breaks("total(fetches) < 9", &events, 44.0, 5.0);
    breaks("total(fetches) <= 9", &events, 44.0, 6.0);
    breaks("total(fetches) > 44", &events, 44.0, None);
    holds("mean(fetches) == 5.5/s", &events, 5.5);
    breaks("mean(fetches) < 5.5/s", &events, 5.5, 7.0);
    holds("mean(fetches) during fault == 4.5/s", &events, 4.5);
    assert_eq!(all_comparisons("max(fetches)", "9/s", &events), "<= == >=");
    assert_eq!(all_comparisons("min(fetches)", "2/s", &events), "<= == >=");
    assert_eq!(all_comparisons("p50(fetches)", "5/s", &events), "<= == >=");
    breaks("max(fetches) < 8/s", &events, 9.0, 9.0);
    breaks("p50(fetches) > 5/s", &events, 5.0, 3.0);
    holds("total(fetches) from west == 0", &events, 0.0);
    holds("max(fetches) in east == 0/s", &events, 0.0);
    let statement = judgement("total(fetches) == 44", &events).seen;
    assert_eq!((statement.unit, statement.samples), (Unit::Count, 8));
}

#[test]
fn short_slices_have_no_rate() {
    // The window of `odd` begins with a slice of 50 ms, which 20 events would make 400/s.
    let mut events: Vec<Event> = many(20, count(4_960, Counter::Attempts, EAST, EAST)).collect();
    events.extend(many(3, count(5_500, Counter::Attempts, EAST, EAST)));
    holds("max(attempts) during odd == 3/s", &events, 3.0);
    holds("total(attempts) during odd == 23", &events, 23.0);
    let mean = 23.0 / 2.05;
    breaks("mean(attempts) during odd < 2/s", &events, mean, 6.0);
    unmeasured("max(attempts) within 50ms of odd < 1/s", &events);
    holds("total(attempts) within 50ms of odd == 20", &events, 20.0);
}

#[test]
fn levels_are_the_peaks_of_the_seconds() {
    let events = [
        level(3_000, EAST, Gauge::DatabaseQueue, 8),
        level(3_500, EAST, Gauge::DatabaseQueue, 4),
        level(5_000, EAST, Gauge::DatabaseQueue, 0),
        level(6_000, WEST, Gauge::DatabaseQueue, 6),
        level(3_000, EAST, Gauge::ReplicationLag, 1_500_000_000),
    ];
    // From the third second on, east: 0 8 4 4 0 0 0 0, west: 0 0 0 0 6 6 6 6.
    holds("max(database_queue) in east == 8", &events, 8.0);
    assert_eq!(all_comparisons("max(database_queue) in east", "8", &events), "<= == >=");
    assert_eq!(all_comparisons("p75(database_queue) in east", "4", &events), "<= == >=");
    holds("mean(database_queue) in east == 2", &events, 2.0);
    holds("mean(database_queue) == 2.5", &events, 2.5);
    holds("share(database_queue < 4) in east == 62.5%", &events, 62.5);
    holds("share(database_queue <= 4) in east == 87.5%", &events, 87.5);
    holds("share(database_queue >= 6) == 31.25%", &events, 31.25);
    breaks("share(database_queue < 4) in east > 70%", &events, 62.5, 4.0);
    breaks("max(database_queue) < 8", &events, 8.0, 4.0);
    breaks("max(database_queue) in west < 6", &events, 6.0, 7.0);
    breaks("mean(database_queue) in east < 2", &events, 2.0, 4.0);
    holds("max(replication_lag) == 1.5s", &events, 1_500.0);
    breaks("p99(replication_lag) in east <= 1499ms", &events, 1_500.0, 4.0);
    assert_eq!(judgement("max(database_queue) < 9", &events).seen.samples, 16);
    assert_eq!(seen("max(database_queue)", &events).samples, 16);
    assert_eq!(seen("share(database_queue < 4) in east", &events).value, Some(62.5));
}

#[test]
fn time_until_ends_with_the_last_second_that_violates() {
    let events = requests();
    holds("time_until(availability >= 90%) during fault <= 1s", &events, 1_000.0);
    breaks("time_until(availability >= 90%) during fault < 1s", &events, 1_000.0, 5.0);
    holds("time_until(availability >= 50%) during fault == 0s", &events, 0.0);
    breaks("time_until(availability > 90%) during fault < 2s", &events, 2_000.0, 6.0);
    breaks("time_until(availability >= 90%) <= 2s", &events, 3_000.0, 5.0);
    unmeasured("time_until(availability >= 90%) from west < 1s", &events);
    // The last second does not hold, and the seconds after it are silent: the whole window.
    let silent = &events[..events.len() - 20];
    breaks("time_until(availability > 95%) after fault < 3s", silent, 4_000.0, None);
    holds("time_until(availability >= 90%) after blip == 0s", silent, 0.0);
}

#[test]
fn time_until_a_level_or_a_rate_is_right() {
    let events = requests();
    let level = [
        level(3_000, EAST, Gauge::ManifestQueue, 70),
        level(6_500, EAST, Gauge::ManifestQueue, 3),
        level(1_000, WEST, Gauge::ManifestQueue, 1),
    ];
    holds("time_until(manifest_queue < 64) after blip <= 2s", &level, 2_000.0);
    holds("time_until(manifest_queue < 64) in west after blip == 0s", &level, 0.0);
    breaks("time_until(manifest_queue > 1) after blip < 3s", &level, 5_000.0, 8.0);
    let rates = |text| judgement(text, &events).seen.value;
    assert_eq!(rates("time_until(failures <= 1/s) during fault < 2s"), Some(1_000.0));
    assert_eq!(rates("time_until(failures < 1/s) during fault < 2s"), Some(2_000.0));
    assert_eq!(rates("time_until(failures > 9/s) from west during fault < 2s"), Some(2_000.0));
}

#[test]
fn figures_come_from_the_caller() {
    let statements = [
        statement("error_budget_spent <= 7%"),
        statement("error_budget_spent < 7%"),
        statement("monthly_cost <= $45,239.20"),
        statement("monthly_cost < $45,239.20"),
    ];
    let given = |figures| judge_with(Layout::new([]), &statements, &[], &[], &figures).0;
    let figures = Figures {
        error_budget_spent: Some(0.07),
        monthly_cost: Some(crate::units::Money::from_cents(4_523_920)),
    };
    let found = given(figures);
    let verdicts: Vec<_> = found.iter().map(|judgement| judgement.verdict).collect();
    use Verdict::{Broken, Holds, Unmeasured};
    assert_eq!(verdicts, [Holds, Broken, Holds, Broken]);
    assert!((found[0].seen.value.unwrap() - 7.0).abs() < 1e-9 && found[0].seen.value <= Some(7.0));
    assert_eq!(found[2].seen.value, Some(45_239.2));
    assert_eq!(found[2].bound, 45_239.2);
    let nothing = Figures { error_budget_spent: Some(f64::NAN), monthly_cost: None };
    assert!(given(nothing).iter().all(|judgement| judgement.verdict == Unmeasured));
}

#[test]
fn the_reference_names_what_the_parser_knows() {
    let reference = reference();
    for (name, _) in super::check::FUNCTIONS {
        assert!(reference.statistics.iter().any(|entry| entry.form.starts_with(name)), "{name}");
    }
    for compare in Compare::ALL {
        assert!(reference.comparisons.iter().any(|entry| entry.form == compare.symbol()));
    }
    for word in ["from", "in", "of", "before", "during", "after", "within"] {
        assert!(reference.clauses.iter().any(|entry| entry.form.starts_with(word)), "{word}");
    }
}
