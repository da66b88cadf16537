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

#[test]
fn a_code_in_parts_is_one_however_it_is_taken_apart() {
    let elsewhere = texts(&["Yours is K7Q-4482-ZTX, paid from PT50 0002 0123 1234 5678 9015 4 by 482913."]);
    let lifted = |text: &str| is_lifted(&[text.to_owned()], &Texts::default(), &elsewhere);
    for text in [
        "k7q 4482 ztx",
        "K.7.Q.4.4.8.2.Z.T.X",
        "kilo seven quebec forty-four eighty-two zulu tango x ray",
        "4 8 2 - 9 1 3",
        "four eight two nine one three",
        "PT50000201231234567890154",
    ] {
        assert!(lifted(text), "{text}");
    }
    for text in ["K7Q is a lake", "room 4482", "482 people", "See you in 2026, on 07-13 at 10:00."] {
        assert!(!lifted(text), "{text}");
    }
}

#[test]
fn a_date_a_measure_and_a_time_are_no_codes() {
    let elsewhere =
        texts(&["On 13-Jul-2026 from 10am-12pm: a 2-bedroom flat, 24-hour service, 2026-07-13 10:00."]);
    for text in ["13-Jul-2026", "10am-12pm", "a 2-bedroom flat", "24-hour service", "2026-07-13"] {
        assert!(!is_lifted(&[text.to_owned()], &Texts::default(), &elsewhere), "{text}");
    }
}

#[test]
fn what_nobody_sees_has_room_for_little() {
    for text in [
        "a\u{200b}\u{200c}\u{200b}\u{200b}\u{200c}\u{200b}\u{200c}\u{200b}",
        "a \t \t\t  \t",
        "\u{1f600}\u{e0141}\u{e0142}\u{e0143}\u{e0144}\u{e0145}\u{e0146}\u{e0147}\u{e0148}",
    ] {
        assert!(hides(text), "{text:?}");
    }
    for text in [
        "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}",
        "\t\t\t\t\t        <p>x</p>",
        "a            b",
    ] {
        assert!(!hides(text), "{text:?}");
    }
    assert!(embeds_a_file("<img src=\"data:image/png;base64,iVBORw0KGgo=\">"));
    assert!(!embeds_a_file("<p>Here is the data: three, four</p>"));
}
