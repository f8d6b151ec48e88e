//! The command line of Squall: see [`squall::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(squall::cli::main(std::env::args_os()).code())
}
