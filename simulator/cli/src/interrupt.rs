//! Ctrl-C: the first one asks for what is known so far, the second one ends the program at once.
//!
//! SIGTERM and SIGHUP count as well, so that a runner that takes the machine away still gets a result.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use egress_sim_gateway::spill::Spill;

use crate::console;
use crate::exit::Exit;
use crate::process;

/// What a shell says of a program that Ctrl-C ended.
const ENDED: i32 = 130;

static ASKED: AtomicBool = AtomicBool::new(false);

/// From now on the first Ctrl-C is noted instead of ending the program.
pub fn listen() {
    // Where there is no such signal, Ctrl-C ends the program as before, and whoever is killed leaves whole files.
    let _ = ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::Relaxed) {
            std::process::exit(ENDED);
        }
        console::error("\ninterrupted: finishing what is begun and telling what is known; once more ends it at once");
    });
}

/// Whether it is time to finish.
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// From now on Ctrl-C ends the program at once, and well: a server has nothing to finish but to tidy up.
pub fn ends_well(spill: Option<Arc<Spill>>) {
    let _ = ctrlc::set_handler(move || {
        if let Some(spill) = &spill {
            spill.clear();
        }
        std::process::exit(Exit::Held.code().into());
    });
}

/// From now on Ctrl-C ends the program at once, and the processes that it has started with it.
pub fn ends_all(spill: Option<Arc<Spill>>) {
    let _ = ctrlc::set_handler(move || {
        process::kill_all();
        if let Some(spill) = &spill {
            spill.clear();
        }
        std::process::exit(ENDED);
    });
}
