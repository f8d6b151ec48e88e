//! The language as `squall explain` prints it.

/// A word of the language and what it means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// As written, operands in capitals.
    pub form: &'static str,
    /// One sentence, without a full stop.
    pub text: &'static str,
}

/// Everything about the language that is not a metric.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reference {
    /// The grammar, in lines.
    pub grammar: &'static [&'static str],
    /// What may be asked of a metric.
    pub statistics: &'static [Entry],
    /// Where, which requests and when.
    pub clauses: &'static [Entry],
    /// How a value is compared with its bound.
    pub comparisons: &'static [Entry],
    /// What holds for all sentences.
    pub rules: &'static [&'static str],
}

const fn entry(form: &'static str, text: &'static str) -> Entry {
    Entry { form, text }
}

/// The reference of the language of invariants and watches.
#[must_use]
pub const fn reference() -> Reference {
    Reference {
        grammar: GRAMMAR,
        statistics: STATISTICS,
        clauses: CLAUSES,
        comparisons: COMPARISONS,
        rules: RULES,
    }
}

const STATISTICS: &[Entry] = &[
    entry("METRIC", "the metric itself, when it is one value: `availability`, `monthly_cost`"),
    entry(
        "mean(METRIC)",
        "the exact mean of the values; of a counted metric, its count over the length of the \
         window",
    ),
    entry("min(METRIC)", "the least value; of a counted metric, the least rate of a second"),
    entry("max(METRIC)", "the greatest value; of a counted metric, the greatest rate of a second"),
    entry(
        "pNN(METRIC)",
        "the percentile: of n values the ceil(NN n / 100)-th smallest, judged by exact counts; \
         of a counted metric, of the rates of the seconds",
    ),
    entry("total(METRIC)", "how many, of a counted metric"),
    entry(
        "share(FLAG)",
        "of how many of the requests that ended it is true; `share(served) in REGION` is the \
         part of all requests, whatever their region, that was answered there",
    ),
    entry(
        "share(METRIC < BOUND)",
        "the part of the values for which the comparison is true; of a level, the part of the \
         seconds of each region",
    ),
    entry(
        "time_until(METRIC < BOUND)",
        "from the start of the window to the start of the first second from which on the \
         comparison is true in every measured second: zero if it always is, the whole window if \
         it is not in the last one",
    ),
];

const CLAUSES: &[Entry] = &[
    entry("from REGION", "where the viewer sits"),
    entry("in REGION", "where the work is done"),
    entry(
        "of CLASS",
        "which requests: those for a `manifest` (and validation), or those for a `segment`",
    ),
    entry("before LABEL", "from the end of the warm-up until the fault or change begins"),
    entry("during LABEL", "from its beginning to its end, or to the end of the run"),
    entry(
        "after LABEL",
        "from its end, or from its beginning if it has no end, to the end of the run",
    ),
    entry("within SPAN of LABEL", "from its beginning, for so long"),
];

const RULES: &[&str] = &[
    "without a clause of time the window is from the end of the warm-up to the end of the run",
    "the warm-up is never judged: the part of a window that lies in it is cut off",
    "a request belongs to the instant at which it first arrived",
    "nothing measured is `unmeasured`, never a pass; a total of nothing is a measured zero",
    "a level is seen by its peak in each second of each region; a second cut by a window counts \
     in parts",
    "rates of seconds leave out slices shorter than 100 ms, which the edge of a window may cut off",
    "there is no arithmetic and no `and`: two sentences are two invariants, with two names",
];

const COMPARISONS: &[Entry] = &[
    entry("<", "below the bound; a value equal to it breaks"),
    entry("<=", "at most the bound"),
    entry("==", "exactly the bound; not for times of requests"),
    entry(">=", "at least the bound"),
    entry(">", "above the bound; a value equal to it breaks"),
];

const GRAMMAR: &[&str] = &[
    "invariant = term compare quantity",
    "watch     = term",
    "term      = metric clauses | statistic \"(\" metric \")\" clauses",
    "          | (\"share\" | \"time_until\") \"(\" metric compare quantity \")\" clauses",
    "          | \"share\" \"(\" metric \")\" clauses",
    "statistic = \"mean\" | \"min\" | \"max\" | \"total\" | \"p50\" | \"p99\" | \"p99.9\" ...",
    "clauses   = { \"from\" region | \"in\" region | \"of\" class",
    "            | (\"before\" | \"during\" | \"after\") label | \"within\" span \"of\" label }",
    "compare   = \"<\" | \"<=\" | \"==\" | \">=\" | \">\"",
    "quantity  = \"10s\" | \"75%\" | \"$47,000\" | \"1,600/s\" | \"64\"",
];
