//! What the service says of itself in `/openapi.json`, held against what it does: schemathesis asks every route what its
//! description allows and what it does not, and every answer has to be a described one, and none our own fault.

use crate::world::{Engine, World};

use super::program::{Program, installed};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_one_that_the_description_knows() {
    installed();
    let world = World::on(Engine::Sqlite, &[]).await;
    Program::contract().against(&world).await;
}

#[tokio::test]
async fn the_description_for_people_is_readable_without_anything_that_runs() {
    let world = World::on(Engine::Sqlite, &[]).await;
    let page = world.http("GET", "/docs").send().await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
    assert!(!policy.contains("script") && !policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    assert!(page.text().contains("<article id=\"createInbox\">"));
    let style = world.http("GET", "/docs/style.css").send().await;
    assert_eq!((style.status, style.header("content-type")), (200, Some("text/css; charset=utf-8")));
}
