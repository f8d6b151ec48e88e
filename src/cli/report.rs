//! `squall report`: a stored result becomes a page.

use super::args::ReportArgs;
use super::{Exit, inputs, out};
use crate::problem::Problem;
use crate::report;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The most that is read: a result of that size holds months of seconds.
const MOST_BYTES: u64 = 1 << 30;

/// Reads a result and writes its page.
pub(super) fn report(args: &ReportArgs) -> Exit {
    let text = match read(&args.result) {
        Ok(text) => text,
        Err(exit) => return exit,
    };
    let results = match report::read(&args.result.display().to_string(), &text) {
        Ok(results) => results,
        Err(wrong) => return inputs::tell_in(&[*wrong], &text),
    };
    if let Err(told) = out::prepare_file(&args.html) {
        out::complain(&told);
        return Exit::Error;
    }
    write(&args.html, &results)
}

/// Writes the page of these results.
pub(super) fn write(path: &Path, results: &[report::Stored]) -> Exit {
    let page = report::html::run::page(results);
    match out::save_with(path, |file| file.write_all(page.as_bytes())) {
        Ok(()) => Exit::Holds,
        Err(told) => {
            out::complain(&told);
            Exit::Error
        }
    }
}

fn read(path: &Path) -> Result<String, Exit> {
    let (mut bytes, name) = (Vec::new(), path.display());
    let read = if path == Path::new("-") {
        io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
    };
    if let Err(error) = read {
        out::complain(&format!("{name} cannot be read: {error}"));
        return Err(Exit::Error);
    }
    let problem =
        |message: &str| inputs::tell_about(&Problem::without_help(&name.to_string(), message));
    if bytes.len() as u64 > MOST_BYTES {
        return Err(problem("it is larger than 1 GiB"));
    }
    String::from_utf8(bytes).map_err(|_| problem("it is no UTF-8, so it is no JSON"))
}
