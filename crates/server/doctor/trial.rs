//! Tries every door from one tenant to the other, both ways, and judges what came through.
//!
//! A door is closed when the neighbour is told nothing, and told it in the words for what never was. A door that its own
//! owner cannot open proves nothing by being closed: it is `untried`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mailward_mail::clock::Clock;
use mailward_mail::random::Random;
use mailward_web::{Trial, Tried, Verdict};
use serde_json::{Value, json};

use super::doors::{By, DOORS, Door, IDS, TOOLS, Way};
use super::lane::{Ask, Heard};
use super::stage::{Service, Side};
use super::{Trouble, letter};

/// What ids of nobody end in.
const NOBODY: &str = "00000000000000000000000000";

/// The revision of MCP that is spoken.
const MCP_REVISION: &str = "2026-07-28";

/// A trial and what it left behind.
pub struct Outcome {
    /// Every door.
    pub trial: Trial,
    /// What could not be removed, in words.
    pub left: Vec<String>,
}

/// Makes two tenants, tries every door, removes them, and has the service keep the outcome.
///
/// # Errors
/// [`Trouble`] when the trial could not be made.
pub async fn run(service: &Service, clock: &Clock, random: &Random) -> Result<Outcome, Trouble> {
    let ada = Side::set(service, random).await?;
    let bob = match Side::set(service, random).await {
        Ok(bob) => bob,
        Err(trouble) => {
            ada.clear(service).await?;
            return Err(trouble);
        }
    };
    let doors = all(service, &ada, &bob).await;
    let mut left = Vec::new();
    for side in [&ada, &bob] {
        match side.clear(service).await {
            Ok(rest) => left.extend(rest),
            Err(Trouble(why)) => left.push(format!("{}: {why}", side.id)),
        }
    }
    let trial = Trial { at: clock.now().to_string(), doors: doors? };
    let record = Ask::new("POST", "/operator/v1/isolation", &service.operator_token).with(json!(trial));
    service.operator.must(&record).await?;
    Ok(Outcome { trial, left })
}

async fn all(service: &Service, ada: &Side, bob: &Side) -> Result<Vec<Tried>, Trouble> {
    let mut tried = both_as_recipients(service, ada, bob).await?;
    for (by, of) in [(ada, bob), (bob, ada)] {
        for door in DOORS {
            tried.push(try_door(service, by, of, door).await?);
        }
        for tool in TOOLS {
            tried.push(try_tool(service, by, of, tool).await?);
        }
        tried.push(forged_link(service, by, of).await?);
        tried.push(operators_door(service, by, of).await?);
        tried.push(same_names(service, by, of).await?);
        tried.extend(below_the_api(service, by, of).await?);
    }
    for side in [ada, bob] {
        tried.push(still_there(service, side).await?);
    }
    Ok(tried)
}

/// The judgement of one attempt.
fn judged(door: &str, tried: &str, answered: impl Into<String>, verdict: Verdict) -> Tried {
    Tried { door: door.to_owned(), tried: tried.to_owned(), answered: answered.into(), verdict }
}

impl Side {
    /// Whether an answer tells of this tenant: its word, or a name that was given to something of its.
    fn is_told(&self, heard: &[u8]) -> bool {
        let names = [&self.address, &self.id, &self.link];
        let ids = IDS.iter().filter_map(|(place, _)| self.id_of(place));
        let is_there =
            |name: &String| !name.is_empty() && memchr::memmem::find(heard, name.as_bytes()).is_some();
        self.canary.is_in(heard) || names.into_iter().chain(ids).any(is_there)
    }

    /// Its own, of what one of [`IDS`] stands for.
    fn id_of(&self, place: &str) -> Option<&String> {
        match place {
            "{inbox}" => Some(&self.inbox),
            "{email}" => Some(&self.email),
            "{key}" => Some(&self.key),
            "{held}" => self.held.as_ref(),
            "{webhook}" => self.webhook.as_ref(),
            "{thread}" => self.has.thread.as_ref(),
            "{event}" => self.has.event.as_ref(),
            "{lease}" => self.has.lease.as_ref(),
            "{domain}" => self.has.domain.as_ref(),
            "{suppression}" => self.has.suppression.as_ref(),
            "{grant}" => self.has.grant.as_ref(),
            _ => None,
        }
    }

    fn token_for(&self, by: By) -> &str {
        match by {
            By::Tenant => &self.token,
            By::Inbox => &self.inbox_token,
            By::Reviewer => &self.review_token,
        }
    }
}

/// An id of this kind that was issued to nobody.
fn nobodys(prefix: &str) -> String {
    // Ids of keys are shorter.
    let length = if prefix == "key_" { 12 } else { NOBODY.len() };
    format!("{prefix}{}", &NOBODY[..length])
}

/// The request through a door, with the names of `of`, or of nobody, and the mail of `mail` if that is another.
fn request(door: &Door, by: &Side, of: Option<&Side>, inbox_of: Option<&Side>) -> Ask {
    let fill = |text: &str| {
        let mut text = text.to_owned();
        for (place, prefix) in IDS {
            let side = if *place == "{inbox}" { inbox_of.or(of) } else { of };
            let id = side.and_then(|side| side.id_of(place).cloned());
            text = text.replace(place, &id.unwrap_or_else(|| nobodys(prefix)));
        }
        let address = of.map_or("nobody@invalid.test", |side| side.address.as_str());
        text.replace("{address}", &address.replace('@', "%40"))
            .replace("{from}", address)
            .replace("{url}", &by.url)
            .replace("{client}", &of.map_or("nobody".into(), |side| format!("client-{}", side.canary.word())))
    };
    let ask = Ask::new(door.method, fill(door.path), by.token_for(door.by));
    match door.body {
        None => ask,
        Some(body) => ask.with(serde_json::from_str(&fill(body)).unwrap_or(Value::Null)),
    }
}

async fn try_door(service: &Service, by: &Side, of: &Side, door: &Door) -> Result<Tried, Trouble> {
    let what = match door.way {
        Way::Shows => "a neighbour's, by its id",
        Way::Changes => "to change a neighbour's, by its id",
        Way::Lists => "what a neighbour has, in its own list",
    };
    if is_missing(door, of) {
        let why = "this deployment holds no such thing, or lets nobody make one, that could be tried";
        return Ok(judged(door.name, what, why, Verdict::Untried));
    }
    if door.way != Way::Changes {
        let own = service.public.ask(&request(door, by, Some(by), None)).await?;
        if !(200..300).contains(&own.status) {
            let said = format!("its own owner is answered {}", own.status);
            return Ok(judged(door.name, what, said, Verdict::Untried));
        }
    }
    let foreign = service.public.ask(&request(door, by, Some(of), None)).await?;
    if of.is_told(&foreign.everything()) {
        let said = format!("{}, with what is the neighbour's", foreign.status);
        return Ok(judged(door.name, what, said, Verdict::Leaks));
    }
    if door.names("{") {
        let nobodys = service.public.ask(&request(door, by, None, None)).await?;
        if foreign.alike() != nobodys.alike() {
            let said = format!("{}, and for what never was {}", foreign.status, nobodys.status);
            return Ok(judged(door.name, what, said, Verdict::Leaks));
        }
    }
    // In its own inbox, the neighbour's mail.
    let within = ["{email}", "{thread}", "{lease}"];
    if door.names("{inbox}") && within.iter().any(|what| door.names(what)) {
        let mixed = service.public.ask(&request(door, by, Some(of), Some(by))).await?;
        if of.is_told(&mixed.everything()) || mixed.status < 400 {
            let said = format!("{}, asked within its own inbox", mixed.status);
            return Ok(judged(door.name, what, said, Verdict::Leaks));
        }
    }
    let (said, verdict) = match (door.way, foreign.status) {
        (Way::Lists, status) => (format!("{status}, nothing of the neighbour's"), Verdict::Closed),
        (_, 404) => ("404, as for what never was".to_owned(), Verdict::Closed),
        (_, status @ ..400) => (format!("{status}, as for what never was"), Verdict::Leaks),
        // Refused for another reason, before anybody asked whose it is.
        (_, status) => (format!("{status}, whoever asks"), Verdict::Untried),
    };
    Ok(judged(door.name, what, said, verdict))
}

/// Whether a door leads to what this deployment let nobody have.
fn is_missing(door: &Door, side: &Side) -> bool {
    IDS.iter().any(|(place, _)| door.names(place) && side.id_of(place).is_none())
        || (door.names("{url}") && side.webhook.is_none())
}

/// A tool of MCP, asked of the neighbour's: it answers as for what never was.
async fn try_tool(service: &Service, by: &Side, of: &Side, tool: &str) -> Result<Tried, Trouble> {
    let (door, what) = (format!("MCP {tool}"), "a neighbour's, by its id");
    // A revision that needs no session: each call is a request of its own.
    let call = |side: Option<&Side>| {
        let name = |own: Option<&String>, prefix: &str| own.cloned().unwrap_or_else(|| nobodys(prefix));
        let (inbox, email) =
            (name(side.map(|side| &side.inbox), "ibx_"), name(side.map(|side| &side.email), "eml_"));
        let arguments = match tool {
            "get_email" => json!({ "inboxId": inbox, "emailId": email }),
            "get_attachment" => json!({ "inboxId": inbox, "emailId": email, "index": 0 }),
            "wait_for_email" => json!({ "inboxId": inbox, "after": 0, "timeoutSeconds": 0 }),
            "wait_for_code" => json!({ "inboxId": inbox, "timeoutSeconds": 0 }),
            _ => json!({ "inboxId": inbox }),
        };
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": MCP_REVISION,
            "io.modelcontextprotocol/clientInfo": { "name": "doctor", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let params = json!({ "name": tool, "arguments": arguments, "_meta": meta });
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        let mut ask = Ask::new("POST", "/mcp", &by.inbox_token).with(message);
        ask.headers = vec![
            ("accept", "application/json, text/event-stream".to_owned()),
            ("mcp-protocol-version", MCP_REVISION.to_owned()),
            ("mcp-method", "tools/call".to_owned()),
            ("mcp-name", tool.to_owned()),
        ];
        ask
    };
    let is_done = |heard: &Heard| memchr::memmem::find(&heard.body, br#""isError":false"#).is_some();
    let own = service.public.ask(&call(Some(by))).await?;
    if !is_done(&own) {
        let said = format!("its own owner is refused, with {}", own.status);
        return Ok(judged(&door, what, said, Verdict::Untried));
    }
    let foreign = service.public.ask(&call(Some(of))).await?;
    let nobodys = service.public.ask(&call(None)).await?;
    let is_open =
        is_done(&foreign) || of.is_told(&foreign.everything()) || foreign.alike() != nobodys.alike();
    let verdict = if is_open { Verdict::Leaks } else { Verdict::Closed };
    let said = if is_open { "not as for what never was" } else { "refused, as for what never was" };
    Ok(judged(&door, what, said, verdict))
}

/// One transaction with both as recipients: neither copy names the other.
async fn both_as_recipients(service: &Service, ada: &Side, bob: &Side) -> Result<Vec<Tried>, Trouble> {
    let text = "From: <doctor@example.com>\r\nSubject: to both\r\n\r\nNothing of anybody.\r\n";
    letter::send(service.smtp, &[&ada.address, &bob.address], text).await?;
    let mut tried = Vec::new();
    for (by, of) in [(ada, bob), (bob, ada)] {
        let list = format!("/v1/inboxes/{}/emails", by.inbox);
        let newest = service.public.must(&Ask::new("GET", &list, &by.token)).await?;
        let shared = &newest["data"][0];
        let mail = format!("{list}/{}", shared["id"].as_str().unwrap_or_default());
        let mut heard = Vec::new();
        for (path, token) in [(mail.clone(), &by.token), (format!("{mail}/raw"), &by.review_token)] {
            let answer = service.public.ask(&Ask::new("GET", path, token)).await?;
            heard.push(answer);
        }
        let what = "one transaction to both: the neighbour's address in its copy";
        tried.push(if shared["subject"] != "to both" || heard.iter().any(|answer| answer.status != 200) {
            judged("SMTP", what, "its copy did not come", Verdict::Untried)
        } else if heard.iter().any(|answer| of.is_told(&answer.everything())) {
            judged("SMTP", what, "it names the neighbour", Verdict::Leaks)
        } else {
            judged("SMTP", what, "its copy names it alone", Verdict::Closed)
        });
    }
    Ok(tried)
}

/// The neighbour's link under the signature of an own one.
async fn forged_link(service: &Service, by: &Side, of: &Side) -> Result<Tried, Trouble> {
    const TAG: usize = 16;
    let what = "a link to a neighbour's file, under an own signature";
    let (own, foreign) = (URL_SAFE_NO_PAD.decode(&by.link), URL_SAFE_NO_PAD.decode(&of.link));
    let (Ok(own), Ok(foreign)) = (own, foreign) else {
        return Ok(judged("signed link", what, "links have another form here", Verdict::Untried));
    };
    let open = async |link: String| -> Result<Heard, Trouble> {
        let ask = Ask { token: None, ..Ask::new("GET", format!("/v1/files/{link}"), "") };
        service.public.ask(&ask).await
    };
    if open(by.link.clone()).await?.status != 200 {
        return Ok(judged("signed link", what, "an own link does not open", Verdict::Untried));
    }
    let cut = |bytes: &[u8], from_end: usize| bytes.len().saturating_sub(from_end);
    let forged = [&foreign[..cut(&foreign, TAG)], &own[cut(&own, TAG)..]].concat();
    let heard = open(URL_SAFE_NO_PAD.encode(forged)).await?;
    let is_open = heard.status < 400 || of.is_told(&heard.everything());
    Ok(judged(
        "signed link",
        what,
        heard.status.to_string(),
        if is_open { Verdict::Leaks } else { Verdict::Closed },
    ))
}

/// A tenant's key on the operators' listener.
async fn operators_door(service: &Service, by: &Side, of: &Side) -> Result<Tried, Trouble> {
    let what = "the operator API with a tenant's key";
    let heard =
        service.operator.ask(&Ask::new("GET", format!("/operator/v1/tenants/{}", of.id), &by.token)).await?;
    let is_open = heard.status != 401 || of.is_told(&heard.everything());
    Ok(judged(
        "operator API",
        what,
        heard.status.to_string(),
        if is_open { Verdict::Leaks } else { Verdict::Closed },
    ))
}

/// The neighbour's client id and idempotency key name nothing of the neighbour's; its address is not to be had.
async fn same_names(service: &Service, by: &Side, of: &Side) -> Result<Tried, Trouble> {
    let what = "a neighbour's client id and idempotency key for an inbox of its own";
    let word = of.canary.word();
    let mut ask =
        Ask::new("POST", "/v1/inboxes", &by.token).with(json!({ "clientId": format!("client-{word}") }));
    ask.headers.push(("idempotency-key", format!("client-{word}")));
    let heard = service.public.ask(&ask).await?;
    let is_open = of.is_told(&heard.everything());
    Ok(match heard.status {
        _ if is_open => judged("names", what, "it was given the neighbour's", Verdict::Leaks),
        201 => judged("names", what, "an inbox of its own", Verdict::Closed),
        other => judged("names", what, format!("it was answered {other}"), Verdict::Untried),
    })
}

/// SQL as the service's role, inside of the service.
async fn below_the_api(service: &Service, by: &Side, of: &Side) -> Result<Vec<Tried>, Trouble> {
    let mut body = json!({ "by": by.id, "inbox": of.inbox, "email": of.email, "key": of.key });
    for (name, id) in [("held", &of.held), ("webhook", &of.webhook)] {
        if let Some(id) = id {
            body[name] = json!(id);
        }
    }
    let ask = Ask::new("POST", "/operator/v1/isolation/trespass", &service.operator_token).with(body);
    let found = service.operator.must(&ask).await?;
    let number = |value: &Value| value.as_i64().unwrap_or(-1);
    let by_key = "the service's own statements with a neighbour's ids";
    let said = format!("{} statements found {}", number(&found["statements"]), number(&found["found"]));
    let is_closed = found["found"] == 0 && number(&found["statements"]) > 0;
    let mut tried =
        vec![judged("SQL", by_key, said, if is_closed { Verdict::Closed } else { Verdict::Leaks })];
    if let Some(tables) = found["tables"].as_array() {
        let raw = "statements without a condition, as the service's role";
        let sum = |name: &str| tables.iter().map(|table| number(&table[name])).sum::<i64>();
        let said =
            format!("{} tables show {} own rows, {} foreign", tables.len(), sum("own"), sum("foreign"));
        tried.push(match (sum("foreign"), sum("own")) {
            (0, 1..) => judged("SQL", raw, said, Verdict::Closed),
            (0, _) => judged("SQL", raw, said, Verdict::Untried),
            _ => judged("SQL", raw, said, Verdict::Leaks),
        });
    }
    Ok(tried)
}

/// After all attempts to change it, everything is as it was.
async fn still_there(service: &Service, side: &Side) -> Result<Tried, Trouble> {
    let what = "whether its things are as they were";
    for door in DOORS.iter().filter(|door| door.way == Way::Shows) {
        if is_missing(door, side) {
            continue;
        }
        let own = service.public.ask(&request(door, side, Some(side), None)).await?;
        // A poll that was answered a moment ago has nothing new to tell.
        if !(200..300).contains(&own.status) {
            let said = format!("{} is answered {} now", door.name, own.status);
            return Ok(judged("afterwards", what, said, Verdict::Leaks));
        }
    }
    let inbox =
        service.public.must(&Ask::new("GET", format!("/v1/inboxes/{}", side.inbox), &side.token)).await?;
    let keys = service.public.ask(&Ask::new("GET", "/v1/keys", &side.token)).await?;
    let is_whole =
        inbox["isActive"] == true && memchr::memmem::find(&keys.body, side.key.as_bytes()).is_some();
    let verdict = if is_whole { Verdict::Closed } else { Verdict::Leaks };
    Ok(judged("afterwards", what, if is_whole { "they are" } else { "they were changed" }, verdict))
}
