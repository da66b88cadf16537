//! Who gets in, who does not, and how it ends.

use crate::console::person::{Person, invited};
use crate::console::{nobody, person};
use crate::world::http::Request;
use crate::world::{World, both_databases};

both_databases!(
    an_invitation_is_good_once_and_ends_in_a_session,
    signing_in_takes_a_password_and_a_code_that_was_never_used,
    a_recovery_code_signs_in_once,
    nobody_sees_a_page_without_a_session,
    people_of_a_tenant_and_of_the_operator_do_not_meet,
    a_form_of_another_page_changes_nothing,
    an_admin_invites_changes_and_removes_and_nobody_else_does,
    nothing_of_a_person_is_stored_in_clear,
);

async fn an_invitation_is_good_once_and_ends_in_a_session(world: World) {
    world.tenant("ada").await;
    let path = invited(&world, Some("ada"), "ann@ada.test", "reviewer").await;
    let mut ann = Person::joining(world.http, Some("ada"), "ann@ada.test", &path).await;
    let review = ann.get("/console/review").await;
    assert_eq!(review.status, 200, "{}", review.text());
    assert!(review.text().contains("Nothing waits"), "{}", review.text());
    assert_eq!(nobody(&world, &path).await.status, 404, "it was used");
    assert_eq!(nobody(&world, "/console/invitation/never").await.status, 404);
    // Once more is another link, and who has joined gets none.
    let first = invited(&world, Some("ada"), "ben@ada.test", "viewer").await;
    let second = invited(&world, Some("ada"), "ben@ada.test", "viewer").await;
    assert_eq!(nobody(&world, &first).await.status, 404);
    assert_eq!(nobody(&world, &second).await.status, 200);
    assert_eq!(
        Request::new(world.operator, "GET", second.as_str()).send().await.status,
        404,
        "not at the operator's door"
    );
    let again = Request::new(world.operator, "POST", "/operator/v1/people").token(&world.operator_token);
    let body = serde_json::json!({"email": "ANN@ada.test", "role": "admin", "tenant": "ada"});
    again.json(&body).send().await.expect(409);
    let stranger = Request::new(world.operator, "POST", "/operator/v1/people").token(&world.operator_token);
    let body = serde_json::json!({"email": "x@y.test", "role": "admin", "tenant": "nobody"});
    stranger.json(&body).send().await.expect(404);
}

async fn signing_in_takes_a_password_and_a_code_that_was_never_used(world: World) {
    world.tenant("ada").await;
    let mut ann = Person::joined(&world, Some("ada"), "ann@ada.test", "reviewer").await;
    let used = ann.code(0);
    assert_eq!(ann.post("/console/sign-out", &[]).await.status, 303);
    assert_eq!(ann.get("/console/review").await.header("location"), Some("/console/sign-in"));

    let wrong = ann.gives_password("correct horse batterx").await;
    assert_eq!(wrong.status, 403);
    let mut unknown = Person { email: "eve@ada.test".into(), ..ann.elsewhere() };
    let nobody = unknown.gives_password("correct horse battery").await;
    assert_eq!(nobody.status, 403);
    let mut elsewhere = Person { organisation: Some("bob".into()), ..ann.elsewhere() };
    assert_eq!(elsewhere.gives_password("correct horse battery").await.status, 403);

    let password = ann.password.clone();
    assert_eq!(ann.gives_password(&password).await.header("location"), Some("/console/sign-in/code"));
    // Half a session opens nothing.
    assert_eq!(ann.get("/console/review").await.header("location"), Some("/console/sign-in"));
    assert_eq!(ann.gives_code("000000").await.status, 403);
    assert_eq!(ann.gives_code(&used).await.status, 403, "the code of the invitation was used");
}

async fn a_recovery_code_signs_in_once(world: World) {
    world.tenant("ada").await;
    let ann = Person::joined(&world, Some("ada"), "ann@ada.test", "reviewer").await;
    let (password, code) = (ann.password.clone(), ann.recovery[3].to_uppercase());
    let mut browser = ann.elsewhere();
    browser.gives_password(&password).await;
    assert_eq!(browser.gives_code(&code).await.header("location"), Some("/console"));
    assert_eq!(browser.get("/console/review").await.status, 200);
    let mut again = ann.elsewhere();
    again.gives_password(&password).await;
    assert_eq!(again.gives_code(&code).await.status, 403);
}

async fn nobody_sees_a_page_without_a_session(world: World) {
    world.tenant("ada").await;
    let mut ann = Person::joined(&world, Some("ada"), "ann@ada.test", "admin").await;
    for path in ["/console", "/console/review", "/console/people"] {
        let answer = nobody(&world, path).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/console/sign-in")), "{path}");
        let made_up = ann.elsewhere().with_cookie("__Host-mailward", &"A".repeat(43));
        let answer = made_up.request("GET", path).send().await;
        assert_eq!(answer.status, 303, "{path}");
        // Two of one name: somebody put one there.
        let value = ann.cookies()["__Host-mailward"].clone();
        let twice = format!("__Host-mailward={value}; __Host-mailward=x");
        let answer = Request::new(world.http, "GET", path).header("cookie", &twice).send().await;
        assert_eq!(answer.status, 303, "{path}");
    }
    let page = ann.get("/console/review").await;
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("cross-origin-opener-policy"), Some("same-origin"));
}

async fn people_of_a_tenant_and_of_the_operator_do_not_meet(world: World) {
    world.tenant("ada").await;
    let mut ann = Person::joined(&world, Some("ada"), "ann@ada.test", "admin").await;
    let mut olga = Person::joined(&world, None, "olga@host.test", "admin").await;
    assert_eq!(ann.get("/console/people").await.status, 200);
    assert_eq!(olga.get("/console/people").await.status, 200);
    // The secret of one listener under the other's name, and the other way round.
    let hers = olga.cookies()["__Host-mailward-staff"].clone();
    let swapped = ann.elsewhere().with_cookie("__Host-mailward", &hers);
    assert_eq!(swapped.request("GET", "/console/people").send().await.status, 303);
    let anns = ann.cookies()["__Host-mailward"].clone();
    let swapped = olga.elsewhere().with_cookie("__Host-mailward-staff", &anns);
    assert_eq!(swapped.request("GET", "/console/people").send().await.status, 303);
    // Nor do their passwords open the other's door.
    let password = ann.password.clone();
    assert_eq!(ann.elsewhere().at(world.operator).gives_password(&password).await.status, 403);
    let mut staff = Person { organisation: Some("~system".into()), ..olga.elsewhere().at(world.http) };
    assert_eq!(staff.gives_password(&password).await.status, 403, "the operator's staff come in elsewhere");
}

async fn a_form_of_another_page_changes_nothing(world: World) {
    world.tenant("ada").await;
    let mut ann = Person::joined(&world, Some("ada"), "ann@ada.test", "admin").await;
    let mut ben = Person::joined(&world, Some("ada"), "ben@ada.test", "admin").await;
    let proof = ann.proof().await;
    let foreign = ben.proof().await;
    let invite = |proof: &str| {
        let pairs = [("proof", proof), ("email", "eve@evil.test"), ("role", "admin")];
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    };
    let here = format!("http://{}", world.http);
    let browser = ann.clone();
    let sent = async |origin: Option<&str>, body: String| {
        let mut request = browser.request("POST", "/console/people");
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        request.body(body).send().await.status
    };
    assert_eq!(sent(None, invite(&proof)).await, 403);
    assert_eq!(sent(Some("null"), invite(&proof)).await, 403);
    assert_eq!(sent(Some("https://evil.test"), invite(&proof)).await, 403);
    assert_eq!(sent(Some(&here), invite("")).await, 403);
    assert_eq!(sent(Some(&here), invite(&foreign)).await, 403, "a word of somebody else's session");
    let signed_in = ann.get("/console/people").await.text();
    assert!(!signed_in.contains("eve@evil.test"));
    assert_eq!(sent(Some(&here), invite(&proof)).await, 200, "the control");
}

async fn an_admin_invites_changes_and_removes_and_nobody_else_does(world: World) {
    world.tenant("ada").await;
    world.tenant("bob").await;
    let mut ann = Person::joined(&world, Some("ada"), "ann@ada.test", "admin").await;
    let mut bea = Person::joined(&world, Some("bob"), "bea@bob.test", "admin").await;
    let made = ann.post("/console/people", &[("email", "cat@ada.test"), ("role", "reviewer")]).await.text();
    let link = person::between(&made, "<code id=\"invitation-link\">", "</code>");
    let path = link.strip_prefix(&format!("http://{}", world.http)).expect("a link here").to_owned();
    let mut cat = Person::joining(world.http, Some("ada"), "cat@ada.test", &path).await;
    assert_eq!(cat.post("/console/people", &[("email", "x@y.test"), ("role", "admin")]).await.status, 403);

    let list = ann.get("/console/people").await.text();
    let row = list.split("<tr>").find(|row| row.contains("cat@ada.test")).expect("a row").to_owned();
    let id = person::between(&row, "/console/people/", "/role");
    let role = format!("/console/people/{id}/role");
    let remove = format!("/console/people/{id}/remove");
    // Of another tenant she does not exist, not even for its admin.
    assert_eq!(bea.post(&role, &[("role", "admin")]).await.status, 404);
    assert_eq!(bea.post(&remove, &[]).await.status, 404);
    assert_eq!(cat.post(&role, &[("role", "admin")]).await.status, 403, "nobody raises herself");
    assert!(!bea.get("/console/people").await.text().contains("ada.test"));

    assert_eq!(ann.post(&role, &[("role", "viewer")]).await.status, 303);
    assert_eq!(cat.get("/console/people").await.status, 303, "her sessions ended");
    let (password, code) = (cat.password.clone(), cat.recovery[0].clone());
    cat.gives_password(&password).await;
    cat.gives_code(&code).await;
    assert_eq!(cat.get("/console/review").await.status, 403, "a viewer sees no mail");
    assert_eq!(ann.post(&remove, &[]).await.status, 303);
    assert_eq!(cat.get("/console/people").await.status, 303);
    assert_eq!(cat.gives_password(&password).await.status, 403);

    // The last admin stays.
    let page = ann.get("/console/people").await.text();
    assert!(page.contains("<span class=\"tag\">you</span>"));
    let log = ada_log(&world).await;
    for act in ["person.invite", "person.join", "person.change", "person.remove", "person.sign_in"] {
        assert!(log.contains(act), "{act} in {log}");
    }
}

async fn nothing_of_a_person_is_stored_in_clear(world: World) {
    world.tenant("ada").await;
    let ann = Person::joined(&world, Some("ada"), "annabel@ada.test", "admin").await;
    let olga = Person::joined(&world, None, "olga@host.test", "admin").await;
    let rows = world.dump().await.join("\n").to_lowercase();
    assert!(rows.contains("person: "), "the control: there are people");
    for secret in [&ann.email, &ann.seed, &ann.recovery[0], &ann.password, &olga.email, &olga.seed] {
        let plain = secret.to_lowercase();
        let hex: String = plain.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!rows.contains(&plain) && !rows.contains(&hex), "{secret}");
    }
    for value in ann.cookies().values().filter(|value| value.len() == 43) {
        assert!(!rows.contains(&value.to_lowercase()));
    }
    assert!(!rows.contains("argon2id"));
}

async fn ada_log(world: &World) -> String {
    let request = Request::new(world.operator, "GET", "/operator/v1/audit?tenant=ada&limit=100");
    request.token(&world.operator_token).send().await.text()
}
