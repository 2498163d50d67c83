/** Reads settings one by one from the environment, and what is wrong with them. Pure: files are read by the function handed in. */
import * as v from 'valibot';
import { FaultError } from './fault.ts';
import type { Rule } from './setting-rules.ts';
import { withoutSecrets } from './without-secrets.ts';

export type Environment = Record<string, string | undefined>;

/** Our names in the environment: what begins so and is not known is a misspelling. */
const OURS = /^(MQTT|BROKER|BRIDGE|CAMERA|GATEWAY)_|^(CAMERAS|DISCOVERY_PREFIX|DATA_DIR|LOG_LEVEL|LOG_FORMAT|FRAME_MAX_BYTES)(_FILE)?$/;

/** So much of a wrong value is repeated, in characters: enough to find it again. */
const MAX_SHOWN = 80;

/** Takes our settings, which may hold secrets, out of `env`, once they are read: ffmpeg and other programs that we start inherit it. */
export function forgetSettings(env: Environment): void {
  for (const name of Object.keys(env)) if (OURS.test(name)) delete env[name];
}

/** Collects faults while it reads, so that all are told at once. */
export class Reader {
  readonly #env: Environment;
  readonly #readFile: (path: string) => string;
  readonly #known = new Set<string>();
  readonly #faults: string[] = [];

  constructor(env: Environment, readFile: (path: string) => string) {
    this.#env = env;
    this.#readFile = readFile;
  }

  has(name: string): boolean {
    return Boolean(this.#env[name] || this.#env[`${name}_FILE`]);
  }

  get<T>(name: string, rule: Rule<T>, fallback: string): T;
  get<T>(name: string, rule: Rule<T>, fallback: undefined): T | undefined;
  get<T>(name: string, rule: Rule<T>, fallback: string | undefined): T | undefined {
    this.#known.add(name).add(`${name}_FILE`);
    const raw = this.#raw(name) ?? fallback;
    if (raw === undefined) return undefined;
    const { success, output } = v.safeParse(rule.read, raw);
    if (success) return output;
    const bare = withoutSecrets(raw);
    const shown = /PASSWORD|TOKEN/.test(name) ? '' : ` is "${bare.length > MAX_SHOWN ? `${bare.slice(0, MAX_SHOWN)}…` : bare}" and`;
    this.#faults.push(`${name}${shown} has to be ${typeof rule.right === 'string' ? rule.right : rule.right(bare)}`);
    return undefined;
  }

  fault(fault: string): void {
    this.#faults.push(fault);
  }

  finish(): void {
    for (const name of Object.keys(this.#env)) {
      if (OURS.test(name) && !this.#known.has(name)) this.#faults.push(`${name} is no setting${this.#likely(name)}`);
    }
    if (this.#faults.length === 0) return;
    const count = this.#faults.length === 1 ? 'one setting is' : `${this.#faults.length} settings are`;
    throw new FaultError(`${count} wrong:\n${this.#faults.map((fault) => `  - ${fault}`).join('\n')}`);
  }

  #raw(name: string): string | undefined {
    const file = this.#env[`${name}_FILE`];
    if (!file) return this.#env[name] || undefined;
    if (this.#env[name]) this.#faults.push(`${name} and ${name}_FILE are both set: set one of them`);
    try {
      return this.#readFile(file).replace(/\r?\n$/, '') || undefined;
    } catch (error) {
      this.#faults.push(`${name}_FILE names ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`);
      return undefined;
    }
  }

  /** The known name that differs least, if it is near enough to be what was meant. */
  #likely(name: string): string {
    const near = [...this.#known].map((known) => ({ known, far: distance(name, known) })).sort((a, b) => a.far - b.far)[0];
    return near && near.far <= 3 ? `; did you mean ${near.known}?` : '';
  }
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
