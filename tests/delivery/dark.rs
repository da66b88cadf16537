//! Name servers that do not answer for a while.

use super::{Host, Outside, Script};
use crate::sending::{fares, letter, sent};
use crate::world::mail::plain;
use crate::world::{World, both_databases};

both_databases!(mail_comes_and_waits_while_no_name_server_answers);

async fn mail_comes_and_waits_while_no_name_server_answers(world: World) {
    let outside = Outside::start(&world, &[]).await;
    let host: Host = outside.host("far.test", "127.0.0.2", Script::Plain).await;
    let inbox = outside.inbox().await;
    outside.dns.silence();
    // Who wrote it cannot be found out; that it came is no less true, and nobody is taken for proven.
    let reply = outside.world.deliver_raw(&plain("unproven", "x"), &[&inbox.address]).await;
    assert!(reply.starts_with("250 "), "{reply}");
    let came = inbox.emails().await;
    let dmarc = came[0]["security"]["dmarc"].as_str();
    assert!(matches!(dmarc, Some("temperror" | "none")), "{}", came[0]);
    let id = sent(&inbox, &letter(&inbox, &["mia@far.test"])).await;
    fares(&inbox, &id, "deferred").await;
    let ready = outside.world.http("GET", "/readyz").send().await;
    assert_eq!(ready.status, 200, "who asks for no names is served");
    outside.dns.speak();
    fares(&inbox, &id, "delivered").await;
    assert_eq!(host.mails().len(), 1);
}
