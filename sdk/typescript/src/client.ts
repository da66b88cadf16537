// The way in: a client with its token.

import { randomUUID } from "node:crypto";
import { Email } from "./email.js";
import { MailwardError } from "./errors.js";
import { Transport } from "./http.js";
import { Inbox } from "./inbox.js";
import { Page } from "./page.js";
import { keepToken, keptToken, usualFile } from "./token.js";
import type {
  Account,
  CreateInbox,
  CreateKey,
  CreateWebhook,
  Domain,
  Email as EmailData,
  Event,
  Inbox as InboxData,
  Key,
  Redelivered,
  RotateKey,
  SignedUp,
  UsageByDay,
  Webhook,
} from "./types.js";

export interface MailwardOptions {
  /** The service; `MAILWARD_URL` of the environment, or `http://127.0.0.1:8080`, when absent. */
  baseUrl?: string;
  /** A token; `MAILWARD_TOKEN` of the environment, the token file, or signing up, when absent. */
  token?: string;
  /** Where a token is kept; `~/.mailward/token` when absent, nowhere when false. */
  tokenFile?: string | false;
  /** Whether to sign up where there is no token; true when absent. Services may not allow it. */
  signup?: boolean;
  /** Milliseconds that an answer may take; 30,000 when absent. */
  timeout?: number;
  /** How often a request that is safe to repeat is made again; 3 when absent. */
  retries?: number;
}

export interface SearchOptions {
  inboxId?: string;
  direction?: "inbound" | "outbound";
  /** Part of the sender's address or name. */
  from?: string;
  since?: string;
  until?: string;
  hasAttachments?: boolean;
  limit?: number;
  cursor?: string;
}

export class Mailward {
  /** The token in use. */
  readonly token: string;
  readonly #http: Transport;

  private constructor(token: string, http: Transport) {
    this.token = token;
    this.#http = http;
  }

  /** A client: with the token that is given, in the environment, or kept; or with a new tenant's, by signing up. */
  static async create(options: MailwardOptions = {}): Promise<Mailward> {
    const { signup = true, timeout, retries } = options;
    const baseUrl = (options.baseUrl ?? (process.env["MAILWARD_URL"] || "http://127.0.0.1:8080")).replace(/\/+$/, "");
    const file = options.tokenFile === false ? undefined : (options.tokenFile ?? usualFile());
    let token = options.token ?? (process.env["MAILWARD_TOKEN"] || undefined);
    if (!token && file) token = await keptToken(file, baseUrl);
    if (!token) {
      if (!signup) {
        const fix = "give `token`, or set MAILWARD_TOKEN";
        throw new MailwardError("there is no token", { code: "no_token", fix });
      }
      const http = new Transport({ baseUrl, timeout, retries });
      ({ token } = await http.call<SignedUp>("signUp"));
      if (file) await keepToken(file, baseUrl, token);
    }
    return new Mailward(token, new Transport({ baseUrl, token, timeout, retries }));
  }

  /** Plan, limits and use. */
  async account(): Promise<Account> {
    return this.#http.call<Account>("getAccount");
  }

  /** Makes an inbox. Safe to repeat after a lost answer; with a `clientId`, after a restart too. */
  async createInbox(options: CreateInbox = {}): Promise<Inbox> {
    const data = await this.#http.call<InboxData>("createInbox", { body: options, idempotencyKey: randomUUID() });
    // One that was found again by its `clientId` has mail that was seen before.
    return new Inbox(data, this.#http, data.token !== undefined || options.clientId === undefined);
  }

  /** Inboxes, newest first. */
  async inboxes(options: { limit?: number; cursor?: string; clientId?: string; address?: string } = {}): Promise<Page<Inbox>> {
    const found = await this.#http.call<{ data: InboxData[]; cursor?: string }>("listInboxes", { query: options });
    const inboxes = found.data.map((data) => new Inbox(data, this.#http));
    return new Page(inboxes, found.cursor, (cursor) => this.inboxes({ ...options, cursor }));
  }

  /** One inbox. */
  async inbox(id: string): Promise<Inbox> {
    return new Inbox(await this.#http.call<InboxData>("getInbox", { path: { id } }), this.#http);
  }

  /**
   * Mails that hold all of the words, newest first. One page looks at a bounded number of mails and may be empty while there
   * are more behind it: `for await` goes on to the end.
   */
  async search(words: string, options: SearchOptions = {}): Promise<Page<Email>> {
    const query = { ...options, q: words };
    const found = await this.#http.call<{ data: EmailData[]; pagination: { cursor: string | null } }>("searchEmails", { query });
    const emails = found.data.map((data) => new Email(data, this.#http));
    return new Page(emails, found.pagination.cursor, (cursor) => this.search(words, { ...options, cursor }));
  }

  /** What happened in the last 30 days, oldest first; behind the event `after`. `for await` goes on to the end. */
  async events(options: { after?: string; limit?: number } = {}): Promise<Page<Event>> {
    const found = await this.#http.call<{ data: Event[]; hasMore: boolean }>("listEvents", { query: options });
    const last = found.hasMore ? found.data.at(-1)?.id : undefined;
    return new Page(found.data, last, (after) => this.events({ ...options, after }));
  }

  /** Tells an event to the webhooks again, under its id. */
  async redeliver(event: string): Promise<Redelivered> {
    return this.#http.call<Redelivered>("redeliverEvent", { path: { event } });
  }

  /** What was used, day by day, in UTC: 30 days when nothing is said. */
  async usage(options: { from?: string; to?: string; inboxId?: string } = {}): Promise<UsageByDay> {
    return this.#http.call<UsageByDay>("getUsage", { query: options });
  }

  /** Names a domain of your own; `dnsRecords` says what its DNS must say. */
  async addDomain(domain: string): Promise<Domain> {
    return this.#http.call<Domain>("createDomain", { body: { domain } });
  }

  async domains(): Promise<Domain[]> {
    return (await this.#http.call<{ data: Domain[] }>("listDomains")).data;
  }

  async domain(id: string): Promise<Domain> {
    return this.#http.call<Domain>("getDomain", { path: { id } });
  }

  /** Looks at its DNS now. */
  async verifyDomain(id: string): Promise<Domain> {
    return this.#http.call<Domain>("verifyDomain", { path: { id } });
  }

  async deleteDomain(id: string): Promise<void> {
    await this.#http.call("deleteDomain", { path: { id } });
  }

  /** Mints a key that does no more than the one in use. */
  async createKey(options: CreateKey = {}): Promise<Key> {
    return this.#http.call<Key>("createKey", { body: options });
  }

  async keys(): Promise<Key[]> {
    return (await this.#http.call<{ data: Key[] }>("listKeys")).data;
  }

  async rotateKey(id: string, options: RotateKey = {}): Promise<Key> {
    return this.#http.call<Key>("rotateKey", { path: { id }, body: options });
  }

  async revokeKey(id: string): Promise<void> {
    await this.#http.call("revokeKey", { path: { id } });
  }

  /** Makes a webhook; its `secret` is told once. */
  async createWebhook(options: CreateWebhook): Promise<Webhook> {
    return this.#http.call<Webhook>("createWebhook", { body: options });
  }

  async webhooks(): Promise<Webhook[]> {
    return (await this.#http.call<{ data: Webhook[] }>("listWebhooks")).data;
  }

  async deleteWebhook(id: string): Promise<void> {
    await this.#http.call("deleteWebhook", { path: { id } });
  }
}
