//! The JSON Schema of scenario files, made from [`KEYS`](super::KEYS), for editors: names and kinds of keys,
//! and which must be there. What depends on other keys, and bounds, are the reader's.

use super::keys::{KEYS, Key};
use serde_json::{Map, Value, json};

/// Tables that may stand in several places.
const SHARED: [&str; 8] = ["law", "call", "budget", "breaker", "fallback", "hedge", "pool", "pace"];

/// Keys that must be written in some files only: by the preset, the discipline, or in a mixture.
const CONDITIONAL: [&str; 4] =
    ["fabric.pool", "fabric.manifest.high-priority", "fabric.pool.high-priority", "law.share"];

/// The JSON Schema of a scenario file.
#[must_use]
pub fn schema() -> String {
    let mut root = object("");
    let defs = SHARED.map(|name| (name.to_owned(), object(name)));
    let mut all = Map::new();
    all.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    all.insert("title".into(), json!("A scenario of squall"));
    if let Some(root) = root.as_object_mut() {
        all.append(root);
    }
    all.insert("$defs".into(), Value::Object(defs.into_iter().collect()));
    format!("{:#}\n", Value::Object(all))
}

/// The keys that stand directly in a table, with their names.
fn children(table: &str) -> impl Iterator<Item = (&'static str, &'static Key)> {
    let section = move |key: &'static Key| {
        let (section, name) = key.path.rsplit_once('.').unwrap_or(("", &key.path));
        // What stands in several places is at the root of the list, not of a file.
        let inside = section == table && !(table.is_empty() && SHARED.contains(&name));
        inside.then_some((name, key))
    };
    KEYS.iter().filter_map(section)
}

/// The kinds that a table may be of, each with keys of its own, and the key that says which.
fn kinds(table: &str) -> Option<(&'static str, Vec<&'static str>)> {
    let prefix = format!("{table}[");
    KEYS.iter().find(|key| key.path.starts_with(&prefix))?;
    let says = |(_, key): &(&str, &Key)| key.kind.starts_with('"') && key.default == "required";
    let (name, key) = children(table).find(says)?;
    Some((name, key.kind.split('"').skip(1).step_by(2).collect()))
}

fn object(table: &str) -> Value {
    let Some((name, all)) = kinds(table) else {
        return of_keys(children(table), None);
    };
    let branch = |kind: &&str| {
        let own = format!("{table}[{kind}]");
        of_keys(children(table).chain(children(&own)), Some((name, kind)))
    };
    json!({ "oneOf": all.iter().map(branch).collect::<Vec<_>>() })
}

/// A table with these keys; one of them may have to be a certain word.
fn of_keys(
    keys: impl Iterator<Item = (&'static str, &'static Key)>,
    word: Option<(&str, &str)>,
) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let mut others = json!(false);
    for (name, key) in keys {
        let mut value = value(key);
        if let Some((_, kind)) = word.filter(|(says, _)| *says == name) {
            value = json!({ "const": kind });
        }
        if name == "*" {
            others = value;
            continue;
        }
        if let Some(value) = value.as_object_mut() {
            value.insert("description".into(), json!(key.text));
        }
        let depends = key.path.starts_with("load.") && key.path.matches('.').count() == 1;
        if key.default == "required" && !depends && !CONDITIONAL.contains(&key.path.as_str()) {
            required.push(name);
        }
        properties.insert(name.into(), value);
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": others,
    })
}

/// What may stand at a key: any of the parts of its kind, such as `count or "none"`.
fn value(key: &Key) -> Value {
    let parts = key.kind.replace(" or ", ", ");
    let (words, others): (Vec<&str>, Vec<&str>) =
        parts.split(", ").partition(|part| part.starts_with('"'));
    let mut any: Vec<Value> = others.into_iter().map(|part| one(part, &key.path)).collect();
    if !words.is_empty() {
        let words: Vec<&str> = words.iter().map(|word| word.trim_matches('"')).collect();
        any.push(json!({ "enum": words }));
    }
    match any.len() {
        1 => any.remove(0),
        _ => json!({ "anyOf": any }),
    }
}

fn one(part: &str, path: &str) -> Value {
    match part {
        "time" => json!({ "type": "string", "pattern": "(ns|us|ms|s|m|h|d) *$" }),
        "share" => json!({ "type": "string", "pattern": "% *$" }),
        "volume" => json!({ "type": "string", "pattern": "B *$" }),
        "count" => json!({ "type": "integer" }),
        "number" => json!({ "type": "number" }),
        "true" | "false" => json!({ "type": "boolean" }),
        "text" | "sentence" | "term" => json!({ "type": "string" }),
        "any" => json!({}),
        "table" => object(path),
        "list" if children(path).next().is_some() => {
            json!({ "type": "array", "items": object(path) })
        }
        "list" => json!({ "type": "array" }),
        "law" => {
            let law = json!({ "$ref": "#/$defs/law" });
            json!({ "anyOf": [law, { "type": "array", "items": law }] })
        }
        shared => json!({ "$ref": format!("#/$defs/{shared}") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::{Path, PathBuf};
    use toml::de::{DeTable, DeValue};

    fn json_of(value: &DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => json!(text),
            DeValue::Integer(number) => json!(number.as_str().parse::<i64>().unwrap()),
            DeValue::Float(number) => json!(number.as_str().parse::<f64>().unwrap()),
            DeValue::Boolean(is) => json!(is),
            DeValue::Datetime(at) => json!(at.to_string()),
            DeValue::Array(items) => items.iter().map(|item| json_of(item.get_ref())).collect(),
            DeValue::Table(table) => json_of_table(table),
        }
    }

    fn json_of_table(table: &DeTable<'_>) -> Value {
        let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
            let key: &std::borrow::Cow<'_, str> = key.get_ref();
            (key.to_string(), json_of(value.get_ref()))
        };
        Value::Object(table.iter().map(entry).collect())
    }

    fn read(text: &str) -> Value {
        json_of_table(DeTable::parse(text).unwrap().get_ref())
    }

    /// All scenarios that are shipped; studies are files of another kind.
    fn shipped(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                shipped(&path, found);
            } else if name.ends_with(".toml") && !name.ends_with(".study.toml") {
                found.push(path);
            }
        }
    }

    #[test]
    fn every_shipped_scenario_satisfies_the_schema_and_none_with_a_misspelt_key_does() {
        let schema: Value = serde_json::from_str(&schema()).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let mut found = Vec::new();
        shipped(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"), &mut found);
        assert!(found.len() > 40, "{}", found.len());
        for path in found {
            let text = std::fs::read_to_string(&path).unwrap();
            let wrong: Vec<String> =
                validator.iter_errors(&read(&text)).map(|wrong| wrong.to_string()).collect();
            assert!(wrong.is_empty(), "{}: {wrong:?}", path.display());
        }
        let outage = include_str!("../../scenarios/smoke/region-outage.toml");
        for (right, misspelt) in [
            ("question", "qestion"),
            ("length", "lenght"),
            ("label", "lable"),
            ("routes =", "rotes ="),
        ] {
            let text = outage.replacen(right, misspelt, 1);
            let good = DeTable::parse(&text)
                .is_ok_and(|table| validator.is_valid(&json_of_table(table.get_ref())));
            assert!(text != outage && !good, "{misspelt}");
        }
    }
}
