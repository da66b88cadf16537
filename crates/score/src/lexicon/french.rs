//! French.

use super::Concept::{self, *};

pub(super) const ENTRIES: &[(Concept, &str)] = &[
    (Noise, "adresse e-mail|adresse email"),
    (
        Ai,
        "ia|assistant ia|assistante ia|agent ia|modèle de langage|modèle de langue|intelligence artificielle|l'assistant ia|l'ia|assistant virtuel|assistant de messagerie|pas destiné aux humains|agent automatique|agents automatisés",
    ),
    (Assistant, "assistant|l'assistant|agent|l'agent|modèle"),
    (
        Vocative,
        "note à|note pour|message à|message pour|à l'attention|à l'|attention|si tu es|si vous êtes|en tant qu'|instruction pour|instructions pour|instruction à|consigne pour|tu es un|tu es une|vous êtes un|pour l'|à tout",
    ),
    (Greeting, "bonjour|salut"),
    (
        Reading,
        "lit cet e-mail|lisant ce message|lis ce message|lisez ce message|lisez cet e-mail|traite ce message|traitant ce|traite cette boîte|cette boîte|en résumant|résumes ce|lorsque tu résumes|lorsque vous résumez|qui lit ce",
    ),
    (
        Owner,
        "l'utilisateur|l'utilisatrice|ton utilisateur|votre utilisateur|le destinataire|au destinataire|le propriétaire|au propriétaire|titulaire du compte|à l'utilisateur|l'humain",
    ),
    (
        Override,
        "ignore|ignorez|ignorer|oublie|oubliez|oublier|ne tiens pas compte|ne tenez pas compte|fais abstraction|faites abstraction|contourne|contournez|outrepasse*|néglige|négligez|passe outre|ne suis pas|ne suivez pas|désobéi*|annule",
    ),
    (
        Instruction,
        "instruction|instructions|consigne|consignes|directive|directives|règle|règles|restriction|restrictions|contrainte*|ordres|invite",
    ),
    (Prior, "précédent*|antérieur*|ci-dessus|initial*|d'avant|existant*|reçues|originale*"),
    (
        Everything,
        "tout ce qui précède|tout ce qu'on t'a|tout ce qui t'a|tout ce que tu|tout ce qu'on vous|tout ce que vous|ce qui précède|tout ce qui a été dit|tout avant",
    ),
    (
        Mine,
        "mon précédent|mon dernier|mes précédent*|mon message précédent|notre précédent|notre dernier|mon courriel|mon e-mail|mon mail",
    ),
    (Yours, "ton|ta|tes|votre|vos|tu|toi"),
    (
        Prompt,
        "prompt système|invite système|prompt du système|message système|instructions système|tes instructions|vos instructions|prompt initial|instructions internes|instructions cachées|clé secrète|prompt caché",
    ),
    (
        Reveal,
        "révèle|révélez|révéler|affiche|affichez|montre|montrez|montre-moi|répète|répétez|donne-moi|donnez-moi|divulgue*|imprime|quelle est|quel est|quelles sont|dis-moi|dites-moi|liste|listez|écris",
    ),
    (
        Send,
        "envoie|envoyez|envoyer|transfère|transférez|transférer|fais suivre|faites suivre|transmets|transmettez|transmettre|copie|copiez|exporte|exportez|publie|publiez|téléverse|partage|partagez|réponds avec|répondez avec|joins|joignez|poste|ajoute|ajoutez",
    ),
    (
        Secret,
        "mot de passe|mots de passe|code de vérification|codes de vérification|code de sécurité|code de connexion|code à usage unique|clé api|clés api|clé d'api|identifiants|carte bancaire|carte de crédit|code pin|clé privée|coordonnées bancaires|code d'accès|secrets|jeton*|données personnelles|données confidentielles|informations confidentielles",
    ),
    (
        Mailbox,
        "e-mails|emails|mails|courriels|messages|boîte de réception|boîte mail|contacts|liste de contacts|carnet d'adresses|conversation|historique|messagerie|correspondance|agenda",
    ),
    (
        Files,
        "document|documents|fichier|fichiers|facture|factures|pièce jointe|pièces jointes|contrat|contrats|données",
    ),
    (
        Quantity,
        "tous|toutes|tout|toute|chaque|trois derniers|derniers|dernières|dernier|dernière|l'ensemble|plus récent*|liste complète|intégralité",
    ),
    (Delete, "supprime*|efface*|archive|archivez|détruis|détruisez|à la corbeille|déplace*|vide|videz"),
    (
        Pay,
        "paie|paye|payez|payer|vire|virez|effectue un virement|effectuez un virement|approuve*|achète|achetez|rembourse*|valide le paiement",
    ),
    (
        Setting,
        "ajoute un filtre|crée un filtre|créez un filtre|règle de transfert|transfert automatique|modifie les paramètres|modifiez les paramètres|désactive*|réinitialise le mot|change le mot de passe|accorde l'accès",
    ),
    (
        Act,
        "clique|cliquez|ouvre|ouvrez|visite|visitez|télécharge*|exécute*|installe*|appelle l'|appelle la|utilise l'outil|recherche|cherche|consulte",
    ),
    (
        Secrecy,
        "sans prévenir|sans informer|sans avertir|sans le dire|sans en parler|sans mentionner|sans demander|sans confirmation|ne dis rien|ne dites rien|ne dis pas|ne le dis pas|n'informe pas|n'informez pas|ne mentionne pas|ne mentionnez pas|ne préviens pas|ne prévenez pas|n'en parle pas|à l'insu|secrètement|discrètement|en secret|cache|cachez|ne révèle pas|sans l'accord|silencieusement",
    ),
    (
        Role,
        "tu es maintenant|tu es désormais|vous êtes maintenant|vous êtes désormais|à partir de maintenant|dorénavant|agis comme|agissez comme|fais semblant|fais comme si|faites comme si|joue le rôle|jouez le rôle|imagine que|ton nouveau rôle|comporte-toi",
    ),
    (
        Unbound,
        "sans restriction*|sans aucune restriction|sans limite*|sans filtre*|mode développeur|aucune règle|aucune restriction|non censuré|mode administrateur|mode système|mode debug",
    ),
    (
        NewTask,
        "nouvelle instruction*|nouvelles instructions|nouvelle tâche|nouvelle consigne|nouvelle directive|ta nouvelle tâche|votre nouvelle tâche|ta tâche est|suis ces instructions|suivez ces instructions|à la place|au lieu de cela|tâche terminée|exécute les instructions",
    ),
    (
        Memory,
        "souviens-toi|mémorise*|dans ta mémoire|dans votre mémoire|à l'avenir|toutes tes réponses|toutes les réponses|chaque réponse|toutes les futures",
    ),
    (
        Steer,
        "dans ton résumé|dans votre résumé|ton résumé|ta réponse|votre réponse|réponds uniquement|réponds seulement|réponds par|dis à l'utilisateur|dites à l'utilisateur|demande à l'utilisateur|demandez à l'utilisateur|résume ce|informe l'utilisateur|recommande|évalue ce",
    ),
    (Urgent, "immédiatement|tout de suite|urgent|avant toute chose|avant de répondre|d'urgence|sans délai"),
    (
        Talk,
        "injection de prompt*|attaquant*|attaque|attaques|chercheur*|vulnérabilit*|malveillant*|hameçonnage",
    ),
    (
        Approved,
        "a déjà approuvé|a déjà accepté|a déjà autorisé|déjà approuvé|déjà consenti|m'a demandé de te|autorisé par|a donné son accord",
    ),
    (Posing, "message système :|message système:|système :|système:|administrateur :|note du développeur"),
    (Topic, "concernant|à propos|au sujet|sur le|sur la|ont changé|a changé"),
    (Never, "ne jamais|jamais"),
];
