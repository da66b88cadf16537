//! Threads: what belongs together, what does not, and what of it an agent may know.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{blind, get, hold, list, send, text, written};
use crate::world::actors::{Inbox, Tenant};
use crate::world::http::Answer;
use crate::world::{World, both_databases};

both_databases!(
    answers_join_what_they_answer,
    a_subject_joins_only_the_same_people,
    a_held_mail_is_in_no_thread_until_it_is_released,
    a_thread_is_its_inbox_own,
    a_walk_meets_every_thread_once_whatever_comes_meanwhile,
    a_long_thread_comes_in_parts,
    a_taken_message_id_draws_no_answers_away,
    mail_that_comes_at_once_is_joined,
    what_opens_and_what_answers_is_told,
    threads_are_the_same_after_a_restart,
);

const ANN: &str = "Ann <ann@talk.example>";
const BOB: &str = "Bob <bob@talk.example>";

/// Subjects of an inbox' mails with the thread of each, oldest first.
async fn threads_of(inbox: &Inbox) -> Vec<(String, String)> {
    let mut mails = inbox.emails().await;
    mails.reverse();
    mails.iter().map(|mail| (text(&mail["subject"]).to_owned(), text(&mail["threadId"]).to_owned())).collect()
}

async fn answers_join_what_they_answer(world: World) {
    let inbox = world.tenant("ada").await.inbox().await;
    let to = &inbox.address;
    for mail in [
        written(ANN, to, "Lunch", "1", &[], "at noon?"),
        written(BOB, &format!("ann@talk.example, {to}"), "AW: Lunch", "2", &["1"], "yes"),
        written(ANN, to, "Dinner", "3", &["0", "1", "2"], "rather that"),
        written(BOB, to, "Lunch", "4", &[], "another lunch of mine"),
    ] {
        send(&world, &mail, &[&inbox]).await;
    }
    let found = threads_of(&inbox).await;
    assert_eq!(found.len(), 4);
    assert!(found[1].1 == found[0].1 && found[2].1 == found[0].1, "{found:?}");
    assert_ne!(found[3].1, found[0].1, "other people");
    let threads = get(&inbox, "/threads").await;
    assert_eq!((&threads["hasMore"], &threads["cursor"]), (&json!(false), &Value::Null));
    let [other, lunch] = &list(&threads["data"])[..] else { panic!("{threads}") };
    assert_eq!(text(&lunch["id"]), found[0].1);
    assert_eq!((&lunch["subject"], &lunch["emailCount"]), (&json!("Lunch"), &json!(3)));
    assert_eq!((&other["emailCount"], &other["inboxId"]), (&json!(1), &json!(inbox.id)));
    assert!(text(&lunch["createdAt"]) < text(&lunch["lastEmailAt"]));

    let open = get(&inbox, &format!("/threads/{}", found[0].1)).await;
    let subjects: Vec<&str> = list(&open["emails"]).iter().map(|mail| text(&mail["subject"])).collect();
    assert_eq!(subjects, ["Lunch", "AW: Lunch", "Dinner"], "oldest first");
    let first = &open["emails"][0];
    assert_eq!((&first["isInjectionRisk"], &first["from"]), (&json!(false), &json!("ann@talk.example")));
    assert_eq!((&open["emailCount"], &first["body"]), (&json!(3), &Value::Null));
}

async fn a_subject_joins_only_the_same_people(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let to = &inbox.address;
    let tagged = to.replace('@', "+shop@");
    let both = format!("{to}, Carol <Carol@talk.example>");
    for (from, to, subject) in [
        (ANN, to, "Plan"),
        ("Ann <ANN@talk.example>", &tagged, "Re: plan"),
        (ANN, &both, "Plan"),
        ("Carol <carol@talk.example>", &format!("{to}, ann@talk.example"), "Fwd: Re: Plan"),
        (ANN, to, "Plan B"),
    ] {
        let number = format!("{}{}", subject.len(), from.len() + to.len());
        send(&world, &written(from, to, subject, &number, &[], "x"), &[&inbox]).await;
    }
    let found = threads_of(&inbox).await;
    let of = |at: usize| &found[at].1;
    assert_eq!(of(0), of(1), "a tag and the case make no other people");
    assert_ne!(of(0), of(2), "one more is another circle");
    assert_eq!(of(2), of(3), "the same people, another of them writes");
    assert_ne!(of(0), of(4), "another subject");
}

async fn a_held_mail_is_in_no_thread_until_it_is_released(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    let held = hold(&world, &ada, &inbox, "Subject: Talk\r\nMessage-ID: <h@talk.example>\r\n").await;
    assert!(list(&get(&inbox, "/threads").await["data"]).is_empty());
    let named_after_it = format!("/v1/inboxes/{}/threads/{}", inbox.id, held.replace("eml_", "thd_"));
    assert_eq!(inbox.http("GET", named_after_it.clone()).send().await.status, 404);
    send(&world, &written(BOB, &inbox.address, "Re: Talk", "a", &["h"], "x"), &[&inbox]).await;
    let before = get(&inbox, "/threads").await;
    let thread = &before["data"][0];
    assert_eq!((list(&before["data"]).len(), &thread["emailCount"]), (1, &json!(1)));
    assert_eq!(thread["subject"], json!("Re: Talk"), "the held mail's is not told");
    let path = format!("/threads/{}", text(&thread["id"]));
    assert_eq!(list(&get(&inbox, &path).await["emails"]).len(), 1);

    ada.review("POST", format!("/v1/review/{held}/release")).send().await.expect(200);
    let after = get(&inbox, &path).await;
    assert_eq!((&after["emailCount"], &after["id"]), (&json!(2), &thread["id"]), "the thread keeps its name");
    assert_eq!(text(&after["emails"][1]["id"]), held);
    assert_eq!(inbox.http("GET", named_after_it).send().await.status, 404, "it did not open the thread");

    let rejected = hold(&world, &ada, &inbox, "Subject: Re: Talk\r\nIn-Reply-To: <a@talk.example>\r\n").await;
    ada.review("POST", format!("/v1/review/{rejected}/reject")).send().await.expect(200);
    assert_eq!(get(&inbox, &path).await["emailCount"], json!(2));
    let told = get(&inbox, &path).await.to_string() + &get(&inbox, "/threads").await.to_string();
    assert!(!told.contains(&rejected), "{told}");
}

/// What is answered byte for byte alike, but for the request's id.
fn alike(answer: &Answer) -> (u16, Value) {
    let mut body = answer.json();
    body["requestId"] = Value::Null;
    (answer.status, body)
}

async fn a_thread_is_its_inbox_own(world: World) {
    let ((ada, one), (bob, foreign)) = world.ada_and_bob().await;
    let two = ada.inbox().await;
    let to = format!("{}, {}, {}", one.address, two.address, foreign.address);
    send(&world, &written(ANN, &to, "Hello", "1", &[], "x"), &[&one, &two, &foreign]).await;
    send(&world, &written(BOB, &to, "Other words", "2", &["1"], "x"), &[&one, &two, &foreign]).await;
    let mut names = BTreeSet::new();
    for inbox in [&one, &two, &foreign] {
        let threads = get(inbox, "/threads").await;
        assert_eq!((list(&threads["data"]).len(), &threads["data"][0]["emailCount"]), (1, &json!(2)));
        names.insert(text(&threads["data"][0]["id"]).to_owned());
    }
    assert_eq!(names.len(), 3, "each has its own");
    let thread = text(&get(&one, "/threads").await["data"][0]["id"]).to_owned();
    let never = "thd_00000000000000000000000000";
    let ask = async |token: &str, inbox: &Inbox, thread: &str| {
        let path = format!("/v1/inboxes/{}/threads/{thread}", inbox.id);
        alike(&world.http("GET", path).token(token).send().await)
    };
    assert_eq!(ask(&ada.token, &one, &thread).await.0, 200);
    for (token, inbox) in [
        (&bob.token, &one),
        (&bob.token, &foreign),
        (&foreign.token, &foreign),
        (&two.token, &one),
        (&two.token, &two),
        (&ada.token, &two),
        (&ada.token, &foreign),
    ] {
        let answer = ask(token, inbox, &thread).await;
        assert_eq!(answer, ask(token, inbox, never).await);
        assert_eq!(answer.0, 404);
    }
    for token in [&bob.token, &two.token, &foreign.token] {
        let path = format!("/v1/inboxes/{}/threads", one.id);
        assert_eq!(world.http("GET", path).token(token).send().await.status, 404);
    }
    let path = format!("/v1/inboxes/{}/threads", one.id);
    assert_eq!(world.http("GET", path).token(&blind(&ada).await).send().await.status, 403);
    assert_eq!(world.http("GET", format!("/v1/inboxes/{}/threads", one.id)).send().await.status, 401);
    // A mail that answers in a thread names none.
    let answer = text(&one.emails().await[0]["id"]).replace("eml_", "thd_");
    assert_eq!(ask(&ada.token, &one, &answer).await.0, 404);
    ada.http("DELETE", format!("/v1/inboxes/{}", one.id)).send().await.expect(200);
    assert_eq!(ask(&ada.token, &one, &thread).await.0, 404);
}

async fn a_walk_meets_every_thread_once_whatever_comes_meanwhile(world: World) {
    let inbox = world.tenant("ada").await.inbox().await;
    let to = &inbox.address;
    for n in 0..7 {
        send(&world, &written(ANN, to, &format!("S{n}"), &n.to_string(), &[], "x"), &[&inbox]).await;
    }
    // The walk's own order: who was written to last comes first.
    send(&world, &written(ANN, to, "Re: S2", "2b", &["2"], "x"), &[&inbox]).await;
    let (mut seen, mut query, mut more) = (Vec::new(), String::from("/threads?limit=2"), 0);
    loop {
        let page = get(&inbox, &query).await;
        seen.extend(list(&page["data"]).iter().map(|thread| text(&thread["subject"]).to_owned()));
        let Some(cursor) = page["cursor"].as_str() else {
            assert_eq!(page["hasMore"], json!(false));
            break;
        };
        query = format!("/threads?limit=2&cursor={cursor}");
        // A thread that was seen, one that was not, and a new one are written to.
        for (subject, answers) in [("Re: S6", "6"), ("Re: S0", "0"), ("New", "none")] {
            more += 1;
            let mail = written(ANN, to, &format!("{subject}{more}"), &format!("m{more}"), &[answers], "x");
            send(&world, &mail, &[&inbox]).await;
        }
    }
    assert_eq!(seen, ["S2", "S6", "S5", "S4", "S3", "S1", "S0"]);
    let fresh = get(&inbox, "/threads?limit=100").await;
    assert_eq!(list(&fresh["data"]).len(), 7 + more / 3);
    for bad in ["limit=0", "limit=101", "cursor=x", "cursor=MTI", "cursor=LTEgLTE", "offset=1"] {
        let status = inbox.http("GET", format!("/v1/inboxes/{}/threads?{bad}", inbox.id)).send().await.status;
        assert!(status == 400 || bad == "cursor=LTEgLTE" && status == 200, "{bad}: {status}");
    }
}

async fn a_long_thread_comes_in_parts(world: World) {
    let inbox = world.tenant("ada").await.inbox().await;
    for n in 0..5 {
        let answers: Vec<String> = (0..n).map(|n| n.to_string()).collect();
        let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
        let mail = written(ANN, &inbox.address, &format!("No {n}"), &n.to_string(), &answers, "x");
        send(&world, &mail, &[&inbox]).await;
    }
    let id = threads_of(&inbox).await.remove(0).1;
    let (mut seen, mut query) = (Vec::new(), format!("/threads/{id}?limit=2"));
    loop {
        let part = get(&inbox, &query).await;
        assert_eq!(part["emailCount"].as_u64().map(|count| count >= 5), Some(true));
        seen.extend(list(&part["emails"]).iter().map(|mail| text(&mail["subject"]).to_owned()));
        if seen.len() == 2 {
            send(&world, &written(ANN, &inbox.address, "No 5", "5", &["4"], "x"), &[&inbox]).await;
        }
        let Some(cursor) = part["cursor"].as_str() else { break };
        query = format!("/threads/{id}?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ["No 0", "No 1", "No 2", "No 3", "No 4", "No 5"], "what comes meanwhile is at the end");
}

async fn a_taken_message_id_draws_no_answers_away(world: World) {
    let inbox = world.tenant("ada").await.inbox().await;
    let to = &inbox.address;
    for mail in [
        written(ANN, to, "Contract", "c", &[], "x"),
        // Somebody else's mail says that it is Ann's.
        written("Eve <eve@talk.example>", to, "Gift", "c", &[], "x"),
        written(ANN, to, "About it", "d", &["c"], "x"),
    ] {
        send(&world, &mail, &[&inbox]).await;
    }
    let found = threads_of(&inbox).await;
    assert_eq!(found[2].1, found[0].1);
    assert_ne!(found[1].1, found[0].1);
}

async fn mail_that_comes_at_once_is_joined(world: World) {
    let inbox = world.tenant("ada").await.inbox().await;
    let mut sent = tokio::task::JoinSet::new();
    for n in 0..12 {
        // Every one answers the one before, and they come in any order.
        let before = (n - 1).to_string();
        let answers: &[&str] = if n == 0 { &[] } else { &[&before] };
        let mail = written(ANN, &inbox.address, "Re: One talk", &n.to_string(), answers, "x");
        let (world, inbox) = (world.clone(), inbox.clone());
        sent.spawn(async move { send(&world, &mail, &[&inbox]).await });
    }
    while let Some(done) = sent.join_next().await {
        done.expect("sent");
    }
    let threads = get(&inbox, "/threads").await;
    assert_eq!(
        (list(&threads["data"]).len(), &threads["data"][0]["emailCount"]),
        (1, &json!(12)),
        "{threads}"
    );
}

/// Kinds of events with the subject of their mail, as they are stored; held mail has none.
async fn told(world: &World, tenant: &Tenant) -> Vec<(String, String)> {
    let rows = world.dump().await;
    let rows = rows.iter().filter(|row| row.starts_with("event:") && row.contains(&tenant.id));
    let mut told = Vec::new();
    for row in rows {
        for kind in ["email.thread.new", "email.thread.reply", "email.received", "email.quarantined"] {
            if row.contains(&format!("'{kind}'"))
                || row.contains(&format!("\"{kind}\""))
                || row.contains(&format!("{kind},"))
            {
                let at = row.find("eml_").expect("a mail");
                told.push((row[at..at + 30].to_owned(), kind.to_owned()));
            }
        }
    }
    told.sort();
    told
}

async fn what_opens_and_what_answers_is_told(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    send(&world, &written(ANN, &inbox.address, "Talk", "1", &[], "x"), &[&inbox]).await;
    send(&world, &written(BOB, &inbox.address, "Talk", "2", &["1"], "x"), &[&inbox]).await;
    let held = hold(&world, &ada, &inbox, "Subject: Re: Talk\r\nIn-Reply-To: <1@talk.example>\r\n").await;
    let mails = inbox.emails().await;
    let (answer, first) = (text(&mails[0]["id"]), text(&mails[1]["id"]));
    let of = |id: &str, kinds: &[&str]| -> Vec<(String, String)> {
        kinds.iter().map(|kind| (id.to_owned(), (*kind).to_owned())).collect()
    };
    let mut expected = of(first, &["email.received", "email.thread.new"]);
    expected.extend(of(answer, &["email.received", "email.thread.reply"]));
    expected.extend(of(&held, &["email.quarantined"]));
    expected.sort();
    assert_eq!(told(&world, &ada).await, expected);
    ada.review("POST", format!("/v1/review/{held}/release")).send().await.expect(200);
    expected.extend(of(&held, &["email.received", "email.thread.reply"]));
    expected.sort();
    assert_eq!(told(&world, &ada).await, expected);
}

async fn threads_are_the_same_after_a_restart(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    send(&world, &written(ANN, &inbox.address, "Talk", "1", &[], "x"), &[&inbox]).await;
    send(&world, &written(BOB, &inbox.address, "Other words", "2", &["1"], "x"), &[&inbox]).await;
    let before = get(&inbox, "/threads").await;
    assert_eq!(list(&before["data"]).len(), 1);
    // The service again on the same data.
    let world = world.restart_shared().await;
    let path = format!("/v1/inboxes/{}/threads", inbox.id);
    assert_eq!(world.http("GET", path).token(&inbox.token).send().await.expect(200), before);
}
