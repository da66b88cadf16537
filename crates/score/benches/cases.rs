//! Mail to measure with: plain text and HTML, written like business mail.

const SENTENCES: [&str; 12] = [
    "Thank you for the quick answer, the revised figures look right to me.",
    "Could you forward the signed contract to Elena before Thursday?",
    "The invoice for March is attached; payment is due within 30 days.",
    "We moved the review to 15:30 because the room was taken.",
    "Please ignore the earlier draft, this one has the new numbers.",
    "Your order has shipped and should reach you on Monday or Tuesday.",
    "I spoke with the supplier and they can deliver all parts in week 22.",
    "Let me know if the attached agenda works for everybody on the team.",
    "The assistant at the front desk keeps the keys until six.",
    "As discussed, the budget for travel stays what it was last year.",
    "Attached are the minutes, with the open points marked in yellow.",
    "If you no longer wish to receive these emails, you can unsubscribe at any time.",
];

/// Plain text of about so many bytes.
pub(crate) fn prose(bytes: usize) -> String {
    let mut text = String::new();
    for (index, sentence) in SENTENCES.iter().cycle().enumerate() {
        if text.len() >= bytes {
            return text;
        }
        text.push_str(sentence);
        text.push_str(if index % 4 == 3 { "\n\n" } else { " " });
    }
    text
}

/// A newsletter of about so many bytes.
pub(crate) fn newsletter(bytes: usize) -> String {
    let mut html = String::from(
        "<html><head><style>.btn{background:#1a73e8;color:#fff}.pre{display:none}@media (max-width:600px){.w{width:100%}}</style></head>\
         <body bgcolor=\"#f4f4f4\"><div class=\"pre\">Spring news, and how to save this week</div><table width=\"600\">",
    );
    for (index, sentence) in SENTENCES.iter().cycle().enumerate() {
        if html.len() >= bytes {
            break;
        }
        html.push_str("<tr><td style=\"padding:12px 24px;font-family:Arial,sans-serif;font-size:14px;color:#333333\"><p>");
        html.push_str(sentence);
        html.push_str("</p><a class=\"btn\" href=\"https://news.example/c/");
        html.push_str(&index.to_string());
        html.push_str("\">Read&nbsp;more</a><img src=\"https://news.example/p.gif\" alt=\"A photo of the new shop\" width=\"1\"></td></tr>");
    }
    html.push_str("</table></body></html>");
    html
}
