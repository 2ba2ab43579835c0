//! An operator's panic, caught: told as the component would tell it, and not printed.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

thread_local! {
    /// Whether this thread is inside of an operator now.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    /// What the hook noted of a panic in there.
    static REPORT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Puts a hook before the one that is there. It notes what happens inside of operators, and passes everything else on.
pub fn note_those_of_operators() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let earlier = panic::take_hook();
        panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            if INSIDE.get() {
                REPORT.set(Some(egress_sim_sdk::panic_report(info)));
            } else {
                earlier(info);
            }
        }));
    });
}

/// Runs a piece of an operator. Where it panics, what is to be told of that, in the words of
/// [`egress_sim_sdk::panic_report`].
pub fn caught<T>(piece: impl FnOnce() -> T) -> Result<T, String> {
    INSIDE.set(true);
    let result = catch_unwind(AssertUnwindSafe(piece));
    INSIDE.set(false);
    result.map_err(|payload| report(&*payload))
}

/// Runs what the operator waits for.
pub fn outside<T>(wait: impl FnOnce() -> T) -> T {
    let inside = INSIDE.replace(false);
    let value = wait();
    INSIDE.set(inside);
    value
}

fn report(payload: &(dyn Any + Send)) -> String {
    REPORT.take().unwrap_or_else(|| {
        // Somebody has replaced the hook since.
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        format!("panicked: {}", text.unwrap_or("no message"))
    })
}
