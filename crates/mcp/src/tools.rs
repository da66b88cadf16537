//! Every tool: its name, what it needs, what it does to the world, and the shape of its arguments and of its result.

mod account;
mod codes;
mod inboxes;
mod mails;
mod reading;
mod search;
mod sending;
mod threads;
mod waiting;

use std::sync::{Arc, LazyLock};

use futures_util::future::BoxFuture;
use mailward_mail::id::InboxId;
use mailward_mail::random::Random;
use mailward_mailroom::Mailroom;
use mailward_store::Scopes;
use rmcp::handler::server::common::{schema_for_input, schema_for_output};
use rmcp::model::{JsonObject, ToolAnnotations};
use rmcp::schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Caller;
use crate::refusal::Refusal;

/// What a call works with.
pub(crate) struct Context {
    pub(crate) room: Mailroom,
    pub(crate) random: Random,
    pub(crate) public_url: String,
    pub(crate) caller: Caller,
}

/// What a tool does to the world, as hosts are told before they ask a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    /// It looks.
    Reads,
    /// It adds something; again with the same arguments it adds nothing.
    Adds,
    /// It takes something away for ever.
    Destroys,
}

type Run = Box<dyn Fn(Context, JsonObject) -> BoxFuture<'static, Result<Value, Refusal>> + Send + Sync>;

/// One tool.
pub(crate) struct Tool {
    /// What it is called by.
    pub(crate) name: &'static str,
    title: &'static str,
    description: &'static str,
    needs: Scopes,
    effect: Effect,
    /// A key that is bound to one inbox may not call it.
    of_tenants: bool,
    input: Arc<JsonObject>,
    output: Arc<JsonObject>,
    run: Run,
}

/// All of them, in the order in which they are listed.
pub(crate) fn tools() -> &'static [Tool] {
    static TOOLS: LazyLock<Vec<Tool>> = LazyLock::new(|| {
        vec![
            inboxes::create(),
            inboxes::list(),
            inboxes::delete(),
            mails::check(),
            waiting::email(),
            codes::code(),
            reading::email(),
            reading::attachment(),
            sending::email(),
            sending::reply(),
            sending::forward(),
            sending::cancel(),
            search::search(),
            threads::list(),
            threads::show(),
            account::show(),
        ]
    });
    &TOOLS
}

impl Tool {
    /// A tool that does `run`, with the schemas of what that takes and gives.
    fn new<A, R, F, W>(name: &'static str, title: &'static str, description: &'static str, run: F) -> Self
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        R: Serialize + JsonSchema + 'static,
        F: Fn(Context, A) -> W + Clone + Send + Sync + 'static,
        W: Future<Output = Result<R, Refusal>> + Send + 'static,
    {
        let run: Run = Box::new(move |context, arguments| {
            let run = run.clone();
            Box::pin(async move {
                let arguments: A = serde_json::from_value(Value::Object(arguments))
                    .map_err(|error| Refusal::invalid(format!("the arguments: {error}")))?;
                let result = run(context, arguments).await?;
                serde_json::to_value(result).map_err(|_| Refusal::invalid("the result cannot be written"))
            })
        });
        Self {
            name,
            title,
            description,
            needs: Scopes::READ,
            effect: Effect::Reads,
            of_tenants: false,
            input: plain_schema(
                &schema_for_input::<A>().expect("the arguments of a tool are an object"),
                true,
            ),
            output: plain_schema(&schema_for_output::<R>(), false),
            run,
        }
    }

    fn needs(self, needs: Scopes) -> Self {
        Self { needs, ..self }
    }

    fn adds(self) -> Self {
        Self { effect: Effect::Adds, ..self }
    }

    fn destroys(self) -> Self {
        Self { effect: Effect::Destroys, ..self }
    }

    fn of_tenants(self) -> Self {
        Self { of_tenants: true, ..self }
    }

    /// Whether a caller may call it.
    pub(crate) fn is_for(&self, caller: &Caller) -> bool {
        caller.holds(self.needs) && !(self.of_tenants && caller.inbox().is_some())
    }

    /// Whether it sends mail.
    fn sends(&self) -> bool {
        self.needs.contains(Scopes::SEND)
    }

    /// Runs it.
    pub(crate) fn call(
        &self,
        context: Context,
        arguments: JsonObject,
    ) -> BoxFuture<'static, Result<Value, Refusal>> {
        (self.run)(context, arguments)
    }

    /// As a list shows it. Nothing here ever depends on mail.
    pub(crate) fn described(&self) -> rmcp::model::Tool {
        let hints = ToolAnnotations::with_title(self.title)
            .read_only(self.effect == Effect::Reads)
            .destructive(self.effect == Effect::Destroys || self.sends())
            .idempotent(true)
            // Mail comes from anybody; lists of inboxes do not.
            .open_world(self.sends());
        rmcp::model::Tool::new(self.name, self.description, Arc::clone(&self.input))
            .with_title(self.title)
            .with_raw_output_schema(Arc::clone(&self.output))
            .with_annotations(hints)
    }
}

/// A schema as every host understands it: no formats of Rust's numbers, one type a place. An argument that may be absent
/// need not be allowed to be null.
fn plain_schema(schema: &JsonObject, is_input: bool) -> Arc<JsonObject> {
    fn simplify(value: &mut Value, is_input: bool) {
        match value {
            Value::Array(all) => all.iter_mut().for_each(|one| simplify(one, is_input)),
            Value::Object(fields) => {
                let is_number = |format: &Value| format.as_str().is_some_and(|name| name.contains("int"));
                if fields.get("format").is_some_and(is_number) {
                    fields.remove("format");
                }
                let nullable =
                    fields.get("type").and_then(Value::as_array).and_then(|all| all.first()).cloned();
                match nullable {
                    Some(one) if is_input => {
                        fields.insert("type".into(), one);
                        fields.remove("default");
                    }
                    Some(one) => {
                        fields.remove("type");
                        let either = serde_json::json!([{ "type": one }, { "type": "null" }]);
                        fields.insert("anyOf".into(), either);
                    }
                    None => {}
                }
                fields.values_mut().for_each(|one| simplify(one, is_input));
            }
            _ => {}
        }
    }
    let mut fields = schema.clone();
    fields.values_mut().for_each(|one| simplify(one, is_input));
    Arc::new(fields)
}

impl Context {
    /// The inbox that is asked about: the one that is named, or the one that the key is bound to.
    fn inbox(&self, named: Option<&str>) -> Result<InboxId, Refusal> {
        match (named, self.caller.inbox()) {
            (Some(id), _) => InboxId::parse(id).map_err(|_| Refusal::not_found()),
            (None, Some(own)) => Ok(own.clone()),
            (None, None) => {
                Err(Refusal::invalid("inboxId: is needed, because this key reaches several inboxes"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_tool_has_a_name_of_its_own_and_says_what_it_takes_and_gives() {
        let names: HashSet<&str> = tools().iter().map(|tool| tool.name).collect();
        assert_eq!(names.len(), tools().len());
        for tool in tools() {
            let shown = serde_json::to_value(tool.described()).expect("JSON");
            assert_eq!(shown["inputSchema"]["type"], "object", "{}", tool.name);
            assert_eq!(shown["inputSchema"]["additionalProperties"], false, "{}", tool.name);
            assert_eq!(shown["outputSchema"]["type"], "object", "{}", tool.name);
            let written = shown.to_string();
            assert!(!written.contains("\"null\"]") && !written.contains("uint"), "{written}");
            for hint in ["title", "readOnlyHint", "destructiveHint"] {
                assert!(!shown["annotations"][hint].is_null(), "{} lacks {hint}", tool.name);
            }
            assert!(shown["description"].as_str().is_some_and(|text| text.len() > 40), "{}", tool.name);
        }
    }

    #[test]
    fn what_reads_destroys_nothing_and_needs_no_scope_to_write() {
        for tool in tools() {
            let writes = Scopes::SEND.with(Scopes::INBOXES);
            let needs_write = writes.names().iter().any(|name| tool.needs.names().contains(name));
            assert_eq!(tool.effect == Effect::Reads, !needs_write, "{}", tool.name);
        }
    }
}
