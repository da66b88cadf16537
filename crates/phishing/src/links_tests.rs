use crate::{Attachment, Auth, Circumstances, Flag, Letter, Mailbox, Outcome, Report, examine};

fn proven() -> Circumstances<'static> {
    let auth = Auth { dmarc: Outcome::Pass, is_proven: true, ..Auth::default() };
    Circumstances { auth, ..Circumstances::default() }
}

fn of(from: &str, html: &str, around: &Circumstances<'_>) -> Report {
    let from = Mailbox { name: "", address: from };
    examine(&Letter { from, html, ..Letter::default() }).report(around)
}

fn is_flagged(from: &str, html: &str, around: &Circumstances<'_>) -> bool {
    of(from, html, around).has(Flag::PhishingUrl)
}

#[test]
fn a_link_that_shows_one_place_and_leads_to_another_is_flagged() {
    let none = Circumstances::default();
    let bank = r#"<a href="https://secure-login.evil.example/x">https://www.bank.example/login</a>"#;
    assert!(is_flagged("info@bank.example", bank, &none));
    let report = of("info@bank.example", bank, &none);
    assert_eq!(report.reasons[0].detail, "www.bank.example -> evil.example");
    let honest = r#"<a href="https://www.bank.example/login?x=1">https://bank.example/login</a>
        <a href="https://evil.example">read more</a> <a href="https://bank.co.uk">bank.example</a>"#;
    assert!(!is_flagged("info@bank.example", honest, &none));
}

#[test]
fn a_newsletters_redirector_is_no_phishing_when_its_author_is_who_it_says() {
    let html = r#"<a href="https://click.mailer.example/1">www.shop.example</a>
        <a href="https://click.mailer.example/2">https://news.example/story</a>
        <a href="https://click.mailer.example/3">Unsubscribe</a>"#;
    assert!(!is_flagged("news@shop.example", html, &proven()));
    assert!(
        is_flagged("news@shop.example", html, &Circumstances::default()),
        "anybody can say they are the shop"
    );
    let rewritten =
        r#"<a href="https://eur01.safelinks.protection.outlook.com/?url=x">https://bank.example</a>"#;
    assert!(!is_flagged("a@b.example", rewritten, &Circumstances::default()), "the receiver's own gate");
}

#[test]
fn addresses_that_hide_their_place_are_flagged_and_a_houses_own_are_not() {
    for target in [
        "http://203.0.113.9/login",
        "http://3405803785/",
        "http://0xcb.0.0x71.9/",
        "https://www.paypal.com@evil.example/",
        "https://user:paypal.com@evil.example/",
        "http://[2001:db8::1]/",
        "data:text/html;base64,PGgxPg==",
        "https://paypa1.com/",
        "https://раураl.com/",
        "https://www.paypal.com.signin.example/",
        "https://amazon-support.example/",
        "https://micorsoft.com/",
    ] {
        let html = format!("<a href='{target}'>here</a>");
        assert!(is_flagged("a@b.example", &html, &Circumstances::default()), "{target}");
    }
    for target in [
        "http://192.168.0.1:9090/",
        "http://127.0.0.1/",
        "https://build.example:8443/job",
        "https://user@git.example/x.git",
        "https://www.amazon.co.jp/",
        "https://github.com/paypal/sdk",
        "https://bücher.example/",
        "https://почта.example/",
        "mailto:ann@b.example",
        "#top",
        "javascript:void(0)",
    ] {
        let html = format!("<a href='{target}'>here</a>");
        assert!(!is_flagged("a@b.example", &html, &Circumstances::default()), "{target}");
    }
}

#[test]
fn what_looks_like_the_authors_or_the_receivers_own_place_is_flagged() {
    let around = Circumstances { own_domains: vec!["contoso-mail.example"], ..Circumstances::default() };
    assert!(is_flagged("a@b.example", "<a href='https://c0ntoso-mail.example'>x</a>", &around));
    assert!(!is_flagged("a@b.example", "<a href='https://contoso-mail.example'>x</a>", &around));
    assert!(is_flagged("a@northwind.example", "<a href='https://n0rthwind.example'>x</a>", &around));
    assert!(!is_flagged("a@northwind.example", "<a href='https://northwind.test'>x</a>", &around));
}

#[test]
fn a_mail_that_asks_for_a_password_in_itself_is_flagged() {
    let form = "<form action='https://evil.example/p'><input type=text><input TYPE='Password'></form>";
    assert!(is_flagged("a@b.example", form, &Circumstances::default()));
    let survey = "<form action='https://b.example/survey'><input type=radio></form>";
    assert!(!is_flagged("a@b.example", survey, &Circumstances::default()));
    let attached = |name, text| {
        let attachments = vec![Attachment { name, content_type: "text/html", text }];
        examine(&Letter { attachments, ..Letter::default() })
            .report(&Circumstances::default())
            .has(Flag::PhishingUrl)
    };
    assert!(attached("invoice.html", "<form action=https://evil.example><input name=password>"));
    assert!(!attached("report.html", "<h1>Coverage</h1><table></table>"));
}

#[test]
fn bare_links_of_a_plain_text_are_read() {
    let flagged = |text| {
        examine(&Letter { text, ..Letter::default() })
            .report(&Circumstances::default())
            .has(Flag::PhishingUrl)
    };
    assert!(flagged("Pay at HTTP://203.0.113.9/x."));
    assert!(!flagged("See https://docs.example/a?b=https://203.0.113.9 and ftp://203.0.113.9"));
}

#[test]
fn hostile_pages_are_read_in_time_that_grows_with_them() {
    let html = "<a href='http://a.b.c.example/'>www.x.example".repeat(20_000);
    let _ = of("a@b.example", &html, &proven());
    let text = "http://".repeat(30_000);
    let _ = examine(&Letter { text: &text, ..Letter::default() });
}
