//! The table of routes, the document that is made of it, and the page that tells of it.

use super::*;

#[test]
fn every_route_is_on_the_page_and_every_route_of_the_page_is_there() {
    let page = include_str!("../../../../docs/control-api.md");
    let told: Vec<(&str, &str)> = page
        .split('`')
        .filter_map(|code| code.split_once(' '))
        .filter(|(method, path)| ["GET", "POST", "PUT", "DELETE"].contains(method) && path.starts_with('/'))
        .map(|(method, path)| (method, path.split('?').next().unwrap_or(path)))
        .collect();
    let there: Vec<(String, String)> =
        routes().iter().map(|route| (route.method.to_uppercase(), route.path.replace("{*", "{"))).collect();
    for (method, path) in &there {
        assert!(told.contains(&(method, path)), "docs/control-api.md does not tell of {method} {path}");
    }
    for (method, path) in told {
        assert!(there.contains(&(method.into(), path.into())), "docs/control-api.md tells of {method} {path}");
    }
}

#[test]
fn the_document_has_every_route_with_its_body() {
    let document = openapi::document();
    for route in routes() {
        let operation = &document["paths"][route.path.replace("{*", "{")][route.method];
        assert_eq!(operation["summary"], route.summary, "{} {}", route.method, route.path);
        assert_eq!(operation["requestBody"].is_object(), route.body.is_some(), "{}", route.path);
        let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        // Its records are lines, not a document.
        assert_eq!(answer.is_object(), route.path != "/trace", "{} {}: {answer}", route.method, route.path);
    }
    let commit = &document["paths"]["/commit"]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"];
    assert_eq!(commit, "#/components/schemas/Commit");
    assert!(document["components"]["schemas"]["Row"]["properties"]["egress_id"].is_object(), "{document:#}");
    let answered = |path: &str, method: &str| {
        document["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"].clone()
    };
    assert_eq!(answered("/boot", "get")["$ref"], "#/components/schemas/Boot");
    assert_eq!(answered("/buckets/{bucket}", "get")["items"]["$ref"], "#/components/schemas/Listed");
    assert!(document["components"]["schemas"]["Listed"]["properties"]["last_modified"].is_object(), "{document:#}");
    let parameters = &document["paths"]["/calls/{room}/participants/{identity}"]["delete"]["parameters"];
    assert_eq!(parameters[1]["name"], "identity");
}

#[test]
fn wrong_json_is_answered_with_its_place_and_what_was_expected() {
    use egress_sim_wire::evidence::Commit;
    for (body, words) in [
        (r#"{"writes": [{"put_row": {"egress_id": 7}}]}"#, "at writes[0].put_row.egress_id: invalid type: integer `7`"),
        (r#"{"writes": [], "preconditions": [{"subject": {"row": "EG"}, "expect": "gone"}]}"#, "expected `absent` or"),
        (r#"{"writes": [{"put": {}}]}"#, "expected one of `put_row`"),
        (r#"{"writes": []} x"#, "trailing characters at line 1"),
        ("", "missing field `writes`"),
    ] {
        let Err(Refusal(status, error)) = read::<Commit>(body.as_bytes()) else { panic!("{body} was read") };
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(error.contains(words), "{body}: {error}");
    }
}
