//! Sorts the parts of a message into text, HTML, attachments and embedded messages. Each part lands somewhere.

use mail_parser::{Encoding, Message, MessagePart, MimeHeaders, PartType};

use super::attachment::{Attachment, TransferEncoding};
use super::{Embedded, Parsed, TEXT_LIMIT, content_type, file_name, mailboxes, words};

/// Fills the bodies of `parsed` from the outermost message.
pub(super) fn bodies(message: &Message<'_>, raw: &[u8], parsed: &mut Parsed) {
    for (index, part) in message.parts.iter().enumerate() {
        match &part.body {
            PartType::Multipart(_) => {}
            PartType::Text(text) if is_body(message, index) => {
                append(&mut parsed.text, text, &mut parsed.truncated)
            }
            PartType::Html(html) if is_body(message, index) => {
                append(&mut parsed.html, html, &mut parsed.truncated)
            }
            PartType::Message(inner) => {
                parsed.attachments.push(attachment(part, raw, ""));
                embedded(inner, parsed);
            }
            PartType::Text(text) | PartType::Html(text) => {
                let kept = budget(parsed).min(text.len());
                let kept = text.floor_char_boundary(kept);
                parsed.truncated |= kept < text.len();
                parsed.attachments.push(attachment(part, raw, &text[..kept]));
            }
            PartType::Binary(_) | PartType::InlineBinary(_) => {
                parsed.attachments.push(attachment(part, raw, ""))
            }
        }
    }
}

/// Adds `text` behind what is there, within the bound of a message's texts.
pub(super) fn append(into: &mut String, text: &str, truncated: &mut bool) {
    if !into.is_empty() && !into.ends_with('\n') {
        into.push('\n');
    }
    let kept = text.floor_char_boundary(TEXT_LIMIT.saturating_sub(into.len()).min(text.len()));
    *truncated |= kept < text.len();
    into.push_str(&text[..kept]);
}

fn is_body(message: &Message<'_>, index: usize) -> bool {
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    message.text_body.contains(&index) || message.html_body.contains(&index)
}

/// What is left of [`TEXT_LIMIT`] for the texts of attachments.
fn budget(parsed: &Parsed) -> usize {
    let used: usize = parsed.attachments.iter().map(|attachment| attachment.text.len()).sum();
    TEXT_LIMIT.saturating_sub(used)
}

/// Lists an embedded message and, behind it, what is embedded in it. Depth is bounded by the pre-scan.
fn embedded(inner: &Message<'_>, parsed: &mut Parsed) {
    let mut one = Embedded::default();
    if let Some(root) = inner.parts.first() {
        for header in &root.headers {
            match header.name {
                mail_parser::HeaderName::Subject => one.subject = words(&header.value).join(" "),
                mail_parser::HeaderName::From => {
                    one.from = mailboxes(&header.value).into_iter().next().unwrap_or_default();
                }
                _ => {}
            }
        }
    }
    let mut deeper = Vec::new();
    for part in &inner.parts {
        match &part.body {
            PartType::Text(text) => append(&mut one.text, text, &mut parsed.truncated),
            PartType::Html(html) => append(&mut one.html, html, &mut parsed.truncated),
            PartType::Message(inner) => deeper.push(inner),
            PartType::Multipart(_) | PartType::Binary(_) | PartType::InlineBinary(_) => {}
        }
        let name = file_name(part);
        if !name.is_empty() {
            one.names.push(name);
        }
    }
    parsed.embedded.push(one);
    for inner in deeper {
        embedded(inner, parsed);
    }
}

fn attachment(part: &MessagePart<'_>, raw: &[u8], text: &str) -> Attachment {
    let (start, end) = (part.offset_body.min(part.offset_end), part.offset_end);
    let mut one = Attachment {
        filename: file_name(part),
        content_type: content_type(part),
        size: 0,
        offset: start.into(),
        length: (end - start).into(),
        encoding: match part.encoding {
            Encoding::None => TransferEncoding::Identity,
            Encoding::Base64 => TransferEncoding::Base64,
            Encoding::QuotedPrintable => TransferEncoding::QuotedPrintable,
        },
        inline: part.content_disposition().is_some_and(mail_parser::ContentType::is_inline),
        text: text.to_owned(),
    };
    one.size = match (&part.body, one.encoding) {
        (_, TransferEncoding::Identity) => one.length,
        (PartType::Binary(bytes) | PartType::InlineBinary(bytes), _) => bytes.len() as u64,
        // A text's length after charset conversion is not its size as a file.
        _ => one.bytes(raw).map_or(one.length, |bytes| bytes.len() as u64),
    };
    one
}
