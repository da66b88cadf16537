//! The third lock with the others open: somebody who writes to the database moves sealed bytes to where others read.
//!
//! Each read of what was moved is refused with a clear error, shows nothing of anybody, and stands in the log of the
//! tenant that came upon it. `MAILWARD_SWAPS` asks for another count, `MAILWARD_SEED` for other swaps. The same is
//! done ten thousand times to the vault alone in `crates/vault/tests/swaps.rs`.

mod thief;

use std::collections::BTreeMap;

use mailward_mail::id::{InboxId, MessageId};
use mailward_mail::random::Random;
use mailward_mailroom::access::Principal;
use mailward_mailroom::{Error, ListRequest, Mailroom};
use serde_json::{Value, json};

use crate::crossing::Dice;
use crate::world::actors::{Inbox, Tenant};
use crate::world::http::Answer;
use crate::world::mail::plain;
use crate::world::{Engine, World, both_databases};
use thief::{Stored, Thief};

both_databases!(
    what_was_moved_is_refused_over_http_and_stands_in_the_log,
    a_mail_that_was_moved_as_a_whole_is_refused,
    names_and_endpoints_that_were_moved_are_refused,
);

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

/// One mail and who may read it.
struct Reader {
    tenant: Tenant,
    inbox: Inbox,
    email: String,
}

/// Three tenants with two inboxes of three mails each, every text its own.
async fn readers(world: &World) -> Vec<Reader> {
    let mut readers = Vec::new();
    for name in ["ada", "bob", "cem"] {
        let tenant = world.tenant(name).await;
        for number in 0..2 {
            let inbox = tenant.inbox().await;
            for mail in 0..3 {
                let text = format!("secret of {name} {number} {mail}");
                let raw = String::from_utf8(plain(&text, &text)).expect("text").replace(
                    "\r\n\r\n",
                    "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n",
                ) + &format!(
                    "--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\n{text}\r\n--b--\r\n"
                );
                assert!(world.deliver_raw(raw.as_bytes(), &[&inbox.address]).await.starts_with("250 "));
            }
            for mail in inbox.emails().await {
                let email = mail["id"].as_str().expect("an id").to_owned();
                readers.push(Reader { tenant: tenant.clone(), inbox: inbox.clone(), email });
            }
        }
    }
    readers
}

/// What one swap puts where: a part of one mail gets the bytes of any other part, with or without their key.
struct Swap {
    reader: usize,
    kind: &'static str,
    part: Vec<u8>,
    dek: Option<Vec<u8>>,
    said: String,
}

const KINDS: [&str; 3] = ["raw", "parsed", "meta"];

impl Swap {
    fn draw(dice: &Dice, readers: &[Reader], stored: &BTreeMap<String, Stored>, reader: usize) -> Self {
        loop {
            let (source, kind, from) = (dice.pick(readers), *dice.pick(&KINDS), *dice.pick(&KINDS));
            if source.email == readers[reader].email && kind == from {
                continue;
            }
            let found = &stored[&source.email];
            let dek = dice.percent(40).then(|| found.dek.clone());
            let said = format!(
                "{kind} of {} of {} is {from} of {} of {}{}",
                readers[reader].email,
                readers[reader].tenant.id,
                source.email,
                source.tenant.id,
                if dek.is_some() { " with its key" } else { "" }
            );
            return Self { reader, kind, part: found.parts[from].clone(), dek, said };
        }
    }
}

/// Every mail gets one swap, all in one transaction.
fn batch(dice: &Dice, readers: &[Reader], stored: &BTreeMap<String, Stored>) -> Vec<Swap> {
    (0..readers.len()).map(|reader| Swap::draw(dice, readers, stored, reader)).collect()
}

async fn put(thief: &Thief, swaps: &[Swap], readers: &[Reader], stored: &BTreeMap<String, Stored>) {
    let mut all = stored.clone();
    for swap in swaps {
        let one = all.get_mut(&readers[swap.reader].email).expect("it is stored");
        one.parts.insert(swap.kind, swap.part.clone());
        if let Some(dek) = &swap.dek {
            one.dek.clone_from(dek);
        }
    }
    thief.put(&all).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_swaps_in_a_store_are_refused_by_the_mailroom() {
    let (wanted, seed) = (number("MAILWARD_SWAPS", 10_000), number("MAILWARD_SEED", 20_261_122));
    let world = World::on(Engine::Sqlite, &[]).await;
    let readers = readers(&world).await;
    let room = world.with_app(|app| app.room().clone());
    let mut callers = Vec::new();
    for reader in &readers {
        let token = &reader.tenant.token;
        callers.push(room.principal(token, [127, 0, 0, 1].into()).await.expect("a principal"));
    }
    let thief = Thief::of(&world).await;
    let stored = thief.stored().await;
    for (reader, caller) in readers.iter().zip(&callers) {
        for kind in KINDS {
            let shown = read(&room, caller, reader, kind).await.expect("it is its own");
            assert!(shown.contains(&format!("secret of {}", reader.tenant.id)), "{kind}: {shown}");
        }
    }
    let dice = Dice::new(Random::seeded(seed));
    let mut done = 0;
    while done < wanted {
        let swaps = batch(&dice, &readers, &stored);
        put(&thief, &swaps, &readers, &stored).await;
        for swap in &swaps {
            let reader = swap.reader;
            let refused = read(&room, &callers[reader], &readers[reader], swap.kind).await;
            let named = |object: &str| object == readers[reader].email;
            assert!(
                matches!(&refused, Err(Error::Unreadable { object, .. }) if named(object)),
                "seed {seed}: {}: {refused:?}",
                swap.said
            );
            done += 1;
        }
    }
    thief.put(&stored).await;
    for (reader, caller) in readers.iter().zip(&callers) {
        read(&room, caller, reader, "raw").await.expect("it lies where it was");
    }
}

/// What the door that opens this kind of part shows.
async fn read(room: &Mailroom, caller: &Principal, reader: &Reader, kind: &str) -> Result<String, Error> {
    let inbox = InboxId::parse(&reader.inbox.id).expect("an id");
    let id = MessageId::parse(&reader.email).expect("an id");
    Ok(match kind {
        "raw" => {
            let raw = room.raw(caller, &inbox, &id).await?;
            String::from_utf8_lossy(&raw.expect("it is there")).into_owned()
        }
        "parsed" => format!("{:?}", room.open(caller, &inbox, &id).await?.expect("it is there").body()),
        _ => {
            let opened = room.open(caller, &inbox, &id).await?.expect("it is there");
            // A list opens every mail of its inbox, and this one among them.
            let request = ListRequest { limit: 100, ..ListRequest::default() };
            room.list(caller, &inbox, &request).await?.expect("it is there");
            opened.meta.subject
        }
    })
}

async fn what_was_moved_is_refused_over_http_and_stands_in_the_log(world: World) {
    let seed = number("MAILWARD_SEED", 20_261_122);
    let readers = readers(&world).await;
    let mut links = Vec::new();
    for reader in &readers {
        let path = format!("/v1/inboxes/{}/emails/{}/attachments/0", reader.inbox.id, reader.email);
        let link = reader.inbox.http("GET", path).send().await.expect(200);
        links.push(
            link["downloadUrl"].as_str().expect("a link").rsplit('/').next().expect("a link").to_owned(),
        );
    }
    let thief = Thief::of(&world).await;
    let stored = thief.stored().await;
    let dice = Dice::new(Random::seeded(seed));
    let mut refusals: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..14 {
        let swaps = batch(&dice, &readers, &stored);
        put(&thief, &swaps, &readers, &stored).await;
        for swap in &swaps {
            let Reader { tenant, inbox, email } = &readers[swap.reader];
            let mail = format!("/v1/inboxes/{}/emails/{email}", inbox.id);
            let request = match swap.kind {
                "raw" if dice.percent(50) => tenant.review("GET", format!("{mail}/raw")),
                "raw" => world.http("GET", format!("/v1/files/{}", links[swap.reader])),
                "parsed" if dice.percent(50) => inbox.http("GET", format!("{mail}/attachments/0")),
                "parsed" => inbox.http("GET", mail),
                _ if dice.percent(50) => inbox.http("GET", mail),
                _ => inbox.http("GET", format!("/v1/inboxes/{}/emails/poll?timeout=0&after=0", inbox.id)),
            };
            let answer = request.send().await;
            is_refused(&answer, &format!("seed {seed}: {}", swap.said));
            *refusals.entry(&tenant.id).or_default() += 1;
        }
    }
    thief.put(&stored).await;
    assert!(refusals.values().sum::<usize>() >= 250);
    for reader in &readers {
        let path = format!("/v1/inboxes/{}/emails/{}", reader.inbox.id, reader.email);
        let shown = reader.inbox.http("GET", path).send().await.expect(200);
        assert!(shown["body"].as_str().expect("a body").contains(&format!("secret of {}", reader.tenant.id)));
    }
    for reader in readers.iter().step_by(6) {
        let own: Vec<&str> = readers
            .iter()
            .filter(|one| one.tenant.id == reader.tenant.id)
            .map(|one| one.email.as_str())
            .collect();
        let rows = unreadable_rows(&reader.tenant).await;
        assert_eq!(rows.len(), refusals[reader.tenant.id.as_str()], "{}", reader.tenant.id);
        for row in &rows {
            assert_eq!(row["outcome"], json!("failed"));
            assert!(own.contains(&row["object"].as_str().expect("an object")), "{row}");
        }
    }
}

/// The rows of a tenant's log that tell of what could not be read.
async fn unreadable_rows(tenant: &Tenant) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut path = "/v1/audit?limit=100".to_owned();
    loop {
        let page = tenant.review("GET", path).send().await.expect(200);
        rows.extend(page["data"].as_array().expect("a list").iter().cloned());
        let Some(cursor) = page["cursor"].as_str() else { break };
        path = format!("/v1/audit?limit=100&cursor={cursor}");
    }
    rows.retain(|row| row["action"] == json!("mail.unreadable"));
    rows
}

#[track_caller]
fn is_refused(answer: &Answer, said: &str) {
    assert_eq!(answer.status, 500, "{said}: {}", answer.text());
    assert_eq!(answer.json()["error"], json!("unreadable"), "{said}");
    assert!(!answer.text().contains("secret of"), "{said}: {}", answer.text());
}

async fn a_mail_that_was_moved_as_a_whole_is_refused(world: World) {
    let readers = readers(&world).await;
    let thief = Thief::of(&world).await;
    let (ada, neighbour, bob) = (&readers[0], &readers[3], &readers[6]);
    assert!(ada.tenant.id == neighbour.tenant.id && ada.tenant.id != bob.tenant.id);
    // Into another inbox of the same tenant, and into another tenant's: the key of a mail knows where it belongs.
    for (to, from) in [(ada, neighbour), (ada, bob)] {
        thief.move_mail(&from.email, &to.tenant.id, &to.inbox.id).await;
        let mail = format!("/v1/inboxes/{}/emails/{}", to.inbox.id, from.email);
        for path in [mail.clone(), format!("{mail}/raw"), format!("{mail}/attachments/0")] {
            is_refused(&to.tenant.review("GET", path.clone()).send().await, &path);
        }
        let list = format!("/v1/inboxes/{}/emails", to.inbox.id);
        is_refused(&to.inbox.http("GET", list.clone()).send().await, &list);
        thief.move_mail(&from.email, &from.tenant.id, &from.inbox.id).await;
        to.inbox.http("GET", list).send().await.expect(200);
    }
    assert_eq!(unreadable_rows(&ada.tenant).await.len(), 8);
}

async fn names_and_endpoints_that_were_moved_are_refused(world: World) {
    let world = world.start_with(&["webhooks.allow_private=[\"127.0.0.0/8\"]"]).await;
    let mut made = Vec::new();
    for name in ["ada", "bob"] {
        let tenant = world.tenant(name).await;
        let said = format!("secret of {name}");
        let inbox = tenant.inbox_with(json!({ "displayName": said })).await;
        let key = tenant.http("POST", "/v1/keys").json(&json!({ "name": said })).send().await.expect(201);
        let hook = json!({ "url": "http://127.0.0.1:9/", "headers": { "X": said } });
        let hook = tenant.http("POST", "/v1/webhooks").json(&hook).send().await.expect(201);
        let keyid = key["id"].as_str().expect("an id").trim_start_matches("key_").to_owned();
        made.push((tenant, inbox, keyid, hook["id"].as_str().expect("an id").to_owned()));
    }
    let [(ada, inbox, key, hook), (_, bobs_inbox, bobs_key, bobs_hook)] = &made[..] else { panic!("two") };
    let thief = Thief::of(&world).await;
    for (table, id, column, own, foreign, path) in [
        ("inbox", "id", "profile", &inbox.id, &bobs_inbox.id, format!("/v1/inboxes/{}", inbox.id)),
        ("api_key", "keyid", "name", key, bobs_key, "/v1/keys".to_owned()),
        ("webhook", "id", "sealed", hook, bobs_hook, format!("/v1/webhooks/{hook}")),
    ] {
        ada.http("GET", path.clone()).send().await.expect(200);
        thief.exchange(table, id, column, own, foreign).await;
        is_refused(&ada.http("GET", path.clone()).send().await, table);
        thief.exchange(table, id, column, own, foreign).await;
        ada.http("GET", path).send().await.expect(200);
    }
    assert_eq!(unreadable_rows(ada).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keys_of_two_tenants_that_were_exchanged_open_nothing() {
    let world = World::on(Engine::Sqlite, &[]).await;
    let all = readers(&world).await;
    let (ada, bob) = (&all[0], &all[6]);
    let asks: Vec<(String, String)> = [ada, bob]
        .map(|one| (one.tenant.token.clone(), format!("/v1/inboxes/{}/emails/{}", one.inbox.id, one.email)))
        .to_vec();
    let file = world.data_dir().join("keystore.db");
    drop(all);
    world.stop().await;
    let keystore = sqlx::SqlitePool::connect(&format!("sqlite://{}", file.display())).await.expect("opened");
    // One statement would meet the other's name on its way.
    for sql in [
        "UPDATE tenant_key SET tenant_id = 'between' WHERE tenant_id = 'ada'",
        "UPDATE tenant_key SET tenant_id = 'ada' WHERE tenant_id = 'bob'",
        "UPDATE tenant_key SET tenant_id = 'bob' WHERE tenant_id = 'between'",
    ] {
        sqlx::query(sql).execute(&keystore).await.expect("exchanged");
    }
    keystore.close().await;
    let world = world.restart().await;
    for (token, path) in &asks {
        let answer = world.http("GET", path.clone()).token(token).send().await;
        assert!(answer.status >= 500 && !answer.text().contains("secret of"), "{}", answer.text());
    }
}
