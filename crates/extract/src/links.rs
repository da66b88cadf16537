//! Links: which one signs in or confirms, and what the others do.
//!
//! A link that signs in carries a secret and stands in a mail, or on words, that say what it is for.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::Regex;

use crate::fold::{cut, folded};
use crate::words::{Class, hits};
use crate::{Action, Link, LinkKind, Source, html, quotes};

mod phrases;

use phrases::{Meaning, PHRASES};

/// As much text is read.
const MOST_TEXT: usize = 128 * 1024;
/// At most so many links are looked at.
const MOST_LINKS: usize = 300;
/// At most so many are told.
const MOST_TOLD: usize = 20;
/// The longest link.
const MOST_URL: usize = 4096;
/// How far around a link its words stand.
const AROUND: usize = 220;

static URLS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"https?://[^\s<>"\u{3000}-\u{303f}\u{ff00}-\u{ffef}]+"#).expect("a regular expression")
});

static FINDER: LazyLock<AhoCorasick> =
    LazyLock::new(|| AhoCorasick::new(PHRASES.iter().map(|(phrase, _)| *phrase)).expect("the list is small"));

/// A link where it stands.
struct Seen {
    url: String,
    /// The words on it; empty for a bare address.
    on: String,
    /// The words around it.
    around: String,
}

/// Links that sign in or confirm, the likeliest first.
pub(crate) fn sign_in_links(source: &Source<'_>) -> Vec<Link> {
    let subject = folded(cut(source.subject, 1024)).low;
    let of_subject = meanings(&subject);
    let is_answer = quotes::is_answer(source.subject);
    // Who sends such a link says that it ends soon, and what to do when nobody asked for it.
    let plain =
        if source.text.trim().is_empty() { html::page(source.html).text } else { source.text.to_owned() };
    let is_fleeting = has_word(&folded(cut(&plain, MOST_TEXT)).low, Class::Fleeting);
    let all = seen(source);
    let mut deeds: Vec<&str> = all
        .iter()
        .filter(|seen| !is_housekeeping(&readable(&seen.url)) && has_some_value(&seen.url))
        .map(|seen| seen.url.as_str())
        .collect();
    deeds.sort_unstable();
    deeds.dedup();
    let is_only = deeds.len() == 1;
    let mut told: Vec<Link> = Vec::new();
    for seen in all {
        let (on, around) = (meanings(&seen.on), meanings(&seen.around));
        let address = readable(&seen.url);
        let other =
            |meaning: Meaning| !matches!(meaning, Meaning::SignIn | Meaning::Confirm | Meaning::Click);
        // Words on a link say what it is; a bare one is what its own name says.
        if on.iter().any(|meaning| other(*meaning)) || is_housekeeping(&address) {
            continue;
        }
        let short = short_meaning(&seen.on);
        let is_named = SIGN_IN_NAMES.iter().chain(CONFIRM_NAMES).any(|name| names_word(&address, name));
        let has_secret = has_secret(&seen.url);
        if !has_secret && !((is_named || is_only) && has_some_value(&seen.url)) {
            continue;
        }
        let score = |meaning: Meaning, names: &[&str]| {
            let mut score: f32 = 0.0;
            if on.contains(&meaning) {
                score += 0.55;
            } else if short == Some(meaning) {
                score += 0.4;
            }
            if around.contains(&meaning) {
                score += 0.4;
            }
            if of_subject.contains(&meaning) {
                score += 0.3;
            }
            if names.iter().any(|name| names_word(&address, name)) {
                score += 0.25;
            }
            score
        };
        let (sign_in, confirm) =
            (score(Meaning::SignIn, SIGN_IN_NAMES), score(Meaning::Confirm, CONFIRM_NAMES));
        let (kind, mut sure) = match confirm > sign_in {
            true => (LinkKind::ConfirmLink, confirm),
            false => (LinkKind::MagicLink, sign_in),
        };
        if on.contains(&Meaning::Click) || around.contains(&Meaning::Click) {
            sure += 0.1;
        }
        if around.iter().any(|meaning| other(*meaning))
            && !on.contains(&Meaning::SignIn)
            && !on.contains(&Meaning::Confirm)
        {
            sure -= 0.25;
        }
        if is_only && sure > 0.0 {
            sure += 0.1;
        }
        if is_fleeting && sure > 0.0 {
            sure += 0.1;
        }
        if sure > 0.0 && sign_in.max(confirm) < 0.4 && has_word(&seen.around, Class::Topic) {
            sure += 0.15;
        }
        if is_answer {
            sure -= 0.4;
        }
        if !has_secret {
            sure -= 0.15;
        }
        if sure < crate::codes::LIKELY {
            continue;
        }
        let confidence = sure.min(0.97);
        let is_full = told.len() >= MOST_TOLD;
        match told.iter_mut().find(|known| known.url == seen.url) {
            Some(known) => known.confidence = known.confidence.max(confidence),
            None if !is_full => told.push(Link { url: seen.url, kind, confidence }),
            None => {}
        }
    }
    told.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    told
}

/// What can be done by following the links of a mail, each kind of deed at most a few times.
pub(crate) fn actions(source: &Source<'_>, sign_in: &[Link]) -> Vec<Action> {
    let mut told: Vec<Action> = Vec::new();
    for seen in seen(source) {
        let known = sign_in.iter().find(|link| link.url == seen.url);
        let kind = match known.map(|link| link.kind) {
            Some(LinkKind::MagicLink) => Some("sign_in"),
            Some(LinkKind::ConfirmLink) => Some("confirm"),
            None => deed(&seen),
        };
        let Some(kind) = kind else { continue };
        if told.len() < MOST_TOLD && !told.iter().any(|one| one.url.as_deref() == Some(&seen.url)) {
            let words =
                if seen.on.trim().is_empty() { kind.replace('_', " ") } else { seen.on.trim().to_owned() };
            let description = cut(&words, 200).to_owned();
            told.push(Action { kind: kind.to_owned(), description, url: Some(seen.url), deadline: None });
        }
    }
    told
}

fn deed(seen: &Seen) -> Option<&'static str> {
    let near = if seen.on.trim().is_empty() { last_line(&seen.around) } else { &seen.on };
    let by_words = meanings(near).into_iter().find_map(Meaning::deed);
    let address = readable(&seen.url);
    let by_name = || {
        [
            ("unsubscribe", ["unsub", "optout", "opt-out", "abmelden", "desinscri"].as_slice()),
            ("view_in_browser", &["view-in-browser", "viewinbrowser", "vib", "webversion"]),
            ("reset_password", &["reset", "password-reset"]),
            ("pay", &["pay", "checkout", "payment"]),
            ("track", &["tracking", "track"]),
        ]
        .into_iter()
        .find(|(_, names)| names.iter().any(|name| names_word(&address, name)))
        .map(|(deed, _)| deed)
    };
    by_words.or_else(by_name)
}

fn last_line(text: &str) -> &str {
    text.trim_end().rsplit('\n').next().unwrap_or_default()
}

/// The links of a mail with their words: those of the HTML first, for they have words on them.
fn seen(source: &Source<'_>) -> Vec<Seen> {
    let mut all = Vec::new();
    let page = html::page(source.html);
    for anchor in page.anchors.iter().take(MOST_LINKS) {
        if anchor.href.starts_with("http://") || anchor.href.starts_with("https://") {
            let on = folded(cut(&page.text[anchor.at..anchor.end], 300)).low;
            // An address shown as its own words has none.
            let on = if on.contains("://") { String::new() } else { on };
            all.push(Seen {
                url: anchor.href.clone(),
                on,
                around: around(&page.text, anchor.at, anchor.end),
            });
        }
    }
    let text = cut(source.text, MOST_TEXT);
    for found in URLS.find_iter(text).take(MOST_LINKS) {
        let url = found
            .as_str()
            .trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'', '»', '’', '*', '>']);
        if url.len() <= MOST_URL {
            all.push(Seen {
                url: url.to_owned(),
                on: String::new(),
                around: around(text, found.start(), found.end()),
            });
        }
    }
    all
}

fn around(text: &str, at: usize, end: usize) -> String {
    let start = text.floor_char_boundary(at.saturating_sub(AROUND));
    let stop = text.ceil_char_boundary((end + AROUND / 2).min(text.len()));
    folded(&format!("{} {}", &text[start..at], &text[end..stop])).low
}

fn has_word(low: &str, class: Class) -> bool {
    hits(low).iter().any(|hit| hit.class == class)
}

fn meanings(low: &str) -> Vec<Meaning> {
    let mut all = Vec::new();
    for found in FINDER.find_overlapping_iter(low) {
        let meaning = PHRASES[found.pattern().as_usize()].1;
        if !all.contains(&meaning) {
            all.push(meaning);
        }
    }
    all
}

/// Path and query of an address, lower case, and those of an address within it.
fn readable(url: &str) -> String {
    let behind = url.find("://").map_or(url, |at| &url[at + 3..]);
    let path = behind.find(['/', '?']).map_or("", |at| &behind[at..]);
    path.to_ascii_lowercase().replace("%2f", "/").replace("%3a", ":").replace("%3f", "?").replace("%3d", "=")
}

/// Whether a word stands in an address by itself.
fn names_word(address: &str, word: &str) -> bool {
    address.match_indices(word).take(8).any(|(at, _)| {
        let before = address[..at].chars().next_back();
        let after = address[at + word.len()..].chars().next();
        before.is_none_or(|c| !c.is_ascii_alphanumeric()) && after.is_none_or(|c| !c.is_ascii_alphanumeric())
    })
}

const SIGN_IN_NAMES: &[&str] = &[
    "magic",
    "magic-link",
    "magiclink",
    "login",
    "signin",
    "sign-in",
    "log-in",
    "auth",
    "sso",
    "otp",
    "once",
    "passwordless",
    "connexion",
    "anmelden",
    "entrar",
    "entra",
    "acceso",
    "acceso-directo",
    "accedi",
    "acesso",
    "inloggen",
    "logga-in",
    "zaloguj",
    "logowanie",
    "giris",
    "vhod",
    "enter",
    "callback",
    "session",
    "ticket",
    "prihlaseni",
    "kirjaudu",
];
const CONFIRM_NAMES: &[&str] = &[
    "confirm",
    "confirmation",
    "verify",
    "verification",
    "verify-email",
    "verifyemail",
    "activate",
    "activation",
    "validate",
    "optin",
    "opt-in",
    "doi",
    "subscribe",
    "confirmer",
    "confirmar",
    "conferma",
    "bestaetigen",
    "bestatigen",
    "bestaetigung",
    "bevestig",
    "bevestigen",
    "potwierdz",
    "podtverdit",
    "aktivieren",
    "ativar",
    "activar",
    "attiva",
    "verificar",
    "verificar-correo",
    "verifica",
    "potvrdit",
    "overit",
    "onayla",
    "dogrula",
    "bekrafta",
    "vahvista",
    "aktywuj",
    "email-confirm",
    "confirm-email",
    "register",
    "cadastro",
    "pidtverdyty",
    "xac-nhan",
    "confirm_email",
    "verify_email",
    "double-opt-in",
];

fn is_housekeeping(address: &str) -> bool {
    [
        "unsubscribe",
        "unsub",
        "optout",
        "opt-out",
        "view-in-browser",
        "vib",
        "privacy",
        "terms",
        "help",
        "support",
        "abmelden",
        "desinscription",
        "preferences",
        "invoice",
        "invoices",
        "orders",
        "order",
        "track",
        "tracking",
        "reset",
        "password-reset",
        "settings",
        "docs",
        "blog",
        "pay",
        "calendar",
        "ical",
    ]
    .iter()
    .any(|name| names_word(address, name))
}

/// Whether something in the path or query cannot be guessed: a part of eight or more letters and digits that is no word.
fn has_secret(url: &str) -> bool {
    let behind = url.find("://").map_or(url, |at| &url[at + 3..]);
    let path = behind.find(['/', '?', '#']).map_or("", |at| &behind[at..]);
    path.split(['/', '?', '&', '=', '#', '.']).any(|part| {
        let part = part.trim_matches('-');
        let count = |is: fn(&u8) -> bool| part.as_bytes().iter().filter(|byte| is(byte)).count();
        let (digits, upper, lower) =
            (count(u8::is_ascii_digit), count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase));
        let kinds = [digits, upper, lower].iter().filter(|n| **n > 0).count();
        let mixes = digits >= 2 && lower + upper >= 2 && changes(part) >= 3;
        (part.len() >= 8 && kinds >= 2 && mixes)
            || (part.len() >= 14 && upper >= 3 && lower >= 3 && changes(part) >= 5)
            || (part.len() >= 24 && !part.contains('-') && kinds >= 1)
            || (part.len() >= 10 && digits == part.len() && !part.starts_with("20"))
    })
}

/// Whether a part of the path or query is five or more letters and digits that are no word.
fn has_some_value(url: &str) -> bool {
    let behind = url.find("://").map_or(url, |at| &url[at + 3..]);
    let path = behind.find(['/', '?', '#']).map_or("", |at| &behind[at..]);
    let is_some = |part: &str| {
        let has = |is: fn(&u8) -> bool| part.bytes().any(|b| is(&b));
        part.len() >= 5
            && ((has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic))
                || (has(u8::is_ascii_uppercase) && changes(part) >= 2))
    };
    path.split(['/', '?', '&', '=', '#', '.', '-', '_']).any(is_some)
}

/// What one or a few words on a link say.
fn short_meaning(on: &str) -> Option<Meaning> {
    if on.trim().is_empty() || on.len() > 80 {
        return None;
    }
    let says = |list: &[&str]| list.iter().any(|word| on.contains(word));
    if says(phrases::CONFIRM_WORDS) {
        Some(Meaning::Confirm)
    } else if says(phrases::SIGN_IN_WORDS) {
        Some(Meaning::SignIn)
    } else {
        None
    }
}

/// How often a text goes from letters to digits, or from small to capital, and back.
fn changes(text: &str) -> usize {
    let kind = |b: u8| match b {
        b'0'..=b'9' => 0,
        b'A'..=b'Z' => 1,
        _ => 2,
    };
    text.as_bytes().windows(2).filter(|two| kind(two[0]) != kind(two[1])).count()
}
