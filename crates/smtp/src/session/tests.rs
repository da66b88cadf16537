//! The session, fed line by line, with the answers a mailroom could give.

use proptest::prelude::*;

use super::*;

const ID: &str = "eml_0";

fn config() -> SmtpConfig {
    SmtpConfig { hostname: "mx.test".to_owned(), ..SmtpConfig::default() }
}

/// A session whose every `known…` address exists, and what it said.
struct Talk {
    session: Session<String>,
    patience: Patience,
    said: Vec<String>,
    ingested: Vec<(Received, Vec<String>)>,
    text: Vec<u8>,
    flaws: Flaws,
    open: bool,
}

impl Talk {
    fn new(config: SmtpConfig) -> Self {
        let patience = config.patience(false);
        Self {
            session: Session::new(Arc::new(config), IpAddr::from([192, 0, 2, 1]), true),
            patience,
            said: Vec::new(),
            ingested: Vec::new(),
            text: b"Subject: x\r\n\r\n".to_vec(),
            flaws: Flaws::default(),
            open: true,
        }
    }

    fn line(&mut self, line: &Line, behind: bool) {
        let mut step = self.session.line(line, behind, self.patience);
        while let Step::Ask(ask) = step {
            step = match ask {
                Ask::Ready(_) => self.session.ready(Ok(())),
                Ask::Route(address) if address.local().starts_with("known") => {
                    self.session.routed(Ok(address.to_string()))
                }
                Ask::Route(address) if address.local() == "full" => {
                    self.session.routed(Err(Refusal::OverQuota))
                }
                Ask::Route(_) => self.session.routed(Err(Refusal::NoSuchInbox)),
                Ask::Collect => self.session.collected(Collected::Text(self.text.clone(), self.flaws)),
                Ask::Ingest(received, routes) => {
                    self.ingested.push((received, routes));
                    self.session.ingested(Ok(ID.to_owned()))
                }
                Ask::StartTls => {
                    self.session.secured();
                    Step::Say(reply::ready_for_tls())
                }
            };
        }
        let reply = match step {
            Step::Say(reply) | Step::SayUnknown(reply) => Some(reply),
            Step::Close(reply) => {
                self.open = false;
                Some(reply)
            }
            Step::Hang | Step::Ask(_) => {
                self.open = false;
                None
            }
        };
        let mut wire = Vec::new();
        if let Some(reply) = reply {
            reply.write_to(&mut wire);
        }
        self.said.push(String::from_utf8(wire).expect("replies are ASCII").trim_end().to_owned());
    }

    /// Says the lines; answers the last reply.
    fn say(&mut self, lines: &[&str]) -> String {
        for line in lines {
            self.line(&Line::Command(line.as_bytes().to_vec()), false);
        }
        self.said.last().cloned().unwrap_or_default()
    }
}

fn after(lines: &[&str]) -> String {
    Talk::new(config()).say(lines)
}

const EHLO: &str = "EHLO client.test";
const MAIL: &str = "MAIL FROM:<a@b.test>";
const RCPT: &str = "RCPT TO:<known@c.test>";

#[test]
fn a_message_takes_its_way() {
    let mut talk = Talk::new(config());
    assert_eq!(talk.say(&[EHLO, MAIL, RCPT, "DATA"]), "250 2.0.0 eml_0");
    let (received, routes) = &talk.ingested[0];
    assert_eq!(received.envelope.from.as_deref(), Some("a@b.test"));
    assert_eq!((received.envelope.helo.as_str(), received.envelope.tls), ("client.test", false));
    assert_eq!(routes, &["known@c.test"]);
    assert_eq!(talk.say(&["QUIT"]), "221 2.0.0 bye");
    assert!(!talk.open);
}

#[test]
fn commands_out_of_order_are_told_what_is_missing() {
    assert_eq!(after(&[MAIL]), "503 5.5.1 say EHLO first");
    assert_eq!(after(&[EHLO, RCPT]), "503 5.5.1 say MAIL first");
    assert_eq!(after(&[EHLO, "DATA"]), "503 5.5.1 say MAIL first");
    assert_eq!(after(&[EHLO, MAIL, MAIL]), "503 5.5.1 sender already given");
    assert_eq!(after(&[EHLO, MAIL, "DATA"]), "554 5.5.1 no valid recipients");
    assert_eq!(after(&[EHLO, MAIL, RCPT, "RSET", "DATA"]), "503 5.5.1 say MAIL first");
    assert_eq!(after(&[EHLO, MAIL, RCPT, EHLO, "DATA"]), "503 5.5.1 say MAIL first");
}

#[test]
fn unknown_impossible_and_non_ascii_recipients_get_the_same_words() {
    let words = "550 5.1.1 no such inbox";
    for to in [
        "nobody@c.test",
        "a..b@c.test",
        "\"a b\"@c.test",
        "known@c",
        "known@[192.0.2.1]",
        "postmaster@mx.test",
    ] {
        assert_eq!(after(&[EHLO, MAIL, &format!("RCPT TO:<{to}>")]), words, "{to}");
    }
    assert_eq!(after(&[EHLO, "MAIL FROM:<a@b.test> SMTPUTF8", "RCPT TO:<ä@c.test>"]), words);
    assert_eq!(after(&[EHLO, MAIL, "RCPT TO:<ä@c.test>"]), "553 5.6.7 address needs SMTPUTF8");
    assert_eq!(after(&[EHLO, MAIL, "RCPT TO:<known>"]), "501 5.1.3 recipient is not an address");
}

#[test]
fn relay_probes_are_denied_in_every_spelling() {
    for to in [
        "a%b.test@c.test",
        "a%b.test",
        "b.test!a",
        "a!b@c.test",
        "@x.test,@y.test:a@c.test",
        "\"a@b\"@c.test",
        "a@b@c.test",
    ] {
        assert_eq!(after(&[EHLO, MAIL, &format!("RCPT TO:<{to}>")]), "550 5.7.1 relaying denied", "{to}");
    }
}

#[test]
fn a_bounce_has_one_recipient() {
    let mut talk = Talk::new(config());
    assert_eq!(talk.say(&[EHLO, "MAIL FROM:<>", "RCPT TO:<nobody@c.test>", RCPT]), "250 2.1.5 recipient ok");
    assert_eq!(talk.say(&["RCPT TO:<known2@c.test>"]), "452 4.5.3 too many recipients");
    talk.say(&["DATA"]);
    assert_eq!((talk.ingested[0].0.envelope.from.as_deref(), talk.ingested[0].1.len()), (None, 1));
}

#[test]
fn a_recipient_named_twice_is_one_delivery() {
    let mut talk = Talk::new(config());
    talk.say(&[EHLO, MAIL, RCPT, "RCPT TO:<KNOWN@c.test>", "RCPT TO:<known+tag@c.test>", "DATA"]);
    assert_eq!(talk.ingested[0].1, ["known@c.test", "known+tag@c.test"]);
}

#[test]
fn one_recipients_verdict_leaves_the_others() {
    let mut talk = Talk::new(config());
    assert_eq!(talk.say(&[EHLO, MAIL, RCPT, "RCPT TO:<full@c.test>"]), "452 4.2.2 inbox is over its quota");
    assert_eq!(talk.say(&["DATA"]), "250 2.0.0 eml_0");
    assert_eq!(talk.ingested[0].1, ["known@c.test"]);
}

#[test]
fn a_hundred_recipients_fit_and_one_more_waits() {
    let mut talk = Talk::new(config());
    talk.say(&[EHLO, MAIL]);
    for i in 0..100 {
        assert_eq!(talk.say(&[&format!("RCPT TO:<known{i}@c.test>")]), "250 2.1.5 recipient ok");
    }
    assert_eq!(talk.say(&["RCPT TO:<known100@c.test>"]), "452 4.5.3 too many recipients");
    assert_eq!(talk.say(&["DATA"]), "250 2.0.0 eml_0");
}

#[test]
fn each_count_ends_the_session_at_its_limit() {
    let cases = [
        ("FOO", 20, "421 4.7.0 too many errors"),
        ("NOOP", 50, "421 4.7.0 too many idle commands"),
        ("RSET", 50, "421 4.7.0 too many idle commands"),
    ];
    for (line, limit, last) in cases {
        let mut talk = Talk::new(config());
        for i in 1..limit {
            assert!(!talk.say(&[line]).starts_with("421"), "{line} {i}");
        }
        assert_eq!((talk.say(&[line]).as_str(), talk.open), (last, false));
    }
    let mut talk = Talk::new(config());
    talk.say(&[EHLO, MAIL]);
    for _ in 1..10 {
        assert_eq!(talk.say(&["RCPT TO:<nobody@c.test>"]), "550 5.1.1 no such inbox");
    }
    assert_eq!(talk.say(&["RCPT TO:<nobody@c.test>"]), "421 4.7.0 too many unknown recipients");
}

#[test]
fn the_third_overlong_line_ends_the_session() {
    let mut talk = Talk::new(config());
    for expected in
        ["500 5.5.2 line too long", "500 5.5.2 line too long", "421 4.7.0 too many overlong lines"]
    {
        talk.line(&Line::Overlong, false);
        assert_eq!(talk.said.last().map(String::as_str), Some(expected));
    }
}

#[test]
fn a_connection_carries_so_many_messages_and_no_more() {
    let mut talk = Talk::new(SmtpConfig { messages_per_connection: 2, ..config() });
    talk.say(&[EHLO, MAIL, RCPT, "DATA", MAIL, RCPT, "DATA"]);
    assert_eq!(talk.say(&[MAIL]), "421 4.7.0 too many messages on one connection");
    let mut talk = Talk::new(SmtpConfig { messages_per_connection: 0, ..config() });
    for _ in 0..300 {
        assert_eq!(talk.say(&[EHLO, MAIL, RCPT, "DATA"]), "250 2.0.0 eml_0");
    }
}

#[test]
fn a_size_announced_is_judged_at_mail() {
    assert_eq!(after(&[EHLO, "MAIL FROM:<a@b.test> SIZE=26214400"]), "250 2.1.0 sender ok");
    assert_eq!(after(&[EHLO, "MAIL FROM:<a@b.test> SIZE=26214401"]), "552 5.3.4 message is too large");
}

#[test]
fn a_flawed_text_is_refused_and_the_session_goes_on() {
    let cases = [
        (Flaws { smuggling: true, too_large: true, ..Flaws::default() }, "550 5.6.11 "),
        (Flaws { too_large: true, ..Flaws::default() }, "552 5.3.4 "),
        (Flaws { bare_lf: true, long_line: true, ..Flaws::default() }, "250 2.0.0 "),
    ];
    for (flaws, start) in cases {
        let mut talk = Talk::new(config());
        talk.flaws = flaws;
        assert!(talk.say(&[EHLO, MAIL, RCPT, "DATA"]).starts_with(start), "{flaws:?}");
        assert_eq!(talk.ingested.len(), usize::from(start.starts_with("250")));
        assert_eq!(talk.say(&[MAIL]), "250 2.1.0 sender ok");
    }
}

#[test]
fn starttls_forgets_what_was_said_in_the_clear() {
    let mut talk = Talk::new(config());
    assert!(talk.say(&[EHLO]).contains("250-STARTTLS"));
    assert_eq!(talk.say(&[MAIL, RCPT, "STARTTLS"]), "220 2.0.0 ready to start TLS");
    assert_eq!(talk.say(&["DATA"]), "503 5.5.1 say MAIL first");
    assert_eq!(talk.say(&[MAIL]), "503 5.5.1 say EHLO first");
    assert!(!talk.say(&[EHLO]).contains("STARTTLS"));
    assert_eq!(talk.say(&["STARTTLS"]), "503 5.5.1 already encrypted");
    talk.say(&[MAIL, RCPT, "DATA"]);
    assert!(talk.ingested[0].0.envelope.tls);
}

#[test]
fn what_must_end_a_group_and_does_not_ends_the_session() {
    for line in ["EHLO client.test", "STARTTLS", "DATA"] {
        let mut talk = Talk::new(config());
        talk.say(&[EHLO, MAIL, RCPT]);
        talk.line(&Line::Command(line.as_bytes().to_vec()), true);
        assert_eq!(
            talk.said.last().map(String::as_str),
            Some("554 5.5.0 data sent ahead of a reply"),
            "{line}"
        );
        assert!(!talk.open && talk.ingested.is_empty());
    }
}

#[test]
fn under_stress_the_first_error_ends_the_session() {
    let mut talk = Talk::new(config());
    talk.patience = config().patience(true);
    assert_eq!(talk.say(&[EHLO, "FOO"]), "421 4.7.0 too many errors");
}

#[test]
fn postmaster_needs_no_domain_where_an_inbox_is_named_for_it() {
    let mut talk = Talk::new(SmtpConfig { postmaster: Some("known@c.test".to_owned()), ..config() });
    talk.say(&[EHLO, MAIL, "RCPT TO:<Postmaster>", "RCPT TO:<postmaster@mx.test>", "DATA"]);
    assert_eq!(talk.ingested[0].1, ["known@c.test"]);
}

proptest! {
    #[test]
    fn no_sequence_of_lines_makes_the_session_panic_or_take_a_message_without_a_recipient(
        lines in proptest::collection::vec(
            prop_oneof![
                Just("EHLO a".to_owned()), Just(MAIL.to_owned()), Just(RCPT.to_owned()), Just("DATA".to_owned()),
                Just("RSET".to_owned()), Just("STARTTLS".to_owned()), Just("MAIL FROM:<>".to_owned()),
                Just("RCPT TO:<full@c.test>".to_owned()), "[ -~]{0,40}", "(MAIL FROM:|RCPT TO:)<[ -~]{0,20}>",
            ],
            0..40,
        ),
    ) {
        let mut talk = Talk::new(config());
        for line in &lines {
            if talk.open {
                talk.say(&[line]);
            }
        }
        prop_assert!(talk.ingested.iter().all(|(_, routes)| !routes.is_empty()));
    }
}
