use super::*;
use crate::report::read;

/// A stored report of one run, as `squall run --format json` writes it, without what is not read.
fn report(p99: f64, verdict: &str, digest: &str, usd: f64, full_s: Option<f64>) -> String {
    let course = full_s.map_or(String::new(), |from| {
        format!(
            r#"{{"what":"queue-full","text":"the queue is full","from_s":{from},"until_s":null,
                "most":null,"unit":null}}"#
        )
    });
    format!(
        r#"{{"schema":"squall.report/1","scenario":{{"path":"a.toml","title":"A *drill*","hash":"1"}},
        "seed":7,"version":"0.1.0","digest":"{digest}","simulated_s":1.0,"requests":5,
        "invariants":[{{"name":"it is quick","text":"p99(latency) < 900ms","verdict":"{verdict}",
            "seen":{p99},"bound":900.0,"unit":"ms","first_broken_s":312.0}}],
        "watch":[],"control":null,"bill":{{"lines":[{{"name":"nodes","usd":{usd}}}],
        "monthly_usd":{usd}}},"conservation":[],"course":[{course}],"hops":[],"alerts":[],
        "again":"squall run a.toml --seed 7"}}"#
    )
}

fn compare(before: &str, now: &str) -> Difference {
    let read = |text: &str| read("r.json", text).unwrap();
    diff(&read(before), &read(now))
}

#[test]
fn what_broke_comes_first_and_what_it_led_to_after() {
    let before = report(812.0, "holds", "a", 100.0, None);
    let now = report(1_240.0, "broken", "b", 103.0, Some(310.0));
    let told = compare(&before, &now);
    assert!(told.broke);
    let wanted = "### A \\*drill\\*: 1 invariant broke\n\n`a.toml`, seed 7\n\n\
        - **now broken** it is quick: 812 ms -> 1.24 s (+52.7 %); bound 900 ms, first at 5m12s\n\
        - the month's bill: $100.00 -> $103.00 (+3 %); most of it +$3.00 nodes\n\n\
        What happened differently, with seed 7:\n\n\
        - 5m10s to the end: the queue is full (before: never)\n\n\
        `squall run a.toml --seed 7`\n\n";
    assert_eq!(told.text, wanted);
    let back = compare(&now, &before);
    assert!(!back.broke && back.text.contains("1 invariant mended"), "{}", back.text);
    assert!(
        back.text.contains("- no longer: 5m10s to the end: the queue is full"),
        "{}",
        back.text
    );
}

#[test]
fn what_is_the_same_is_one_line() {
    let one = report(812.0, "holds", "a", 100.0, None);
    let told = compare(&one, &one);
    assert_eq!(
        told,
        Difference { text: "The same to the bit: A \\*drill\\*.\n".into(), broke: false }
    );
}

#[test]
fn a_scenario_that_is_only_in_one_is_named() {
    let one = report(812.0, "holds", "a", 100.0, None);
    let two = format!("[{one},{}]", one.replace("a.toml", "b.toml").replace("A *drill*", "B"));
    let told = compare(&format!("[{one}]"), &two);
    assert!(told.text.contains("### B: only in the second"), "{}", told.text);
    let back = compare(&two, &format!("[{one}]"));
    assert!(back.text.contains("### B: only in the first"), "{}", back.text);
}
