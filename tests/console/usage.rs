//! Use, as people see and download it.

use crate::console::person::Person;
use crate::world::mail::plain;
use crate::world::{World, both_databases};

both_databases!(use_is_seen_and_downloaded_by_whose_it_is,);

async fn use_is_seen_and_downloaded_by_whose_it_is(world: World) {
    let ((_, inbox), (_, foreign)) = world.ada_and_bob().await;
    world.deliver_raw(&plain("one", "x"), &[&inbox.address]).await;
    let mut ann = Person::joined(&world, Some("ada"), "ann@ada.test", "viewer").await;
    let mut ben = Person::joined(&world, Some("bob"), "ben@bob.test", "admin").await;
    let mut olga = Person::joined(&world, None, "olga@host.test", "viewer").await;
    let page = ann.get("/console/usage").await.text();
    assert!(page.contains(&inbox.address) && page.contains("<strong>Mails received</strong>"), "{page}");
    assert!(!page.contains(&foreign.address), "{page}");
    assert!(!ben.get("/console/usage").await.text().contains(&inbox.address));
    let own = ann.get("/console/usage/days.csv?by=inbox").await;
    assert_eq!((own.status, own.header("x-content-type-options")), (200, Some("nosniff")));
    assert!(own.header("content-disposition").is_some_and(|it| it.starts_with("attachment;")));
    assert!(own.text().contains(&inbox.id), "{}", own.text());
    assert!(!ben.get("/console/usage/days.csv?by=inbox").await.text().contains(&inbox.id));
    // The staff see it of each tenant, the tenants' people nobody else's, and who is not signed in none.
    let staff = olga.get("/console/tenants/ada/usage").await;
    assert!(staff.status == 200 && staff.text().contains(&inbox.address), "{}", staff.text());
    assert!(olga.get("/console/tenants/ada/usage/days.csv?by=inbox").await.text().contains(&inbox.id));
    assert!(!olga.get("/console/tenants/bob/usage/days.csv?by=inbox").await.text().contains(&inbox.id));
    for path in ["usage", "usage/days.csv", "usage/statement.csv?month=2026-01"] {
        assert_eq!(ben.get(&format!("/console/tenants/ada/{path}")).await.status, 404, "{path}");
        assert_eq!(olga.get(&format!("/console/{path}")).await.status, 404, "{path}");
        assert_eq!(olga.get(&format!("/console/tenants/never/{path}")).await.status, 404, "{path}");
        let stranger = super::nobody(&world, &format!("/console/{path}")).await;
        assert_eq!((stranger.status, stranger.header("location")), (303, Some("/console/sign-in")), "{path}");
    }
    let month = mailward_mail::calendar::Day::of(mailward_mail::clock::Clock::system().now()).month();
    let statement = ann.get(&format!("/console/usage/statement.csv?month={month}")).await.text();
    assert!(statement.contains(&format!("{month},open,scale,received,1,")), "{statement}");
    for bad in ["2026-13", "9998-12", "x"] {
        assert_ne!(ann.get(&format!("/console/usage/statement.csv?month={bad}")).await.status, 200, "{bad}");
        assert_ne!(ann.get(&format!("/console/usage?month={bad}")).await.status, 200, "{bad}");
    }
}
