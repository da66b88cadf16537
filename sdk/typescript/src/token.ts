// Where a token comes from, and where one is kept that signing up gave: `~/.mailward/token`, readable by its owner alone.

import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { MailwardError } from "./errors.js";

/** The usual place. */
export function usualFile(): string {
  return join(homedir(), ".mailward", "token");
}

/** The token that is kept for a service; undefined where there is none, or one of another service. */
export async function keptToken(file: string, baseUrl: string): Promise<string | undefined> {
  let text: string;
  try {
    const { mode } = await stat(file);
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      const fix = `chmod 600 ${file}, and rotate the token if somebody else may have read it`;
      throw new MailwardError(`others may read ${file}`, { code: "token_file_exposed", fix });
    }
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const [token, service] = text.split("\n");
  // A token is told to the service that gave it, and to no other.
  if (service && service !== baseUrl) return undefined;
  return token?.trim() || undefined;
}

/** Keeps a token: either the old file is there, or the whole new one. */
export async function keepToken(file: string, baseUrl: string, token: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const beside = `${file}.${randomBytes(6).toString("hex")}`;
  await writeFile(beside, `${token}\n${baseUrl}\n`, { mode: 0o600, flag: "wx" });
  await rename(beside, file);
}
