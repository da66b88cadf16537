//! The day in which sends are counted: UTC's, wherever the machine is, and none that begins again.

use std::process::Command;
use std::time::Duration;

use mailward_mail::calendar::Day;
use mailward_mail::clock::{Clock, Timestamp};
use mailward_mail::id::InboxId;
use mailward_store::Sent;
use serde_json::json;

use super::{letter, sent};
use crate::world::http::Request;
use crate::world::process::{Process, binary};
use crate::world::{World, both_databases};

both_databases!(a_clock_that_goes_back_by_a_day_gives_nothing_anew);

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_utcs_wherever_the_machine_is_and_after_each_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let serve = |zone: &str| {
        let mut command = Command::new(binary());
        command.env("TZ", zone);
        Process::spawn(command, &data)
    };
    let midnight = || {
        let tomorrow = Day::of(Clock::system().now()).next().start();
        tomorrow.to_string()
    };
    // Fourteen hours before UTC and eight or seven behind it: two of the three are never on one day.
    let mut process = serve("Pacific/Kiritimati");
    let before = midnight();
    let (_, address, token) = crate::crash::inbox(&process, &data, "ada").await;
    let operator = std::fs::read_to_string(data.join("operator.key")).expect("a key");
    let limits = json!({ "limits": { "dailySends": 1 } });
    Request::new(process.operator, "PATCH", "/operator/v1/tenants/ada")
        .token(operator.trim())
        .json(&limits)
        .send()
        .await
        .expect(200);
    let body = json!({ "from": address, "to": ["mia@example.com"], "subject": "x", "body": { "text": "x" } });
    let send = async |process: &Process| {
        let request = Request::new(process.http, "POST", "/v1/emails/send").token(&token);
        request.json(&body).send().await
    };
    send(&process).await.expect(202);
    for zone in ["Pacific/Kiritimati", "America/Los_Angeles", "UTC", "Asia/Kathmandu"] {
        process.kill();
        process = serve(zone);
        let answer = send(&process).await;
        if midnight() != before {
            // The day ended in the midst of this: it is a new one in all zones.
            return;
        }
        let refused = answer.expect(429);
        let told = (&refused["limit"], &refused["used"], &refused["resetsAt"]);
        assert_eq!(told, (&json!("dailySends"), &json!(1), &json!(before)), "{zone}");
    }
}

async fn a_clock_that_goes_back_by_a_day_gives_nothing_anew(world: World) {
    let ada = world.tenant("ada").await;
    let inbox = ada.inbox().await;
    sent(&inbox, &letter(&inbox, &["mia@example.com"])).await;
    let store = world.store().await;
    let (tenant, id) = (crate::limits::route(&store, &inbox.address).await.tenant, InboxId::parse(&inbox.id));
    let id = id.expect("an id");
    let used = async |now: Timestamp| {
        let mut scope = tenant.write().await.expect("a scope");
        let used = scope.send_use(&id, now).await.expect("read");
        scope.commit().await.expect("committed");
        used
    };
    let send = async |now: Timestamp, many: i64| {
        let mut scope = tenant.write().await.expect("a scope");
        let used = scope.send_use(&id, now).await.expect("read");
        let new = [[7; 16]];
        let sent = Sent {
            inbox: &id,
            day: used.day,
            departure: used.departure,
            recipients: many,
            bytes: 1,
            new: &new,
        };
        scope.count_sent(&sent).await.expect("counted");
        scope.commit().await.expect("committed");
    };
    // The last moment of a month that is to come, and the first one of the next.
    let late = Timestamp::parse("2041-05-31T23:59:59.999Z").expect("a moment");
    let early = late.plus(Duration::from_millis(1));
    send(late, 5).await;
    assert_eq!((used(late).await.tenant_today, used(late).await.tenant_this_month), (5, 5));
    let fresh = used(early).await;
    assert_eq!(
        (fresh.tenant_today, fresh.tenant_this_month, fresh.inbox_today, fresh.new_today),
        (0, 0, 0, 0)
    );
    send(early, 3).await;
    let now = used(early).await;
    assert_eq!((now.tenant_today, now.tenant_this_month, now.inbox_today), (3, 3, 3));
    // By a moment over midnight, by an hour, by a day: it is the day that had begun, and all that was used in it is.
    for back in [1, 3_600_000, 86_400_000] {
        let behind = used(early.minus(Duration::from_millis(back))).await;
        assert_eq!((behind.day, behind.tenant_today, behind.inbox_today), (now.day, 3, 3), "{back}");
        assert_eq!((behind.tenant_this_month, behind.new_today), (3, now.new_today), "{back}");
    }
    send(early.minus(Duration::from_secs(86_400)), 1).await;
    assert_eq!((used(early).await.tenant_today, used(early).await.day), (4, Day::of(early)));
}
