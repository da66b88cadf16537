use super::*;

const KEY: &str = "AKIAZ7Q4M2X9K3T8B5WD";

fn found(text: &str) -> Option<&'static str> {
    search(&[text.to_owned()], &[]).family
}

fn base64(text: &str) -> String {
    use ::base64::Engine;
    ::base64::engine::general_purpose::STANDARD.encode(text)
}

fn each(format: fn(u8) -> String) -> String {
    KEY.bytes().map(format).collect()
}

#[test]
fn every_family_is_found() {
    let many = |of: &str, length: usize| of.repeat(length).chars().take(length).collect::<String>();
    let (word, hex) = (|length| many("aB3dE5", length), |length| many("a1b2", length));
    for (family, secret) in [
        ("private_key", "-----BEGIN RSA PRIVATE KEY-----\nMIIE".to_owned()),
        ("private_key", "-----BEGIN OPENSSH PRIVATE KEY-----".to_owned()),
        ("private_key", "-----BEGIN PGP PRIVATE KEY BLOCK-----".to_owned()),
        ("private_key", "PuTTY-User-Key-File-3: ssh-ed25519".to_owned()),
        ("private_key", format!("AGE-SECRET-KEY-1{}", many("QZ7", 58))),
        ("aws", KEY.to_owned()),
        ("aws", format!("ASIA{}", many("Q7Z", 16))),
        ("google", format!("AIza{}", word(35))),
        ("azure", format!("AccountKey={}==", word(86))),
        ("github", format!("ghp_{}", word(36))),
        ("github", format!("github_pat_{}_{}", word(22), word(59))),
        ("gitlab", format!("glpat-{}", word(20))),
        ("slack", format!("xoxb-123456789012-{}", word(24))),
        ("stripe", format!("sk_live_{}", word(24))),
        ("anthropic", format!("sk-ant-api03-{}", word(93))),
        ("openai", format!("sk-proj-{}", word(48))),
        ("huggingface", format!("hf_{}", word(34))),
        ("npm", format!("npm_{}", word(36))),
        ("pypi", format!("pypi-AgEIcHlwaS5vcmc{}", word(60))),
        ("sendgrid", format!("SG.{}.{}", word(22), word(43))),
        ("digitalocean", format!("dop_v1_{}", hex(64))),
        ("vault", format!("hvs.{}", word(24))),
        ("telegram", format!("123456789:AA{}", word(33))),
        ("discord_webhook", format!("https://discord.com/api/webhooks/123456789012345678/{}", word(68))),
        ("payment_card", "4111 1111 1111 1111".to_owned()),
    ] {
        assert_eq!(found(&format!("here: {secret} .")), Some(family), "{secret}");
    }
}

#[test]
fn a_secret_is_found_in_every_writing() {
    let wide: String = KEY.chars().filter_map(|c| char::from_u32(u32::from(c) + 0xfee0)).collect();
    let rot13: String = KEY
        .chars()
        .map(|c| if c.is_ascii_uppercase() { char::from((c as u8 - b'A' + 13) % 26 + b'A') } else { c })
        .collect();
    for (how, text) in [
        ("as it is", KEY.to_owned()),
        ("spaces", each(|b| format!("{} ", char::from(b)))),
        ("lines", each(|b| format!("{}\r\n", char::from(b)))),
        ("zero width", each(|b| format!("{}\u{200b}\u{2060}", char::from(b)))),
        ("full width", wide),
        ("percent", each(|b| format!("%{b:02X}"))),
        ("quoted-printable", each(|b| format!("={b:02X}"))),
        ("soft breaks", format!("{}=\r\n{}", &KEY[..9], &KEY[9..])),
        ("references", each(|b| format!("&#{b};"))),
        ("hex references", each(|b| format!("&#x{b:x};"))),
        ("references without an end", each(|b| format!("&#{b}")) + " "),
        ("program escapes", each(|b| format!("\\u{b:04x}"))),
        ("byte escapes", each(|b| format!("\\x{b:02x}"))),
        ("hex", each(|b| format!("{b:02x}"))),
        ("hex in groups", each(|b| format!("{b:02x}:"))),
        ("backwards", KEY.chars().rev().collect()),
        ("rot13", rot13),
        ("base64", base64(KEY)),
        ("base64 in a sentence", format!("the key {} is", base64(&format!("key={KEY}")))),
        (
            "base64 over lines",
            base64(&format!("the key is {KEY} ok")).chars().map(|c| format!("{c}\n")).collect(),
        ),
        (
            "base64 for URLs",
            base64(&format!("k??>>{KEY}")).replace('+', "-").replace('/', "_").replace('=', ""),
        ),
        ("base64 twice", base64(&base64(KEY))),
        ("hex in base64", base64(&each(|b| format!("{b:02x}")))),
        ("percent in base64", base64(&each(|b| format!("%{b:02x}")))),
        ("base64 of UTF-16", base64(&each(|b| format!("{}\0", char::from(b))))),
    ] {
        assert_eq!(found(&text), Some("aws"), "{how}: {text}");
    }
}

#[test]
fn ordinary_text_holds_no_secret() {
    for text in [
        "Dear Ada, the invoice 2026-11-0042 over 1,299.00 EUR is due on 2026-12-01. IBAN DE89 3704 0044 0532 0130 00.",
        "SOUTH ASIA REGIONAL MANAGEMENT REPORT FOR THE YEAR",
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQ\n-----END PUBLIC KEY-----",
        "Call +49 30 901820 or +1 (555) 010-9999 before 12:30. Order 1234567890123456.",
        "a risk-based approach to desk-research and task-oriented-scheduling-of-many-small-jobs-per-day",
        "https://shop.example/orders?id=9f8b7c6d5e4f3a2b1c0d&lang=en#top",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b and tracking number 1Z999AA10123456784",
    ] {
        assert_eq!(found(text), None, "{text}");
    }
}

#[test]
fn a_canary_is_found_however_it_is_broken_up() {
    let canaries = ["Plum-Harbor-7731-Kite".to_owned()];
    for text in [
        "plum harbor 7731 kite".to_owned(),
        "P.L.U.M-H_A_R_B_O_R 7 7 3 1 KITE".to_owned(),
        base64("Plum-Harbor-7731-Kite"),
        "https://a.test/?q=Plum%2dHarbor%2d7731%2dKite".to_owned(),
    ] {
        assert_eq!(search(std::slice::from_ref(&text), &canaries).family, Some("canary"), "{text}");
    }
    assert_eq!(search(&["plum harbor 7732 kite".to_owned()], &canaries).family, None);
}

#[test]
fn a_megabyte_of_anything_is_looked_through_without_an_explosion() {
    for text in [
        "QUtJ".repeat(1 << 18),
        "%41".repeat(1 << 18),
        "41".repeat(1 << 19),
        "&#65;".repeat(1 << 17),
        "4 ".repeat(1 << 19),
    ] {
        let total: usize = views::views(&text).iter().map(|view| view.plain.len()).sum();
        assert!(total <= text.len() * 40, "{} became {total}", text.len());
    }
}
