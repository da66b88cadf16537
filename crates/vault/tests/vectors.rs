//! The formats do not drift: what is written today is byte for byte what `vectors/vault.json` holds, and what it holds
//! still opens.
//!
//! `vectors/check.py` opens the same file with another implementation. To write the file anew after a format was
//! changed on purpose (which makes stored mail unreadable): `MAILWARD_WRITE_VECTORS=1 cargo test -p mailward-vault`.

use std::path::{Path, PathBuf};

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, MessageId, TenantId};
use mailward_mail::random::Random;
use mailward_vault::{
    MasterKey, MessageContext, PartKind, Pepper, Purpose, PurposeKey, ServiceKey, SignedLink, TenantKey,
    Token, TokenKind, WrappedDek, WrappedKey,
};
use serde_json::{Value, json};

const REGION: &str = "local";
const TENANT: &str = "ada";
const INBOX: &str = "ibx_06ce8kqh3s5kb1m2n3p4q5r6s7";
const MESSAGE: &str = "eml_06ce8kqh3s5kb1m2n3p4q5r6s8";
const TENANT_VERSION: u32 = 3;
const EXPIRES: Timestamp = Timestamp(1_795_341_600_000);

#[test]
fn what_is_written_is_what_the_vectors_hold() {
    let written = written();
    if std::env::var_os("MAILWARD_WRITE_VECTORS").is_some() {
        let text = serde_json::to_string_pretty(&written).expect("JSON") + "\n";
        std::fs::write(path(), text).expect("the folder can be written");
    }
    assert_eq!(stored(), written);
}

#[test]
fn what_the_vectors_hold_still_opens() {
    let vectors = stored();
    let hex = |pointer: &str| unhex(text(&vectors, pointer));
    let master = MasterKey::from_hex(text(&vectors, "/master/key")).expect("hex");
    assert_eq!(master.id(), text(&vectors, "/master/id"));

    let ids = Ids::new();
    let wrapped = WrappedKey::from_stored(hex("/tenant/wrapped"));
    let tenant =
        master.unwrap_tenant_key(REGION, &ids.tenant, TENANT_VERSION, &wrapped).expect("the tenant key");
    let dek = WrappedDek::from_stored(hex("/message/wrapped"));
    let key = tenant.open_message_key(&ids.ctx(), &dek).expect("the message key");
    for part in vectors["parts"].as_array().expect("a list") {
        let kind =
            PartKind::ALL.into_iter().find(|kind| kind.as_str() == text(part, "/kind")).expect("a kind");
        let no = u32::try_from(part["no"].as_u64().expect("a number")).expect("a small number");
        let len = usize::try_from(part["plain_len"].as_u64().expect("a number")).expect("a small number");
        let plain = pattern(len);
        let sealed = match part.get("sealed") {
            Some(_) => unhex(text(part, "/sealed")),
            // Long parts are kept as their digest alone; the other test shows that the bytes are the same.
            None => key.seal(&ids.ctx(), kind, no, &plain).into_bytes(),
        };
        assert_eq!(key.open(&ids.ctx(), kind, no, &sealed).as_deref(), Ok(&plain[..]), "{part}");
    }

    let wrapped = WrappedKey::from_stored(hex("/purpose/wrapped"));
    let webhook = tenant.unwrap_purpose(Purpose::Webhook, &wrapped).expect("the purpose key");
    let opened = webhook.open(&[b"wh_1", b"secret"], &hex("/purpose/sealed"));
    assert_eq!(opened.as_deref(), Ok(&b"whsec_example"[..]));
    assert_eq!(webhook.hmac(&[b"a", b"bc"])[..], hex("/purpose/hmac")[..]);

    let service = |name: &str| {
        let wrapped = WrappedKey::from_stored(hex(&format!("/service/{name}/wrapped")));
        master.unwrap_service_key(name, &wrapped).expect("a service key")
    };
    let token = Token::parse(text(&vectors, "/token/text")).expect("a token");
    assert!(Pepper::new(service("pepper")).matches(&token, &hex("/token/verifier")));
    let link = SignedLink::verify(&service("links"), text(&vectors, "/link/text"), Timestamp(0));
    assert_eq!(link.as_ref().map(|link| link.payload()), Some(&b"eml_1/0"[..]));
}

struct Ids {
    tenant: TenantId,
    inbox: InboxId,
    message: MessageId,
}

impl Ids {
    fn new() -> Self {
        Self {
            tenant: TenantId::parse(TENANT).expect("a slug"),
            inbox: InboxId::parse(INBOX).expect("an id"),
            message: MessageId::parse(MESSAGE).expect("an id"),
        }
    }

    fn ctx(&self) -> MessageContext<'_> {
        MessageContext { region: REGION, tenant: &self.tenant, inbox: &self.inbox, message: &self.message }
    }
}

/// Everything the vault writes, from one seed; the order of the calls is part of the vectors.
fn written() -> Value {
    let random = Random::seeded(2026);
    let ids = Ids::new();
    let ctx = ids.ctx();
    let master = MasterKey::generate(&random);
    let tenant = TenantKey::generate(TENANT_VERSION, &random);
    let tenant_wrapped = master.wrap_tenant_key(REGION, &ids.tenant, &tenant, &random);
    let (key, dek) = tenant.new_message_key(&ctx, &random);

    let sizes = [0, 1, 16, 300, 65_535, 65_536, 65_537, 131_072, 200_000];
    let parts: Vec<Value> = (0u32..)
        .zip(sizes)
        .map(|(no, size)| {
            let kind = PartKind::ALL[no as usize % 3];
            let sealed = key.seal(&ctx, kind, no, &pattern(size)).into_bytes();
            let mut part =
                json!({ "kind": kind.as_str(), "no": no, "plain_len": size, "sha256": digest(&sealed) });
            if size <= 300 {
                part["sealed"] = hex(&sealed).into();
            }
            part
        })
        .collect();

    let webhook = PurposeKey::generate(&random);
    let purpose_wrapped = tenant.wrap_purpose(Purpose::Webhook, &webhook, &random);
    let purpose_sealed = webhook.seal(&[b"wh_1", b"secret"], b"whsec_example", &random);

    let (pepper, links) = (ServiceKey::generate(&random), ServiceKey::generate(&random));
    let service = |name: &str, key: &ServiceKey| json!({ "wrapped": hex(master.wrap_service_key(name, key, &random).as_bytes()) });
    let services = json!({ "pepper": service("pepper", &pepper), "links": service("links", &links) });
    let pepper = Pepper::new(pepper);
    let token = pepper.issue(TokenKind::Tenant, &random);
    let link = SignedLink { payload: b"eml_1/0".to_vec(), expires: EXPIRES };

    json!({
        "plaintexts": "byte i is (i * 31 + 7) mod 251",
        "context": { "region": REGION, "tenant": TENANT, "inbox": INBOX, "message": MESSAGE },
        "master": { "key": *master.to_hex(), "id": master.id() },
        "tenant": { "version": TENANT_VERSION, "wrapped": hex(tenant_wrapped.as_bytes()) },
        "message": { "wrapped": hex(dek.as_bytes()) },
        "parts": parts,
        "purpose": {
            "name": "webhook",
            "wrapped": hex(purpose_wrapped.as_bytes()),
            "place": ["wh_1", "secret"],
            "plain": "whsec_example",
            "sealed": hex(&purpose_sealed),
            "hmac_parts": ["a", "bc"],
            "hmac": hex(&webhook.hmac(&[b"a", b"bc"])),
        },
        "service": services,
        "token": {
            "text": token.expose(),
            "keyid": token.keyid(),
            "verifier": hex(&pepper.verifier(&token)),
        },
        "link": { "payload": "eml_1/0", "expires": EXPIRES.millis(), "text": link.sign(&links) },
    })
}

fn stored() -> Value {
    let text = std::fs::read_to_string(path()).expect("the vectors are part of the repository");
    serde_json::from_str(&text).expect("the vectors are JSON")
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/vault.json")
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| u8::try_from((i * 31 + 7) % 251).expect("below 251")).collect()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} is missing"))
}

fn digest(bytes: &[u8]) -> String {
    use sha2::Digest;
    hex(&sha2::Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hex"))
        .collect()
}
