//! Spanish.

use super::Concept::{self, *};

pub(super) const ENTRIES: &[(Concept, &str)] = &[
    (Noise, "dirección de correo|correo electrónico"),
    (
        Ai,
        "ia|asistente de ia|asistente ia|agente de ia|agente ia|modelo de lenguaje|inteligencia artificial|asistente virtual|asistente de correo|no para humanos|agente automático",
    ),
    (Assistant, "asistente|agente|modelo"),
    (
        Vocative,
        "nota para|nota al|mensaje para|mensaje al|atención|para el|para la|al|a la|si eres un|si eres una|si usted es|como|instrucción para|instrucciones para|eres un|eres una|aviso al|a cualquier|aviso para",
    ),
    (Greeting, "hola|buenos días"),
    (
        Reading,
        "lea este correo|lee este correo|leyendo este|procesa este|procesando este|esta bandeja|este buzón|al resumir|resumas este|resuma este|gestiona este|gestiona esta",
    ),
    (
        Owner,
        "el usuario|al usuario|del usuario|tu usuario|su usuario|el destinatario|al destinatario|el propietario|al propietario|titular de la cuenta|la usuaria|a la usuaria|el humano|al humano",
    ),
    (
        Override,
        "ignora|ignore|ignorar|ignoren|olvida|olvide|olvidar|descarta|descarte|haz caso omiso|haga caso omiso|omite|omita|no sigas|no hagas caso|anula|sáltate|desobedece|pasa por alto|desestima|desestime",
    ),
    (
        Instruction,
        "instrucción|instrucciones|indicaciones|directriz|directrices|regla|reglas|órdenes|restricciones|limitaciones|normas|comandos",
    ),
    (
        Prior,
        "anterior|anteriores|previa|previas|previo|previos|de arriba|originales|iniciales|recibidas|dadas",
    ),
    (
        Everything,
        "todo lo anterior|todo lo que te|todo lo que has|todo lo que sabes|lo anterior|todo lo dicho|lo que te dijeron|todo lo previo",
    ),
    (
        Mine,
        "mi anterior|mi último|mis anteriores|mi correo|mi mensaje|nuestro anterior|mi previo|que le envié|que te envié",
    ),
    (Yours, "tu|tus|su|sus|te|tú"),
    (
        Prompt,
        "prompt del sistema|prompt de sistema|mensaje del sistema|instrucciones del sistema|tu prompt|tus instrucciones|sus instrucciones|prompt inicial|instrucciones internas|instrucciones ocultas|clave secreta",
    ),
    (
        Reveal,
        "revela|revele|muestra|muestre|muéstrame|repite|repita|dime|dígame|dame|deme|imprime|divulga|enseña|escribe|cuál es|cuáles son|enumera|lista",
    ),
    (
        Send,
        "envía|envíe|enviar|enviad|reenvía|reenvíe|reenviar|manda|mande|mandar|transmite|copia|copie|exporta|exporte|publica|sube|suba|comparte|comparta|responde con|adjunta|adjunte|incluye|incluya",
    ),
    (
        Secret,
        "contraseña*|código de verificación|códigos de verificación|código de seguridad|código de acceso|código de un solo uso|clave api|clave de api|claves api|credenciales|tarjeta de crédito|clave privada|pin|datos bancarios|token|tokens|secretos|datos personales|información confidencial|datos confidenciales|clave de acceso",
    ),
    (
        Mailbox,
        "correos|emails|mensajes|bandeja de entrada|buzón|contactos|lista de contactos|libreta de direcciones|conversación|conversaciones|historial|calendario|correspondencia",
    ),
    (
        Files,
        "documento|documentos|archivo|archivos|factura|facturas|adjunto|adjuntos|contrato|contratos|datos",
    ),
    (
        Quantity,
        "todos|todas|todo|toda|cada|últimos tres|tres últimos|últimos|últimas|último|última|más reciente*|lista completa|recientes",
    ),
    (
        Delete,
        "borra|borre|borrar|elimina|elimine|eliminar|archiva|archive|destruye|a la papelera|mueve|vacía",
    ),
    (
        Pay,
        "paga|pague|pagar|transfiere|transfiera|aprueba|apruebe|compra|compre|reembolsa|realiza una transferencia|realiza el pago|autoriza",
    ),
    (
        Setting,
        "crea un filtro|añade un filtro|agrega un filtro|regla de reenvío|reenvío automático|cambia la configuración|modifica la configuración|desactiva|restablece la contraseña|cambia la contraseña|concede acceso",
    ),
    (
        Act,
        "haz clic|haga clic|abre|abra|visita|visite|descarga|descargue|ejecuta|ejecute|instala|llama a la|usa la herramienta|busca|busque|genera",
    ),
    (
        Secrecy,
        "sin avisar|sin informar|sin decir|sin notificar|sin mencionar|sin preguntar|sin confirmación|sin pedir confirmación|no digas|no le digas|no diga|no se lo digas|no informes|no menciones|no mencione|no avises|no notifiques|a espaldas|en secreto|secretamente|discretamente|oculta|oculte|no reveles|sin que lo sepa|sin que el usuario|silenciosamente",
    ),
    (
        Role,
        "ahora eres|eres ahora|a partir de ahora|de ahora en adelante|actúa como|actúe como|finge|finja|haz de cuenta|tu nuevo rol|compórtate como|imagina que|desempeña el papel|asume el papel",
    ),
    (
        Unbound,
        "sin restricciones|sin ninguna restricción|sin límites|sin filtros|modo desarrollador|sin reglas|ninguna restricción|sin censura|modo administrador|modo sistema",
    ),
    (
        NewTask,
        "nueva instrucción|nuevas instrucciones|nueva tarea|nueva directiva|nueva orden|tu nueva tarea|tu tarea es|sigue estas instrucciones|siga estas instrucciones|en su lugar|en cambio|tarea completada|siguientes instrucciones",
    ),
    (
        Memory,
        "recuerda que|guarda en tu memoria|en tu memoria|en la memoria|en el futuro|todas tus respuestas|todas las respuestas|cada respuesta|en adelante|memoriza",
    ),
    (
        Steer,
        "en tu resumen|tu resumen|tu respuesta|su respuesta|responde solo|responde sólo|responde únicamente|dile al usuario|dígale al usuario|pide al usuario|pídele al usuario|pregunta al usuario|resume este|informa al usuario|recomienda|califica este|añade el texto|agrega el texto",
    ),
    (Urgent, "inmediatamente|de inmediato|urgente|antes que nada|antes de responder|ahora mismo|sin demora"),
    (
        Talk,
        "inyección de prompt*|inyección de instrucciones|atacante*|ataque|ataques|investigador*|vulnerabilidad*|malicios*",
    ),
    (
        Approved,
        "ya ha aprobado|ya aprobó|ya autorizó|ya ha autorizado|ya aceptó|ya ha consentido|me pidió que te|autorizado por|ha dado su consentimiento",
    ),
    (Posing, "mensaje del sistema:|sistema:|administrador:|nota del desarrollador|instrucción:"),
    (Topic, "sobre|acerca|respecto|han cambiado|ha cambiado"),
    (Never, "nunca|jamás"),
];
