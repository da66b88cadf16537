//! Portuguese.

use super::Concept::{self, *};

pub(super) const ENTRIES: &[(Concept, &str)] = &[
    (Noise, "endereço de e-mail|endereço de email|correio eletrônico"),
    (
        Ai,
        "ia|assistente de ia|assistente ia|agente de ia|agente ia|modelo de linguagem|inteligência artificial|assistente virtual|assistente de e-mail",
    ),
    (Assistant, "assistente|agente|modelo"),
    (
        Vocative,
        "nota para|nota ao|mensagem para|mensagem ao|atenção|para o|para a|ao|se você é|se és|como|instrução para|instruções para|você é um|você é uma|aviso ao|a qualquer",
    ),
    (Greeting, "olá|bom dia|oi"),
    (
        Reading,
        "lê este|lendo este|lendo esta|processa este|processando este|esta caixa|ao resumir|resumir este|resumir esta|gerencia esta",
    ),
    (
        Owner,
        "o usuário|ao usuário|do usuário|seu usuário|o utilizador|ao utilizador|do utilizador|o destinatário|ao destinatário|o proprietário|ao proprietário|titular da conta|o humano",
    ),
    (
        Override,
        "ignore|ignora|ignorar|ignorem|esqueça|esquece|esquecer|desconsidere|desconsidera|desconsiderar|despreze|não siga|não siga mais|anule|contorne|descarte|desobedeça",
    ),
    (
        Instruction,
        "instrução|instruções|orientações|diretriz|diretrizes|regra|regras|ordens|restrições|limitações|normas|comandos|diretivas",
    ),
    (Prior, "anterior|anteriores|prévia|prévias|prévios|acima|originais|iniciais|recebidas|dadas|existentes"),
    (
        Everything,
        "tudo o que|tudo que|tudo acima|tudo isso|o que foi dito|tudo antes|tudo anterior|que lhe foi dito|o acima",
    ),
    (
        Mine,
        "meu anterior|minha anterior|meu último|minha última|meu e-mail|minha mensagem|que enviei|que lhe enviei",
    ),
    (Yours, "seu|sua|seus|suas|teu|tua|teus|tuas|você|te"),
    (
        Prompt,
        "prompt do sistema|prompt de sistema|mensagem do sistema|instruções do sistema|seu prompt|suas instruções|tuas instruções|prompt inicial|instruções internas|instruções ocultas|chave secreta",
    ),
    (
        Reveal,
        "revele|revela|mostre|mostra|mostre-me|me mostre|repita|repete|diga-me|me diga|dê-me|me dê|imprima|divulgue|liste|escreva|qual é|quais são",
    ),
    (
        Send,
        "envie|envia|enviar|encaminhe|encaminha|encaminhar|reencaminhe|reencaminha|mande|manda|transmita|copie|copia|exporte|publique|carregue|compartilhe|partilhe|responda com|anexe|inclua",
    ),
    (
        Secret,
        "senha|senhas|palavra-passe|código de verificação|códigos de verificação|código de segurança|código de acesso|código único|chave de api|chave api|chaves de api|credenciais|cartão de crédito|chave privada|pin|dados bancários|token|tokens|segredos|dados pessoais|informações confidenciais|dados confidenciais|saldos bancários",
    ),
    (
        Mailbox,
        "e-mails|emails|mensagens|caixa de entrada|contatos|contactos|lista de contatos|lista de contactos|conversa|conversas|histórico|calendário|correspondência",
    ),
    (
        Files,
        "documento|documentos|arquivo|arquivos|ficheiro|ficheiros|fatura|faturas|anexo|anexos|contrato|contratos|dados",
    ),
    (
        Quantity,
        "todos|todas|todo|toda|cada|últimos três|três últimos|últimos|últimas|último|última|mais recente*|lista completa|recentes",
    ),
    (
        Delete,
        "apague|apaga|apagar|exclua|excluir|elimine|eliminar|arquive|remova|para a lixeira|mova|esvazie",
    ),
    (
        Pay,
        "pague|paga|pagar|transfira|aprove|aprovar|compre|reembolse|faça uma transferência|faça o pagamento|autorize",
    ),
    (
        Setting,
        "crie um filtro|adicione um filtro|regra de encaminhamento|encaminhamento automático|altere as configurações|mude as configurações|desative|redefina a senha|altere a senha|conceda acesso",
    ),
    (Act, "clique|abra|visite|baixe|execute|instale|use a ferramenta|chame a|procure|busque|gere|acesse"),
    (
        Secrecy,
        "sem avisar|sem informar|sem dizer|sem notificar|sem mencionar|sem perguntar|sem confirmação|não diga|não conte|não informe|não mencione|não avise|não notifique|em segredo|secretamente|discretamente|oculte|esconda|não revele|sem que o usuário|silenciosamente|sem o conhecimento",
    ),
    (
        Role,
        "agora você é|você agora é|você é agora|a partir de agora|de agora em diante|aja como|atue como|finja|seu novo papel|comporte-se como|imagine que|assuma o papel|agora és",
    ),
    (
        Unbound,
        "sem restrições|sem nenhuma restrição|sem limites|sem filtros|modo desenvolvedor|modo de desenvolvedor|nenhuma regra|sem regras|sem censura|modo administrador|modo de sistema|modo sistema",
    ),
    (
        NewTask,
        "nova instrução|novas instruções|nova tarefa|nova diretriz|nova ordem|sua nova tarefa|sua tarefa é|siga estas instruções|em vez disso|em seu lugar|tarefa concluída|seguintes instruções",
    ),
    (
        Memory,
        "lembre-se de que|lembre-se que|guarde na memória|na sua memória|na memória|no futuro|todas as suas respostas|todas as respostas|cada resposta|memorize",
    ),
    (
        Steer,
        "no seu resumo|seu resumo|na sua resposta|sua resposta|responda apenas|responda somente|diga ao usuário|diga ao utilizador|peça ao usuário|peça ao utilizador|pergunte ao usuário|informe o usuário|resuma este|resuma esta|recomende|adicione o texto",
    ),
    (Urgent, "imediatamente|urgente|antes de tudo|antes de responder|agora mesmo|já"),
    (Talk, "injeção de prompt*|atacante*|ataque|ataques|pesquisador*|vulnerabilidade*|malicios*"),
    (
        Approved,
        "já aprovou|já autorizou|já consentiu|já aprovado|me pediu para|autorizado por|deu consentimento",
    ),
    (Posing, "mensagem do sistema:|sistema:|administrador:|nota do desenvolvedor"),
    (Topic, "sobre|a respeito|mudaram|mudou|referente"),
    (Never, "nunca|jamais"),
];
