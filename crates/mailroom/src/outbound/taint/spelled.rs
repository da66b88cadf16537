//! Ways to write something that a person undoes by hand: spelled out, in Morse, by number, turned, with digits for letters.
//!
//! Only of use where one knows what is looked for. Bounded: a mail of ordinary length is read whole, of a longer one the
//! beginning.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Bytes that are read, and those that are read in each of the alphabets of Caesar.
const MOST_READ: usize = 64 << 10;
const MOST_TURNED: usize = 8 << 10;
/// Characters of a run that may be a number in another base: reading one takes the square of that.
const LONGEST_RUN: usize = 128;
const SHORTEST_RUN: usize = 11;
/// Numbers in a row that may be letters.
const SHORTEST_SERIES: usize = 6;

/// All further ways to read a text.
pub(super) fn spelled(text: &str) -> Vec<String> {
    let text = beginning(text, MOST_READ);
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let initial = |text: &str| text.chars().find(|c| c.is_alphanumeric());
    let spaced = |letters: &mut dyn Iterator<Item = char>| letters.flat_map(|c| [c, ' ']).collect::<String>();
    let mut all = vec![
        named(&words),
        morse(text),
        by_number(text),
        in_other_bases(text),
        digits_for_letters(text),
        spaced(&mut words.iter().filter_map(|word| initial(word))),
        spaced(&mut text.lines().filter_map(initial)),
        words.iter().rev().copied().collect::<Vec<_>>().join(" "),
        words.iter().map(|word| word.chars().rev().collect()).collect::<Vec<String>>().join(" "),
        turned(text, |c, from| from + 25 - (c - from), |digit| digit),
        turned(text, |c, from| (c - from + 13) % 26 + from, |digit| (digit - b'0' + 5) % 10 + b'0'),
        text.chars().map(rot47).collect(),
    ];
    let short = beginning(text, MOST_TURNED);
    all.extend((1..26).map(|by| turned(short, |c, from| (c - from + by) % 26 + from, |digit| digit)));
    all.retain(|one| !one.is_empty());
    all
}

fn beginning(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}

/// The alphabet that is spelled on the telephone, and numbers in words.
fn named(words: &[&str]) -> String {
    const LETTERS: [&str; 26] = [
        "alfa", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett", "kilo",
        "lima", "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform",
        "victor", "whiskey", "xray", "yankee", "zulu",
    ];
    const UNITS: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    const BETWEEN: [&str; 7] = ["dash", "hyphen", "minus", "space", "then", "and", "ray"];
    let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let mut out = String::new();
    for (at, word) in words.iter().enumerate() {
        let of = |names: &[&str]| names.iter().position(|name| name == word);
        let letter = match word.as_str() {
            "alpha" => Some(0),
            "juliet" => Some(9),
            "whisky" => Some(22),
            "x" if words.get(at + 1).is_some_and(|next| next == "ray") => Some(23),
            _ => of(&LETTERS),
        };
        let unit_follows = words.get(at + 1).is_some_and(|next| UNITS[1..10].contains(&next.as_str()));
        if let Some(letter) = letter.and_then(|letter| u8::try_from(letter).ok()) {
            out.push(char::from(b'a' + letter));
        } else if let Some(number) = of(&UNITS) {
            out.push_str(&number.to_string());
        } else if let Some(ten) = of(&TENS) {
            out.push_str(&if unit_follows { ten + 2 } else { 10 * (ten + 2) }.to_string());
        } else if !BETWEEN.contains(&word.as_str()) {
            out.push_str(word);
        }
        out.push(' ');
    }
    out
}

fn morse(text: &str) -> String {
    const LETTERS: [&str; 36] = [
        ".-", "-...", "-.-.", "-..", ".", "..-.", "--.", "....", "..", ".---", "-.-", ".-..", "--", "-.",
        "---", ".--.", "--.-", ".-.", "...", "-", "..-", "...-", ".--", "-..-", "-.--", "--..", "-----",
        ".----", "..---", "...--", "....-", ".....", "-....", "--...", "---..", "----.",
    ];
    let mut out = String::new();
    for sign in text.split(|c: char| c.is_whitespace() || matches!(c, '/' | '|' | ',')) {
        let sign: String = sign
            .chars()
            .map(|c| match c {
                '·' | '•' | '∙' | '*' => '.',
                '_' | '−' => '-',
                other => other,
            })
            .collect();
        if let Some(at) = LETTERS.iter().position(|letter| *letter == sign) {
            out.extend(char::from_digit(u32::try_from((at + 10) % 36).unwrap_or_default(), 36));
            out.push(' ');
        }
    }
    out
}

/// Characters by their numbers: decimal, octal or binary, whatever stands between them.
fn by_number(text: &str) -> String {
    let mut out = String::new();
    let numbers = |radix: u32, least: usize, most: usize| {
        let mut series = String::new();
        let mut found = String::new();
        for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            let code =
                (least..=most).contains(&word.len()).then(|| u8::from_str_radix(word, radix).ok()).flatten();
            match code.filter(|code| (b' '..=b'~').contains(code)) {
                Some(code) => series.push(char::from(code)),
                None => {
                    if series.len() >= SHORTEST_SERIES {
                        found.push_str(&series);
                        found.push('\n');
                    }
                    series.clear();
                }
            }
        }
        if series.len() >= SHORTEST_SERIES {
            found.push_str(&series);
        }
        found
    };
    for (radix, least, most) in [(10, 2, 3), (8, 2, 3), (2, 7, 8)] {
        out.push_str(&numbers(radix, least, most));
        out.push('\n');
    }
    out
}

/// Base64 of one word, base32, which is a matter of five bits, and base58, which is one long number.
fn in_other_bases(text: &str) -> String {
    const B58: &str = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    const B32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut out = String::new();
    for run in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|run| run.len() >= SHORTEST_RUN) {
        let upper = run.to_ascii_uppercase();
        let (mut bits, mut held) = (0_u32, 0);
        let mut decoded = Vec::new();
        for digit in upper.chars().map_while(|c| B32.find(c)) {
            bits = bits << 5 | u32::try_from(digit).unwrap_or_default();
            held += 5;
            if held >= 8 {
                held -= 8;
                decoded.push((bits >> held & 0xff) as u8);
                bits &= (1 << held) - 1;
            }
        }
        keep(&decoded, &mut out);
        // Where a run begins and ends is known here, unlike in what has lost its blanks.
        if let Ok(decoded) = STANDARD_NO_PAD.decode(run) {
            keep(&decoded, &mut out);
        }
        if run.len() > LONGEST_RUN {
            continue;
        }
        let mut bytes: Vec<u8> = Vec::new();
        for digit in run.chars().map_while(|c| B58.find(c)) {
            let mut carry = u32::try_from(digit).unwrap_or_default();
            for byte in bytes.iter_mut().rev() {
                carry += u32::from(*byte) * 58;
                *byte = (carry & 0xff) as u8;
                carry >>= 8;
            }
            while carry > 0 {
                bytes.insert(0, (carry & 0xff) as u8);
                carry >>= 8;
            }
        }
        keep(&bytes, &mut out);
    }
    out
}

/// Only what is text all through.
fn keep(bytes: &[u8], out: &mut String) {
    if bytes.len() >= SHORTEST_SERIES && bytes.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        out.push_str(&String::from_utf8_lossy(bytes));
        out.push('\n');
    }
}

fn digits_for_letters(text: &str) -> String {
    let letter = |c: char| match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        '9' => 'g',
        other => other,
    };
    text.chars().map(letter).collect()
}

fn turned(text: &str, letter: impl Fn(u8, u8) -> u8, digit: impl Fn(u8) -> u8) -> String {
    let turn = |c: char| match c {
        'a'..='z' => char::from(letter(c as u8, b'a')),
        'A'..='Z' => char::from(letter(c as u8, b'A')),
        '0'..='9' => char::from(digit(c as u8)),
        other => other,
    };
    text.chars().map(turn).collect()
}

fn rot47(c: char) -> char {
    match c {
        '!'..='~' => char::from((c as u8 - b'!' + 47) % 94 + b'!'),
        other => other,
    }
}
