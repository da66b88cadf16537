//! The stage of an SMTP transcript: a service with three inboxes, one of them deleted.

use mailward_smtp::Shutdown;

use super::actors::{Inbox, Tenant};
use super::{Engine, World};

/// See the module. A cheap clone.
#[derive(Clone)]
pub struct Stage {
    pub smtp: std::net::SocketAddr,
    pub ada: Inbox,
    pub bob: Inbox,
    pub gone: Inbox,
    world: World,
    tenants: [Tenant; 2],
}

impl Stage {
    /// Starts it with `section.key=value` settings.
    pub async fn start(settings: &[String]) -> Self {
        // The values a deployment has, unless the transcript sets its own.
        let settings: Vec<&str> =
            ["smtp.tarpit_ms=1000"].into_iter().chain(settings.iter().map(String::as_str)).collect();
        let world = World::on(Engine::Sqlite, &settings).await;
        let ((ada, ada_inbox), (bob, bob_inbox)) = world.ada_and_bob().await;
        let gone = ada.inbox().await;
        ada.http("DELETE", format!("/v1/inboxes/{}", gone.id)).send().await.expect(200);
        Self { smtp: world.smtp, ada: ada_inbox, bob: bob_inbox, gone, tenants: [ada, bob], world }
    }

    /// Messages that are in an inbox, held ones too.
    pub async fn received(&self, address: &str) -> usize {
        let (inbox, tenant) = match address == self.ada.address {
            true => (&self.ada, &self.tenants[0]),
            false => (&self.bob, &self.tenants[1]),
        };
        inbox.emails().await.len() + tenant.held().await.len()
    }

    /// Stops the SMTP listener, and nothing else.
    pub async fn stop_smtp(&self, soft: bool) {
        let listener = self.world.with_app(|app| app.smtp_server().expect("it takes mail").clone());
        listener.shutdown(if soft { Shutdown::Soft } else { Shutdown::Hard }).await;
    }
}
