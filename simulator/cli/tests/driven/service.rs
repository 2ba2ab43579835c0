//! A small recording service as anybody might write it, and what can be wrong with one. It hears webhooks, starts egresses by
//! LiveKit's API, and keeps its inventory.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::routing::post;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};

/// What a service does besides recording.
#[derive(Clone, Copy, Debug, Default)]
pub struct Habits {
    /// It keeps no inventory that anybody could read.
    pub silent: bool,
    /// It starts a recording of the whole call for each track: the bug.
    pub records_twice: bool,
    /// It takes webhooks and never answers.
    pub hangs: bool,
    /// It answers first and works afterwards, under a lease.
    pub works_aside: bool,
    /// It asks to be woken once a day.
    pub is_woken: bool,
}

/// A service that listens.
pub struct Service {
    /// Where it takes webhooks.
    pub url: String,
    /// What came, by path.
    pub heard: Arc<Mutex<Vec<(String, Value)>>>,
    _runtime: tokio::runtime::Runtime,
}

#[derive(Clone)]
struct Operator {
    habits: Habits,
    client: Client<HttpConnector, Full<Bytes>>,
    /// `http://…` of LiveKit's API and of the control API.
    livekit: String,
    control: String,
    /// Metadata by room.
    rooms: Arc<Mutex<BTreeMap<String, Value>>>,
    heard: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Service {
    /// For a LiveKit and a control API that will listen there.
    pub fn start(habits: Habits, livekit: &str, control: &str) -> Service {
        Service::start_at(0, habits, livekit, control)
    }

    /// The same at a port.
    pub fn start_at(port: u16, habits: Habits, livekit: &str, control: &str) -> Service {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a thread can be started");
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a free port");
        listener.set_nonblocking(true).expect("it is ours");
        let url = format!("http://{}/webhook", listener.local_addr().expect("an address"));
        let heard = Arc::default();
        let operator = Operator {
            habits,
            client: Client::builder(TokioExecutor::new()).build_http(),
            livekit: livekit.to_owned(),
            control: control.to_owned(),
            rooms: Arc::default(),
            heard: Arc::clone(&heard),
        };
        let router = Router::new().route("/webhook", post(webhook)).fallback(other).with_state(operator);
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("it is non-blocking");
            axum::serve(listener, router).await.expect("it serves for ever");
        });
        Service { url, heard, _runtime: runtime }
    }
}

async fn webhook(State(operator): State<Operator>, body: Bytes) -> StatusCode {
    if operator.habits.hangs {
        std::future::pending::<()>().await;
    }
    let event: Value = serde_json::from_slice(&body).expect("webhooks are JSON");
    operator.hears("/webhook", event.clone());
    if operator.habits.works_aside {
        let lease = operator.control("POST", "/leases", json!({ "for": event["event"], "ttl": "1m" })).await;
        tokio::spawn(async move {
            operator.handles(&event).await;
            operator.control("DELETE", &format!("/leases/{}", lease["lease"]), json!({})).await;
        });
        return StatusCode::OK;
    }
    operator.handles(&event).await;
    StatusCode::OK
}

async fn other(State(operator): State<Operator>, uri: Uri, body: Bytes) -> StatusCode {
    operator.hears(uri.path(), serde_json::from_slice(&body).expect("posts are JSON"));
    if uri.path() == "/cron/daily" { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

impl Operator {
    fn hears(&self, path: &str, body: Value) {
        self.heard.lock().expect("nobody panics").push((path.to_owned(), body));
    }

    async fn handles(&self, event: &Value) {
        let room = event["room"]["name"].as_str().unwrap_or_default();
        match event["event"].as_str().unwrap_or_default() {
            "room_started" => {
                if self.habits.is_woken {
                    self.control("PUT", "/wake-ups/daily", json!({ "every": "1d", "path": "/cron/daily" })).await;
                }
                let metadata = event["room"]["metadata"].as_str().expect("rooms of a scenario say whose they are");
                let metadata: Value = serde_json::from_str(metadata).expect("as JSON");
                self.rooms.lock().expect("nobody panics").insert(room.to_owned(), metadata.clone());
                if metadata["recording"] == "compliance" {
                    self.records(room, &metadata).await;
                }
            }
            "track_published" => {
                let metadata = self.rooms.lock().expect("nobody panics")[room].clone();
                let audio = event["track"]["source"].as_str().is_some_and(|source| source.contains("AUDIO"))
                    || event["track"]["source"] == "MICROPHONE";
                if metadata["recording"] == "processing" && audio {
                    self.records_track(room, &metadata, event["track"]["sid"].as_str().expect("a track has a sid"))
                        .await;
                }
                if self.habits.records_twice && metadata["recording"] == "compliance" {
                    self.records(room, &metadata).await;
                }
            }
            "egress_ended" => {
                let info = &event["egressInfo"];
                let key = info["roomName"].as_str().expect("an egress has a room");
                let metadata = self.rooms.lock().expect("nobody panics")[key].clone();
                let complete = info["status"] == "EGRESS_COMPLETE";
                self.row(info, &metadata, if complete { "stored" } else { "failed" }).await;
            }
            _ => {}
        }
    }

    async fn bucket(&self, tenant: &str) -> Value {
        let boot = self.control("GET", "/boot", json!({})).await;
        let tenants = boot["tenants"].as_array().expect("a scenario has tenants");
        let own = tenants.iter().find(|known| known["name"] == tenant).expect("rooms are of tenants");
        own["buckets"][0]["name"].clone()
    }

    async fn records(&self, room: &str, metadata: &Value) {
        let bucket = self.bucket(metadata["tenant"].as_str().unwrap_or_default()).await;
        let s3 = json!({ "bucket": bucket });
        let mut request = json!({ "room_name": room });
        if metadata["output"] == "hls" {
            let prefix = format!("{room}/segment");
            request["segment_outputs"] =
                json!([{ "filename_prefix": prefix, "playlist_name": format!("{room}/index.m3u8"), "s3": s3 }]);
        } else {
            request["file_outputs"] = json!([{ "filepath": format!("{room}/recording.mp4"), "s3": s3 }]);
        }
        let info = self.livekit("StartRoomCompositeEgress", &request).await;
        self.row(&info, metadata, "recording").await;
    }

    async fn records_track(&self, room: &str, metadata: &Value, track: &str) {
        let bucket = self.bucket(metadata["tenant"].as_str().unwrap_or_default()).await;
        let file = json!({ "filepath": format!("{room}/{track}/audio"), "s3": { "bucket": bucket } });
        let info =
            self.livekit("StartTrackEgress", &json!({ "room_name": room, "track_id": track, "file": file })).await;
        self.row(&info, metadata, "recording").await;
    }

    /// The inventory says how far a recording is.
    async fn row(&self, info: &Value, metadata: &Value, state: &str) {
        if self.habits.silent {
            return;
        }
        let get = |snake: &str, camel: &str| {
            info.get(snake).or_else(|| info.get(camel)).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let room = get("room_name", "roomName");
        let tenant = metadata["tenant"].as_str().unwrap_or_default();
        let track = info["track"]["track_id"].as_str().or(info["track"]["trackId"].as_str());
        let prefix = track.map_or_else(|| format!("{room}/"), |track| format!("{room}/{track}/"));
        let row = json!({
            "egress_id": get("egress_id", "egressId"),
            "tenant": tenant,
            "room": room,
            "bucket": self.bucket(tenant).await,
            "key": { "prefix": prefix },
            "kind": if track.is_some() { "track" } else { "composite" },
            "state": state,
        });
        self.control("POST", "/commit", json!({ "writes": [{ "put_row": row }] })).await;
    }

    async fn livekit(&self, method: &str, request: &Value) -> Value {
        let now =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is after 1970").as_secs();
        let claims = json!({ "iss": "devkey", "exp": now + 600, "video": { "roomRecord": true } });
        let token = jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(b"secret"));
        let url = format!("{}/twirp/livekit.Egress/{method}", self.livekit);
        self.asks("POST", &url, request, &format!("Bearer {}", token.expect("a token"))).await
    }

    async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        self.asks(method, &format!("{}{path}", self.control), &body, "").await
    }

    async fn asks(&self, method: &str, url: &str, body: &Value, authorization: &str) -> Value {
        let request = axum::http::Request::builder()
            .method(method)
            .uri(url)
            .header("Content-Type", "application/json")
            .header("Authorization", authorization)
            .body(Full::new(Bytes::from(body.to_string())))
            .expect("a request");
        let response = self.client.request(request).await.expect("it answers");
        let status = response.status();
        let body = response.into_body().collect().await.expect("a whole body").to_bytes();
        assert!(status.is_success(), "{method} {url}: {status} {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).expect("answers are JSON")
    }
}
