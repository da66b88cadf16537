//! Each line is what its fields say.

use std::collections::HashMap;

use crate::mails::{Mail, corpus, demand, listed};

#[test]
fn every_field_is_what_the_readme_says() {
    let lists = [
        listed("Families of injections"),
        listed("Families of benign mail"),
        listed("Languages"),
        listed("Placements"),
    ];
    demand(&corpus().iter().flat_map(|mail| faults(mail, &lists)).collect::<Vec<_>>());
}

#[test]
fn whole_mails_parse_and_agree_with_their_fields() {
    let mut faults = Vec::new();
    for mail in corpus().iter().filter(|mail| mail.eml.is_some()) {
        let letter = mail.letter();
        if let Some(doubt) = letter.ambiguous.first() {
            faults.push(format!(
                "{}: its header is ambiguous ({doubt}); write it as a mail program would",
                mail.place()
            ));
        }
        if letter.subject.trim() != mail.subject.trim() {
            faults.push(format!(
                "{}: the eml's subject is {:?}; make both one",
                mail.place(),
                letter.subject
            ));
        }
        if !mail.from.contains(&letter.from_address) {
            faults.push(format!(
                "{}: the eml is from {:?}; make both one",
                mail.place(),
                letter.from_address
            ));
        }
        if letter.text.trim().is_empty() && letter.html.trim().is_empty() && letter.attachments.is_empty() {
            faults.push(format!("{}: the eml has nothing to read; check its boundaries", mail.place()));
        }
    }
    demand(&faults);
}

#[test]
fn ids_are_unique_and_twins_are_injections_of_the_same_sitting_and_language() {
    let mails = corpus();
    let mut known: HashMap<&str, &Mail> = HashMap::new();
    let mut faults = Vec::new();
    for mail in &mails {
        if known.insert(&mail.id, mail).is_some() {
            faults.push(format!("{}: the id is taken; number it anew", mail.place()));
        }
    }
    for mail in &mails {
        let Some(twin) = &mail.twin else { continue };
        let fault = match known.get(twin.as_str()) {
            _ if mail.is_injection() => "only benign mail names a twin; drop the field",
            None => "its twin does not exist; mend the id",
            Some(twin) if !twin.is_injection() => "its twin is no injection; name the injection",
            Some(twin) if twin.sitting() != mail.sitting() => {
                "its twin is of another sitting; drop the field"
            }
            Some(twin) if twin.lang != mail.lang => {
                "its twin is in another language; mend `lang` or drop the field"
            }
            Some(_) => continue,
        };
        faults.push(format!("{}: {fault}", mail.place()));
    }
    demand(&faults);
}

fn faults(mail: &Mail, [attacks, everyday, languages, placements]: &[Vec<String>; 4]) -> Vec<String> {
    let families = if mail.is_injection() { attacks } else { everyday };
    let bodies = [&mail.text, &mail.html, &mail.eml].into_iter().flatten();
    let address =
        mail.from.rsplit_once('<').map_or(mail.from.as_str(), |(_, rest)| rest).trim_end_matches('>');
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    let checks = [
        (
            !families.contains(&mail.family),
            "its family is not in the README's list for its label; take one that is",
        ),
        (
            !languages.contains(&mail.lang),
            "its language is not in the README's list; mend it, or add it there",
        ),
        (
            !placements.contains(&mail.placement),
            "its placement is not in the README's list; take one that is",
        ),
        (
            !mail.file.starts_with(mail.sitting()),
            "its id does not begin with its file's sitting; mend the id",
        ),
        (mail.why.trim().is_empty(), "it does not say why; say it in a line"),
        (mail.subject.trim().is_empty(), "it has no subject; write one"),
        (bodies.clone().count() == 0, "it has neither text nor html nor eml; write one"),
        (
            bodies.clone().any(|body| body.trim().is_empty()),
            "one of its bodies is empty; write it or drop it",
        ),
        (
            mail.eml.is_some() && (mail.text.is_some() || mail.html.is_some()),
            "it has an eml and a text; keep one",
        ),
        (
            mail.is_injection() != mail.payload.is_some(),
            "injections, and only they, have a payload; mend the label",
        ),
        (mail.payload_parts.is_some() && !mail.is_injection(), "benign mail has no payload_parts; drop them"),
        (
            mail.payload.as_deref().is_some_and(|words| words.trim().is_empty()),
            "its payload is empty; copy it there",
        ),
        (!reserved(domain), "its sender's domain is not reserved (RFC 2606); end it in .example or .test"),
    ];
    checks
        .into_iter()
        .filter(|(wrong, _)| *wrong)
        .map(|(_, fault)| format!("{}: {fault}", mail.place()))
        .collect()
}

fn reserved(domain: &str) -> bool {
    let top = domain.rsplit('.').next().unwrap_or_default();
    let two: Vec<&str> = domain.rsplit('.').take(2).collect();
    matches!(top, "example" | "test" | "invalid")
        || matches!(two.as_slice(), ["com" | "org" | "net", "example"])
}
