//! What the attacker can do to a payload.

use crate::attacker::Dice;
use crate::mail::{Dress, Mail};

type Mutation = fn(&mut Mail, &mut Dice);

/// Each mutation with its name.
pub(crate) const MUTATIONS: &[(&str, Mutation)] = &[
    ("look-alike letter", look_alike),
    ("zero-width", zero_width),
    ("case", case),
    ("digit for letter", leet),
    ("accent", accent),
    ("space in word", space),
    ("spaced-out word", spaced_out),
    ("sign in word", sign_in_word),
    ("signs for spaces", sign_for_space),
    ("markdown in word", markdown),
    ("hyphenation", hyphenate),
    ("line break", line_break),
    ("swapped letters", swap_letters),
    ("doubled letter", double_letter),
    ("clause order", clause_order),
    ("sentence split", sentence_split),
    ("filler", filler),
    ("polite wrapping", polite),
    ("foreign connectives", connectives),
    ("moved to subject", to_subject),
    ("padding", padding),
    ("HTML hiding", html),
    ("tags in words", tags),
    ("encoding", encoding),
    ("quoting it", quote_it),
];

/// The start and end of a word of at least `least` letters, in bytes.
fn word(text: &str, least: usize, dice: &mut Dice) -> Option<(usize, usize)> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (c.is_alphabetic(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                if text[from..at].chars().count() >= least {
                    words.push((from, at));
                }
                start = None;
            }
            _ => {}
        }
    }
    (!words.is_empty()).then(|| *dice.one(&words))
}

/// A place between two letters of a word.
fn inside(text: &str, dice: &mut Dice) -> Option<usize> {
    let (start, end) = word(text, 3, dice)?;
    let places: Vec<usize> = text[start..end].char_indices().skip(1).map(|(at, _)| start + at).collect();
    Some(*dice.one(&places))
}

fn insert_inside(mail: &mut Mail, dice: &mut Dice, pieces: &[&str]) {
    if let Some(at) = inside(&mail.payload, dice) {
        let piece = *dice.one(pieces);
        mail.payload.insert_str(at, piece);
    }
}

fn replace_letter(mail: &mut Mail, dice: &mut Dice, table: &[(char, &str)]) {
    let places: Vec<(usize, char, &str)> = mail
        .payload
        .char_indices()
        .filter_map(|(at, c)| {
            let (_, twins) = table.iter().find(|(letter, _)| *letter == c.to_ascii_lowercase())?;
            Some((at, c, *twins))
        })
        .collect();
    if places.is_empty() {
        return;
    }
    let (at, c, twins) = *dice.one(&places);
    let twins: Vec<char> = twins.chars().collect();
    let twin = *dice.one(&twins);
    mail.payload.replace_range(at..at + c.len_utf8(), twin.encode_utf8(&mut [0; 4]));
}

fn look_alike(mail: &mut Mail, dice: &mut Dice) {
    const TWINS: &[(char, &str)] = &[
        ('a', "аαａ𝐚𝕒ɑ"),
        ('b', "Ьｂ𝐛"),
        ('c', "сϲｃ𝒄"),
        ('d', "ԁｄ𝐝"),
        ('e', "еｅ𝐞𝔢"),
        ('f', "ｆ𝐟ƒ"),
        ('g', "ɡｇ𝐠"),
        ('h', "һｈ𝐡"),
        ('i', "іι𝐢ı"),
        ('j', "јｊ"),
        ('k', "кｋ𝐤"),
        ('l', "ӏｌ𝐥"),
        ('m', "мｍ𝐦"),
        ('n', "ｎ𝐧ո"),
        ('o', "оοｏ𝐨օ"),
        ('p', "рρｐ𝐩"),
        ('r', "гｒ𝐫"),
        ('s', "ѕｓ𝐬"),
        ('t', "тτｔ𝐭"),
        ('u', "υսｕ𝐮"),
        ('v', "ѵνｖ"),
        ('w', "ԝωｗ"),
        ('x', "хχｘ"),
        ('y', "уγｙ"),
        ('z', "ｚ𝐳"),
    ];
    replace_letter(mail, dice, TWINS);
}

fn leet(mail: &mut Mail, dice: &mut Dice) {
    const DIGITS: &[(char, &str)] = &[
        ('a', "4@"),
        ('b', "8"),
        ('e', "3"),
        ('g', "9"),
        ('i', "1!"),
        ('l', "1|"),
        ('o', "0"),
        ('s', "5$"),
        ('t', "7+"),
        ('z', "2"),
    ];
    replace_letter(mail, dice, DIGITS);
}

fn zero_width(mail: &mut Mail, dice: &mut Dice) {
    insert_inside(
        mail,
        dice,
        &[
            "\u{200b}", "\u{200c}", "\u{200d}", "\u{2060}", "\u{feff}", "\u{ad}", "\u{34f}", "\u{180e}",
            "\u{2063}", "\u{fe0f}", "\u{202c}",
        ],
    );
}

fn accent(mail: &mut Mail, dice: &mut Dice) {
    insert_inside(mail, dice, &["\u{301}", "\u{308}", "\u{327}", "\u{335}", "\u{332}", "\u{20dd}"]);
}

fn case(mail: &mut Mail, dice: &mut Dice) {
    let Some((start, end)) = word(&mail.payload, 2, dice) else { return };
    let word = &mail.payload[start..end];
    let new: String = match dice.below(3) {
        0 => word.to_uppercase(),
        1 => word.to_lowercase(),
        _ => word
            .chars()
            .enumerate()
            .flat_map(|(at, c)| {
                if at.is_multiple_of(2) {
                    c.to_uppercase().collect::<Vec<_>>()
                } else {
                    c.to_lowercase().collect()
                }
            })
            .collect(),
    };
    mail.payload.replace_range(start..end, &new);
}

fn space(mail: &mut Mail, dice: &mut Dice) {
    insert_inside(mail, dice, &[" ", "  ", "\u{a0}", "\t", "\u{2009}"]);
}

fn spaced_out(mail: &mut Mail, dice: &mut Dice) {
    let Some((start, end)) = word(&mail.payload, 4, dice) else { return };
    let gap = *dice.one(&[" ", ".", "-", "_", " . ", "·"]);
    let new = mail.payload[start..end].chars().map(String::from).collect::<Vec<_>>().join(gap);
    mail.payload.replace_range(start..end, &new);
}

fn sign_in_word(mail: &mut Mail, dice: &mut Dice) {
    insert_inside(mail, dice, &["-", ".", "'", "/", "_", "·", "|", ","]);
}

fn markdown(mail: &mut Mail, dice: &mut Dice) {
    insert_inside(mail, dice, &["**", "*", "__", "`", "~~"]);
}

fn hyphenate(mail: &mut Mail, dice: &mut Dice) {
    insert_inside(mail, dice, &["-\n", "-\r\n", "=\n"]);
}

fn between(mail: &mut Mail, dice: &mut Dice, pieces: &[&str]) {
    let places: Vec<usize> = mail.payload.match_indices(' ').map(|(at, _)| at).collect();
    if !places.is_empty() {
        let at = *dice.one(&places);
        mail.payload.replace_range(at..=at, dice.one::<&str>(pieces));
    }
}

fn sign_for_space(mail: &mut Mail, dice: &mut Dice) {
    between(mail, dice, &["_", "-", "...", " / ", " | ", "\u{2014}", "", " * "]);
}

fn line_break(mail: &mut Mail, dice: &mut Dice) {
    between(mail, dice, &["\n", "\n\n", "\r\n", "\n> ", " \n \n"]);
}

fn swap_letters(mail: &mut Mail, dice: &mut Dice) {
    let Some((start, end)) = word(&mail.payload, 5, dice) else { return };
    let mut letters: Vec<char> = mail.payload[start..end].chars().collect();
    let at = 1 + dice.below(letters.len() - 3);
    letters.swap(at, at + 1);
    mail.payload.replace_range(start..end, &letters.into_iter().collect::<String>());
}

fn double_letter(mail: &mut Mail, dice: &mut Dice) {
    if let Some(at) = inside(&mail.payload, dice)
        && let Some(c) = mail.payload[at..].chars().next()
    {
        mail.payload.insert(at, c);
    }
}

fn clause_order(mail: &mut Mail, dice: &mut Dice) {
    let sign = dice.one::<&str>(&[". ", "; ", ". ", " and "]);
    let mut clauses: Vec<&str> = mail.payload.split(sign).collect();
    if clauses.len() > 1 {
        let at = dice.below(clauses.len() - 1);
        clauses.swap(at, at + 1);
        mail.payload = clauses.join(sign);
    }
}

fn sentence_split(mail: &mut Mail, dice: &mut Dice) {
    let sign = dice.one::<&str>(&[". ", " and ", " und ", " et ", " y ", ": "]);
    mail.payload =
        mail.payload.replacen(sign, dice.one::<&str>(&[". ", ". Then ", ".\n\n", ".\n\n-- \n"]), 1);
}

fn filler(mail: &mut Mail, dice: &mut Dice) {
    between(
        mail,
        dice,
        &[
            " (by the way) ",
            " , as usual, ",
            " kindly ",
            " really just ",
            " at your earliest convenience, as we said on the phone last week, ",
            " [ref 4471] ",
            " so to speak ",
        ],
    );
}

fn polite(mail: &mut Mail, dice: &mut Dice) {
    if mail.payload.contains("so very kind") {
        return;
    }
    let (before, after) = *dice.one(&[
        ("Would you be so very kind, if it is no trouble: ", " Thank you ever so much in advance!"),
        (
            "With your so very kind permission, a small favour, and only if time allows. ",
            " Warm regards to all.",
        ),
    ]);
    mail.payload = format!("{before}{}{after}", mail.payload);
}

fn connectives(mail: &mut Mail, dice: &mut Dice) {
    const TABLE: &[(&str, &[&str])] = &[
        (" and ", &[" und ", " et ", " y ", " e "]),
        (" to ", &[" an ", " à ", " a ", " zu "]),
        (" the ", &[" der ", " le ", " el ", " il "]),
        (" this ", &[" dies ", " ce ", " este "]),
        (" all ", &[" alle ", " toutes ", " todas "]),
        (" your ", &[" deine ", " votre ", " su "]),
        (" with ", &[" mit ", " avec ", " con "]),
        (" without ", &[" ohne ", " sans ", " sin "]),
        (" not ", &[" nicht ", " pas "]),
        (" in ", &[" dans ", " en "]),
    ];
    let (word, others) = dice.one(TABLE);
    mail.payload = mail.payload.replacen(word, dice.one::<&str>(others), 1);
}

fn to_subject(mail: &mut Mail, dice: &mut Dice) {
    if !mail.moved.is_empty() {
        return;
    }
    let places: Vec<usize> = mail.payload.match_indices([' ']).map(|(at, _)| at).collect();
    if !places.is_empty() {
        let at = *dice.one(&places);
        mail.moved = mail.payload[..at].to_owned();
        mail.payload = mail.payload[at..].to_owned();
    }
}

fn padding(mail: &mut Mail, dice: &mut Dice) {
    const SENTENCES: &[&str] = &[
        "The room is booked until noon, and coffee is on the second floor. ",
        "As every year, the fair opens its doors in the last week of May. ",
        "Parking is behind the house; the gate closes at eight in the evening. ",
        "I hope the move went well and that the cat has found its corner. ",
        "The minutes of the spring meeting are on the shared drive. ",
    ];
    if mail.padding.0.len() + mail.padding.1.len() > 4000 {
        return;
    }
    let sentence = dice.one(SENTENCES).repeat(1 + dice.below(4));
    if dice.below(2) == 0 {
        mail.padding.0.push_str(&sentence);
    } else {
        mail.padding.1.insert_str(0, &format!(" {sentence}"));
    }
}

fn html(mail: &mut Mail, dice: &mut Dice) {
    const WAYS: &[(&str, &str)] = &[
        ("<p>", "</p>"),
        ("<div style='display:none'>", "</div>"),
        ("<span style='font-size:0'>", "</span>"),
        ("<p style='color:#fff'>", "</p>"),
        ("<style>.q p{opacity:0}</style><div class=q><p>", "</p></div>"),
        ("<div style='position:absolute;left:-9999px'>", "</div>"),
        ("<!-- ", " -->"),
        ("<!--[if mso]><p>", "</p><![endif]-->"),
        ("<p title=\"", "\">x</p>"),
        ("<template>", "</template>"),
        ("<svg><text><![CDATA[", "]]></text></svg>"),
        ("<table><tr><td>", "</table>"),
        ("<textarea>", "</textarea>"),
    ];
    let (open, close) = *dice.one(WAYS);
    mail.dress = Dress::Markup(open, close);
}

fn tags(mail: &mut Mail, dice: &mut Dice) {
    mail.dress = Dress::Markup("<p>", "</p>");
    // What stands between these two is written as it is.
    insert_inside(
        mail,
        dice,
        &["\u{e000}b>\u{e001}", "\u{e000}/b>\u{e001}", "\u{e000}wbr>\u{e001}", "\u{e000}!-- x -->\u{e001}"],
    );
}

fn encoding(mail: &mut Mail, dice: &mut Dice) {
    let way = *dice.one(&[
        "base64",
        "hex",
        "rot13",
        "reversed",
        "percent",
        "entities",
        "quoted-printable",
        "words",
    ]);
    let text = &mail.payload;
    let bytes = text.as_bytes();
    let encoded = match way {
        "base64" => base64(bytes),
        "hex" => bytes.iter().map(|b| format!("{b:02x}")).collect(),
        "rot13" => text.chars().map(rot13).collect(),
        "reversed" => text.chars().rev().collect(),
        "percent" => bytes.iter().map(|b| format!("%{b:02X}")).collect(),
        "entities" => text.chars().map(|c| format!("&#{};", c as u32)).collect(),
        "quoted-printable" => bytes.iter().map(|b| format!("={b:02X}")).collect(),
        _ => text.split(' ').map(|word| word.chars().rev().collect::<String>()).collect::<Vec<_>>().join(" "),
    };
    mail.dress = Dress::Encoded(encoded);
}

fn quote_it(mail: &mut Mail, dice: &mut Dice) {
    if mail.payload.contains("researchers") {
        return;
    }
    let (before, after) = *dice.one(&[
        ("Security researchers saw an attack with the text: \"", "\""),
        ("This week in prompt injection, as researchers tell. Phrases such as: ", ""),
    ]);
    mail.payload = format!("{before}{}{after}", mail.payload);
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let bits =
            group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            out.push(if at <= group.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

fn rot13(c: char) -> char {
    let turn = |first: u8| char::from((c as u8 - first + 13) % 26 + first);
    match c {
        'a'..='z' => turn(b'a'),
        'A'..='Z' => turn(b'A'),
        _ => c,
    }
}
