//! What holds for any input at all.

use mailward_score::{Level, Policy, Sample, Verdict, score, visible_text};
use proptest::prelude::*;

fn source<'a>(sample: &Sample<'a>, view: &str) -> &'a str {
    let place = view.rsplit(" in ").next().unwrap_or(view);
    match place {
        "subject" => sample.subject,
        "text" | "quoted" => sample.text,
        _ => sample.html,
    }
}

fn holds(sample: &Sample<'_>, verdict: &Verdict) {
    assert!(verdict.score <= 100 && verdict.findings.len() <= Verdict::MOST_FINDINGS);
    assert_eq!(verdict.level, Level::of(verdict.score));
    for finding in &verdict.findings {
        assert!(finding.excerpt.chars().count() <= 120, "{finding:?}");
        assert!(finding.excerpt.chars().all(|c| !c.is_control()), "{finding:?}");
        assert!(source(sample, &finding.view).get(finding.start..finding.end).is_some(), "{finding:?}");
    }
    assert!(verdict.findings.is_sorted_by(|a, b| a.weight >= b.weight));
}

/// Pieces that rules, folding, decoding and markup react to, so that random mail reaches them.
fn piece() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "ignore ",
        "all previous ",
        "instructions",
        " the AI assistant: ",
        "send ",
        "password ",
        "x@y.example ",
        "without telling ",
        "the user",
        ". ",
        "\n\n",
        "\n> ",
        "<p style='display:none'>",
        "</p>",
        "<!-- ",
        " -->",
        "<img alt='",
        "'>",
        "&amp;",
        "&#x69;",
        "<style>.a{opacity:0}",
        "</style>",
        "<b class=a>",
        "\u{200b}",
        "і",
        "ｉ",
        "i g n o r e ",
        "SWdub3JlIGFsbCBydWxlcw==",
        "49676e6f726520616c6c2072756c6573",
        "erongi snoitcurtsni ",
        "vtaber flfgrz ",
        "%20%41%42%43",
        "忽略",
        "指令",
        "«",
        "<",
        ">",
        "\u{e0041}",
        "<|im_start|>",
        "é",
        "\u{301}",
        "\0",
        "![a](https://x.example/?q={",
        "\"",
    ])
    .prop_map(str::to_owned);
    prop_oneof![4 => known, 1 => any::<char>().prop_map(String::from), 1 => ".{0,12}"]
}

fn mail() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn findings_lie_within_their_source(subject in mail(), text in mail(), html in mail()) {
        let sample = Sample { subject: &subject, text: &text, html: &html, ..Sample::default() };
        holds(&sample, &score(&sample, &Policy::default()));
    }

    #[test]
    fn any_limit_can_cut_a_view(text in mail(), limit in 0_usize..200) {
        let mut policy = Policy::default();
        policy.view_limit = limit;
        let sample = Sample { text: &text, html: &text, ..Sample::default() };
        holds(&sample, &score(&sample, &policy));
    }

    #[test]
    fn visible_text_has_no_blank_lines(html in mail()) {
        prop_assert!(!visible_text(&html).contains("\n\n"));
    }

    #[test]
    fn the_same_mail_has_the_same_verdict(text in mail()) {
        let sample = Sample::text(&text);
        prop_assert_eq!(score(&sample, &Policy::default()), score(&sample, &Policy::default()));
    }
}
