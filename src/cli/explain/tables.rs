//! What there is to explain. Metrics, exit codes and keys come from the code that works with them;
//! the sentences here are checked against it.

use super::super::Exit;
use crate::invariant;
use crate::observe::{METRICS, MetricInfo, MetricKind};
use crate::scenario::{KEYS, Key, STUDY_KEYS};
use crate::units::Unit;

/// A chapter of the reference.
pub(super) struct Topic {
    /// How it is asked for.
    pub word: &'static str,
    /// What it is.
    pub title: &'static str,
    /// Its entries, in their order.
    pub entries: Vec<Entry>,
}

/// One entry.
pub(super) struct Entry {
    /// How it is asked for.
    pub name: String,
    /// What it is.
    pub text: String,
    /// Further lines: a word and what stands behind it.
    pub more: Vec<(String, String)>,
}

/// The kinds of harm.
const FAULTS: [(&str, &str); 14] = [
    (
        "region-down",
        "a region can no longer be reached: its viewers, and by choice the other regions",
    ),
    ("evict-cache", "a share of a region's cache is thrown out at an instant"),
    (
        "delay-replication",
        "the replication channel to a region is delayed, so that its data get old",
    ),
    ("slow", "a service takes a multiple of its time"),
    ("errors", "a share of a service's answers are errors"),
    ("stop-pods", "pods of the manifest service are gone, and new ones start when it is over"),
    ("noisy-neighbour", "something else on the nodes of pods takes processors from them"),
    ("leak", "pods of the manifest service need more and more memory, until they are killed"),
    ("database-down", "a region's database is down, as while it fails over"),
    ("lock-table", "reads wait for a lock on their table"),
    ("clock-skew", "the clock of an edge is off, by which its copies expire"),
    ("packet-loss", "packets are lost between a region and the primary"),
    ("origin-down", "the origin is gone: edges have what they have"),
    ("surge", "a multiple of the usual viewers come"),
];

/// Where a fabric starts from.
const PRESETS: [(&str, &str); 2] = [
    (
        "five-regions",
        "us-east-1 (with the primary database), eu-central-1, ap-northeast-1, ap-southeast-1 and \
         sa-east-1: anycast routing, a metadata cache, a manifest service and a database in each",
    ),
    (
        "single-pool",
        "one pool of servers, no network and no cache: for queueing formulas, and for trying a pool by \
         itself; its keys stand under fabric.pool",
    ),
];

/// What limits retries.
const BUDGETS: [(&str, &str); 10] = [
    ("none", "no limit beyond the number of attempts"),
    ("limit", "a bound on retries at one time (Envoy's circuit breaker max_retries)"),
    (
        "deposit-per-request",
        "each request deposits a part of a retry, deposits expire (the token bucket of Finagle and \
         tower): retries stay a bounded share of requests",
    ),
    (
        "deposit-per-success",
        "a success adds a part of a token, a failed attempt takes one, and retries go while more than \
         half of the tokens are left (gRPC's proposal A6): above a share ratio / (1 + ratio) of \
         failures they all but stop",
    ),
    (
        "small-bucket",
        "a success adds a part of a token, a retry takes one, few are kept (Brooker's adaptive retry): \
         retries stay a bounded share of successes",
    ),
    (
        "concurrent-share",
        "retries at one time are a bounded share of the attempts under way, and some always go \
         (Envoy's retry_budget)",
    ),
    (
        "standard",
        "a retry takes tokens, more after a time-out; an answer gives its last retry's back, or one \
         token if it needed none (the AWS SDKs' standard mode)",
    ),
    (
        "adaptive-throttle",
        "clients refuse their own attempts, first ones too, with probability max(0, (requests - \
         k accepted) / (requests + 1)) (Site Reliability Engineering, chapter 21)",
    ),
    (
        "decorator",
        "the brief's class as printed: 100 tokens, a success adds 1, every failed attempt takes 10, \
         below 10 every attempt is refused; it locks for ever, because nothing can succeed then",
    ),
    (
        "decorator-repaired",
        "the same with its defect mended: only a retry takes 10 tokens, and only retries are refused",
    ),
];

/// All topics.
pub(super) fn topics() -> Vec<Topic> {
    let topic = |word, title, entries| Topic { word, title, entries };
    vec![
        topic("metric", "What can be seen", METRICS.iter().map(metric).collect()),
        topic("statistic", "What can be asked of a metric", statistics()),
        topic("fault", "What can be done to the fabric", under(&FAULTS, "inject.fault")),
        topic("preset", "What a fabric starts from", under(&PRESETS, "fabric.preset")),
        topic("budget", "What limits retries", under(&BUDGETS, "budget")),
        topic("key", "What a scenario file may say", KEYS.iter().map(key).collect()),
        topic("study", "What a study file may say", STUDY_KEYS.iter().map(study_key).collect()),
        topic(
            "exit-code",
            "How the program ends, the most severe first",
            Exit::ALL.map(exit).into(),
        ),
    ]
}

fn more(name: &str, text: impl Into<String>) -> (String, String) {
    (name.to_owned(), text.into())
}

fn metric(row: &MetricInfo) -> Entry {
    let bound = match row.unit {
        Unit::Time => "300ms",
        Unit::Ratio => "1%",
        Unit::Money => "$47,000",
        Unit::Rate => "100/s",
        Unit::Bytes => "5TB",
        Unit::Count => "64",
    };
    let name = row.name;
    let (form, example) = match row.form {
        MetricKind::Alone => ("alone", format!("{name} <= {bound}")),
        MetricKind::Flag => ("share(...)", format!("share({name}) <= {bound}")),
        MetricKind::Counted => ("total(...), or as a rate a second in mean, min and max", {
            format!("total({name}) <= 100")
        }),
        MetricKind::Valued => ("mean, min, max, a percentile, or share(... < bound)", {
            format!("p99({name}) <= {bound}")
        }),
    };
    Entry {
        name: name.to_owned(),
        text: row.text.to_owned(),
        more: vec![more("unit", row.unit.name()), more("used", form), more("example", example)],
    }
}

/// One entry for each word; a word with two forms (`share`) has both in it.
fn statistics() -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for row in invariant::reference().statistics {
        let name = row.form.split('(').next().unwrap_or(row.form);
        if entries.last().is_none_or(|last| last.name != name) {
            let (name, text, more) = (name.to_owned(), row.text.to_owned(), Vec::new());
            entries.push(Entry { name, text, more });
        }
        if let Some(last) = entries.last_mut() {
            last.more.push(more(row.form, row.text));
        }
    }
    // A single form says nothing that the entry does not say.
    for entry in entries.iter_mut().filter(|entry| entry.more.len() == 1) {
        entry.more = entry.more.drain(..).map(|(form, _)| more("form", form)).collect();
    }
    entries
}

fn exit(exit: Exit) -> Entry {
    Entry { name: exit.code().to_string(), text: exit.meaning().into(), more: Vec::new() }
}

/// A key of a study, without the word that stands before all of them in the table.
fn study_key(row: &Key) -> Entry {
    let entry = key(row);
    let name = entry.name.strip_prefix("study.").map(str::to_owned).unwrap_or(entry.name);
    Entry { name, ..entry }
}

fn key(key: &Key) -> Entry {
    Entry {
        name: key.path.to_owned(),
        text: key.text.to_owned(),
        more: vec![
            more("value", key.kind),
            more("default", key.default),
            more("example", key.example),
        ],
    }
}

/// Entries with the keys that belong to each: those of `section[name]`.
fn under(rows: &[(&str, &str)], section: &str) -> Vec<Entry> {
    let entry = |&(name, text): &(&str, &str)| {
        let prefix = format!("{section}[{name}].");
        let keys = KEYS.iter().filter_map(|key| {
            let short = key.path.strip_prefix(&prefix)?;
            Some((
                short.to_owned(),
                format!("{}: {} (default: {})", key.kind, key.text, key.default),
            ))
        });
        Entry { name: name.into(), text: text.into(), more: keys.collect() }
    };
    rows.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names that a key's kind lists: `"a", "b" or "c"`.
    fn listed(path: &str) -> Vec<&'static str> {
        let key = KEYS.iter().find(|key| key.path == path).unwrap();
        key.kind.split('"').skip(1).step_by(2).collect()
    }

    fn names(rows: &[(&'static str, &str)]) -> Vec<&'static str> {
        rows.iter().map(|row| row.0).collect()
    }

    #[test]
    fn tables_have_what_the_reader_of_files_accepts() {
        assert_eq!(names(&FAULTS), listed("inject.fault.kind"));
        assert_eq!(names(&PRESETS), listed("fabric.preset"));
        let mut budgets = listed("fabric.viewers.budget");
        budgets.extend(listed("budget.kind"));
        assert_eq!(names(&BUDGETS), budgets);
    }

    #[test]
    fn a_fault_shows_its_keys() {
        let faults = under(&FAULTS, "inject.fault");
        let surge = faults.iter().find(|entry| entry.name == "surge").unwrap();
        let keys: Vec<_> = surge.more.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(keys, ["region", "factor", "ramp"]);
    }
}
