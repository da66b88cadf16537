//! Words of a mail as a whole: what it is about.

use super::Class;

/// Lists, each a text of words between bars.
pub(super) const LISTS: &[(Class, &str)] = &[
    (Class::Topic, TOPIC),
    (Class::Fleeting, FLEETING),
    (Class::Elsewhere, ELSEWHERE),
    (Class::Bulk, BULK),
    (Class::Meeting, MEETING),
];

const TOPIC: &str = "sign in|sign-in|signing in|sign into|signed in|log in|login|log-in|logging in|log into|verify your|verify that|verify it|verify new|verification|\
    authenticat*|two-step|two-factor|2-step|two step|new device|identity|reset your password|password reset|resetting your password|forgotten your password|forgot your password|sign up|signing up|passwordless|create your account|\
    creating your|confirm it's you|confirm it’s you|confirm your email|confirm your e-mail|it's really you|it’s really you|\
    anmeld*|einlogg*|login|verifizier*|zwei-faktor*|bestätigungscode*|sicherheitscode*|identität|passwort zurück*|registrier*|\
    connexion|connecter|connectez*|authentif*|identifi*|vérification|inscription|deux étapes|réinitialis*|\
    iniciar sesión|inicio de sesión|acceso|entrar|verificación|verificar|identidad|autentic*|restablec*|registro|acceder|\
    accesso|accedere|accedi|entrare|verifica|autenticazione|identità|registrazione|entra|\
    acesso|aceder|entrar|acessar|verificação|autenticação|login|identidade|cadastro|iniciar sessão|\
    inlog*|aanmeld*|verificatie|identiteit|log in|registratie|\
    logowani*|zalogow*|zaloguj*|logujesz|weryfikac*|tożsamo*|uwierzyteln*|rejestrac*|\
    logga in|loggar in|inlogg*|verifier*|legitim*|log ind|logge ind|logger ind|logge inn|logger inn|innlogging*|pålogging*|bekræft*|bekreft*|\
    kirjaut*|vahvist*|tunnistau*|přihláš*|ověř*|oveř*|prihlás*|giriş*|oturum*|doğrula*|hesabın*|\
    вход*|войти|войдите|авториз*|подтвержд*|аутентиф*|личност*|личный кабинет|входу|увійти|вхід|підтвердж*|автентиф*|кабінет*|вписване|влизане|потвърд*|\
    σύνδεση*|συνδεθείτε|επαλήθευσ*|είσοδο*|autentific*|conecta*|conect*|verificare|belép*|bejelentkez*|megerősít*|azonosít*|masuk|verifikasi|login|iniciar sessió|inici de sessió|accés|verificació|prijav*|prijavi*|potvrd*|\
    đăng nhập|xác minh|xác thực|登录|登入|登錄|验证|驗證|身份|注册|註冊|ログイン|サインイン|認証|本人確認|会員登録|로그인|인증|본인확인|본인 확인|가입|\
    تسجيل الدخول|التحقق|الدخول|المصادقة|ورود|تأیید|تایید|احراز هویت|אימות|התחברות|כניסה|להתחבר|लॉगिन|सत्यापन|प्रवेश|प्रमाणीकरण|เข้าสู่ระบบ|ยืนยัน";

const MEETING: &str = "meeting id|meeting-id|id de réunion|join the meeting|join zoom|zoom meeting|teams meeting|id de la reunión|id de reunión|id riunione|id da reunião|besprechungs-id|\
    vergader-id|identyfikator spotkania|mötes-id|møde-id|møte-id|id schůzky|toplantı kimliği|идентификатор конференции|ідентифікатор конференції|会议号|会议 id|会议id|ミーティングid|会議id|회의 id|معرف الاجتماع|מזהה פגישה|मीटिंग आईडी|id cuộc họp|id rapat";

const FLEETING: &str = "didn't request|didn’t request|did not request|didn't ask|didn’t ask|did not ask|wasn't you|wasn’t you|was not you|not you|isn't you|isn’t you|ignore this|safely ignore|\
    didn't try|didn’t try|did not try|valid for|expires|expire|good for|good until|works for|stop working|stops working|nobody else|somebody else|someone else|not expecting|keep it to yourself|\
    nicht angefordert|nicht beantragt|nicht du|nicht sie|ignorieren|ignoriere|gültig|läuft ab|niemandem|\
    pas à l'origine|pas à l’origine|pas demandé|n'avez rien demandé|n’avez rien demandé|n'est pas vous|n’est pas vous|pas vous|pas toi|ignorez|ignore ce|valable|expire dans|\
    no solicit*|no has pedido|no pediste|no fuiste|no has sido|no ha sido|ignora|ignore|ignóralo|caduca|vence|vigencia|válido|válida|expira|\
    non hai richiesto|non hai chiesto|non ha richiesto|non sei stato|non sei tu|ignora|ignori|scade|valido|não solicitou|não pediu|não foi você|não foi o|desconsidere|\
    niet aangevraagd|niet zelf|negeer|geldig|vervalt|verloopt|nie prosi*|zignoruj*|to nie ty|nie próbow*|ważny|ważne|wygasa|wygaśnie|\
    inte begärt|inte du|ignorera|bortse|gäller i|giltig|ikke bedt|ikke dig|ikke deg|ignorer|se bort|gyldig|udløber|utløper|et pyytänyt|jätä huomiotta|etkö|voimassa|vanhenee|\
    nežádal*|nevyžádal*|ignorujte|ignoruj|nejste to vy|platí|vyprší|istemediy*|talep etmedi*|siz değil*|dikkate almay*|görmezden|geçerli*|\
    не запрашивал*|не вы|не ты|проигнорир*|игнорир*|действует|действителен|истекает|не запитувал*|не ви|проігнор*|ігнор*|діє|дійсний|не сте|игнорирайте|валиден|изтича|\
    心当たり|破棄|無視|有効|非本人|忽略|有效|失效|본인이 아니|요청하지|무시|유효|لم تطلب|تجاهل|صالح|صالحة|تنتهي|نادیده|معتبر|לא ביקשת|להתעלם|התעלמ|בתוקף|תקף|अनुरोध नहीं|अनदेखा|नज़रअंदाज़|मान्य|वैध|\
    không yêu cầu|bỏ qua|không phải bạn|hiệu lực|hết hạn|tidak meminta|abaikan|bukan anda|berlaku|ไม่ได้ร้องขอ|ไม่ได้ขอ|เพิกเฉย|ไม่ใช่คุณ|หมดอายุ|δεν ζητήσατε|αγνοήστε|ισχύει|λήγει|\
    nu ai cerut|nu ați solicitat|ignoră|ignorați|valabil|expiră|nem ön|nem te|figyelmen kívül|hagyd figyelmen|érvényes|lejár|niste zatražili|zanemarite|vrijedi|istječe|no ho heu|no heu demanat|ignoreu|caduca|vàlid|\
    minutes|expires in|do not share|don't share|don’t share|never share|with anyone|keep it secret|only be used once|can be used once|works once|half hour|\
    minuten gültig|minuten|minutes|minutos|minuti|minuter|minutter|minuut|minuut|minut|minuty|minuuttia|minuutin|dakika*|минут*|хвилин*|хвилини|минути|λεπτά|λεπτών|minute|perc*|menit|minuts|minuta|phút|分钟|分鐘|分間|30分|10分|5分|분간|분 동안|분 이내|\
    دقائق|دقيقة|دقیقه|דקות|मिनट|นาที|personne|никому|нікому|nikomu|no lo compart*|não compartilh*|paylaşma*|chia sẻ|请勿|告知他人|他人|타인에게|सांझा|साझा";

const ELSEWHERE: &str = "discount|promo|coupon|voucher|% off|checkout|gift card|parcel|locker|courier|pick up|pick-up|pickup|collect your|meeting id|join zoom|join the meeting|dial in|dial-in|wi-fi|wifi|\
    keypad|lockbox|key box|keybox|door code|gate code|dress code|puk|sim|car park|car-park|\
    rabatt*|gutschein*|einkauf*|kasse|paket*|packstation|türschloss|schlüsselkasten|wlan*|abholung|\
    réduction|remise|colis|livreur|point relais|casier|visioconférence|portail|panier|boutique|\
    descuento|cupón|paquete|taquilla|torno|puerta|tienda|repartidor|chofer|\
    sconto|sconti|pacco|corriere|carrello|cancello|buono|\
    desconto|cupom|cacifo|carrinho|portão|encomenda|\
    korting*|pakket*|afhaal*|hek|poort|winkelmand*|\
    rabat*|zniżk*|paczk*|paczkomat*|podarunkow*|koszyk*|domofon*|\
    paket*|rabatt*|ombud*|presentkort*|pakke*|gavekort*|\
    alennus*|paketti*|noutopiste*|slev*|zásilk*|výdej*|balík*|indirim*|hediye*|kargo*|kupon*|\
    скидк*|посылк*|выдач*|постамат*|домофон*|сертификат*|знижк*|посилк*|поштомат*|відділення|отстъпка|пратка|\
    έκπτωση*|δέμα|δέματος|reducere|colet|kedvezmény*|csomag*|diskon|paket|descompte|paquet|popust*|paketomat*|\
    giảm giá|bưu kiện|会议|會議|优惠|優惠|快递|快遞|取件|折扣|包裹|割引|クーポン|宅配|荷物|会議|鍵|할인|쿠폰|택배|회의|배송|\
    خصم|طرد|توصيل|تخفیف|مرسوله|הנחה|קופון|חבילה|משלוח|छूट|कूपन|डिलीवरी|डाक|ส่วนลด|พัสดุ|คูปอง";

const BULK: &str = "unsubscribe|newsletter|abmelden|abbestellen|se désabonner|désabonner|désinscri*|darse de baja|cancelar suscripción|disiscri*|annulla iscrizione|\
    descadastr*|cancelar inscrição|uitschrijven|afmelden|wypisz|avregistrera|avsluta prenumeration|peru tilaus|odhlásit*|abonelikten*|отписаться|отписка|відписатися|отпишете|\
    διαγραφή|dezabon*|leiratkoz*|berhenti berlangganan|donar-se de baixa|odjav*|hủy đăng ký|退订|退訂|配信停止|수신거부|수신 거부|إلغاء الاشتراك|لغو عضویت|להסרה|सदस्यता समाप्त|ยกเลิกการรับ";
