use super::parse_tests::*;
use super::*;

#[test]
fn nothing_is_during_an_instant() {
    let text = "p99(lock_wait) in ap-northeast-1 during storm < 300ms";
    let found = invariant(text).unwrap_err();
    let expected = Complaint {
        at: 33..45,
        message: "nothing is `during storm`: it happens at an instant".into(),
        help: Some("`after storm`, or `within 60s of storm`".into()),
    };
    assert_eq!(found, [expected]);
}

#[test]
fn unknown_names_get_the_nearest_or_where_all_are() {
    refused(
        "p99(latencyy) form sa-est-1 during outrage < 3s",
        &[
            "latencyy: `latencyy` is no metric (did you mean `latency`?)",
            "form: `form` begins no clause (did you mean `from`?)",
            "outrage: `outrage` is no label of a fault or change here (did you mean `outage`?)",
        ],
    );
    refused(
        "p99(latency) from sa-est-1 in mars of segmnt < 3s",
        &[
            "sa-est-1: `sa-est-1` is no region here (did you mean `sa-east-1`?)",
            "mars: `mars` is no region here (`us-east-1`, `eu-central-1`, `ap-northeast-1`, \
             `ap-southeast-1` or `sa-east-1`)",
            "segmnt: `segmnt` is no class of requests (did you mean `segment`?)",
        ],
    );
    refused(
        "total(fetches) of segment < 3",
        &["of segment: `fetches` is of manifests and what is behind them: no segment has it"],
    );
    refused(
        "byte_hit_ratio of manifest > 3%",
        &["of manifest: `byte_hit_ratio` is of segments: no manifest has it"],
    );
    refused("avg(latency) < 3s", &["avg: `avg` is no statistic (did you mean `mean`?)"]);
    refused("hare(hit) < 3%", &["hare: `hare` is no statistic (did you mean `share`?)"]);
    let listed = &complaints("throughput > 3/s")[0];
    assert!(
        listed.starts_with("throughput: `throughput` is no metric (`squall explain metric` has ")
    );
}

#[test]
fn comparisons_that_are_nearly_right_are_named() {
    for (written, meant) in [
        ("=", "=="),
        ("===", "=="),
        ("=<", "<="),
        ("≤", "<="),
        ("<==", "<="),
        ("=>", ">="),
        ("≥", ">="),
        (">==", ">="),
        ("<<", "<"),
        (">>", ">"),
    ] {
        let complaint =
            format!("{written}: `{written}` is no comparison (did you mean `{meant}`?)");
        refused(&format!("p99(latency) {written} 3s"), &[&complaint]);
    }
}

#[test]
fn units_must_fit() {
    refused(
        "p99(latency) < 75%",
        &["75%: `latency` is a time; `75%` is a share (a time such as \"300ms\", \"10s\" or \
             \"5m\")"],
    );
    refused(
        "share(latency < 64) < 10s",
        &["64: `latency` is a time; `64` is a bare number (a time such as \"300ms\", \"10s\" \
             or \"5m\")"],
    );
    refused(
        "max(fetches) < 10",
        &["10: `max(fetches)` is a rate; `10` is a bare number (a rate such as \"1,600/s\")"],
    );
    refused(
        "total(fetches) < 10/s",
        &["10/s: `total(fetches)` is a bare number; `10/s` is a rate (a number such as 64)"],
    );
    refused(
        "monthly_cost < 47,000",
        &["47,000: `monthly_cost` is money; `47,000` is a bare number (money such as \"$47,000\")"],
    );
}

#[test]
fn quantities_must_make_sense() {
    refused("share(hit) >= 175%", &["175%: `175%`: a share is at most 100%"]);
    refused(
        "p99(latency) < -5ms",
        &["-5ms: `-5ms` is negative, and `latency` never is (a time such as \"300ms\", \"10s\" \
             or \"5m\")"],
    );
    refused(
        "p99(latency) < 10 s",
        &["10 s: a number and its unit are written as one word (`10s`)"],
    );
    refused(
        "availability within 60 of outage < 5%",
        &["60: `within` takes a time; `60` is a bare number (a time such as \"300ms\", \"10s\" \
             or \"5m\")"],
    );
    refused(
        "p99(latency) < 5 parsecs",
        &[
            "5: `latency` is a time; `5` is a bare number (a time such as \"300ms\", \"10s\" or \
             \"5m\")",
            "parsecs: `parsecs` is not expected here",
        ],
    );
    refused("p99(latency) < 300000d", &["300000d: `300000d` is beyond what can be held"]);
    good("error_budget_spent <= 250%");
}

#[test]
fn a_time_that_never_comes_must_break_the_bound() {
    refused(
        "time_until(availability > 5%) during outage <= 5m",
        &["<= 5m: `<= 5m` cannot be broken: the window is 5m long, and `time_until` is no longer \
           (a shorter bound, or a longer window)"],
    );
    good("time_until(availability > 5%) during outage < 5m");
    assert_eq!(complaints("time_until(availability > 5%) during outage < 301s").len(), 1);
    good("time_until(availability > 5%) during outage >= 6m");
}

#[test]
fn a_metric_says_how_it_may_be_asked_for() {
    refused(
        "latency < 3s",
        &["latency: `latency` has many values: it needs a statistic \
           (`p99(latency)`, or `share(latency < 300ms)`)"],
    );
    refused(
        "rejected < 3%",
        &["rejected: `rejected` is true or not of each request: it needs `share` \
             (`share(rejected)`)"],
    );
    refused(
        "p99(failed) < 3%",
        &["p99(failed): `failed` is true or not of each request: it has no `p99` \
           (`share(failed)`, or `total(failures)`)"],
    );
    refused(
        "share(failures) < 3%",
        &["share(failures): `failures` is counted: it is no part of the requests and has no \
           `share` (`total(failures)`, or `share(failed)`)"],
    );
    refused(
        "total(latency) < 3s",
        &["total(latency): `latency` has values, which have no total \
           (`p99(latency)`, or `share(latency < 300ms)`)"],
    );
    refused(
        "mean(availability) < 3%",
        &["mean(availability): `availability` is one value and takes no `mean` (`availability`)"],
    );
    refused(
        "share(latency) < 3%",
        &["share(latency): `share` of `latency` needs a bound inside the parenthesis \
           (`share(latency < 300ms)`)"],
    );
}

#[test]
fn a_statistic_says_what_it_takes() {
    refused(
        "p99(latency < 3s)",
        &["p99(latency < 3s): `p99` takes a metric alone: the bound stands after the term \
           (`p99(latency) < 3s`)"],
    );
    refused(
        "time_until(latency < 3s) < 3s",
        &["time_until(latency < 3s): `latency` is a property of requests; `time_until` judges \
           every second: availability, counted rates and levels \
           (`time_until(availability >= 99%)`)"],
    );
    refused(
        "time_until(availability) < 3s",
        &["time_until(availability): `time_until` needs a condition inside the parenthesis \
           (`time_until(availability >= 99%)`)"],
    );
    refused("p99 < 3s", &["p99: `p99` is a statistic: it needs a metric (`p99(latency)`)"]);
    refused(
        "max(database_queue) from sa-east-1 < 64",
        &["from sa-east-1: `database_queue` is a level in a region: it has no `from` (`in \
             sa-east-1`)"],
    );
    refused(
        "monthly_cost in sa-east-1 during outage < $5",
        &["in sa-east-1 during outage: `monthly_cost` is one figure of the whole run: it takes \
             no \
           clauses (`monthly_cost`)"],
    );
}

#[test]
fn comparisons_and_percentiles_are_checked() {
    refused(
        "p99(latency) == 3s",
        &["==: `latency` is a time, which is never just equal to a bound (`<=`, or `>=`)"],
    );
    refused(
        "share(latency == 3s) < 5%",
        &["==: `latency` is a time, which is never just equal to a bound (`<=`, or `>=`)"],
    );
    good("max(replication_lag) == 0s");
    good("share(served) == 100%");
    refused("p99(latency) ≤ 3s", &["≤: `≤` is no comparison (did you mean `<=`?)"]);
    refused("p99(latency) != 3s", &["!=: `!=` is no comparison (`<`, `<=`, `==`, `>=` or `>`)"]);
    refused(
        "p100(latency) < 3s",
        &["p100: `p100`: a percentile lies between p0 and p100, both excluded \
           (`min` is the least value, `max` the greatest)"],
    );
    assert_eq!(complaints("p0(latency) < 3s").len(), 1);
    assert_eq!(complaints("p9.9.9(latency) < 3s").len(), 1);
    assert_eq!(good("p99.90(latency) < 3s").to_string(), "p99.9(latency) < 3s");
    assert_eq!(good("p050(latency) < 3s").to_string(), "p50(latency) < 3s");
}

#[test]
fn the_shape_of_a_sentence_is_checked() {
    refused(
        "p99(latency) in us-east-1",
        &[": a comparison with a bound is missing (`p99(latency) in us-east-1 < 300ms`)"],
    );
    refused(
        "p99(latency) <",
        &[": a quantity is missing after the comparison (a time such as \"300ms\", \"10s\" or \
             \"5m\")"],
    );
    refused(
        "p99(latency) < 3s during outage",
        &["during outage: `during outage` stands after the bound: clauses stand before the \
           comparison (`p99(latency) during outage < 3s`)"],
    );
    refused(
        "p99(latency in us-east-1) < 3s",
        &["in us-east-1: `in us-east-1` stands inside the parenthesis: clauses follow it \
           (`p99(latency) in us-east-1`)"],
    );
    refused(
        "availability > 99% and p99(latency) < 3s",
        &["and p99(latency) < 3s: there is no `and`: two sentences are two invariants \
           (write each as an invariant of its own, with its own name)"],
    );
    refused(
        "p99(latency) - p50(latency) < 3s",
        &["- p50(latency): there is no arithmetic: a sentence compares one term with one \
             quantity \
           (two sentences are two invariants, with two names)"],
    );
}

#[test]
fn stray_words_are_named() {
    refused(
        "p99(latency) < p50(latency)",
        &["p50(latency): a bound is a quantity; two terms are not compared with each other \
           (a time such as \"300ms\", \"10s\" or \"5m\")"],
    );
    refused(
        "share(stale) < availability",
        &["availability: a bound is a quantity; two terms are not compared with each other \
           (a share such as \"75%\")"],
    );
    refused(
        "total(fetches) > 3 < 5",
        &["< 5: a sentence has one comparison (two bounds are two invariants, with two names)"],
    );
    refused("p99(latency) < 3s please", &["please: `please` is not expected here"]);
    refused("p99(latency < 3s", &["(: this parenthesis is not closed"]);
    refused("p99() < 3s", &["p99(): a metric is missing in the parenthesis (`p99(latency)`)"]);
    refused("", &[": the sentence is empty (`availability`, or `p99(latency)`)"]);
    refused(
        "p99(latency) sa-east-1 < 3s",
        &["sa-east-1: `sa-east-1` stands without a preposition (`from sa-east-1` (the viewers' \
           region), or `in sa-east-1` (where the work is done))"],
    );
}

#[test]
fn a_clause_stands_once_and_leaves_something_to_judge() {
    let once = "two sentences are two invariants, with two names";
    refused(
        "availability in us-east-1 in sa-east-1 > 5%",
        &[&format!("in sa-east-1: a second `in`: `in sa-east-1` after `in us-east-1` ({once})")],
    );
    refused(
        "availability during outage within 5s of storm > 5%",
        &[&format!(
            "within 5s of storm: a second clause of time: `within 5s of storm` after `during \
             outage` ({once})"
        )],
    );
    let judged = "judged is the time from 2m to 15m";
    refused(
        "availability during early > 5%",
        &[&format!(
            "during early: `during early` lies in the warm-up, which is not judged: it ends at 1m, \
             the warm-up at 2m ({judged})"
        )],
    );
    refused(
        "availability after late > 5%",
        &[&format!(
            "after late: `after late` lies after the end: it begins at 15m, the run ends at 15m \
             ({judged})"
        )],
    );
    refused(
        "availability within 0s of outage > 5%",
        &[&format!(
            "within 0s of outage: `within 0s of outage` is empty: it begins and ends at 5m \
             ({judged})"
        )],
    );
    refused(
        "availability within 5s outage > 5%",
        &["within 5s: `of` and a label are missing after `within` (`within 60s of LABEL`)"],
    );
    let names = Names { regions: &[], labels: &[], warmup: second(5), length: Span::from_secs(5) };
    let found = parse_invariant("availability > 5%", &names).unwrap_err();
    assert_eq!(found[0].message, "nothing is judged: the warm-up ends at 5s, the run at 5s");
    let found = parse_invariant("availability during x > 5%", &names).unwrap_err();
    assert_eq!(
        found[0].help.as_deref(),
        Some("the file injects and changes nothing that has a label")
    );
}

#[test]
fn a_watch_is_a_term_alone() {
    let watch = |text: &str| with_names(|names| parse_watch(text, names));
    let term = watch("p99(failover_time) from sa-east-1 during outage").unwrap();
    assert_eq!(term.to_string(), "p99(failover_time) from sa-east-1 during outage");
    let text = "share(latency < 3s) < 5%";
    let shown: Vec<String> = watch(text).unwrap_err().iter().map(|c| shown(text, c)).collect();
    assert_eq!(
        shown,
        ["< 5%: a watch only shows what was seen: it has no bound \
          (leave the bound out, or move the sentence to the invariants)"]
    );
    assert_eq!(watch("latency").unwrap_err().len(), 1);
}
