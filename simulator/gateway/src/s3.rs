//! S3 on a socket: s3s over `wire`, with the one pair of credentials that everybody's tooling points at.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use egress_sim_wire::s3::front::{self, Hosts};
use egress_sim_wire::s3::gate::Gate;
use egress_sim_wire::s3::{BREAK, Service};
use http::{Request, Response};
use s3s::auth::{S3Auth, SecretKey};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, HttpError, S3Result, s3_error};

use crate::driver::World;
use crate::server::Broken;

/// The service.
#[derive(Clone)]
pub struct S3 {
    world: World,
    service: S3Service,
    /// Requests so far, for their ids.
    requests: Arc<AtomicU64>,
}

impl std::fmt::Debug for S3 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3").field("requests", &self.requests).finish_non_exhaustive()
    }
}

impl S3 {
    /// The service of a world.
    pub fn new(world: World, access_key: &str, secret_key: &str) -> S3 {
        let mut builder = S3ServiceBuilder::new(Service(world.clone()));
        builder.set_auth(OnePair { access_key: access_key.to_owned(), secret_key: SecretKey::from(secret_key) });
        builder.set_access(Gate);
        builder.set_host(Hosts);
        S3 { world, service: builder.build(), requests: Arc::default() }
    }

    /// Answers a request.
    ///
    /// # Errors
    /// What breaks the connection.
    pub async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, HttpError> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let response = front::answer(&self.world, &self.service, number, request).await?;
        if response.headers().contains_key(BREAK) { Err(HttpError::new(Box::new(Broken))) } else { Ok(response) }
    }
}

/// Who signs with another key is told what S3 tells: s3s' own `SimpleAuth` says that the account is not signed up.
struct OnePair {
    access_key: String,
    secret_key: SecretKey,
}

#[async_trait::async_trait]
impl S3Auth for OnePair {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == self.access_key {
            Ok(self.secret_key.clone())
        } else {
            Err(s3_error!(InvalidAccessKeyId, "The AWS Access Key Id you provided does not exist in our records."))
        }
    }
}

#[cfg(test)]
mod tests;
