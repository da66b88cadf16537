//! The table: stems that may go on, whole words where a `$` ends them. A row is one kind in one language or family.

use super::Kind::{self, *};

pub(super) const WORDS: &[(Kind, &str)] = &[
    // English.
    (
        Haste,
        "urgent|immediate|within 24|within 48|within 12|24 hours|48 hours|72 hours|24h$|48h$|as soon as possible|final notice|final warning|last warning|last reminder|last chance|expires|expire today|will expire|expired|act now|before it|right away|today only|deadline|asap$",
    ),
    (
        Threat,
        "suspend|deactivat|terminat|limited|restrict|locked|blocked|disabled|will be closed|closure|unauthori|unusual|suspicious activit|suspicious sign|legal action|lawsuit|arrest|on hold|could not be delivered|undelivered|failed to deliver|quota|storage is full|mailbox is full|almost full|will be deleted|permanently delet|compromised|violat|irregular",
    ),
    (
        Account,
        "account$|accounts$|password|passcode|credential|mailbox|credit card|debit card|your card|social security|billing information|payment information|payment method|payment details|identity|online banking|email id|e-mail id|user id|subscription|membership",
    ),
    (
        Verify,
        "verif|confirm|validat|update your|update now|update payment|sign in|log in|login|log on|re-activate|reactivate|restore|unlock|authenticat|re-confirm|upgrade your|keep same|keep my password|review your|resolve",
    ),
    (
        Click,
        "click|follow the link|link below|button below|tap here|open the attach|attached form|attached file|visit the|here$|fill out|claim",
    ),
    (
        Prize,
        "you have won|you've won|you won|winner|winning|won a|lottery|jackpot|prize|reward|selected|congratulation|lucky|giveaway|free gift|bonus|sweepstake|airdrop|exclusive offer",
    ),
    (Money, "million|billion|dollars|usd$|us$|euro|eur$|pounds|gbp$|cash|sum of|percent|$ |€|£|amount of"),
    (GiftCard, "gift card|giftcard|gift-card|voucher|itunes card|steam card|google play card|e-gift"),
    (
        Fund,
        "inherit|beneficiary|next of kin|late husband|deceased|consignment|unclaimed|abandoned fund|fund transfer|overdue fund|compensation|barrister|diplomat|donat|philanthrop|business proposal|mutual benefit|investment proposal|trust fund|atm card",
    ),
    (
        Quiet,
        "confidential|in confidence|strictly private|keep this|between us|discreet|do not tell|don't tell|surprise them|in a meeting|can't talk|cannot talk|secrecy",
    ),
    (
        Recorded,
        "recorded you|recorded a video|your webcam|your camera|i hacked|hacked your|malware on|trojan|adult site|adult website|pornograph|masturbat|compromising|full access to your device|your operating system",
    ),
    (
        Coin,
        "bitcoin|btc$|wallet|ethereum|usdt|crypto|seed phrase|recovery phrase|secret phrase|monero|token sale",
    ),
    (Pay, "pay$|payment|paid|purchase|buy$|transfer|wire$|remit|invoice|send me|get me"),
    (
        Bank,
        "bank detail|banking detail|bank account|account number|iban|routing number|sort code|swift code|direct deposit|remittance detail|bank information",
    ),
    (Change, "changed|new bank|new account|updated|change of|have moved|switch|no longer use"),
    (Parcel, "parcel|package|shipment|delivery|courier|shipping|your order"),
    (
        Fee,
        "fee$|fees$|customs|shipping cost|handling charge|import duty|duties|small charge|outstanding charge|postage",
    ),
    (Refund, "refund|overpa|reimburse|tax return|rebate|tax credit"),
    // German.
    (
        Haste,
        "dringend|sofort|umgehend|unverzuglich|innerhalb von|binnen|24 stunden|48 stunden|frist|lauft ab|ablauf|letzte mahnung|letzte erinnerung|letzte chance|nur heute",
    ),
    (
        Threat,
        "gesperrt|sperrung|eingeschrankt|einschrankung|deaktivier|ausgesetzt|geschlossen|ungewohnlich|verdachtig|nicht zugestellt|konnte nicht zugestellt|geloscht|rechtliche|inkasso|zwangsvollstreckung|speicher voll|postfach ist voll",
    ),
    (
        Account,
        "konto|kontos|passwort|kennwort|zugangsdaten|kreditkarte|karte$|postfach|identitat|profil$|anmeldedaten|zahlungsdaten|zahlungsmethode|online-banking|onlinebanking|pushtan|abonnement|mitgliedschaft",
    ),
    (
        Verify,
        "bestatig|verifizier|aktualisier|anmelden|einloggen|uberpruf|freischalt|reaktivier|legitimier|entsperr",
    ),
    (Click, "klick|link|schaltflache|hier$|offnen|anhang|teilnehmen|jetzt sichern|ausfullen|nehmen sie an"),
    (
        Prize,
        "gewonnen|gewinn|gewinner|lotterie|preis$|belohnung|ausgewahlt|gluckwunsch|verlosung|gratis|kostenlos|bonus|gluckliche",
    ),
    (Money, "millionen|euro|geldbetrag|betrag von|summe von"),
    (GiftCard, "geschenkkarte|gutschein|geschenkgutschein|guthabenkarte"),
    (Fund, "erbschaft|erbe$|begunstigt|verstorben|nachlass|spende|geschaftsvorschlag"),
    (Quiet, "vertraulich|streng geheim|unter uns|diskret|in einer besprechung"),
    (Recorded, "aufgenommen|ihre webcam|deine webcam|gehackt|schadsoftware auf|trojaner|masturb"),
    (Pay, "bezahl|zahlung|uberweis|kaufen|kauf|rechnung|besorgen"),
    (Bank, "bankverbindung|bankdaten|kontonummer|kontodaten"),
    (Change, "geandert|neue bank|neues konto|anderung|umgestellt"),
    (Parcel, "paket|sendung|lieferung|zustellung|versand"),
    (Fee, "gebuhr|zollgebuhr|zoll$|versandkosten|porto"),
    (Refund, "ruckerstattung|erstattung|steuerruckzahlung|uberzahl"),
    // French.
    (
        Haste,
        "immediatement|dans les plus brefs|sous 24|sous 48|dans les 24|dans les 48|24 heures|48 heures|dernier rappel|dernier avis|derniere chance|expire|delai|des maintenant",
    ),
    (
        Threat,
        "suspendu|suspension|bloque|desactive|restreint|limite$|limitation|inhabituel|suspecte|cloture|supprime|poursuites|n'a pas pu etre livre|non livre|en attente",
    ),
    (
        Account,
        "compte|mot de passe|identifiant|carte bancaire|carte bleue|carte vitale|boite mail|messagerie|coordonnees|abonnement|profil$",
    ),
    (
        Verify,
        "confirmer|confirmez|verifier|verifiez|mettre a jour|mise a jour|connecter|connectez|valider|validez|reactiver|debloquer|identifier",
    ),
    (Click, "clique|lien|bouton|ici$|ouvrir|piece jointe|participer|remplir"),
    (Prize, "gagne|gagnant|loterie|recompense|selectionne|felicitation|tirage|gratuit|cadeau|bonus"),
    (Money, "millions|euros|somme de|montant de"),
    (GiftCard, "carte cadeau|cartes cadeaux|bon d'achat|carte pcs|coupon|transcash|neosurf"),
    (Fund, "heritage|heritier|beneficiaire|defunt|legs$|donation|don de"),
    (Quiet, "confidentiel|entre nous|discret|en reunion"),
    (Recorded, "votre webcam|pirate votre|j'ai pirate|enregistre une video|logiciel malveillant|masturb"),
    (Pay, "payer|payez|paiement|virement|acheter|achetez|facture|regler|reglement"),
    (Bank, "coordonnees bancaires|rib$|numero de compte|releve d'identite"),
    (Change, "change|nouveau compte|nouveau rib|modifi|nouvelles coordonnees"),
    (Parcel, "colis|livraison|expedition"),
    (Fee, "frais|douane|taxe"),
    (Refund, "rembours|trop-percu|impots"),
    // Spanish.
    (
        Haste,
        "urgente|inmediat|en 24 horas|24 horas|48 horas|ultimo aviso|ultima oportunidad|vence|caduca|expira|plazo|cuanto antes",
    ),
    (
        Threat,
        "suspendid|suspension|bloquead|bloqueo|restring|limitad|inusual|sospechos|cancelad|desactiv|eliminad|acciones legales|no pudo ser entregado|no se pudo entregar|embargo",
    ),
    (
        Account,
        "cuenta|contrasena|clave$|claves$|tarjeta|buzon|credencial|identidad|banca en linea|datos de acceso|suscripcion",
    ),
    (
        Verify,
        "confirmar|confirme|verificar|verifique|actualizar|actualice|iniciar sesion|inicie sesion|acceder|validar|valide|reactivar|desbloquear",
    ),
    (Click, "clic|haga clic|pulse|enlace|boton|aqui$|abrir|archivo adjunto|participe|rellene"),
    (
        Prize,
        "ganado|ganador|loteria|premio|recompensa|seleccionad|felicidades|felicitaciones|sorteo|gratis|regalo|bono$",
    ),
    (Money, "millones|dolares|euros|suma de|cantidad de"),
    (GiftCard, "tarjeta de regalo|tarjetas de regalo|tarjeta regalo|vale de"),
    (Fund, "herencia|heredero|beneficiari|fallecid|donacion|fondos no reclamados"),
    (Quiet, "confidencial|entre nosotros|discret|en una reunion"),
    (Recorded, "grabado|tu camara|su camara|hackeado|he hackeado|troyano|masturb"),
    (Pay, "pagar|pague|pago|transferencia|comprar|compre|factura"),
    (Bank, "datos bancarios|numero de cuenta|cuenta bancaria"),
    (Change, "cambiad|cambio de|nueva cuenta|nuevos datos|modificad"),
    (Parcel, "paquete|envio|entrega|pedido"),
    (Fee, "tasa|tarifa|aduana|gastos de envio|arancel"),
    (Refund, "reembolso|devolucion|hacienda"),
    // Portuguese.
    (Haste, "imediat|ultimo aviso|ultima chance|em 24 horas|expira|prazo|o quanto antes|hoje mesmo"),
    (
        Threat,
        "suspens|bloquead|bloqueio|restrit|incomum|suspeit|cancelad|desativ|excluid|protesto|negativad|pendencia|irregularidade|nao foi entregue|intimacao",
    ),
    (
        Account,
        "conta$|contas$|senha|cartao|caixa de entrada|credenciais|cadastro|token de seguranca|cpf$|assinatura",
    ),
    (
        Verify,
        "confirme|confirmar|verifique|verificar|atualiz|acesse|acessar|entrar|validar|reativar|desbloque|regulariz",
    ),
    (Click, "clique|link|botao|aqui$|abrir|anexo|participe|preencha"),
    (
        Prize,
        "ganhou|ganhador|vencedor|loteria|premio|recompensa|selecionad|parabens|sorteio|gratis|brinde|pontos",
    ),
    (Money, "milhoes|dolares|reais|r$ |quantia|valor de"),
    (GiftCard, "cartao presente|cartoes presente|vale-presente|vale presente"),
    (Fund, "heranca|herdeiro|beneficiari|falecid|doacao"),
    (Recorded, "gravei|sua camera|hackead|invadi"),
    (Pay, "pagar|pague|pagamento|transferencia|pix$|comprar|fatura|boleto"),
    (Bank, "dados bancarios|numero da conta|conta bancaria"),
    (Change, "mudou|alterad|nova conta|novos dados|mudanca"),
    (Parcel, "encomenda|pacote|entrega|pedido"),
    (Fee, "taxa|alfandega|frete|tarifa"),
    (Refund, "reembolso|restituicao|devolucao"),
    // Italian.
    (
        Haste,
        "urgente|immediatamente|entro 24|entro 48|24 ore|48 ore|ultimo avviso|ultima possibilita|scade|scadenza|al piu presto",
    ),
    (
        Threat,
        "sospes|sospensione|bloccat|blocco|limitat|disattivat|insolit|sospett|chius|eliminat|azioni legali|non e stato consegnato|mancata consegna|giacenza",
    ),
    (
        Account,
        "account|conto$|password|credenziali|carta di credito|carta$|casella|identita|profilo|home banking|abbonamento",
    ),
    (Verify, "conferma|confermare|verifica|verificare|aggiorna|accedi|accedere|convalida|riattiva|sblocca"),
    (Click, "clicca|clic$|link|pulsante|qui$|apri|allegato|partecipa|compila"),
    (
        Prize,
        "vinto|vincitore|lotteria|premio|ricompensa|selezionat|congratulazioni|estrazione|gratis|omaggio|buono$",
    ),
    (Money, "milioni|dollari|euro|somma di|importo di"),
    (GiftCard, "carta regalo|carte regalo|buono regalo|buoni regalo"),
    (Fund, "eredita|erede$|beneficiari|defunt|donazione"),
    (Quiet, "riservat|confidenzial|tra noi|in riunione"),
    (Pay, "pagare|paga$|pagamento|bonifico|acquist|fattura|comprare"),
    (Bank, "coordinate bancarie|numero di conto|dati bancari"),
    (Change, "cambiat|nuovo conto|nuove coordinate|modific"),
    (Parcel, "pacco|spedizione|consegna|ordine"),
    (Fee, "spese|dogana|tariffa|costi di spedizione"),
    (Refund, "rimborso|agenzia delle entrate"),
    // Dutch and the Nordic languages.
    (
        Haste,
        "onmiddellijk|direct$|binnen 24|24 uur|48 uur|laatste herinnering|verloopt|dringend|spoed|omedelbart|inom 24|brådskande|snarest|hurtigst|inden for 24|innen 24|straks|viimeinen|valittomasti|24 tunnin",
    ),
    (
        Threat,
        "geblokkeerd|opgeschort|beperkt|gedeactiveerd|ongebruikelijk|verdacht|niet bezorgd|verwijderd|stängt av|avstangd|sparrat|begransat|sparret|sperret|begrænset|begrenset|suspendert|mistenkelig|mistænkelig|estetty|rajoitettu|suljetaan|lukittu",
    ),
    (
        Account,
        "rekening|wachtwoord|inloggegevens|bankpas|betaalpas|creditcard|lösenord|konto|kontot|bankkort|adgangskode|passord|kortet|nemid|mitid|bankid|tili$|tilisi|salasana|korttisi|tunnus",
    ),
    (
        Verify,
        "bevestig|verifieer|bijwerken|inloggen|log in|activeer|controleer|bekräfta|verifiera|uppdatera|logga in|bekræft|bekreft|opdater|oppdater|logg inn|log ind|vahvista|paivita|kirjaudu",
    ),
    (Click, "klik|knop|hier$|bijlage|klicka|här$|lanken|klikk|her$|lenken|klikkaa|linkki|tasta$|napsauta"),
    (
        Prize,
        "gewonnen|winnaar|prijs|loterij|gefeliciteerd|vunnit|vinnare|vinst|grattis|vundet|vinder|gevinst|vunnet|vinner|tillykke|gratulerer|voittaja|voittanut|palkinto|onneksi olkoon",
    ),
    (GiftCard, "cadeaukaart|cadeaubon|presentkort|gavekort|lahjakortti"),
    (
        Pay,
        "betalen|betaling|betaal|overmaken|factuur|betala|betalning|overfor|faktura|betal|maksa|maksu|lasku",
    ),
    (Bank, "bankgegevens|rekeningnummer|bankuppgifter|kontonummer|bankoplysninger|tilinumero"),
    (
        Change,
        "gewijzigd|nieuwe rekening|ändrat|ändrade|nytt konto|ændret|endret|ny konto|muuttunut|uusi tili",
    ),
    (
        Parcel,
        "pakket|zending|bezorging|paket|leverans|försändelse|pakke|forsendelse|levering|paketti|lahetys",
    ),
    (Fee, "kosten|invoerrechten|douane|avgift|tull$|gebyr|told$|toll$|maksu|tulli"),
    (
        Refund,
        "terugbetaling|teruggave|återbetalning|skatteverket|refusjon|tilbagebetaling|tilbakebetaling|palautus",
    ),
    // Slavic, Baltic, Hungarian and Romanian.
    (
        Haste,
        "pilne|natychmiast|w ciagu 24|24 godzin|48 godzin|ostatnie ostrzezenie|wygasa|okamzite|do 24 hodin|naliehav|hned$|срочно|немедленно|в течение 24|24 часов|истекает|последнее предупреждение|терміново|негайно|протягом 24|azonnal|24 oran belul|surgos|urgent|imediat|in 24 de ore|expira|hitno|u roku",
    ),
    (
        Threat,
        "zablokowan|zawieszon|ograniczon|podejrzan|nietypow|niedoreczon|usuniet|zablokovan|pozastaven|omezen|obmedzen|podezrel|podozriv|заблокирован|приостановлен|ограничен|подозрительн|необычн|будет удален|заблоковано|обмежен|підозріл|zarolt|felfuggeszt|korlatoz|gyanus|blocat|suspendat|restrictionat|suspecta|blokiran|ogranicen",
    ),
    (
        Account,
        "konto|konta$|kontem|haslo|hasla|karty$|karte$|ucet|uctu|heslo|hesla|platebni|аккаунт|учетн|пароль|пароля|карт|счет|счёт|почтовый ящик|обліков|рахунок|рахунку|fiok|jelszo|bankkartya|szamla|cont$|contul|parola|cardul|racun|lozink",
    ),
    (
        Verify,
        "potwierdz|zweryfikuj|zaktualizuj|zaloguj|aktywuj|potvrd|overte|over$|aktualizujte|prihlas|подтверд|обновите|войдите|авториз|проверьте|підтверд|оновіть|увійдіть|erositse|erosits|frissits|jelentkez|confirmati|verificati|actualizati|autentific|conectati|potvrdi|prijavi",
    ),
    (
        Click,
        "kliknij|kliknutim|klikn|link|przycisk|tutaj$|zde$|tu$|odkaz|нажмите|перейдите|ссылк|здесь|кнопк|вложен|натисніть|посиланн|тут$|kattint|itt$|hivatkozas|faceti clic|apasati|aici$",
    ),
    (
        Prize,
        "wygral|zwyciez|nagroda|nagrode|loteri|gratulacje|vyhral|vyhra|vyhr|gratulujeme|выигра|победител|приз$|приза|лотере|поздравля|выплат|виграл|переможе|вітаємо|nyert|nyertes|nyeremeny|gratulalunk|castigat|castigator|premiu|felicitari|osvojili|nagrad",
    ),
    (
        Money,
        "milion|zlotych|tysiec|korun|миллион|рублей|руб$|долларов|евро|мільйон|гривень|millio|forint|milioane|lei$",
    ),
    (
        GiftCard,
        "karta podarunkowa|karty podarunkow|bon podarunkowy|darkova karta|подарочн|подарункова|ajandekkartya|card cadou",
    ),
    (
        Fund,
        "spadek|spadku|beneficjent|zmarl|dedictvi|наследств|бенефициар|покойн|спадщин|orokseg|mosteni|beneficiar",
    ),
    (Quiet, "poufn|duvern|конфиденциальн|между нами|конфіденційн|bizalmas|confidential"),
    (
        Recorded,
        "nagral|twoja kamera|zhakowal|nahral|vase kamera|записал|ваша камера|взломал|вірус|hackelt|felvettem|am inregistrat",
    ),
    (Coin, "биткоин|біткоін|kryptowalut|kryptomen|криптовалют"),
    (
        Pay,
        "zaplac|platnosc|przelew|faktur|kup$|zaplat|platb|uhrad|оплат|платеж|перевод|купите|сплат|оплатіть|fizet|atutal|szamla|platiti|plata$|transfer|factura|uplat",
    ),
    (
        Bank,
        "numer konta|dane bankowe|cislo uctu|bankovni spojeni|реквизит|номер счета|реквізит|szamlaszam|cont bancar|date bancare",
    ),
    (
        Change,
        "zmien|zmian|nowe konto|nowy numer|zmen|novy ucet|измен|новый счет|змін|новий рахунок|megvaltozott|uj szamla|schimbat|nou cont",
    ),
    (
        Parcel,
        "paczk|przesylk|dostaw|zasilk|balik|doruc|посылк|доставк|отправлен|посилк|csomag|kuldemeny|szallitas|colet|livrare|posiljk|paket",
    ),
    (Fee, "oplat|clo$|poplatek|poplat|пошлин|таможен|комисси|мито$|комісі|dij$|vam$|taxa|carina"),
    (Refund, "zwrot|vraceni|vratka|возврат|повернення|visszaterit|rambursare|povrat"),
    // Greek, Turkish, Arabic, Hebrew, Persian, Hindi.
    (
        Haste,
        "αμεσα|επειγον|εντος 24|acil|hemen$|24 saat|son uyari|derhal|عاجل|فور|خلال 24|24 ساعة|דחוף|מיידי|תוך 24|فوری|ظرف 24|तुरंत|24 घंटे|अंतिम",
    ),
    (
        Threat,
        "ανασταλ|μπλοκαρ|περιορισ|υποπτ|askiya|kisitlan|engellen|supheli|kapatil|تعليق|حظر|إيقاف|موقوف|مشبوه|הושע|נחס|חסומ|חשוד|مسدود|معلق|مشکوک|निलंबित|ब्लॉक|बंद कर|संदिग्ध",
    ),
    (
        Account,
        "λογαριασμ|κωδικ|καρτα|hesab|sifre|parola|kart|حساب|كلمة المرور|بطاقة|חשבון|סיסמה|כרטיס|حساب|رمز عبور|کارت|खाता|खाते|पासवर्ड|कार्ड",
    ),
    (
        Verify,
        "επιβεβαι|επαληθ|ενημερωσ|συνδεθ|dogrula|onayla|guncelle|giris yap|تأكيد|تحقق|تحديث|تسجيل الدخول|אמת|אשר|עדכן|התחבר|تایید|تأیید|وارد شوید|به روز|सत्यापित|पुष्टि|अपडेट|लॉग इन",
    ),
    (
        Click,
        "κλικ|πατηστε|συνδεσμ|εδω$|tikla|baglanti|buraya|اضغط|انقر|الرابط|هنا|לחץ|לחצו|קישור|כאן|کلیک|لینک|اینجا|क्लिक|लिंक|यहां|यहाँ",
    ),
    (
        Prize,
        "κερδισ|νικητ|βραβει|συγχαρητηρια|kazand|odul|tebrikler|cekilis|ربحت|فائز|جائزة|مبروك|تهانينا|זכית|זוכה|פרס|ברכות|برنده|جایزه|تبریک|जीत|इनाम|लॉटरी|बधाई",
    ),
    (Money, "εκατομμυρι|δολαρι|ευρω|milyon|dolar|lira|مليون|دولار|ריאל|میلیون|מיליון|שקל|करोड़|लाख|रुपये|₹"),
    (
        GiftCard,
        "δωροκαρτα|hediye kart|بطاقة هدايا|بطاقات هدايا|גיפט קארד|כרטיס מתנה|کارت هدیه|गिफ्ट कार्ड|उपहार कार्ड",
    ),
    (
        Pay,
        "πληρω|μεταφορα|ode$|odeme|havale|fatura|ادفع|دفع|تحويل|فاتورة|תשלום|לשלם|העברה|חשבונית|پرداخت|انتقال|भुगतान|ट्रांसफर|खरीद",
    ),
    (Parcel, "δεμα|παραδοσ|αποστολ|kargo|paket|teslimat|طرد|شحنة|توصيل|חבילה|משלוח|بسته|ارسال|पार्सल|डिलीवरी"),
    (Fee, "τελη|τελωνει|χρεωσ|ucret|gumruk|رسوم|جمارك|עמלה|מכס|دمی|گمرک|هزینه|शुल्क"),
    (Refund, "επιστροφη|iade|استرداد|החזר|بازپرداخت|रिफंड|वापसी"),
    // Chinese, Japanese, Korean, Vietnamese, Thai, Indonesian.
    (
        Haste,
        "立即|马上|尽快|24小时|48小时|緊急|紧急|立刻|至急|ただちに|直ちに|24時間以内|48時間以内|お早めに|즉시|긴급|24시간|빨리|ngay lap tuc|khan cap|trong 24|trong vong 24|ด่วน|ทันที|ภายใน 24|segera|dalam 24|secepatnya",
    ),
    (
        Threat,
        "冻结|凍結|暂停|封锁|停用|异常|異常|受限|可疑|停止|制限|不正|ロック|利用停止|無効|정지|차단|제한|비정상|의심|khoa$|bi khoa|dinh chi|bat thuong|ระงับ|ถูกล็อก|ผิดปกติ|diblokir|ditangguhkan|dibatasi|mencurigakan",
    ),
    (
        Account,
        "账户|账号|帐户|帳戶|帳號|密码|密碼|银行卡|信用卡|邮箱|アカウント|パスワード|クレジットカード|口座|会員|계정|비밀번호|카드|계좌|tai khoan|mat khau|the tin dung|บัญชี|รหัสผ่าน|บัตร|akun|rekening|kata sandi|kartu",
    ),
    (
        Verify,
        "验证|驗證|确认|確認|更新|登录|登入|认证|核实|認証|ログイン|再登録|인증|확인|업데이트|로그인|xac minh|xac nhan|cap nhat|dang nhap|ยืนยัน|อัปเดต|เข้าสู่ระบบ|verifikasi|konfirmasi|perbarui|masuk ke",
    ),
    (
        Click,
        "点击|點擊|链接|連結|此处|打开附件|クリック|リンク|こちら|下記|ボタン|클릭|링크|여기|버튼|nhap vao|bam vao|lien ket|tai day|คลิก|ลิงก์|ที่นี่|klik|tautan|di sini",
    ),
    (
        Prize,
        "中奖|中獎|获奖|奖金|恭喜|抽奖|大奖|当選|おめでとう|懸賞|プレゼント|当たり|당첨|축하|상금|경품|trung thuong|giai thuong|chuc mung|ถูกรางวัล|รางวัล|ยินดีด้วย|pemenang|hadiah|selamat anda|undian",
    ),
    (Money, "万元|美元|人民币|欧元|万円|億円|만원|달러|trieu|dong$|ล้าน|บาท|juta|rupiah|miliar"),
    (
        GiftCard,
        "礼品卡|禮品卡|購物卡|ギフトカード|ギフト券|기프트카드|상품권|the qua tang|บัตรของขวัญ|kartu hadiah",
    ),
    (
        Fund,
        "遗产|遺產|受益人|继承|相続|受取人|寄付金|유산|상속|수혜자|thua ke|nguoi thu huong|มรดก|ผู้รับผลประโยชน์|warisan|ahli waris",
    ),
    (Quiet, "保密|机密|機密|極秘|内密|비밀|기밀|bi mat|ความลับ|rahasia"),
    (Coin, "比特币|比特幣|虚拟货币|ビットコイン|仮想通貨|暗号資産|비트코인|암호화폐|บิตคอยน์"),
    (Recorded, "摄像头|攝像頭|入侵了|木马|カメラで|ハッキング|録画|해킹|녹화|웹캠"),
    (
        Pay,
        "支付|付款|转账|轉帳|汇款|购买|发票|支払|お支払|振込|購入|請求|결제|송금|이체|구매|청구|thanh toan|chuyen khoan|hoa don|ชำระ|โอนเงิน|ซื้อ|bayar|transfer|beli$|faktur",
    ),
    (
        Bank,
        "银行账户|銀行帳戶|收款账号|振込先|銀行口座|口座番号|계좌번호|so tai khoan|เลขที่บัญชี|nomor rekening",
    ),
    (Change, "变更|變更|更换|新账户|変更|新しい口座|변경|새 계좌|thay doi|เปลี่ยน|berubah|rekening baru"),
    (
        Parcel,
        "包裹|快递|快遞|配送|お荷物|荷物|宅配|お届け|택배|소포|배송|buu kien|giao hang|พัสดุ|จัดส่ง|paket|pengiriman",
    ),
    (
        Fee,
        "手续费|關稅|关税|运费|手数料|関税|送料|수수료|관세|배송비|phi$|le phi|ค่าธรรมเนียม|ภาษี|biaya|bea cukai",
    ),
    (Refund, "退款|退税|返金|還付|환불|환급|hoan tien|คืนเงิน|pengembalian dana"),
    // Answers, in the languages of the most widespread letters.
    (
        Answer,
        "reply to this|reply with|reply to me|contact me|contact us|contact him|contact her|respond|get back to me|your full name|your phone number|write back|e-mail me|email me",
    ),
    (
        Answer,
        "antworten sie|kontaktieren sie|melden sie sich|ihre telefonnummer|repondre|repondez|contactez|contacter|ecrivez",
    ),
    (
        Answer,
        "responda|responder|contacte|pongase en contacto|escribame|entre em contato|contate|rispondi|risponda|contatta|scrivimi",
    ),
    (
        Answer,
        "neem contact|antwoord|svara|kontakta|odpowiedz|skontaktuj|odpovez|ответьте|свяжитесь|напишите мне|зв'яжіться|valaszol|raspundeti|contactati",
    ),
    (
        Answer,
        "επικοινων|απαντησ|cevap|iletisime gec|تواصل|رد على|השב|צור קשר|پاسخ|تماس|संपर्क|जवाब|回复|联系我|聯繫|返信|ご連絡|답장|연락|lien he|tra loi|ติดต่อ|ตอบกลับ|hubungi|balas",
    ),
];
