//! Reads what other servers say of a mail that they took: delivery status notifications (RFC 3464) and reports of abuse
//! (ARF, RFC 5965).
//!
//! Whether a report is believed is not judged here: whoever wrote it knew the return path or did not. Reads line by line, so
//! that its time is that of the text.

/// Bytes that are looked through; a report says what it has to say at its beginning.
const MOST: usize = 256 * 1024;
/// Bytes of what is shown.
const SHOWN: usize = 400;

/// What a report says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// RFC 3464 2.3.3: it was not delivered, and will not be; the status code and what was said.
    Failed { status: String, said: String },
    /// Somebody complained.
    Complaint,
}

/// What a report says; `None`: it is none, or says nothing that changes anything.
pub(super) fn read(raw: &[u8]) -> Option<Word> {
    let text = String::from_utf8_lossy(&raw[..raw.len().min(MOST)]);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some((name, value)) = line.split_once(':') else { continue };
        if !name.eq_ignore_ascii_case("content-type") {
            continue;
        }
        let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let found = match kind.as_str() {
            "message/delivery-status" => failed(&fields(&mut lines)),
            "message/feedback-report" => complaint(&fields(&mut lines)),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// The fields of a part, unfolded, from behind its own header to the next border.
fn fields<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let body = lines.skip_while(|line| !line.trim().is_empty());
    for line in body.take_while(|line| !line.starts_with("--")) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = found.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            found.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    found
}

fn failed(fields: &[(String, String)]) -> Option<Word> {
    let value = |wanted: &str| {
        fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    if !value("action").eq_ignore_ascii_case("failed") {
        return None;
    }
    let code =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && text.len() <= 11;
    let status = value("status").split_whitespace().next().filter(|status| code(status)).unwrap_or("5.0.0");
    let said = value("diagnostic-code").chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    Some(Word::Failed { status: status.to_owned(), said })
}

fn complaint(fields: &[(String, String)]) -> Option<Word> {
    let is_abuse =
        |(name, value): &(String, String)| name == "feedback-type" && value.eq_ignore_ascii_case("abuse");
    fields.iter().any(is_abuse).then_some(Word::Complaint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(kind: &str, fields: &str) -> Option<Word> {
        let text = format!(
            "From: x@y\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\nIt failed.\r\n--b\r\n\
             Content-Type: {kind}\r\n\r\n{fields}\r\n--b\r\n\r\nAction: failed\r\n--b--\r\n"
        );
        read(text.as_bytes())
    }

    #[test]
    fn a_failure_is_read_with_its_status_and_what_was_said() {
        let fields = "Reporting-MTA: dns; mx.test\r\n\r\nFinal-Recipient: rfc822; a@b\r\nAction: failed\r\nStatus: 5.1.1\r\n\
                      Diagnostic-Code: smtp; 550 no\r\n such person";
        let said = "smtp; 550 no such person".to_owned();
        assert_eq!(
            report("message/delivery-status", fields),
            Some(Word::Failed { status: "5.1.1".to_owned(), said })
        );
        assert_eq!(report("Message/Feedback-Report; x=y", "Feedback-Type: abuse"), Some(Word::Complaint));
    }

    #[test]
    fn what_says_nothing_of_a_failure_changes_nothing() {
        for fields in [
            "Action: delayed\r\nStatus: 4.4.1",
            "Action: delivered",
            "Status: 5.1.1",
            "",
            "Feedback-Type: abuse",
        ] {
            assert_eq!(report("message/delivery-status", fields), None, "{fields}");
        }
        assert_eq!(report("text/plain", "Action: failed\r\nStatus: 5.1.1"), None);
        assert_eq!(report("message/feedback-report", "Feedback-Type: not-spam"), None);
        assert_eq!(read(b""), None);
    }
}
