//! English, and the signs and tokens that belong to no language. A bar inside a token is written `¦`.

use super::Concept::{self, *};

pub(super) const ENTRIES: &[(Concept, &str)] = &[
    (
        Noise,
        "⟨we/they/he/she⟩ ⟨had to/have to/decided to⟩ ⟨drop/ignore/forget/disregard/abandon/set aside/put aside⟩|⟨the/your/this⟩ user ⟨guide/manual/interface/group/account/name/agreement/experience⟩*|set aside time|drop ⟨all/any⟩ ⟨of us/of them/questions⟩|j'ai|look forward|looking forward|looks forward|moving forward|going forward|way forward|step forward|straight forward|put forward|brought forward|forward to seeing|forward to hearing|email address*|e-mail address*|phone number|all the best|first of all|after all|at all|all day|all rights reserved|email signature|travel agent*|real estate agent*|estate agent*|user agent|user-agent|insurance agent*|transfer agent|sales agent*|letting agent*|agent fee*|teaching assistant|research assistant*|executive assistant|shop assistant|assistant professor|assistant manager|assistant director|assistant vice|special agent|copy of the license|post office|print version|email newsletter|mail merge|transfer student*|transfer credit*|check your inbox|check your email*|click here to unsubscribe|update your email preferences|email preferences|email us|e-mail us|send us|send me an email|manage your email*|pay attention|repeat customer*|print this email|printing this email|before printing|house rules|print this e-mail|share this email|forward this email|forward this message|forward to a friend|email a friend|act now|code of conduct|zip code|postal code|postcode|dress code|source code|promo code|discount code|coupon code|qr code|area code|tracking code|code review|bar code|error message*|message board*",
    ),
    (
        Ai,
        "⟨software/program/tool/script/machine⟩ that ⟨answers/reads/handles/processes/sorts/manages/looks after⟩|⟨if you are/if you're/in case you are/should you be/assuming you are⟩ ⟨a/an⟩ ⟨bot/assistant/robot/program/machine/software agent/mail agent⟩|any llm|every llm|⟨automated/automatic/ai/digital/virtual/autonomous/intelligent/smart/mail/email/e-mail/inbox/mailbox/reply/llm/machine⟩ ⟨helper/assistant/agent/bot/robot/reader/aide/processor/responder/model/program/tool/software⟩|⟨helper/assistant/agent/bot/robot/reader/tool/program⟩ ⟨bot/model⟩|mailbots|mailbot|dear ai|hey ai|hi ai|hello ai|an ai|any ai|the ai|this ai|you are ai|ai:|ai,|as ai|ai reading|ai that|ai who|ai which|attention ai|your ai|all ais|ais|if ai|ai summary|ai summaries|ai-powered|ai assistant*|ai agent*|ai model*|ai system*|ai-assistant*|ai-agent*|a.i.|artificial intelligence|language model*|large language model*|llm|llms|llm agent*|chatgpt|gpt|gpt-*|claude|copilot|gemini|chatbot*|email assistant|e-mail assistant|mail assistant|inbox assistant|virtual assistant|digital assistant|automated assistant|automated agent*|autonomous agent*|assistant model|email agent|mail agent|email bot|mail bot|automated reader*|automated system*|summariser|summarizer|openclaw|mail-reading|not for humans|not for human readers|robots only|machine readers|machine reader|bots only|for machines only|automated processing agent",
    ),
    (Assistant, "helper|helpers|assistant|assistants|agent|agents|bot|bots|model|the system|system|robot"),
    (
        Vocative,
        "⟨if you are/if you're/in case you are/should you be/assuming you are⟩ ⟨a/an⟩ ⟨bot/assistant/robot/program/machine/software agent/mail agent⟩|to whichever|to whatever|to anyone|for whichever|for whatever|attention ai|note to|note for|notes for|notice to|notice for|message to|message for|attention|attn|instruction for|instructions for|instructions to|instruction to|if you are an|if you are a|if you're an|if you're a|as an|as the|as a|you are an|you are a|to the|to any|to every|to all|for the|for any|for all|command for|command to|memo to|memo for|reminder for|addressed to|you, the|the following is for|directive to|directive for|not for humans|not for human readers|robots only|bots only|for machines only|developer note|you the|request for|action required for|this is for|authorizing you|authorising you|any ai|any llm|any automated",
    ),
    (Greeting, "hi|hello|dear|hey|good morning|good afternoon|thanks"),
    (
        Reading,
        "⟨read/reads/reading⟩ this ⟨page/message/text/document/mailbox/inbox/comment/file⟩|⟨look/looks/looking⟩ after this ⟨mailbox/inbox/account⟩|that read this|who read this|reads this mail|reading this mail|reading this|reads this|read this email|processing this|processes this|process this email|process this message|parsing this|parses this|summarising this|summarizing this|summarise this|summarize this|summarises this|summarizes this|summarised by|summarized by|handling this inbox|handling this mailbox|handling this email|handling this message|handles this inbox|managing this inbox|managing this mailbox|manages this inbox|manages this mailbox|this inbox|this mailbox|triaging this|reviewing this email|reviewing this message|when you process|when you read|when you summarise|when you summarize|when replying to this|when answering this|when asked about this|analysing this email|analyzing this email|screening this|on behalf of the user|on the user's behalf|connected tools|your tools|available tools|tool access|your context|context window|with access to",
    ),
    (
        Owner,
        "the owner of ⟨the/this⟩ ⟨account/mailbox/inbox⟩|the ⟨person/human/one/people⟩ you ⟨serve/help/act for/report to/answer to/assist/work for⟩|whoever you ⟨serve/work for⟩|⟨mailbox/inbox⟩ holder|the user|the users|your user|your user's|this user|the user's|your owner|your owner's|your principal|the principal|your operator|the operator|the account owner|account owner|the account holder|the mailbox owner|the inbox owner|⟨tell/telling/inform/informing/notify/notifying/alert/alerting/warn/warning⟩ the recipient|your human|the human|the humans|your boss|your employer|your master|the person you assist|the person you work for|the end user|the customer you serve|the owner of this",
    ),
    (
        Override,
        "⟨set/put/lay/cast/leave/sweep⟩ aside|drop ⟨your/all/every/any/whatever⟩|drop the ⟨rules/instructions/guidelines/orders/limits/policies⟩ you|⟨has/have⟩ lapsed|lapsed|no longer ⟨count/counts/bind/binds/binding/hold/holds/in force⟩|⟨stop/cease⟩ ⟨obeying/heeding/applying/observing⟩|do not ⟨obey/heed/observe⟩|take no notice of|unlearn|throw out|let go of|no longer apply|no longer applies|no longer valid|are void|are revoked|are superseded|ignore|ignores|ignoring|disregard|disregards|disregarding|forget|overlook|override|overrides|overriding|bypass|bypassing|neglect|supersede*|discard|do not follow|don't follow|stop following|stop obeying|no longer follow|cease following|pay no attention to|break free of|circumvent|abandon|overwrite|do away with|leave behind|take precedence over|takes precedence over",
    ),
    (
        Instruction,
        "⟨rules/instructions/guidelines/directions/orders/policies/limits⟩ you ⟨were/have been/had been⟩ ⟨given/told/taught/assigned/handed/shown⟩|assignments|previous information|instruction|instructions|instruct|directive|directives|guideline|guidelines|rule|rules|prompt|prompts|programming|constraint|constraints|restriction|restrictions|safeguard|safeguards|guardrail|guardrails|training|commands|safety measures|safety protocols|safety filters|content policy|content filters|ethical|system message|system messages|directions|persona",
    ),
    (
        Prior,
        "⟨rules/instructions/guidelines/directions/orders/policies/limits⟩ you ⟨were/have been/had been⟩ ⟨given/told/taught/assigned/handed/shown⟩|you ⟨were/have been/had been/are⟩ ⟨told/given/instructed/taught/ordered/assigned/programmed/briefed/shown/handed⟩|you ⟨were/have been⟩ set up with|you started with|you run on|you were configured|you were set up|you were trained|you were told|all previous|all prior|all preceding|all earlier|all your previous|any previous|any prior|previous|previously|prior|preceding|above|earlier|existing|initial|original|before|foregoing|past|former|current|old|pre-existing|up to now|until now|so far|given to you|you were given|you have been given|you received|you've received|you've been given|default",
    ),
    (
        Everything,
        "⟨rules/instructions/guidelines/directions/orders/policies/limits⟩ you ⟨were/have been/had been⟩ ⟨given/told/taught/assigned/handed/shown⟩|⟨what/whatever/all/all that/everything/anything⟩ you ⟨were/have been/had been/are⟩ ⟨told/given/instructed/taught/ordered/assigned/programmed/briefed/shown/handed⟩|⟨what/whatever/all/everything⟩ ⟨came/was said/was written⟩ ⟨before/earlier/above⟩|everything i|everything that i|all that i|everything above|everything before|everything you|everything that was|everything prior|everything previous|everything said|everything i said|all of the above|all the above|all above|all before|anything above|anything before|anything you were told|what you were told|what you have been told|what you've been told|you were told|you have been told|you've been told|all that came before|whatever you were told|the text above|text above|all previous|all prior|all preceding|everything we|all documents provided|everything else you|what came before|the above and|the above text|all the text|the preceding text|all your previous",
    ),
    (
        Mine,
        "my previous|my earlier|my last|my prior|my original|our previous|our earlier|our last|my first|i sent|i gave|we sent|i wrote|sent you|my instructions|from me|my email|my mail|my message",
    ),
    (Yours, "your|you|yours|yourself|you're"),
    (
        Prompt,
        "⟨text/words/message/wording/instructions/directions/rules⟩ you ⟨were/have been⟩ ⟨set up/started/configured/primed/initialised/initialized/loaded⟩ with|⟨functions/tools/actions/commands/capabilities⟩ ⟨available to you/you can call/you can use/you have/at your disposal⟩|system prompt*|system message|system instruction*|initial prompt*|hidden prompt*|original prompt*|secret prompt*|developer prompt*|developer message|hidden instruction*|secret instruction*|initial instruction*|internal instruction*|full prompt|prompt text|pre-prompt|preprompt|the prompt you|your entire prompt|your full prompt|your initial instructions|your hidden instructions|your internal instructions|your original instructions|secret key you|your secret key|secret access code|available tools|tool list|list of your tools|your tools",
    ),
    (
        Reveal,
        "reveal|reveals|print|output|repeat|show me|show|disclose|leak|tell me|display|write out|dump|recite|expose|divulge|give me|provide me|quote|spell out|list|what is|what are|what's|what was|return|share|translate|paste|echo|write back|reply with|respond with|answer with|include|state",
    ),
    (
        Send,
        "⟨pass/hand⟩ ⟨these/those/all/every/any⟩|⟨pass/hand/send/mail/ship⟩ ⟨it/them/these/those/this/that/all/everything⟩ ⟨on/over/along/off⟩|pass on|hand on|mail ⟨it/them/these/those⟩|send|sends|sending|forward|forwards|forwarding|mail|email|e-mail|post|posts|upload|uploads|transmit|exfiltrate|share|copy|bcc|cc|relay|export|submit|append|attach|include|hand over|leak|dump|reply with|respond with|write back|paste|redirect|encode|embed|insert|pass along|pass on",
    ),
    (
        Secret,
        "⟨sign-in/login/log-in/recovery/reset/unlock/security/one-time/access/sign in/verification⟩ ⟨pin/pins/code/codes/key/keys/link/links⟩|pins|password*|passphrase*|passcode*|one-time code*|one time code*|one-time passcode*|one-time password*|verification code*|security code*|login code*|log-in code*|sign-in code*|authentication code*|confirmation code*|access code*|reset code*|reset link*|password reset|magic link*|2fa code*|mfa code*|otp|otps|2fa|api key*|api-key*|api token*|access token*|secret key*|private key*|ssh key*|encryption key*|credential*|login details|login data|credit card*|card number*|card details|bank pin|pin code|bank details|bank account details|account numbers|social security number*|seed phrase*|recovery phrase*|recovery code*|session cookie*|cookies|session token*|secrets|token|tokens|the code|codes|sensitive data|sensitive information|confidential information|confidential data|confidential files|personal data|private data|personal information|home address|passport|medical record*|payroll|environment variables|env variables|.env",
    ),
    (
        Mailbox,
        "⟨outbox/sent mail/sent messages/sent mails⟩|⟨stored/saved/held/kept/found⟩ in this ⟨account/mailbox/inbox⟩|⟨every/all/any/each/the⟩ ⟨phone numbers/phone number/addresses/contacts/e-mail addresses/email addresses/postal addresses⟩ ⟨in/stored in/saved in/held in/kept in/from⟩ this|emails|e-mails|mails|message|customer list|client list|mailing list members|all mail|mailbox|inbox|messages|contacts|contact list|address book|conversation history|conversation|conversations|chat history|chat log*|email history|message history|thread|threads|correspondence|calendar|recent mail|mail from|email from|emails from|drafts|sent items|sent folder|everything in the|user data|user's data|search the inbox|mailbox contents|notes",
    ),
    (
        Files,
        "bill|bills|receipt|receipts|payslip*|tax return*|bank statement*|script|scripts|attached script|document|documents|file|files|invoice|invoices|attachment|attachments|contract|contracts|report|reports|data|records|statement|statements|spreadsheet*|folder|folders|drive|list of users|database|summary|details|information",
    ),
    (
        Quantity,
        "all|every|entire|each|any|last three|last two|last five|last ten|last 3|last 5|last 10|last 20|three most recent|most recent|latest|full|whole|complete|contents of|content of|copy of|list of|history",
    ),
    (
        Delete,
        "delete|deletes|deleting|erase|wipe|purge|archive|trash|to trash|to the trash|remove|mark as read|mark as spam|mark all|to spam|empty|destroy|unsubscribe the user|discard|delete it|move all|clear",
    ),
    (
        Pay,
        "pay|pay it|pay the|wire|wire the|transfer|transfer the|make a payment|make the payment|approve the payment|approve the invoice|approve the|approve this|release the payment|release the funds|buy|purchase|order|refund|issue a refund|send money|send funds|book the|book a|gift cards|donate|stored card|saved card|card on file|bitcoin|approve|initiate a transfer|authorise|authorize|grant|grants",
    ),
    (
        Setting,
        "reply-to|set the reply|change the payee|payee account|change the account|change the iban|account on file|mark this sender|as trusted|skip all future|skip the check|skip all checks|skip verification|add a filter|create a filter|set up a filter|add a rule|create a rule|forwarding rule*|forwarding address|auto-forward*|autoforward*|automatic forwarding|change the settings|change settings|modify the settings|recovery email|recovery address|reset the password|change the password|change the email|change the bank|update the bank|bank account to|payment details to|disable|turn off|switch off|deactivate|whitelist|allowlist|add to trusted|trusted senders|trusted sender|grant access|give access|admin access|add user|invite|permissions|accept the|mark this sender|update the firmware|firewall|two-factor|security settings|reroute|make admin|as administrator",
    ),
    (
        Act,
        "click|open|click on|open the link|open this link|open the url|visit|go to|navigate to|browse to|fetch|download|install|run|run the|execute|call the|invoke|use the tool|use your tool*|use the|use your|follow the link|follow this link|follow the instructions|follow whatever|do whatever|execute the|curl|wget|sudo|pip install|npm install|sign up|subscribe|load|request the|post the|schedule|generate|create|call|render|retrieve|look up|search for|search the|find|access|read the|fill in|register|enter",
    ),
    (
        Secrecy,
        "never let|without ⟨your/the/this⟩ ⟨user/owner/principal/human/operator/account holder/account owner⟩|⟨must/should/may/shall/need⟩ ⟨not/never⟩ ⟨know/learn/hear/find out/notice/see/be told/be informed/to know/to learn⟩|⟨mustn't/shouldn't/needn't⟩ ⟨know/learn/hear/find out/notice/see⟩|know nothing|⟨hear/learn/know/be told⟩ nothing|never ⟨ask/alert/notify/show⟩|⟨keep/hide/leave⟩ this ⟨step/change/action/task/instruction/transfer/operation/request/paragraph⟩|not a word|behind the back|in confidence|do not point this out|do not point out|don't point|do not tell|don't tell|do not mention|don't mention|do not inform|don't inform|do not notify|don't notify|do not alert|don't alert|do not disclose|do not reveal this|do not show|don't show|do not let|don't let|never tell|never mention|never reveal this|never inform|without telling|without informing|without notifying|without alerting|without mentioning|without asking|without confirmation|without confirming|without approval|without the knowledge|without letting|without their knowledge|without the user|without any notice|without further confirmation|secretly|silently|covertly|discreetly|hide this|hide it|hide the|conceal|keep this hidden|keep this secret|keep it secret|keep this between|say nothing|quietly|do not ask|don't ask|do not report|don't report|must not know|should not know|can't see|cannot see|do not acknowledge|do not log|unnoticed|undetected|do not warn|don't warn|no need to ask|no need to confirm|no need to inform|in the background|do not include this|leave no trace|do not reference",
    ),
    (
        Role,
        "⟨you now/now you/from here on you/henceforth you/from this moment you/you shall now⟩|you ⟨act/serve/work/operate/function/run⟩ ⟨as/in⟩|from here on you ⟨act/run/work/serve/operate⟩ ⟨as/in⟩|you are now|you're now|from now on you|from now on, you|you will now|act as|act like|acting as|pretend to be|pretend that|pretend you|roleplay|role-play|role play|your new role|your role is|your new persona|your new identity|assume the role|assume the identity|take on the role|you are dan|simulate|imagine you|imagine that you|behave as|you are no longer|switch to|enter|activate|you must now|you should now|you can now|respond as|stay in character|in character|become|enable|you are going to|you're going to|entering|is on|mode on",
    ),
    (
        Unbound,
        "⟨service/safe/audit/admin/operator/support/root⟩ mode|without restriction*|without any restriction*|without limit*|without filter*|without any filter*|no restrictions|no limits|no limitations|no rules|no filter*|no ethical|no longer bound|not bound by|broken free|unrestricted|unfiltered|uncensored|developer mode|dev mode|debug mode|admin mode|god mode|sudo mode|root mode|system mode|maintenance mode|override mode|unsafe mode|jailbreak mode|jailbroken|do anything now|dan mode|evil mode|opposite mode|no safety|safety off|safety protocols disabled|safety filters disabled|anything goes|amoral|no moral*|regardless of ethic*|regardless of legal*|test mode|diagnostic mode|no guidelines|unlimited mode|evilbot|protocols disabled|restrictions lifted|without refus*|never refuse|cannot refuse|can't refuse",
    ),
    (
        NewTask,
        "⟨new/fresh/updated/revised/changed/amended/different/replacement⟩ ⟨orders/instructions/directives/directions/commands/rules/guidelines⟩ ⟨for/from/to⟩|fresh orders|⟨one/a⟩ ⟨more/further/additional/last/final/extra/new⟩ ⟨task/step/duty/action/job/assignment⟩|do ⟨what follows/as they say/as it says/as follows⟩|carry out the ⟨steps/instructions/orders/lines⟩|new instruction|new instructions|new task|new directive|new directives|new order|new orders|new objective|new goal|new command|new commands|new rule|new rules|new system prompt|updated instructions|updated system prompt|revised instructions|real task|actual task|true task|real instructions|actual instructions|your task is|your task now|your next task|your only task|your goal is|your job is|task complete|task completed|task is complete|system override|priority override|admin override|administrator override|emergency override|override protocol|override code|strictly adhere|follow these instructions|follow the instructions below|following instruction|following instructions|execute the following|do the following|follow whatever|do whatever|instead, do|instead do|instead you|instead of the|comply with the following|obey the following|highest priority|top priority|priority directive|follow my instructions|follow my commands|you must follow|you must comply|you must obey|you are required to|you are instructed to|mandatory instruction*|important instructions|important instruction|now do|and then do|hidden instruction|instead output|instead, output|instead print|instead say|instead reply|instead respond|instead|and say|just say",
    ),
    (
        Memory,
        "store in memory|store this in|save to memory|save this to|add to memory|add to your memory|save to your memory|your memory|long-term memory|in memory|to memory|remember that|remember this|remember for|permanently remember|from now on|for all future|in all future|in every future|in future conversations|future conversations|future replies|future responses|future sessions|from this point on|from this point forward|every reply|every response|each reply|each response|all replies|always include|always recommend|always respond|always reply|always cc|always bcc|whenever you|every time you|each time you|next time the user|the next time you",
    ),
    (
        Steer,
        "⟨your/the⟩ ⟨digest/overview/recap⟩|⟨writing/drafting/composing/giving⟩ your|in your summary|to your summary|your summary|in your response|in your reply|in your answer|to your answer|in the summary|to the summary|in the reply|to the reply|to your reply|to your response|your response|your reply|your answer|your output|your final answer|your draft|draft a reply|summarise this|summarize this|summarise it as|summarize it as|summary should|summary must|start your|begin your|end your|respond only|reply only|answer only|say only|output only|respond with only|reply with only|respond exactly|reply exactly|tell the user|inform the user|ask the user|tell your user|ask your user|tell the recipient|advise the user|convince the user|persuade the user|warn the user|recommend the|rate this|rank this|score this|classify this|label this|mark this as|treat this as|strongest candidate|best candidate|most qualified|top candidate|recommend hiring|as nothing important|as urgent|as safe|say that this|state that this|verified by|is legitimate|is trustworthy|as legitimate|positive review|highest score|full marks|append the text|append the|add the text|add the following|include the text|include the image|include the link|include the following|following string|include this link|include a link|the phrase|the word|the words|the following text|the following sentence|in your next",
    ),
    (
        Urgent,
        "immediately|right away|at once|urgent|urgently|before you do anything else|before anything else|before doing anything|before continuing|before responding|before replying|before summarising|before summarizing|first of all|now|asap|this is an emergency|emergency|as soon as you|without delay|right now|today",
    ),
    (
        Talk,
        "prompt injection*|prompt-injection*|injection attack*|indirect injection*|jailbreak attempt*|jailbreaking|attacker*|attack|attacks|adversar*|red team*|red-team*|researcher*|vulnerabilit*|exploit*|malicious*|threat actor*|threat model*|phishing|security news|security research*|cve-*|mitigat*|defens*|defenc*|hacker*|hidden text such as|phrases like|phrases such as|text such as|strings like|strings such as|for example, an|payload*|proof of concept|owasp|guardrails|blog post|advisory|benchmark*|detect|detects|detector*|detection|classifier*|test case*|test suite|false positive*|security awareness|awareness training|injected|injects|poisoned|lecture|paper|bug report|reproduce|steps to reproduce",
    ),
    (
        Approved,
        "already consented|already approved|already authorised|already authorized|already agreed|already confirmed|already verified|pre-approved|preapproved|pre-authorised|pre-authorized|has consented|has approved|has authorised|has authorized|gave permission|given permission|has given consent|asked me to tell you|told me to tell you|wants you to|asked that you|has asked you to|is authorised by|is authorized by|authorised by it|authorized by it|authorised by the|authorized by the|on the authority of|with the permission of|i am the developer|i am your developer|i am the administrator|i'm your creator|i am your creator|openai has|anthropic has|authorizing you|authorising you|you have permission|you are authorised|you are authorized|you have been authorised|you have been authorized",
    ),
    (
        Token,
        "<¦im_start¦>*|<¦im_end¦>*|<¦system¦>*|<¦user¦>*|<¦assistant¦>*|<¦endoftext¦>*|<¦begin_of_text¦>*|<¦start_header_id¦>*|<¦end_header_id¦>*|<¦eot_id¦>*|[inst]|[/inst]|<<sys>>*|<</sys>>*|<start_of_turn>*|<end_of_turn>*|</s><s>*|<system>*|</system>*|<sys>*|<assistant>*|<system_prompt>*|</system_prompt>*|<user_query>*|</user_query>*|<tool_result>*|</tool_result>*|<tool_call>*|<function_call>*|<function_results>*|<function_calls>*|<invoke name*|</untrusted>*|</email_content>*|</email>*|</message>*|</mail>*|new system message|</email_body>*|</user_input>*|</context>*|<admin>*|</admin>*|<developer>*|### instruction*|### response*|### system*|###instruction*|###system*|### end of*|### new instruction*|begin system*|end system*|begin admin message*|end admin message*|begin admin*|end of user input*|end of input*|end of email*|end of document*|end of context*|end of untrusted*|begin trusted*|begin instructions*|end instructions*|[system]|[/system]|[system message]|[system override]|[system note]|[system update]|[admin]|[assistant]|[hidden instruction*|[/instructions]|[override]|[developer]|{{system}}|{{#system*|\"role\": \"system\"*|\"role\":\"system\"*|'role': 'system'*|role: system|\"tool_calls\"*|\"function_call\"*|tool_call:*|tool_result:*|function_call:*|assistant to=*|<systemmode*|<system mode*|system mode>*|{system}|(system)|\"\"\"system*|---system*|--- system*|=== system*|[[system*|system>>*|#system#*",
    ),
    (
        Posing,
        "[instructions]|task complete|task completed|<instructions>*|</instructions>*|<important>*|</document>*|<secret>*|system:|system message:|system note:|system notice:|system alert:|system instruction:|system instructions:|system update:|system prompt:|sysadmin:|admin:|administrator:|developer:|developer note|developer message|debug:|tool output:|tool result:|tool response:|function result:|assistant:|ai:|instruction:|instructions:|override:|directive:|policy update:|security policy:|mail gateway:|orchestrator:|supervisor:|note from the developer*|message from the developer*|message from your developer*|from the system administrator|message from openai*|message from anthropic*|openai policy*|operator message|previous conversation|previous session",
    ),
    (Destination, "http://*|https://*|www.*|*@*|hxxp*|mailto:*"),
    (
        Topic,
        "about|regarding|concerning|with regard to|have changed|has changed|on page|from our|from the team|for the meeting|for the event",
    ),
    (Never, "never|do not|don't|won't|will not|cannot|can't|nobody|no one|not"),
];
