import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Camera } from '../../services/gateway/camera.ts';
import { Channel } from '../../services/gateway/channel.ts';
import { createMetrics } from '../../services/gateway/metrics.ts';
import { Refusals } from '../../services/gateway/refusals.ts';
import { TelemetryBook } from '../../services/gateway/telemetry.ts';
import { keepLog } from '../helpers/kept-log.ts';
import { tinyJpeg } from '../helpers/pictures.ts';
import { parseMetrics, sampleOf } from '../helpers/prometheus.ts';

const telemetry = { fps: 29.9, frames: 900, dropped: 3, corrupt: 1, bytes: 9_000, restarts: 2, viewers: 1, uptime_s: 30, memory: 5e7 };
const drops = { 'bus-away': 2, 'bus-busy': 1, 'cut-off': 1 };
const front = { camera: 'front' };

function setUp(...ids: string[]) {
  const channels = ids.map((id) => {
    const camera = new Camera(id);
    camera.online = true;
    camera.setState(JSON.stringify({ condition: 'live' }));
    return new Channel(camera, () => {});
  });
  const book = new TelemetryBook('homeguard');
  const hub = { channels, connections: 1, telemetry: book, trouble: null as string | null };
  const refusals = new Refusals(keepLog().log);
  const metrics = createMetrics({ hub, refusals });
  const tell = (id: string, values: object, now = performance.now()) =>
    book.take(`homeguard/${id}/telemetry`, Buffer.from(JSON.stringify(values)), (known) => ids.includes(known), now);
  return { hub, book, channels, refusals, tell, scrape: async () => parseMetrics(await metrics.text()) };
}

test('what is not known has no sample, and what has not happened is 0', async () => {
  const { scrape } = setUp('front');
  const seen = await scrape();
  assert.equal(sampleOf(seen, 'homeguard_gateway_frames_received_total', front), 0);
  assert.equal(sampleOf(seen, 'homeguard_gateway_refused_total', { reason: 'full' }), 0);
  for (const name of ['homeguard_gateway_frame_age_seconds', 'homeguard_camera_frames_total', 'homeguard_broker_clients']) {
    assert.deepEqual(seen.get(name)?.samples, [], name);
  }
  assert.deepEqual((await setUp().scrape()).get('homeguard_camera_up')?.samples, []);
});

test('frames, bytes and age of the newest as they come, drops by cause', async () => {
  const { channels, scrape } = setUp('front', 'door');
  const [channel] = channels;
  for (const seq of [1, 2, 3]) channel?.receive(tinyJpeg({ seq, t: Date.now() * 1000 - 500_000, size: 200 }));
  channel?.receive(Buffer.from('no picture'));
  const seen = await scrape();
  assert.equal(sampleOf(seen, 'homeguard_gateway_frames_received_total', front), 3);
  assert.equal(sampleOf(seen, 'homeguard_gateway_received_bytes_total', front), 600);
  assert.equal(sampleOf(seen, 'homeguard_gateway_frames_received_total', { camera: 'door' }), 0);
  const age = sampleOf(seen, 'homeguard_gateway_frame_age_seconds', front) ?? 0;
  assert.ok(age > 0.49 && age < 0.6, String(age));
  const cause = (name: string) => sampleOf(seen, 'homeguard_gateway_frames_dropped_total', { ...front, cause: name });
  assert.deepEqual([cause('no-jpeg'), cause('off')], [1, 0]);
  channel?.camera.setState(JSON.stringify({ condition: 'off' }));
  channel?.receive(tinyJpeg());
  assert.equal(sampleOf(await scrape(), 'homeguard_gateway_frames_dropped_total', { ...front, cause: 'off' }), 1);
});

test('one condition is 1, all others 0, also those that only a gateway sees', async () => {
  const { hub, channels, scrape } = setUp('front');
  const now = async () =>
    (await scrape())
      .get('homeguard_camera_condition')
      ?.samples.filter(({ value }) => value === 1)
      .map(({ labels }) => labels.condition);
  assert.deepEqual(await now(), ['live']);
  const [channel] = channels;
  if (channel) channel.camera.online = false;
  assert.deepEqual(await now(), ['offline']);
  assert.equal(sampleOf(await scrape(), 'homeguard_camera_up', front), 0);
  hub.trouble = 'gone';
  channel?.changed('gone');
  assert.deepEqual(await now(), ['bus-lost']);
  assert.equal(sampleOf(await scrape(), 'homeguard_gateway_bus_connected'), 0);
  assert.equal((await scrape()).get('homeguard_camera_condition')?.samples.length, 13);
});

test('telemetry of cameras and broker; a counter that starts again does so here, and who falls silent is not made up', async () => {
  const { tell, scrape } = setUp('front');
  tell('front', { ...telemetry, drops });
  tell('_broker', {
    clients: 3,
    frames_in: 7,
    frames_out: 14,
    dropped: 1,
    slow_closed: 0,
    logins_refused: 2,
    memory: 6e7,
    uptime_s: 9,
    bridge: 1,
  });
  const seen = await scrape();
  assert.equal(sampleOf(seen, 'homeguard_camera_frames_total', front), 900);
  assert.equal(sampleOf(seen, 'homeguard_camera_frames_per_second', front), 29.9);
  assert.equal(sampleOf(seen, 'homeguard_camera_resident_memory_bytes', front), 5e7);
  for (const [cause, count] of Object.entries(drops)) {
    assert.equal(sampleOf(seen, 'homeguard_camera_frames_dropped_total', { ...front, cause }), count);
  }
  assert.equal(seen.get('homeguard_camera_frames_dropped_total')?.samples.length, 3);
  assert.equal(sampleOf(seen, 'homeguard_broker_frames_sent_total'), 14);
  assert.equal(sampleOf(seen, 'homeguard_broker_logins_refused_total'), 2);
  assert.equal(sampleOf(seen, 'homeguard_broker_bridge_connected'), 1);
  assert.deepEqual(seen.get('homeguard_broker_subscriptions')?.samples, [], 'it did not tell');
  tell('front', { ...telemetry, frames: 4 });
  assert.equal(sampleOf(await scrape(), 'homeguard_camera_frames_total', front), 4);
  tell('front', telemetry, performance.now() - 101_000);
  tell('_broker', { clients: 3 }, performance.now() - 101_000);
  const later = await scrape();
  assert.deepEqual([later.get('homeguard_camera_frames_total')?.samples, later.get('homeguard_broker_clients')?.samples], [[], []]);
});

test('telemetry of another publisher: without causes, with nonsense, of nobody', () => {
  const { book, tell } = setUp('front');
  tell('front', { frames: 5, dropped: 2, corrupt: 1, fps: 'many', restarts: -1, viewers: null });
  assert.deepEqual(book.camera('front', performance.now())?.figures, { frames: 5, dropped: 2, corrupt: 1 });
  assert.deepEqual(book.camera('front', performance.now())?.drops, { dropped: 2, corrupt: 1 });
  const causes = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`c${i}`, i]));
  tell('front', { drops: { 'a "b"': 1, [`x${'y'.repeat(40)}`]: 1, ...causes } });
  assert.equal(Object.keys(book.camera('front', performance.now())?.drops ?? {}).length, 16);
  assert.ok(!Object.keys(book.camera('front', performance.now())?.drops ?? {}).some((cause) => /["y]/.test(cause)));
  const before = book.camera('front', performance.now());
  for (const junk of ['', 'null', '[', '7', '"x"', `{"frames":1,"x":"${'y'.repeat(5000)}"}`]) {
    book.take('homeguard/front/telemetry', Buffer.from(junk), () => true, performance.now());
  }
  assert.equal(book.camera('front', performance.now()), before);
  tell('door', telemetry);
  assert.equal(book.camera('door', performance.now()), null);
});

test('refusals are counted, and logged once a minute', () => {
  const { log, lines } = keepLog();
  const refusals = new Refusals(log);
  for (let i = 0; i < 50; i++) refusals.add('full', { client: `10.0.0.${i}` });
  refusals.add('no-login');
  assert.deepEqual([refusals.counts.full, refusals.counts['no-login'], refusals.counts['other-origin']], [50, 1, 0]);
  assert.deepEqual(
    lines.map(({ reason, client }) => [reason, client]),
    [
      ['full', '10.0.0.0'],
      ['no-login', undefined],
    ],
  );
});
