//! Somebody at the console: invited, joined, signed in, with the cookies a browser would keep.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use mailward_vault::totp::Seed;
use serde_json::json;

use crate::world::World;
use crate::world::http::{Answer, Request};

/// A person and her browser.
#[derive(Clone)]
pub struct Person {
    pub at: SocketAddr,
    pub organisation: Option<String>,
    pub email: String,
    pub password: String,
    pub seed: String,
    pub recovery: Vec<String>,
    pub cookies: BTreeMap<String, String>,
    /// What her browser calls the service; none: its address.
    pub host: Option<String>,
}

/// The present, in milliseconds since 1970.
pub fn now() -> i64 {
    mailward_mail::clock::Clock::system().now().millis()
}

/// The path of an invitation that an operator makes.
pub async fn invited(world: &World, tenant: Option<&str>, email: &str, role: &str) -> String {
    let mut body = json!({"email": email, "role": role});
    if let Some(tenant) = tenant {
        body["tenant"] = tenant.into();
    }
    let request = Request::new(world.operator, "POST", "/operator/v1/people").token(&world.operator_token);
    let made = request.json(&body).send().await.expect(201);
    made["path"].as_str().expect("a path").to_owned()
}

impl Person {
    /// Invited by the operator and joined.
    pub async fn joined(world: &World, tenant: Option<&str>, email: &str, role: &str) -> Self {
        let path = invited(world, tenant, email, role).await;
        let at = if tenant.is_some() { world.http } else { world.operator };
        Self::joining(at, tenant, email, &path).await
    }

    /// Takes an invitation up.
    pub async fn joining(at: SocketAddr, tenant: Option<&str>, email: &str, path: &str) -> Self {
        let mut person = Self {
            at,
            organisation: tenant.map(str::to_owned),
            email: email.to_owned(),
            password: "correct horse battery".to_owned(),
            seed: String::new(),
            recovery: Vec::new(),
            cookies: BTreeMap::new(),
            host: None,
        };
        let page = person.get(path).await;
        assert_eq!(page.status, 200, "{}", page.text());
        person.seed = between(&page.text(), "<code class=\"seed\">", "</code>").replace(' ', "");
        let code = person.code(0);
        let fields = [
            ("name", email.split('@').next().unwrap_or_default()),
            ("password", &person.password.clone()),
            ("again", &person.password.clone()),
            ("code", &code),
        ];
        let joined = person.post_plain(path, &fields).await;
        assert_eq!(joined.status, 200, "{}", joined.text());
        person.recovery =
            joined.text().split("<li><code>").skip(1).map(|rest| before(rest, "</code>")).collect();
        assert_eq!(person.recovery.len(), 10);
        person
    }

    /// The code of her app, so many steps from now.
    pub fn code(&self, steps: i64) -> String {
        Seed::parse(&self.seed).expect("a seed").code_at(now() + steps * 30_000)
    }

    /// Forgets all cookies, as another browser would not have them.
    pub fn elsewhere(&self) -> Self {
        Self { cookies: BTreeMap::new(), ..self.clone() }
    }

    /// The same person's browser at the other listener.
    pub fn at(&self, at: SocketAddr) -> Self {
        Self { at, ..self.clone() }
    }

    /// The same person and her cookies at a host of that name, where no browser would bring them.
    pub fn named(&self, host: &str) -> Self {
        Self { host: Some(host.to_owned()), ..self.clone() }
    }

    /// The first half of signing in.
    pub async fn gives_password(&mut self, password: &str) -> Answer {
        let organisation = self.organisation.clone().unwrap_or_default();
        let email = self.email.clone();
        let fields = [("organisation", organisation.as_str()), ("email", &email), ("password", password)];
        self.post_plain("/console/sign-in", &fields).await
    }

    /// The second half.
    pub async fn gives_code(&mut self, code: &str) -> Answer {
        self.post_plain("/console/sign-in/code", &[("code", code)]).await
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        let answer = self.request("GET", path).send().await;
        self.keep(&answer);
        answer
    }

    /// A form without the word of a session.
    pub async fn post_plain(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self
            .request("POST", path)
            .header("origin", &format!("http://{}", self.host.clone().unwrap_or_else(|| self.at.to_string())))
            .header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(body).send().await;
        self.keep(&answer);
        answer
    }

    /// A form of a page of hers.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let proof = self.proof().await;
        let mut all = vec![("proof", proof.as_str())];
        all.extend_from_slice(fields);
        self.post_plain(path, &all).await
    }

    /// The word that her forms bring.
    pub async fn proof(&mut self) -> String {
        let page = self.get("/console/people").await.text();
        between(&page, "name=\"proof\" value=\"", "\"")
    }

    /// A request with her cookies.
    pub fn request(&self, method: &str, path: &str) -> Request {
        let mut request = Request::new(self.at, method, path);
        if let Some(host) = &self.host {
            request = request.named(host);
        }
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if cookies.is_empty() { request } else { request.header("cookie", &cookies.join("; ")) }
    }

    /// Her cookies, as a browser has them.
    pub fn cookies(&self) -> &BTreeMap<String, String> {
        &self.cookies
    }

    /// The same browser with one cookie more.
    pub fn with_cookie(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.cookies.insert(name.to_owned(), value.to_owned());
        other
    }

    fn keep(&mut self, answer: &Answer) {
        for (_, value) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            for needed in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
                assert!(value.contains(needed), "{value}");
            }
            let (name, rest) = value.split_once('=').expect("a cookie");
            assert!(name.starts_with("__Host-"), "{value}");
            let value = before(rest, ";");
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value);
            }
        }
    }
}

/// What stands between two texts.
pub fn between(text: &str, start: &str, end: &str) -> String {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}"));
    before(rest, end)
}

fn before(text: &str, end: &str) -> String {
    text.split(end).next().unwrap_or_default().to_owned()
}
