//! Under whose name people see the service.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::console::nobody;
use crate::console::person::{Person, between};
use crate::console::review::until;
use crate::world::http::{Answer, Request};
use crate::world::{Engine, World, both_databases, fixture};

/// Where the style sheet and the logo of a page are, beside those of every page.
fn files(page: &str) -> (String, String) {
    let sheet = between(page, "<link rel=\"stylesheet\" href=\"/console/brand/", "\"");
    let logo = between(page, "<img class=\"logo\" src=\"/console/brand/", "\"");
    (format!("/console/brand/{sheet}"), format!("/console/brand/{logo}"))
}

fn picture(name: &str) -> Vec<u8> {
    std::fs::read(fixture(&format!("fixtures/brand/{name}"))).expect("a picture")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deployments_brand_is_on_every_page_of_both_listeners_and_nothing_else_is() {
    let logo = format!("brand.logo_file={}", fixture("fixtures/brand/hill.png").display());
    let settings = [
        "brand.name=Hill <Post> & Co",
        &logo,
        "brand.accent=#065f46",
        "brand.accent_dark=#6ee7b7",
        "brand.support_url=mailto:help@hill.example",
    ];
    let world = World::on(Engine::Sqlite, &settings).await;
    world.tenant("ada").await;
    let mut ann = Person::joined(&world, Some("ada"), "ann@ada.test", "admin").await;
    let mut olga = Person::joined(&world, None, "olga@host.test", "admin").await;
    let pages = [
        nobody(&world, "/console/sign-in").await,
        nobody(&world, "/console/nowhere").await,
        nobody(&world, "/console/invitation/none").await,
        ann.get("/console").await,
        ann.get("/console/review/none").await,
        olga.get("/console").await,
        olga.get("/console/tenants/none").await,
    ];
    for page in pages {
        let text = page.text();
        assert!(text.contains("Hill &#60;Post&#62; &#38; Co") && !text.contains("<Post>"), "{text}");
        assert!(!text.contains("Mailward"), "{text}");
        assert!(text.contains("<a href=\"mailto:help@hill.example\" rel=\"noreferrer\">Help</a>"), "{text}");
        assert!(text.contains("width=\"96\" height=\"96\" alt=\"\""), "{text}");
    }
    let (sheet, logo) = files(&nobody(&world, "/console/sign-in").await.text());
    let sheet = nobody(&world, &sheet).await;
    assert_eq!((sheet.status, sheet.header("content-type")), (200, Some("text/css; charset=utf-8")));
    assert!(
        sheet.text().contains("--accent: #065f46") && sheet.text().contains("--accent: #6ee7b7"),
        "{}",
        sheet.text()
    );
    let shown = nobody(&world, &logo).await;
    assert_eq!((shown.status, shown.body.clone()), (200, picture("hill.png")));
    for (name, value) in [
        ("content-type", "image/png"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "private, max-age=31536000, immutable"),
    ] {
        assert_eq!(shown.header(name), Some(value), "{name}");
    }
    for never in ["logo.png", "..%2f..%2fmaster.key", "logo.00000000000000000000000000000000.png"] {
        assert_eq!(nobody(&world, &format!("/console/brand/{never}")).await.status, 404, "{never}");
    }
}

const HOST: &str = "mail.ada.example";

/// A brand that says everything.
fn whole() -> Value {
    json!({
        "name": "Ada <b onclick=alert(1)>Post</b>",
        "logo": STANDARD.encode(picture("diamond.png")),
        "accent": "#7c2d92",
        "accentDark": "#e9b3ff",
        "supportUrl": "https://help.ada.example/start",
        "host": HOST,
    })
}

async fn set(world: &World, tenant: &str, brand: &Value) -> Answer {
    let path = format!("/operator/v1/tenants/{tenant}/brand");
    world.operator_http("PUT", path).json(brand).send().await
}

/// A page as a browser asks for it at a host.
async fn at(world: &World, host: &str, path: &str) -> Answer {
    Request::new(world.http, "GET", path).named(host).send().await
}

both_databases!(
    a_tenants_people_see_its_own_brand_and_others_the_deployments,
    at_its_host_a_tenants_people_sign_in_and_nobody_else_does,
    what_could_run_or_not_be_read_is_refused_and_nothing_changes,
    a_host_has_one_tenant_and_the_services_own_is_nobodys,
    the_brand_goes_with_its_tenant_and_its_host_is_free_again,
    staff_choose_a_brand_at_the_console_and_links_lead_to_its_host,
    nothing_of_a_brand_but_its_host_is_stored_in_clear,
);

async fn a_tenants_people_see_its_own_brand_and_others_the_deployments(world: World) {
    let world = world.start_with(&["brand.name=Hill Post", "brand.support_url=https://hill.example"]).await;
    world.tenant("ada").await;
    world.tenant("bob").await;
    let mut ann = Person::joined(&world, Some("ada"), "ann@ada.test", "admin").await;
    let mut ben = Person::joined(&world, Some("bob"), "ben@bob.test", "admin").await;
    let mut olga = Person::joined(&world, None, "olga@host.test", "admin").await;
    let none = world.operator_http("GET", "/operator/v1/tenants/ada/brand").send().await.expect(200);
    assert_eq!((&none["name"], &none["changedAt"]), (&Value::Null, &Value::Null));
    assert!(ann.get("/console").await.text().contains("Hill Post"));

    let mut brand = whole();
    brand["host"] = Value::Null;
    let made = set(&world, "ada", &brand).await.expect(200);
    assert_eq!((&made["logoType"], &made["logoWidth"]), (&json!("image/png"), &json!(96)));
    let again = world.operator_http("GET", "/operator/v1/tenants/ada/brand").send().await.expect(200);
    assert_eq!(again, made);
    for path in ["/console", "/console/people", "/console/review/none"] {
        let page = ann.get(path).await.text();
        assert!(
            page.contains("Ada &#60;b onclick=alert(1)&#62;Post") && !page.contains("<b onclick"),
            "{page}"
        );
        assert!(page.contains("https://help.ada.example/start") && !page.contains("Hill Post"), "{page}");
    }
    let (sheet, logo) = files(&ann.get("/console").await.text());
    let colours = ann.get(&sheet).await;
    assert!(colours.status == 200 && colours.text().contains("--accent: #7c2d92"), "{}", colours.text());
    assert_eq!(ann.get(&logo).await.body, picture("diamond.png"));
    // Everybody else sees what they saw, and not even by its name another's logo.
    for page in [
        ben.get("/console").await.text(),
        olga.get("/console").await.text(),
        nobody(&world, "/console/sign-in").await.text(),
    ] {
        assert!(page.contains("Hill Post") && !page.contains("Ada &#60;b"), "{page}");
    }
    for stranger in [ben.get(&logo).await, nobody(&world, &logo).await, olga.get(&logo).await] {
        assert_eq!(stranger.status, 404);
    }
    // A part that is not chosen is the deployment's.
    set(&world, "ada", &json!({ "accent": "#7c2d92" })).await.expect(200);
    let page = ann.get("/console").await.text();
    assert!(
        page.contains("Hill Post")
            && page.contains("https://hill.example")
            && !page.contains("class=\"logo\""),
        "{page}"
    );
    world.operator_http("DELETE", "/operator/v1/tenants/ada/brand").send().await.expect(200);
    world.operator_http("DELETE", "/operator/v1/tenants/ada/brand").send().await.expect(404);
    assert!(!ann.get("/console").await.text().contains("/console/brand/"));
    for (method, path) in
        [("GET", "/operator/v1/tenants/never/brand"), ("PUT", "/operator/v1/tenants/never/brand")]
    {
        world.operator_http(method, path).json(&json!({})).send().await.expect(404);
    }
}

async fn at_its_host_a_tenants_people_sign_in_and_nobody_else_does(world: World) {
    world.tenant("ada").await;
    world.tenant("bob").await;
    let ann = Person::joined(&world, Some("ada"), "ann@ada.test", "admin").await;
    let ben = Person::joined(&world, Some("bob"), "ben@bob.test", "admin").await;
    let olga = Person::joined(&world, None, "olga@host.test", "admin").await;
    set(&world, "ada", &whole()).await.expect(200);

    let door = at(&world, HOST, "/console/sign-in").await.text();
    assert!(door.contains("Ada &#60;b onclick") && door.contains("https://help.ada.example/start"), "{door}");
    assert!(!door.contains("name=\"organisation\""), "the host says whose person it is: {door}");
    let (sheet, logo) = files(&door);
    assert!(at(&world, HOST, &sheet).await.text().contains("--accent: #e9b3ff"));
    assert_eq!(
        at(&world, &format!("{}:8080", HOST.to_uppercase()), &logo).await.body,
        picture("diamond.png")
    );
    for elsewhere in ["127.0.0.1:8080", "mail.bob.example", "mail.ada.example.evil.example", "ada.example"] {
        let page = at(&world, elsewhere, "/console/sign-in").await.text();
        assert!(page.contains("Mailward") && !page.contains("Ada"), "{elsewhere}: {page}");
        assert_eq!(at(&world, elsewhere, &logo).await.status, 404);
    }
    // What the browser says of a proxy that is not there counts for nothing.
    let forged = nobody_named(&world, HOST).await;
    assert!(!forged.contains("Ada"), "{forged}");

    let mut here = ann.elsewhere().named(HOST);
    let wrong = here.gives_password("correct horse batterx").await;
    assert_eq!(wrong.status, 403, "{}", wrong.text());
    for other in [&ben, &olga] {
        let mut other = other.elsewhere().at(world.http).named(HOST);
        other.organisation = Some("bob".into());
        let refused = other.gives_password("correct horse battery").await;
        let blank = |text: String| text.replace(&other.email, "").replace("ann@ada.test", "");
        assert_eq!(
            (refused.status, blank(refused.text())),
            (403, blank(wrong.text())),
            "as a wrong password"
        );
    }
    let mut staff = olga.elsewhere().named(HOST);
    staff.organisation = None;
    assert_eq!(
        staff.gives_password("correct horse battery").await.status,
        403,
        "nor at the operator's listener"
    );

    // Half a session and a whole one of another tenant, carried there by hand.
    let mut half = ben.elsewhere();
    assert_eq!(half.gives_password("correct horse battery").await.status, 303);
    let mut carried = half.named(HOST);
    let code = carried.code(1);
    assert_eq!(carried.gives_code(&code).await.status, 403);
    assert_eq!(ben.clone().get("/console").await.status, 200, "hers at the service's own host");
    let mut session = ben.named(HOST);
    assert_eq!(session.get("/console").await.header("location"), Some("/console/sign-in"));

    assert_eq!(here.gives_password("correct horse battery").await.status, 303);
    let code = here.code(1);
    assert_eq!(here.gives_code(&code).await.status, 303);
    assert!(here.get("/console").await.text().contains("Ada &#60;b onclick"));
    // Forms come from that host alone; keep() has seen that each cookie is bound to its host.
    assert_eq!(
        here.post("/console/people", &[("email", "x@ada.test"), ("role", "viewer")]).await.status,
        200
    );
    for foreign in ["http://127.0.0.1:8080", "http://mail.bob.example", "https://mail.ada.example", "null"] {
        let proof = here.proof().await;
        let form = format!("proof={proof}&email=y%40ada.test&role=viewer");
        let request = here.request("POST", "/console/people").header("origin", foreign);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(request.body(form).send().await.status, 403, "{foreign}");
    }
    // At the service's own host she signs in as ever, and there that host's forms are foreign.
    let mut ann = ann.clone();
    assert_eq!(ann.get("/console").await.status, 200);
    let proof = ann.proof().await;
    let request = ann.request("POST", "/console/sign-out").header("origin", &format!("http://{HOST}"));
    assert_eq!(request.body(format!("proof={proof}")).send().await.status, 403);
}

/// A page without colours of its own names no second style sheet.
fn with_colours(page: &str) -> String {
    format!("{page}<link rel=\"stylesheet\" href=\"/console/brand/none\">")
}

/// A page asked for at the service's own address, with what only a proxy may say.
async fn nobody_named(world: &World, host: &str) -> String {
    let request = Request::new(world.http, "GET", "/console/sign-in").header("x-forwarded-host", host);
    request.send().await.text()
}

async fn what_could_run_or_not_be_read_is_refused_and_nothing_changes(world: World) {
    let ada = world.tenant("ada").await;
    let kept = set(&world, "ada", &whole()).await.expect(200);
    let drawing = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let hidden = [&picture("diamond.png")[..], b"<script>alert(1)</script>"].concat();
    for (part, value, told) in [
        ("supportUrl", json!("javascript:alert(document.cookie)"), "must be https://"),
        ("supportUrl", json!("http://help.ada.example"), "must be https://"),
        ("logo", json!(STANDARD.encode(drawing)), "must be a PNG or WebP picture"),
        ("logo", json!(STANDARD.encode(b"\x89PNG\r\n\x1a\n<html>")), "damaged"),
        ("logo", json!(STANDARD.encode(hidden)), "holds something else besides"),
        ("logo", json!(STANDARD.encode(vec![0; 65_537])), "65536 bytes"),
        ("logo", json!("<svg>"), "must be base64"),
        ("accent", json!("#ffcc00"), "1.33:1 with #f1f1ee"),
        ("accentDark", json!("#7c2d92"), "with #191b1f"),
        ("accent", json!("red;} body{display:none"), "must be a colour"),
        ("name", json!("x".repeat(41)), "1 to 40 characters"),
        ("name", json!("turned\u{202e}round"), "1 to 40 characters"),
        ("host", json!("127.0.0.1"), "name of a host"),
        ("host", json!("https://mail.ada.example"), "name of a host"),
        ("colour", json!("#000000"), "unknown field"),
    ] {
        let mut brand = whole();
        brand[part] = value;
        let refused = set(&world, "ada", &brand).await.expect(400);
        let message = refused["message"].as_str().expect("a message");
        assert!(message.contains(told), "{part}: {message}");
    }
    let contrast = set(&world, "ada", &json!({ "accent": "#ffcc00" })).await.expect(400);
    let nearest = between(contrast["message"].as_str().expect("a message"), "will do is ", " ");
    set(&world, "ada", &json!({ "accent": nearest.trim_end_matches('.') })).await.expect(200);
    set(&world, "ada", &whole()).await.expect(200);
    let now = world.operator_http("GET", "/operator/v1/tenants/ada/brand").send().await.expect(200);
    assert_eq!((&now["logo"], &now["accent"]), (&kept["logo"], &kept["accent"]));
    // It is the operator's to choose, and no tenant's.
    for method in ["GET", "PUT", "DELETE"] {
        let path = "/operator/v1/tenants/ada/brand";
        let at_theirs =
            Request::new(world.operator, method, path).token(&ada.token).json(&whole()).send().await;
        assert_eq!(at_theirs.status, 401, "{method}");
        assert_eq!(ada.http(method, path).json(&whole()).send().await.status, 404, "{method}");
    }
}

async fn a_host_has_one_tenant_and_the_services_own_is_nobodys(world: World) {
    let world = world.start_with(&["http.public_url=https://post.host.example"]).await;
    world.tenant("ada").await;
    world.tenant("bob").await;
    set(&world, "ada", &json!({ "host": "Mail.Ada.Example" })).await.expect(200);
    let taken = set(&world, "bob", &json!({ "host": HOST })).await.expect(409);
    assert_eq!(taken["message"], json!("another tenant has this host"));
    let own = set(&world, "bob", &json!({ "host": "post.host.example" })).await.expect(400);
    assert!(own["message"].as_str().is_some_and(|text| text.contains("the service's own")), "{own}");
    // It is not said of a host that is refused that it was chosen.
    let bob = world.operator_http("GET", "/operator/v1/tenants/bob/brand").send().await.expect(200);
    assert_eq!(bob["host"], Value::Null);
    set(&world, "ada", &json!({ "name": "Ada" })).await.expect(200);
    set(&world, "bob", &json!({ "host": HOST, "name": "Bob's own" })).await.expect(200);
    assert!(at(&world, HOST, "/console/sign-in").await.text().contains("Bob&#39;s own"));
}

async fn the_brand_goes_with_its_tenant_and_its_host_is_free_again(world: World) {
    let world = world.start_with(&["offboarding.settle_seconds=0"]).await;
    world.tenant("ada").await;
    world.tenant("bob").await;
    set(&world, "ada", &whole()).await.expect(200);
    assert!(at(&world, HOST, "/console/sign-in").await.text().contains("Ada"));
    let body = json!({ "gracePeriodDays": 0, "confirm": "ada" });
    world.operator_http("POST", "/operator/v1/tenants/ada/offboard").json(&body).send().await;
    assert!(until(async || set(&world, "bob", &json!({ "host": HOST })).await.status == 200).await);
    assert!(until(async || !at(&world, HOST, "/console/sign-in").await.text().contains("Ada")).await);
    world.operator_http("GET", "/operator/v1/tenants/ada/brand").send().await.expect(404);
    set(&world, "ada", &whole()).await.expect(404);
}

async fn staff_choose_a_brand_at_the_console_and_links_lead_to_its_host(world: World) {
    world.tenant("ada").await;
    let mut olga = Person::joined(&world, None, "olga@host.test", "admin").await;
    let mut rea = Person::joined(&world, None, "rea@host.test", "reviewer").await;
    set(&world, "ada", &json!({ "logo": STANDARD.encode(picture("hill.png")) })).await.expect(200);
    let page = olga.get("/console/tenants/ada").await.text();
    assert!(page.contains("PNG of 96 × 96 pixels"), "{page}");
    let chosen = [
        ("name", "Ada Post"),
        ("accent", "#7c2d92"),
        ("host", HOST),
        ("support_url", "mailto:help@ada.example"),
    ];
    assert_eq!(rea.post("/console/tenants/ada/brand", &chosen).await.status, 403);
    let done = olga.post("/console/tenants/ada/brand", &chosen).await;
    assert_eq!(done.header("location"), Some("/console/tenants/ada?done=branded"), "{}", done.text());
    let door = at(&world, HOST, "/console/sign-in").await.text();
    assert!(door.contains("Ada Post") && door.contains("class=\"logo\""), "the logo was kept: {door}");
    // A file comes with the form; one that is no picture changes nothing.
    let proof = olga.proof().await;
    let upload = async |bytes: &[u8]| {
        let head = format!(
            "--x\r\nContent-Disposition: form-data; name=\"proof\"\r\n\r\n{proof}\r\n--x\r\nContent-Disposition: form-data; \
             name=\"name\"\r\n\r\nAda Post\r\n--x\r\nContent-Disposition: form-data; name=\"host\"\r\n\r\n{HOST}\r\n--x\r\n\
             Content-Disposition: form-data; name=\"logo\"; filename=\"logo.png\"\r\nContent-Type: image/png\r\n\r\n"
        );
        let request = olga.request("POST", "/console/tenants/ada/brand");
        let request = request.header("origin", &format!("http://{}", world.operator));
        let request = request.header("content-type", "multipart/form-data; boundary=x");
        request.body([head.as_bytes(), bytes, b"\r\n--x--\r\n"].concat()).send().await
    };
    let drawing = upload(b"<svg><script>alert(1)</script></svg>").await;
    assert!(drawing.status == 400 && drawing.text().contains("PNG or WebP"), "{}", drawing.text());
    assert_eq!(upload(&vec![0; 300_000]).await.status, 400);
    assert_eq!(upload(&picture("diamond.png")).await.status, 303);
    let (_, logo) = files(&with_colours(&at(&world, HOST, "/console/sign-in").await.text()));
    assert_eq!(at(&world, HOST, &logo).await.body, picture("diamond.png"));
    let pale = [("accent", "#ffcc00"), ("name", "Other")];
    let refused = olga.post("/console/tenants/ada/brand", &pale).await;
    assert!(refused.status == 400 && refused.text().contains("1.33:1"), "{}", refused.text());
    let log = olga.get("/console/audit?tenant=ada").await.text();
    assert!(log.contains("brand.set"), "{log}");

    // Whoever invites, the link leads there, where it is taken up; elsewhere it is as good as ever.
    let invited = olga.post("/console/tenants/ada/people", &[("email", "ann@ada.test")]).await.text();
    let link = between(&invited, "<code id=\"invitation-link\">", "</code>");
    let base = format!("http://{HOST}:{}", world.http.port());
    let path = link.strip_prefix(&base).unwrap_or_else(|| panic!("{link} is not at {base}")).to_owned();
    assert!(at(&world, HOST, &path).await.text().contains("Ada Post"));
    let body = json!({"email": "amy@ada.test", "role": "viewer", "tenant": "ada"});
    let made = world.operator_http("POST", "/operator/v1/people").json(&body).send().await.expect(201);
    assert!(made["url"].as_str().is_some_and(|url| url.starts_with(&base)), "{made}");
    // Not so at another tenant's.
    world.tenant("bob").await;
    set(&world, "bob", &json!({ "host": "mail.bob.example" })).await.expect(200);
    assert_eq!(at(&world, "mail.bob.example", &path).await.status, 404);
    assert_eq!(olga.post("/console/tenants/ada/brand", &[("without_logo", "1")]).await.status, 303);
    assert!(at(&world, HOST, "/console/sign-in").await.text().contains("Mailward"));
}

async fn nothing_of_a_brand_but_its_host_is_stored_in_clear(world: World) {
    world.tenant("ada").await;
    let mut brand = whole();
    brand["name"] = "Strawberry Post".into();
    set(&world, "ada", &brand).await.expect(200);
    let dump = world.dump().await.join("\n");
    assert!(dump.contains(HOST), "the host is there");
    for word in ["Strawberry", "help.ada.example", "7c2d92"] {
        assert!(!dump.contains(word), "{word}");
    }
}
