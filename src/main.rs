//! The binary: reports for panics and errors, then the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Only the hooks' own installation can fail, and only when some are installed already.
    let _ = color_eyre::config::HookBuilder::default().display_env_section(false).install();
    stutterscope::cli::run()
}
