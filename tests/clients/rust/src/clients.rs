//! LiveKit's ordinary Rust client against `egress-sim serve`: nothing in here knows that it is a fake. It speaks protobuf, and
//! says more than others do: every token has every claim, every request all options of its encoding.
//!
//! It tells the port where it listens for webhooks and reads the addresses as a line of JSON. The clock is `manual`. Every
//! check is an assertion; the last line is "all held".

use std::error::Error;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use livekit_api::access_token::{AccessToken, TokenVerifier, VideoGrants};
use livekit_api::services::egress::encoding::EncodingOptions;
use livekit_api::services::egress::{
    EgressClient, EgressListFilter, EgressListOptions, EgressOutput, ParticipantEgressOptions, RoomCompositeOptions,
    TrackCompositeOptions, TrackEgressOutput, WebOptions,
};
use livekit_api::services::room::{CreateRoomOptions, RoomClient, SendDataOptions, UpdateParticipantOptions};
use livekit_api::services::{ServerError, ServiceError};
use livekit_api::webhooks::WebhookReceiver;
use livekit_protocol as proto;
use proto::EgressStatus;
use serde_json::{Value, json};

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

const KEY: &str = "devkey";
const SECRET: &str = "secret";

type Heard = Arc<Mutex<Vec<proto::WebhookEvent>>>;

/// The SDK's own receiver: signature, times, hash of the body. What it does not take is answered with 401, and so missed later.
async fn webhook(State(heard): State<Heard>, headers: HeaderMap, body: String) -> StatusCode {
    let token = headers.get("authorization").and_then(|token| token.to_str().ok()).unwrap_or_default();
    let receiver = |secret: &str| WebhookReceiver::new(TokenVerifier::with_api_key(KEY, secret));
    let sound = headers.get("content-type").is_some_and(|kind| kind == "application/webhook+json")
        && receiver("else").receive(&body, token).is_err()
        && receiver(SECRET).receive(&format!("{body} "), token).is_err();
    match receiver(SECRET).receive(&body, token) {
        Ok(event) if sound => {
            heard.lock().expect("nobody panics").push(event);
            StatusCode::OK
        }
        other => {
            eprintln!("{other:?}");
            StatusCode::UNAUTHORIZED
        }
    }
}

struct Client {
    rooms: RoomClient,
    egress: EgressClient,
    livekit: String,
    control: String,
    heard: Heard,
}

impl Client {
    async fn control(&self, method: reqwest::Method, path: &str, body: Value) -> Outcome {
        let request = reqwest::Client::new().request(method, format!("{}{path}", self.control)).body(body.to_string());
        let response = request.send().await?;
        let (status, answer) = (response.status(), response.text().await?);
        assert_eq!(status, 200, "{path}: {answer}");
        Ok(())
    }

    async fn call(&self, room: &str, participants: &[&str]) -> Outcome {
        let call = json!({ "tenant": "default", "room": room, "participants": participants, "at": "0s", "duration": "2h" });
        self.control(reqwest::Method::POST, "/calls", call).await
    }

    async fn advance(&self, by: &str) -> Outcome {
        self.control(reqwest::Method::POST, "/clock/advance", json!({ "by": by })).await
    }

    async fn list(&self, filter: EgressListFilter, active: bool) -> Outcome<Vec<proto::EgressInfo>> {
        Ok(self.egress.list_egress(EgressListOptions { filter, active, page_token: None }).await?)
    }

    async fn one(&self, id: &str) -> Outcome<proto::EgressInfo> {
        let found = self.list(EgressListFilter::Egress(id.into()), false).await?;
        assert_eq!(found.len(), 1, "{found:?}");
        Ok(found.into_iter().next().expect("one"))
    }

    /// What was heard of an egress, in order.
    fn events(&self, id: &str) -> Vec<(String, EgressStatus)> {
        let heard = self.heard.lock().expect("nobody panics");
        let of = heard.iter().filter_map(|event| Some((event.event.clone(), event.egress_info.as_ref()?)));
        of.filter(|(_, info)| info.egress_id == id).map(|(name, info)| (name, info.status())).collect()
    }
}

/// A refusal, by its code and words in its text.
#[track_caller]
fn refused<T: Debug>(result: Result<T, ServiceError>, code: &str, words: &str) {
    match result {
        Err(ServiceError::Twirp(ServerError::Twirp(error))) => {
            assert_eq!(error.code, code, "{error}");
            assert!(error.msg.contains(words), "{words}: {error}");
        }
        other => panic!("{code} was expected: {other:?}"),
    }
}

fn s3() -> proto::S3Upload {
    proto::S3Upload { access_key: "k".into(), secret: "hush".into(), bucket: "recordings".into(), ..Default::default() }
}

fn file(filepath: &str) -> EgressOutput {
    EgressOutput::File(proto::EncodedFileOutput {
        filepath: filepath.into(),
        output: Some(proto::encoded_file_output::Output::S3(s3())),
        ..Default::default()
    })
}

fn segments() -> EgressOutput {
    EgressOutput::Segments(proto::SegmentedFileOutput {
        filename_prefix: "show/s".into(),
        playlist_name: "p".into(),
        output: Some(proto::segmented_file_output::Output::S3(s3())),
        ..Default::default()
    })
}

fn stream(url: &str) -> EgressOutput {
    EgressOutput::Stream(proto::StreamOutput { protocol: proto::StreamProtocol::Rtmp as i32, urls: vec![url.into()], ..Default::default() })
}

fn images() -> EgressOutput {
    EgressOutput::Image(proto::ImageOutput {
        filename_prefix: "show/i".into(),
        capture_interval: 20,
        output: Some(proto::image_output::Output::S3(s3())),
        ..Default::default()
    })
}

fn aac() -> EncodingOptions {
    EncodingOptions { audio_codec: proto::AudioCodec::Aac, ..EncodingOptions::default() }
}

async fn rooms(client: &Client) -> Outcome {
    let Client { rooms, .. } = client;
    let options = CreateRoomOptions { empty_timeout: 600, max_participants: 3, metadata: "{}".into(), ..Default::default() };
    let made = rooms.create_room("made", options).await?;
    assert_eq!((made.name.as_str(), made.empty_timeout, made.max_participants), ("made", 600, 3));
    let who = json!({ "identity": "ada", "tracks": ["microphone"] });
    client.control(reqwest::Method::POST, "/calls/made/participants", who).await?;
    assert_eq!(rooms.list_rooms(vec!["made".into()]).await?[0].num_participants, 1);
    let ada = rooms.get_participant("made", "ada").await?;
    assert!(rooms.mute_published_track("made", "ada", &ada.tracks[0].sid, true).await?.muted);
    let update = UpdateParticipantOptions { name: "Ada".into(), metadata: "m".into(), ..Default::default() };
    assert_eq!(rooms.update_participant("made", "ada", update).await?.name, "Ada");
    rooms.update_subscriptions("made", "ada", vec![ada.tracks[0].sid.clone()], true).await?;
    rooms.send_data("made", b"hello".to_vec(), SendDataOptions::default()).await?;
    assert_eq!(rooms.update_room_metadata("made", "new").await?.metadata, "new");
    rooms.remove_participant("made", "ada").await?;
    refused(rooms.get_participant("made", "ada").await, "not_found", "participant does not exist");
    rooms.delete_room("made").await?;
    refused(rooms.delete_room("made").await, "not_found", "requested room does not exist");
    refused(rooms.move_participant("made", "ada", "other").await, "unimplemented", "MoveParticipant");
    Ok(())
}

async fn every_kind(client: &Client) -> Outcome {
    let Client { egress, .. } = client;
    client.call("show", &["ada"]).await?;
    let people = client.rooms.list_participants("show").await?;
    let track = |kind: &str| people[0].tracks.iter().find(|track| track.sid.starts_with(kind)).expect("one").sid.clone();
    let (sound, picture) = (track("TR_AM"), track("TR_VC"));
    let outputs = || vec![file("show/all"), segments(), images(), stream("rtmp://a.example/live/abcdefghij")];
    let opus = RoomCompositeOptions { layout: "grid".into(), ..Default::default() };
    let with_opus = egress.start_room_composite_egress("show", vec![segments()], opus.clone()).await;
    refused(with_opus, "invalid_argument", "format application/x-mpegurl incompatible with codec audio/opus");
    let with_aac = RoomCompositeOptions { encoding: aac(), ..opus };
    let composite = egress.start_room_composite_egress("show", outputs(), with_aac).await?;
    assert_eq!(composite.status(), EgressStatus::EgressStarting);
    assert_eq!(composite.stream_results[0].url, "rtmp://a.example/live/{abc...hij}");
    let page = egress.start_web_egress("https://a.example/", vec![file("web/")], WebOptions::default()).await?;
    assert!(page.file_results[0].filename.starts_with("web/web-"), "{page:?}");
    let of_ada = vec![file("p/{publisher_identity}")];
    let person = egress.start_participant_egress("show", "ada", of_ada, ParticipantEgressOptions::default()).await?;
    let tracks = TrackCompositeOptions { audio_track_id: sound.clone(), video_track_id: picture, ..Default::default() };
    let both = egress.start_track_composite_egress("show", vec![file("t/both")], tracks).await?;
    let direct = proto::DirectFileOutput {
        filepath: "t/raw".into(),
        output: Some(proto::direct_file_output::Output::S3(s3())),
        ..Default::default()
    };
    let raw = egress.start_track_egress("show", TrackEgressOutput::File(Box::new(direct)), &sound).await?;
    let unified = egress
        .start_egress(proto::StartEgressRequest {
            room_name: "show".into(),
            source: Some(proto::start_egress_request::Source::Media(proto::MediaSource {
                audio: Some(proto::AudioConfig { capture_all: true, ..Default::default() }),
                ..Default::default()
            })),
            outputs: vec![proto::Output {
                config: Some(proto::output::Config::File(proto::FileOutput { filepath: "u/sound".into(), ..Default::default() })),
                ..Default::default()
            }],
            storage: Some(proto::StorageConfig { provider: Some(proto::storage_config::Provider::S3(s3())) }),
            ..Default::default()
        })
        .await?;
    assert_eq!(unified.file_results[0].filename, "u/sound.ogg");

    client.advance("10s").await?;
    assert_eq!(client.list(EgressListFilter::Room("show".into()), true).await?.len(), 5, "the page is in no room");
    assert_eq!(client.one(&composite.egress_id).await?.status(), EgressStatus::EgressActive);
    let new = vec!["rtmps://b.example/app/key".to_owned()];
    let old = vec!["rtmp://a.example/live/abcdefghij".to_owned()];
    let updated = egress.update_stream(&composite.egress_id, new.clone(), old).await?;
    let statuses = updated.stream_results.iter().map(proto::StreamInfo::status).collect::<Vec<_>>();
    assert_eq!(statuses, [proto::stream_info::Status::Finished, proto::stream_info::Status::Active]);
    assert_eq!(egress.update_layout(&composite.egress_id, "speaker").await?.egress_id, composite.egress_id);
    client.advance("1m").await?;
    for info in [&composite, &page] {
        let stopped = egress.stop_egress(&info.egress_id).await?;
        assert_eq!((stopped.status(), stopped.details.as_str()), (EgressStatus::EgressEnding, "End reason: StopEgress API"));
    }
    client.control(reqwest::Method::DELETE, "/calls/show", Value::Null).await?;
    client.advance("5m").await?;
    for info in [&composite, &page, &person, &both, &raw, &unified] {
        let ended = client.one(&info.egress_id).await?;
        assert_eq!(ended.status(), EgressStatus::EgressComplete, "{ended:?}");
        let told = client.events(&info.egress_id);
        assert_eq!(told.first(), Some(&("egress_started".to_owned(), EgressStatus::EgressStarting)));
        assert_eq!(told.last(), Some(&("egress_ended".to_owned(), EgressStatus::EgressComplete)));
        assert_eq!(told.iter().filter(|(name, _)| name == "egress_ended").count(), 1);
    }
    assert_eq!(client.one(&composite.egress_id).await?.image_results[0].image_count, 4);
    assert_eq!(client.one(&person.egress_id).await?.file_results[0].filename, "p/ada.mp4");
    assert!(client.list(EgressListFilter::All, true).await?.is_empty());

    refused(egress.stop_egress(&raw.egress_id).await, "failed_precondition", "egress with status EGRESS_COMPLETE cannot be stopped");
    refused(egress.update_stream(&raw.egress_id, new, vec![]).await, "failed_precondition", "cannot be updated");
    refused(egress.update_layout(&raw.egress_id, "grid").await, "not_found", "participant does not exist");
    refused(egress.stop_egress("EG_none").await, "not_found", "twirp error unknown: egress does not exist");
    let nowhere = egress.start_room_composite_egress("show", vec![file("x")], RoomCompositeOptions::default()).await;
    refused(nowhere, "not_found", "requested room does not exist");
    let elsewhere = egress.start_web_egress("ftp://a.example", vec![file("x")], WebOptions::default()).await;
    refused(elsewhere, "invalid_argument", "web url");
    refused(egress.start_web_egress("https://a.example", vec![], WebOptions::default()).await, "invalid_argument", "field: output");
    Ok(())
}

async fn tokens(client: &Client) -> Outcome {
    let minted = |video: VideoGrants| AccessToken::with_api_key(KEY, SECRET).with_grants(video).to_jwt();
    let all = EgressListOptions::default();
    let token = minted(VideoGrants { room_record: true, ..Default::default() })?;
    assert!(EgressClient::with_token(&client.livekit, &token).list_egress(all.clone()).await?.len() > 5);
    let token = minted(VideoGrants { room_list: true, ..Default::default() })?;
    let refusal = EgressClient::with_token(&client.livekit, &token).list_egress(all.clone()).await;
    refused(refusal, "unauthenticated", "permissions denied");
    // The middleware's plain text, which this SDK cannot read as an error of Twirp's.
    for (key, secret) in [(KEY, "else"), ("else", SECRET)] {
        let refusal = EgressClient::with_api_key(&client.livekit, key, secret).list_egress(all.clone()).await;
        assert!(matches!(refusal, Err(ServiceError::Twirp(ServerError::Request(_)))), "{refusal:?}");
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome {
    let heard = Heard::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let receiver = Router::new().fallback(webhook).with_state(Arc::clone(&heard));
    tokio::spawn(async { axum::serve(listener, receiver).await });
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let at: Value = serde_json::from_str(&line)?;
    let address = |name: &str| at[name].as_str().expect("an address").to_owned();
    let livekit = address("livekit");
    let client = Client {
        rooms: RoomClient::with_api_key(&livekit, KEY, SECRET),
        egress: EgressClient::with_api_key(&livekit, KEY, SECRET),
        livekit,
        control: address("control"),
        heard,
    };
    rooms(&client).await?;
    every_kind(&client).await?;
    tokens(&client).await?;
    println!("all held");
    Ok(())
}
