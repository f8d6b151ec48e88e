//! Every key that a study may have.

/// `path | kind | default | example | text`, as in the scenario's table.
pub(in crate::scenario) const TABLE: &str = r#"
study.title | text | required | "What a second cache is worth" | what reports call it
study.question | text | required | "Is a larger cache worth its money?" | what the study answers
study.scenario | text | required | "../smoke/single-pool.toml" | the scenario, relative to the study
study.set | table | none | { "run.length" = "60s" } | what is changed in every run
study.set.* | any | none | "60s" | a path, and what stands there
study.vary | table | required | { "fabric.pool.servers" = "7..9 by 1" } | what differs between variants
study.vary.* | range, list or table | none | ["fifo", "lifo"] | a path, `load-factor` or a name, and its values
study.seeds | text | required | "1..5" | seeds of each variant; with `precision` at least and at most so many
study.measure | table | what the scenario promises and watches | { "p99" = "p99(latency)" } | terms that are measured
study.measure.* | term | none | "p99(latency)" | a name, and what is measured
study.base | table | the first variant | { "fabric.pool.servers" = 8 } | the variant that others are compared with
study.base.* | any | the first value | 8 | an entry of `vary`, and its value in the base
study.precision | share | none | "5%" | half the width of each measure's 95 % interval, as a share of its mean
study.find | text | none | "largest load-factor that holds" | a search instead of a table
study.without | table | none | { "inject.surge.fault.factor" = 1 } | what takes the trigger away, for `find = "recovery"`
study.must | table | none | { "nearly all are served" = "availability >= 99%" } | what must hold beside what the scenario promises
study.must.* | sentence | none | "availability >= 99%" | a name, and what must hold
study.holds | list | those of `must`, or all | ["most are served"] | the invariants that a search looks at
"#;
