//! `stutterscope curl …`: sends a pasted curl command line as `send` sends a request.

use std::{io, path::PathBuf};

use crate::{
    cli::{
        Failure, Outcome,
        interrupt::Interrupt,
        judging::{Judging, JudgingArgs},
        send::{self, Sending, follow::Printer},
    },
    config::Config,
    net::{client::Save, curl},
};

const AFTER_HELP: &str = "\
Examples:
  stutterscope curl https://api.openai.com/v1/chat/completions -H \"Authorization: Bearer $OPENAI_API_KEY\" -d @body.json
  stutterscope curl \"$(wl-paste)\"     a whole command line as one argument
  stutterscope curl - < command.txt   one from standard input
  stutterscope curl --no-save curl …  options of stutterscope come before curl's";

/// Arguments of `curl`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP, disable_help_flag = true)]
pub struct Args {
    /// Record here instead of in the data directory
    #[arg(long, value_name = "RECORDING")]
    record: Option<PathBuf>,
    /// Keep no recording
    #[arg(long, conflicts_with = "record")]
    no_save: bool,
    /// Wire bytes to standard output, as they came
    #[arg(long)]
    raw: bool,
    /// Print help
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,
    #[command(flatten)]
    judging: JudgingArgs,
    /// The command line, as one argument or as it is; - for standard input
    #[arg(value_name = "CURL ARGUMENTS", trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    words: Vec<String>,
}

/// Sends the request and prints what is released.
///
/// # Errors
/// When the command line cannot be read, or the request cannot be sent.
pub fn run(args: Args) -> Outcome {
    let verbose = args.words.iter().any(|word| matches!(word.as_str(), "-v" | "--verbose"));
    let request = match &args.words[..] {
        [word] if word == "-" => {
            let text = io::read_to_string(io::stdin()).map_err(|error| {
                Failure::usage(format!("cannot read the command from standard input: {error}\nhint: give it as an argument"))
            })?;
            curl::parse(&text)
        }
        [word] if curl::is_curl(word) => curl::parse(word),
        words => curl::parse_words(words),
    };
    let mut request = request.map_err(Failure::usage)?;
    let remarks = std::mem::take(&mut request.remarks);
    let judging = Judging::load(&args.judging)?;
    let config = Config::load().map_err(Failure::usage)?;
    let spec = request.into_spec(&config.all_providers(), config.timeouts, config.max_attempts).map_err(Failure::usage)?;
    remarks.iter().for_each(|remark| send::follow::note(remark));
    let save = match &args.record {
        _ if args.no_save => Save::No,
        Some(path) => Save::At(path),
        None => Save::Library,
    };
    let printer = Printer::new(args.raw, verbose);
    let interrupt = Interrupt::watch()?;
    let sending =
        Sending { spec, profile: judging.profile(None), habits: judging.live_habits(), desk: config.desk(), save, printer };
    send::block_on(send::exchange(sending, &interrupt))
}
