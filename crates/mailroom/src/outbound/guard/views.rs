//! The ways in which one text can be read: as it stands, without what nobody sees, and with what is encoded in it decoded.
//!
//! Each step is linear in what it is given, decoders make less of it than they got, and [`MOST_WORK`] bounds the sum.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use unicode_normalization::UnicodeNormalization;

/// How often what was decoded is decoded again.
const ROUNDS: usize = 4;
/// Bytes of all views of one text beyond which nothing more is decoded.
const MOST_WORK: usize = 64 << 20;
/// The shortest run of printable characters that is kept of what was decoded.
const SHORTEST: usize = 8;

/// One way to read a text.
pub(super) struct View {
    /// With its white space.
    pub(super) plain: String,
    /// Without any white space.
    pub(super) joined: String,
}

/// All ways to read a text, the text itself first.
pub(super) fn views(text: &str) -> Vec<View> {
    let first = visible(text);
    let mut work = first.len();
    let (mut fresh, mut all) = (vec![first], Vec::new());
    for round in 0..=ROUNDS {
        let mut next = Vec::new();
        for plain in fresh {
            let joined: String = plain.chars().filter(|c| !c.is_whitespace()).collect();
            if round < ROUNDS && work < MOST_WORK {
                let decoded = [unescaped(&plain), base64_within(&joined), hex_within(&joined)];
                for one in decoded.into_iter().flatten() {
                    let one = visible(&one);
                    work += one.len();
                    if one != plain {
                        next.push(one);
                    }
                }
            }
            let further = if round == 0 { by_hand(&plain, &joined) } else { Vec::new() };
            all.push(View { plain, joined });
            all.extend(further);
        }
        fresh = next;
    }
    all
}

/// The text backwards, turned, and with the letters that its own are drawn like.
fn by_hand(plain: &str, joined: &str) -> Vec<View> {
    let backwards = |text: &str| text.chars().rev().collect();
    let mut all = vec![
        View { plain: backwards(plain), joined: backwards(joined) },
        View { plain: rot13(plain), joined: rot13(joined) },
    ];
    if let Some(plain) = folded(plain) {
        all.push(View { joined: plain.chars().filter(|c| !c.is_whitespace()).collect(), plain });
    }
    all
}

/// Without characters that take no place, and with full-width letters as their narrow ones.
fn visible(text: &str) -> String {
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        other => other,
    };
    text.chars().filter(|c| !is_unseen(*c)).map(narrow).collect()
}

/// With letters of other scripts, of mathematics and of flags as the Latin ones that they are drawn like, and without what is
/// drawn over them. `None`: there are none.
fn folded(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let letter = |c: char| {
        let nth = |first: u32| char::from_u32(u32::from('A') + u32::from(c) - first);
        match c {
            '\u{1f150}'..='\u{1f169}' => nth(0x1f150),
            '\u{1f170}'..='\u{1f189}' => nth(0x1f170),
            '\u{1f1e6}'..='\u{1f1ff}' => nth(0x1f1e6),
            other => twin(other),
        }
        .unwrap_or(c)
    };
    let drawn_over = |c: &char| matches!(c, '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20f0}');
    Some(text.nfkd().filter(|c| !drawn_over(c)).map(letter).collect())
}

/// The Latin letter that a Cyrillic or Greek one is drawn like.
fn twin(c: char) -> Option<char> {
    const TWINS: &[(&str, &str)] = &[
        ("АВЕКМНОРСТУХЅІЈԚԜЗ", "ABEKMHOPCTYXSIJQW3"),
        ("аеорсухѕіјԛԝһӏԁкмтпг", "aeopcyxsijqwhldkmtnr"),
        ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"),
        ("αοικνρτυχγε", "aoiknptuxye"),
    ];
    TWINS.iter().find_map(|(theirs, ours)| {
        theirs.chars().zip(ours.chars()).find_map(|(their, our)| (their == c).then_some(our))
    })
}

fn is_unseen(c: char) -> bool {
    matches!(c, '\0' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Percent-encoding, quoted-printable, HTML's references and the escapes of programs, each once. `None`: there are none.
fn unescaped(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let (mut out, mut at, mut found) = (Vec::with_capacity(bytes.len()), 0, false);
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at + 1..];
        let decoded = match byte {
            b'=' if rest.starts_with(b"\r\n") => Some((Vec::new(), 3)),
            b'=' if rest.starts_with(b"\n") => Some((Vec::new(), 2)),
            b'%' | b'=' => hex_pair(rest).map(|byte| (vec![byte], 3)),
            b'\\' if rest.first() == Some(&b'x') => hex_pair(&rest[1..]).map(|byte| (vec![byte], 4)),
            b'\\' if rest.first() == Some(&b'u') => escaped(&rest[1..]),
            b'&' => reference(rest),
            _ => None,
        };
        match decoded {
            Some((bytes, length)) => {
                found = true;
                out.extend(bytes);
                at += length;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    found.then(|| String::from_utf8_lossy(&out).into_owned())
}

fn hex_pair(bytes: &[u8]) -> Option<u8> {
    Some(digit(*bytes.first()?)? << 4 | digit(*bytes.get(1)?)?)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn utf8(code: u32) -> Vec<u8> {
    char::from_u32(code).map_or_else(Vec::new, |c| c.to_string().into_bytes())
}

fn escaped(rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    let code = rest.get(..4)?.iter().try_fold(0, |code, byte| Some(code << 4 | u32::from(digit(*byte)?)))?;
    Some((utf8(code), 6))
}

/// A character reference by number, or one of the names that a secret could be written with.
fn reference(rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    const NAMES: &[(&str, &str)] = &[
        ("lowbar;", "_"),
        ("UnderBar;", "_"),
        ("hyphen;", "-"),
        ("dash;", "-"),
        ("plus;", "+"),
        ("sol;", "/"),
        ("equals;", "="),
        ("period;", "."),
        ("colon;", ":"),
        ("shy;", ""),
        ("zwnj;", ""),
        ("zwj;", ""),
        ("ZeroWidthSpace;", ""),
        ("NoBreak;", ""),
        ("nbsp;", " "),
        ("amp;", "&"),
        ("lt;", "<"),
        ("gt;", ">"),
    ];
    if rest.first() != Some(&b'#') {
        let (name, text) = NAMES.iter().find(|(name, _)| rest.starts_with(name.as_bytes()))?;
        return Some((text.as_bytes().to_vec(), name.len() + 1));
    }
    let (radix, from) = if matches!(rest.get(1), Some(b'x' | b'X')) { (16, 2) } else { (10, 1) };
    let digits = rest[from..].iter().take(8).take_while(|byte| char::from(**byte).is_digit(radix)).count();
    let text = std::str::from_utf8(&rest[from..from + digits]).ok()?;
    let code = u32::from_str_radix(text, radix).ok()?;
    let closed = usize::from(rest.get(from + digits) == Some(&b';'));
    Some((utf8(code), 1 + from + digits + closed))
}

/// What base64 in a text says, in either alphabet. Where a run begins is not known once white space is gone: it is read
/// from each of four places, and only what can be printed is kept.
fn base64_within(joined: &str) -> Option<String> {
    let config = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(&STANDARD, config);
    let is_of = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    let mut out = String::new();
    for run in joined.as_bytes().split(|byte| !is_of(*byte)).filter(|run| run.len() >= SHORTEST) {
        let run: Vec<u8> = run
            .iter()
            .map(|byte| match byte {
                b'-' => b'+',
                b'_' => b'/',
                other => *other,
            })
            .collect();
        for from in 0..4 {
            let part = &run[from..];
            let part = &part[..part.len() - usize::from(part.len() % 4 == 1)];
            if let Ok(decoded) = engine.decode(part) {
                keep_printable(&decoded, &mut out);
            }
        }
    }
    (!out.is_empty()).then_some(out)
}

/// Likewise of runs of hexadecimal digits, in pairs from either place.
fn hex_within(joined: &str) -> Option<String> {
    let bare: Vec<u8> = joined.bytes().filter(|byte| !matches!(byte, b':' | b'-')).collect();
    let mut out = String::new();
    for run in bare.split(|byte| digit(*byte).is_none()).filter(|run| run.len() >= 2 * SHORTEST) {
        for from in 0..2 {
            let decoded: Vec<u8> = run[from..].chunks_exact(2).filter_map(hex_pair).collect();
            keep_printable(&decoded, &mut out);
        }
    }
    (!out.is_empty()).then_some(out)
}

fn keep_printable(bytes: &[u8], out: &mut String) {
    let is_text = |byte: &u8| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\r' | b'\n' | b'\t');
    // UTF-16 is text with zeros between.
    let dense: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
    for run in dense.split(|byte| !is_text(byte)).filter(|run| run.len() >= SHORTEST) {
        out.push_str(&String::from_utf8_lossy(run));
        out.push('\n');
    }
}

fn rot13(text: &str) -> String {
    let turn = |c: char, from: u8| char::from((c as u8 - from + 13) % 26 + from);
    text.chars()
        .map(|c| match c {
            'a'..='z' => turn(c, b'a'),
            'A'..='Z' => turn(c, b'A'),
            other => other,
        })
        .collect()
}
