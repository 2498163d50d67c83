import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { defer, type Scope } from './cleanup.ts';

export interface Subscription {
  port: number;
  username: string;
  password: string;
  topic: string;
  /** By MQTT 5 each picture comes with its properties; by 3.1.1 there is nothing but JPEG files in a row. */
  version: 5 | '3.1.1';
  /** It rests so long after each piece that it reads (64 kB), in ms: then mosquitto_sub cannot write, and does not read, either. */
  restMs?: number;
}

/** What comes: a JPEG, and by MQTT 5 `seq:… t:…`. */
type Take = (jpeg: Buffer, user?: string) => void;

const EOI = Buffer.from([0xff, 0xd9]);
const SOI = Buffer.from([0xff, 0xd8]);
/** A longer row without an end is no JPEG. */
const MAX_BYTES = 16 << 20;

/** A real mosquitto_sub, until the test ends or `stop` is called; that fails when it had anything to say. */
export function startMosquittoSub(t: Scope, subscription: Subscription, take: Take): { stop(): Promise<void> } {
  const { port, username, password, topic, version, restMs = 0 } = subscription;
  const login = ['-h', '127.0.0.1', '-p', String(port), '-u', username, '-P', password];
  const form = version === 5 ? ['-V', 'mqttv5', '-F', '%l %P\n%p'] : ['-V', 'mqttv311'];
  const child = spawn('mosquitto_sub', [...login, ...form, '-N', '-t', topic], { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-10_000);
  });
  const exited = once(child, 'exit');
  const read = async () => {
    const cut = version === 5 ? cutLengths : cutEnds;
    let held: Buffer = Buffer.alloc(0);
    for await (const bytes of child.stdout as AsyncIterable<Buffer>) {
      held = cut(held.length > 0 ? Buffer.concat([held, bytes]) : bytes, take);
      if (held.length > MAX_BYTES) throw new Error(`mosquitto_sub wrote ${held.length} bytes without an end`);
      if (restMs > 0) await sleep(restMs);
    }
  };
  const done = read();
  done.catch(() => {}); // stop() tells it
  defer(t, async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const stop = async () => {
    if (child.exitCode !== null) throw new Error(`mosquitto_sub ended with ${child.exitCode}: ${complaint}`);
    child.kill('SIGKILL');
    await exited;
    if (restMs === 0) await done;
    if (complaint) throw new Error(`mosquitto_sub said: ${complaint}`);
  };
  return { stop };
}

/** Takes all whole JPEG files that stand in a row, and gives the rest. EOI stands at their ends only: every 0xff in a scan is stuffed (ITU T.81, F.1.2.3). */
function cutEnds(bytes: Buffer, take: Take): Buffer {
  let [start, from] = [0, 0];
  for (;;) {
    const end = bytes.indexOf(EOI, from);
    if (end < 0) return bytes.subarray(start);
    from = end + 2;
    if (from < bytes.length && !bytes.subarray(from, from + 2).equals(SOI.subarray(0, bytes.length - from))) continue;
    take(bytes.subarray(start, from));
    start = from;
  }
}

/** Takes all whole pictures, each behind a line with its length and its properties, and gives the rest. */
function cutLengths(bytes: Buffer, take: Take): Buffer {
  let rest = bytes;
  for (;;) {
    const line = rest.indexOf('\n');
    if (line < 0) return rest;
    const [, length, user = ''] = /^(\d+) (.*)$/.exec(rest.toString('latin1', 0, line)) ?? [];
    if (!length)
      throw new Error(`mosquitto_sub wrote '${rest.toString('latin1', 0, Math.min(line, 100))}' where a picture's length belongs`);
    const end = line + 1 + Number(length);
    if (end > rest.length) return rest;
    take(rest.subarray(line + 1, end), user);
    rest = rest.subarray(end);
  }
}
