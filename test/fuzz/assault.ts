import { mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';

/** Connections of one batch, and how many of them are open at a time. */
const BATCH = 60;
const AT_ONCE = 12;
/** A peer that was told nonsense may think about it for so long, in ms; then it is left. */
const PATIENCE_MS = 250;

export interface Assault {
  name: string;
  port: number;
  input: fc.Arbitrary<Buffer[]>;
}

/** Writes one batch of inputs, each to a connection of its own, several at a time. @returns what was answered, and the inputs */
export async function assault({ port, input }: Assault, seed: number): Promise<{ answers: string[]; inputs: Buffer[][] }> {
  const inputs = fc.sample(input, { seed, numRuns: BATCH });
  const waiting = inputs.map((pieces, i) => ({ pieces, i }));
  const answers: string[] = [];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) answers.push(await write(port, next.pieces, next.i));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { answers, inputs };
}

/** Some connections are ended properly, some cut off, some left to the peer. @returns the first bytes of the answer */
async function write(port: number, pieces: Buffer[], i: number): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  let answer = '';
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {}); // it may be closed while we still write
  socket.on('data', (chunk: Buffer) => {
    if (answer.length < 64) answer += chunk.toString('latin1', 0, 64);
  });
  for (const piece of pieces) {
    if (socket.destroyed) break;
    socket.write(piece);
    await turn();
  }
  if (i % 3 === 0) socket.end();
  else if (i % 3 === 1) socket.destroySoon();
  const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
  await closed;
  clearTimeout(timer);
  return answer;
}

/** Keeps what was written, for a look at it. @returns where */
export function keepInputs(name: string, seed: number, inputs: Buffer[][]): string {
  const file = join(import.meta.dirname, '../.work/fuzz', `${name}-${seed}.json`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(inputs.map((pieces) => pieces.map((piece) => piece.toString('latin1')))));
  return file;
}
