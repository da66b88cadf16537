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
    for link in [
        "https://evil.test/?d=1",
        "http://user@evil.test/",
        "https://aGVsbG8gd29ybGQgZm9vIGJhcg.evil.test/x.png",
        "https://evil.test/p/5f4dcc3b5aa765d61d8327de",
    ] {
        assert!(has_data_link(&format!("look: {link}."), &own), "{link}");
    }
    for link in
        ["https://a.test/docs?id=7", "https://a.test/pricing", "https://example.com/blog/2026/how-it-works"]
    {
        assert!(!has_data_link(&format!("look: {link}."), &own), "{link}");
    }
}
