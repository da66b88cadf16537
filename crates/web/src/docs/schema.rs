//! Schemas as tables: each field with its kind and what is said of it.

use serde_json::Value;

use super::html::{escaped, prose};
use super::text;

const REFERENCE: &str = "#/components/schemas/";

/// All schemas by name, for links to lead to.
pub(super) fn all(api: &Value) -> String {
    let mut out = String::from("<section id=\"schemas\"><h2>schemas</h2>\n");
    for (name, schema) in api["components"]["schemas"].as_object().into_iter().flatten() {
        out += &format!("<article id=\"schema-{0}\"><h3><code>{0}</code></h3>", escaped(name));
        out += &prose(text(&schema["description"]));
        out += &fields(api, schema);
        out += "</article>\n";
    }
    out + "</section>\n"
}

/// What stands in the path and the query.
pub(super) fn parameters(operation: &Value) -> String {
    let rows: String = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|parameter| {
            let place = format!("{} · {}", kind(&parameter["schema"]), escaped(text(&parameter["in"])));
            let is_required = parameter["required"] == true;
            let said = prose(text(&parameter["description"])) + &bounds(&parameter["schema"]);
            row(text(&parameter["name"]), &place, is_required, &said)
        })
        .collect();
    if rows.is_empty() { rows } else { format!("<h4>Parameters</h4>{}", table(&rows)) }
}

/// The fields of a schema, or its kind where it has none.
pub(super) fn fields(api: &Value, schema: &Value) -> String {
    let rows = rows(api, schema, 0);
    if rows.is_empty() { format!("<p>{}</p>", kind(schema)) } else { table(&rows) }
}

/// A schema in a word or a few.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(name) = reference(schema) {
        return format!("<a href=\"#schema-{0}\"><code>{0}</code></a>", escaped(name));
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        if let Some(all) = schema[several].as_array() {
            let between = if several == "allOf" { " and " } else { " or " };
            return all.iter().map(kind).collect::<Vec<_>>().join(between);
        }
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(types) => types.iter().map(text).collect(),
        one => vec![one.as_str().unwrap_or("anything")],
    };
    let words = types.into_iter().map(|one| match one {
        "array" => format!("list of {}", kind(&schema["items"])),
        "object" if schema["additionalProperties"].is_object() => {
            format!("map of {}", kind(&schema["additionalProperties"]))
        }
        one => escaped(one),
    });
    words.collect::<Vec<_>>().join(" or ")
}

fn rows(api: &Value, schema: &Value, depth: u8) -> String {
    // What refers to itself ends somewhere.
    if depth > 4 {
        return String::new();
    }
    let found = match reference(schema) {
        Some(name) => &api["components"]["schemas"][name],
        None => schema,
    };
    let mut out = String::new();
    for several in ["allOf", "oneOf", "anyOf"] {
        for part in found[several].as_array().into_iter().flatten() {
            out += &rows(api, part, depth + 1);
        }
    }
    let required: Vec<&str> = found["required"].as_array().into_iter().flatten().map(text).collect();
    for (name, field) in found["properties"].as_object().into_iter().flatten() {
        let said = prose(text(&field["description"])) + &bounds(field);
        out += &row(name, &kind(field), required.contains(&name.as_str()), &said);
    }
    out
}

/// What a value is held to.
fn bounds(schema: &Value) -> String {
    let mut said: Vec<String> = Vec::new();
    if let Some(words) = schema["enum"].as_array() {
        said.push(format!("one of {}", words.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")));
    }
    for (name, word) in [
        ("minimum", "at least"),
        ("maximum", "at most"),
        ("minLength", "characters: at least"),
        ("maxLength", "characters: at most"),
        ("maxItems", "entries: at most"),
        ("default", "when absent:"),
    ] {
        if !schema[name].is_null() {
            said.push(format!("{word} {}", schema[name]));
        }
    }
    if said.is_empty() { String::new() } else { format!("<p>{}</p>", escaped(&said.join("; "))) }
}

fn row(name: &str, kind: &str, is_required: bool, said: &str) -> String {
    let star = if is_required { " <b title=\"always there\">*</b>" } else { "" };
    format!(
        "<tr><th scope=\"row\"><code>{}</code>{star}</th><td>{kind}</td><td>{said}</td></tr>\n",
        escaped(name)
    )
}

fn table(rows: &str) -> String {
    format!("<div class=\"wide\"><table><tbody>{rows}</tbody></table></div>")
}

fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix(REFERENCE)
}
