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

fn policy(client_policy: &ClientPolicy) -> PolicyState {
    PolicyState::new(client_policy, |what| Seed(1).stream(what)).unwrap()
}

/// An attempt leaves, if it may.
fn is_admitted(policy: &mut PolicyState, now: Instant) -> Result<Permit, Admission> {
    let mut permit = Permit::NONE;
    match policy.admit(now, &mut permit) {
        Admission::Goes => {
            policy.count(now, &mut permit, false);
            Ok(permit)
        }
        why => Err(why),
    }
}

#[test]
fn nothing_protects_where_nothing_is_asked_for() {
    assert!(PolicyState::new(&ClientPolicy::NONE, |what| Seed(1).stream(what)).is_none());
}

#[test]
fn a_bulkhead_is_full_until_an_attempt_ends_in_whatever_way() {
    let mut policy = policy(&ClientPolicy { bulkhead: Some(1), ..ClientPolicy::NONE });
    let ends: [fn(&mut PolicyState, Permit); 3] = [
        |policy, permit| policy.answered(at(1), &permit, Span::ZERO, Span::ZERO),
        |policy, permit| policy.failed(at(1), permit, Span::ZERO),
        PolicyState::dropped,
    ];
    for end in ends {
        let permit = is_admitted(&mut policy, at(0)).unwrap();
        assert_eq!(is_admitted(&mut policy, at(0)), Err(Admission::Bulkhead));
        end(&mut policy, permit);
    }
    assert!(is_admitted(&mut policy, at(2)).is_ok());
}

#[test]
fn what_a_network_leaves_behind_when_it_moves_counts_nowhere() {
    let client_policy =
        ClientPolicy { bulkhead: Some(2), breaker: Some(RULE), ..ClientPolicy::NONE };
    let mut policy = policy(&client_policy);
    let old: Vec<Permit> = (0..2).map(|_| is_admitted(&mut policy, at(0)).unwrap()).collect();
    policy.move_on();
    let new: Vec<Permit> = (0..2).map(|_| is_admitted(&mut policy, at(1)).unwrap()).collect();
    old.iter().for_each(|&permit| policy.failed(at(1), permit, Span::ZERO));
    assert_eq!(
        is_admitted(&mut policy, at(1)),
        Err(Admission::Bulkhead),
        "two of the new ones are out"
    );
    assert_eq!(policy.state(), State::Closed, "what failed is of the old site");
    new.iter().for_each(|&permit| policy.failed(at(1), permit, Span::ZERO));
    assert_eq!(
        (policy.state(), is_admitted(&mut policy, at(2))),
        (State::Open, Err(Admission::Breaker))
    );
    policy.move_on();
    assert_eq!(policy.state(), State::Open, "what it knew travels along");
}

#[test]
fn a_trial_that_is_lost_on_the_way_may_be_made_again() {
    let mut policy = policy(&ClientPolicy { breaker: Some(RULE), ..ClientPolicy::NONE });
    for _ in 0..2 {
        let permit = is_admitted(&mut policy, at(0)).unwrap();
        policy.failed(at(0), permit, Span::ZERO);
    }
    let ends: [fn(&mut PolicyState, Permit); 2] =
        [PolicyState::dropped, |policy, _| policy.move_on()];
    for end in ends {
        let trial = is_admitted(&mut policy, at(10)).unwrap();
        assert_eq!(is_admitted(&mut policy, at(10)), Err(Admission::Breaker), "one trial");
        end(&mut policy, trial);
    }
    let trial = is_admitted(&mut policy, at(11)).unwrap();
    policy.answered(at(11), &trial, Span::ZERO, Span::ZERO);
    assert_eq!(policy.state(), State::Closed);
}

#[test]
fn an_answer_that_takes_long_is_slow_however_short_the_ways() {
    let mut policy = policy(&ClientPolicy { breaker: Some(RULE), ..ClientPolicy::NONE });
    for _ in 0..2 {
        let permit = is_admitted(&mut policy, at(0)).unwrap();
        policy.answered(at(0), &permit, Span::from_millis(1_001), Span::ZERO);
    }
    assert_eq!(policy.state(), State::Open);
}

#[test]
fn what_protects_has_to_hear_of_all_only_where_it_counts_them() {
    let hedge = |budget, percentile| ClientPolicy {
        hedge: Some(Hedge { after: Span::from_millis(50), percentile, budget }),
        ..ClientPolicy::NONE
    };
    let few = Budget::DepositPerRequest { ttl: at(10).since(at(0)), min_per_second: 1, ratio: 0.1 };
    let hears = |client_policy: ClientPolicy| {
        (client_policy.is_on(), client_policy.asks(), client_policy.hears_all())
    };
    assert_eq!(hears(ClientPolicy::NONE), (false, false, false));
    assert_eq!(hears(hedge(few, None)), (true, false, false), "hits stay in the flow");
    assert_eq!(hears(hedge(few, Some(0.95))), (true, false, true));
    assert_eq!(hears(hedge(Budget::Limit { retries: 3 }, None)), (true, true, true));
    assert_eq!(hears(ClientPolicy { bulkhead: Some(1), ..ClientPolicy::NONE }), (true, true, true));
    let fallback = Some(Fallback { failing: 0.0 });
    assert_eq!(hears(ClientPolicy { fallback, ..ClientPolicy::NONE }), (true, false, false));
}

#[test]
fn a_fallback_fails_as_often_as_it_says() {
    let fallback = Some(Fallback { failing: 0.25 });
    let mut policy = policy(&ClientPolicy { fallback, ..ClientPolicy::NONE });
    let failed = (0..10_000).filter(|_| policy.falls_back() == Some(false)).count();
    // A standard deviation is 43.
    assert!(failed.abs_diff(2_500) < 4 * 43, "{failed}");
}
