//! What of a parsed message the scorer is to see.

use mailward_score::{Attachment, Sample};

use crate::parsed::Parsed;

/// Everything a sender wrote, as the scorer takes it.
pub fn sample(parsed: &Parsed) -> Sample<'_> {
    let author = parsed.from.first();
    let others = parsed
        .from
        .iter()
        .skip(1)
        .chain(&parsed.sender)
        .chain(&parsed.reply_to)
        .chain(&parsed.to)
        .chain(&parsed.cc);
    let mut attachments: Vec<Attachment<'_>> = parsed
        .attachments
        .iter()
        .map(|one| Attachment { name: &one.filename, content_type: &one.content_type, text: &one.text })
        .collect();
    // A message within the message is read by the agent as a part of it: each of its texts counts.
    for inner in &parsed.embedded {
        attachments.push(Attachment { name: &inner.subject, content_type: "text/plain", text: &inner.text });
        attachments.push(Attachment { name: &inner.from.name, content_type: "text/html", text: &inner.html });
        for name in &inner.names {
            attachments.push(Attachment { name, content_type: "application/octet-stream", text: "" });
        }
    }
    Sample {
        subject: &parsed.subject,
        from_name: author.map_or("", |author| &author.name),
        from_address: author.map_or("", |author| &author.address),
        names: others.map(|mailbox| mailbox.name.as_str()).filter(|name| !name.is_empty()).collect(),
        text: &parsed.text,
        html: &parsed.html,
        attachments,
        headers: parsed.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        ambiguous: parsed.ambiguous.iter().map(String::as_str).collect(),
        ..Sample::default()
    }
}
