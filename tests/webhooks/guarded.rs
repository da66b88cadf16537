//! Names that change their minds: what was public when an endpoint was made, and is not when it is called.

use std::net::Ipv4Addr;

use serde_json::json;
use tokio::net::TcpListener;

use super::server::deliveries;
use crate::world::dns_server::{DnsServer, Kind, Record, Records};
use crate::world::{World, both_databases};

both_databases!(
    a_name_that_points_inside_by_the_time_of_the_call_is_not_called,
    a_name_with_one_address_inside_is_refused_at_once,
);

const HOST: &str = "hooks.example.org";

async fn with_names(world: &World, answer: Vec<Record>) -> (World, DnsServer) {
    let (address, server) = DnsServer::start(Records::from([((HOST.to_owned(), Kind::A), answer)])).await;
    (world.start_with(&[&format!("dns.servers=[\"{address}\"]")]).await, server)
}

async fn a_name_that_points_inside_by_the_time_of_the_call_is_not_called(world: World) {
    let inside = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = inside.local_addr().expect("a bound socket").port();
    let (world, server) = with_names(&world, vec![Record::A(Ipv4Addr::new(8, 8, 8, 8))]).await;
    // Public when it is judged, and from then on ours.
    server.then(HOST, Kind::A, vec![Record::A(Ipv4Addr::LOCALHOST)]);
    let ada = world.tenant("ada").await;
    let body = json!({ "url": format!("https://{HOST}:{port}/hook") });
    let made = ada.http("POST", "/v1/webhooks").json(&body).send().await.expect(201);
    let id = made["id"].as_str().expect("an id");
    let log = deliveries(&ada, id, 1).await;
    assert_eq!(
        (&log[0]["status"], &log[0]["error"]),
        (&json!(null), &json!("the host must resolve to public addresses only"))
    );
    // The connection would have been made before the log was written.
    assert!(futures_util::FutureExt::now_or_never(inside.accept()).is_none(), "it was dialled");
    // Nor can it be changed to where it points now.
    let patch = json!({ "url": format!("https://{HOST}:{port}/other") });
    assert_eq!(ada.http("PATCH", format!("/v1/webhooks/{id}")).json(&patch).send().await.status, 422);
}

async fn a_name_with_one_address_inside_is_refused_at_once(world: World) {
    let both = vec![Record::A(Ipv4Addr::new(8, 8, 8, 8)), Record::A(Ipv4Addr::new(169, 254, 169, 254))];
    let (world, _server) = with_names(&world, both).await;
    let ada = world.tenant("ada").await;
    let body = json!({ "url": format!("https://{HOST}/hook") });
    let refused = ada.http("POST", "/v1/webhooks").json(&body).send().await.expect(422);
    assert_eq!(refused["error"], json!("url_not_allowed"));
    assert!(!refused.to_string().contains("169.254"), "no address is told: {refused}");
}
