use super::*;
use crate::engine::Seed;
use crate::model::Hedge;
use crate::model::{BreakerRule, Window};

const RULE: BreakerRule = BreakerRule {
    window: Window::Calls(2),
    minimum: 2,
    failures: 0.5,
    slow: Span::from_secs(1),
    slow_share: 1.0,
    open: Span::from_secs(10),
    trials: 1,
};

fn at(secs: u64) -> Instant {
    Instant::ZERO + Span::from_secs(secs)
}

fn guard(shield: &Shield) -> Guard {
    Guard::new(shield, |what| Seed(1).stream(what)).unwrap()
}

/// An attempt leaves, if it may.
fn leaves(guard: &mut Guard, now: Instant) -> Result<Pass, Leave> {
    let mut pass = Pass::NONE;
    match guard.admit(now, &mut pass) {
        Leave::Goes => {
            guard.count(now, &mut pass, false);
            Ok(pass)
        }
        why => Err(why),
    }
}

#[test]
fn nothing_protects_where_nothing_is_asked_for() {
    assert!(Guard::new(&Shield::NONE, |what| Seed(1).stream(what)).is_none());
}

#[test]
fn a_bulkhead_is_full_until_an_attempt_ends_in_whatever_way() {
    let mut guard = guard(&Shield { bulkhead: Some(1), ..Shield::NONE });
    let ends: [fn(&mut Guard, Pass); 3] = [
        |guard, pass| guard.answered(at(1), &pass, Span::ZERO, Span::ZERO),
        |guard, pass| guard.failed(at(1), pass, Span::ZERO),
        Guard::dropped,
    ];
    for end in ends {
        let pass = leaves(&mut guard, at(0)).unwrap();
        assert_eq!(leaves(&mut guard, at(0)), Err(Leave::Bulkhead));
        end(&mut guard, pass);
    }
    assert!(leaves(&mut guard, at(2)).is_ok());
}

#[test]
fn what_a_network_leaves_behind_when_it_moves_counts_nowhere() {
    let shield = Shield { bulkhead: Some(2), breaker: Some(RULE), ..Shield::NONE };
    let mut guard = guard(&shield);
    let old: Vec<Pass> = (0..2).map(|_| leaves(&mut guard, at(0)).unwrap()).collect();
    guard.move_on();
    let new: Vec<Pass> = (0..2).map(|_| leaves(&mut guard, at(1)).unwrap()).collect();
    old.iter().for_each(|&pass| guard.failed(at(1), pass, Span::ZERO));
    assert_eq!(leaves(&mut guard, at(1)), Err(Leave::Bulkhead), "two of the new ones are out");
    assert_eq!(guard.state(), State::Closed, "what failed is of the old site");
    new.iter().for_each(|&pass| guard.failed(at(1), pass, Span::ZERO));
    assert_eq!((guard.state(), leaves(&mut guard, at(2))), (State::Open, Err(Leave::Breaker)));
    guard.move_on();
    assert_eq!(guard.state(), State::Open, "what it knew travels along");
}

#[test]
fn a_trial_that_is_lost_on_the_way_may_be_made_again() {
    let mut guard = guard(&Shield { breaker: Some(RULE), ..Shield::NONE });
    for _ in 0..2 {
        let pass = leaves(&mut guard, at(0)).unwrap();
        guard.failed(at(0), pass, Span::ZERO);
    }
    let ends: [fn(&mut Guard, Pass); 2] = [Guard::dropped, |guard, _| guard.move_on()];
    for end in ends {
        let trial = leaves(&mut guard, at(10)).unwrap();
        assert_eq!(leaves(&mut guard, at(10)), Err(Leave::Breaker), "one trial");
        end(&mut guard, trial);
    }
    let trial = leaves(&mut guard, at(11)).unwrap();
    guard.answered(at(11), &trial, Span::ZERO, Span::ZERO);
    assert_eq!(guard.state(), State::Closed);
}

#[test]
fn an_answer_that_takes_long_is_slow_however_short_the_ways() {
    let mut guard = guard(&Shield { breaker: Some(RULE), ..Shield::NONE });
    for _ in 0..2 {
        let pass = leaves(&mut guard, at(0)).unwrap();
        guard.answered(at(0), &pass, Span::from_millis(1_001), Span::ZERO);
    }
    assert_eq!(guard.state(), State::Open);
}

#[test]
fn what_protects_has_to_hear_of_all_only_where_it_counts_them() {
    let hedge = |budget, percentile| Shield {
        hedge: Some(Hedge { after: Span::from_millis(50), percentile, budget }),
        ..Shield::NONE
    };
    let few = Budget::DepositPerRequest { ttl: at(10).since(at(0)), min_per_second: 1, ratio: 0.1 };
    let hears = |shield: Shield| (shield.is_on(), shield.asks(), shield.hears_all());
    assert_eq!(hears(Shield::NONE), (false, false, false));
    assert_eq!(hears(hedge(few, None)), (true, false, false), "hits stay in the flow");
    assert_eq!(hears(hedge(few, Some(0.95))), (true, false, true));
    assert_eq!(hears(hedge(Budget::Limit { retries: 3 }, None)), (true, true, true));
    assert_eq!(hears(Shield { bulkhead: Some(1), ..Shield::NONE }), (true, true, true));
    let fallback = Some(Fallback { failing: 0.0 });
    assert_eq!(hears(Shield { fallback, ..Shield::NONE }), (true, false, false));
}

#[test]
fn a_fallback_fails_as_often_as_it_says() {
    let fallback = Some(Fallback { failing: 0.25 });
    let mut guard = guard(&Shield { fallback, ..Shield::NONE });
    let failed = (0..10_000).filter(|_| guard.falls_back() == Some(false)).count();
    // A standard deviation is 43.
    assert!(failed.abs_diff(2_500) < 4 * 43, "{failed}");
}
