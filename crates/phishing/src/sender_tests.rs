use crate::{Auth, Circumstances, Flag, Letter, Mailbox, Outcome, examine};

const UNKNOWN: Auth =
    Auth { spf: Outcome::Unknown, dkim: Outcome::Unknown, dmarc: Outcome::Unknown, is_proven: false };
const PROVEN: Auth = Auth { spf: Outcome::Pass, dkim: Outcome::Pass, dmarc: Outcome::Pass, is_proven: true };
const FAILED: Auth =
    Auth { spf: Outcome::Fail, dkim: Outcome::Unknown, dmarc: Outcome::Fail, is_proven: false };

fn letter<'a>(name: &'a str, address: &'a str) -> Letter<'a> {
    Letter { from: Mailbox { name, address }, ..Letter::default() }
}

fn is_flagged(letter: &Letter<'_>, auth: Auth) -> bool {
    let around = Circumstances { auth, own_domains: vec!["contoso.example"], ..Circumstances::default() };
    examine(letter).report(&around).has(Flag::SpoofedSender)
}

#[test]
fn who_fails_authentication_is_flagged_and_who_was_passed_on_is_not() {
    let bank = letter("Bank", "info@bank.example");
    assert!(is_flagged(&bank, FAILED));
    assert!(is_flagged(&bank, Auth { spf: Outcome::Fail, ..UNKNOWN }));
    assert!(!is_flagged(&bank, PROVEN) && !is_flagged(&bank, UNKNOWN));
    // A forwarder breaks SPF; a signature that holds says who wrote it.
    assert!(!is_flagged(&bank, Auth { spf: Outcome::Fail, dkim: Outcome::Pass, ..UNKNOWN }));
    let forwarded = Letter { headers: vec![("X-Forwarded-To", "me@b.example")], ..bank.clone() };
    assert!(!is_flagged(&forwarded, Auth { spf: Outcome::Fail, ..UNKNOWN }));
    let listed = Letter { headers: vec![("List-Id", "<dev.list.example>")], ..bank };
    assert!(!is_flagged(&listed, FAILED), "a list that keeps From breaks DMARC");
}

#[test]
fn a_name_that_holds_another_address_is_flagged_and_a_list_that_rewrites_from_is_not() {
    assert!(is_flagged(&letter("ceo@contoso.example", "x@evil.example"), PROVEN));
    assert!(is_flagged(&letter("Ann <ann@bank.example>", "x@evil.example"), UNKNOWN));
    assert!(!is_flagged(&letter("ann@bank.example", "ann@bank.example"), UNKNOWN));
    assert!(!is_flagged(&letter("ann@mail.bank.example", "ann@bank.example"), UNKNOWN));
    let list = Letter {
        headers: vec![("List-Id", "<dev.list.example>")],
        ..letter("ann@bank.example via Dev", "dev@list.example")
    };
    assert!(!is_flagged(&list, PROVEN));
}

#[test]
fn a_name_much_imitated_is_flagged_and_its_own_domains_and_namesakes_are_not() {
    for (name, address) in [
        ("PayPal", "x@evil.example"),
        ("PayPal Support", "service@random.example"),
        ("PаyPаl", "x@evil.example"),
        ("Microsoft account team", "someone@gmail.com"),
        ("Chase Security", "x@evil.example"),
        ("DHL Express", "notice@colis.example"),
        ("Amazon.de", "x@evil.example"),
    ] {
        assert!(is_flagged(&letter(name, address), UNKNOWN), "{name} {address}");
    }
    for (name, address) in [
        ("PayPal", "service@paypal.com"),
        ("Amazon.de", "shipment@amazon.co.uk"),
        ("Microsoft", "no-reply@microsoftonline.com"),
        ("Chase Miller", "chase@b.example"),
        ("Otto Apple", "otto@b.example"),
        ("Visa office of the embassy", "visa@embassy.example"),
        ("Ann, who works at PayPal", "ann@b.example"),
        ("The Shop", "news@shop.example"),
    ] {
        assert!(!is_flagged(&letter(name, address), UNKNOWN), "{name} {address}");
    }
    assert!(
        !is_flagged(&letter("PayPal News", "x@paypal-news.example"), PROVEN),
        "a company's several domains"
    );
}

#[test]
fn a_domain_that_looks_like_another_is_flagged_and_a_neighbour_is_not() {
    for address in [
        "ceo@c0ntoso.example",
        "ceo@contosso.example",
        "x@paypa1.com",
        "x@xn--pypal-4ve.com",
        "x@rnicrosoft.com",
    ] {
        assert!(is_flagged(&letter("", address), PROVEN), "{address}");
    }
    for address in
        ["ceo@contoso.test", "a@contoso-group.example", "a@gmail.com", "a@ymail.com", "a@bücher.example"]
    {
        assert!(!is_flagged(&letter("", address), PROVEN), "{address}");
    }
}

#[test]
fn answers_that_would_go_elsewhere_count() {
    let answers = |reply_to, from| Letter { reply_to: vec![reply_to], ..letter("Bank", from) };
    assert!(is_flagged(&answers("ceo@b4nk-group.example", "ceo@b4nk-group.example"), FAILED));
    assert!(
        is_flagged(&answers("info@northw1nd.example", "info@northwind.example"), UNKNOWN),
        "a look-alike"
    );
    let weak = answers("bank@gmail.com", "info@bank.example");
    assert!(!is_flagged(&weak, UNKNOWN), "not alone");
    assert!(is_flagged(&weak, Auth { spf: Outcome::SoftFail, ..UNKNOWN }));
    assert!(!is_flagged(&answers("ticket@help.example", "info@bank.example"), PROVEN), "a help desk");
    assert!(!is_flagged(&answers("info@bank.test", "info@bank.example"), UNKNOWN));
}

#[test]
fn somebody_of_the_thread_who_writes_from_a_look_alike_is_flagged() {
    let earlier = vec![Mailbox { name: "Ann Miller", address: "ann@northwind.example" }];
    let flagged = |address, auth| {
        let around = Circumstances { auth, earlier: earlier.clone(), ..Circumstances::default() };
        examine(&letter("Ann Miller", address)).report(&around).has(Flag::SpoofedSender)
    };
    assert!(flagged("ann@n0rthwind.example", PROVEN));
    assert!(flagged("ann@evil.example", Auth { spf: Outcome::SoftFail, ..UNKNOWN }));
    assert!(!flagged("ann@northwind.example", UNKNOWN) && !flagged("ann@northwind.test", UNKNOWN));
    assert!(!flagged("ann@private.example", PROVEN), "people have several mailboxes");
}
