//! The rule's numbers, by hand.

use super::*;
use crate::model::ScaleTarget;

fn at(secs: u64) -> Instant {
    Instant::ZERO + Span::from_secs(secs)
}

pub(in crate::sim) fn rules() -> AutoscaleRules {
    AutoscaleRules {
        target: ScaleTarget::Saturation(0.5),
        min: 1,
        max: 100,
        every: Span::from_secs(15),
        tolerance: 0.1,
        age: Span::ZERO,
        up: ScalePace::UP,
        down: ScalePace::DOWN,
        pods_per_node: 4,
        node_start: Span::from_secs(180),
    }
}

/// A decision on a mean over all pods, which are all ready.
fn decide(scaler: &mut Autoscaler, secs: u64, mean: f64) -> u32 {
    let pods = scaler.wanted();
    scaler.see(at(secs), mean * f64::from(pods), pods);
    scaler.decide(at(secs), pods)
}

#[test]
fn the_ratio_is_rounded_up_and_ten_per_cent_are_near_enough() {
    // One and a tenth is a little more than that as a float, here as there.
    for (mean, pods) in
        [(0.5, 10), (0.549, 10), (0.55, 11), (0.56, 12), (0.75, 15), (0.9, 18), (0.45, 10)]
    {
        let mut scaler = Autoscaler::new(rules(), 10);
        assert_eq!(decide(&mut scaler, 15, mean), pods, "{mean}");
    }
}

#[test]
fn in_a_period_it_doubles_or_adds_four() {
    let mut scaler = Autoscaler::new(rules(), 1);
    // Ten times the target each time: 1 + 4, then 5 + 5, then 10 + 10.
    assert_eq!([15, 30, 45].map(|secs| decide(&mut scaler, secs, 5.0)), [5, 10, 20]);
    // Two looks in one period share its bound: 20 to 40, and not to 80.
    assert_eq!([60, 70].map(|secs| decide(&mut scaler, secs, 5.0)), [40, 40]);
    assert_eq!(decide(&mut scaler, 75, 5.0), 80);
    assert_eq!(decide(&mut scaler, 90, 5.0), 100, "the most");
}

#[test]
fn fewer_pods_wait_for_five_minutes_of_fewer() {
    let mut scaler = Autoscaler::new(rules(), 10);
    assert_eq!(decide(&mut scaler, 0, 0.5), 10);
    let all: Vec<u32> = (1..=21).map(|look| decide(&mut scaler, 15 * look, 0.1)).collect();
    // The recommendation of ten counts up to 300 s, the one of two then.
    assert_eq!(all[18], 10, "at 285 s");
    assert_eq!(all[19], 2, "at 300 s");
    assert_eq!(all[20], 2, "what asked for two counts for five minutes, too");
}

#[test]
fn a_window_for_more_takes_the_least() {
    let up = ScalePace { window: Span::from_secs(60), ..ScalePace::UP };
    let mut scaler = Autoscaler::new(AutoscaleRules { up, ..rules() }, 10);
    decide(&mut scaler, 0, 0.5);
    assert_eq!([15, 30, 45].map(|secs| decide(&mut scaler, secs, 1.0)), [10; 3]);
    assert_eq!(decide(&mut scaler, 60, 1.0), 20);
}

#[test]
fn pods_that_are_starting_count_as_idle() {
    // Five pods at twice the target ask for ten, and five are starting: nothing is to be done.
    let mut scaler = Autoscaler::new(rules(), 10);
    scaler.see(at(15), 5.0 * 1.0, 5);
    assert_eq!(scaler.decide(at(15), 5), 10);
    // At three times the target they ask for fifteen.
    scaler.see(at(30), 5.0 * 1.5, 5);
    assert_eq!(scaler.decide(at(30), 5), 15);
    // Five of ten at 2.1 times the target ask for ten and a half, which is near enough to ten.
    let mut scaler = Autoscaler::new(rules(), 10);
    scaler.see(at(15), 5.0 * 1.05, 5);
    assert_eq!(scaler.decide(at(15), 5), 10);
}

#[test]
fn what_is_seen_is_as_old_as_it_is() {
    let mut scaler = Autoscaler::new(AutoscaleRules { age: Span::from_secs(30), ..rules() }, 10);
    scaler.see(at(15), 10.0, 10);
    assert_eq!(scaler.decide(at(15), 10), 10, "nothing is known yet");
    scaler.see(at(30), 5.0, 10);
    assert_eq!(scaler.decide(at(30), 10), 10);
    scaler.see(at(45), 5.0, 10);
    assert_eq!(scaler.decide(at(45), 10), 20, "of 15 s");
}

#[test]
fn a_node_is_ordered_when_there_is_no_room_and_goes_when_it_is_not_needed() {
    let mut nodes = Nodes::new(&rules(), 7);
    assert_eq!(nodes.keep(7, at(0)), 2);
    assert_eq!(nodes.room_for(7, at(10)), at(10), "the second node has room for one more");
    assert_eq!(nodes.room_for(8, at(10)), at(190));
    assert_eq!(nodes.room_for(9, at(20)), at(190), "on the same node");
    assert_eq!(nodes.keep(10, at(20)), 3);
    assert_eq!(nodes.room_for(9, at(300)), at(300));
    assert_eq!([nodes.keep(8, at(400)), nodes.keep(8, at(999))], [3, 3]);
    assert_eq!(nodes.keep(8, at(1_000)), 2);
}

#[test]
fn a_meter_gives_the_mean_since_it_was_read() {
    let mut meter = Meter::default();
    assert_eq!(meter.level(at(2), 6_000_000_000), 3.0);
    assert_eq!(meter.level(at(4), 6_000_000_000), 0.0);
    meter.came = 10;
    assert_eq!(meter.rate(at(9)), 2.0);
    assert_eq!(meter.rate(at(9)), 0.0);
}
