import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { readFrames } from '../helpers/fake-camera.ts';
import { camerasOf, figureOf, publishJpegs, type View, viewOf } from '../helpers/jpeg-topics.ts';
import { connectMqtt, receive, startTestBroker, startTestGateway } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';

const size = { width: 320, height: 240 };
const frames = await readFrames({ ...size, count: 10, bytes: 20_000 });
const door = { camera: 'door' };

/** Sets the monotonic clock of this process forward. */
function setForward(t: TestContext): (ms: number) => void {
  const now = performance.now.bind(performance);
  let ahead = 0;
  t.mock.method(performance, 'now', () => now() + ahead);
  return (ms) => {
    ahead += ms;
  };
}

test('nobody watches: a few pictures in ten seconds; silent, back, and gone after ten minutes', async (t) => {
  const bus = await startTestBroker(t);
  const gateway = await startTestGateway(t, bus);
  const connect = () => connectMqtt(t, bus.url, { protocolVersion: 4, ...bus.login('camera') });
  const publisher = await connect();
  const listed = await receive(await connectMqtt(t, bus.url, bus.login('homeassistant')), 'homeguard/cameras');
  const lists = () => listed.map(({ payload }) => JSON.parse(payload.toString()) as View[]);
  const taken = async () => (await figureOf(gateway, 'homeguard_gateway_frames_received_total', door)) ?? 0;
  const pause = publishJpegs(t, publisher, 'door', frames, 30);
  await until('rate', async () => ((await viewOf(gateway, 'door'))?.fps ?? 0) > 12);
  const sent = performance.now();
  await until('a second', () => performance.now() - sent > 1_000);
  assert.ok((await taken()) <= 6, `${await taken()} pictures of more than 30`);
  const ahead = setForward(t);
  for (const looks of [2, 3]) {
    ahead(10_000);
    await until(`look ${looks}`, async () => (await taken()) >= looks * 5);
    assert.ok((await taken()) <= looks * 6);
  }
  pause();
  // What was under way has come before the clock goes forward: a picture behind it would be a sign of life.
  await publisher.publishAsync('replies/fence', '', { qos: 1 });
  const before = await taken();
  await until('nothing under way', async () => (await taken()) === before);
  ahead(10_000);
  ahead(5_500);
  const silent = await until('silence', async () => {
    const view = await viewOf(gateway, 'door');
    return view?.condition === 'no-frames' && view;
  });
  assert.deepEqual([silent.fps, silent.online, silent.size, silent.format], [0, false, size, null]);
  const again = publishJpegs(t, publisher, 'door', frames);
  await until('it is back', async () => (await viewOf(gateway, 'door'))?.condition === 'live');
  again();
  await until('the list of cameras', () => lists().at(-1)?.[0]?.condition === 'live');
  ahead(590_000);
  await until('silence', async () => (await viewOf(gateway, 'door'))?.condition === 'no-frames');
  await until('the list of cameras', () => lists().at(-1)?.[0]?.condition === 'no-frames');
  ahead(11_000);
  await until('it has gone', async () => (await camerasOf(gateway)).length === 0);
  assert.equal(await figureOf(gateway, 'homeguard_camera_up', door), undefined);
  await until('the list of cameras', () => lists().at(-1)?.length === 0);
  const last = publishJpegs(t, publisher, 'door', frames);
  await until('it is back', async () => (await viewOf(gateway, 'door'))?.condition === 'live');
  // As `npm run forget` does: no sign of one that sends pictures, but the end of one that is silent.
  const forget = () => publisher.publishAsync('homeguard/door/viewers/broker', '', { qos: 1, retain: true });
  await forget();
  last();
  ahead(15_500);
  await until('silence', async () => (await viewOf(gateway, 'door'))?.condition === 'no-frames');
  await forget();
  await until('it has gone', async () => (await camerasOf(gateway)).length === 0);
});
