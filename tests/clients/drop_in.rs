//! The LobsterMail SDK 1.7.0 from npm, unmodified, with nothing set but `baseUrl` and a token: every method of its
//! client. What it is asked is in `lobstermail/*.test.mjs`.

use crate::world::{Engine, World};

use super::program::{Program, installed};

/// Runs one file of tests against a service of its own.
macro_rules! files {
    ($($name:ident: $file:literal),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            installed();
            let world = World::on(Engine::Sqlite, SETTINGS).await;
            Program::node(concat!("lobstermail/", $file)).against(&world).await;
        }
    )+};
}

/// Open to strangers, as the hosted service was; an endpoint of a test is on this machine.
const SETTINGS: &[&str] = &["signup=open", "webhooks.allow_private=[\"127.0.0.0/8\"]"];

files! {
    it_signs_up_and_reads_its_account: "account.test.mjs",
    it_makes_and_finds_inboxes: "inboxes.test.mjs",
    it_receives_mail_and_waits_for_it: "mail.test.mjs",
    it_reads_threads_and_searches: "reading.test.mjs",
    it_extracts_facts: "extraction.test.mjs",
    it_hears_of_mail_on_a_socket_and_after_the_connection_was_lost: "realtime.test.mjs",
    it_sends_mail: "send.test.mjs",
    it_names_domains_of_its_own: "domains.test.mjs",
    it_tells_every_class_of_error: "errors.test.mjs",
    it_makes_webhooks: "webhooks.test.mjs",
    it_follows_threads_and_searches: "threads.test.mjs",
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_receives_mail_from_postgres_too() {
    installed();
    let world = World::on(Engine::Postgres, SETTINGS).await;
    Program::node("lobstermail/mail.test.mjs").against(&world).await;
}
