//! What was sent, for the people of its tenant who may see mail.

use serde_json::json;

use crate::console::person::Person;
use crate::sending::{fares, letter, sent};
use crate::world::{World, both_databases};

both_databases!(reviewers_see_how_mail_fares_and_nobody_else_does);

async fn reviewers_see_how_mail_fares_and_nobody_else_does(world: World) {
    let ((_ada, inbox), (_bob, _)) = world.ada_and_bob().await;
    let mut mail = letter(&inbox, &["mia@elsewhere.example"]);
    mail["subject"] = json!("<script>alert(1)</script> \u{202e}terces");
    mail["body"]["text"] = json!("nobody reads this here");
    let id = sent(&inbox, &mail).await;
    fares(&inbox, &id, "sent").await;
    let path = format!("/console/inboxes/{}/sent", inbox.id);
    let mut ann = Person::joined(&world, Some("ada"), "ann@ada.test", "reviewer").await;
    assert!(ann.get("/console/inboxes").await.text().contains(&format!("href=\"{path}\"")));
    let page = ann.get(&path).await.text();
    for part in [&id, "mia@elsewhere.example", "handed on", "&#60;script&#62;", "RLO"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("<script>alert") && !page.contains("nobody reads this here"), "{page}");
    let mut vic = Person::joined(&world, Some("ada"), "vic@ada.test", "viewer").await;
    assert_eq!(vic.get(&path).await.status, 403);
    assert!(!vic.get("/console/inboxes").await.text().contains(&path), "nor is it offered");
    for (tenant, name) in [(Some("bob"), "ben@bob.test"), (None, "olga@host.test")] {
        let mut other = Person::joined(&world, tenant, name, "admin").await;
        assert_eq!(other.get(&path).await.status, 404, "{name}");
    }
    assert_eq!(super::nobody(&world, &path).await.status, 303);
    for bad in ["/console/inboxes/ibx_none/sent", "/console/inboxes/%00/sent"] {
        assert_eq!(ann.get(bad).await.status, 404, "{bad}");
    }
    assert_eq!(ann.get(&format!("{path}?before=x")).await.status, 200, "no place is the beginning");
}
