// An inbox: what came, what comes, what is written from it.

import { randomUUID } from "node:crypto";
import { Email } from "./email.js";
import type { Transport } from "./http.js";
import { Page } from "./page.js";
import { follow, type StreamOptions } from "./stream.js";
import type {
  ChangeInbox,
  Code,
  Email as EmailData,
  Inbox as InboxData,
  InjectionRisk,
  Key,
  Queued,
  SendEmail,
  StreamEvent,
  Thread,
} from "./types.js";

export interface ReceiveOptions {
  /** 1 to 100; 20 when absent. */
  limit?: number;
  cursor?: string;
  /** Only what became available later, ISO 8601. */
  since?: string;
  direction?: "inbound" | "outbound";
  from?: string;
  risk?: InjectionRisk;
  unread?: boolean;
}

export interface WaitOptions {
  /** The bare address of the sender. */
  from?: string;
  /** Something that the subject contains, or an expression that it fits. */
  subject?: string | RegExp;
  /** Whatever else it must be. */
  matches?: (email: Email) => boolean;
  /** Milliseconds; 60,000 when absent. */
  timeout?: number;
  signal?: AbortSignal;
}

export interface WaitForCodeOptions {
  /** Only from this address, or from this domain and those below it. */
  from?: string;
  /** Only of mail that became available later: the moment before you asked for the code. */
  since?: string | Date;
  /** Milliseconds; 60,000 when absent. */
  timeout?: number;
  signal?: AbortSignal;
}

export interface SendOptions extends Omit<SendEmail, "from" | "sendAt"> {
  /** When it is to leave, at most 30 days ahead; at once without it. */
  sendAt?: string | Date;
  /** With it a repeat is the same mail; made up for each call when absent. */
  idempotencyKey?: string;
}

/** The longest that the service lets a poll wait, in seconds. */
const POLL_SECONDS = 25;
/** How many mails that nobody waited for yet are remembered for who does later. */
const MOST_PASSED = 100;

export class Inbox {
  readonly id: string;
  readonly address: string;
  readonly displayName: string | null;
  readonly domain: string;
  readonly isActive: boolean;
  readonly emailCount: number;
  readonly expiresAt: string | null;
  readonly createdAt: string;
  /** The key of this inbox alone: the one for an agent. Told once, when the inbox was made; `createKey` mints another. */
  readonly token: string | undefined;
  readonly #http: Transport;
  /** The place up to which mail was looked at by `waitForEmail`; undefined: not yet known. */
  #after: number | undefined;
  /** What was looked at and not wanted by who waited then. */
  #passed: Email[] = [];

  constructor(data: InboxData, http: Transport, isNew = false) {
    this.id = data.id;
    this.address = data.address;
    this.displayName = data.displayName;
    this.domain = data.domain;
    this.isActive = data.isActive;
    this.emailCount = data.emailCount;
    this.expiresAt = data.expiresAt;
    this.createdAt = data.createdAt;
    this.token = data.token;
    this.#http = http;
    // Nothing that comes to a new inbox is missed, however late somebody begins to wait.
    this.#after = isNew ? 0 : undefined;
  }

  /** Mail that is there, newest first: an array with `.cursor`; `for await` goes on over the pages after it. */
  async receive(options: ReceiveOptions = {}): Promise<Page<Email>> {
    const found = await this.#http.call<{ data: EmailData[]; cursor?: string }>("listEmails", {
      path: { id: this.id },
      query: { ...options, unread: options.unread || undefined },
    });
    const emails = found.data.map((data) => new Email(data, this.#http));
    return new Page(emails, found.cursor, (cursor) => this.receive({ ...options, cursor }));
  }

  /** One mail with its text; marks it as read. */
  async getEmail(id: string): Promise<Email> {
    const data = await this.#http.call<EmailData>("getEmail", { path: { id: this.id, email: id } });
    return new Email(data, this.#http);
  }

  /**
   * Waits for the next mail that fits; null when none came in time. Each mail is handed out once by one inbox object. In an
   * inbox that was just made nothing is missed; in another one the first call looks at what comes from then on.
   */
  async waitForEmail(options: WaitOptions = {}): Promise<Email | null> {
    const { from, subject, matches, timeout = 60_000, signal } = options;
    const fits = (email: Email) =>
      (from === undefined || email.from.toLowerCase() === from.toLowerCase()) &&
      (subject === undefined || contains(email.subject, subject)) &&
      (matches === undefined || matches(email));
    const end = Date.now() + timeout;
    const known = this.#passed.findIndex(fits);
    if (known >= 0) return (this.#passed.splice(known, 1)[0] as Email).open();
    this.#after ??= (await this.receive({ limit: 1 }))[0]?.seq ?? 0;
    for (;;) {
      const left = Math.ceil((end - Date.now()) / 1_000);
      if (left <= 0) return null;
      const seconds = Math.min(left, POLL_SECONDS);
      const found = await this.#http.call<{ data: EmailData[] } | undefined>("pollEmails", {
        path: { id: this.id },
        query: { after: this.#after, timeout: seconds },
        timeout: (seconds + 10) * 1_000,
        signal,
      });
      // Newest first; who waits gets the oldest that fits.
      let wanted: Email | undefined;
      for (const data of (found?.data ?? []).reverse()) {
        const email = new Email(data, this.#http);
        this.#after = Math.max(this.#after, email.seq ?? 0);
        if (email.direction !== "inbound") continue;
        if (!wanted && fits(email)) wanted = email;
        else this.#passed.push(email);
      }
      this.#passed.splice(0, this.#passed.length - MOST_PASSED);
      if (wanted) return wanted.open();
    }
  }

  /**
   * Waits for a verification code, or a link that signs in or confirms: the newest; null when none came in time. Found by the
   * service, so years, prices and order numbers are none.
   */
  async waitForCode(options: WaitForCodeOptions = {}): Promise<Code | null> {
    const { from, since, timeout = 60_000, signal } = options;
    const end = Date.now() + timeout;
    for (;;) {
      const left = Math.ceil((end - Date.now()) / 1_000);
      if (left <= 0) return null;
      const seconds = Math.min(left, POLL_SECONDS);
      const found = await this.#http.call<Code | undefined>("waitForCode", {
        path: { id: this.id },
        query: { timeout: seconds, from, since: since instanceof Date ? since.toISOString() : since },
        timeout: (seconds + 10) * 1_000,
        signal,
      });
      if (found) return found;
    }
  }

  /** Sends a mail. It is queued when this returns; what becomes of it is told by events, and by its `status`. */
  async send(options: SendOptions): Promise<Queued> {
    const { idempotencyKey = randomUUID(), ...letter } = options;
    return this.#http.call<Queued>("sendEmail", { body: { from: this.address, ...letter }, idempotencyKey });
  }

  /** Takes a sent mail back, by its id, from everybody whom it did not reach; a `ConflictError` where that is nobody. */
  async cancel(id: string): Promise<Queued> {
    return this.#http.call<Queued>("cancelEmail", { path: { id: this.id, email: id } });
  }

  /**
   * What happens in the inbox, as it happens: `for await`. Connects again by itself, and goes on where it was; with `after`,
   * the id of an event, from there on.
   */
  stream(options: StreamOptions = {}): AsyncGenerator<StreamEvent, void, undefined> {
    return follow(this.#http, this.id, options);
  }

  /** Threads, the one that was written to last first. */
  async threads(options: { limit?: number; cursor?: string } = {}): Promise<Page<Thread>> {
    const path = { id: this.id };
    const found = await this.#http.call<{ data: Thread[]; cursor: string | null }>("listThreads", { path, query: options });
    return new Page(found.data, found.cursor, (cursor) => this.threads({ ...options, cursor }));
  }

  /** The mails of a thread, oldest first. */
  async thread(id: string, options: { limit?: number; cursor?: string } = {}): Promise<Page<Email>> {
    const path = { id: this.id, thread: id };
    const found = await this.#http.call<{ emails: EmailData[]; cursor: string | null }>("getThread", { path, query: options });
    const emails = found.emails.map((data) => new Email(data, this.#http));
    return new Page(emails, found.cursor, (cursor) => this.thread(id, { ...options, cursor }));
  }

  /** Changes what is given. */
  async update(changes: ChangeInbox): Promise<Inbox> {
    const data = await this.#http.call<InboxData>("changeInbox", { path: { id: this.id }, body: changes });
    return new Inbox(data, this.#http);
  }

  /** Mints a key for this inbox alone. */
  async createKey(name?: string): Promise<Key> {
    const body = name === undefined ? { inboxId: this.id } : { inboxId: this.id, name };
    return this.#http.call<Key>("createKey", { body });
  }

  /** Gives the inbox up, with its mail. */
  async delete(): Promise<void> {
    await this.#http.call("deleteInbox", { path: { id: this.id } });
  }
}

function contains(subject: string, wanted: string | RegExp): boolean {
  // `search` looks from the start, whatever an expression with the flag g remembers.
  return typeof wanted === "string" ? subject.includes(wanted) : subject.search(wanted) >= 0;
}
