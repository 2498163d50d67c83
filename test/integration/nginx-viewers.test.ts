/** Twenty MJPEG viewers behind nginx: a webcam of 1280x720, 160 kB and 30 frames a second, through ffmpeg, broker, gateway and nginx. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, startBehindNginx } from '../bench/stations.ts';
import { fakecamEnv } from '../helpers/fakecam.ts';
import { jpegFrames } from '../helpers/frames.ts';

const VIEWERS = 20;
const ROUNDS = 3;
const SECONDS = 4;

test('twenty viewers at 30 frames a second: none starves, and no picture is held up', async (t) => {
  const camera = await fakecamEnv(t, { dir: await jpegFrames({ count: 60 }), fps: 30, stamp: true });
  const station = await startBehindNginx(t, camera);
  const rounds = [];
  // The best of some rounds: what else the machine does in one of them says nothing of nginx. `npm run bench -- nginx` measures it at length.
  for (let round = 0; round < ROUNDS; round++) {
    const { fps_least, age_ms, skipped, closed } = await load(station, VIEWERS, SECONDS);
    rounds.push({ fps_least, p99: age_ms.p99 });
    t.diagnostic(`slowest viewer ${fps_least} fps, age p50 ${age_ms.p50} ms, p99 ${age_ms.p99} ms, ${skipped} frames skipped`);
    assert.equal(closed, 0);
    if (fps_least >= 28 && age_ms.p99 <= 50) return;
  }
  assert.fail(`no round had each viewer at 28 fps or more and a p99 of 50 ms or less: ${JSON.stringify(rounds)}`);
});
