import { readFileSync } from 'node:fs';
import path from 'node:path';

/** From here to the package's folder, in the tree and in what is built of it. */
const MAX_LEVELS = 4;

/** HomeGuard's version, as its package.json tells it; `unknown` where that is not there. */
export function readVersion(): string {
  for (let dir = import.meta.dirname, levels = 0; levels < MAX_LEVELS; dir = path.dirname(dir), levels++) {
    try {
      const { name, version } = JSON.parse(readFileSync(path.join(dir, 'package.json'), 'utf8'));
      if (name === 'homeguard') return String(version);
    } catch {
      // Not in this folder: it is looked for above.
    }
  }
  return 'unknown';
}
