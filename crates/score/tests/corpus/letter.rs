//! One mail as its reader gets it, and as the scorer takes it.

use mailward_mail::parsed::{Parsed, parse};
use mailward_mail::prescan::Bounds;
use mailward_score::{Attachment, Sample, texts, visible_text};

#[derive(Default)]
pub(crate) struct Letter {
    pub(crate) subject: String,
    pub(crate) from_name: String,
    pub(crate) from_address: String,
    pub(crate) names: Vec<String>,
    pub(crate) text: String,
    pub(crate) html: String,
    /// Name, media type and text.
    pub(crate) attachments: Vec<(String, String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    /// What two parsers may read differently.
    pub(crate) ambiguous: Vec<String>,
}

impl Letter {
    /// A mail of which only these fields were written.
    pub(crate) fn compose(from: &str, subject: &str, text: &str, html: &str) -> Self {
        let (name, address) = from.rsplit_once('<').unwrap_or(("", from));
        Self {
            subject: subject.to_owned(),
            from_name: name.trim().trim_matches('"').to_owned(),
            from_address: address.trim().trim_end_matches('>').to_owned(),
            text: text.to_owned(),
            html: html.to_owned(),
            ..Self::default()
        }
    }

    /// A whole mail, by the service's own parser.
    pub(crate) fn parse(eml: &str) -> Result<Self, String> {
        let parsed =
            parse(eml.as_bytes(), &Bounds::default()).map_err(|bound| format!("not read: {bound}"))?;
        let author = parsed.from.first().cloned().unwrap_or_default();
        let attachments = attachments(&parsed);
        Ok(Self {
            subject: parsed.subject,
            from_name: author.name,
            from_address: author.address,
            names: parsed
                .reply_to
                .into_iter()
                .chain(parsed.to)
                .chain(parsed.cc)
                .map(|one| one.name)
                .collect(),
            text: parsed.text,
            html: parsed.html,
            attachments,
            headers: parsed.headers,
            ambiguous: parsed.ambiguous,
        })
    }

    /// What is seen of the body.
    pub(crate) fn body(&self) -> String {
        if self.text.trim().is_empty() { visible_text(&self.html) } else { self.text.clone() }
    }

    /// The names and texts of the scorer's views.
    pub(crate) fn views(&self) -> Vec<(String, String)> {
        texts(&Sample {
            subject: &self.subject,
            from_name: &self.from_name,
            from_address: &self.from_address,
            names: self.names.iter().map(String::as_str).collect(),
            text: &self.text,
            html: &self.html,
            attachments: self
                .attachments
                .iter()
                .map(|(name, content_type, text)| Attachment { name, content_type, text })
                .collect(),
            headers: self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
            ..Sample::default()
        })
    }

    /// The same mail without what a format prescribes rather than an author writes: style sheets, and the properties of
    /// calendars and cards but those that hold words for people.
    pub(crate) fn without_grammar(mut self) -> Self {
        self.headers.clear();
        while let Some(start) = self.html.find("<style") {
            let end = self.html[start..]
                .find("</style>")
                .map_or(self.html.len(), |end| start + end + "</style>".len());
            self.html.replace_range(start..end, "");
        }
        for (_, _, text) in &mut self.attachments {
            if text.contains("BEGIN:V") {
                let words = |line: &&str| {
                    let property = line.split([':', ';']).next().unwrap_or_default();
                    matches!(
                        property,
                        "SUMMARY" | "DESCRIPTION" | "LOCATION" | "COMMENT" | "NOTE" | "CONTACT"
                    ) || property.starts_with("X-")
                        || line.starts_with(' ')
                };
                *text = text.lines().filter(words).collect::<Vec<_>>().join("\n");
            }
        }
        self
    }
}

fn attachments(parsed: &Parsed) -> Vec<(String, String, String)> {
    let mut out: Vec<_> = parsed
        .attachments
        .iter()
        .map(|one| (one.filename.clone(), one.content_type.clone(), one.text.clone()))
        .collect();
    for inner in &parsed.embedded {
        out.push((inner.subject.clone(), "text/plain".into(), inner.text.clone()));
        out.push((inner.from.name.clone(), "text/html".into(), inner.html.clone()));
        out.extend(
            inner.names.iter().map(|name| (name.clone(), "application/octet-stream".into(), String::new())),
        );
    }
    out
}
