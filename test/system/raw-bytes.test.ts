/** Broken bytes at the ports of running services, for a few seconds; `npm run fuzz` goes on for longer. */
import { test } from 'node:test';
import { Victims } from '../fuzz/victims.ts';

const MS = 4_000;

test('broken packets, requests and WebSocket frames: who behaves is served on, no fault of ours is told, and memory stays', async (t) => {
  const victims = await Victims.start(t);
  const first = Math.floor(Math.random() * 2 ** 30);
  for (let seed = first, end = performance.now() + MS; performance.now() < end; seed++) await victims.suffer(seed);
});
