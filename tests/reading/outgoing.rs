//! Where a mail that goes out belongs, and what its header says of that.

use mailward_mail::address::Address;
use mailward_mail::id::{InboxId, ThreadId};
use mailward_mailroom::{Joined, Outgoing};

use super::{hold, send, text, written};
use crate::world::actors::Inbox;
use crate::world::{World, both_databases};

both_databases!(an_answer_joins_what_it_answers_and_nothing_of_others);

const ANN: &str = "Ann <ann@talk.example>";

async fn an_answer_joins_what_it_answers_and_nothing_of_others(world: World) {
    let ((ada, inbox), (_, foreign)) = world.ada_and_bob().await;
    let to = &inbox.address;
    send(&world, &written(ANN, to, "Talk", "1", &["0"], "x"), &[&inbox, &foreign]).await;
    send(&world, &written(ANN, to, "Other", "2", &[], "x"), &[&inbox]).await;
    let held = hold(&world, &ada, &inbox, "Subject: x\r\nMessage-ID: <h@talk.example>\r\n").await;
    let room = world.with_app(|app| app.room().clone());
    let caller = room.principal(&ada.token, [127, 0, 0, 1].into()).await.expect("a principal");
    let (id, address) = (InboxId::parse(&inbox.id).expect("an id"), Address::parse(to).expect("an address"));
    let join = async |outgoing: Outgoing<'_>| room.join_thread(&caller, &id, &address, &outgoing).await;
    let mails = inbox.emails().await;
    let (other, talk) = (&mails[0], &mails[1]);
    let recipients = vec!["ann@talk.example".to_owned()];
    let new = |in_reply_to, thread| Outgoing {
        message_id: "<new@agents.test>",
        recipients: &recipients,
        subject: "Re: Something else",
        in_reply_to,
        thread,
    };
    let by_id = join(new(Some(text(&talk["id"])), None)).await.expect("joined");
    let by_message_id = join(new(Some("<1@talk.example>"), None)).await.expect("joined");
    assert_eq!(by_id, by_message_id, "a mail may be named in both ways");
    assert_eq!(by_id.in_reply_to.as_deref(), Some("1@talk.example"));
    assert_eq!(by_id.references, ["0@talk.example", "1@talk.example"]);
    assert!(by_id.answers.as_ref().is_some_and(|id| id.as_str() == text(&talk["id"])));

    let thread = ThreadId::parse(text(&other["threadId"])).expect("an id");
    let named = join(new(None, Some(&thread))).await.expect("joined");
    assert_eq!(named.in_reply_to.as_deref(), Some("2@talk.example"), "its newest mail is answered");
    let subject = Outgoing { subject: "AW: Other", ..new(None, None) };
    let by_subject: Joined = join(subject).await.expect("joined");
    assert_eq!(by_subject.threading.thread, named.threading.thread, "the same people on the same subject");
    assert_eq!((by_subject.in_reply_to, by_subject.references), (None, Vec::new()));

    let unknown = join(new(Some("<who@knows.example>"), None)).await.expect("somebody's mail");
    assert_eq!((unknown.in_reply_to.as_deref(), unknown.answers), (Some("who@knows.example"), None));
    // A held mail is as unknown as one that never came, by whatever name.
    let of_held = join(new(Some("<h@talk.example>"), None)).await.expect("somebody's mail");
    assert_eq!(of_held.answers, None);
    assert!(join(new(Some(&held), None)).await.is_err());
    let foreigners = text(&foreign.emails().await[0]["id"]).to_owned();
    assert!(join(new(Some(&foreigners), None)).await.is_err());
    let foreign_thread = ThreadId::parse(&foreigners.replace("eml_", "thd_")).expect("an id");
    assert!(join(new(None, Some(&foreign_thread))).await.is_err());
    assert!(join(new(Some("a@b\r\nBcc: x@y.example"), None)).await.is_err());
    let (own, inbox_key): (&Inbox, _) = (&inbox, &foreign.token);
    let stranger = room.principal(inbox_key, [127, 0, 0, 1].into()).await.expect("a principal");
    assert!(room.join_thread(&stranger, &id, &address, &new(None, None)).await.is_err(), "{}", own.id);
}
