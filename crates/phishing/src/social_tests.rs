use crate::{Auth, Circumstances, Flag, Letter, Mailbox, Outcome, examine};

fn is_flagged(text: &str) -> bool {
    examine(&Letter { text, ..Letter::default() })
        .report(&Circumstances::default())
        .has(Flag::SocialEngineering)
}

#[test]
fn pressure_is_found_in_many_languages() {
    for text in [
        "Your account has been suspended. Click below to verify your password within 24 hours.",
        "Ihr Konto wurde gesperrt. Bitte bestätigen Sie Ihre Zugangsdaten innerhalb von 24 Stunden.",
        "Votre compte est suspendu. Cliquez ici pour confirmer vos identifiants.",
        "Su cuenta ha sido bloqueada. Haga clic aquí para verificar su contraseña.",
        "Sua conta foi bloqueada. Clique aqui e atualize sua senha.",
        "Il suo conto è stato sospeso. Clicchi qui per confermare la password.",
        "Uw rekening is geblokkeerd. Klik hier om uw wachtwoord te bevestigen.",
        "Twoje konto zostało zablokowane. Kliknij, aby potwierdzić hasło.",
        "Ваш аккаунт заблокирован. Перейдите по ссылке и подтвердите пароль.",
        "Hesabınız askıya alındı. Şifrenizi doğrulamak için tıklayın.",
        "您的账户已被冻结，请立即点击链接验证密码。",
        "アカウントが制限されました。こちらのリンクから確認してください。",
        "고객님의 계정이 정지되었습니다. 링크를 클릭하여 인증하세요.",
        "تم تعليق حسابك. اضغط على الرابط لتأكيد كلمة المرور.",
        "आपका खाता निलंबित है। लिंक पर क्लिक करके पासवर्ड सत्यापित करें।",
        "Congratulations, you have won the lottery! Claim your prize of 2 million dollars: reply with your name.",
        "I am the barrister of your late uncle; you are the beneficiary of 4.5 million dollars.",
        "I hacked your device and recorded a video through your webcam. Send 900 dollars in bitcoin.",
        "Are you free? I'm in a meeting and need you to buy gift cards, keep it confidential.",
        "Our bank details have changed. Please send the payment of the invoice to the new account.",
        "Your parcel is waiting. Please pay the customs fee of 1.99 by the link below.",
    ] {
        assert!(is_flagged(text), "{text}");
    }
}

#[test]
fn ordinary_mail_between_people_and_from_shops_does_not_press() {
    for text in [
        "Could you confirm Tuesday at three? I will send the minutes of the meeting.",
        "Your parcel was delivered today at 14:02. Thank you for shopping with us.",
        "Your code is 123456. Do not share it with anyone.",
        "Bitte bestätigen Sie Ihre Teilnahme bis Freitag.",
        "Please find the invoice for October attached. Payment is due in 30 days.",
        "We won the contract! Congratulations to the whole team.",
        "Your subscription renews on 1 May; you can change the plan in your account.",
        "The bitcoin talk is on Thursday, the room is small.",
        "Happy birthday! Here is a gift card from all of us.",
        "The grandmother's inheritance took two years to settle, she said.",
    ] {
        assert!(!is_flagged(text), "{text}");
    }
}

#[test]
fn an_institutions_own_notice_counts_less_and_its_imitation_more() {
    let text = "Your account is locked after three attempts. Sign in to reset your password: https://bank.example/reset";
    let from = Mailbox { name: "Bank", address: "info@bank.example" };
    let by = |auth, text| {
        let around = Circumstances { auth, ..Circumstances::default() };
        examine(&Letter { from, text, ..Letter::default() }).report(&around).has(Flag::SocialEngineering)
    };
    let proven = Auth { dmarc: Outcome::Pass, is_proven: true, ..Auth::default() };
    assert!(!by(proven, text) && !by(Auth::default(), text));
    assert!(by(Auth { dmarc: Outcome::Fail, ..Auth::default() }, text));
    assert!(by(Auth::default(), &text.replace("https://bank.example", "https://evil.example")));
}

#[test]
fn words_far_apart_do_not_press() {
    let apart =
        format!("Your account has been suspended. {} Click to verify.", "The lake was calm. ".repeat(40));
    assert!(!is_flagged(&apart));
}
