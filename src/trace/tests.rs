//! Whole files, good and bad.

use super::survey::survey_within;
use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::fmt::Write as _;
use std::io::Write as _;
use tempfile::NamedTempFile;

/// `printf '1,7,5\n2,8,6\n' | zstd -19`, with its checksum.
pub(super) const FRAME: [u8; 25] = [
    0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x68, 0x61, 0x00, 0x00, 0x31, 0x2c, 0x37, 0x2c, 0x35, 0x0a, 0x32,
    0x2c, 0x38, 0x2c, 0x36, 0x0a, 0x80, 0x68, 0xcf, 0xcb,
];

pub(super) fn file(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn named(names: [&str; 3]) -> Columns {
    let [time, key, size] = names.map(|name| Column::Name(name.to_owned()));
    Columns { time, key, size: Some(size) }
}

pub(super) fn numbered(time: usize, key: usize, size: Option<usize>) -> Columns {
    Columns { time: Column::Number(time), key: Column::Number(key), size: size.map(Column::Number) }
}

/// All records as (nanoseconds, key, size), or the first error.
pub(super) fn read(spec: &TraceSpec) -> Result<Vec<(u64, u64, u64)>, TraceError> {
    let parts = |record: Record| (record.at.as_nanos(), record.key, record.size);
    Reader::open(spec)?.map(|record| record.map(parts)).collect()
}

pub(super) fn csv(
    bytes: impl AsRef<[u8]>,
    columns: Columns,
) -> Result<Vec<(u64, u64, u64)>, TraceError> {
    let file = file(bytes.as_ref());
    read(&TraceSpec::csv(file.path(), columns))
}

/// Place and problem of the first error in a csv.
fn csv_fails(bytes: impl AsRef<[u8]>, columns: Columns) -> (Place, Problem) {
    let error = csv(bytes, columns).unwrap_err();
    (error.place(), error.problem().clone())
}

pub(super) fn oracle(bytes: &[u8]) -> Result<Vec<(u64, u64, u64)>, TraceError> {
    let file = file(bytes);
    read(&TraceSpec::oracle_general(file.path()))
}

pub(super) fn oracle_bytes(records: &[(u32, u64, u32)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (time, key, size) in records {
        bytes.extend(time.to_le_bytes());
        bytes.extend(key.to_le_bytes());
        bytes.extend(size.to_le_bytes());
        bytes.extend((-1_i64).to_le_bytes());
    }
    bytes
}

pub(super) const SECOND: u64 = 1_000_000_000;

#[test]
fn the_first_time_is_the_origin_and_equal_times_are_allowed() {
    let records = csv("100,7,5\n100,8,0\n101.5,7,6", Columns::default()).unwrap();
    assert_eq!(records, [(0, 7, 5), (0, 8, 0), (3 * SECOND / 2, 7, 6)]);
    let file = file(b"100,7,5\n103,8,5\n");
    let mut spec = TraceSpec::csv(file.path(), Columns::default());
    spec.time_unit = Span::from_millis(10);
    assert_eq!(read(&spec).unwrap()[1].0, 30_000_000);
}

#[test]
fn headers_are_lines_or_a_first_comment() {
    let twitter = "# time, object, size, next_access_vtime\n0, 13053225291711363978, 737, 13\n";
    for text in [
        twitter,
        "time,object,size\n0,13053225291711363978,737\n",
        "# a comment, of course\n\n# time,object\nsize;x;object;time\n737;;13053225291711363978;0",
        "\u{feff}time\tobject\tsize\r\n0\t13053225291711363978\t737\r\n",
        "  time object   size\n0 13053225291711363978 737\n",
        "\"time\",\"object\",\"size\"\n\"0\",\"13053225291711363978\",\"737\"",
    ] {
        let records = csv(text, named(["time", "object", "size"])).unwrap();
        assert_eq!(records, [(0, 13_053_225_291_711_363_978, 737)], "{text}");
    }
    // By number there is no header, and the comment is one.
    assert_eq!(csv(twitter, Columns::default()).unwrap().len(), 1);
}

#[test]
fn the_delimiter_is_found_or_given() {
    let key = fields::key(b"/a;b;c;d,e");
    assert_eq!(csv("1,\"/a;b;c;d,e\",5", Columns::default()).unwrap(), [(0, key, 5)]);
    for text in ["1 7 5\n2 8 6", "1\t7\t5\n2\t8\t6", "1;7;5\n2;8;6", "1,7,5,x,y\n2,8,6"] {
        let records = csv(text, Columns::default()).unwrap();
        assert_eq!(records, [(0, 7, 5), (SECOND, 8, 6)], "{text}");
    }
    let file = file(b"1,5;7,1;5");
    let mut spec = TraceSpec::csv(file.path(), numbered(3, 2, None));
    spec.format = Format::Csv { delimiter: Some(Delimiter::Semicolon) };
    assert_eq!(read(&spec).unwrap(), [(0, fields::key(b"7,1"), 1)]);
}

#[test]
fn both_formats_plain_and_compressed_say_the_same() {
    let mut records = Vec::new();
    for number in 0_u32..5_000 {
        let key = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) % 701;
        records.push((1_000_000 + number / 7, u64::MAX - key, number % 4_099));
    }
    let mut text = "time,object,size\n".to_owned();
    for (time, key, size) in &records {
        writeln!(text, "{time}, {key}, {size}").unwrap();
    }
    let binary = oracle_bytes(&records);
    let expected = Survey {
        records: 5_000,
        distinct: 701,
        length: Span::from_secs(4_999 / 7),
        bytes: records.iter().map(|record| u64::from(record.2)).sum(),
        hash: 0,
    };
    let columns = named(["time", "object", "size"]);
    let mut hashes = Vec::new();
    for bytes in [text.clone().into_bytes(), zstd(text.as_bytes()), gzip(text.as_bytes())] {
        let file = file(&bytes);
        let seen = survey(&TraceSpec::csv(file.path(), columns.clone())).unwrap();
        assert_eq!(Survey { hash: 0, ..seen }, expected);
        hashes.push(seen.hash);
    }
    for bytes in [binary.clone(), zstd(&binary), gzip(&binary)] {
        let file = file(&bytes);
        let seen = survey(&TraceSpec::oracle_general(file.path())).unwrap();
        assert_eq!(Survey { hash: 0, ..seen }, expected);
        hashes.push(seen.hash);
    }
    assert!(hashes.iter().all(|hash| *hash == hashes[0]), "{hashes:x?}");
    // Another key, another order, another hash.
    for (one, other) in [(0, 0), (0, 1)] {
        let mut changed = records.clone();
        changed.swap(one, other);
        changed[4_999].1 ^= u64::from(one == other);
        let file = file(&oracle_bytes(&changed));
        assert_ne!(survey(&TraceSpec::oracle_general(file.path())).unwrap().hash, hashes[0]);
    }
}

#[test]
fn frames_follow_each_other_and_may_be_skipped() {
    let skippable = [0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
    let records = oracle_bytes(&[(1, 7, 5), (2, 8, 6)]);
    let bytes =
        [zstd(&records[..30]), skippable.to_vec(), zstd(b""), zstd(&records[30..])].concat();
    assert_eq!(oracle(&bytes).unwrap(), [(0, 7, 5), (SECOND, 8, 6)]);
    let cut = [zstd(&records), skippable[..10].to_vec()].concat();
    assert_eq!(*oracle(&cut).unwrap_err().problem(), Problem::TruncatedZstd);
    let garbage = [zstd(&records), b"garbage".to_vec()].concat();
    let error = oracle(&garbage).unwrap_err();
    assert!(matches!(error.problem(), Problem::CorruptZstd(_)), "{error}");
    assert_eq!(error.place(), Place::Byte(zstd(&records).len() as u64));
}

#[test]
fn damage_to_compressed_data_is_never_silent() {
    assert_eq!(csv(FRAME, Columns::default()).unwrap(), [(0, 7, 5), (SECOND, 8, 6)]);
    for length in 4..FRAME.len() {
        let (place, problem) = csv_fails(&FRAME[..length], Columns::default());
        assert_eq!((place, problem), (Place::Byte(length as u64), Problem::TruncatedZstd));
    }
    // A digit becomes another one: only the checksum can tell.
    let mut flipped = FRAME;
    flipped[9] ^= 1;
    let (place, problem) = csv_fails(flipped, Columns::default());
    assert!(matches!(problem, Problem::CorruptZstd(_)), "{problem:?}");
    assert_eq!(place, Place::Byte(25));
    // A reserved block type.
    let mut reserved = FRAME;
    reserved[6] |= 0b110;
    let (_, problem) = csv_fails(reserved, Columns::default());
    assert!(matches!(problem, Problem::CorruptZstd(_)), "{problem:?}");
}

#[test]
fn a_truncated_record_is_named() {
    let bytes = oracle_bytes(&[(1, 7, 5), (2, 8, 6)]);
    let file = file(&bytes[..47]);
    let mut reader = Reader::open(&TraceSpec::oracle_general(file.path())).unwrap();
    assert!(reader.next().unwrap().is_ok());
    let error = reader.next().unwrap().unwrap_err();
    let problem = Problem::TruncatedRecord { offset: 24, bytes: 23 };
    assert_eq!((error.place(), error.problem()), (Place::Record(2), &problem));
    assert!(reader.next().is_none());
    let text = error.to_string();
    assert!(
        text.ends_with(", record 2: the record at byte 24 is cut off after 23 of its 24 bytes")
    );
}

#[test]
fn files_that_are_no_trace_say_why() {
    let problem = |path: &std::path::Path| {
        let error = Reader::open(&TraceSpec::oracle_general(path)).err().unwrap();
        assert_eq!((error.place(), error.path()), (Place::File, path));
        error.problem().clone()
    };
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(problem(directory.path()), Problem::IsDirectory);
    assert_eq!(problem(&directory.path().join("none.csv")), Problem::Missing);
    assert_eq!(problem(file(b"").path()), Problem::Empty);
    assert_eq!(problem(file(&zstd(b"")).path()), Problem::Empty);
    assert_eq!(problem(file(&gzip(b"")).path()), Problem::Empty);
    let below = file(b"").path().join("below.csv");
    assert!(matches!(problem(&below), Problem::Missing | Problem::Unreadable(_)));
    let columns = || named(["time", "object", "size"]);
    for text in ["", "\n\n", "# time, object, size\n", "time,object,size", "# only a comment\n"] {
        assert_eq!(csv_fails(text, columns()), (Place::File, Problem::Empty), "{text}");
    }
    assert_eq!(csv_fails("# 1,2,3\n\n", Columns::default()), (Place::File, Problem::Empty));
}

#[test]
fn specifications_without_sense_are_refused() {
    let file = file(b"1,7,5\n");
    let mut spec = TraceSpec::csv(file.path(), numbered(1, 0, None));
    assert_eq!(*read(&spec).unwrap_err().problem(), Problem::ColumnZero);
    spec.columns = Columns::default();
    spec.time_unit = Span::ZERO;
    assert_eq!(*read(&spec).unwrap_err().problem(), Problem::NoTick);
    spec.columns.key = Column::Number(usize::MAX);
    spec.time_unit = Span::MAX;
    let problem = Problem::NotEnoughColumns { needed: usize::MAX, found: 3 };
    assert_eq!(*read(&spec).unwrap_err().problem(), problem);
}

#[test]
fn unknown_columns_are_answered_with_the_known_ones() {
    let columns = || named(["time", "objekt", "size"]);
    let expected = Problem::UnknownColumn {
        name: "objekt".into(),
        header: ["time", "object", "size", "next"].map(String::from).into(),
        columns: 4,
        nearest: Some("object".into()),
    };
    for (text, line) in [
        ("time,object,size,next\n1,7,5,9\n", 1),
        ("# time, object, size, next\n1, 7, 5, 9\n", 1),
        ("# a remark\ntime;object;size;next\n1;7;5;9\n", 2),
    ] {
        assert_eq!(csv_fails(text, columns()), (Place::Line(line), expected.clone()), "{text}");
    }
    let message = csv("time,object,size,next\n1,7,5,9\n", columns()).unwrap_err().to_string();
    assert!(message.ends_with(
        ", line 1: there is no column `objekt`: the header has `time`, `object`, `size`, `next`; did \
         you mean `object`?"
    ));
    let problem = csv_fails("a,b,c\n1,7,5\n", columns()).1;
    assert!(matches!(problem, Problem::UnknownColumn { nearest: None, .. }), "{problem:?}");
    let twice = csv_fails("time,objekt,size,time\n", columns());
    assert_eq!(twice, (Place::Line(1), Problem::AmbiguousColumn("time".into())));
    let wide: Vec<String> = (0..100).map(|number| format!("c{number}")).collect();
    let message = csv(wide.join(","), columns()).unwrap_err().to_string();
    assert!(message.ends_with("`c19` and 80 more"), "{message}");
}

#[test]
fn bad_lines_are_named() {
    let text = |line: &str| format!("# x\n1,7,5\n\n{line}\n");
    for (line, problem) in [
        ("x,7,5", Problem::BadTime("x".into())),
        ("-2,7,5", Problem::BadTime("-2".into())),
        ("2,7,-5", Problem::BadSize("-5".into())),
        ("2,7,5.0", Problem::BadSize("5.0".into())),
        ("2,7,", Problem::BadSize(String::new())),
        ("2,,5", Problem::EmptyKey),
        ("2,7", Problem::NotEnoughColumns { needed: 3, found: 2 }),
        ("2,\"7,5", Problem::BadQuote),
        ("0.75,7,5", Problem::Backwards(250_000_000)),
        ("18446744075,7,5", Problem::TooLate),
        ("\u{1b}[2J,7,5", Problem::BadTime("\\u{1b}[2J".into())),
    ] {
        assert_eq!(csv_fails(text(line), Columns::default()), (Place::Line(4), problem), "{line}");
    }
    // A header that nobody asked for is a bad number.
    let (place, problem) = csv_fails("time,object,size\n1,7,5\n", Columns::default());
    assert_eq!((place, problem), (Place::Line(1), Problem::BadTime("time".into())));
    let error = oracle(&oracle_bytes(&[(5, 7, 5), (4, 8, 6)])).unwrap_err();
    assert_eq!(error.place(), Place::Record(2));
    assert_eq!(*error.problem(), Problem::Backwards(SECOND.into()));
}

#[test]
fn lines_have_a_bound() {
    let line = |length: usize| format!("1,7,5\n2,{},6\n", "k".repeat(length - 4));
    assert_eq!(csv(line(LONGEST_LINE), Columns::default()).unwrap().len(), 2);
    let long = csv_fails(line(LONGEST_LINE + 1), Columns::default());
    assert_eq!(long, (Place::Line(2), Problem::LineTooLong));
    // A few compressed kilobytes that become 64 MiB without a line end stop at the bound.
    let ones = vec![b'1'; 64 << 20];
    for bomb in [zstd(&ones), gzip(&ones)] {
        assert_eq!(csv_fails(bomb, Columns::default()), (Place::Line(1), Problem::LineTooLong));
    }
}

#[test]
fn a_survey_has_a_bound_on_keys() {
    let file = file(b"1,7,5\n2,8,5\n3,7,5\n4,9,5\n");
    let spec = TraceSpec::csv(file.path(), Columns::default());
    assert_eq!(survey_within(&spec, 3).unwrap().distinct, 3);
    let error = survey_within(&spec, 2).unwrap_err();
    assert_eq!(*error.problem(), Problem::TooManyKeys(2));
}

#[test]
fn readers_may_change_threads() {
    const fn is_send<T: Send>() {}
    is_send::<Reader>();
}

/// The figure in a row `| name | figure |` of the README beside the shipped slice.
fn figure(readme: &str, name: &str) -> String {
    let row = readme.lines().find_map(|line| line.strip_prefix(&format!("| {name} | ")));
    let figure = row.unwrap_or_else(|| panic!("no row `{name}`")).trim_end_matches([' ', '|']);
    figure.replace([',', '`'], "")
}

#[test]
fn the_shipped_slice_is_what_its_readme_says() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/real");
    let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let path = folder.join("twitter-cluster52-slice.csv.zst");
    assert!(std::fs::metadata(&path).unwrap().len() < 900_000);
    let seen = survey(&TraceSpec::csv(path, named(["time", "object", "size"]))).unwrap();
    let count = |name| figure(&readme, name).parse::<u64>().unwrap();
    assert_eq!(seen.records, count("requests"));
    assert_eq!(seen.distinct, count("distinct objects"));
    assert_eq!(seen.bytes, count("bytes requested"));
    // Ticks are whole seconds: the last one of N seconds is N - 1.
    assert_eq!(seen.length, Span::from_secs(count("seconds") - 1));
    assert_eq!(format!("{:016x}", seen.hash), figure(&readme, "content hash"));
}
