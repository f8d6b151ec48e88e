//! Files that tests compare with, and how they are written anew.

use std::fs;
use std::path::{Path, PathBuf};

/// Fails unless a file of the project holds exactly this text. With `SQUALL_BLESS=1` the text is written
/// there first: read the difference before it is committed.
pub fn bless(path: impl AsRef<Path>, text: &str) {
    if let Err(told) = blessed(path, text) {
        panic!("{told}");
    }
}

/// The same, and what to say of a file that holds another text.
pub fn blessed(path: impl AsRef<Path>, text: &str) -> Result<(), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("SQUALL_BLESS").is_some() {
        // At once, because another test may read it meanwhile.
        let half = PathBuf::from(format!("{}.new", path.display()));
        fs::write(&half, text).unwrap();
        fs::rename(&half, &path).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    if kept == text {
        return Ok(());
    }
    let number = kept.lines().zip(text.lines()).take_while(|(kept, made)| kept == made).count();
    let line = |text: &str| -> String {
        text.lines().nth(number).unwrap_or("(the end)").chars().take(200).collect()
    };
    Err(format!(
        "{}:{}: differs, and SQUALL_BLESS=1 writes it anew\n kept: {}\n made: {}",
        path.display(),
        number + 1,
        line(&kept),
        line(text),
    ))
}
