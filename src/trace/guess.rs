//! The format of a trace by the name of its file.

use super::Format;
use std::path::Path;

/// What compression adds to a name. Whether a file is compressed is seen from its first bytes, so
/// nothing else depends on these.
const COMPRESSED: [&str; 3] = ["zst", "zstd", "gz"];

/// The format that the name of a trace promises; nothing is opened.
///
/// Only the file's name counts, not its folders, and upper case is as good as lower case. One
/// ending `.zst`, `.zstd` or `.gz` is dropped; then the first rule that fits decides:
///
/// 1. The name contains `oracleGeneral` (libCacheSim's habit): [`Format::OracleGeneral`].
/// 2. It ends with `.csv`: [`Format::Csv`] with its delimiter guessed.
/// 3. It ends with `.tsv`, or it begins with `cache-t` or `cache-u` and has no ending, as the files
///    are called that Wikimedia publishes (`cache-u-00.gz`): [`Format::Wikimedia`].
/// 4. It ends with `.tr`, `.wc` or `.txt`, or contains `webcachesim`: [`Format::Webcachesim`].
/// 5. `None`.
#[must_use]
pub fn guess_format(path: impl AsRef<Path>) -> Option<Format> {
    let name = path.as_ref().file_name()?.to_string_lossy().to_ascii_lowercase();
    let name = match name.rsplit_once('.') {
        Some((stem, ending)) if COMPRESSED.contains(&ending) => stem,
        _ => &name,
    };
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    let published = ["cache-t", "cache-u"].iter().any(|start| name.starts_with(start));
    match ending {
        _ if name.contains("oraclegeneral") => Some(Format::OracleGeneral),
        Some("csv") => Some(Format::Csv { delimiter: None }),
        Some("tsv") => Some(Format::Wikimedia),
        None if published => Some(Format::Wikimedia),
        Some("tr" | "wc" | "txt") => Some(Format::Webcachesim),
        _ if name.contains("webcachesim") => Some(Format::Webcachesim),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_promise_formats() {
        let csv = Some(Format::Csv { delimiter: None });
        for (name, format) in [
            ("cloudPhysicsIO.oracleGeneral.bin", Some(Format::OracleGeneral)),
            ("a/twitter.oracleGeneral.zst", Some(Format::OracleGeneral)),
            ("ORACLEGENERAL", Some(Format::OracleGeneral)),
            ("oracleGeneral.csv", Some(Format::OracleGeneral)),
            ("slice.csv", csv),
            ("slice.csv.zst", csv),
            ("slice.csv.zstd", csv),
            ("SLICE.CSV.GZ", csv),
            ("webcachesim.csv", csv),
            ("upload.tsv", Some(Format::Wikimedia)),
            ("wiki-text.tsv.gz", Some(Format::Wikimedia)),
            ("cache-t-00.gz", Some(Format::Wikimedia)),
            ("cache-u-17", Some(Format::Wikimedia)),
            ("cache-u.tr", Some(Format::Webcachesim)),
            // The name under which webcachesim's authors publish their own copy of a wiki trace.
            ("wiki2018.tr.gz", Some(Format::Webcachesim)),
            ("a.wc", Some(Format::Webcachesim)),
            ("a.txt.zst", Some(Format::Webcachesim)),
            ("webcachesim-small", Some(Format::Webcachesim)),
            ("trace", None),
            ("trace.gz", None),
            ("a.csv.gz.gz", None),
            ("folder.csv/trace", None),
            ("oracleGeneral/trace.bin", None),
            ("my-cache-u", None),
            ("", None),
            ("..", None),
        ] {
            assert_eq!(guess_format(name), format, "{name}");
        }
    }
}
