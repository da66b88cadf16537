//! Italian.

use super::Concept::{self, *};

pub(super) const ENTRIES: &[(Concept, &str)] = &[
    (Noise, "indirizzo e-mail|indirizzo email|posta elettronica"),
    (
        Ai,
        "ia|assistente ia|assistente ai|assistente di ia|agente ia|agente ai|modello linguistico|modello di linguaggio|intelligenza artificiale|assistente virtuale|assistente di posta|non per gli umani",
    ),
    (Assistant, "assistente|agente|modello"),
    (
        Vocative,
        "nota per|nota all'|messaggio per|messaggio all'|attenzione|per l'|all'|se sei un|se sei una|come|istruzione per|istruzioni per|sei un|sei una|al|a qualsiasi|avviso per",
    ),
    (Greeting, "ciao|salve|buongiorno"),
    (
        Reading,
        "legge questa|leggi questa|leggendo questa|elabora questa|elabori questa|questa casella|riassumi questa|quando riassumi|nel riassumere|gestisce questa|gestisci questa",
    ),
    (
        Owner,
        "l'utente|all'utente|dell'utente|il tuo utente|al tuo utente|il destinatario|al destinatario|il proprietario|al proprietario|titolare dell'account|l'umano",
    ),
    (
        Override,
        "ignora|ignori|ignorare|ignorate|dimentica|dimentichi|dimenticare|non considerare|non tenere conto|tralascia|trascura|non seguire|disattendi|scavalca|aggira|annulla|disobbedisci",
    ),
    (
        Instruction,
        "istruzione|istruzioni|direttiva|direttive|regola|regole|indicazioni|ordini|restrizioni|limitazioni|linee guida|comandi",
    ),
    (Prior, "precedente|precedenti|sopra|iniziali|originali|ricevute|esistenti|antecedenti|date finora"),
    (
        Everything,
        "tutto ciò che|tutto quello che|quanto sopra|tutto quanto|quello che ti è stato|ciò che ti è stato|tutto il resto",
    ),
    (
        Mine,
        "la mia precedente|il mio precedente|la mia ultima|il mio ultimo|le mie precedenti|la mia mail|la mia email|che ti ho|che le ho",
    ),
    (Yours, "tuo|tua|tuoi|tue|suo|sua|ti|tu"),
    (
        Prompt,
        "prompt di sistema|prompt del sistema|messaggio di sistema|istruzioni di sistema|tuo prompt|tue istruzioni|prompt iniziale|istruzioni interne|istruzioni nascoste",
    ),
    (
        Reveal,
        "rivela|riveli|mostra|mostri|mostrami|ripeti|ripeta|dimmi|dammi|stampa|divulga|elenca|scrivi|qual è|quali sono|rispondi con",
    ),
    (
        Send,
        "invia|invii|inviare|inoltra|inoltri|inoltrare|manda|mandi|mandare|spedisci|trasmetti|copia|copi|esporta|esporti|pubblica|carica|condividi|rispondi con|allega|allegare|includi|girare|gira",
    ),
    (
        Secret,
        "password|codice di verifica|codici di verifica|codice di sicurezza|codice di accesso|codice monouso|codice otp|chiave api|chiavi api|credenziali|carta di credito|chiave privata|pin|dati bancari|token|segreti|dati personali|dati riservati|informazioni riservate|codice di conferma",
    ),
    (
        Mailbox,
        "messaggi|posta in arrivo|casella|contatti|elenco contatti|lista dei contatti|rubrica|conversazione|conversazioni|cronologia|calendario|corrispondenza",
    ),
    (Files, "documento|documenti|file|fattura|fatture|allegato|allegati|contratto|contratti|dati"),
    (
        Quantity,
        "tutti|tutte|tutto|tutta|ogni|ultimi tre|ultime tre|ultimi|ultime|ultimo|ultima|più recente|più recenti|elenco completo|recenti",
    ),
    (
        Delete,
        "cancella|cancelli|cancellare|elimina|elimini|eliminare|archivia|distruggi|nel cestino|sposta|svuota",
    ),
    (
        Pay,
        "paga|paghi|pagare|trasferisci|bonifica|approva|approvi|acquista|compra|rimborsa|effettua un bonifico|effettua il pagamento|autorizza",
    ),
    (
        Setting,
        "crea un filtro|aggiungi un filtro|regola di inoltro|inoltro automatico|modifica le impostazioni|cambia le impostazioni|disattiva|reimposta la password|cambia la password|concedi l'accesso",
    ),
    (Act, "clicca|apri|visita|scarica|esegui|installa|usa lo strumento|chiama la|cerca|genera|segui il link"),
    (
        Secrecy,
        "senza avvisare|senza informare|senza dire|senza dirlo|senza notificare|senza menzionare|senza chiedere|senza conferma|non dire|non dirlo|non informare|non menzionare|non avvisare|non notificare|all'insaputa|di nascosto|in segreto|segretamente|nascondi|non rivelare|silenziosamente",
    ),
    (
        Role,
        "ora sei|adesso sei|sei ora|da ora in poi|d'ora in poi|agisci come|comportati come|fingi|fai finta|il tuo nuovo ruolo|immagina di|interpreta il ruolo|assumi il ruolo",
    ),
    (
        Unbound,
        "senza restrizioni|senza alcuna restrizione|senza limiti|senza filtri|modalità sviluppatore|nessuna regola|nessuna restrizione|senza censura|modalità amministratore",
    ),
    (
        NewTask,
        "nuova istruzione|nuove istruzioni|nuovo compito|nuova direttiva|il tuo nuovo compito|il tuo compito è|segui queste istruzioni|invece|al suo posto|compito completato|seguenti istruzioni",
    ),
    (
        Memory,
        "ricorda che|memorizza|nella tua memoria|in memoria|in futuro|tutte le tue risposte|tutte le risposte|ogni risposta",
    ),
    (
        Steer,
        "nel tuo riassunto|il tuo riassunto|nella tua risposta|la tua risposta|rispondi solo|rispondi soltanto|di' all'utente|dì all'utente|chiedi all'utente|informa l'utente|riassumi questa|consiglia|raccomanda|aggiungi il testo",
    ),
    (Urgent, "immediatamente|subito|urgente|prima di tutto|prima di rispondere|adesso"),
    (
        Talk,
        "prompt injection|attaccante|attaccanti|aggressori|attacco|attacchi|ricercator*|vulnerabilità|malevol*",
    ),
    (
        Approved,
        "ha già approvato|ha già autorizzato|ha già acconsentito|già approvato|mi ha chiesto di dirti|autorizzato da|ha dato il consenso",
    ),
    (Posing, "messaggio di sistema:|sistema:|amministratore:|nota dello sviluppatore"),
    (Topic, "riguardo|sul|sulla|circa|sono cambiate|è cambiato"),
    (Never, "mai"),
];
