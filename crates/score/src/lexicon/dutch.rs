//! Dutch.

use super::Concept::{self, *};

pub(super) const ENTRIES: &[(Concept, &str)] = &[
    (Noise, "e-mailadres*|mailadres*"),
    (
        Ai,
        "ai-assistent*|ai assistent*|ai-agent*|taalmodel*|kunstmatige intelligentie|virtuele assistent|mailassistent|e-mailassistent|niet voor mensen",
    ),
    (Assistant, "assistent|de assistent|agent|model"),
    (
        Vocative,
        "aan de|aan het|aan elke|aan iedere|aan alle|bericht voor|bericht aan|notitie voor|notitie aan|opmerking voor|let op|als je een|als u een|als jij een|instructie voor|instructies voor|voor de|je bent een|attentie",
    ),
    (Greeting, "hallo|hoi|goedemorgen"),
    (
        Reading,
        "deze e-mail leest|deze mail leest|dit bericht leest|deze mail verwerkt|deze e-mail verwerkt|dit bericht verwerkt|deze mailbox|dit postvak|bij het samenvatten|deze mail samenvat|dit bericht samenvat",
    ),
    (Owner, "de gebruiker|je gebruiker|jouw gebruiker|de ontvanger|de eigenaar|de accounthouder|de mens"),
    (
        Override,
        "negeer|negeren|vergeet|omzeil|overschrijf|sla geen acht op|houd geen rekening met|laat buiten beschouwing|volg niet",
    ),
    (
        Instruction,
        "instructie|instructies|regel|regels|richtlijn|richtlijnen|opdrachten|aanwijzingen|beperkingen|voorschriften",
    ),
    (Prior, "vorige|eerdere|voorgaande|bovenstaande|voorafgaande|oorspronkelijke|bestaande|hierboven"),
    (
        Everything,
        "alles hierboven|alles wat|alles hiervoor|al het bovenstaande|al het voorgaande|het bovenstaande",
    ),
    (Mine, "mijn vorige|mijn eerdere|mijn laatste|onze vorige|mijn mail|mijn e-mail|die ik"),
    (Yours, "je|jouw|uw|jij|u"),
    (
        Prompt,
        "systeemprompt*|systeembericht*|systeeminstructie*|je prompt|jouw instructies|je instructies|oorspronkelijke prompt|verborgen instructies|interne instructies",
    ),
    (
        Reveal,
        "toon|laat zien|onthul|herhaal|geef me|geef mij|vertel me|noem|druk af|schrijf op|wat is|wat zijn",
    ),
    (
        Send,
        "stuur|verstuur|zend|doorsturen|mail|kopieer|exporteer|upload|deel|plaats|antwoord met|beantwoord met|voeg toe|verzend|stuur door",
    ),
    (
        Secret,
        "wachtwoord*|verificatiecode*|beveiligingscode*|inlogcode*|toegangscode*|eenmalige code|api-sleutel*|inloggegevens|creditcard*|pincode*|privésleutel*|bankgegevens|token*|geheimen|vertrouwelijke gegevens|persoonsgegevens",
    ),
    (
        Mailbox,
        "e-mails|mails|berichten|inbox|postvak|mailbox|contacten|contactenlijst|adresboek|gesprek|gesprekken|geschiedenis|agenda|correspondentie",
    ),
    (
        Files,
        "document|documenten|bestand|bestanden|factuur|facturen|bijlage|bijlagen|contract|contracten|gegevens",
    ),
    (Quantity, "alle|alles|elke|iedere|laatste drie|laatste|meest recente|nieuwste|volledige|hele"),
    (Delete, "verwijder|wis|archiveer|vernietig|naar de prullenbak|verplaats|leeg"),
    (Pay, "betaal|maak over|keur goed|koopl|boek|stort"),
    (
        Setting,
        "maak een filter|voeg een filter toe|doorstuurregel|automatisch doorsturen|wijzig de instellingen|schakel uit|reset het wachtwoord|wijzig het wachtwoord|geef toegang",
    ),
    (Act, "klik|open|bezoek|download|voer uit|installeer|gebruik de tool|zoek|doorzoek|roep aan"),
    (
        Secrecy,
        "zonder te vertellen|zonder de gebruiker|zonder te melden|zonder te vermelden|zonder te vragen|zonder bevestiging|vertel niet|vertel het niet|zeg niets|meld niet|vermeld niet|noem dit niet|niet vertellen|niet vermelden|stiekem|heimelijk|in het geheim|verberg|verzwijg|onopgemerkt|informeer niet|stilletjes",
    ),
    (
        Role,
        "je bent nu|vanaf nu|doe alsof|gedraag je als|speel de rol|je nieuwe rol|stel je voor|jij bent nu",
    ),
    (
        Unbound,
        "zonder beperkingen|zonder filters|ontwikkelaarsmodus|geen regels|geen beperkingen|ongecensureerd",
    ),
    (
        NewTask,
        "nieuwe instructie*|nieuwe taak|nieuwe opdracht|je taak is|volg deze instructies|in plaats daarvan|taak voltooid|volgende instructies",
    ),
    (
        Memory,
        "onthoud dat|sla op in je geheugen|in je geheugen|in de toekomst|al je antwoorden|alle antwoorden|elk antwoord",
    ),
    (
        Steer,
        "in je samenvatting|je samenvatting|je antwoord|jouw antwoord|antwoord alleen|zeg tegen de gebruiker|vertel de gebruiker|vraag de gebruiker|vat dit|vat deze|beveel aan",
    ),
    (Urgent, "onmiddellijk|meteen|dringend|voordat je|direct"),
    (Talk, "promptinjectie|aanvaller*|aanval|aanvallen|onderzoeker*|kwetsbaarhe*|kwaadaardig*"),
    (
        Approved,
        "heeft al toestemming|heeft al goedgekeurd|al goedgekeurd|toestemming gegeven|heeft mij gevraagd",
    ),
    (Posing, "systeem:|systeembericht:|beheerder:"),
    (Topic, "over de|over het|betreffende|zijn gewijzigd|inzake"),
    (Never, "nooit"),
];
