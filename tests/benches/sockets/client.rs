//! The one client of the measurement: a kept-alive HTTP/1.1 connection, and requests signed beforehand, as `SigV4` wants it.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use md5::Md5;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;

/// An access key and its secret.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// Access key id.
    pub access: &'static str,
    /// Secret access key.
    pub secret: &'static str,
}

/// A kept-alive connection, opened again where the server closes it.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub async fn open(address: SocketAddr) -> Result<Connection, String> {
        Ok(Connection { address, sender: connect(address).await? })
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// A connection that broke.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes), String> {
        if self.sender.ready().await.is_err() {
            self.sender = connect(self.address).await?;
        }
        let response = self.sender.send_request(request).await.map_err(|error| format!("no answer: {error}"))?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|error| format!("half an answer: {error}"))?;
        Ok((status, body.to_bytes()))
    }
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>, String> {
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    tokio::spawn(connection);
    Ok(sender)
}

/// Waits until a server accepts connections.
///
/// # Errors
/// It does not in time.
pub async fn ready(address: SocketAddr, patience: Duration) -> Result<(), String> {
    let begun = Instant::now();
    while begun.elapsed() < patience {
        if TcpStream::connect(address).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Err(format!("it does not listen after {patience:?}"))
}

/// A request with its signature in the header. The query of `path` is encoded and in order already.
pub fn signed(keys: &Keys, address: SocketAddr, method: Method, path: &str, body: Bytes) -> Request<Full<Bytes>> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock behind 1970");
    let now = Timestamp::from_second(i64::try_from(since.as_secs()).expect("a clock before 2262")).expect("likewise");
    let date = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = &date[..8];
    let content = hex(&Sha256::digest(&body));
    let (place, query) = path.split_once('?').unwrap_or((path, ""));
    let names = "host;x-amz-content-sha256;x-amz-date";
    let canonical = format!(
        "{method}\n{place}\n{query}\nhost:{address}\nx-amz-content-sha256:{content}\nx-amz-date:{date}\n\n{names}\n{content}"
    );
    let scope = format!("{day}/us-east-1/s3/aws4_request");
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let first = format!("AWS4{}", keys.secret).into_bytes();
    let key = [day, "us-east-1", "s3", "aws4_request"].iter().fold(first, |key, part| mac(&key, part));
    let signature = hex(&mac(&key, &text));
    let credential = format!("{}/{scope}", keys.access);
    let mut request = Request::builder();
    if method == Method::POST {
        // DeleteObjects is refused without it.
        request = request.header("content-md5", BASE64_STANDARD.encode(Md5::digest(&body)));
    }
    request
        .method(method)
        .uri(path)
        .header("host", address.to_string())
        .header("x-amz-date", date)
        .header("x-amz-content-sha256", content)
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"),
        )
        .body(Full::new(body))
        .expect("a request")
}

/// A query's value, as AWS wants it encoded.
pub fn encoded(value: &str) -> String {
    value
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
