// A mail, and what can be done with it.

import { randomUUID } from "node:crypto";
import { NotFoundError } from "./errors.js";
import type { Transport } from "./http.js";
import type {
  Attachment,
  AttachmentLink,
  Email as EmailData,
  Extraction,
  Queued,
  SafeEmail,
  Security,
  SendAttachment,
} from "./types.js";

export interface ReplyOptions {
  text: string;
  html?: string;
  /** Copies to everybody the mail was for, too. */
  replyAll?: boolean;
  attachments?: SendAttachment[];
  /** When it is to leave, at most 30 days ahead; at once without it. */
  sendAt?: string | Date;
  /** With it a repeat is the same mail; made up for each call when absent. */
  idempotencyKey?: string;
}

export interface ForwardOptions {
  to: string[];
  cc?: string[];
  bcc?: string[];
  /** What is said above it. */
  text?: string;
  /** Whether its files go along; they do unless this is false. */
  attachments?: boolean;
  /** When it is to leave, at most 30 days ahead; at once without it. */
  sendAt?: string | Date;
  /** With it a repeat is the same mail; made up for each call when absent. */
  idempotencyKey?: string;
}

export interface SafeOptions {
  /** Characters of the sender's text, 100 to 32,000; 16,000 when absent. */
  maxCharacters?: number;
  /** Tokens of it, as estimated, 100 to 32,000. */
  maxTokens?: number;
  /** From which character on: `nextOffset` of the part before. */
  offset?: number;
}

/** A mail. Everything its sender wrote is untrusted: give `safeBody()` to a model, never `body`. */
export class Email {
  readonly id: string;
  readonly inboxId: string;
  /** Its place in its inbox. */
  readonly seq: number | null;
  readonly direction: "inbound" | "outbound";
  /** The bare address. */
  readonly from: string;
  readonly fromName: string | null;
  readonly to: string[];
  readonly cc: string[] | null;
  readonly subject: string;
  readonly preview: string | null;
  /** The text; null until the mail was opened. */
  body: string | null;
  html: string | null;
  /** What is new in the text, without the mails it quotes and without its signature; null until the mail was opened. */
  extractedText: string | null;
  readonly isRead: boolean;
  readonly hasAttachments: boolean;
  readonly threadId: string | null;
  readonly attachments: Attachment[];
  /** How it was judged: `injectionRisk` is `low`, `medium`, `high` or `unknown`. */
  readonly security: Security;
  /** Of what was sent: how it fares. */
  readonly status: string | null;
  /** Whether a machine sent it by itself, so that nobody should answer. */
  readonly automated: boolean;
  readonly createdAt: string;
  readonly receivedAt: string | null;
  readonly #http: Transport;

  constructor(data: EmailData, http: Transport) {
    this.id = data.id;
    this.inboxId = data.inboxId;
    this.seq = data.seq;
    this.direction = data.direction;
    this.from = data.from;
    this.fromName = data.fromName;
    this.to = data.to;
    this.cc = data.cc;
    this.subject = data.subject;
    this.preview = data.preview;
    this.body = data.body;
    this.html = data.html ?? null;
    this.extractedText = data.extractedText ?? null;
    this.isRead = data.isRead;
    this.hasAttachments = data.hasAttachments;
    this.threadId = data.threadId;
    this.attachments = data.attachments;
    this.security = data.security;
    this.status = data.status;
    this.automated = data.automated;
    this.createdAt = data.createdAt;
    this.receivedAt = data.receivedAt;
    this.#http = http;
  }

  /** Fetches the text, once; marks the mail as read. */
  async open(): Promise<this> {
    if (this.body === null) {
      const path = { id: this.inboxId, email: this.id };
      const data = await this.#http.call<EmailData>("getEmail", { path });
      this.body = data.body ?? "";
      this.html = data.html ?? null;
      this.extractedText = data.extractedText ?? null;
    }
    return this;
  }

  /**
   * The mail as one text for a prompt: between lines that its sender could not foresee, without what is hidden, with links
   * saying where they lead.
   */
  async safeBody(options: SafeOptions = {}): Promise<string> {
    return (await this.safe(options)).safeBody;
  }

  /** The same with what is needed to ask for the rest of a long one. */
  async safe(options: SafeOptions = {}): Promise<SafeEmail> {
    const path = { id: this.inboxId, email: this.id };
    return this.#http.call<SafeEmail>("getEmail", { path, query: { ...options, view: "safe" } });
  }

  /** Answers it, in its conversation: to its `Reply-To`, else its author. Not for `automated` mail: nobody is there to read it. */
  async reply(options: ReplyOptions): Promise<Queued> {
    const { text, html, idempotencyKey = randomUUID(), ...rest } = options;
    const path = { id: this.inboxId, email: this.id };
    return this.#http.call<Queued>("replyEmail", { path, body: { body: { text, html }, ...rest }, idempotencyKey });
  }

  /** Passes its text on, with its files, as a conversation of its own. */
  async forward(options: ForwardOptions): Promise<Queued> {
    const { idempotencyKey = randomUUID(), ...body } = options;
    const path = { id: this.inboxId, email: this.id };
    return this.#http.call<Queued>("forwardEmail", { path, body, idempotencyKey });
  }

  /** Takes a mail that was sent back from everybody whom it did not reach; a `ConflictError` where that is nobody. */
  async cancel(): Promise<Queued> {
    return this.#http.call<Queued>("cancelEmail", { path: { id: this.inboxId, email: this.id } });
  }

  /** Finds the facts in it: codes, links, contacts, dates, amounts, events, what can be done. Nothing leaves the service. */
  async extract(): Promise<Extraction> {
    return this.#http.call<Extraction>("extractEmail", { path: { id: this.inboxId, email: this.id } });
  }

  /** The facts that were found before; null: nobody asked. */
  async extraction(): Promise<Extraction | null> {
    const path = { id: this.inboxId, email: this.id };
    return this.#http.call<Extraction>("getExtraction", { path }).catch((error: unknown) => {
      if (error instanceof NotFoundError) return null;
      throw error;
    });
  }

  /** A link to an attachment that works without a token for a quarter of an hour. */
  async attachmentLink(index: number): Promise<AttachmentLink> {
    const path = { id: this.inboxId, email: this.id, index };
    return this.#http.call<AttachmentLink>("getAttachment", { path });
  }

  /** The bytes of an attachment. */
  async download(index: number): Promise<Uint8Array> {
    const link = await this.attachmentLink(index);
    return this.#http.download(link.downloadUrl);
  }
}
