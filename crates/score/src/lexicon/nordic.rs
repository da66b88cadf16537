//! Swedish, Norwegian, Danish and Finnish.

use super::Concept::{self, *};

pub(super) const ENTRIES: &[(Concept, &str)] = &[
    (Ai, "ai-assistent*|språkmodell*|sprogmodel*|tekoäly*|kielimalli*|ai-assistenten"),
    (Assistant, "assistent|assistenten|assistentti|avustaja"),
    (
        Vocative,
        "till|til|notera till|meddelande till|besked til|melding til|om du är en|hvis du er en|viesti",
    ),
    (Reading, "läser detta|leser denne|læser denne|denna inkorg|denne innboksen|denne indbakke"),
    (Owner, "användaren|brukeren|brugeren|mottagaren|mottakeren|modtageren|käyttäjälle|käyttäjän|käyttäjää"),
    (
        Override,
        "ignorera|ignorer|bortse från|se bort fra|se bort fra|glöm|glem|strunta i|ohita|unohda|jätä huomiotta",
    ),
    (
        Instruction,
        "instruktion*|instruks*|anvisning*|regler|reglerna|reglene|reglerne|riktlinjer|retningslinjer|ohjeet|ohjeita|säännöt",
    ),
    (
        Prior,
        "tidigare|föregående|tidligere|foregående|ovanstående|ovenstående|aiemmat|aikaisemmat|edelliset|forrige",
    ),
    (Everything, "allt ovan|alt ovenfor|kaikki yllä oleva"),
    (Yours, "din|ditt|dina|dit|dine|sinun"),
    (
        Prompt,
        "systemprompt*|system-prompt*|järjestelmäkehot*|dina instruktioner|dine instruktioner|dine instrukser",
    ),
    (Reveal, "visa|vis|avslöja|avslør|afslør|skriv ut|upprepa|gjenta|gentag|näytä|paljasta"),
    (Send, "skicka|vidarebefordra|sänd|videresend|videresende|lähetä|välitä|kopiera|kopier"),
    (
        Secret,
        "lösenord*|passord*|adgangskode*|verifieringskod*|bekräftelsekod*|verifiseringskode*|bekreftelseskode*|bekræftelseskode*|engångskod*|engangskode*|salasana*|vahvistuskood*|api-nyckel*|api-nøkkel*|api-nøgle*",
    ),
    (
        Mailbox,
        "e-postmeddelanden|mejl|mejlen|e-poster|e-postene|mails|beskeder|meddelanden|meldinger|inkorg*|innboks*|indbakke*|kontakter|sähköpostit|viestit|yhteystiedot",
    ),
    (Quantity, "alla|alle|senaste|siste|seneste|samtliga|kaikki|viimeisimmät|viimeiset|nyeste"),
    (Delete, "radera|ta bort|slett|slet|arkivera|arkiver|poista"),
    (Pay, "betala|betal|godkänn|godkjenn|godkend|maksa|overfør|överför"),
    (
        Secrecy,
        "utan att berätta|utan att informera|uten å fortelle|uten å informere|uden at fortælle|uden at informere|berätta inte|fortell ikke|ikke fortell|fortæl ikke|säg inget|nämn inte|i hemlighet|i hemmelighed|älä kerro|kertomatta|salaa|ilmoittamatta",
    ),
    (
        Role,
        "du är nu|du er nå|du er nu|från och med nu|fra nå av|fra nu af|låtsas|olet nyt|agera som|oppfør deg som",
    ),
    (
        NewTask,
        "ny instruktion|nya instruktioner|ny uppgift|nye instruksjoner|nye instruktioner|ny oppgave|ny opgave|uusi tehtävä|uudet ohjeet|i stället|i stedet",
    ),
    (Steer, "ditt svar|dit svar|din sammanfattning|sammendraget|vastauksesi"),
];
