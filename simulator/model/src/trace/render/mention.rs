//! Whom a fact is about.

use super::{Actor, Fact, State};
use crate::call::{AuditRecord, Call, Delivery, Hold, Order, Reply, Row, SinkKey, Write};
use crate::livekit::EgressInfo;
use crate::property::Mention;
use crate::sink::Origin;
use crate::state::{CallIx, EgressIx};

/// Whether a fact is about somebody or something: by its own words, and for a room or a tenant also by the egress or
/// the object that it speaks of.
pub fn mentions(fact: &Fact<'_>, about: &Mention, state: &State) -> bool {
    if let Fact::GoalsLooked { unmet: Some(unmet), .. } = fact {
        return unmet.about.contains(about);
    }
    match about {
        Mention::Instance(number) => instance(fact) == Some(*number),
        Mention::Room(name) => room(fact, name, state),
        Mention::Egress(id) => egress(fact, id, state),
        Mention::Key(bucket, key) => object(fact, bucket, key, state),
        Mention::Tenant(name) => tenant(fact, name, state),
    }
}

fn instance(fact: &Fact<'_>) -> Option<u32> {
    match fact {
        Fact::Booted { boot } => Some(boot.instance),
        Fact::DeliveryBegan { instance, .. }
        | Fact::Called { instance, .. }
        | Fact::Replied { instance, .. }
        | Fact::DeliveryEnded { instance, .. }
        | Fact::Crashed { instance }
        | Fact::Trapped { instance, .. }
        | Fact::GivenUp { instance }
        | Fact::Stopped { instance }
        | Fact::Audited { instance, .. }
        | Fact::Sink { by: Actor::Operator(instance), .. } => Some(*instance),
        _ => None,
    }
}

fn room(fact: &Fact<'_>, name: &str, state: &State) -> bool {
    if let Some((tenant, room)) = commanded(fact) {
        return match room {
            Some(room) => room == name,
            None => room_is_of(name, tenant, state),
        };
    }
    match fact {
        Fact::RoomStarted { room, .. }
        | Fact::RoomFinished { room, .. }
        | Fact::ParticipantJoined { room, .. }
        | Fact::ParticipantLeft { room, .. }
        | Fact::TrackPublished { room, .. }
        | Fact::EgressChanged { room, .. }
        | Fact::WebhookQueued { room, .. }
        | Fact::WebhookDropped { room, .. }
        | Fact::WebhookAnswered { room, .. } => *room == name,
        Fact::DeliveryBegan { webhook: Some(webhook), .. } => webhook.room == name,
        Fact::Called { call, .. } | Fact::Replied { call, .. } if call_names_room(call, name) => true,
        _ => egress_of(fact, state).is_some_and(|egress| &*state.call(state.egress(egress).call).room == name),
    }
}

fn call_names_room(call: &Call, name: &str) -> bool {
    match call {
        Call::StartEgress(request) => request.room_name == name,
        Call::ListEgress { room_name, .. } => room_name == name,
        Call::ListRooms { names } => names.iter().any(|listed| listed == name),
        Call::ListParticipants { room } => room == name,
        Call::Commit { writes, .. } => rows(writes).any(|row| row.room == name),
        _ => false,
    }
}

fn egress(fact: &Fact<'_>, id: &str, state: &State) -> bool {
    match fact {
        Fact::ParticipantJoined { identity, recorder, .. } | Fact::ParticipantLeft { identity, recorder, .. } => {
            *recorder && *identity == id
        }
        // What lingers in a retired queue has one of its own, `EG_…/EV_…`.
        Fact::WebhookQueued { queue, .. } | Fact::WebhookDropped { queue, .. } => queue.split('/').next() == Some(id),
        Fact::DeliveryBegan { webhook: Some(webhook), .. } => webhook.egress_id == id,
        Fact::Called { call, .. } => call_names_egress(call, id),
        Fact::Replied { call, reply, .. } => call_names_egress(call, id) || reply_names_egress(reply, id),
        Fact::RowCommitted { egress_id, .. } | Fact::Retracted { egress_id } => *egress_id == id,
        Fact::Audited { records, .. } => records.iter().any(|record| record.egress_id.as_deref() == Some(id)),
        Fact::Published { link } | Fact::Viewed { link, .. } => link.egress_id == id,
        _ => egress_of(fact, state).is_some_and(|egress| &*state.egress(egress).info.egress_id == id),
    }
}

fn call_names_egress(call: &Call, id: &str) -> bool {
    match call {
        Call::StopEgress { egress_id }
        | Call::ListEgress { egress_id, .. }
        | Call::InventoryGet { egress_id }
        | Call::Retract { egress_id } => egress_id == id,
        Call::Commit { writes, .. } => writes.iter().any(|write| match write {
            Write::PutRow(row) => row.egress_id == id,
            Write::DeleteRow(egress_id) => egress_id == id,
            Write::PutState(..) | Write::DeleteState(_) => false,
        }),
        Call::AuditAppend(records) => records.iter().any(|record| record.egress_id.as_deref() == Some(id)),
        Call::Publish(link) => link.egress_id == id,
        _ => false,
    }
}

fn reply_names_egress(reply: &Reply, id: &str) -> bool {
    let is = |info: &EgressInfo| &*info.egress_id == id;
    match reply {
        Reply::Egress(Ok(info)) => is(info),
        Reply::EgressList(Ok(infos)) => infos.iter().any(|info| is(info)),
        Reply::Opened(Ok(event)) => event.egress_info.as_ref().is_some_and(is),
        _ => false,
    }
}

fn object(fact: &Fact<'_>, bucket: &str, key: &str, state: &State) -> bool {
    match fact {
        Fact::Sink { bucket: changed, change, .. } => *changed == bucket && &*change.key == key,
        Fact::Called { call, .. } => call_names_object(call, bucket, key),
        Fact::Replied { call, reply, .. } => {
            call_names_object(call, bucket, key) || reply_names_object(call, reply, bucket, key)
        }
        Fact::Published { link } | Fact::Viewed { link, .. } => {
            state.resolve_url(&link.url).is_some_and(|url| url.bucket == bucket && url.key == key)
        }
        Fact::Audited { records, .. } => records.iter().any(|record| audits_object(record, bucket, key)),
        _ => false,
    }
}

fn audits_object(record: &AuditRecord, bucket: &str, key: &str) -> bool {
    record.bucket.as_deref() == Some(bucket) && record.key.as_deref() == Some(key)
}

fn call_names_object(call: &Call, wanted: &str, wanted_key: &str) -> bool {
    match call {
        Call::HeadObject { bucket, id } | Call::GetObject { bucket, id, .. } | Call::DeleteObject { bucket, id } => {
            bucket == wanted && id.key == wanted_key
        }
        Call::PutObject { bucket, key, .. } | Call::AbortMultipartUpload { bucket, key, .. } => {
            bucket == wanted && key == wanted_key
        }
        Call::DeleteObjects { bucket, objects, .. } => {
            bucket == wanted && objects.iter().any(|object| object.key == wanted_key)
        }
        Call::S3(request) => request.bucket == wanted && request.keys().contains(&wanted_key),
        Call::AuditAppend(records) => records.iter().any(|record| audits_object(record, wanted, wanted_key)),
        Call::Commit { writes, .. } => rows(writes).any(|row| {
            row.buckets().any(|bucket| bucket == wanted) && matches!(&row.key, SinkKey::Exact(key) if key == wanted_key)
        }),
        _ => false,
    }
}

/// Only lists name objects that their call did not.
fn reply_names_object(call: &Call, reply: &Reply, wanted: &str, key: &str) -> bool {
    match (call, reply) {
        (Call::ListObjectsV2 { bucket, .. }, Reply::Objects(Ok(page))) => {
            bucket == wanted && page.contents.iter().any(|object| *object.key == *key)
        }
        (Call::ListObjectVersions { bucket, .. }, Reply::Versions(Ok(page))) => {
            bucket == wanted && page.versions.iter().any(|version| version.key == key)
        }
        _ => false,
    }
}

fn tenant(fact: &Fact<'_>, name: &str, state: &State) -> bool {
    if let Some((tenant, _)) = commanded(fact) {
        return tenant == name;
    }
    match fact {
        Fact::RoomStarted { call, .. }
        | Fact::RoomFinished { call, .. }
        | Fact::ParticipantJoined { call, .. }
        | Fact::ParticipantLeft { call, .. }
        | Fact::TrackPublished { call, .. } => tenant_name(*call, state) == name,
        Fact::WebhookQueued { room, .. } | Fact::WebhookDropped { room, .. } | Fact::WebhookAnswered { room, .. } => {
            room_is_of(room, name, state)
        }
        Fact::DeliveryBegan { webhook: Some(webhook), .. } => room_is_of(webhook.room, name, state),
        Fact::Published { link } | Fact::Viewed { link, .. } => link.tenant == name,
        Fact::Audited { records, .. } => records.iter().any(|record| record.tenant == name),
        Fact::Called { call, .. } | Fact::Replied { call, .. } if call_names_tenant(call, name) => true,
        _ => egress_of(fact, state).is_some_and(|egress| &*state.tenant_of(egress).name == name),
    }
}

fn call_names_tenant(call: &Call, name: &str) -> bool {
    match call {
        Call::InventoryScan { tenant, .. } => tenant == name,
        Call::AuditAppend(records) => records.iter().any(|record| record.tenant == name),
        Call::Commit { writes, .. } => rows(writes).any(|row| row.tenant == name),
        Call::Publish(link) => link.tenant == name,
        _ => false,
    }
}

/// The one egress that the fact speaks of, where it is one that the world knows.
fn egress_of(fact: &Fact<'_>, state: &State) -> Option<EgressIx> {
    let named = |id: &str| state.egress_by_id.get(id).copied();
    match fact {
        Fact::EgressChanged { egress, .. } => Some(*egress),
        Fact::Sink { change, .. } => match change.origin {
            Origin::Egress(egress) => Some(egress),
            Origin::Operator => None,
        },
        Fact::RowCommitted { egress_id, .. } | Fact::Retracted { egress_id } => named(egress_id),
        Fact::Published { link } | Fact::Viewed { link, .. } => named(&link.egress_id),
        Fact::Called { call, .. } | Fact::Replied { call, .. } => match call {
            Call::StopEgress { egress_id } | Call::InventoryGet { egress_id } | Call::Retract { egress_id } => {
                named(egress_id)
            }
            Call::Publish(link) => named(&link.egress_id),
            _ => None,
        },
        _ => None,
    }
}

/// Tenant and room that a command speaks of; none: the fact is no command.
fn commanded<'f>(fact: &Fact<'f>) -> Option<(&'f str, Option<&'f str>)> {
    let (Fact::CommandGiven { command } | Fact::DeliveryBegan { delivery: Delivery::Command(command), .. }) = *fact
    else {
        return None;
    };
    Some(match &command.order {
        Order::ContractEnded(tenant) => (tenant, None),
        Order::LegalHold(Hold { tenant, room })
        | Order::LiftHold(Hold { tenant, room })
        | Order::Playback(Hold { tenant, room }) => (tenant, room.as_deref()),
    })
}

fn rows(writes: &[Write]) -> impl Iterator<Item = &Row> {
    writes.iter().filter_map(|write| if let Write::PutRow(row) = write { Some(&**row) } else { None })
}

fn tenant_name(call: CallIx, state: &State) -> &str {
    &state.tenant(state.call(call).tenant).name
}

fn room_is_of(room: &str, tenant: &str, state: &State) -> bool {
    state.rooms.get(room).is_some_and(|call| tenant_name(*call, state) == tenant)
}
