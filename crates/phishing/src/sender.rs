//! Whether the author is who it says: authentication, names that hold other names, domains that look like others.

use crate::brands::{BRANDS, MAILBOXES, SERVICES, is_official};
use crate::domain::{
    Likeness, is_mixed, label, likeness, likeness_of_labels, of_address, registered, skeleton,
};
use crate::{Circumstances, Flag, Letter, Outcome, Signs};

/// Who says to have written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Author {
    name: String,
    address: String,
    domain: Option<String>,
    reply_to: Vec<String>,
    ambiguous: bool,
    /// A mailing list or a service that writes on behalf of others.
    on_behalf: bool,
}

impl Author {
    pub(crate) fn read(letter: &Letter<'_>) -> Self {
        const MOST_ADDRESSES: usize = 10;
        let said = |wanted: &str| letter.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        Self {
            name: crate::head(letter.from.name.trim(), 300).to_owned(),
            address: letter.from.address.trim().to_lowercase(),
            domain: of_address(letter.from.address),
            reply_to: letter
                .reply_to
                .iter()
                .filter_map(|address| of_address(address))
                .take(MOST_ADDRESSES)
                .collect(),
            ambiguous: letter.ambiguous,
            on_behalf: said("list-id")
                || said("list-post")
                || letter.from.name.to_lowercase().contains(" via "),
        }
    }

    /// Whether a registered domain is the author's, by its own name or the same label under another suffix.
    pub(crate) fn is_of(&self, organisation: &str) -> bool {
        self.domain.as_ref().is_some_and(|own| own == organisation || label(own) == label(organisation))
    }

    /// The domains it names as its own.
    pub(crate) fn domains(&self) -> impl Iterator<Item = String> + '_ {
        self.domain.iter().cloned()
    }

    fn is_from_a_mailbox_provider(&self) -> bool {
        self.domain.as_ref().is_some_and(|domain| MAILBOXES.contains(&label(domain).as_str()))
    }
}

/// Weighs who says to have written.
pub(crate) fn weigh(author: &Author, relayed: bool, around: &Circumstances<'_>, signs: &mut Signs) {
    let flag = Flag::SpoofedSender;
    if author.ambiguous {
        signs.add(flag, "ambiguous", 50, &author.address);
    }
    authentication(author, relayed, around, signs);
    let Some(domain) = &author.domain else { return };
    display_name(author, domain, around, signs);
    domains(author, domain, around, signs);
    answers(author, domain, around, signs);
    for earlier in &around.earlier {
        // The same person in the thread, suddenly from elsewhere.
        let same_name =
            !earlier.name.trim().is_empty() && earlier.name.trim().eq_ignore_ascii_case(&author.name);
        let other = of_address(earlier.address).filter(|other| other != domain);
        let Some(other) = other.filter(|other| label(other) != label(domain)) else { continue };
        if likeness(domain, &other).is_some() {
            signs.add(flag, "look_alike", 60, &format!("{} for {}", author.address, earlier.address));
        } else if same_name && !author.on_behalf && !around.auth.is_proven {
            signs.add(flag, "name_of_another", 40, &format!("{} for {}", author.address, earlier.address));
        }
    }
}

fn authentication(author: &Author, relayed: bool, around: &Circumstances<'_>, signs: &mut Signs) {
    let flag = Flag::SpoofedSender;
    let auth = around.auth;
    // Who passes mail on breaks SPF, and a list that changes it breaks DKIM too.
    let weigh = |alone, passed_on| if relayed { passed_on } else { alone };
    if auth.dmarc == Outcome::Fail {
        signs.add(flag, "dmarc", weigh(60, 25), &author.address);
    } else if auth.dmarc != Outcome::Pass && !auth.is_proven && auth.dkim != Outcome::Pass {
        match auth.spf {
            Outcome::Fail => signs.add(flag, "spf", weigh(50, 20), &author.address),
            Outcome::SoftFail => signs.add(flag, "spf", weigh(30, 10), &author.address),
            Outcome::Unknown | Outcome::Pass => {}
        }
    }
    let failed = matches!(auth.spf, Outcome::Fail | Outcome::SoftFail) || auth.dkim == Outcome::Fail;
    let own = around.own_domains.iter().filter_map(|own| registered(own));
    if !auth.is_proven && failed && own.into_iter().any(|own| author.domain.as_ref() == Some(&own)) {
        signs.add(flag, "own_domain", weigh(50, 25), &author.address);
    }
}

/// What a person reads in place of the address.
fn display_name(author: &Author, domain: &str, around: &Circumstances<'_>, signs: &mut Signs) {
    let flag = Flag::SpoofedSender;
    let proven = around.auth.is_proven || around.auth.dmarc == Outcome::Pass;
    let name = author.name.to_lowercase();
    let owner = label(domain);
    let detail = format!("{} <{}>", author.name, author.address);
    for piece in name.split(|c: char| {
        c.is_whitespace() || matches!(c, '"' | '<' | '>' | '(' | ')' | ',' | ';' | '|' | '[' | ']')
    }) {
        let piece = piece.trim_matches(|c: char| matches!(c, '.' | ':' | '\''));
        let shown = match piece.rsplit_once('@') {
            Some((local, host)) if !local.is_empty() => registered(host).map(|host| (host, true)),
            Some(_) => None,
            None => known_domain(piece).map(|host| (host, false)),
        };
        let Some((shown, is_address)) = shown else { continue };
        if shown == domain || label(&shown) == owner {
            continue;
        }
        let own = around.own_domains.iter().filter_map(|own| registered(own)).any(|own| own == shown);
        let weight = match (is_address, own) {
            (_, true) => 60,
            // "ann@b.test via list": said openly, by who is authenticated or by a list.
            (true, _) if author.on_behalf || (proven && is_official(&owner)) => 10,
            (true, _) => 55,
            (false, _) if proven => 20,
            (false, _) => 40,
        };
        signs.add(flag, if is_address { "address_in_name" } else { "domain_in_name" }, weight, &detail);
    }
    if is_official(&owner) && proven {
        return;
    }
    for brand in BRANDS {
        if brand.owns(&owner) || !poses_as(&name, brand) {
            continue;
        }
        // Companies have many domains: `paypal-mail.example` is seen as one of its own where it is authenticated.
        let weight = match (owner.contains(brand.label), proven) {
            (true, true) => 0,
            (true, false) => 40,
            _ if author.is_from_a_mailbox_provider() => 60,
            (false, true) => 50,
            (false, false) => 55,
        };
        if weight > 0 && !(author.on_behalf && brand.is_word) {
            signs.add(flag, "brand_in_name", weight, &detail);
        }
    }
    if name.split_whitespace().any(is_mixed) {
        signs.add(flag, "mixed_scripts", 50, &detail);
    }
}

/// Whether a display name is an institution's: its name alone, or with what institutions have.
fn poses_as(name: &str, brand: &crate::brands::Brand) -> bool {
    let plain = skeleton(name);
    let wanted = skeleton(brand.name);
    let Some(at) = plain.find(&wanted) else { return false };
    let whole = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    if !whole(plain[..at].chars().next_back()) || !whole(plain[at + wanted.len()..].chars().next()) {
        return false;
    }
    let rest: Vec<String> = plain
        .replacen(&wanted, " ", 1)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let serves = rest.iter().any(|word| SERVICES.iter().any(|service| skeleton(service) == *word));
    // "Ann at PayPal" and "Chase Miller" are people.
    rest.is_empty() || serves || (!brand.is_word && at == 0 && !rest.is_empty() && rest.len() <= 4)
}

/// What the domain itself tells.
fn domains(author: &Author, domain: &str, around: &Circumstances<'_>, signs: &mut Signs) {
    let flag = Flag::SpoofedSender;
    let owner = label(domain);
    if is_mixed(&owner) {
        signs.add(flag, "mixed_scripts", 55, &author.address);
    }
    if MAILBOXES.contains(&owner.as_str()) || is_official(&owner) {
        return;
    }
    for own in around.own_domains.iter().filter_map(|own| registered(own)) {
        match likeness(domain, &own) {
            Some(Likeness::Drawn) => signs.add(flag, "look_alike", 60, &author.address),
            Some(Likeness::Mistyped) => signs.add(flag, "look_alike", 50, &author.address),
            None => {}
        }
    }
    for brand in BRANDS {
        match likeness_of_labels(&owner, brand.label) {
            Some(Likeness::Drawn) => signs.add(flag, "look_alike", 60, &author.address),
            Some(Likeness::Mistyped) if brand.label.len() > 6 => {
                signs.add(flag, "look_alike", 50, &author.address)
            }
            _ => {}
        }
        let pieces: Vec<&str> = owner.split('-').collect();
        let serves = pieces.iter().any(|piece| SERVICES.contains(piece));
        if !brand.is_word
            && pieces.len() > 1
            && pieces.contains(&brand.label)
            && serves
            && !around.auth.is_proven
        {
            signs.add(flag, "brand_in_domain", 45, &author.address);
        }
    }
}

/// Answers would go elsewhere.
fn answers(author: &Author, domain: &str, around: &Circumstances<'_>, signs: &mut Signs) {
    let flag = Flag::SpoofedSender;
    let proven = around.auth.is_proven || around.auth.dmarc == Outcome::Pass;
    for reply_to in author.reply_to.iter().filter(|reply_to| *reply_to != domain) {
        let detail = format!("{} -> {reply_to}", author.address);
        if label(reply_to) == label(domain) {
            continue;
        }
        if likeness(reply_to, domain).is_some() {
            signs.add(flag, "reply_to_look_alike", 60, &detail);
        }
        // Lists answer to the list, help desks to the ticket; a company does not answer from a free mailbox.
        let free = MAILBOXES.contains(&label(reply_to).as_str()) && !author.is_from_a_mailbox_provider();
        let weight = match (author.on_behalf, free, proven) {
            (true, ..) => 0,
            (_, true, true) => 25,
            (_, true, false) => 40,
            (_, false, true) => 5,
            (_, false, false) => 15,
        };
        if weight > 0 {
            signs.add(flag, "reply_to", weight, &detail);
        }
    }
}

/// A word that is a domain of a known suffix, as people write them in names.
fn known_domain(word: &str) -> Option<String> {
    let (_, end) = word.rsplit_once('.')?;
    let plausible =
        matches!(end, "com" | "net" | "org" | "de" | "fr" | "uk" | "es" | "it" | "br" | "nl" | "ch" | "io");
    if plausible { registered(word) } else { None }
}

#[cfg(test)]
#[path = "sender_tests.rs"]
mod tests;
