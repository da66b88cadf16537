//! Certificates that signed DNS names (DANE): insisted on where a validating resolver vouches for them, and there alone.

use sha2::{Digest, Sha256};

use super::authority::{Authority, Identity};
use super::host::{Host, Script};
use super::{Outside, answer};
use crate::sending::{fares, letter, sent};
use crate::world::dns_server::{Kind, Record};
use crate::world::{World, both_databases};

both_databases!(
    a_host_with_the_published_certificate_gets_its_mail_and_no_other,
    what_dnssec_does_not_vouch_for_pins_nothing,
    a_forged_answer_stops_the_mail_instead_of_its_protection,
);

async fn stage(world: &World) -> Outside {
    let outside = Outside::start(world, &["outbound.dane=true"]).await;
    outside.dns.vouch("corp.test");
    outside.leads("corp.test", &[(1, "mx.corp.test")]);
    outside.name("mx.corp.test", "127.0.0.2");
    outside.dns.vouch("mx.corp.test");
    outside.dns.vouch(&place(&outside));
    outside
}

fn place(outside: &Outside) -> String {
    format!("_{}._tcp.mx.corp.test", outside.port)
}

/// Publishes a record of RFC 6698 2.1: usage, selector, matching type, data.
fn pin(outside: &Outside, pins: &[(u8, u8, u8, &[u8])]) {
    let records = pins.iter().map(|(usage, selector, matching, data)| {
        Record::Raw([&[*usage, *selector, *matching], *data].concat())
    });
    outside.dns.set(&place(outside), Kind::Tlsa, records.collect());
}

/// Sends to a host with this certificate; how the mail fares, and the answer.
async fn carried(outside: &Outside, identity: Identity, script: Script, status: &str) -> String {
    let host = Host::start_as("127.0.0.2", outside.port, identity, script).await;
    let inbox = outside.inbox().await;
    let id = sent(&inbox, &letter(&inbox, &["mia@corp.test"])).await;
    let mail = fares(&inbox, &id, status).await;
    assert_eq!(host.mails().len(), usize::from(status == "delivered"), "{mail}");
    answer(&mail, 0).to_owned()
}

async fn a_host_with_the_published_certificate_gets_its_mail_and_no_other(world: World) {
    let authority = Authority::new();
    let (root, own) = (Sha256::digest(authority.certificate()), Identity::own("elsewhere.test"));
    let whole = own.chain[0].to_vec();
    let key = Sha256::digest(&own.public_key);
    let pinned = "(mx.corp.test, TLS, certificate pinned by DNSSEC)";
    // Neither its name nor who signed it counts where the certificate itself is named.
    let outside = stage(&world).await;
    pin(&outside, &[(3, 1, 1, &[7; 32]), (0, 0, 1, &key), (3, 1, 1, &key)]);
    let said = carried(&outside, own, Script::Tls, "delivered").await;
    assert!(said.ends_with(pinned), "{said}");

    // An authority's word is for the host's name alone.
    let outside = stage(&world).await;
    pin(&outside, &[(2, 0, 1, &root)]);
    let said = carried(&outside, authority.issue("mx.corp.test"), Script::Tls, "delivered").await;
    assert!(said.ends_with(pinned), "{said}");
    let outside = stage(&world).await;
    pin(&outside, &[(2, 0, 1, &root)]);
    let said = carried(&outside, authority.issue("elsewhere.test"), Script::Tls, "deferred").await;
    assert!(said.contains("published in signed DNS"), "{said}");

    for pins in [[(3, 0, 0, &whole[..])], [(3, 1, 1, &key[..])], [(2, 0, 1, &root[..])]] {
        let outside = stage(&world).await;
        pin(&outside, &pins);
        let said = carried(&outside, Identity::own("mx.corp.test"), Script::Tls, "deferred").await;
        assert!(said.contains("published in signed DNS"), "another certificate: {said}");
    }
    // What is pinned as the one is not the other.
    let outside = stage(&world).await;
    pin(&outside, &[(3, 0, 1, &root)]);
    carried(&outside, authority.issue("mx.corp.test"), Script::Tls, "deferred").await;
    let own = Identity::own("mx.corp.test");
    let outside = stage(&world).await;
    pin(&outside, &[(2, 1, 1, &Sha256::digest(&own.public_key))]);
    carried(&outside, own, Script::Tls, "deferred").await;
    let outside = stage(&world).await;
    pin(&outside, &[(3, 1, 1, &key)]);
    let said = carried(&outside, Identity::own("mx.corp.test"), Script::Plain, "deferred").await;
    assert!(said.contains("offers no TLS"), "{said}");
    // Records that mean nothing for mail still promise TLS (RFC 7672 2.2).
    let outside = stage(&world).await;
    pin(&outside, &[(1, 1, 1, &key)]);
    carried(&outside, Identity::own("mx.corp.test"), Script::Plain, "deferred").await;
}

async fn what_dnssec_does_not_vouch_for_pins_nothing(world: World) {
    // Of domain, host and record one each is not vouched for.
    for missing in 0..3 {
        let outside = Outside::start(&world, &["outbound.dane=true"]).await;
        outside.leads("corp.test", &[(1, "mx.corp.test")]);
        outside.name("mx.corp.test", "127.0.0.2");
        let names = ["corp.test".to_owned(), "mx.corp.test".to_owned(), place(&outside)];
        for (no, name) in names.iter().enumerate() {
            if no != missing {
                outside.dns.vouch(name);
            }
        }
        pin(&outside, &[(3, 1, 1, &[7; 32])]);
        let said = carried(&outside, Identity::own("mx.corp.test"), Script::Tls, "delivered").await;
        assert!(said.ends_with("(mx.corp.test, TLS)"), "{missing}: {said}");
    }
    // Nothing is published, and that is vouched for.
    let outside = stage(&world).await;
    let said = carried(&outside, Identity::own("mx.corp.test"), Script::Plain, "delivered").await;
    assert!(said.ends_with("in clear)"), "{said}");
    // Who does not ask for it gets what was there before.
    let outside = Outside::start(&world, &[]).await;
    outside.leads("corp.test", &[(1, "mx.corp.test")]);
    outside.name("mx.corp.test", "127.0.0.2");
    pin(&outside, &[(3, 1, 1, &[7; 32])]);
    carried(&outside, Identity::own("mx.corp.test"), Script::Tls, "delivered").await;
}

async fn a_forged_answer_stops_the_mail_instead_of_its_protection(world: World) {
    let outside = stage(&world).await;
    pin(&outside, &[(3, 1, 1, &[7; 32])]);
    outside.dns.fail(&place(&outside));
    let said = carried(&outside, Identity::own("mx.corp.test"), Script::Tls, "deferred").await;
    assert!(said.contains("no valid answer about its certificate"), "{said}");
}
