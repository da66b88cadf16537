//! German.

use super::Concept::{self, *};

pub(super) const ENTRIES: &[(Concept, &str)] = &[
    (Noise, "e-mail-adress*|ki-verordnung|automatisch generiert*"),
    (
        Ai,
        "⟨falls/wenn/sofern⟩ ⟨du/sie⟩ ⟨ein/eine⟩ ⟨bot/assistent/agent/maschine/programm/software⟩|⟨ki/ai/automatische/automatischer/automatischen/digitale/digitaler/digitalen/virtuelle/virtueller/virtuellen⟩⟨-/ ⟩⟨helfer/assistent/assistentin/agent/bot/modell/system⟩*|mailbot*|ki|ki-assistent*|ki-agent*|ki-modell*|ki-system*|künstliche intelligenz|sprachmodell*|ki assistent*|mail-assistent*|e-mail-assistent*|postfach-assistent*|automatischer leser|automatische agenten|nicht für menschen",
    ),
    (Assistant, "assistent|assistenten|assistentin|agent|agenten|modell"),
    (
        Vocative,
        "⟨falls/wenn/sofern⟩ ⟨du/sie⟩ ⟨ein/eine⟩ ⟨bot/assistent/agent/maschine/programm/software⟩|hinweis an|hinweis für|notiz an|notiz für|nachricht an|an den|an die|an alle|an das|achtung|wenn du ein|wenn du eine|wenn sie ein|falls du ein|falls du eine|als ki|anweisung an|anweisung für|anweisungen für|du bist ein|du bist eine|für den|für die|nicht für menschen|bitte an den",
    ),
    (Greeting, "hallo|guten tag|liebe|lieber|sehr geehrte"),
    (
        Reading,
        "⟨dieses/diesen/diese/dieser⟩ ⟨postfach/posteingang/mailbox/konto/konten⟩|⟨postfach/posteingang⟩ ⟨betreut/verwaltet/liest/bearbeitet⟩|diese e-mail liest|diese mail liest|diese nachricht liest|diese e-mail verarbeitet|diese mail verarbeitet|dieses postfach|beim zusammenfassen|wenn du diese|diese mail zusammenfasst|beim bearbeiten dieser|postfach betreut|diese nachricht zusammenfasst",
    ),
    (
        Owner,
        "⟨zum/vom/beim⟩ ⟨kontoinhaber/nutzer/benutzer/postfachinhaber/anwender⟩|⟨dem/der/den/des⟩ ⟨inhaber/inhabers/inhaberin/besitzer/besitzers/eigentümer/eigentümers⟩ ⟨des/dieses⟩ ⟨postfachs/kontos/posteingangs⟩|⟨dem/den/der/des⟩ ⟨postfachinhaber*/kontoinhaber*⟩|dem nutzer|der nutzer|den nutzer|dem benutzer|der benutzer|den benutzer|des nutzers|des benutzers|deinem nutzer|dein nutzer|dem empfänger|dem kontoinhaber|dem besitzer|dem anwender|den anwender|deinem chef|dem postfachinhaber|dem menschen",
    ),
    (
        Override,
        "ignorier*|vergiss|vergessen sie|missacht*|überschreib*|umgeh*|setze dich über|hinwegsetz*|beachte nicht|beachten sie nicht|außer acht|nicht beachten|nicht befolgen|verwirf|hebe auf",
    ),
    (
        Instruction,
        "aufträge|aufgaben|anweisung|anweisungen|instruktion*|regel|regeln|richtlinie*|vorgaben|befehle|einschränkung*|anordnung*|systemprompt|vorschrift*|sicherheitsregel*|prompt|prompts",
    ),
    (
        Prior,
        "vorherig*|bisherig*|vorangegangen*|vorhergehend*|obig*|früher*|ursprünglich*|zuvor|vorig*|bestehend*|oben",
    ),
    (
        Everything,
        "alles was|alles, was|was man dir|was du bisher|alles davor|alles bisherige|alles zuvor|alles vorherige|alles oben|was dir gesagt wurde|dir bisher gesagt|alles obige|das obige|alle vorherigen|alles vorangegangene",
    ),
    (
        Mine,
        "meine vorherig*|meine letzte*|meine früher*|unsere letzte*|meine mail|meine e-mail|die ich ihnen|meiner letzten|meine vorige*|unserer letzten",
    ),
    (Yours, "dein|deine|deinen|deinem|deiner|du|dir|dich|ihren|ihrer"),
    (
        Prompt,
        "system-prompt*|systemprompt*|systemnachricht*|systemanweisung*|deine anweisungen|deinen prompt|ursprünglichen prompt|interne anweisungen|internen anweisungen|deine regeln|verborgenen anweisungen",
    ),
    (
        Reveal,
        "zeig|zeige|zeigen sie|verrat*|offenbar*|gib aus|wiederhole|gib mir|nenne|nenn|teile mir|preisgeben|schreib auf|ausgeben|drucke|wie lautet|wie lauten",
    ),
    (
        Send,
        "sende|senden sie|schick|schicke|schicken sie|leite|leiten sie|weiterleit*|weiterzuleiten|übermittl*|übermittel*|kopiere|exportier*|poste|hochladen|lade hoch|versende|maile|antworte mit|übertrag*|teile|hänge an|anhängen|füge an",
    ),
    (
        Secret,
        "passwort*|passwört*|kennwort*|zugangscode*|verifizierungscode*|bestätigungscode*|sicherheitscode*|einmalcode*|anmeldecode*|zugangsdaten|anmeldedaten|api-schlüssel*|api-key*|geheim*|kreditkarte*|pin|tan|privaten schlüssel|bankdaten|kontodaten|token|vertrauliche daten|persönliche daten",
    ),
    (
        Mailbox,
        "e-mails|mails|nachrichten|postfach|posteingang|kontakte|kontaktliste|adressbuch|unterhaltung|gesprächsverlauf|konversation|kalender|korrespondenz",
    ),
    (
        Files,
        "dokument|dokumente|datei|dateien|rechnung|rechnungen|anhang|anhänge|vertrag|verträge|unterlagen|daten",
    ),
    (
        Quantity,
        "alle|alles|sämtliche|jede|letzten drei|letzten|neuesten|neueste|gesamte|gesamten|komplette|vollständige*|aktuellste*",
    ),
    (Delete, "lösch*|entfern*|archivier*|vernicht*|in den papierkorb|verschieb*|als gelesen"),
    (Pay, "bezahle|überweis*|bezahlen sie|zahle|kaufe|bestelle|genehmig*|freigeb*|gib frei|buche"),
    (
        Setting,
        "filterregel*|weiterleitungsregel*|filter an|erstelle eine regel|richte eine weiterleitung|automatische weiterleitung|weiterleitung ein|ändere die einstellungen|deaktivier*|schalte aus|passwort zurücksetzen|ändere die bankverbindung",
    ),
    (
        Act,
        "klicke|klick|öffne|besuche|führe aus|ausführen|rufe|installier*|lade herunter|folge dem link|benutze das|nutze das|suche|durchsuche|erstelle",
    ),
    (
        Secrecy,
        "kein wort|⟨darf/soll/sollte⟩ ⟨davon nichts/nichts davon/nichts/nicht⟩ ⟨erfahren/wissen/merken/mitbekommen⟩|⟨nichts/nicht⟩ ⟨erfahren/mitbekommen/merken⟩|sag nicht|nicht sagen|sage nichts|nichts sagen|ohne zu informieren|ohne den nutzer|ohne dem nutzer|ohne den benutzer|ohne dem benutzer|ohne es|ohne zu erwähnen|ohne rückfrage|ohne nachfrage|ohne bestätigung|ohne wissen|nicht erwähnen|erwähne nicht|erwähne nichts|erwähne das nicht|erwähne dies nicht|heimlich|unbemerkt|verschweig*|nicht informieren|informiere nicht|verheimlich*|ohne zu fragen|nichts davon|stillschweigend|ohne davon|sage es nicht|nicht verraten|nicht mitteilen|nicht benachrichtigen",
    ),
    (
        Role,
        "du bist jetzt|du bist nun|ab jetzt bist du|ab sofort bist du|von nun an|tu so|spiele die rolle|agiere als|handle als|verhalte dich wie|deine neue rolle|stell dir vor|nimm die rolle",
    ),
    (
        Unbound,
        "ohne einschränkung*|ohne beschränkung*|uneingeschränkt|entwicklermodus|keine regeln|keine einschränkungen|unzensiert|ohne filter|ohne zensur|wartungsmodus|adminmodus",
    ),
    (
        NewTask,
        "neue anweisung*|neue aufgabe|neue anweisungen|deine neue aufgabe|neuer auftrag|deine aufgabe ist|neue instruktion*|folgende anweisung*|folgenden anweisungen|befolge|stattdessen|systemüberschreibung|aufgabe erledigt",
    ),
    (
        Memory,
        "merke dir|speichere in deinem|in deinem speicher|im gedächtnis|in allen zukünftigen|für alle zukünftigen|künftig immer|in jeder antwort|ab jetzt immer|dauerhaft",
    ),
    (
        Steer,
        "in deiner zusammenfassung|deine zusammenfassung|deiner antwort|deine antwort|antworte nur|sag dem nutzer|sage dem nutzer|sage dem benutzer|sag dem benutzer|teile dem nutzer|teile dem benutzer|fasse diese|fasse zusammen|frage den nutzer|frag den nutzer|bewerte diese*|bitte den nutzer|weise den nutzer",
    ),
    (Urgent, "sofort|umgehend|dringend|unverzüglich|bevor du"),
    (
        Talk,
        "prompt-injektion*|angreif*|angriff*|forscher*|schwachstelle*|sicherheitslücke*|schadcode|bösartig*|phishing",
    ),
    (
        Approved,
        "bereits zugestimmt|bereits genehmigt|hat zugestimmt|hat genehmigt|bereits bestätigt|ist autorisiert|von der it genehmigt|hat mich gebeten",
    ),
    (Posing, "systemnachricht:|systemhinweis:|anweisung:|entwicklerhinweis|administrator:"),
    (Topic, "bezüglich|über die|zum thema|zur|zum|haben sich geändert|hat sich geändert|betreffend"),
    (Never, "nie|niemals|nicht"),
];
