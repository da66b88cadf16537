//! Our own client libraries against the service that they are for; what they are asked is in `sdk/*/test*`.

use crate::world::{Engine, World};

use super::program::{Program, installed};

/// Open to strangers; an endpoint of a test is on this machine.
const SETTINGS: &[&str] = &["signup=open", "webhooks.allow_private=[\"127.0.0.0/8\"]"];

macro_rules! files {
    ($($name:ident: $language:ident $file:literal),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            installed();
            let world = World::on(Engine::Sqlite, SETTINGS).await;
            Program::$language($file).against(&world).await;
        }
    )+};
}

files! {
    typescript_does_what_it_promises: typescript "test/client.test.mjs",
    typescript_believes_of_the_service_what_it_says_of_itself: typescript "test/openapi.test.mjs",
    typescript_tries_again_what_may_be_tried_again: typescript "test/retries.test.mjs",
    typescript_checks_signatures: typescript "test/webhooks.test.mjs",
    python_does_what_it_promises: python "tests/test_client.py",
    python_believes_of_the_service_what_it_says_of_itself: python "tests/test_openapi.py",
    python_tries_again_what_may_be_tried_again: python "tests/test_retries.py",
}
