// One request to the service: its headers, its time, whether and when it is made again, and its error.

import { ConnectionError, MailwardError, errorOf } from "./errors.js";
import { operations, type Operation, type OperationId } from "./operations.js";

export interface TransportOptions {
  /** What URLs begin with, such as `https://mail.example.com`. */
  baseUrl: string;
  token?: string | undefined;
  /** Milliseconds that an answer may take. */
  timeout?: number | undefined;
  /** How often a request is made again at most. */
  retries?: number | undefined;
}

export interface Call {
  /** What stands in the places of the path. */
  path?: Record<string, string | number>;
  query?: Record<string, string | number | boolean | undefined>;
  body?: object;
  /** With it, a POST may be made again: the service does it once. */
  idempotencyKey?: string;
  /** Milliseconds, in place of the client's own. */
  timeout?: number;
  signal?: AbortSignal | undefined;
}

const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 8_000;
/** Who is told to wait longer than this, in milliseconds, is told so by an error. */
const LONGEST_RETRY_AFTER = 60_000;

export class Transport {
  readonly baseUrl: string;
  readonly #token: string | undefined;
  readonly #timeout: number;
  readonly #retries: number;

  constructor({ baseUrl, token, timeout = 30_000, retries = 3 }: TransportOptions) {
    this.baseUrl = baseUrl.replace(/\/+$/, "");
    this.#token = token;
    this.#timeout = timeout;
    this.#retries = retries;
  }

  /** The answer's JSON; undefined where the answer is that there is nothing (204). */
  async call<T>(id: OperationId, call: Call = {}): Promise<T> {
    const operation: Operation = operations[id];
    const url = this.baseUrl + path(operation, call.path ?? {}) + query(operation, call.query ?? {});
    for (let tried = 0; ; tried += 1) {
      try {
        return (await this.#once(operation, url, call)) as T;
      } catch (error) {
        const pause = tried < this.#retries ? pauseAfter(error, operation, call, tried) : undefined;
        if (pause === undefined) throw error;
        await sleep(pause, call.signal);
      }
    }
  }

  /** The body of an answer as it comes, once; not made again. */
  async open(id: OperationId, call: Call, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const operation: Operation = operations[id];
    const url = this.baseUrl + path(operation, call.path ?? {}) + query(operation, call.query ?? {});
    const headers: Record<string, string> = { accept: "text/event-stream" };
    if (this.#token) headers["authorization"] = `Bearer ${this.#token}`;
    try {
      const answer = await fetch(url, { headers, redirect: "error", signal });
      if (!answer.ok) throw await problem(answer);
      // Node's streams can be iterated over; the types of browsers do not know it yet.
      return (answer.body ?? []) as unknown as AsyncIterable<Uint8Array>;
    } catch (error) {
      throw error instanceof MailwardError ? error : noAnswer(error);
    }
  }

  /** The bytes at a signed link of the service, which needs no token and is given none. */
  async download(url: string): Promise<Uint8Array> {
    const signal = AbortSignal.timeout(this.#timeout);
    try {
      const answer = await fetch(url, { redirect: "error", signal });
      if (!answer.ok) throw await problem(answer);
      return new Uint8Array(await answer.arrayBuffer());
    } catch (error) {
      throw error instanceof MailwardError ? error : noAnswer(error);
    }
  }

  async #once(operation: Operation, url: string, call: Call): Promise<unknown> {
    const headers: Record<string, string> = { accept: "application/json" };
    if (this.#token) headers["authorization"] = `Bearer ${this.#token}`;
    if (call.body) headers["content-type"] = "application/json";
    if (call.idempotencyKey) headers["idempotency-key"] = call.idempotencyKey;
    const limit = AbortSignal.timeout(call.timeout ?? this.#timeout);
    // Joined by hand: AbortSignal.any is younger than Node 18.
    const both = new AbortController();
    const abort = () => both.abort(call.signal?.aborted ? call.signal.reason : limit.reason);
    limit.addEventListener("abort", abort);
    call.signal?.addEventListener("abort", abort);
    if (call.signal?.aborted) abort();
    try {
      const answer = await fetch(url, {
        method: operation.method,
        headers,
        body: call.body ? JSON.stringify(call.body) : null,
        // A token goes to the service that it is for, and nowhere else.
        redirect: "error",
        signal: both.signal,
      });
      if (!answer.ok) throw await problem(answer);
      if (answer.status === 204) return undefined;
      return await answer.json();
    } catch (error) {
      if (error instanceof MailwardError) throw error;
      if (call.signal?.aborted) throw call.signal.reason;
      throw noAnswer(error);
    } finally {
      limit.removeEventListener("abort", abort);
      call.signal?.removeEventListener("abort", abort);
    }
  }
}

/** Milliseconds until the next try; undefined: there shall be none. */
function pauseAfter(error: unknown, operation: Operation, call: Call, tried: number): number | undefined {
  if (!(error instanceof MailwardError)) return undefined;
  const { status, retryAfter } = error;
  // Who was refused for asking too often was not served, whatever was asked.
  const wasNotDone = status === 429;
  const isSafe = operation.method === "GET" || operation.method === "DELETE" || call.idempotencyKey !== undefined;
  const mayPass = error instanceof ConnectionError || [408, 502, 503, 504].includes(status ?? 0);
  if (!(wasNotDone || (isSafe && mayPass))) return undefined;
  if (retryAfter !== undefined) {
    const told = retryAfter * 1_000;
    // A little later than told, and not all at once.
    return told > LONGEST_RETRY_AFTER ? undefined : told + Math.random() * FIRST_PAUSE;
  }
  return Math.random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** tried);
}

function path(operation: Operation, values: Record<string, string | number>): string {
  return operation.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined || value === "") throw new TypeError(`${name} is missing`);
    return encodeURIComponent(value);
  });
}

function query(operation: Operation, values: Record<string, string | number | boolean | undefined>): string {
  const known = new URLSearchParams();
  for (const name of operation.query ?? []) {
    const value = values[name];
    if (value !== undefined) known.set(name, String(value));
  }
  const text = known.toString();
  return text && `?${text}`;
}

async function problem(answer: Response): Promise<MailwardError> {
  const body: unknown = await answer.json().catch(() => undefined);
  const seconds = Number(answer.headers.get("retry-after") ?? NaN);
  return errorOf(answer.status, body, Number.isFinite(seconds) ? seconds : undefined);
}

function noAnswer(error: unknown): ConnectionError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = `no answer from the service: ${cause instanceof Error ? cause.message : String(cause)}`;
  const fix = "see that baseUrl is right and the service runs";
  return new ConnectionError(message, { code: "connection_error", fix, cause: error });
}

async function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted) stop();
  });
}
