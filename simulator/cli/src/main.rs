//! The `egress-sim` binary; everything is in the library, where tests reach it.

// A run is a million small allocations; this takes a tenth off its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    egress_sim_cli::main(std::env::args_os())
}
