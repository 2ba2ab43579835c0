//! What stands before s3s and behind it: what every answer carries, and what a browser asks.
//!
//! Each answer has S3's two request ids, an error in its XML too. A request that says `Origin` is told whether a page from there
//! may read the answer, and `OPTIONS` is answered here, because s3s knows neither.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use egress_sim_model::call::CallError;
use egress_sim_model::call::s3::answer::{CUT_SHORT as CUT_SHORT_WORDS, S3Answer};
use egress_sim_model::call::s3::configuration::CorsRule;
use egress_sim_model::call::s3::request::{CrossOrigin, Requester, S3Operation};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, CONTENT_LENGTH, CONTENT_TYPE, HOST, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use s3s::host::{S3Host, VirtualHost};
use s3s::service::S3Service;
use s3s::{Body, HttpError, S3Error, S3Result, s3_error};

use super::rows::Rows;
use super::{BREAK, CUT_SHORT, Door, ask, failed};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
const HOST_ID: HeaderName = HeaderName::from_static("x-amz-id-2");

/// Which hosts name a bucket: `BUCKET.localhost`, `BUCKET.s3.localhost`, and AWS's own, for whoever sends those here.
#[derive(Clone, Copy, Debug)]
pub struct Hosts;

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        Ok(match bucket_of_host(host) {
            Some(bucket) => VirtualHost::new(host).with_bucket(bucket),
            None => VirtualHost::new(host),
        })
    }
}

/// None: the bucket is the first part of the path.
pub fn bucket_of_host(host: &str) -> Option<&str> {
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    if let Some(bucket) = name.strip_suffix(".localhost") {
        let bucket = bucket.strip_suffix(".s3").unwrap_or(bucket);
        return (bucket != "s3").then_some(bucket);
    }
    let before = name.strip_suffix(".amazonaws.com")?;
    let is_s3 = |rest: &str| rest == "s3" || rest.starts_with("s3.") || rest.starts_with("s3-");
    before.match_indices('.').find(|(at, _)| is_s3(&before[at + 1..])).map(|(at, _)| &before[..at])
}

/// Answers a request. `number` is the request's own, for its ids.
///
/// # Errors
/// What breaks the connection.
pub async fn answer<D: Door>(
    door: &D,
    service: &S3Service,
    number: u64,
    request: Request<Body>,
) -> Result<Response<Body>, HttpError> {
    let origin = text(request.headers(), &ORIGIN);
    let is_preflight = request.method() == Method::OPTIONS;
    let bucket = if origin.is_some() || is_preflight { bucket_of(&request) } else { None };
    let mut response = if is_preflight {
        preflight(door, bucket, request.headers()).await.or_else(S3Error::to_http_response).unwrap_or_default()
    } else {
        let asked = origin.map(|origin| CrossOrigin {
            origin,
            method: request.method().as_str().to_owned(),
            headers: Vec::new(),
        });
        let mut response = service.call(request).await?;
        if let Some(rows) = response.extensions_mut().remove::<Rows>() {
            rows.put_into(&mut response);
        }
        if response.headers_mut().remove(CUT_SHORT).is_some() {
            cut_short(&mut response);
        }
        if let (Some(asked), Some(bucket)) = (asked, bucket)
            && !response.headers().contains_key(BREAK)
            && let Ok(rule) = cross_origin(door, bucket, asked).await
        {
            tell(&rule, response.headers_mut());
        }
        response
    };
    let (request_id, host_id) = ids(number);
    if response.status().is_client_error() || response.status().is_server_error() {
        name_region(&mut response);
        name_in_error(&mut response, &request_id, &host_id);
    }
    let header = |text: &str| HeaderValue::from_str(text).expect("ids are ASCII");
    response.headers_mut().insert(REQUEST_ID, header(&request_id));
    response.headers_mut().insert(HOST_ID, header(&host_id));
    Ok(response)
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

fn bucket_of(request: &Request<Body>) -> Option<String> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).or_else(|| request.uri().host());
    if let Some(bucket) = host.and_then(bucket_of_host) {
        return Some(bucket.to_owned());
    }
    let path = request.uri().path();
    let bucket = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    (!bucket.is_empty()).then(|| bucket.to_owned())
}

async fn cross_origin<D: Door>(door: &D, bucket: String, asked: CrossOrigin) -> Result<CorsRule, S3Error> {
    // Whoever the page is, the browser asks for itself.
    match ask(door, Requester::Anonymous, bucket, S3Operation::Options(asked)).await {
        Ok(S3Answer::CrossOrigin(rule)) => Ok(rule),
        Ok(S3Answer::CutShort(_)) => Err(failed(&CallError::OutcomeUnknown(CUT_SHORT_WORDS.into()).into())),
        Ok(other) => super::wrong_answer(&other),
        Err(failure) => Err(failed(&failure)),
    }
}

async fn preflight<D: Door>(door: &D, bucket: Option<String>, headers: &HeaderMap) -> Result<Response<Body>, S3Error> {
    let origin = text(headers, &ORIGIN)
        .ok_or_else(|| s3_error!(InvalidRequest, "Insufficient information. Origin request header needed."))?;
    let method = text(headers, &ACCESS_CONTROL_REQUEST_METHOD)
        .ok_or_else(|| s3_error!(InvalidRequest, "Invalid Access-Control-Request-Method: null"))?;
    let asked_headers = text(headers, &ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default();
    let asked = CrossOrigin {
        origin,
        method,
        headers: (asked_headers.split(','))
            .map(|name| name.trim().to_ascii_lowercase())
            .filter(|name| !name.is_empty())
            .collect(),
    };
    let bucket = bucket.ok_or_else(|| s3_error!(InvalidRequest, "CORS is not enabled for this service"))?;
    let rule = cross_origin(door, bucket, asked).await?;
    let mut response = Response::new(Body::empty());
    tell(&rule, response.headers_mut());
    if let (false, Ok(value)) = (asked_headers.is_empty(), HeaderValue::from_str(&asked_headers)) {
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_HEADERS, value);
    }
    if let Some(seconds) = rule.max_age {
        response.headers_mut().insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(seconds));
    }
    Ok(response)
}

/// What a page of the rule's origin may do.
fn tell(rule: &CorsRule, headers: &mut HeaderMap) {
    let mut add = |name: HeaderName, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    };
    let origin = rule.origins.first().cloned().unwrap_or_default();
    if origin != "*" {
        add(ACCESS_CONTROL_ALLOW_CREDENTIALS, "true".into());
    }
    add(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    add(ACCESS_CONTROL_ALLOW_METHODS, rule.methods.join(", "));
    if !rule.expose.is_empty() {
        add(ACCESS_CONTROL_EXPOSE_HEADERS, rule.expose.join(", "));
    }
    add(VARY, "Origin, Access-Control-Request-Headers, Access-Control-Request-Method".into());
}

/// Leaves the beginning of a response's XML, or breaks the connection where there is none.
fn cut_short(response: &mut Response<Body>) {
    let is_xml = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/xml");
    match response.body().bytes().filter(|whole| is_xml && !whole.is_empty()) {
        Some(whole) => {
            response.headers_mut().remove(CONTENT_LENGTH);
            *response.body_mut() = Body::from(whole.slice(..whole.len() / 2));
        }
        None => drop(response.headers_mut().insert(BREAK, HeaderValue::from_static("1"))),
    }
}

/// `x-amz-request-id` and `x-amz-id-2`: they look as S3's do, and no two requests have the same.
fn ids(number: u64) -> (String, String) {
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut words = [number; 7];
    for (place, word) in (1_u64..).zip(&mut words) {
        *word = scattered(word.wrapping_mul(7).wrapping_add(place));
    }
    let letter = |place: usize| char::from(LETTERS[(words[place / 8] >> (8 * (place % 8)) & 31) as usize]);
    let host: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    ((0..16).map(letter).collect(), BASE64_STANDARD.encode(host))
}

/// Each number becomes another one (the finalizer of `SplitMix64`).
const fn scattered(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// A signature for a region that is none, which s3s refuses in its own words: AWS names the right one, and clients that began
/// with `US` sign again for that.
fn name_region(response: &mut Response<Body>) {
    let unknown = |body: &[u8]| body.windows(REGION_UNKNOWN.len()).any(|window| window == REGION_UNKNOWN);
    if response.body().bytes().is_some_and(|body| unknown(&body)) {
        response.headers_mut().remove(CONTENT_LENGTH);
        *response.body_mut() = Body::from(REGION_EXPECTED.to_owned());
    }
}

const REGION_UNKNOWN: &[u8] = b"invalid credential region";
const REGION_EXPECTED: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>AuthorizationHeaderMalformed</Code>\
    <Message>The authorization header is malformed; the region is wrong; expecting 'us-east-1'</Message>\
    <Region>us-east-1</Region></Error>";

/// Puts the ids into the XML of an error.
fn name_in_error(response: &mut Response<Body>, request_id: &str, host_id: &str) {
    const END: &[u8] = b"</Error>";
    let Some(whole) = response.body().bytes() else { return };
    let Some(begun) = whole.strip_suffix(END) else { return };
    let ids = format!("<RequestId>{request_id}</RequestId><HostId>{host_id}</HostId></Error>");
    let named = [begun, ids.as_bytes()].concat();
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/xml"));
    *response.body_mut() = Body::from(named);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_may_name_the_bucket() {
        for (host, bucket) in [
            ("127.0.0.1:9000", None),
            ("localhost:9000", None),
            ("s3.localhost:9000", None),
            ("rec.localhost:9000", Some("rec")),
            ("rec.eu.s3.localhost", Some("rec.eu")),
            ("rec.s3.amazonaws.com", Some("rec")),
            ("rec.s3.eu-central-1.amazonaws.com", Some("rec")),
            ("s3.eu-central-1.amazonaws.com", None),
            ("sink:9000", None),
        ] {
            assert_eq!(bucket_of_host(host), bucket, "{host}");
        }
    }

    #[test]
    fn an_error_names_the_request_and_nothing_else_does() {
        let body = |text: &'static str| Response::new(Body::from(text.to_owned()));
        let mut error = body("<Error><Code>NoSuchKey</Code></Error>");
        name_in_error(&mut error, "R", "H");
        let expected = "<Error><Code>NoSuchKey</Code><RequestId>R</RequestId><HostId>H</HostId></Error>";
        assert_eq!(error.body().bytes().as_deref(), Some(expected.as_bytes()));
        let mut other = body("no XML");
        name_in_error(&mut other, "R", "H");
        assert_eq!(other.body().bytes().as_deref(), Some(&b"no XML"[..]));
        assert_ne!(ids(1), ids(2));
    }
}
