//! Russian, Ukrainian, Bulgarian, Polish, Czech and Slovak.

use super::Concept::{self, *};

pub(super) const ENTRIES: &[(Concept, &str)] = &[
    (
        Ai,
        "ии|ии-ассистент*|ии-помощник*|ии-агент*|искусственный интеллект|языковая модель|языковой модели|ши|ші|ші-асистент*|ші-помічник*|штучний інтелект|мовна модель|чат-бот*|asystent ai|asystencie ai|asystenta ai|model językowy|sztuczna inteligencja|asistent ai|asistente ai|ai asistent*|jazykový model|umělá inteligence|нейросеть|виртуальный помощник",
    ),
    (Assistant, "ассистент*|помощник*|агент|агенту|модель|асистент*|помічник*|asystent*|asistent*|помощнику"),
    (
        Vocative,
        "примечание для|заметка для|сообщение для|вниманию|внимание|для|если ты|если вы|инструкция для|инструкции для|ты -|как|увага|для всіх|якщо ти|якщо ви|примітка для|повідомлення для|uwaga|notatka dla|wiadomość dla|do asystenta|dla|jeśli jesteś|pozor|poznámka pro|zpráva pro|pro|pokud jsi|обращение к",
    ),
    (
        Reading,
        "читает это|читаешь это|обрабатывает это|обрабатываешь это|обрабатывающ*|этот ящик|этого ящика|при суммировании|читаєш це|обробляє|цю скриньку|czytasz tę|czyta tę|tej skrzynki|tę skrzynkę|čteš tento|této schránky|zpracováváš",
    ),
    (
        Owner,
        "пользовател*|получател*|владельц*|владелец|користувач*|одержувач*|власник*|użytkownik*|odbiorc*|właściciel*|uživatel*|příjemc*|majitel*|používateľ*|потребител*",
    ),
    (
        Override,
        "игнорируй*|игнорируйте|проигнорируй*|игнорировать|забудь*|забыть|не обращай внимания|пренебреги*|отмени|обойди|ігноруй*|проігноруй*|забудь|відкинь|знехтуй*|zignoruj*|ignoruj*|zapomnij|pomiń|zapomeň*|ignorujte|nedbej|nevšímej si|zabudni|игнорирай*|забрави|пренебрегни",
    ),
    (
        Instruction,
        "инструкци*|указани*|правил*|директив*|распоряжени*|ограничени*|команды|команд|інструкці*|вказівк*|обмежен*|instrukcj*|polece*|zasad*|wytyczn*|reguł*|instrukce|instrukcí|pokyny|pokynů|pravidl*|příkaz*|inštrukci*|разпореждани*|настанов*",
    ),
    (
        Prior,
        "предыдущи*|прежни*|прошлые|ранее|вышеуказанн*|предшествующ*|исходные|попередн*|раніше|вищезазначен*|poprzedni*|wcześniejsz*|powyższ*|dotychczasow*|předchoz*|dřívějš*|výše|predchádzajúc*|предишн*",
    ),
    (
        Everything,
        "все что|всё что|все, что|всё, что|все вышесказанное|всё вышесказанное|все вышеперечисленное|все до этого|усе, що|все, що|wszystko co|wszystko, co|wszystko powyżej|vše, co|všechno, co|všechno výše",
    ),
    (
        Mine,
        "мое предыдущее|моё предыдущее|мое последнее|моє попереднє|moją poprzednią|můj předchozí|moje письмо",
    ),
    (
        Yours,
        "твой|твои|твоя|твою|твоих|ваш|ваши|ваших|твій|твої|твою|twój|twoje|twoją|swój|swoje|tvůj|tvoje|svůj|své|свой|свои",
    ),
    (
        Prompt,
        "системный промпт|системного промпта|системную подсказку|системное сообщение|системные инструкции|системный запрос|свои инструкции|твои инструкции|системний промпт|системну підказку|systemowy prompt|prompt systemowy|promptu systemowego|instrukcje systemowe|systémový prompt|systémové instrukce|секретный ключ|начальный промпт",
    ),
    (
        Reveal,
        "покажи*|раскрой*|выведи*|повтори*|напечатай*|назови*|сообщи мне|скажи мне|дай мне|виведи|розкрий*|показати|pokaż|ujawnij|wyświetl|powtórz|podaj|zobraz|ukaž|odhal|vypiš|zopakuj|какой|каков",
    ),
    (
        Send,
        "перешли*|переслать|отправь*|отправить|отправьте|вышли|пошли|скопируй*|передай*|экспортируй*|загрузи|опубликуй*|ответь|надішли*|перешліть|надіслати|відправ*|скопіюй*|prześlij*|wyślij*|przekaż|skopiuj|przesłać|wysłać|přepošli*|pošli*|odešli*|zkopíruj|přeposlat|препрати*|изпрати*|приложи|включи",
    ),
    (
        Secret,
        "парол*|код подтверждения|кода подтверждения|коды подтверждения|код безопасности|код доступа|одноразовый код|api-ключ*|ключ api|учетные данные|учётные данные|кредитной карты|банковские данные|секретн*|токен*|персональные данные|конфиденциальн*|код підтвердження|ключ доступу|hasło|hasła|haseł|kod weryfikacyjny|kody weryfikacyjne|kod weryfikacyj*|kod jednorazowy|klucz api|klucze api|dane logowania|heslo|hesla|ověřovací kód|ověřovací kódy|jednorázový kód|api klíč|přihlašovací údaje|облікові дані",
    ),
    (
        Mailbox,
        "письм*|писем|сообщени*|почт*|входящие|контакт*|переписк*|адресную книгу|календарь|листи|листів|повідомлен*|пошт*|скриньк*|wiadomości|maile|maili|e-maile|skrzynk*|kontakty|kontaktów|zprávy|zpráv|e-maily|e-mailů|schránk*|имейл*|съобщени*",
    ),
    (
        Files,
        "документ*|файл*|счет*|счёт*|вложени*|договор*|dokument*|plik*|faktur*|załącznik*|soubor*|přílohy|данные",
    ),
    (
        Quantity,
        "все|всё|всех|каждый|последние|последних|последнее|последний|последняя|усі|всі|останні|останній|wszystkie|wszystkich|ostatnie|ostatnich|najnowsz*|všechny|všechna|poslední|nejnovější|три последних|недавние|всички|последните",
    ),
    (
        Delete,
        "удали*|удалить|сотри|архивируй*|видали*|usuń|skasuj|zarchivuj|smaž|odstraň|zarchiwizuj|изтрий|перемести",
    ),
    (
        Pay,
        "оплати*|переведи деньги|переведи|заплати*|одобри*|купи|переведите|сплати|zapłać|przelej|zatwierdź|zaplať|převeď|schval|kup",
    ),
    (
        Setting,
        "создай фильтр|добавь фильтр|правило пересылки|автоматическую пересылку|измени настройки|отключи*|dodaj filtr|utwórz filtr|regułę przekazywania|vytvoř filtr|přidej filtr|смени пароль",
    ),
    (
        Act,
        "нажми*|открой*|перейди*|скачай*|выполни*|установи*|запусти*|найди|натисни|відкрий|kliknij|otwórz|pobierz|wykonaj|uruchom|klikni|otevři|stáhni|spusť|сгенерируй",
    ),
    (
        Secrecy,
        "не говори*|не сообщай*|не уведомляй*|не упоминай*|не сообщая|без ведома|не уведомляя|не предупреждая|тайно|втайне|незаметно|скрой*|скрытно|без подтверждения|не показывай|не спрашивая|не кажи|не повідомляй*|не повідомляючи|таємно|непомітно|nie mów|nie informuj|nie wspominaj|bez informowania|bez wiedzy|nie informując|potajemnie|w tajemnicy|bez powiadamiania|neříkej|neinformuj|nezmiňuj|bez vědomí|tajně|aniž bys|bez upozornění|не споменавай|не казвай",
    ),
    (
        Role,
        "ты теперь|теперь ты|вы теперь|теперь вы|отныне|с этого момента|притворись|действуй как|веди себя как|представь, что|твоя новая роль|сыграй роль|тепер ти|відтепер|jesteś teraz|od teraz|zachowuj się jak|udawaj|jsi nyní|nyní jsi|od teď|chovej se jako|předstírej|сега си",
    ),
    (
        Unbound,
        "без ограничений|без каких-либо ограничений|без фильтров|режим разработчика|режиме разработчика|системный режим|без цензуры|без обмежень|bez ograniczeń|tryb deweloper*|bez omezení|vývojářský režim|режим администратора",
    ),
    (
        NewTask,
        "новая инструкция|новые инструкции|новая задача|новое задание|новая директива|твоя задача|следующие инструкции|вместо этого|задача выполнена|следуй этим|нова інструкція|нові інструкції|нове завдання|натомість|nowe instrukcje|nowa instrukcja|nowe zadanie|zamiast tego|nové instrukce|nový úkol|místo toho|нова задача",
    ),
    (
        Memory,
        "запомни*|сохрани в памяти|во всех будущих|в каждом ответе|в памяти|запам'ятай|zapamiętaj|zapamatuj si",
    ),
    (
        Steer,
        "в своем ответе|в своём ответе|твой ответ|в твоем ответе|в своей сводке|ответь только|скажи пользователю|сообщи пользователю|попроси пользователя|отвечай только|скажи користувачу|попроси користувача|powiedz użytkownikowi|poproś użytkownika|řekni uživateli|twoja odpowiedź|swojej odpowiedzi|jen odpověz",
    ),
    (Urgent, "немедленно|срочно|сейчас же|прежде чем|негайно|терміново|natychmiast|pilne|okamžitě|ihned"),
    (
        Talk,
        "промпт-инъекц*|злоумышленник*|атака|атаки|исследовател*|уязвимост*|атакующ*|зловмисник*|wstrzykiwan*|atakując*|badacz*|útočník*|výzkumn*",
    ),
    (
        Approved,
        "уже одобрил*|уже согласил*|уже разрешил*|уже подтвердил*|вже погодив*|już zatwierdził*|już wyraził*|již schválil*",
    ),
    (Posing, "система:|системное сообщение:|администратор:|system wiadomość:"),
    (Topic, "насчет|насчёт|касательно|по поводу|изменились|щодо|dotycząc*|ohledně"),
    (Never, "никогда|nigdy|nikdy|ніколи"),
];
