//! The campaign file as JSON Schema, for completion and checks in editors.
//!
//! Made from [`Campaign`]'s own fields and comments, in draft 7, because Taplo reads no more; what may stand in a list of
//! names comes from the model. The file `docs/campaign.schema.json` holds it; a test compares the two.

use egress_sim_model::fault::KINDS;
use egress_sim_model::scenario::{keys, schema as scenario};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::{Campaign, SIZES, Text, default_without, surface};

/// The schema.
pub fn schema() -> Value {
    let mut settings = SchemaSettings::draft07();
    settings.inline_subschemas = true;
    let mut schema = settings.into_generator().into_root_schema_for::<Campaign>().to_value();
    schema["title"] = json!("egress-sim campaign");
    let properties = &mut schema["properties"];
    properties["format"]["enum"] = json!([1]);
    // What is no part of the digest is read all the same.
    for key in ["title", "determinism"] {
        properties[key].as_object_mut().map(|about| about.remove("writeOnly"));
    }
    properties["config"] = json!({ "description": properties["config"]["description"], "type": "object" });

    let mut surfaces: Vec<&str> = KINDS.iter().map(|kind| surface(kind.name)).collect();
    surfaces.dedup();
    let families = &mut properties["families"];
    let odds = families["additionalProperties"].take();
    families["properties"] =
        surfaces.into_iter().map(|surface| (surface.to_owned(), odds.clone())).collect::<Map<_, _>>().into();
    families["additionalProperties"] = json!(false);

    let mut kinds: Vec<String> = KINDS.iter().map(|kind| kind.name.to_owned()).collect();
    kinds.extend(default_without().into_iter().filter(|kind| !KINDS.iter().any(|known| known.name == kind)));
    properties["without"]["items"]["enum"] = json!(kinds);
    properties["spare"]["items"]["enum"] = json!(keys::EVENTS);
    properties["properties"]["items"] = json!({ "anyOf": [{ "type": "string", "enum": keys::PROPERTIES }, { "type": "string", "pattern": "^custom\\." }] });
    let sizes = &mut properties["size"]["properties"];
    for (key, lowest, highest) in SIZES {
        sizes[key]["items"]["minimum"] = json!(lowest);
        sizes[key]["items"]["maximum"] = json!(highest);
    }
    for values in properties["world"]["properties"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        values["minItems"] = json!(1);
    }
    schema
}

impl JsonSchema for Text {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // Durations are the scenario file's.
        let mut duration = scenario::schema()["properties"]["world"]["properties"]["horizon"].take();
        let keys = duration.as_object_mut().expect("a key of the scenario file has a schema");
        keys.retain(|key, _| ["type", "minLength", "pattern"].contains(&key.as_str()));
        Schema::try_from(duration).expect("an object is a schema")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_in_docs_is_this_one() {
        let there: Value =
            serde_json::from_str(include_str!("../../../../docs/campaign.schema.json")).unwrap_or_default();
        assert!(there == schema(), "docs/campaign.schema.json is out of date: make schema");
    }

    #[test]
    fn every_key_of_the_default_campaign_is_in_it_with_its_default() {
        let written: toml::Table = include_str!("../../../../docs/campaign.toml").parse().expect("TOML");
        let schema = schema();
        assert_eq!(schema["additionalProperties"], false);
        for (key, value) in &written {
            let property = &schema["properties"][key];
            assert!(property["description"].is_string(), "{key}: {property}");
            let Some(table) = value.as_table().filter(|_| !["families", "config"].contains(&key.as_str())) else {
                continue;
            };
            assert_eq!(property["additionalProperties"], false, "{key}");
            for (inner, value) in table {
                let told = &property["properties"][inner];
                let default = serde_json::to_value(value).expect("plain");
                assert_eq!(told["default"], default, "{key}.{inner}: {told}");
            }
        }
        let span = &schema["properties"]["promises"]["properties"]["gap"];
        assert!(span["pattern"].is_string() && span["type"] == "string", "{span}");
        assert_eq!(schema["properties"]["size"]["properties"]["count"]["items"]["maximum"], 100_000);
        assert!(schema["properties"]["families"]["properties"]["webhook"].is_object());
    }
}
