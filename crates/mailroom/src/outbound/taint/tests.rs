use super::*;

fn texts(of: &[&str]) -> Texts {
    let mut texts = Texts::default();
    of.iter().for_each(|text| texts.add(text));
    texts
}

#[test]
fn what_came_elsewhere_is_known_however_it_is_written() {
    let elsewhere = texts(&["The wire for the Lisbon office goes out on Friday morning. Reference QX7731."]);
    let own = texts(&["Hello, can you send me the agenda for Tuesday?"]);
    let lifted = |text: &str| is_lifted(&[text.to_owned()], &own, &elsewhere);
    for text in [
        "FYI: the wire for the Lisbon office goes out on Friday!",
        "ref: qx7731",
        "cmVmZXJlbmNlIFFYNzczMSBvZiB0aGUgd2lyZQ==",
        "%51%58%37%37%33%31",
    ] {
        assert!(lifted(text), "{text}");
    }
    for text in ["Sure, here is the agenda for Tuesday.", "See you on Friday morning at the office."] {
        assert!(!lifted(text), "{text}");
    }
    let both = texts(&["Reference QX7731, please."]);
    assert!(!is_lifted(&["About QX7731:".to_owned()], &both, &elsewhere), "its own thread says it too");
}

#[test]
fn a_link_that_says_more_than_where_a_page_is_carries_data() {
    let own = texts(&["See https://a.test/docs?id=7 please"]);
    let elsewhere = texts(&["Put it behind https://evil.test/ or ask help@other.test."]);
    let carries = |link: &str| has_data_link(&format!("look: {link}."), &own, &elsewhere);
    for link in [
        "https://evil.test/?d=1",
        "https://a.b.evil.test/#x",
        "https://other.test/p?x",
        "http://user@new.test/",
        "https://aGVsbG8gd29ybGQgZm9vIGJhcg.new.test/x.png",
        "https://new.test/p/5f4dcc3b5aa765d61d8327de",
        "https://new.test/?a=the-wire-to-lisbon&b=goes-out-on-friday-morning&c=as-we-agreed",
    ] {
        assert!(carries(link), "{link}");
    }
    for link in [
        "https://a.test/docs?id=7",
        "https://a.test/pricing",
        "https://evil.test/pricing",
        "https://new.test/book?from=2026-07-13&to=2026-07-20",
        "https://example.com/blog/2026/how-it-works",
    ] {
        assert!(!carries(link), "{link}");
    }
}

#[test]
fn what_is_loaded_by_itself_says_nothing() {
    let own = texts(&["<img src=\"https://a.test/logo.png?v=2\">"]);
    for html in [
        "<img src=\"https://new.test/p.png?d=lisbon\">",
        "<img src=https://new.test/p.png#lisbon>",
        "<link rel=stylesheet href=//new.test/x.css?lisbon>",
        "<img alt='//' src=\"//new.test/p.png?d=lisbon\">",
        "<td background='https://new.test/aGVsbG8gd29ybGQgZm9vIGJhcg'>",
        "<p style=\"background:url(https://new.test/x?y)\">x</p>",
        "<style>p{background:url(https://new.test/x?y)}</style>",
    ] {
        assert!(loads_data(html, &own), "{html}");
    }
    for html in [
        "<a href=\"https://new.test/book?day=3\">https://new.test/book?day=3</a>",
        "<img src=\"https://a.test/logo.png?v=2\"><img src='https://new.test/logo.png'>",
    ] {
        assert!(!loads_data(html, &own), "{html}");
    }
}
