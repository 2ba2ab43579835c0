//! What a process outside has shown of its work, and which promises cannot be judged without it.
//!
//! A guest has the evidence ports or it cannot do its work at all. A service of somebody else's may never have heard of
//! them: that it commits no inventory row says nothing of its inventory. So a promise that only evidence can show is *not
//! exercised* where none was given, and says which was missing.

use crate::call::{Call, Order, Write};
use crate::goals::Shown;
use crate::property::Verdict;
use crate::state::State;
use crate::world::PropertyName;

/// See the head of this file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    rows: bool,
    records: bool,
    links: bool,
    /// It has no route for commands, and was to be told of the end of a contract.
    deaf_to_contract_ends: bool,
    /// The same, of a hold or its lifting.
    deaf_to_holds: bool,
}

/// A promise that could not be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unexercised {
    /// Its id.
    pub id: &'static str,
    /// Why.
    pub reason: &'static str,
    /// The operator could have given what was missing, and there was something to judge by it.
    pub matters: bool,
}

impl Evidence {
    /// A call came in.
    pub(crate) fn seen(&mut self, call: &Call) {
        match call {
            Call::Commit { writes, .. } => {
                self.rows |= writes.iter().any(|write| matches!(write, Write::PutRow(_)));
            }
            Call::AuditAppend(_) => self.records = true,
            Call::Publish(_) => self.links = true,
            _ => {}
        }
    }

    /// It has no route for this command.
    pub(crate) const fn deaf_to(&mut self, order: Option<&Order>) {
        match order {
            Some(Order::ContractEnded(_)) => self.deaf_to_contract_ends = true,
            Some(Order::LegalHold(_) | Order::LiftHold(_)) => self.deaf_to_holds = true,
            Some(Order::Playback(_)) | None => {}
        }
    }

    /// What goals may ask of it.
    pub(crate) const fn shown(self) -> Shown {
        Shown { rows: self.rows, told_of_contract_ends: !self.deaf_to_contract_ends }
    }

    /// Why a promise cannot be judged, and whether the operator could have given what is missing.
    fn missing(self, id: &str) -> Option<(&'static str, Missing)> {
        let by_nature = |reason| Some((reason, Missing::ByNature));
        let not_given = |reason, needs| Some((reason, Missing::NotGiven(needs)));
        match id {
            "operator.crash-safe" => by_nature("a process on sockets has no twin run to compare with"),
            "sandbox.contained" => by_nature("a process on sockets runs in no sandbox"),
            "inventory.complete" | "inventory.no-phantom" if !self.rows => {
                not_given("the operator committed no inventory row (POST /commit)", About::Recordings)
            }
            "audit.complete" | "audit.truthful" if !self.records => {
                not_given("the operator appended no audit record (POST /audit)", About::Deletions)
            }
            "playlist.final" | "playlist.via-cdn" | "playlist.plays" | "deletion.links-gone" if !self.links => {
                not_given("the operator published no link (POST /publish)", About::Recordings)
            }
            "deletion.verified" if !self.rows && !self.records => {
                let reason = "the operator reported no deletion (POST /audit, or a row that says `deleted`)";
                not_given(reason, About::Deletions)
            }
            "deletion.complete" if self.deaf_to_contract_ends => {
                let reason = "the operator has no route /commands, so it was not told of the contract's end";
                not_given(reason, About::Orders)
            }
            "retention.not-early" | "audit.complete" if self.deaf_to_holds => {
                let reason = "the operator has no route /commands, so it was not told of legal holds";
                not_given(reason, About::Orders)
            }
            _ => None,
        }
    }

    /// Takes back what was found of promises that could not be judged.
    pub(crate) fn withhold(self, state: &State, properties: &mut [(PropertyName, Verdict)]) -> Vec<Unexercised> {
        let mut unexercised = Vec::new();
        for (name, verdict) in properties {
            let PropertyName::Property(about) = name else { continue };
            let Some((reason, missing)) = self.missing(about.id) else { continue };
            let matters = match missing {
                Missing::ByNature => false,
                Missing::NotGiven(About::Orders) => true,
                Missing::NotGiven(About::Recordings) => state.egresses.iter().any(|egress| !egress.objects.is_empty()),
                Missing::NotGiven(About::Deletions) => state.sink.objects_deleted > 0,
            };
            *verdict = Verdict::default();
            unexercised.push(Unexercised { id: about.id, reason, matters });
        }
        unexercised
    }
}

/// Why something is missing.
enum Missing {
    /// A process on sockets cannot give it.
    ByNature,
    /// The operator could have.
    NotGiven(About),
}

/// What evidence is about: without that, none can be given.
enum About {
    Recordings,
    Deletions,
    Orders,
}
