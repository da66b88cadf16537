//! How long a rotation of all keys takes while mail is read, and whether a read fails.
//!
//! `MAILWARD_ROTATION=1000,100000 cargo nextest run --test mailward -E 'test(rotation_at_scale)' --no-capture` is the long
//! form: that many tenants and messages, on both databases, with the figures printed. Without it the same runs small.

#![expect(clippy::print_stdout, reason = "the long form prints its figures")]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use mailward_mail::id::{InboxId, TenantId};
use mailward_mailroom::access::Principal;
use mailward_mailroom::{InboxRequest, ListRequest, Mailroom, RotationRequest};
use mailward_store::RotationState;

use crate::keys::{room, rotate};
use crate::world::mail::{Sender, plain};
use crate::world::{World, both_databases};

both_databases!(every_key_is_rotated_and_no_read_fails);

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Recipients of one mail: what a listener takes.
const AT_ONCE: usize = 100;

/// A tenant with one inbox, as its agent.
struct Agent {
    caller: Principal,
    inbox: InboxId,
    address: String,
}

async fn every_key_is_rotated_and_no_read_fails(world: World) {
    let (tenants, messages) = size();
    let world = world.start_with(&["smtp.messages_per_connection=0"]).await;
    let room = room(&world);
    let operator = room.operator(&world.operator_token, HERE).await.expect("an operator");
    let mut agents = Vec::with_capacity(tenants);
    for number in 0..tenants {
        let id = TenantId::parse(&format!("t{number}")).expect("a slug");
        let made = room.create_tenant(&operator, id, "scale", None).await.expect("a tenant");
        let caller = room.principal(made.token.expose(), HERE).await.expect("a key");
        let made = room.create_inbox(&caller, InboxRequest::default()).await.expect("an inbox").view.inbox;
        agents.push(Agent { caller, inbox: made.id, address: made.address.to_string() });
    }
    let agents = Arc::new(agents);
    let mut sender = Sender::connect(world.smtp).await.expect("connected");
    for number in 0..messages / tenants {
        for some in agents.chunks(AT_ONCE) {
            let to: Vec<&str> = some.iter().map(|agent| agent.address.as_str()).collect();
            let mail = plain(&format!("mail {number}"), &"A line of ordinary text. ".repeat(40));
            let reply = sender.send("s@example.com", &to, &mail).await.expect("a reply");
            assert!(reply.starts_with("250 "), "{reply}");
        }
    }
    let ended = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn(read_on(room.clone(), Arc::clone(&agents), Arc::clone(&ended)));
    let started = Instant::now();
    let of_tenants = rotate(&room, &operator, RotationRequest::default()).await;
    let tenants_took = started.elapsed();
    let started = Instant::now();
    let of_master = rotate(&room, &operator, RotationRequest { master: true, ..Default::default() }).await;
    let master_took = started.elapsed();
    ended.store(true, Ordering::SeqCst);
    let (reads, failed) = reader.await.expect("it ended well");
    println!(
        "{:?}: {tenants} tenants' keys with {} messages in {tenants_took:.1?}, the master key with {} keys in \
         {master_took:.1?}; {reads} reads meanwhile, {failed} failed",
        world.engine, of_tenants.messages, of_master.keys
    );
    assert_eq!((of_tenants.state, of_master.state), (RotationState::Done, RotationState::Done));
    assert_eq!(of_tenants.tenants, i64::try_from(tenants).expect("a number"));
    assert_eq!(of_tenants.messages, i64::try_from(messages / tenants * tenants).expect("a number"));
    assert!(reads > 0 && failed == 0);
    assert_eq!(read_on(room, agents, ended).await.1, 0);
}

/// Lists and opens mail of one tenant after the other until told to stop, and each tenant's at least once.
async fn read_on(room: Mailroom, agents: Arc<Vec<Agent>>, ended: Arc<AtomicBool>) -> (usize, usize) {
    let (mut reads, mut failed) = (0, 0);
    for (turn, agent) in agents.iter().cycle().enumerate() {
        if turn >= agents.len() && ended.load(Ordering::SeqCst) {
            break;
        }
        reads += 1;
        if read(&room, agent).await.is_none() {
            failed += 1;
        }
    }
    (reads, failed)
}

async fn read(room: &Mailroom, agent: &Agent) -> Option<()> {
    let request = ListRequest { limit: 20, ..ListRequest::default() };
    let page = room.list(&agent.caller, &agent.inbox, &request).await.ok()??;
    let last = page.mails.last()?;
    room.open(&agent.caller, &agent.inbox, &last.message.id).await.ok()??.body()?;
    Some(())
}

fn size() -> (usize, usize) {
    let Ok(text) = std::env::var("MAILWARD_ROTATION") else { return (20, 200) };
    let (tenants, messages) = text.split_once(',').expect("MAILWARD_ROTATION is TENANTS,MESSAGES");
    (tenants.parse().expect("a number"), messages.parse().expect("a number"))
}
