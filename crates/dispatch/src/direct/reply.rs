//! One reply of an SMTP server (RFC 5321 4.2), read as what a stranger wrote: bounded in lines and bytes, and refused where
//! it is none.

use std::io::{Error, ErrorKind, Result};

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// Bytes of a line, its end too. RFC 5321 4.5.3.1.5 says 512; some servers explain themselves at length.
const MOST_LINE: u64 = 2_048;
/// Lines of one reply.
const MOST_LINES: usize = 64;

/// What a server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    /// Its code: 200 to 599.
    pub(crate) code: u16,
    /// The text of each line, printable ASCII alone.
    pub(crate) lines: Vec<String>,
}

impl Reply {
    /// RFC 5321 4.2.1: 2yz.
    pub(crate) fn is_fine(&self) -> bool {
        self.code / 100 == 2
    }

    /// RFC 5321 4.2.1: 5yz, "do not try again".
    pub(crate) fn is_final(&self) -> bool {
        self.code / 100 == 5
    }

    /// As one line.
    pub(crate) fn text(&self) -> String {
        format!("{} {}", self.code, self.lines.join(" "))
    }
}

/// Reads one reply.
pub(crate) async fn read(reader: &mut (impl AsyncBufRead + Unpin)) -> Result<Reply> {
    let (mut code, mut lines) = (None, Vec::new());
    loop {
        let mut line = Vec::new();
        (&mut *reader).take(MOST_LINE).read_until(b'\n', &mut line).await?;
        if line.is_empty() {
            return Err(Error::new(ErrorKind::UnexpectedEof, "the server hung up"));
        }
        let (this, is_last, text) = split(&line).ok_or_else(|| bad("the server does not speak SMTP"))?;
        if *code.get_or_insert(this) != this {
            return Err(bad("the server gave two codes in one reply"));
        }
        lines.push(text);
        if is_last {
            return Ok(Reply { code: this, lines });
        }
        if lines.len() == MOST_LINES {
            return Err(bad("the server's reply has no end"));
        }
    }
}

/// Code, whether it is the last line, and text of a line.
fn split(line: &[u8]) -> Option<(u16, bool, String)> {
    let line = line.strip_suffix(b"\n")?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let code = line.get(..3).filter(|code| code.iter().all(u8::is_ascii_digit))?;
    let code = code.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    let is_last = match line.get(3) {
        None | Some(b' ') => true,
        Some(b'-') => false,
        Some(_) => return None,
    };
    let printable = |byte: &u8| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '?' };
    let text = line.get(4..).unwrap_or_default().iter().map(printable).collect();
    (200..600).contains(&code).then_some((code, is_last, text))
}

fn bad(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn said(text: &[u8]) -> Result<Reply> {
        read(&mut &*text).await
    }

    #[tokio::test]
    async fn a_reply_is_its_code_and_all_its_lines() {
        let reply = said(b"250-mx.test\r\n250-SIZE 10\r\n250 \x1b[31mred\xff\r\n").await.expect("a reply");
        assert_eq!((reply.code, reply.text().as_str()), (250, "250 mx.test SIZE 10 ?[31mred?"));
        assert!(said(b"550\r\n").await.expect("a bare code").is_final());
        assert!(said(b"220 only a line feed\n").await.expect("a reply").is_fine());
    }

    #[tokio::test]
    async fn what_is_no_reply_is_refused() {
        let long = [b"250 ".as_slice(), &[b'a'; 4_000], b"\r\n"].concat();
        let endless = b"250-on\r\n".repeat(100);
        for bad in [
            b"".as_slice(),
            b"250",
            b"25 x\r\n",
            b"2500 x\r\n",
            b"250_x\r\n",
            b"199 x\r\n",
            b"600 x\r\n",
            b"HTTP/1.1 200 OK\r\n",
            b"250-a\r\n550 b\r\n",
            &long,
            &endless,
        ] {
            assert!(said(bad).await.is_err(), "{:?}", String::from_utf8_lossy(&bad[..bad.len().min(40)]));
        }
    }
}
