//! The four readers of what comes from outside (scenarios, sentences, traces, stored results) on damaged
//! files: no panic, every problem can be told, and what is taken is read again as the same.
//!
//! Targets of a fuzzer without its engine: the stable toolchain runs them, and the same cases each time.
//! `SQUALL_FUZZ_CASES=1000000 cargo test --release --test random fuzz::` looks for longer.

mod mutate;

use super::files;
use mutate::{Corpus, attack};
use squall::invariant::{Complaint, LabelInfo, Names, parse_invariant, parse_watch};
use squall::report;
use squall::scenario::{Source, load, render};
use squall::trace::{Columns, Reader, Record, TraceSpec, guess_format, survey};
use squall::units::{Instant, Span};
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;

/// Files of the project.
fn bytes_of(paths: impl IntoIterator<Item = std::path::PathBuf>) -> Vec<Vec<u8>> {
    let whole = |path| Path::new(env!("CARGO_MANIFEST_DIR")).join::<std::path::PathBuf>(path);
    paths.into_iter().map(|path| fs::read(whole(path)).unwrap()).collect()
}

#[test]
fn no_text_of_a_scenario_makes_a_panic() {
    let shipped = ["scenarios", "tests/problems"].map(|folder| files::below(folder, "toml"));
    attack(1, &Corpus::new(bytes_of(shipped.into_iter().flatten())), |bytes| {
        let source = match Source::from_bytes("damaged.toml", bytes.to_vec()) {
            Ok(source) => source,
            Err(problem) => {
                let nothing = Source::from_text("", "");
                assert!(render(&[*problem], &nothing, false).starts_with("problem: "));
                return;
            }
        };
        match load(&source, &[]) {
            Ok(scenario) => {
                // A comment more, and it is the same scenario.
                let more = Source::from_text("damaged.toml", format!("# again\n{}", source.text()));
                let again = load(&more, &[]).unwrap_or_else(|problems| panic!("{problems}"));
                assert_eq!(format!("{:?}", again.plan), format!("{:?}", scenario.plan));
            }
            Err(problems) => {
                assert!(render(&problems.0, &source, false).starts_with("problem: "));
            }
        }
    });
}

/// The statements of `[invariants]` and `[watch]` that are shipped.
fn sentences() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for bytes in bytes_of(files::below("scenarios", "toml")) {
        let text = String::from_utf8(bytes).unwrap();
        for line in text.lines().filter(|line| line.starts_with('"')) {
            let quoted = line.rsplit('"').nth(1).unwrap_or_default();
            found.push(quoted.as_bytes().to_vec());
        }
    }
    assert!(found.len() > 100, "{} sentences are too few", found.len());
    found
}

/// Every complaint is about bytes of the text, between letters.
fn can_be_told(text: &str, complaints: &[Complaint]) {
    assert!(!complaints.is_empty());
    for complaint in complaints {
        assert!(text.get(complaint.at.clone()).is_some(), "{complaint:?}");
        assert!(!complaint.message.is_empty());
    }
}

#[test]
fn no_sentence_makes_a_panic() {
    let regions = ["us-east-1", "eu-central-1", "sa-east-1"].map(String::from);
    let label = |name: &str, at, until: Option<u64>| LabelInfo {
        name: name.into(),
        at: Instant::ZERO + Span::from_secs(at),
        until: until.map(|until| Instant::ZERO + Span::from_secs(until)),
        instant: until.is_none(),
    };
    let labels = [label("outage", 300, Some(600)), label("storm", 360, None)];
    let (warmup, length) = (Instant::ZERO + Span::from_secs(120), Span::from_secs(900));
    let names = Names { regions: &regions, labels: &labels, warmup, length };
    attack(2, &Corpus::new(sentences()), |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        match parse_invariant(text, &names) {
            Ok(statement) => {
                let printed = statement.to_string();
                assert_eq!(parse_invariant(&printed, &names), Ok(statement), "{printed}");
            }
            Err(complaints) => can_be_told(text, &complaints),
        }
        match parse_watch(text, &names) {
            Ok(term) => {
                let printed = term.to_string();
                assert_eq!(parse_watch(&printed, &names), Ok(term), "{printed}");
            }
            Err(complaints) => can_be_told(text, &complaints),
        }
    });
}

/// Traces of every format: a part of the one that is shipped, and small ones.
fn traces() -> Vec<Vec<u8>> {
    let slice = bytes_of(["scenarios/real/twitter-cluster52-slice.csv.zst".into()]).remove(0);
    let mut text = Vec::new();
    let plain = ruzstd::decoding::StreamingDecoder::new(slice.as_slice()).unwrap();
    plain.take(600).read_to_end(&mut text).unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&text).unwrap();
    let mut binary = Vec::new();
    for number in 0..9_u8 {
        binary
            .extend([number, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
    let wikimedia = "relative_unix\thashed_path_query\timage_type\tresponse_size\ttime_firstbyte\n\
                     0\t-45\tjpeg\t31\t0.1\n0\t45\tpng\t7\t0.1\n2\t-45\tjpeg\t31\t0.1\n";
    vec![
        slice[..4_000].to_vec(),
        text,
        packed.finish().unwrap(),
        binary,
        b"0 17 100\n0 18 20\n7 17 100\n".to_vec(),
        b"# time, object, size\n1, \"a\"\"b\", 5\n1, 2, 3\n\n9, x, 0\n".to_vec(),
        b"time;object;size\r\n1;2;3\r\n4;5;6\r\n".to_vec(),
        wikimedia.as_bytes().to_vec(),
    ]
}

/// Everything up to the end or the first error; an error can be told.
fn records(spec: &TraceSpec) -> Result<Vec<Record>, String> {
    let told = |error: squall::trace::TraceError| {
        let told = error.to_string();
        assert!(!told.is_empty());
        told
    };
    Reader::open(spec).map_err(told)?.collect::<Result<_, _>>().map_err(told)
}

#[test]
fn no_bytes_of_a_trace_make_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let (file, again) = (folder.path().join("trace"), folder.path().join("again"));
    attack(3, &Corpus::new(traces()), |bytes| {
        fs::write(&file, bytes).unwrap();
        let _ = guess_format(&file);
        let specs = [
            TraceSpec::csv(&file, Columns::default()),
            TraceSpec::oracle_general(&file),
            TraceSpec::webcachesim(&file),
            TraceSpec::wikimedia(&file),
        ];
        for spec in specs {
            let Ok(all) = records(&spec) else { continue };
            assert!(survey(&spec).is_ok());
            // Written as a table of whole nanoseconds, it is the same trace.
            let line = |record: &Record| {
                format!("{} {} {}\n", record.at.as_nanos(), record.key, record.size)
            };
            fs::write(&again, all.iter().map(line).collect::<String>()).unwrap();
            let table = TraceSpec::webcachesim(&again);
            let spec = TraceSpec { time_unit: Span::from_nanos(1), ..table };
            assert_eq!(records(&spec), Ok(all));
        }
    });
}

#[test]
fn no_text_of_a_result_makes_a_panic() {
    let golden =
        ["single.json", "seeds.json", "series.json"].map(|name| format!("tests/golden/{name}"));
    attack(4, &Corpus::new(bytes_of(golden.map(Into::into))), |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        match report::read(text) {
            Ok(results) => {
                assert!(report::html::run::page(&results).starts_with("<!DOCTYPE html>"));
                assert_eq!(report::read(&format!(" {text}\n")), Ok(results));
            }
            Err(problem) => assert!(!problem.message.is_empty() && !problem.help.is_empty()),
        }
    });
}
