//! What an operator is.

use crate::bindings::egress_sim::operator::webhook::{RawDelivery, WebhookEvent};
use crate::bindings::exports::egress_sim::operator::handler::{Boot, Command, Timer};
use crate::cx::Cx;
use crate::error::{Outcome, Result};

/// Operator logic. One value is one incarnation: what it keeps in itself is lost in a crash, what it commits is not.
///
/// Handlers are called one at a time. Everything arrives at least once: webhooks until they are answered (five attempts),
/// commands and timers until they are answered without [`crate::Error::Retry`] and its like.
pub trait Operator {
    /// The first call of an incarnation. A failure is answered by another attempt.
    fn init(&mut self, _cx: &mut Cx<'_>, _boot: &Boot) -> Outcome {
        Ok(())
    }

    /// Something arrived at the webhook URL.
    fn on_webhook(&mut self, cx: &mut Cx<'_>, delivery: Delivery) -> Outcome;

    /// An order of the operator's own organisation.
    fn on_command(&mut self, _cx: &mut Cx<'_>, _command: Command) -> Outcome {
        Ok(())
    }

    /// A timer that the operator set has come due.
    fn on_timer(&mut self, _cx: &mut Cx<'_>, _timer: Timer) -> Outcome {
        Ok(())
    }
}

/// Something that arrived at the webhook URL; anybody may have sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The handle, for [`crate::Imports`].
    pub handle: u64,
    /// From 1.
    pub attempt: u32,
}

impl Delivery {
    /// Verifies it by LiveKit's rules and decodes it.
    ///
    /// # Errors
    /// [`crate::Error::Refused`]: it is not authentic. Do nothing on its word.
    pub fn open(self, cx: &mut Cx<'_>) -> Result<WebhookEvent> {
        Ok(cx.imports().webhook_open(self.handle)?)
    }

    /// Header and bytes as they came, for a library of your own to verify and decode.
    pub fn raw(self, cx: &mut Cx<'_>) -> RawDelivery {
        cx.imports().webhook_raw(self.handle)
    }
}

/// Makes this crate a component: `make` is a `fn(&Boot) -> Box<dyn Operator>`. Outside of WebAssembly it is nothing, so that
/// the same crate runs natively.
#[macro_export]
macro_rules! export {
    ($make:path) => {
        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code, missing_docs, clippy::all, clippy::pedantic, reason = "generated")]
        const _: () = {
            use $crate::bindings::exports::egress_sim::operator::handler::{Boot, Command, Failure, Guest, Timer};

            struct Component;

            impl Guest for Component {
                fn init(boot: Boot) -> Result<(), Failure> {
                    $crate::wasm::init(&boot, $make)
                }

                fn on_webhook(delivery: u64, attempt: u32) -> Result<(), Failure> {
                    $crate::wasm::on_webhook(delivery, attempt)
                }

                fn on_command(command: Command) -> Result<(), Failure> {
                    $crate::wasm::on_command(command)
                }

                fn on_timer(timer: Timer) -> Result<(), Failure> {
                    $crate::wasm::on_timer(timer)
                }
            }

    $crate::bindings::export!(Component with_types_in $crate::bindings);
        };
    };
}
