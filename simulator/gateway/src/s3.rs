//! S3 on a socket: s3s over `wire`, with the one pair of credentials that everybody's tooling points at.

use egress_sim_wire::s3::Service;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};

use crate::driver::World;

/// The service.
pub fn service(world: World, access_key: &str, secret_key: &str) -> S3Service {
    let mut builder = S3ServiceBuilder::new(Service(world));
    builder.set_auth(SimpleAuth::from_single(access_key, secret_key));
    builder.build()
}
