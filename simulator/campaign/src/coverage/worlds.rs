//! What worlds a campaign makes, found out by making some: what none of them has, no goal may ask for.

use egress_sim_model::scenario::{ObjectLock, OrderKind, Scenario};

use crate::campaign::Campaign;
use crate::generate::{case, scenarios};

/// Cases that are made to look at. What hardly one in so many has is not counted on.
const LOOKED_AT: u64 = 256;

/// A listing's page that small worlds fill.
const SMALL_PAGE: u32 = 10;

/// What some world of a campaign has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Worlds {
    /// Two instances or more at the same time.
    pub instances: bool,
    /// Listings of several pages.
    pub pages: bool,
    /// A versioned bucket.
    pub versions: bool,
    /// A bucket with object lock.
    pub locks: bool,
    /// Backup storage.
    pub backup: bool,
    /// A legal hold.
    pub holds: bool,
    /// A hold's end.
    pub lifted: bool,
    /// An order to play something back.
    pub playback: bool,
    /// A contract's end.
    pub contract_ends: bool,
}

impl Worlds {
    /// Makes some and looks.
    pub fn of(campaign: &Campaign) -> Worlds {
        let strategy = scenarios(campaign);
        let mut worlds = Worlds::default();
        for number in 0..LOOKED_AT {
            worlds.see(&case(&strategy, "worlds", 0, number));
        }
        worlds
    }

    fn see(&mut self, scenario: &Scenario) {
        let ordered = |kind: OrderKind| scenario.commands.iter().any(|command| command.order == kind);
        self.instances |= scenario.operator.instances > 1;
        self.pages |= scenario.world.list_page <= SMALL_PAGE;
        self.versions |= scenario.buckets.iter().any(|bucket| bucket.versioning);
        self.locks |= scenario.buckets.iter().any(|bucket| bucket.object_lock != ObjectLock::None);
        self.backup |= scenario.world.backup_bucket.is_some();
        self.holds |= ordered(OrderKind::LegalHold);
        self.lifted |= ordered(OrderKind::LiftHold);
        self.playback |= ordered(OrderKind::Playback);
        self.contract_ends |= scenario.tenants.iter().any(|tenant| tenant.contract_end.is_some());
    }
}
