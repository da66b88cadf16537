//! The programs of twenty lines that stand in the documentation: each signs up, waits for a code that comes over SMTP, and
//! prints it.

use crate::world::mail::plain;
use crate::world::{Engine, World};

use super::program::{Program, installed};

macro_rules! agents {
    ($($name:ident: $program:expr),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            installed();
            let world = World::on(Engine::Sqlite, &["signup=open"]).await;
            let mut agent = $program.start(&world);
            let address = agent.line();
            let mail = plain("Your sign-in code", "Hello. Your sign-in code is 482913. It is good for ten minutes.");
            let reply = world.deliver_raw(&mail, &[&address]).await;
            assert!(reply.starts_with("250 "), "{reply}");
            assert_eq!(agent.line(), "482913");
            agent.end();
        }
    )+};
}

agents! {
    an_agent_with_lobstermail_s_sdk_prints_its_code: Program::node("lobstermail/agent.mjs"),
    an_agent_in_typescript_prints_its_code: Program::typescript("examples/agent.mjs"),
    an_agent_in_python_prints_its_code: Program::python("examples/agent.py"),
}
