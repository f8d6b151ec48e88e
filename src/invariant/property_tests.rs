use super::parse_tests::{REGIONS, invariant, with_names};
use super::*;
use proptest::prelude::*;

/// A quantity of a unit as people write it.
fn quantity(unit: Unit) -> BoxedStrategy<String> {
    match unit {
        Unit::Time => {
            (0_u32..5_000, "ns|us|ms|s|m|h|d").prop_map(|(n, unit)| format!("{n}{unit}")).boxed()
        }
        Unit::Ratio => {
            (0_u32..100_000_000).prop_map(|n| format!("{}%", f64::from(n) / 1e6)).boxed()
        }
        Unit::Money => (0_u32..9_999, 0_u32..100).prop_map(|(n, c)| format!("${n}.{c:02}")).boxed(),
        Unit::Rate => (0_u32..99_999).prop_map(|n| format!("{n}/s")).boxed(),
        Unit::Bytes => (0_u32..99).prop_map(|n| format!("{n}TB")).boxed(),
        Unit::Count => (0_u32..9_999_999).prop_map(|n| n.to_string()).boxed(),
    }
}

fn compared(head: &str, unit: Unit) -> BoxedStrategy<String> {
    let head = head.to_owned();
    ("<|<=|>=|>", quantity(unit)).prop_map(move |(by, q)| format!("{head} {by} {q}")).boxed()
}

/// Heads with the unit of their value, and whether they take `from` or any clause.
fn head() -> BoxedStrategy<(String, Unit, bool, bool)> {
    let value = "mean|min|max|p[1-9][0-9]?|p99\\.[0-9]{1,9}";
    prop_oneof![
        Just(("availability".to_owned(), Unit::Ratio, true, true)),
        Just(("monthly_cost".to_owned(), Unit::Money, false, false)),
        "served|failed|hit|stale".prop_map(|f| (format!("share({f})"), Unit::Ratio, true, true)),
        "requests|fetches".prop_map(|m| (format!("total({m})"), Unit::Count, true, true)),
        (value, "requests|coalesced").prop_map(|(s, m)| (
            format!("{s}({m})"),
            Unit::Rate,
            true,
            true
        )),
        (value, "latency|wait").prop_map(|(s, m)| (format!("{s}({m})"), Unit::Time, true, true)),
        value.prop_map(|s| (format!("{s}(database_queue)"), Unit::Count, false, true)),
        compared("staleness", Unit::Time).prop_map(|c| (
            format!("share({c})"),
            Unit::Ratio,
            true,
            true
        )),
        compared("availability", Unit::Ratio).prop_map(|c| (
            format!("time_until({c})"),
            Unit::Time,
            true,
            true
        )),
        compared("replication_lag", Unit::Time).prop_map(|c| (
            format!("time_until({c})"),
            Unit::Time,
            false,
            true
        )),
    ]
    .boxed()
}

/// What stands in the names of metrics that no manifest has.
const SEGMENTS: [&str; 4] = ["segment", "content_", "origin_", "byte_hit"];

fn sentence() -> impl Strategy<Value = String> {
    let region = || prop::option::of(prop::sample::select(REGIONS.to_vec()));
    let time = "()|( (before|during|after) (outage|slow_db-2|across|storm)| within \
    [1-9][0-9]?(s|m) of storm)";
    let time = time.prop_map(|text: String| {
        text.replace("during storm", "after storm").replace("before across", "during across")
    });
    let parts = (head(), region(), region(), any::<bool>(), time);
    parts.prop_flat_map(|((head, unit, has_from, has_clauses), from, at, class, time)| {
        let mut term = head;
        if let (Some(from), true) = (from, has_from) {
            term = format!("{term} from {from}");
        }
        if has_clauses {
            let at = at.map_or(String::new(), |at| format!(" in {at}"));
            let of_segments = SEGMENTS.iter().any(|name| term.contains(name));
            let has_class = class && has_from && !term.contains("viewer_");
            let class = match (has_class, of_segments) {
                (true, true) => " of segment",
                (true, false) => " of manifest",
                (false, _) => "",
            };
            term = format!("{term}{time}{class}{at}");
        }
        // A random time may be longer than the window, which is refused below a bound.
        if term.starts_with("time_until") {
            quantity(unit).prop_map(move |q| format!("{term} >= {q}")).boxed()
        } else {
            compared(&term, unit)
        }
    })
}

proptest! {
    #[test]
    fn sentences_are_printed_as_they_are_read(text in sentence()) {
        let read = invariant(&text);
        prop_assert!(read.is_ok(), "{}: {:?}", text, read);
        let read = read.unwrap();
        let printed = read.to_string();
        prop_assert_eq!(invariant(&printed), Ok(read), "{}", printed);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".*") {
        check_any(&text)?;
    }

    #[test]
    fn no_heap_of_words_makes_the_parser_panic(
        words in prop::collection::vec(prop::sample::select(vec![
            "p99", "(", ")", "latency", "<", "<=", "==", "≥", "3s", "75%", "$5", "10", "s", "in",
            "from", "of", "during", "within", "storm", "outage", "sa-east-1", "and", "+", "share",
            "time_until", "availability", "monthly_cost", "é", "-", "database_queue", "manifest", "segment",
            "byte_hit_ratio",
        ]), 0..12),
        glue in "[ ]{0,2}",
    ) {
        check_any(&words.join(&glue))?;
        check_any(&words.join(" "))?;
    }
}

/// Whatever the text is: it is read, or there are complaints that lie within it.
fn check_any(text: &str) -> Result<(), TestCaseError> {
    let watch = with_names(|names| parse_watch(text, names)).err();
    for found in invariant(text).err().into_iter().chain(watch) {
        prop_assert!(!found.is_empty());
        for complaint in found {
            prop_assert!(text.get(complaint.at.clone()).is_some(), "{:?}", complaint);
            prop_assert!(!complaint.message.is_empty());
        }
    }
    Ok(())
}
