//! The `egress-sim` binary; everything is in the library, where tests reach it.

fn main() -> std::process::ExitCode {
    egress_sim_cli::main(std::env::args_os())
}
