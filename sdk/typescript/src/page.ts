// A part of a list that knows how to get the next one.

/** A page: an array, with the cursor of the page after it. `for await` goes on over all pages that follow. */
export class Page<T> extends Array<T> {
  /** Ask with this for the next page; undefined: this was the last. */
  readonly cursor: string | undefined;
  readonly #next: ((cursor: string) => Promise<Page<T>>) | undefined;

  /** What `map` and `filter` make of a page is a plain array. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  constructor(items: readonly T[] = [], cursor?: string | null, next?: (cursor: string) => Promise<Page<T>>) {
    super();
    this.push(...items);
    this.cursor = cursor ?? undefined;
    this.#next = next;
  }

  /** The page after this one; undefined: there is none. */
  async next(): Promise<Page<T> | undefined> {
    return this.cursor && this.#next ? this.#next(this.cursor) : undefined;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (let page: Page<T> | undefined = this; page; page = await page.next()) yield* page.values();
  }
}
