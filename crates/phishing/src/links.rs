//! The links and forms of a mail, and whether they lead where they say.

use std::collections::{BTreeMap, BTreeSet};

use url::{Host, Url};

use crate::brands::{BRANDS, MAILBOXES, SERVICES, is_official};
use crate::domain::{Likeness, is_mixed, is_shared, label, likeness, likeness_of_labels, registered};
use crate::html::{Event, decoded, events};
use crate::sender::Author;
use crate::{Circumstances, Flag, Letter, Outcome, Signs, TEXT_LIMIT, head};

/// Links of a mail that are read.
const MOST_LINKS: usize = 200;
/// Bytes of a link that are read.
const LONGEST: usize = 4096;

/// What was found in the texts of a mail.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    pub(crate) links: Vec<Link>,
    /// The HTML without its tags.
    pub(crate) text: String,
    /// It asks for a password in the mail itself.
    password_field: bool,
    /// A form that sends what is filled in to an address.
    form: Option<String>,
    /// An attached page with links, forms or scripts.
    attached_page: Option<String>,
}

/// One link.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    /// As it is written.
    pub(crate) target: String,
    pub(crate) url: Option<Url>,
    /// The text that stands for it; for a bare link nothing.
    pub(crate) shown: String,
}

impl Link {
    fn new(target: &str, shown: &str) -> Self {
        // Browsers drop these wherever they stand in a link.
        let target: String =
            head(target, LONGEST).trim().chars().filter(|c| !matches!(c, '\t' | '\r' | '\n')).collect();
        Self { url: Url::parse(&target).ok(), target, shown: head(shown.trim(), 200).to_owned() }
    }

    /// The registered domain it leads to.
    pub(crate) fn organisation(&self) -> Option<String> {
        match self.url.as_ref()?.host()? {
            Host::Domain(name) => registered(name),
            Host::Ipv4(_) | Host::Ipv6(_) => None,
        }
    }

    fn is_web(&self) -> bool {
        self.url.as_ref().is_some_and(|url| matches!(url.scheme(), "http" | "https"))
    }
}

impl Page {
    pub(crate) fn read(letter: &Letter<'_>) -> Self {
        let mut page = Self::default();
        page.html(head(letter.html, TEXT_LIMIT));
        page.plain(head(letter.text, TEXT_LIMIT));
        for attachment in &letter.attachments {
            let name = attachment.name.to_lowercase();
            let is_page =
                [".html", ".htm", ".shtml", ".xhtml", ".svg", ".mht"].iter().any(|end| name.ends_with(end))
                    || (attachment.content_type == "text/html" && !name.is_empty());
            let text = head(attachment.text, TEXT_LIMIT).to_lowercase();
            if is_page
                && ["<form", "<script", "http-equiv", "password"].iter().any(|sign| text.contains(sign))
            {
                page.attached_page = Some(attachment.name.to_owned());
            }
        }
        page
    }

    fn html(&mut self, html: &str) {
        let mut open: Option<(String, usize)> = None;
        for event in events(html) {
            match event {
                Event::Text(text) => self.text.push_str(&decoded(text)),
                Event::Tag(name, closes, attributes) => {
                    let value = |wanted: &str| {
                        attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| decoded(value))
                    };
                    if name == "a" || name == "area" {
                        self.close(open.take());
                        open =
                            if closes { None } else { value("href").map(|target| (target, self.text.len())) };
                    } else if name == "form" && !closes {
                        self.form = value("action").or(self.form.take());
                    } else if name == "input" {
                        self.password_field |=
                            value("type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("password"));
                    }
                    if !matches!(
                        name.as_str(),
                        "a" | "b" | "i" | "u" | "em" | "font" | "span" | "strong" | "wbr"
                    ) {
                        self.text.push(' ');
                    }
                }
            }
        }
        self.close(open);
    }

    fn close(&mut self, open: Option<(String, usize)>) {
        let Some((target, from)) = open else { return };
        if self.links.len() < MOST_LINKS {
            self.links.push(Link::new(&target, self.text.get(from..).unwrap_or_default()));
        }
    }

    /// Bare links of a plain text.
    fn plain(&mut self, text: &str) {
        let mut read_to = 0;
        for (at, _) in text.match_indices("://") {
            // A link within a link's query is no link of its own.
            if at < read_to {
                continue;
            }
            if self.links.len() >= MOST_LINKS {
                return;
            }
            let start = ["https", "http"].iter().find(|scheme| ends_with(&text[..at], scheme));
            let Some(scheme) = start else { continue };
            let start = at - scheme.len();
            let end = text[at..]
                .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | ')' | ']' | '|'))
                .map_or(text.len(), |end| at + end);
            read_to = end;
            let target = text[start..end].trim_end_matches(['.', ',', ';', '!', '?', '。', '、']);
            if !self.links.iter().any(|link| link.target == target) {
                self.links.push(Link::new(target, ""));
            }
        }
    }
}

/// Weighs the links.
pub(crate) fn weigh(page: &Page, author: &Author, around: &Circumstances<'_>, signs: &mut Signs) {
    let flag = Flag::PhishingUrl;
    // How many links each domain carries: a mailing's redirector carries most of them.
    let mut carried: BTreeMap<String, usize> = BTreeMap::new();
    for link in &page.links {
        if let Some(organisation) = link.organisation() {
            *carried.entry(organisation).or_default() += 1;
        }
    }
    let proven = around.auth.is_proven || around.auth.dmarc == Outcome::Pass;
    let mut seen = BTreeSet::new();
    for link in &page.links {
        scheme(link, signs);
        if !link.is_web() {
            continue;
        }
        // A place is looked at once; what stands before it in a link is its own each time.
        let place = link.url.as_ref().and_then(|url| url.host_str());
        address(link, signs);
        if place.is_some_and(|place| seen.insert(place)) {
            host(link, author, around, signs);
        }
        if let (Some(shown), Some(target)) = (shown_host(&link.shown), link.organisation()) {
            let carries = carried.get(&target).copied().unwrap_or(0);
            text_against_target(&shown, &target, carries, author, proven, signs);
        }
    }
    if page.password_field {
        signs.add(flag, "password_field", 60, "");
    }
    if let Some(action) = page.form.as_deref().filter(|action| action.contains("://")) {
        let own =
            Link::new(action, "").organisation().is_some_and(|organisation| author.is_of(&organisation));
        signs.add(flag, "form", if own { 10 } else { 30 }, action);
    }
    if let Some(name) = &page.attached_page {
        signs.add(flag, "attached_page", 50, name);
    }
}

/// Links that are no way to a place: a page within the link, a script.
fn scheme(link: &Link, signs: &mut Signs) {
    let lower = head(&link.target, 40).to_ascii_lowercase();
    if lower.starts_with("data:text/html")
        || lower.starts_with("data:application")
        || lower.starts_with("data:image/svg")
    {
        signs.add(Flag::PhishingUrl, "data_link", 60, &link.target);
    } else if lower.starts_with("javascript:") && lower.len() > "javascript:void(0)".len() + 1 {
        signs.add(Flag::PhishingUrl, "script_link", 30, &link.target);
    }
}

/// What stands around the place.
fn address(link: &Link, signs: &mut Signs) {
    let flag = Flag::PhishingUrl;
    let Some(url) = &link.url else { return };
    let target = link.target.as_str();
    if !url.username().is_empty() && !target.contains("://@") {
        let poses = url.username().contains('.') || url.password().is_some_and(|word| word.contains('.'));
        signs.add(flag, "userinfo", if poses { 60 } else { 30 }, target);
    }
    if url.port().is_some_and(|port| !matches!(port, 8080 | 8443)) {
        signs.add(flag, "port", 25, target);
    }
}

/// What the place itself tells.
fn host(link: &Link, author: &Author, around: &Circumstances<'_>, signs: &mut Signs) {
    let flag = Flag::PhishingUrl;
    let Some(url) = &link.url else { return };
    let target = link.target.as_str();
    let name = match url.host() {
        Some(Host::Ipv4(address))
            if address.is_private() || address.is_loopback() || address.is_link_local() =>
        {
            return;
        }
        Some(Host::Ipv4(address)) => {
            // Dotted decimals are a habit of routers and testers; anything else hides them.
            let plain = target.contains(&address.to_string());
            return signs.add(flag, "ip_address", if plain { 50 } else { 65 }, target);
        }
        Some(Host::Ipv6(_)) => return signs.add(flag, "ip_address", 50, target),
        Some(Host::Domain(name)) => name,
        None => return,
    };
    let Some(organisation) = registered(name) else { return };
    let owner = label(&organisation);
    if is_mixed(&owner) {
        signs.add(flag, "mixed_scripts", 55, target);
    }
    if author.is_of(&organisation) && around.auth.dmarc != Outcome::Fail {
        return;
    }
    if is_official(&owner) || MAILBOXES.contains(&owner.as_str()) {
        return;
    }
    for protected in author.domains().chain(around.own_domains.iter().filter_map(|own| registered(own))) {
        match likeness(&organisation, &protected) {
            Some(Likeness::Drawn) => signs.add(flag, "look_alike", 60, target),
            Some(Likeness::Mistyped) => signs.add(flag, "look_alike", 45, target),
            None => {}
        }
    }
    for brand in BRANDS {
        match likeness_of_labels(&owner, brand.label) {
            Some(Likeness::Drawn) => signs.add(flag, "look_alike", 60, target),
            Some(Likeness::Mistyped) if brand.label.len() > 6 => signs.add(flag, "look_alike", 50, target),
            _ => {}
        }
        let mut pieces = owner.split(['-', '_']);
        if owner.contains('-') && pieces.any(|piece| piece == brand.label) {
            let serves = owner.split('-').any(|piece| SERVICES.contains(&piece));
            signs.add(flag, "brand_in_domain", if serves { 50 } else { 25 }, target);
        }
        // `paypal.com.signin.example`: a whole name stands below somebody else's.
        let below = name.strip_suffix(organisation.as_str()).unwrap_or_default().trim_end_matches('.');
        if !brand.is_word && below.split('.').any(|piece| piece == brand.label) {
            let whole =
                below.split('.').skip_while(|piece| *piece != brand.label).nth(1).is_some_and(is_suffix);
            signs.add(
                flag,
                "brand_below_domain",
                if whole {
                    60
                } else if is_shared(name) {
                    45
                } else {
                    30
                },
                target,
            );
        }
    }
    if is_shared(name) {
        signs.add(flag, "shared_hosting", 15, target);
    }
    if SHORTENERS.contains(&organisation.as_str()) {
        signs.add(flag, "shortener", 15, target);
    }
    if owner.len() >= 12 && !is_word_like(&owner) {
        signs.add(flag, "random_name", 15, target);
    }
}

/// A link's text shows one place while it leads to another.
fn text_against_target(
    shown: &Shown,
    target: &str,
    carries: usize,
    author: &Author,
    proven: bool,
    signs: &mut Signs,
) {
    let Some(organisation) = registered(&shown.host) else { return };
    if organisation == *target || label(&organisation) == label(target) || REWRITERS.contains(&target) {
        return;
    }
    // A mailing's redirector: it carries most links, and the author, who is who they say, shows what is theirs or
    // what they write about.
    let weight = match (proven, author.is_of(&organisation), carries) {
        (true, true, _) => 0,
        (true, false, 3..) => 5,
        (true, false, _) if author.is_of(target) => 0,
        (true, false, _) => 40,
        (false, false, _) if author.is_of(target) => 15,
        (false, _, _) if shown.is_whole => 55,
        (false, _, 3..) => 30,
        (false, ..) => 40,
    };
    if weight > 0 {
        signs.add(Flag::PhishingUrl, "text_target", weight, &format!("{} -> {target}", shown.host));
    }
}

/// A host that a link's text shows.
struct Shown {
    host: String,
    /// With scheme or path: a person would take it for the place itself.
    is_whole: bool,
}

fn shown_host(text: &str) -> Option<Shown> {
    let text = text.trim();
    if text.contains(char::is_whitespace) || text.contains('@') || text.len() > 200 {
        return None;
    }
    let lower = text.to_lowercase();
    let bare = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
    let is_whole = bare.is_some() || lower.starts_with("www.");
    let host: String =
        bare.unwrap_or(&lower).split(['/', '?', '#', ':']).next().unwrap_or_default().to_owned();
    let known = psl::suffix(host.as_bytes()).is_some_and(|suffix| suffix.is_known());
    ((known || is_whole)
        && host.contains('.')
        && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-')))
    .then_some(Shown { host, is_whole })
}

fn is_suffix(label: &str) -> bool {
    matches!(
        label,
        "com" | "net" | "org" | "co" | "de" | "fr" | "uk" | "es" | "it" | "br" | "io" | "us" | "ca" | "au"
    )
}

/// Whether vowels stand among the letters and digits do not, as in names that people choose.
fn is_word_like(name: &str) -> bool {
    let letters = name.bytes().filter(u8::is_ascii_alphabetic).count();
    let vowels = name.bytes().filter(|b| matches!(b, b'a' | b'e' | b'i' | b'o' | b'u' | b'y')).count();
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    !name.is_ascii() || (vowels * 5 >= letters && digits * 4 <= name.len())
}

/// Compares an end without regard to case.
fn ends_with(text: &str, end: &str) -> bool {
    let tail = text.len().checked_sub(end.len()).and_then(|at| text.get(at..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

/// Services that make short links out of any.
const SHORTENERS: &[&str] = &[
    "bit.ly",
    "tinyurl.com",
    "t.co",
    "ow.ly",
    "is.gd",
    "rebrand.ly",
    "cutt.ly",
    "t.ly",
    "rb.gy",
    "shorturl.at",
    "goo.gl",
    "buff.ly",
    "lnkd.in",
    "s.id",
    "tiny.cc",
    "qrco.de",
    "v.gd",
    "clck.ru",
];

/// Receivers' own gates, which write every link of a mail anew.
const REWRITERS: &[&str] = &[
    "outlook.com",
    "urldefense.com",
    "urldefense.us",
    "mimecast.com",
    "mimecastprotect.com",
    "barracudanetworks.com",
    "cudasvc.com",
    "sophos.com",
    "trendmicro.com",
    "fireeye.com",
    "trellix.com",
    "avanan.click",
    "checkpoint.com",
];

#[cfg(test)]
#[path = "links_tests.rs"]
mod tests;
