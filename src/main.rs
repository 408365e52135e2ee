//! `ca-entrypoint [OPTIONS] [--] [COMMAND [ARG]...]`: the program is [`ca_entrypoint::run`].

use std::process::ExitCode;

fn main() -> ExitCode {
    let Err(stop) = ca_entrypoint::run(std::env::args_os().skip(1).collect());
    stop.report()
}
