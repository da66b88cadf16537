//! Limits of sending hold exactly, whoever sends at the same time and wherever.

use serde_json::json;

use super::{letter, send, sent};
use crate::world::actors::{Inbox, Tenant};
use crate::world::{Engine, World, both_databases};

both_databases!(
    of_a_hundred_at_once_as_many_pass_as_may,
    a_mail_to_several_passes_whole_or_not_at_all,
    who_was_written_to_before_is_not_new,
    the_minute_s_rate_is_the_inbox_own,
    what_is_full_keeps_nothing_more,
    a_new_inbox_begins_with_a_few_and_doubles_each_day,
    of_forty_at_once_a_new_inbox_sends_what_it_may_today,
    who_comes_near_what_it_may_send_is_told_once,
);

/// Recipients that a tenant sent to today, as the database says.
pub async fn used_today(world: &World, tenant: &str) -> i64 {
    let rows = world.dump().await;
    let of_tenant =
        rows.iter().filter(|row| row.starts_with("use_count:") && row.contains("out") && row.contains("day"));
    let fields = |row: &str| -> Vec<String> {
        let row = row.trim_start_matches("use_count: ").trim_matches(['(', ')']);
        row.split(['|', ',']).map(|field| field.trim_matches(['\'', '"']).to_owned()).collect()
    };
    of_tenant
        .map(|row| fields(row))
        .filter(|row| row[0] == tenant && row[1].is_empty())
        .map(|row| row[5].parse::<i64>().expect("a number"))
        .sum()
}

async fn limited(world: &World, limits: serde_json::Value) -> (Tenant, Inbox) {
    let ada = world.tenant("ada").await;
    world
        .operator_http("PATCH", "/operator/v1/tenants/ada")
        .json(&json!({ "limits": limits }))
        .send()
        .await
        .expect(200);
    let inbox = ada.inbox().await;
    (ada, inbox)
}

async fn of_a_hundred_at_once_as_many_pass_as_may(world: World) {
    let shared = world.engine == Engine::Postgres;
    let world = if shared { World::node(&[]).await } else { world };
    let free = json!({ "dailySends": 37, "sendsPerMinutePerInbox": 0, "dailyNewRecipientsPerInbox": 0, "requestsPerSecond": 0 });
    let (ada, one) = limited(&world, free).await;
    let two = ada.inbox().await;
    let other = if shared { world.further_node("smtp,web,dispatch", &[]).await } else { world.clone() };
    let sends = (0..100).map(|n| {
        let at = if n % 2 == 0 { &world } else { &other };
        let inbox = if n % 3 == 0 { &one } else { &two };
        let inbox = Inbox { world: at.clone(), ..inbox.clone() };
        async move { send(&inbox, &letter(&inbox, &[&format!("r{n}@example.com")])).await }
    });
    let said = futures_util::future::join_all(sends).await;
    let taken = said.iter().filter(|answer| answer.status == 202).count();
    assert_eq!(taken, 37, "{:?}", said.iter().map(|answer| answer.status).collect::<Vec<_>>());
    let refused = said.iter().find(|answer| answer.status != 202).expect("one was refused");
    assert_eq!(refused.status, 429, "{}", refused.text());
    let body = refused.json();
    assert_eq!(
        (&body["error"], &body["limit"], &body["max"], &body["used"]),
        (&json!("send_limit_exceeded"), &json!("dailySends"), &json!(37), &json!(37))
    );
    assert!(body["resetsAt"].as_str().is_some_and(|at| at.ends_with("T00:00:00.000Z")), "{body}");
    assert!(body["fix"].is_string());
    assert!(refused.header("retry-after").is_some());
    assert_eq!(refused.header("ratelimit-limit"), Some("37"));
    assert_eq!(refused.header("ratelimit-remaining"), Some("0"));
    assert_eq!(used_today(&world, "ada").await, 37);
    other.stop().await;
}

async fn a_mail_to_several_passes_whole_or_not_at_all(world: World) {
    let (_ada, inbox) = limited(&world, json!({ "dailySendsPerInbox": 5 })).await;
    let to: Vec<String> = (0..4).map(|n| format!("r{n}@example.com")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    sent(&inbox, &letter(&inbox, &to)).await;
    let refused = send(&inbox, &letter(&inbox, &to[..2])).await.expect(429);
    assert_eq!((&refused["limit"], &refused["used"]), (&json!("dailySendsPerInbox"), &json!(4)));
    sent(&inbox, &letter(&inbox, &to[..1])).await;
    assert_eq!(used_today(&world, "ada").await, 5);
    // A lowered limit acts at once, a raised one too.
    world
        .operator_http("PATCH", "/operator/v1/tenants/ada")
        .json(&json!({ "limits": { "dailySendsPerInbox": 7, "monthlySends": 6 } }))
        .send()
        .await
        .expect(200);
    sent(&inbox, &letter(&inbox, &to[..1])).await;
    assert_eq!(send(&inbox, &letter(&inbox, &to[..1])).await.expect(429)["limit"], "monthlySends");
}

async fn who_was_written_to_before_is_not_new(world: World) {
    let (ada, inbox) = limited(&world, json!({ "dailyNewRecipientsPerInbox": 2 })).await;
    sent(&inbox, &letter(&inbox, &["a@example.com", "b@example.com"])).await;
    let refused = send(&inbox, &letter(&inbox, &["a@example.com", "c@example.com"])).await.expect(429);
    assert_eq!((&refused["limit"], &refused["used"]), (&json!("dailyNewRecipientsPerInbox"), &json!(2)));
    sent(&inbox, &letter(&inbox, &["B@Example.com"])).await;
    // Another inbox knows nobody, and has its own count.
    let other = ada.inbox().await;
    sent(&other, &letter(&other, &["c@example.com"])).await;
}

async fn the_minute_s_rate_is_the_inbox_own(world: World) {
    let (ada, inbox) =
        limited(&world, json!({ "sendsPerMinutePerInbox": 1, "dailyNewRecipientsPerInbox": 0 })).await;
    sent(&inbox, &letter(&inbox, &["a@example.com", "b@example.com"])).await;
    let refused = send(&inbox, &letter(&inbox, &["a@example.com"])).await.expect(429);
    assert_eq!(refused["limit"], "sendsPerMinutePerInbox");
    let other = ada.inbox().await;
    sent(&other, &letter(&other, &["a@example.com"])).await;
    let never =
        send(&other, &letter(&other, &["a@example.com", "b@example.com", "c@example.com"])).await.expect(429);
    assert_eq!(never["resetsAt"], json!(null), "so many never go at once");
}

async fn what_is_full_keeps_nothing_more(world: World) {
    let (_ada, inbox) = limited(&world, json!({ "storedBytes": 4000 })).await;
    let mut large = letter(&inbox, &["a@example.com"]);
    large["body"]["text"] = json!("x ".repeat(4_000));
    assert_eq!(send(&inbox, &large).await.expect(402)["limit"], "storedBytes");
    assert!(inbox.emails().await.is_empty());
}

async fn a_new_inbox_begins_with_a_few_and_doubles_each_day(world: World) {
    let world = world.start_with(&["outbound.ramp_first=2"]).await;
    let limits = json!({ "dailySendsPerInbox": 5, "dailyNewRecipientsPerInbox": 0, "dailySends": 0 });
    let (_ada, inbox) = limited(&world, limits).await;
    let one = letter(&inbox, &["a@example.com"]);
    let path = format!("/v1/inboxes/{}", inbox.id);
    for (allowed, max) in [(2, 2), (2, 4), (1, 5)] {
        let shown = inbox.http("GET", path.as_str()).send().await.expect(200);
        assert_eq!(shown["dailySends"], json!({ "today": max, "full": 5 }));
        for _ in 0..allowed {
            sent(&inbox, &one).await;
        }
        let refused = send(&inbox, &one).await.expect(429);
        assert_eq!((&refused["limit"], &refused["max"]), (&json!("dailySendsPerInbox"), &json!(max)));
        let text = |key: &str| refused[key].as_str().expect("text").to_owned();
        assert_eq!(
            max < 5,
            text("message").contains("grows to 5") && text("fix").contains("doubles"),
            "{refused}"
        );
        // The next day, as far as the inbox knows; what was sent stays counted in this one.
        world.tamper("UPDATE inbox SET created_at = created_at - 86400000").await;
    }
}

async fn of_forty_at_once_a_new_inbox_sends_what_it_may_today(world: World) {
    let world = world.start_with(&["outbound.ramp_first=7"]).await;
    let limits = json!({ "dailySendsPerInbox": 100, "dailyNewRecipientsPerInbox": 0, "dailySends": 0,
        "sendsPerMinutePerInbox": 0, "requestsPerSecond": 0 });
    let (ada, inbox) = limited(&world, limits).await;
    let sends = (0..40).map(|n| {
        let inbox = &inbox;
        async move { send(inbox, &letter(inbox, &[&format!("r{n}@example.com")])).await }
    });
    let said = futures_util::future::join_all(sends).await;
    assert_eq!(said.iter().filter(|answer| answer.status == 202).count(), 7);
    assert_eq!(used_today(&world, "ada").await, 7);
    // Where its inbox was made after today, by a clock that went back, it is as new as can be, and no newer.
    world.tamper("UPDATE inbox SET created_at = created_at + 172800000").await;
    assert_eq!(send(&inbox, &letter(&inbox, &["a@example.com"])).await.expect(429)["max"], 7);
    let (world, token) = (world.restart_shared().await, ada.token.clone());
    let path = format!("/v1/inboxes/{}", inbox.id);
    let shown = world.http("GET", path).token(&token).send().await.expect(200);
    assert_eq!(shown["dailySends"], json!({ "today": 7, "full": 100 }));
    let inbox = Inbox { world: world.clone(), ..inbox };
    assert_eq!(send(&inbox, &letter(&inbox, &["a@example.com"])).await.expect(429)["used"], 7);
}

async fn who_comes_near_what_it_may_send_is_told_once(world: World) {
    let limits = json!({ "dailySendsPerInbox": 5, "dailyNewRecipientsPerInbox": 0 });
    let (ada, inbox) = limited(&world, limits).await;
    let told = async || {
        let log = ada.http("GET", "/v1/events?limit=100").send().await.expect(200);
        let all = log["data"].as_array().expect("a list").clone();
        all.into_iter().filter(|event| event["type"] == "limit.approaching").collect::<Vec<_>>()
    };
    sent(&inbox, &letter(&inbox, &["a@example.com", "b@example.com", "c@example.com"])).await;
    assert!(told().await.is_empty());
    for _ in 0..2 {
        sent(&inbox, &letter(&inbox, &["a@example.com"])).await;
    }
    let events = told().await;
    assert_eq!(events.len(), 1, "{events:?}");
    let data = &events[0]["data"];
    assert_eq!(
        (&data["limit"], &data["max"], &data["used"], &events[0]["inboxId"]),
        (&json!("daily_sends_per_inbox"), &json!(5), &json!(4), &json!(inbox.id))
    );
}
