// Events of an inbox as they happen: server-sent events (WHATWG HTML 9.2), again and again from where the last one ended.

import { MailwardError } from "./errors.js";
import type { Transport } from "./http.js";
import type { StreamEvent } from "./types.js";

export interface StreamOptions {
  /** The id of an event: what came behind it is told first. From now on when absent. */
  after?: string;
  signal?: AbortSignal;
}

const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 8_000;
/** A service that is there says something every half minute at the latest; after this silence it is not. */
const SILENCE = 90_000;
/** Characters of one event, so that no server fills the memory. */
const MOST_CHARACTERS = 64 * 1024 * 1024;

/** Follows an inbox until the caller stops, or the service refuses. */
export async function* follow(http: Transport, inbox: string, options: StreamOptions): AsyncGenerator<StreamEvent, void, undefined> {
  const { signal } = options;
  let [after, failed] = [options.after, 0];
  for (;;) {
    try {
      for await (const { id, data } of events(http, inbox, after, signal)) {
        failed = 0;
        if (id) after = id;
        if (data) yield JSON.parse(data) as StreamEvent;
      }
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const status = error instanceof MailwardError ? error.status : undefined;
      // What is refused for good stays so; all else may be over in a moment.
      if (status !== undefined && status < 500 && ![408, 425, 429].includes(status)) throw error;
      failed += 1;
    }
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failed) * (0.5 + Math.random() / 2);
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (signal?.aborted) throw signal.reason;
  }
}

/** What one connection tells. */
async function* events(
  http: Transport,
  inbox: string,
  after: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ id: string; data: string }> {
  const stop = new AbortController();
  const abort = () => stop.abort(signal?.reason);
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  let silence = setTimeout(() => stop.abort(), SILENCE);
  try {
    const answer = await http.open("streamEvents", { path: { id: inbox }, query: { after } }, stop.signal);
    const decoder = new TextDecoder();
    let rest = "";
    for await (const bytes of answer) {
      clearTimeout(silence);
      silence = setTimeout(() => stop.abort(), SILENCE);
      rest += decoder.decode(bytes, { stream: true });
      if (rest.length > MOST_CHARACTERS) throw new Error("an event is too large");
      const blocks = rest.split("\n\n");
      rest = blocks.pop() as string;
      for (const block of blocks) yield parsed(block);
    }
  } finally {
    clearTimeout(silence);
    signal?.removeEventListener("abort", abort);
    stop.abort();
  }
}

/** One event; a comment has neither id nor data. */
function parsed(block: string): { id: string; data: string } {
  const event = { id: "", data: "" };
  for (const line of block.split("\n")) {
    const value = line.slice(line.indexOf(":") + 1).replace(/^ /, "");
    if (line.startsWith("id:")) event.id = value;
    else if (line.startsWith("data:")) event.data += event.data ? `\n${value}` : value;
  }
  return event;
}
