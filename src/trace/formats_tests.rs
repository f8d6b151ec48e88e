//! The tables whose columns are known.

use super::tests::{SECOND, csv, file, gzip, oracle_bytes, read, zstd};
use super::*;

type Records = Vec<(u64, u64, u64)>;

fn webcachesim(bytes: impl AsRef<[u8]>) -> Result<Records, TraceError> {
    read(&TraceSpec::webcachesim(file(bytes.as_ref()).path()))
}

fn wikimedia(bytes: impl AsRef<[u8]>) -> Result<Records, TraceError> {
    read(&TraceSpec::wikimedia(file(bytes.as_ref()).path()))
}

const UPLOAD: &str = "relative_unix\thashed_path_query\timage_type\tresponse_size\ttime_firstbyte
0\t833946053\tjpeg\t9870\t1.5e-4
0\t-2000000001\t\t11\t2.1e-4
2\t833946053\tpng\t9870\t0.0001
";

const TEXT: &str = "relative_unix\thashed_host_path_query\tresponse_size\ttime_firstbyte
0\t833946053\t9870\t1.5e-4
0\t-2000000001\t11\t2.1e-4
2\t833946053\t9870\t0.0001
";

#[test]
fn webcachesim_has_time_key_and_size() {
    let expected = [(0, 7, 5), (0, 8, 0), (3 * SECOND, 7, 6)];
    // LRB's files have features behind the size.
    let wide = "10 7 5 1 2\n10 8 0 3 4\n13 7 6 5 6\n";
    for text in ["10 7 5\n10 8 0\n13 7 6", " 10\t7  5 \r\n10 8 0\r\n13 7 6\r\n", wide] {
        assert_eq!(webcachesim(text).unwrap(), expected, "{text}");
        assert_eq!(webcachesim(zstd(text.as_bytes())).unwrap(), expected, "{text}");
        assert_eq!(webcachesim(gzip(text.as_bytes())).unwrap(), expected, "{text}");
    }
    // The delimiter is not guessed, and there is no header.
    let error = webcachesim("1,7,5\n").unwrap_err();
    let problem = Problem::NotEnoughColumns { needed: 3, found: 1 };
    assert_eq!((error.place(), error.problem()), (Place::Line(1), &problem));
    let error = webcachesim("time id size\n1 7 5\n").unwrap_err();
    assert_eq!(*error.problem(), Problem::BadTime("time".into()));
}

#[test]
fn wikimedia_finds_its_key_in_either_table() {
    let negative = fields::key(b"-2000000001");
    let expected = [(0, 833_946_053, 9870), (0, negative, 11), (2 * SECOND, 833_946_053, 9870)];
    for text in [UPLOAD, TEXT] {
        assert_eq!(wikimedia(text).unwrap(), expected, "{text}");
        assert_eq!(wikimedia(gzip(text.as_bytes())).unwrap(), expected, "{text}");
    }
    // The other table with the same requests has the same hash.
    let hash =
        |text: &str| survey(&TraceSpec::wikimedia(file(text.as_bytes()).path())).unwrap().hash;
    assert_eq!(hash(UPLOAD), hash(TEXT));
    assert_ne!(hash(UPLOAD), hash(&UPLOAD.replace("-2000000001", "2000000001")));
}

#[test]
fn wikimedia_without_its_columns_says_which_are_missing() {
    let missing = |text: &str| {
        let error = wikimedia(text).unwrap_err();
        assert_eq!(error.place(), Place::Line(1));
        match error.problem() {
            Problem::UnknownColumn { name, .. } => name.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(missing("0\t7\tjpeg\t5\t0.1\n"), "relative_unix");
    assert_eq!(missing(&UPLOAD.replace("hashed_path", "path")), "hashed_path_query");
    assert_eq!(missing(&TEXT.replace("response_size", "bytes")), "response_size");
    assert_eq!(missing(&TEXT.replace('\t', ",")), "relative_unix");
    // The other name of the key is no word of a csv's.
    let columns = super::tests::named(["relative_unix", "hashed_path_query", "response_size"]);
    assert!(csv(UPLOAD, columns.clone()).is_ok());
    assert!(matches!(
        csv(TEXT, columns).unwrap_err().problem(),
        Problem::UnknownColumn { name, .. } if name == "hashed_path_query"
    ));
}

#[test]
fn formats_that_know_their_columns_do_not_look_at_others() {
    let columns = super::tests::numbered(9, 9, None);
    let all = [
        (TraceSpec::webcachesim as fn(PathBuf) -> TraceSpec, b"1 7 5\n2 8 6\n".to_vec()),
        (TraceSpec::oracle_general, oracle_bytes(&[(1, 7, 5), (2, 8, 6)])),
        (
            TraceSpec::wikimedia,
            b"relative_unix\thashed_path_query\tresponse_size\n1\t7\t5\n2\t8\t6\n".to_vec(),
        ),
    ];
    for (new, bytes) in all {
        let file = file(&bytes);
        let spec = TraceSpec { columns: columns.clone(), ..new(file.path().to_path_buf()) };
        assert_eq!(read(&spec).unwrap(), [(0, 7, 5), (SECOND, 8, 6)], "{:?}", spec.format);
    }
}
