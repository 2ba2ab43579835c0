//! Replies in JSON as LiveKit's server writes them: proto field names, every field, 64-bit integers as strings.
//!
//! That is the opposite of a webhook's JSON, and of what livekit-protocol's own serde makes. The names and numbers of the
//! fields are in `replies.proto`; a message is turned into bytes and read again by them.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, Kind, MessageDescriptor, ReflectMessage, SerializeOptions,
};
use serde_json::{Map, Value as Json};

const REPLIES: &str = include_str!("replies.proto");

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let mut compiler = protox::Compiler::with_file_resolver(OurFile);
    compiler.open_file(NAME).unwrap_or_else(|error| panic!("{NAME} is ours and well formed: {error:?}"));
    compiler.descriptor_pool()
});

/// Gives the compiler `replies.proto`, and nothing else.
struct OurFile;

const NAME: &str = "replies.proto";

impl protox::file::FileResolver for OurFile {
    fn open_file(&self, name: &str) -> Result<protox::file::File, protox::Error> {
        if name == NAME {
            protox::file::File::from_source(name, REPLIES)
        } else {
            Err(protox::Error::file_not_found(name))
        }
    }
}

/// A message of package `livekit` as the server writes it.
///
/// # Panics
/// Where `replies.proto` does not have the message.
pub(super) fn reply(name: &str, message: &impl Message) -> Vec<u8> {
    bytes(&dynamic(name, message))
}

/// A message that we made ourselves, as the server writes it.
pub(super) fn bytes(message: &DynamicMessage) -> Vec<u8> {
    serde_json::to_vec(&to_json(message)).expect("a JSON value is JSON")
}

/// Reads a message as the server reads requests: fields by either name, those that it does not know left out.
pub(super) fn read(descriptor: &MessageDescriptor, text: &[u8]) -> Option<DynamicMessage> {
    let options = DeserializeOptions::new().deny_unknown_fields(false);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    DynamicMessage::deserialize_with_options(descriptor.clone(), &mut deserializer, &options).ok()
}

/// A message of package `livekit`, by its name.
///
/// # Panics
/// Where `replies.proto` does not have it.
pub(super) fn message(name: &str) -> MessageDescriptor {
    let found = POOL.get_message_by_name(&format!("livekit.{name}"));
    found.unwrap_or_else(|| panic!("replies.proto has no message {name}"))
}

fn dynamic(name: &str, message: &impl Message) -> DynamicMessage {
    DynamicMessage::decode(self::message(name), message.encode_to_vec().as_slice()).expect("both know the same fields")
}

fn to_json(message: &DynamicMessage) -> Json {
    let options =
        SerializeOptions::new().use_proto_field_name(true).skip_default_fields(false).stringify_64_bit_integers(true);
    let mut json =
        message.serialize_with_options(serde_json::value::Serializer, &options).expect("every message has a JSON form");
    if let Json::Object(object) = &mut json {
        name_the_missing(&message.descriptor(), object);
    }
    json
}

/// A message field that is not set is `null`, unless it is one of a `oneof`, here and in every message within.
fn name_the_missing(message: &MessageDescriptor, object: &mut Map<String, Json>) {
    for field in message.fields() {
        let Kind::Message(inner) = field.kind() else { continue };
        if field.is_map() {
            continue;
        }
        match object.get_mut(field.name()) {
            None if field.containing_oneof().is_none() => {
                object.insert(field.name().to_owned(), Json::Null);
            }
            Some(Json::Object(value)) => name_the_missing(&inner, value),
            Some(Json::Array(values)) => {
                for value in values.iter_mut().filter_map(Json::as_object_mut) {
                    name_the_missing(&inner, value);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use prost_reflect::{FieldDescriptor, Value};

    use super::*;

    #[test]
    fn every_field_is_there_by_its_proto_name() {
        let info = livekit_protocol::EgressInfo { egress_id: "EG_1".into(), started_at: 7, ..Default::default() };
        let json: Json = serde_json::from_slice(&reply("EgressInfo", &info)).expect("JSON");
        assert_eq!(json["egress_id"], "EG_1");
        assert_eq!(json["status"], "EGRESS_STARTING");
        assert_eq!((&json["started_at"], &json["ended_at"]), (&Json::from("7"), &Json::from("0")));
        assert_eq!(json["file_results"], Json::Array(Vec::new()));
        assert!(json.get("file").is_none() && json.get("room_composite").is_none(), "unset members of a oneof: {json}");
        let list = livekit_protocol::ListEgressResponse { items: vec![info], next_page_token: None };
        let json: Json = serde_json::from_slice(&reply("ListEgressResponse", &list)).expect("JSON");
        assert_eq!(json["next_page_token"], Json::Null);
        assert_eq!(json["items"][0]["egress_id"], "EG_1");
    }

    /// Fills every field of a message with something that is not its default, by our own description.
    fn filled(descriptor: &MessageDescriptor, depth: u32) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        for field in descriptor.fields() {
            let first_of_its_oneof =
                field.containing_oneof().is_none_or(|oneof| oneof.fields().next().as_ref() == Some(&field));
            if first_of_its_oneof && let Some(value) = something(&field, depth) {
                message.set_field(&field, value);
            }
        }
        message
    }

    fn something(field: &FieldDescriptor, depth: u32) -> Option<Value> {
        if field.is_map() {
            let entry = (prost_reflect::MapKey::String("k".into()), Value::String("v".into()));
            return Some(Value::Map([entry].into()));
        }
        let one = match field.kind() {
            Kind::String => Value::String(field.name().to_owned()),
            Kind::Bool => Value::Bool(true),
            Kind::Int32 => Value::I32(3),
            Kind::Uint32 => Value::U32(3),
            Kind::Int64 => Value::I64(3),
            Kind::Double => Value::F64(0.5),
            Kind::Bytes => Value::Bytes(b"bytes".to_vec().into()),
            Kind::Enum(_) => Value::EnumNumber(1),
            Kind::Message(_) if depth == 0 => return None,
            Kind::Message(inner) => Value::Message(filled(&inner, depth - 1)),
            other => panic!("{other:?} is nothing that LiveKit uses"),
        };
        Some(if field.is_list() { Value::List(vec![one]) } else { one })
    }

    fn agrees<M: Message + Default + PartialEq + std::fmt::Debug + serde::de::DeserializeOwned>(name: &str) {
        let ours = filled(&POOL.get_message_by_name(&format!("livekit.{name}")).expect("it is in the file"), 4);
        let theirs = M::decode(ours.encode_to_vec().as_slice()).expect("the same wire types");
        let back = dynamic(name, &theirs);
        assert_eq!(back, ours, "{name}: numbers and types as livekit-protocol has them");
        let by_name: M = serde_json::from_value(to_json(&ours)).expect("names that livekit-protocol reads");
        assert_eq!(by_name, theirs, "{name}: names as livekit-protocol has them");
    }

    #[test]
    fn our_description_is_livekit_protocols() {
        use livekit_protocol as proto;
        agrees::<proto::EgressInfo>("EgressInfo");
        agrees::<proto::ListEgressResponse>("ListEgressResponse");
        agrees::<proto::ListRoomsResponse>("ListRoomsResponse");
        agrees::<proto::ListParticipantsResponse>("ListParticipantsResponse");
        agrees::<proto::MuteRoomTrackResponse>("MuteRoomTrackResponse");
        agrees::<proto::CreateRoomRequest>("CreateRoomRequest");
        agrees::<proto::StartEgressRequest>("StartEgressRequest");
        agrees::<proto::RoomCompositeEgressRequest>("RoomCompositeEgressRequest");
        agrees::<proto::WebEgressRequest>("WebEgressRequest");
        agrees::<proto::ParticipantEgressRequest>("ParticipantEgressRequest");
        agrees::<proto::TrackCompositeEgressRequest>("TrackCompositeEgressRequest");
        agrees::<proto::TrackEgressRequest>("TrackEgressRequest");
        agrees::<proto::UpdateStreamRequest>("UpdateStreamRequest");
        agrees::<proto::UpdateLayoutRequest>("UpdateLayoutRequest");
        agrees::<proto::ListEgressRequest>("ListEgressRequest");
        agrees::<proto::StopEgressRequest>("StopEgressRequest");
        agrees::<proto::UpdateParticipantRequest>("UpdateParticipantRequest");
        agrees::<proto::UpdateSubscriptionsRequest>("UpdateSubscriptionsRequest");
        agrees::<proto::SendDataRequest>("SendDataRequest");
        agrees::<proto::MoveParticipantRequest>("MoveParticipantRequest");
        agrees::<proto::PerformRpcRequest>("PerformRpcRequest");
        agrees::<proto::RoomParticipantIdentity>("RoomParticipantIdentity");
        agrees::<proto::MuteRoomTrackRequest>("MuteRoomTrackRequest");
        agrees::<proto::UpdateRoomMetadataRequest>("UpdateRoomMetadataRequest");
        agrees::<proto::SegmentsInfo>("SegmentsInfo");
        agrees::<proto::ImageOutput>("ImageOutput");
        agrees::<proto::StorageConfig>("StorageConfig");
        agrees::<proto::MediaSource>("MediaSource");
        agrees::<proto::AutoTrackEgress>("AutoTrackEgress");
        agrees::<proto::AutoParticipantEgress>("AutoParticipantEgress");
        agrees::<proto::TrackInfo>("TrackInfo");
        agrees::<proto::Room>("Room");
    }
}
