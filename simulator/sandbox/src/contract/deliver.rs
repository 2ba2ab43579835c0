//! Deliveries into the contract's exported `handler`, and its answers back.

use egress_sim_model::{call, scenario};

use super::super::wit::exports::egress_sim::operator::handler::{
    Boot, Bucket, Command, Failure, Hold, LivekitServer, ObjectLock, Order, S3Server, Tenant, Timer,
};

pub fn boot(boot: &call::Boot) -> Boot {
    Boot {
        name: boot.name.clone(),
        instance: boot.instance,
        incarnation: boot.incarnation,
        livekit: LivekitServer {
            url: boot.livekit_url.clone(),
            api_key: boot.api_key.clone(),
            api_secret: boot.api_secret.clone(),
        },
        s3: S3Server {
            url: boot.s3_url.clone(),
            access_key: boot.s3_access_key.clone(),
            secret_key: boot.s3_secret_key.clone(),
        },
        tenants: boot.tenants.iter().map(tenant).collect(),
        backup_bucket: boot.backup_bucket.as_ref().map(bucket),
        config: boot.config.clone(),
    }
}

pub fn command(command: &call::Command) -> Command {
    Command {
        id: command.id.clone(),
        order: match &command.order {
            call::Order::ContractEnded(tenant) => Order::ContractEnded(tenant.clone()),
            call::Order::LegalHold(of) => Order::LegalHold(hold(of)),
            call::Order::LiftHold(of) => Order::LiftHold(hold(of)),
            call::Order::Playback(of) => Order::Playback(hold(of)),
        },
    }
}

pub fn timer(timer: &call::Timer) -> Timer {
    Timer { name: timer.name.clone(), at: timer.at.0, payload: timer.payload.clone() }
}

pub fn answer(result: Result<(), Failure>) -> call::Answer {
    match result {
        Ok(()) => call::Answer::Ok,
        Err(Failure::Reject(why)) => call::Answer::Reject(why),
        Err(Failure::RetryLater(why)) => call::Answer::RetryLater(why),
    }
}

fn tenant(tenant: &call::BootTenant) -> Tenant {
    Tenant {
        name: tenant.name.clone(),
        buckets: tenant.buckets.iter().map(bucket).collect(),
        cdn: tenant.cdn.clone(),
        retention: tenant.retention.map(|span| span.0),
        retention_max: tenant.retention_max.map(|span| span.0),
        delete_within: tenant.delete_within.0,
    }
}

fn bucket(bucket: &call::BootBucket) -> Bucket {
    Bucket {
        name: bucket.name.clone(),
        region: bucket.region.clone(),
        versioned: bucket.versioned,
        object_lock: match bucket.object_lock {
            scenario::ObjectLock::None => ObjectLock::None,
            scenario::ObjectLock::Governance => ObjectLock::Governance,
            scenario::ObjectLock::Compliance => ObjectLock::Compliance,
        },
    }
}

fn hold(hold: &call::Hold) -> Hold {
    Hold { tenant: hold.tenant.clone(), room: hold.room.clone() }
}
