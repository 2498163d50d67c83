/**
 * Reads of what the kernel and /etc show, for which "it cannot be read" is an answer, too. They come from memory, so they do not wait:
 * that is ten times as fast.
 */
import { closeSync, openSync, readdirSync, readlinkSync, readSync, realpathSync } from 'node:fs';

/** No more of a file is read: where a school keeps all its people in /etc/passwd, it may be large. */
const MAX_BYTES = 1 << 20;
const CHUNK_BYTES = 64 << 10;

/** The beginning of a file; empty when it cannot be read. */
export function peekText(file: string): string {
  try {
    const handle = openSync(file, 'r');
    try {
      return readAll(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    return '';
  }
}

/** Files of /proc come page by page, and have no size. */
function readAll(handle: number): string {
  const chunks: Buffer[] = [];
  for (let size = 0; size < MAX_BYTES; ) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const length = readSync(handle, chunk);
    if (length === 0) break;
    chunks.push(chunk.subarray(0, length));
    size += length;
  }
  return Buffer.concat(chunks).toString();
}

/** The names in a folder; none when it cannot be read. */
export function peekNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** What a link says, whether or not that is a file; empty when it is none. */
export function peekLink(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}

/** Where a path leads to in the end; empty when nowhere. */
export function peekPlace(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return '';
  }
}
