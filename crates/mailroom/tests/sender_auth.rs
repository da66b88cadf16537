//! Sender authentication against a name server of our own, on mail that was really signed.

#[expect(dead_code, reason = "a test uses a part of the name server")]
#[path = "../../net/tests/dns_server/mod.rs"]
mod dns_server;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dns_server::{DnsServer, Kind, Record, Records};
use mail_auth::common::crypto::{Ed25519Key, SigningKey as _};
use mail_auth::common::headers::HeaderWriter as _;
use mail_auth::dkim::{DkimSigner, Signature};
use mailward_mail::clock::Timestamp;
use mailward_mailroom::sender_auth::{AuthResult, SenderAuth, authenticate};
use mailward_net::dns::Dns;

const AUTHOR: &str = "ada@example.org";
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10));
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));
const LETTER: &str =
    "From: Ada <ada@example.org>\r\nTo: bob@a.test\r\nSubject: Figures\r\n\r\nAs promised.\r\n";

#[tokio::test]
async fn a_signed_mail_from_a_listed_address_passes_everything() {
    let world = World::new().await;
    let found = world.check(&world.signed("example.org"), CLIENT).await;
    assert_eq!(found, results(AuthResult::Pass, AuthResult::Pass, AuthResult::Pass, Some("example.org")));
}

#[tokio::test]
async fn a_tampered_body_or_header_fails() {
    let world = World::new().await;
    let signed = world.signed("example.org");
    for tampered in [signed.replace("promised", "threatened"), signed.replace("Figures", "Invoice")] {
        let found = world.check(&tampered, ELSEWHERE).await;
        assert_eq!(found, results(AuthResult::Fail, AuthResult::Fail, AuthResult::Fail, None));
    }
    let appended = format!("{signed}More.\r\n");
    assert_eq!(world.check(&appended, ELSEWHERE).await.dkim, AuthResult::Fail);
}

#[tokio::test]
async fn an_oversigned_from_cannot_be_added_again() {
    let world = World::new().await;
    let signature = world.sign("example.org", &["From", "From", "Subject"], |signer| signer);
    let added = format!("From: eve@example.org\r\n{}{LETTER}", signature.to_header());
    assert_eq!(world.check(&added, CLIENT).await.dkim, AuthResult::Fail);
}

#[tokio::test]
async fn a_signature_of_another_domain_says_nothing_about_the_author() {
    let world = World::new().await;
    let found = world.check(&world.signed("other.test"), ELSEWHERE).await;
    assert_eq!(found, results(AuthResult::Fail, AuthResult::Pass, AuthResult::Fail, None));
}

#[tokio::test]
async fn subdomains_align_unless_the_record_is_strict() {
    let world = World::new().await;
    let signed = world.signed("mail.example.org");
    assert_eq!(world.check(&signed, ELSEWHERE).await.dmarc, AuthResult::Pass);
    world.dns.set("_dmarc.example.org", Kind::Txt, txt("v=DMARC1; p=reject; adkim=s"));
    let found = world.check(&signed, ELSEWHERE).await;
    assert_eq!((found.dkim, found.dmarc, found.domain), (AuthResult::Pass, AuthResult::Fail, None));
}

#[tokio::test]
async fn spf_alone_aligns_and_its_strictness_is_its_own() {
    let world = World::new().await;
    let from_bounces = |client| world.envelope(LETTER, Some("x@bounce.example.org"), client);
    world.dns.set("bounce.example.org", Kind::Txt, txt("v=spf1 ip4:192.0.2.10 -all"));
    let found = from_bounces(CLIENT).await;
    assert_eq!(found, results(AuthResult::Pass, AuthResult::None, AuthResult::Pass, Some("example.org")));
    world.dns.set("_dmarc.example.org", Kind::Txt, txt("v=DMARC1; p=none; aspf=s"));
    assert_eq!(from_bounces(CLIENT).await.dmarc, AuthResult::Fail);
    assert_eq!(from_bounces(ELSEWHERE).await.spf, AuthResult::Fail);
}

#[tokio::test]
async fn a_null_sender_is_judged_by_its_helo() {
    let world = World::new().await;
    world.dns.set("mx.example.org", Kind::Txt, txt("v=spf1 ip4:192.0.2.10 -all"));
    let found = world.envelope(LETTER, None, CLIENT).await;
    assert_eq!((found.spf, found.dmarc), (AuthResult::Pass, AuthResult::Pass));
    assert_eq!(world.envelope(LETTER, None, ELSEWHERE).await.spf, AuthResult::Fail);
}

#[tokio::test]
async fn spf_says_what_the_record_says() {
    let world = World::new().await;
    world.dns.set("host.example.org", Kind::A, vec![Record::A(Ipv4Addr::new(192, 0, 2, 10))]);
    world.dns.set("example.org", Kind::Mx, vec![Record::Mx(10, "host.example.org".into())]);
    world.dns.set("inner.test", Kind::Txt, txt("v=spf1 ip4:192.0.2.0/24 -all"));
    world.dns.set("two.test", Kind::Txt, [txt("v=spf1 +all"), txt("v=spf1 -all")].concat());
    for (record, expected) in [
        ("v=spf1 a:host.example.org -all", AuthResult::Pass),
        ("v=spf1 mx -all", AuthResult::Pass),
        ("v=spf1 include:inner.test -all", AuthResult::Pass),
        ("v=spf1 redirect=inner.test", AuthResult::Pass),
        ("v=spf1 exists:%{h}.nowhere.test exists:host.example.org -all", AuthResult::Pass),
        ("v=spf1 ~all", AuthResult::SoftFail),
        ("v=spf1 ?all", AuthResult::Neutral),
        ("v=spf1 -all", AuthResult::Fail),
        ("v=spf1 include:nobody.test -all", AuthResult::PermError),
        ("v=spf1 ip4:192.0.2 -all", AuthResult::PermError),
        ("some other text", AuthResult::None),
    ] {
        world.dns.set("example.org", Kind::Txt, txt(record));
        assert_eq!(world.check(LETTER, CLIENT).await.spf, expected, "{record}");
    }
    assert_eq!(world.envelope(LETTER, Some("x@two.test"), CLIENT).await.spf, AuthResult::PermError);
    assert_eq!(world.envelope(LETTER, Some("x@nobody.test"), CLIENT).await.spf, AuthResult::None);
    world.dns.set("example.org", Kind::Txt, txt("v=spf1 ip4:192.0.2.10 ip6:2001:db8::/32 -all"));
    let mapped = IpAddr::V6(Ipv4Addr::new(192, 0, 2, 10).to_ipv6_mapped());
    assert_eq!(world.check(LETTER, mapped).await.spf, AuthResult::Pass);
    assert_eq!(world.check(LETTER, IpAddr::V6(Ipv6Addr::LOCALHOST)).await.spf, AuthResult::Fail);
}

#[tokio::test]
async fn spf_counts_its_questions() {
    let world = World::new().await;
    let terms = |prefix: &str, count: usize| -> String {
        (0..count).map(|number| format!(" a:{prefix}{number}.example.org")).collect()
    };
    for number in 0..11 {
        let host = format!("real{number}.example.org");
        world.dns.set(&host, Kind::A, vec![Record::A(Ipv4Addr::new(203, 0, 113, 1))]);
    }
    for (kind, count, expected) in [
        ("real", 10, AuthResult::Pass),
        ("real", 11, AuthResult::PermError),
        ("void", 2, AuthResult::Pass),
        ("void", 3, AuthResult::PermError),
    ] {
        let record = format!("v=spf1{} ip4:192.0.2.10 -all", terms(kind, count));
        world.dns.set("example.org", Kind::Txt, txt(&record));
        assert_eq!(world.check(LETTER, CLIENT).await.spf, expected, "{kind} {count}");
    }
    let record = format!("v=spf1{} exists:real0.example.org -all", terms("void", 2));
    world.dns.set("example.org", Kind::Txt, txt(&record));
    assert_eq!(
        world.check(LETTER, CLIENT).await.spf,
        AuthResult::Pass,
        "a question with an answer is not void"
    );
}

#[tokio::test]
async fn without_a_policy_there_is_no_dmarc_result_but_the_domain_is_told() {
    let world = World::new().await;
    world.dns.set("_dmarc.example.org", Kind::Txt, txt("not a policy"));
    let found = world.check(&world.signed("example.org"), CLIENT).await;
    assert_eq!(found, results(AuthResult::Pass, AuthResult::Pass, AuthResult::None, Some("example.org")));
    let two = [txt("v=DMARC1; p=none"), txt("v=DMARC1; p=reject")].concat();
    world.dns.set("_dmarc.example.org", Kind::Txt, two);
    assert_eq!(world.check(LETTER, CLIENT).await.dmarc, AuthResult::None);
    world.dns.set("_dmarc.example.org", Kind::Txt, txt("v=DMARC1; p=reject; adkim=x"));
    assert_eq!(world.check(LETTER, CLIENT).await.dmarc, AuthResult::PermError);
}

#[tokio::test]
async fn a_subdomain_without_a_policy_has_that_of_its_organisation() {
    let world = World::new().await;
    let letter = LETTER.replace("ada@example.org", "ada@news.example.org");
    let found = world.authenticate(&letter, Some(AUTHOR), ELSEWHERE, Some("ada@news.example.org")).await;
    assert_eq!(found.dmarc, AuthResult::Fail);
    let found = world.authenticate(&letter, Some(AUTHOR), CLIENT, Some("ada@NEWS.example.org")).await;
    assert_eq!((found.dmarc, found.domain.as_deref()), (AuthResult::Pass, Some("news.example.org")));
}

#[tokio::test]
async fn a_signature_that_leaves_something_open_is_as_if_it_were_not_there() {
    let world = World::new().await;
    let headers = &["From", "Subject"][..];
    let long = world.sign("example.org", headers, |signer| signer.body_length(true));
    let no_from = world.sign("example.org", &["To", "Subject"], |signer| signer);
    let whole = world.sign("example.org", headers, |signer| signer);
    let zero = whole.to_header().replace("v=1;", "v=1; l=0;");
    let sha1 = whole.to_header().replace("a=ed25519-sha256;", "a=rsa-sha1;");
    assert!(zero.contains("l=0") && sha1.contains("rsa-sha1"), "{zero} {sha1}");
    let broken = "DKIM-Signature: v=1; a=rsa-sha256; d=example.org\r\n".to_owned();
    for header in [long.to_header(), no_from.to_header(), zero, sha1, broken] {
        let found = world.check(&format!("{header}{LETTER}"), ELSEWHERE).await;
        assert_eq!((found.dkim, found.dmarc), (AuthResult::None, AuthResult::Fail), "{header}");
    }
}

#[tokio::test]
async fn a_signature_has_its_time() {
    let world = World::new().await;
    let signature = world.sign("example.org", &["From"], |signer| signer.expiration(60));
    let letter = format!("{}{LETTER}", signature.to_header());
    let at = |seconds: u64| Timestamp(i64::try_from(seconds * 1000).expect("a moment"));
    for (now, expected) in [(signature.x - 1, AuthResult::Pass), (signature.x, AuthResult::Fail)] {
        let resolver = Dns::servers(vec![world.address]);
        let (helo, from) = ("mx.example.org", Some(AUTHOR));
        let found = authenticate(&resolver, from, helo, ELSEWHERE, letter.as_bytes(), from, at(now)).await;
        assert_eq!(found.dkim, expected, "{now}");
    }
}

#[tokio::test]
async fn five_signatures_are_looked_at_and_no_more() {
    let world = World::new().await;
    let good = world.sign("example.org", &["From"], |signer| signer).to_header();
    let bad = |count: usize| good.replace("d=example.org", "d=nokey.test").repeat(count);
    let after = |count| format!("{}{good}{LETTER}", bad(count));
    assert_eq!(world.check(&after(4), ELSEWHERE).await.dkim, AuthResult::Pass);
    assert_eq!(world.check(&after(5), ELSEWHERE).await.dkim, AuthResult::PermError);
}

#[tokio::test]
async fn an_rsa_key_under_1024_bits_fails() {
    let world = World::new().await;
    for (fixture, expected) in [(RSA_1024, AuthResult::Pass), (RSA_1016, AuthResult::Fail)] {
        let (key, signature) = fixture;
        world.dns.set("rsa._domainkey.example.org", Kind::Txt, txt(&format!("v=DKIM1; k=rsa; p={key}")));
        let letter = format!("{}b={signature}\r\n{LETTER}", RSA_HEADER);
        assert_eq!(world.check(&letter, ELSEWHERE).await.dkim, expected);
    }
}

#[tokio::test]
async fn a_failing_name_server_is_temperror_and_never_a_pass() {
    let world = World::new().await;
    let signed = world.signed("example.org");
    world.dns.fail("key._domainkey.example.org");
    let found = world.check(&signed, ELSEWHERE).await;
    assert_eq!(found, results(AuthResult::Fail, AuthResult::TempError, AuthResult::TempError, None));
    world.dns.fail("_dmarc.example.org");
    let found = world.check(&signed, CLIENT).await;
    assert_eq!(found, results(AuthResult::Pass, AuthResult::TempError, AuthResult::TempError, None));
    world.dns.fail("example.org");
    assert_eq!(world.check(&signed, CLIENT).await.spf, AuthResult::TempError);
}

#[tokio::test(start_paused = true)]
async fn a_silent_name_server_costs_five_seconds_and_gives_temperror() {
    let world = World::new().await;
    let signed = world.signed("example.org");
    world.dns.silence();
    let started = tokio::time::Instant::now();
    let found = world.check(&signed, CLIENT).await;
    assert_eq!(found, results(AuthResult::TempError, AuthResult::TempError, AuthResult::TempError, None));
    assert!(started.elapsed() <= Duration::from_millis(5001), "{:?}", started.elapsed());
}

#[tokio::test]
async fn an_ambiguous_from_or_no_dns_gives_none_and_asks_nobody() {
    let world = World::new().await;
    let signed = world.signed("example.org");
    for from in [None, Some("no address"), Some("ada@"), Some("ada@exa mple.org")] {
        assert_eq!(
            world.authenticate(&signed, Some(AUTHOR), CLIENT, from).await,
            SenderAuth::default(),
            "{from:?}"
        );
    }
    assert_eq!(world.dns.questions(), Vec::<String>::new());
    let from = Some(AUTHOR);
    let found =
        authenticate(&Dns::off(), from, "mx.example.org", CLIENT, signed.as_bytes(), from, Timestamp(0))
            .await;
    assert_eq!(found, SenderAuth::default());
}

#[test]
fn results_are_written_in_lower_case() {
    let found =
        results(AuthResult::SoftFail, AuthResult::TempError, AuthResult::PermError, Some("example.org"));
    let text = serde_json::to_string(&found).expect("plain values");
    let expected = r#"{"spf":"softfail","dkim":"temperror","dmarc":"permerror","domain":"example.org"}"#;
    assert_eq!(text, expected);
    assert_eq!(serde_json::from_str::<SenderAuth>(&text).expect("what was written"), found);
}

fn results(spf: AuthResult, dkim: AuthResult, dmarc: AuthResult, domain: Option<&str>) -> SenderAuth {
    SenderAuth { spf, dkim, dmarc, domain: domain.map(str::to_owned) }
}

fn txt(text: &str) -> Vec<Record> {
    vec![Record::Txt(text.to_owned())]
}

type Unsigned = DkimSigner<Ed25519Key, mail_auth::dkim::Done>;

/// A name server with the records of a few domains, and the key they sign with.
struct World {
    address: std::net::SocketAddr,
    dns: DnsServer,
    key: Vec<u8>,
}

impl World {
    async fn new() -> Self {
        let key = Ed25519Key::generate_pkcs8().expect("a key");
        let public = Ed25519Key::from_pkcs8_der(&key).expect("the key just made").public_key();
        let published = txt(&format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(public)));
        let mut records = Records::from([
            (("example.org".to_owned(), Kind::Txt), txt("v=spf1 ip4:192.0.2.10 -all")),
            (("_dmarc.example.org".to_owned(), Kind::Txt), txt("v=DMARC1; p=reject")),
        ]);
        for domain in ["example.org", "mail.example.org", "other.test"] {
            records.insert((format!("key._domainkey.{domain}"), Kind::Txt), published.clone());
        }
        let (address, dns) = DnsServer::start(records).await;
        Self { address, dns, key }
    }

    fn sign(&self, domain: &str, headers: &[&str], options: impl Fn(Unsigned) -> Unsigned) -> Signature {
        let key = Ed25519Key::from_pkcs8_der(&self.key).expect("the key just made");
        assert_eq!(key.algorithm().name(), "ed25519-sha256");
        let headers = headers.iter().copied();
        let signer = DkimSigner::from_key(key).domain(domain).selector("key").headers(headers);
        options(signer).sign(LETTER.as_bytes()).expect("a signature")
    }

    fn signed(&self, domain: &str) -> String {
        let signature = self.sign(domain, &["From", "To", "Subject"], |signer| signer);
        format!("{}{LETTER}", signature.to_header())
    }

    async fn check(&self, letter: &str, client: IpAddr) -> SenderAuth {
        self.envelope(letter, Some(AUTHOR), client).await
    }

    async fn envelope(&self, letter: &str, sender: Option<&str>, client: IpAddr) -> SenderAuth {
        self.authenticate(letter, sender, client, Some(AUTHOR)).await
    }

    /// With a resolver of its own each time, so that nothing is remembered.
    async fn authenticate(
        &self,
        letter: &str,
        sender: Option<&str>,
        client: IpAddr,
        from: Option<&str>,
    ) -> SenderAuth {
        let resolver = Dns::servers(vec![self.address]);
        let now = Timestamp(1_795_341_600_000);
        authenticate(&resolver, sender, "mx.example.org", client, letter.as_bytes(), from, now).await
    }
}

/// What is signed of a signature by the selector `rsa`; the letter is [`LETTER`].
const RSA_HEADER: &str = "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=rsa; h=From:Subject; bh=GkcWHSqG8Vx8PPnLUg3agH7WQgkW4xLkEKyXRoEdGKg=; ";

/// Public key and signature, 1024 bits.
const RSA_1024: (&str, &str) = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDe6gnR8pY5KeAKWI9hRQk57THlygQuUiMr6UfltarfYGyF56CdISFCbufWQwzLJgiowpkdjFdZrnd8slckqGeRkW+D76NTDcvElLojDzEUC2Tjk4ny8bBqZ3OLl6nl1f99rJJ6nqG1lIonY6c+62UkyeB4z1TTJmZ3ieKaadncsQIDAQAB",
    "K+tJ8pGOclrdb5rUR238IZoSwbDdnRDlfxKfIEMHpU2iIiXF2Es3gTpoo+BAuI7ujWBQ6BjzfacW1t4syiZ8ld9IhaoL2wucQwMaoUoaRam5aJ8gyqIZQq+fwd3BW08fDQ2d0sErec38+JGIiJ+s0Vkr6eg6zp3VosL0lTvOAcc=",
);

/// Public key and signature, 1016 bits.
const RSA_1016: (&str, &str) = (
    "MIGeMA0GCSqGSIb3DQEBAQUAA4GMADCBiAKBgACmFx2j8JeWeUD34+treWpovbAo3ytzGMBGv4AKPHaq+bgMiaxg2hEqxeUmWHK107TtNPq6OONxI97MCkFZJenQwtkmpT8xsJzxhFfhROgOHIojIdm3gxXavKeWpkcPuy9wHMghQzcGXqKT50MKd4GDu1YjnqQusBJlWpVRQ0KPAgMBAAE=",
    "UprzejrlhIYxtkXlfKo1KiVRFG5zb4ga5VxxV3ij1KxTXq5+jzmWVGoVqUyhpbh3Lznd7Iutig9A/gNNsUCdimcb41ru2RTfW6vTJxsX7eHjj5vELn3j6OXfY/EvROyVGDcCiAGZ5Ta+oSyR/m3VIYMygjT5gnu6kswykprUNg==",
);
