//! Those who act: a tenant with its keys, an inbox with its agent's key.

use serde_json::{Value, json};

use super::World;
use super::http::Request;

/// A tenant, made through the operator's API.
#[derive(Clone)]
pub struct Tenant {
    pub world: World,
    pub id: String,
    pub token: String,
    pub review_token: String,
}

/// An inbox, made through the tenant's API.
#[derive(Clone)]
pub struct Inbox {
    pub world: World,
    pub id: String,
    pub address: String,
    pub token: String,
}

impl World {
    /// Makes a tenant.
    pub async fn tenant(&self, id: &str) -> Tenant {
        let made = self
            .operator_http("POST", "/operator/v1/tenants")
            .json(&json!({ "id": id }))
            .send()
            .await
            .expect(201);
        let text = |key: &str| made[key].as_str().unwrap_or_else(|| panic!("{key} in {made}")).to_owned();
        Tenant {
            world: self.clone(),
            id: text("id"),
            token: text("token"),
            review_token: text("reviewToken"),
        }
    }

    /// Two tenants with an inbox each.
    pub async fn ada_and_bob(&self) -> ((Tenant, Inbox), (Tenant, Inbox)) {
        let (ada, bob) = (self.tenant("ada").await, self.tenant("bob").await);
        let (ada_inbox, bob_inbox) = (ada.inbox().await, bob.inbox().await);
        ((ada, ada_inbox), (bob, bob_inbox))
    }
}

impl Tenant {
    /// Makes an inbox with a random address.
    pub async fn inbox(&self) -> Inbox {
        self.inbox_with(json!({})).await
    }

    /// Makes an inbox.
    pub async fn inbox_with(&self, body: Value) -> Inbox {
        let made = self.http("POST", "/v1/inboxes").json(&body).send().await.expect(201);
        let text = |key: &str| made[key].as_str().unwrap_or_else(|| panic!("{key} in {made}")).to_owned();
        Inbox { world: self.world.clone(), id: text("id"), address: text("address"), token: text("token") }
    }

    /// A request with the tenant's key.
    pub fn http(&self, method: &str, path: impl Into<String>) -> Request {
        self.world.http(method, path).token(&self.token)
    }

    /// A request with the reviewer's key.
    pub fn review(&self, method: &str, path: impl Into<String>) -> Request {
        self.world.http(method, path).token(&self.review_token)
    }

    /// Held mail.
    pub async fn held(&self) -> Vec<Value> {
        let held = self.review("GET", "/v1/review?limit=100").send().await.expect(200);
        held["data"].as_array().expect("a list").clone()
    }
}

impl Inbox {
    /// A request with the inbox' key.
    pub fn http(&self, method: &str, path: impl Into<String>) -> Request {
        self.world.http(method, path).token(&self.token)
    }

    /// Mail the agent sees, newest first.
    pub async fn emails(&self) -> Vec<Value> {
        let path = format!("/v1/inboxes/{}/emails?limit=100", self.id);
        let list = self.http("GET", path).send().await.expect(200);
        list["data"].as_array().expect("a list").clone()
    }
}
