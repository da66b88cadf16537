//! Words beside a number: what it is.

use super::Class;

/// Lists, each a text of words between bars.
pub(super) const LISTS: &[(Class, &str)] = &[
    (Class::Strong, STRONG),
    (Class::Weak, WEAK),
    (Class::Other, OTHER),
    (Class::Other, OTHER_CODES),
    (Class::Enter, ENTER),
    (Class::Dead, DEAD),
];

const STRONG: &str = "verification code|verify code|verification pin|verification number|confirmation code|security code|\
    authentication code|authorization code|authorisation code|one-time code|one time code|one-time pin|one time pin|\
    one-time passcode|one time passcode|one-time password|one time password|single-use code|single use code|\
    temporary code|temporary password|temporary passcode|login code|log-in code|log in code|sign-in code|signin code|sign in code|\
    sign-up code|signup code|access code|login pin|sign-in pin|2fa code|two-factor code|two-step code|mfa code|otp|\
    otp code|reset code|recovery code|password reset code|device code|activation code|magic code|identification code|\
    verificationcode|validation code|email code|\
    bestätigungscode*|bestaetigungscode*|sicherheitscode*|verifizierungscode*|verifikationscode*|einmalcode*|\
    einmalpasswort*|einmalkennwort*|anmeldecode*|anmelde-code*|login-code*|logincode*|zugangscode*|aktivierungscode*|\
    freischaltcode*|authentifizierungscode*|zugriffscode*|prüfcode*|tan|mtan|einmal-code*|einmal-pin|bestätigungs-code|sicherheits-code|\
    code de vérification|code de verification|code de confirmation|code de connexion|code de sécurité|code de securite|\
    code d'accès|code d’accès|code d'authentification|code d’authentification|code à usage unique|code a usage unique|\
    mot de passe à usage unique|mot de passe temporaire|code de validation|code d'activation|code d’activation|code temporaire|\
    code d'identification|code d’identification|code unique|code confidentiel|\
    código de verificación|codigo de verificacion|código de confirmación|código de seguridad|codigo de seguridad|\
    código de acceso|codigo de acceso|código de inicio de sesión|código de un solo uso|contraseña de un solo uso|\
    código de autenticación|código de activación|código de validación|clave de acceso|clave dinámica|clave temporal|\
    clave de un solo uso|pin de acceso|código temporal|código único|clave de verificación|código otp|contraseña temporal|\
    codice di verifica|codice di conferma|codice di sicurezza|codice di accesso|codice d'accesso|codice d’accesso|\
    codice monouso|codice temporaneo|codice otp|codice di autenticazione|codice usa e getta|password monouso|\
    codice di attivazione|password temporanea|codice di login|\
    código de verificação|codigo de verificacao|código de confirmação|código de segurança|código de acesso|\
    código de autenticação|código de ativação|código de validação|código de login|código de uso único|senha temporária|\
    código temporário|código de utilização única|palavra-passe temporária|token de acesso|senha de uso único|\
    verificatiecode*|bevestigingscode*|beveiligingscode*|inlogcode*|toegangscode*|eenmalige code|eenmalig wachtwoord|\
    activeringscode*|activatiecode*|aanmeldcode*|\
    kod weryfikacyjny|kodu weryfikacyjnego|kodem weryfikacyjnym|kod potwierdzający|kod potwierdzenia|kod bezpieczeństwa|\
    kod dostępu|kod logowania|kod jednorazowy|hasło jednorazowe|jednorazowy kod|jednorazowe hasło|kod aktywacyjny|\
    kod autoryzacyjny|kod do logowania|kod do zalogowania|kod uwierzytelniający|kod sms|\
    verifieringskod*|bekräftelsekod*|säkerhetskod*|engångskod*|inloggningskod*|engångslösenord*|aktiveringskod*|\
    verifikationskode*|bekræftelseskode*|sikkerhedskode*|engangskode*|loginkode*|login-kode*|bekreftelseskode*|\
    sikkerhetskode*|innloggingskode*|påloggingskode*|adgangskode*|engangspassord*|verifiseringskode*|aktiveringskode*|\
    vahvistuskoodi*|kertakäyttökoodi*|turvakoodi*|kirjautumiskoodi*|kertakäyttöinen koodi|tunnistuskoodi*|aktivointikoodi*|\
    ověřovací kód*|overovaci kod*|bezpečnostní kód*|jednorázový kód*|přihlašovací kód*|potvrzovací kód*|aktivační kód*|\
    jednorázové heslo|kód pro přihlášení|overovací kód*|\
    doğrulama kodu*|doğrulama kodunuz|onay kodu*|güvenlik kodu*|giriş kodu*|tek kullanımlık*|aktivasyon kodu*|giriş şifre*|\
    tek seferlik*|erişim kodu*|\
    код подтверждения|кода подтверждения|код для входа|код входа|код доступа|одноразовый код|одноразового кода|одноразовый пароль|\
    код безопасности|проверочный код|код авторизации|код активации|код верификации|код аутентификации|код проверки|временный пароль|\
    код підтвердження|код для входу|код входу|код доступу|одноразовий код|одноразовий пароль|код безпеки|код авторизації|\
    код перевірки|код активації|код верифікації|\
    код за потвърждение|код за вход|еднократен код|код за достъп|код за сигурност|\
    κωδικός επαλήθευσης|κωδικό επαλήθευσης|κωδικός μίας χρήσης|κωδικός σύνδεσης|κωδικός επιβεβαίωσης|κωδικός ασφαλείας|\
    κωδικός μιας χρήσης|κωδικός πρόσβασης|κωδικό σύνδεσης|κωδικό επιβεβαίωσης|\
    cod de verificare|codul de verificare|cod de securitate|cod de autentificare|codul de autentificare|cod de confirmare|\
    codul de confirmare|cod de acces|codul de acces|\
    ellenőrző kód*|megerősítő kód*|egyszer használatos kód*|biztonsági kód*|belépési kód*|hitelesítő kód*|bejelentkezési kód*|\
    kode verifikasi|kode otp|kode keamanan|kode masuk|kode konfirmasi|kode login|kode akses|\
    codi de verificació|codi d'accés|codi de seguretat|codi de confirmació|codi d’accés|\
    kod za potvrdu|kod za prijavu|verifikacijski kod|potvrdni kod|sigurnosni kod|jednokratni kod|jednokratna lozinka|kôd za prijavu|\
    kontrolni kod za prijavu|\
    mã xác minh|mã xác thực|mã xác nhận|mã đăng nhập|mã otp|mã bảo mật|mật khẩu một lần|mã truy cập|mã kích hoạt|\
    验证码|驗證碼|校验码|動態碼|动态码|动态密码|登录码|一次性密码|一次性密碼|安全码|安全碼|确认码|確認碼|激活码|认证码|認證碼|动态口令|\
    認証コード|確認コード|検証コード|認証番号|ワンタイムパスワード|ワンタイムコード|セキュリティコード|ログインコード|パスコード|本人確認コード|\
    認証キー|ログイン用コード|ワンタイムpin|確認用コード|認証用コード|アクセスコード|アクティベーションコード|\
    인증번호|인증 번호|인증코드|인증 코드|확인 코드|확인코드|보안 코드|보안코드|일회용 비밀번호|일회용 코드|로그인 코드|일회용 인증|접속 코드|일회용 번호|\
    رمز التحقق|رمز التأكيد|رمز الدخول|رمز الأمان|كود التحقق|كود التفعيل|رمز التفعيل|كلمة مرور لمرة واحدة|رمز لمرة واحدة|\
    رمز المرور المؤقت|رمز تسجيل الدخول|رمز المصادقة|كود الدخول|\
    کد تأیید|کد تایید|کد ورود|رمز یکبار مصرف|رمز یک‌بار مصرف|کد یکبار مصرف|کد فعال‌سازی|کد فعالسازی|رمز پویا|کد یک‌بار مصرف|\
    קוד אימות|קוד האימות|קוד הכניסה|קוד כניסה|קוד חד-פעמי|קוד חד פעמי|קוד אבטחה|קוד האבטחה|סיסמה חד-פעמית|קוד ההתחברות|קוד התחברות|קוד הגישה|\
    सत्यापन कोड|पुष्टिकरण कोड|ओटीपी|लॉगिन कोड|सुरक्षा कोड|वन टाइम पासवर्ड|वन-टाइम पासवर्ड|प्रमाणीकरण कोड|एक्सेस कोड|\
    รหัสยืนยัน|รหัส otp|รหัสผ่านครั้งเดียว|รหัสผ่านแบบใช้ครั้งเดียว|รหัสความปลอดภัย|รหัสเข้าสู่ระบบ|รหัสใช้ครั้งเดียว";

const WEAK: &str = "code|pin|passcode|pin code|pin-code|pincode|code pin|digits|digit code|characters|token|\
    ziffern|zeichen|zahlen|chiffres|cifras|dígitos|digitos|cifre|cijfers|cyfr|cyfry|siffror|sifre|sifrene|cifrene|cifre|numeroa|číslice|číslic|rakam*|hane*|цифр*|数字|桁の数字|桁|자리|أرقام|الأرقام|ارقام|ספרות|הספרות|अंक|अंकों|chữ số|con số|angka|ψηφί*|cifrele|számjegy*|xifres|znamenk*|ตัวเลข|\
    kod*|kód*|kode*|koodi*|код*|codice|código|codigo|codi|\
    clave|cod|codul|contraseña|κωδικ*|mã|验证|代码|コード|暗証番号|코드|번호|رمز|الرمز|كود|کد|קוד|הקוד|कोड|รหัส|şifre*|parola|hasło|heslo|jelszó|пин|пин-код|\
    mot de passe|senha|पासकोड|पिन|pinkod*|lozinka";

const OTHER: &str = "order|orders|order no|order number|order id|invoice|receipt|ticket|case|claim|policy|reference|ref|ref.|\
    customer number|customer id|account number|account|account no|acct|member|membership|employee|patient|mrn|\
    tracking|shipment|parcel|booking|reservation|confirmation number|payment confirmation|transaction|request|request id|\
    phone|tel|tel.|telephone|call|fax|dial|text|whatsapp|hotline|mobile|ext|extension|port|ports|version|build|release|issue|bug|\
    pull request|pr|commit|error|status|http|room|flight|seat|gate|platform|suite|apt|floor|street|p.o. box|po box|box|\
    zip|postcode|postal|year|since|copyright|©|page|isbn|sku|item|model|serial|vat|iban|bic|card|visa|mastercard|ending in|\
    ending|total|amount|price|number|no.|nr.|nr|n°|nº|№|#|id|meeting id|incident|application|pnr|locator|barcode|meter|\
    bestellung*|bestellnummer*|rechnung*|rechnungsnummer*|kundennummer*|auftrag*|auftragsnummer*|vorgang*|vorgangsnummer*|\
    telefon*|tel|anruf*|sendung*|sendungsnummer*|referenz*|aktenzeichen|mitgliedsnummer*|vertragsnummer*|buchung*|\
    fehler*|kontonummer*|ticketnummer*|kurs-nr|postfach|plz|postleitzahl|hrb|hra|nummer*|\
    commande|facture|téléphone|tél|tél.|appelez|appelez-nous|colis|suivi|dossier|adhérent|client|référence|réf|numéro|siret|siren|rcs|cedex|billet|réservation|\
    pedido|factura|teléfono|llame|llámenos|llama|referencia|póliza|cliente|envío|reserva|localizador|expediente|número|núm|guía|unidad|error|\
    ordine|fattura|telefono|chiama|chiami|riferimento|pratica|spedizione|prenotazione|numero|n.|cap|p. iva|partita iva|protocollat*|\
    encomenda|fatura|telefone|ligue|contribuinte|cnpj|cpf|cep|nif|rastreio|protocolo|\
    bestelling*|factuur*|bestelnummer*|klantnummer*|relatienummer*|telefoonnummer*|telefoon*|bel|kvk|kenmerk|referentie|\
    zamówieni*|faktur*|nip|regon|zadzwoń|infolinia|przesyłk*|numer*|rezerwacj*|bilet*|rachunek|konto|\
    beställning*|ordernummer*|faktura*|kundnummer*|ärende*|ärendenummer*|kolli*|org.nr|ring|felkod*|medlemsnummer*|\
    tilaus*|tilausnumero*|viitenumero*|lasku*|puhelin|y-tunnus|soita|\
    objednávk*|faktur*|zásilk*|telefon|variabilní symbol|ičo|dič|průkaz*|číslo|\
    sipariş*|fatura|müşteri no|telefon|takip|kargo|dekont|referans|numara*|\
    заказ*|счёт|счет*|квитанц*|накладн*|номер*|телефон*|тел|тел.|звоните|позвоните|инн|огрн|бронир*|билет*|договор*|обращени*|заявк*|\
    замовлен*|рахунок|рахунк*|посилк*|зателефон*|квит*|звернен*|\
    παραγγελ*|τιμολόγιο|τηλέφωνο|τηλ|αριθμός|αριθμό|comandă|comanda|factura|telefon|număr|rendelés*|számla*|rendelésszám*|pesanan|faktur|telepon|nomor|nomer|resi|\
    narudžb*|račun*|broj|comanda|telèfon|\
    đơn hàng|hóa đơn|hotline|tổng đài|gọi|điện thoại|vận đơn|số|hồ sơ|\
    订单|單號|订单号|訂單|发票|單据|电话|致电|拨打|客服|热线|快递|运单|编号|号码|邮编|备案|尾号|金额|请求编号|流水号|手机号|会议号|\
    注文|注文番号|請求書|領収書|電話|tel|お問い合わせ|お問合せ|フリーダイヤル|予約番号|会員番号|受付番号|伝票|追跡番号|郵便|登録番号|便名|〒|型番|品番|お客様番号|\
    주문|주문번호|송장|운송장|전화|고객센터|접수번호|사업자|우편번호|예약번호|영수증|승인번호|회원번호|문의|회의 id|\
    طلب|طلبك|فاتورة|هاتف|اتصل|رقم|رقم الطلب|مرجع|تتبع|سفارش|فاکتور|تلفن|شماره|پیگیری|\
    הזמנה|חשבונית|טלפון|קבלה|מספר|אסמכתא|מעקב|מיקוד|ऑर्डर|चालान|फोन|कॉल|संख्या|रसीद|संदर्भ|खाता|लेनदेन|คำสั่งซื้อ|ใบแจ้งหนี้|โทร|หมายเลข|พัสดุ|เลขที่";

const OTHER_CODES: &str = "promo code|promotion code|promotional code|discount code|coupon code|coupon|voucher code|voucher|gift code|\
    gift card|referral code|offer code|redeem code|rewards code|checkout code|error code|exit code|status code|\
    qr code|zip code|area code|country code|postal code|post code|postcode|tax code|sort code|swift code|branch code|source code|\
    dress code|morse code|code review|pac code|puk|puk code|booking code|booking reference|reference code|tracking code|product code|item code|\
    barcode|bar code|door code|gate code|entry code|alarm code|lockbox code|locker code|pickup code|pick-up code|collection code|pickup pin|\
    delivery code|delivery pin|parking code|car park code|meeting passcode|meeting code|contravention code|procedure code|tariff code|\
    wi-fi password|wifi password|wi-fi code|wifi code|invite code|colour code|color code|order code|vendor code|unlock code|switching code|\
    *gutscheincode*|*rabattcode*|*aktionscode*|gutschein-code|rabatt-code|promo-code|*türcode*|*torcode*|*abholcode*|*fehlercode*|qr-code*|\
    *strichcode*|*gutschein*|*quellcode|*tür-code|\
    code promo|code avantage|code réduction|code de réduction|code cadeau|code postal|code-barres|code source|code de remise|code de retrait|\
    code du casier|code porte|code de la porte|code couleur|code acte|code client|code du portail|code parrain*|code secret|code de réservation|code wifi|\
    código postal|código promocional|código de descuento|cupón|código de barras|código de error|código de reserva|código de seguimiento|código del torno|\
    código de vestimenta|código de muestra|clave de entrega|código de regalo|código de cliente|código de área|código de puerta|código de la puerta|código de recogida|código de producto|\
    código promo|código de rastreamento|código de rastreio|código de objeto|código de desconto|cupom|código de levantamento|código de reserva|código qr|codigo de barras|\
    código da porta|código do portão|código de produto|código de retirada|\
    codice sconto|codice promo*|codice postale|codice fiscale|codice a barre|codice di tracciamento|codice di tracking|codice prenotazione|\
    codice cliente|codice avviso|codice tributo|codice ordine|codice spedizione|codice di ritiro|codice iban|codice articolo|codice regalo|codice della porta|\
    kortingscode*|actiecode*|artikelcode*|afhaalcode*|*gedragscode*|*postcode*|ophaalcode*|foutcode*|streepjescode*|trackingcode*|deurcode*|cadeaucode*|\
    kod rabatowy|kod promocyjny|kod pocztowy|kod kreskowy|kod kontrolny|kod karty|kod odbioru|kod błędu|kod paskowy|kod do drzwi|kod zniżkowy|kod domofonu|kod produktu|\
    *rabattkod*|*kampanjkod*|*ombudskod*|*avhämtningskod*|*postkod*|*portkod*|*felkod*|*streckkod*|*presentkod*|*rabattkode*|*fejlkode*|*feilkode*|*hentekode*|*afhentningskode*|*dørkode*|*portkode*|*stregkode*|*strekkode*|\
    *alennuskoodi*|*tarjouskoodi*|*noutokoodi*|*ovikoodi*|*viivakoodi*|*virhekoodi*|*saapumiskoodi*|*etukoodi*|*lahjakoodi*|\
    slevový kód*|čárový kód*|kód zásilky|heslo pro výdej|kód slevy|kód kupónu|výdejní kód*|kód dveří|slevovým kódem|chybový kód*|\
    indirim kodu*|promosyon kodu*|hediye kodu*|posta kodu*|kupon kodu*|kargo kodu*|teslim kodu*|teslimat kodu*|hata kodu*|kapı kodu*|takip kodu*|kampanya kodu*|\
    промокод*|код выдачи|код получения|код брони|штрихкод*|штрих-код*|код ошибки|код товара|код домофона|код города|код купона|код скидки|код двери|код сертификата|код от|почтовый код|\
    код комірки|код посилки|код знижки|код видачі|код бронювання|код єдрпоу|код помилки|поштовий код|код отримання|код дверей|\
    промо код|код за отстъпка|пощенски код|баркод|код за получаване|\
    εκπτωτικό* κωδικ*|κωδικός κουπονιού|ταχυδρομικός κώδικας|κωδικός παραγγελίας|κωδικός αποστολής|κωδικός έκπτωσης|κωδικός προϊόντος|κωδικός κράτησης|εκπτωτικός κωδικός|\
    cod poștal|cod promoțional|cod de reducere|codul de reducere|cod de bare|codul fiscal|cod de rezervare|awb|\
    kedvezménykód*|kuponkód*|irányítószám|vonalkód*|csomagszám|kapukód*|átvételi kód*|hibakód*|\
    kode promo|kode diskon|kode pos|kode booking|kode voucher|kode resi|kode pesanan|kode unik|kode pengambilan|\
    codi de descompte|codi postal|codi promocional|codi de reserva|codi de barres|kod za popust|poštanski broj|promo kod|kod za preuzimanje|kod pošiljke|kod kupona|\
    mã giảm giá|mã vận đơn|mã đơn hàng|mã khuyến mãi|mã bưu chính|mã đặt chỗ|mã yêu cầu|mã khách hàng|mã ưu đãi|mã lỗi|mã nhận hàng|mã vé|mã sản phẩm|mã voucher|mã cửa|mã số thuế|mã số|mã bưu điện|\
    优惠码|優惠碼|取件码|取货码|提货码|邮政编码|兑换码|折扣码|促销码|会议密码|錯誤代碼|错误代码|股票代码|二维码|条形码|邀请码|密码锁|门禁码|券码|核销码|取餐码|\
    クーポンコード|割引コード|郵便番号|エラーコード|qrコード|バーコード|商品コード|会議コード|招待コード|受取コード|受け取りコード|ギフトコード|ドレスコード|プロモーションコード|キャンペーンコード|紹介コード|ミーティングパスコード|ソースコード|カラーコード|店舗コード|\
    쿠폰 코드|쿠폰코드|할인 코드|할인코드|우편 번호|오류 코드|에러 코드|상품 코드|초대 코드|수령 코드|픽업 코드|회의 암호|출입 코드|바코드|qr 코드|qr코드|프로모션 코드|수령번호|\
    كود خصم|كود الخصم|رمز الخصم|رمز بريدي|الرمز البريدي|رمز الاستلام|رمز التتبع|رمز الحجز|رمز القسيمة|رمز الخطأ|رمز المنتج|رمز الباب|رمز العرض|\
    کد تخفیف|کد پستی|کد رهگیری|کد پیگیری|کد سفارش|کد ملی|کد تحویل|کد مرسوله|کد رزرو|\
    קוד קופון|קוד הנחה|קוד הזמנה|קוד דלת|קוד איסוף|קוד הקופון|קוד שגיאה|קוד מוצר|קוד לדלת|קוד המשלוח|קוד שובר|\
    डिलीवरी कोड|पिन कोड|कूपन कोड|शाखा कोड|डिस्काउंट कोड|प्रोमो कोड|छूट कोड|त्रुटि कोड|बुकिंग कोड|क्यूआर कोड|उत्पाद कोड|\
    รหัสไปรษณีย์|รหัสส่วนลด|โค้ดส่วนลด|รหัสพัสดุ|รหัสการจอง|รหัสสินค้า|รหัสประตู|รหัสรับสินค้า|โค้ด|รหัสคำสั่งซื้อ";

const ENTER: &str = "enter|type|type in|key in|input|paste|use|tap in|punch in|gib|geben sie|eingeben|tippe|saisissez|saisir|entrez|tapez|introduce|introduzca|\
    ingresa|ingrese|escribe|inserisci|inserisca|digita|digite|insira|introduza|vul|voer|wpisz|podaj|ange|skriv in|indtast|skriv|tast inn|syötä|zadejte|opište|\
    girin|giriniz|введите|наберите|введіть|въведете|εισαγάγετε|πληκτρολογήστε|introdu|introduceți|írja be|add meg|masukkan|introdueix|unesite|upiši|nhập|输入|填写|輸入|入力|입력|أدخل|وارد کنید|הזן|הקלד|दर्ज करें|กรอก|ป้อน";

const DEAD: &str = "no longer works|was already used|has expired|had expired|expired before|earlier code|old code|previous code|older code|for example|e.g.|such as|like this|\
    z. b.|z.b.|zum beispiel|par exemple|p. ex.|por ejemplo|p. ej.|per esempio|ad esempio|por exemplo|bijvoorbeeld|bijv.|na przykład|np.|till exempel|t.ex.|for eksempel|f.eks.|\
    esimerkiksi|například|např.|örneğin|например|наприклад|比如|例如|例えば|たとえば|예를 들어|مثلا|على سبيل المثال|به عنوان مثال|למשל|उदाहरण|ví dụ|\
    ya no sirve|ya no funciona|ya no es válido|ist abgelaufen|non è più valido|já não funciona|nie działa|fungerar inte|больше не действует|більше не діє|已失效|已过期|expirado|expiró|caducó|caducado|périmé|scaduto|verlopen|wygasł|gäller inte";
