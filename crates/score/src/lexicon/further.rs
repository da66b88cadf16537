//! Turkish, Indonesian, Vietnamese, Romanian, Hungarian, Greek, Arabic, Hebrew and Persian.

use super::Concept::{self, *};

pub(super) const ENTRIES: &[(Concept, &str)] = &[
    (
        Ai,
        "yapay zeka|yapay zekâ|yapay zeka asistan*|yapay zekâ asistan*|dil modeli|asisten ai|model bahasa|kecerdasan buatan|trợ lý ai|mô hình ngôn ngữ|trí tuệ nhân tạo|asistent ia|asistentul ia|model lingvistic|mi asszisztens|ai asszisztens|nyelvi modell|βοηθός τν|τεχνητή νοημοσύνη|γλωσσικό μοντέλο|*الذكاء الاصطناعي*|*ذكاء اصطناعي*|*נموذج שפה*|*בינה מלאכותית*|*هوش مصنوعی*",
    ),
    (Assistant, "asistan*|asisten|trợ lý|asistentul|asszisztens|βοηθός|βοηθέ|*مساعد*|*עוזר*|*دستیار*"),
    (
        Vocative,
        "not:|dikkat|için not|untuk|catatan untuk|jika anda|perhatian|gửi|lưu ý cho|nếu bạn là|chú ý|dành cho|notă pentru|pentru|către|megjegyzés|προς|σημείωση για|προσοχή|*ملاحظة*|*إلى*|*انتباه*|*הערה ל*|*שים לב*|*توجه*",
    ),
    (
        Owner,
        "kullanıcı|kullanıcıya|kullanıcıyı|kullanıcının|alıcıya|pengguna|penerima|người dùng|người nhận|utilizator*|destinatar*|felhasználó*|címzett*|χρήστη|χρήστης|παραλήπτη|*المستخدم*|*للمستخدم*|*المستلم*|*המשתמש*|*למשתמש*|*کاربر*",
    ),
    (
        Override,
        "yok say|yoksay|görmezden gel|göz ardı et|unut|dikkate alma|abaikan|lupakan|bỏ qua|phớt lờ|hãy quên|quên|không tuân theo|ignoră|ignora|uită|hagyd figyelmen kívül|felejtsd el|αγνόησε|αγνοήστε|ξέχασε|παράβλεψε|*تجاهل*|*انس*|*انسى*|*התעלם*|*שכח*|*נا دیده بگیر*|*نادیده بگیر*|*فراموش کن*",
    ),
    (
        Instruction,
        "talimat*|yönerge*|kural*|instruksi|perintah|aturan|arahan|pedoman|hướng dẫn|chỉ dẫn|chỉ thị|quy tắc|lệnh|instrucțiun*|reguli*|utasítás*|szabály*|οδηγί*|κανόν*|εντολ*|*تعليمات*|*التعليمات*|*القواعد*|*الأوامر*|*הוראות*|*ההוראות*|*הכללים*|*دستورالعمل*|*دستورات*|*قوانین*",
    ),
    (
        Prior,
        "önceki|daha önceki|yukarıdaki|sebelumnya|di atas|terdahulu|trước đó|trước đây|trước|phía trên|ở trên|anterioare|precedente|de mai sus|korábbi|előző|fenti|προηγούμεν*|παραπάνω|*السابقة*|*أعلاه*|*הקודמות*|*הקודמים*|*קודמות*|*قبلی*",
    ),
    (
        Everything,
        "her şeyi|semua yang|segala sesuatu|mọi thứ|tất cả những gì|tot ce|mindent, amit|όλα όσα|*كل ما*|*כל מה ש*|*هر آنچه*",
    ),
    (Yours, "senin|sizin|anda|kamu|của bạn|tău|ta|tale|σου|σας|*الخاص بك*|*שלך*"),
    (
        Prompt,
        "sistem istemi*|sistem komut*|sistem prompt*|perintah sistem|prompt sistem|lời nhắc hệ thống|prompt hệ thống|promptul de sistem|prompt de sistem|rendszerprompt*|προτροπή συστήματος|system prompt σου|*موجه النظام*|*تعليمات النظام*|*הנחיית המערכת*|*פרומפט*",
    ),
    (
        Reveal,
        "göster|açıkla|yazdır|tekrarla|ver|söyle|tampilkan|tunjukkan|ungkapkan|ulangi|berikan|hiển thị|tiết lộ|cho tôi|lặp lại|in ra|arată|dezvăluie|afișează|mutasd meg|fedd fel|írd ki|δείξε|αποκάλυψε|εμφάνισε|*اكشف*|*أظهر*|*اعرض*|*اطبع*|*הצג*|*חשוף*|*גלה*|*نشان بده*|*افشا کن*",
    ),
    (
        Send,
        "gönder|ilet|yönlendir|paylaş|kirim|kirimkan|teruskan|bagikan|salin|gửi|chuyển tiếp|chuyển|chia sẻ|sao chép|trimite|redirecționează|copiază|küldd|küldd el|továbbítsd|στείλε|προώθησε|αντίγραψε|*أرسل*|*ارسل*|*أعد توجيه*|*حول*|*إرسال*|*שלח*|*העבר*|*بفرست*|*ارسال کن*",
    ),
    (
        Secret,
        "şifre*|parola*|doğrulama kodu*|doğrulama kodunu|güvenlik kodu*|api anahtar*|kata sandi|kode verifikasi|kode otp|kunci api|mật khẩu|mã xác minh|mã xác thực|mã otp|khóa api|parola|parole|codul de verificare|cheia api|jelszó*|jelszav*|ellenőrző kód*|megerősítő kód*|κωδικό*|κωδικός επαλήθευσης|*كلمة المرور*|*كلمات المرور*|*رمز التحقق*|*مفتاح*|*סיסמ*|*קוד האימות*|*קוד אימות*|*رمز عبور*|*کد تایید*",
    ),
    (
        Mailbox,
        "e-postaları|e-postayı|e-posta|mailleri|mesajları|mesajlar|gelen kutusu*|kişileri|pesan|kotak masuk|kontak|thư|các email|tin nhắn|hộp thư|danh bạ|e-mailuri*|mesaje*|contactele|leveleket|e-maileket|üzeneteket|névjegyeket|μηνύματα|επαφές|εισερχόμενα|*الرسائل*|*رسائل*|*البريد*|*جهات الاتصال*|*ההודעות*|*המיילים*|*הודעות*|*אנשי הקשר*|*ایمیل‌ها*|*پیام‌ها*|*ایمیلها*",
    ),
    (
        Quantity,
        "tüm|bütün|son|her|en son|semua|seluruh|terakhir|terbaru|tất cả|mọi|gần đây|gần nhất|mới nhất|toate|ultimele|ultimul|összes|minden|utolsó|legutóbbi|όλες|όλα|όλους|τελευταί*|*جميع*|*كل*|*الأخيرة*|*آخر*|*כל*|*האחרונ*|*تمام*|*آخرین*",
    ),
    (
        Delete,
        "sil|arşivle|hapus|arsipkan|xóa|xoá|lưu trữ|șterge|arhivează|töröld|archiváld|διέγραψε|αρχειοθέτησε|*احذف*|*مחק*|*מחק*|*حذف کن*",
    ),
    (
        Pay,
        "öde|onayla|havale|bayar|setujui|thanh toán|phê duyệt|chuyển tiền|plătește|aprobă|fizesd|hagyd jóvá|πλήρωσε|έγκρινε|*ادفع*|*وافق*|*שלם*|*אשר*",
    ),
    (
        Secrecy,
        "söyleme|haber verme|bildirme|bahsetme|haber vermeden|söylemeden|gizlice|belli etmeden|jangan beri tahu|jangan memberi tahu|tanpa memberi tahu|tanpa sepengetahuan|jangan sebutkan|diam-diam|secara rahasia|không nói|đừng nói|không báo|đừng báo|không thông báo|không cho|mà không báo|đừng cho|bí mật|âm thầm|nu spune|fără să spui|fără a informa|în secret|ne mondd|ne szólj|anélkül, hogy|titokban|μην πεις|μην ενημερώσεις|χωρίς να ενημερώσεις|κρυφά|*لا تخبر*|*دون إخبار*|*دون إعلام*|*سرا*|*אל תספר*|*אל תגיד*|*בלי לספר*|*בלי ליידע*|*بدون اطلاع*|*نگو*",
    ),
    (
        Role,
        "artık sen|sen artık|şu andan itibaren|gibi davran|rolünü oyna|sekarang anda|mulai sekarang|bertindak sebagai|berpura-pura|bây giờ bạn là|từ bây giờ|hãy đóng vai|giả vờ|acum ești|de acum înainte|prefă-te|mostantól|úgy tégy|viselkedj|είσαι τώρα|από τώρα|προσποιήσου|*أنت الآن*|*من الآن فصاعدا*|*تصرف*|*אתה עכשיו*|*מעכשיו*|*העמד פנים*|*تو اکنون*|*از این پس*",
    ),
    (
        Unbound,
        "kısıtlama olmadan|kısıtlamasız|geliştirici modu|tanpa batasan|mode pengembang|không giới hạn|không hạn chế|chế độ nhà phát triển|fără restricții|korlátozás nélkül|χωρίς περιορισμούς|*بدون قيود*|*دون قيود*|*وضع المطور*|*وضع النظام*|*ללא הגבלות*|*מצב מפתח*",
    ),
    (
        NewTask,
        "yeni talimat*|yeni görev*|bunun yerine|instruksi baru|tugas baru|sebagai gantinya|chỉ dẫn mới|nhiệm vụ mới|thay vào đó|hướng dẫn mới|instrucțiuni noi|sarcină nouă|în schimb|új utasítás*|új feladat*|ehelyett|νέες οδηγίες|νέα εντολή|αντ' αυτού|*تعليمات جديدة*|*مهمة جديدة*|*بدلا من ذلك*|*הוראות חדשות*|*במקום זאת*",
    ),
    (
        Steer,
        "yanıtında|cevabında|özetinde|kullanıcıya söyle|kullanıcıdan iste|jawaban anda|beri tahu pengguna|minta pengguna|câu trả lời|bản tóm tắt|nói với người dùng|yêu cầu người dùng|răspunsul tău|spune utilizatorului|válaszod*|απάντησή σου|*أخبر المستخدم*|*اطلب من المستخدم*|*בתשובתך*|*ספר למשתמש*",
    ),
    (
        Reading,
        "bu e-postayı okuyan|bu postayı|bu e-postayı işleyen|membaca email ini|memproses email ini|đọc email này|xử lý email này|hộp thư này|citește acest|procesează acest|ezt a levelet|διαβάζει αυτό|*يقرأ هذه*|*תקרא את*",
    ),
    (
        Act,
        "tıkla|aç|indir|çalıştır|klik|buka|unduh|jalankan|nhấp|mở|tải|chạy|generează|kattints|nyisd meg|πάτησε|άνοιξε|εκτέλεσε|*انقر*|*افتح*|*לחץ*|*פתח*",
    ),
    (
        Talk,
        "saldırgan*|saldırı*|penyerang|serangan|kẻ tấn công|tấn công|atacator*|támadó*|επιτιθέμεν*|επίθεσ*|*المهاجم*|*هجوم*|*התוקף*",
    ),
];
