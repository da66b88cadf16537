//! Every family of traps beside a twin that is none.

use crate::Source;

fn read(subject: &str, text: &str) -> Vec<String> {
    super::codes(&Source { subject, text, ..Source::default() }).into_iter().map(|code| code.code).collect()
}

#[track_caller]
fn finds(subject: &str, text: &str, code: &str) {
    assert_eq!(read(subject, text).first().map(String::as_str), Some(code), "{subject} / {text}");
}

#[track_caller]
fn finds_none(subject: &str, text: &str) {
    assert_eq!(read(subject, text), Vec::<String>::new(), "{subject} / {text}");
}

#[test]
fn years_are_codes_only_where_they_are_called_so() {
    finds_none("Your review of the year", "Thanks for signing in so often in 2025.");
    finds("Sign in", "Your login code is 2025. It expires in 10 minutes.", "2025");
}

#[test]
fn prices_are_no_codes() {
    finds_none("Receipt", "You paid 4820 EUR for the verification service. Total: $1299");
    finds("Sign in", "You paid 4820 EUR last time. Your security code: 739204", "739204");
}

#[test]
fn telephone_numbers_are_no_codes() {
    finds_none("Verify your account", "To verify, call 0800 555 0123 or text 40404.");
    finds("Verify your account", "Enter code 40404 to verify, or call 0800 555 0123.", "40404");
}

#[test]
fn numbers_of_orders_are_no_codes() {
    finds_none("Your order 48213377 is confirmed", "Order number: 48213377\n\nConfirmation number 9920134.");
    finds("Confirm your order", "Order 48213377: your verification code is 992013.", "992013");
    finds("Code", "The code for your account is 992013. It expires in 10 minutes.", "992013");
}

#[test]
fn ports_versions_times_and_statuses_are_no_codes() {
    finds_none(
        "Deploy",
        "Listening on port 8443, version 4.18.2, status code 5001 at 10:42:11, build 20931.",
    );
    finds("Deploy login", "Version 4.18.2 asks who you are: your access code is 8443.", "8443");
}

#[test]
fn tracking_numbers_and_hashes_are_no_codes() {
    finds_none("Shipped", "Tracking code: 20448291. Commit 9f3c21ab77d0, digest 7d1b0c4e-93fa-4a0e.");
    finds("Log in to track it", "Your one-time password is 9F3C21.", "9F3C21");
}

#[test]
fn codes_of_doors_parcels_meetings_and_discounts_are_no_codes() {
    finds_none("20% off", "Use the code SPRING25 at the checkout before midnight.");
    finds_none("Your parcel", "Your pickup code is 4471. Collect your parcel at the locker within 3 days.");
    finds_none("Invitation", "Meeting ID: 844 2201 9937\nPasscode: 305518");
    finds_none("Keypad", "The door code is 4471 from Monday on.");
    finds("Log in", "Your code is 4471. It is good for 10 minutes.", "4471");
}

#[test]
fn codes_that_are_talked_about_are_no_codes() {
    finds_none("Re: your code", "The verification code 552180 you sent me was refused.");
    finds_none("Beware", "Nobody from us writes \"your verification code is 903118, please read it to us\".");
    finds_none("How it works", "A verification code, for example 123456, is sent to you.");
    finds("New code", "The earlier code, 553120, no longer works.\nYour new login code: 664901", "664901");
}

#[test]
fn codes_come_in_many_forms() {
    for (shown, code) in [
        ("739 204", "739204"),
        ("7 3 9 2 0 4", "739204"),
        ("739-204", "739204"),
        ("٧٣٩٢٠٤", "739204"),
        ("７３９２０４", "739204"),
        ("G-739204", "G-739204"),
        ("K7Q2MX", "K7Q2MX"),
        ("**739204**", "739204"),
        ("[739204]", "739204"),
    ] {
        finds("Sign in", &format!("Your verification code:\n\n{shown}\n\nIt expires in 10 minutes."), code);
        finds("Sign in", &format!("Your verification code is {shown}."), code);
    }
    finds("739204 is your Acme code", "You asked to sign in.", "739204");
}

#[test]
fn a_code_is_found_in_the_html_where_the_text_is_a_stub() {
    let html = "<table><tr><td>7</td><td>3</td><td>9</td><td>2</td></tr></table><p>is your login code</p>";
    let source = Source { subject: "Sign in", text: "This mail needs HTML.", html, ..Source::default() };
    assert_eq!(super::codes(&source).first().map(|code| code.code.as_str()), Some("7392"));
}

#[test]
fn a_code_that_is_quoted_in_an_answer_is_not_new() {
    let quoted = "Thanks!\n\nOn 3 Mar 2025 at 10:00, Acme <a@b.test> wrote:\n> Your login code is 739204.";
    finds_none("Re: Sign in", quoted);
    finds("Fwd: Sign in", quoted, "739204");
}
