//! Strategies for calls and commands.

use egress_sim_model::scenario::{
    Call, Command, OrderKind, OutputKind, Participant, Recording, Scenario, Tenant, When,
};
use egress_sim_model::time::Span;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::HOURS;
use crate::campaign::Campaign;

const PEOPLE: [&str; 8] = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"];

/// `[[call]]` blocks. Each block has rooms of its own, so any of them can be taken out.
pub(super) fn calls(campaign: &Campaign, tenants: &[Tenant]) -> impl Strategy<Value = Vec<Call>> + use<> {
    let size = &campaign.size;
    let names: Vec<String> = tenants.iter().map(|tenant| tenant.name.clone()).collect();
    let one = (
        select(names),
        mostly(size.count, 1),
        some(size.participants, (0..4_u64, any::<bool>())),
        0..HOURS * 12,
        size.minutes[0]..=size.minutes[1],
        0..60_u64,
        prop_oneof![6 => Just(Recording::Compliance), 2 => Just(Recording::Processing), 1 => Just(Recording::None)],
        select(vec![OutputKind::Mp4, OutputKind::Hls]),
        select(vec![4_u64, 10, 20]),
    );
    some(size.calls, one).prop_map(|all| {
        let numbered = all.into_iter().enumerate();
        numbered
            .map(|(number, (tenant, count, people, slot, minutes, seconds, recording, output, segment))| {
                let duration = Span::seconds(u64::from(minutes) * 60 + seconds);
                let participants = people
                    .into_iter()
                    .zip(PEOPLE)
                    .enumerate()
                    .map(|(place, ((late, leaves), identity))| Participant {
                        // The first one makes the room, and is there from start to end.
                        join: if place == 0 { Span::ZERO } else { Span::seconds(late * 5) },
                        leave: (place > 0 && leaves).then(|| Span::seconds(30 + late)),
                        ..Participant::named(identity)
                    })
                    .collect();
                Call {
                    name: format!("call-{number}"),
                    tenant,
                    room: if count > 1 { format!("{{tenant}}-room-{number}-{{n}}") } else { format!("room-{number}") },
                    participants,
                    at: Span::seconds(60 + slot * 300),
                    count: u64::from(count),
                    // Not a multiple of anything else, so that calls overlap in all sorts of ways.
                    every: if count > 1 { Span::seconds(97 + 13 * number as u64) } else { Span::ZERO },
                    duration,
                    recording,
                    output,
                    segment: Span::seconds(segment),
                }
            })
            .collect()
    })
}

/// So many of `one` as a range says, [`mostly`] two at most.
fn some<T: Strategy>(range: [u32; 2], one: T) -> impl Strategy<Value = Vec<T::Value>> {
    (mostly(range, 2), vec(one, range[1] as usize)).prop_map(|(count, mut all)| {
        all.truncate(count as usize);
        all
    })
}

/// Numbers of a range, three in four of them from its first `few`: what a case costs is a matter of them, and most bugs need
/// not many of anything.
fn mostly([least, most]: [u32; 2], few: u32) -> impl Strategy<Value = u32> + use<> {
    prop_oneof![3 => least..=most.min(least + few - 1), 1 => least..=most]
}

/// Commands: holds set and lifted, links opened, around the calls and around the contracts' ends.
pub(super) fn commands(campaign: &Campaign, base: &Scenario) -> impl Strategy<Value = Vec<Command>> + use<> {
    let calls = base.calls.clone();
    let tenants = base.tenants.clone();
    let one = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        select(vec![OrderKind::LegalHold, OrderKind::LegalHold, OrderKind::LiftHold, OrderKind::Playback]),
        any::<bool>(),
        prop_oneof![1 => Just(None), 3 => (0..36_u64).prop_map(Some)],
        0..600_u64,
    );
    let [fewest, most] = campaign.size.commands.map(|count| count as usize);
    vec(one, fewest..=most).prop_map(move |all| {
        let numbered = all.into_iter().enumerate();
        numbered
            .map(|(number, (tenant, call, order, of_room, hours, seconds))| {
                let call = call.get(&calls);
                let tenant = if of_room { call.tenant.clone() } else { tenant.get(&tenants).name.clone() };
                // A deletion takes seconds: most commands around a contract's end come in its midst.
                let near = tenants.iter().find(|known| known.name == tenant).and_then(|known| known.contract_end);
                let at = match (hours, near) {
                    (None, Some(end)) => end + Span::MILLISECOND.times(seconds * 10),
                    (hours, _) => Span::seconds(hours.unwrap_or(1) * 3600 + seconds),
                };
                Command {
                    name: format!("command-{number}"),
                    when: if hours.is_none() && near.is_none() { When::After(call.name.clone()) } else { When::At(at) },
                    order,
                    tenant,
                    room: of_room.then(|| call.room_name(0)),
                }
            })
            .collect()
    })
}
