//! What an operator does behind its crash reaches nobody.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use egress_sim_model::call::{Boot as ModelBoot, Call, Delivery as ModelDelivery, Reply};
use egress_sim_model::operator::{Guest, Host, Step, TrapKind};
use egress_sim_model::time::Time;
use egress_sim_native::NativeHost;
use egress_sim_sdk::{Boot, Cx, Delivery, Operator, Outcome};

fn boot() -> Arc<ModelBoot> {
    Arc::new(ModelBoot {
        name: String::new(),
        instance: 0,
        incarnation: 1,
        livekit_url: String::new(),
        api_key: String::new(),
        api_secret: String::new(),
        s3_url: String::new(),
        s3_access_key: String::new(),
        s3_secret_key: String::new(),
        tenants: Vec::new(),
        backup_bucket: None,
        config: String::new(),
    })
}

fn started(make: fn(&Boot) -> Box<dyn Operator>) -> Box<dyn Guest> {
    NativeHost::new("", make).start(&boot())
}

fn init() -> ModelDelivery {
    ModelDelivery::Init(boot())
}

/// Calls from a destructor, which runs while it is unwound.
struct Leaving<'a, 'b>(&'a mut Cx<'b>);

impl Drop for Leaving<'_, '_> {
    fn drop(&mut self) {
        assert_eq!(self.0.now(), 0);
        assert!(self.0.rooms().all().is_err());
    }
}

struct Stubborn;

impl Operator for Stubborn {
    fn init(&mut self, cx: &mut Cx<'_>, _boot: &Boot) -> Outcome {
        let leaving = Leaving(cx);
        leaving.0.now();
        std::mem::forget(leaving);
        Ok(())
    }

    fn on_webhook(&mut self, cx: &mut Cx<'_>, _delivery: Delivery) -> Outcome {
        let cut_short = catch_unwind(AssertUnwindSafe(|| cx.now())).is_err();
        assert!(cut_short);
        // It goes on all the same, and learns nothing.
        while cx.rooms().all().is_ok() {}
        Ok(())
    }
}

#[test]
fn destructors_reach_nothing() {
    let mut guest = started(|_| Box::new(Stubborn));
    assert!(matches!(guest.begin(&init()), Step::Call(Call::Now)));
    drop(guest);
}

#[test]
fn catching_the_crash_reaches_nothing() {
    let mut guest = started(|_| Box::new(Stubborn));
    assert!(matches!(guest.begin(&init()), Step::Call(Call::Now)));
    assert!(matches!(guest.resume(Reply::Now(Time(0))), Step::Done(_)));
    assert!(matches!(guest.begin(&ModelDelivery::Webhook { delivery: 1, attempt: 1 }), Step::Call(Call::Now)));
    drop(guest);
}

struct Clumsy;

impl Operator for Clumsy {
    fn on_webhook(&mut self, cx: &mut Cx<'_>, delivery: Delivery) -> Outcome {
        let _leaving = Leaving(cx);
        panic!("attempt {}", delivery.attempt);
    }
}

#[test]
fn a_panic_is_a_trap_and_destructors_on_its_way_reach_nothing() {
    let mut guest = started(|_| Box::new(Clumsy));
    assert!(matches!(guest.begin(&init()), Step::Done(_)));
    let step = guest.begin(&ModelDelivery::Webhook { delivery: 1, attempt: 3 });
    assert!(matches!(&step, Step::Call(Call::Log { message, .. }) if message.ends_with("attempt 3")), "{step:?}");
    let Step::Trapped(trap) = guest.resume(Reply::Nothing) else { panic!("it ends") };
    assert_eq!(trap.kind, TrapKind::Trap);
    assert!(trap.message.contains("attempt 3"), "{}", trap.message);
    assert!(matches!(guest.begin(&init()), Step::Trapped(_)));
}

#[test]
fn a_crash_while_the_panic_is_told_ends_it() {
    let mut guest = started(|_| Box::new(Clumsy));
    assert!(matches!(guest.begin(&init()), Step::Done(_)));
    assert!(matches!(guest.begin(&ModelDelivery::Webhook { delivery: 1, attempt: 1 }), Step::Call(Call::Log { .. })));
    drop(guest);
}

#[test]
fn many_incarnations_share_few_stacks() {
    let host = NativeHost::new("", |_| Box::new(Stubborn));
    let mut guests: Vec<_> = (0..100).map(|_| host.start(&boot())).collect();
    for guest in &mut guests {
        assert!(matches!(guest.begin(&init()), Step::Call(Call::Now)));
    }
    drop(guests);
    assert!(matches!(host.start(&boot()).begin(&init()), Step::Call(Call::Now)));
}
