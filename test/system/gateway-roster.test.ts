import assert from 'node:assert/strict';
import os from 'node:os';
import { describe, type TestContext, test } from 'node:test';
import { defer } from '../helpers/cleanup.ts';
import { readFrames, startCamera } from '../helpers/fake-camera.ts';
import { freePort } from '../helpers/free-port.ts';
import { camerasOf, publishJpegs, type View, viewOf } from '../helpers/jpeg-topics.ts';
import { smallJpeg } from '../helpers/pictures.ts';
import { connectMqtt, type Env, receive, startTestBroker, startTestGateway, type TestGateway } from '../helpers/services.ts';
import { until, within } from '../helpers/until.ts';
import { bearer, openLive, watchStream } from '../helpers/viewers.ts';

const frames = await readFrames({ width: 320, height: 240, count: 10, bytes: 20_000 });
const [picture = Buffer.alloc(0)] = frames;
const settings = { fps: { type: 'number', label: 'Frames', value: 15, default: 30, min: 1, max: 30, step: 1 } } as const;

async function setUp(t: TestContext, env: Env = {}) {
  const bus = await startTestBroker(t);
  const gateway = await startTestGateway(t, bus, env);
  const client = await connectMqtt(t, bus.url, { protocolVersion: 4, ...bus.login('camera') });
  const publish = (topic: string, payload: string | Buffer, retain = true) => client.publishAsync(topic, payload, { qos: 1, retain });
  const listed = await receive(await connectMqtt(t, bus.url, bus.login('homeassistant')), 'homeguard/cameras');
  const list = () => JSON.parse(listed.at(-1)?.payload.toString() ?? '[]') as View[];
  return { bus, gateway, client, publish, listed, list };
}

const ids = async (gateway: TestGateway) => (await camerasOf(gateway)).map(({ id }) => id);
describe('which cameras there are', { concurrency: 4 }, () => {
  test('the list on the bus: every camera with the topics and settings it has, and quiet as long as nothing changes', async (t) => {
    const { bus, client, listed, list } = await setUp(t);
    // Two gateways tell the same, and neither answers the other. Their ports tell them apart.
    const other = await startTestGateway(t, bus, { GATEWAY_PORT: String(await freePort()) });
    const front = await startCamera(t, bus, 'front', frames);
    front.takeCommands(settings);
    front.play();
    publishJpegs(t, client, 'door', [picture]);
    const topics = (id: string, ...names: string[]) => Object.fromEntries(names.map((name) => [name, `homeguard/${id}/${name}`]));
    await until(
      'both',
      () => {
        assert.deepEqual(list(), [
          {
            ...{ id: 'door', name: 'door', online: true, condition: 'live', size: { width: 320, height: 240 } },
            ...{ topics: topics('door', 'frame'), settings: {} },
          },
          {
            ...{ id: 'front', name: 'Fake Webcam', online: true, condition: 'live', size: { width: 320, height: 240 } },
            topics: topics('front', 'frame', 'preview', 'snapshot', 'status', 'state', 'telemetry', 'answer'),
            settings: {
              fps: { topic: 'homeguard/front/fps', set: 'homeguard/front/fps/set' },
              snapshot: { set: 'homeguard/front/snapshot/set' },
              restart: { set: 'homeguard/front/restart/set' },
              reset: { set: 'homeguard/front/reset/set' },
            },
          },
        ]);
        return true;
      },
      { ms: 8_000 },
    );
    await until('the other’s list, which is the same', async () => listed.length >= 2 && (await ids(other)).length === 2);
    const told = listed.length;
    const payload = listed.at(-1)?.payload.toString();
    for (let i = 0; i < 3; i++) front.setState('live', { settings, since: new Date(i).toISOString() });
    front.setState('no-device', { settings });
    await until('a change', () => list().find(({ id }) => id === 'front')?.condition === 'no-device');
    front.setState('live', { settings });
    await until('and back', () => listed.at(-1)?.payload.toString() === payload);
    assert.ok(listed.length <= told + 4, `${listed.length - told} lists for two changes, of two gateways`);
    const late = await receive(await connectMqtt(t, bus.url, bus.login('homeassistant')), 'homeguard/cameras');
    await until('the retained list', () => late[0]?.retain);
  });

  test('a camera that is forgotten goes, with its viewers; it may come back', async (t) => {
    const { bus, gateway, publish, list } = await setUp(t);
    const { url } = gateway;
    const front = await startCamera(t, bus, 'front', frames);
    front.play();
    await startCamera(t, bus, 'back', frames);
    await until('both', async () => (await ids(gateway)).length === 2 && list().length === 2, { ms: 8_000 });
    const counts = await receive(await connectMqtt(t, bus.url, bus.login('homeassistant')), 'homeguard/front/viewers/#');
    const stream = watchStream(t, `${url}cameras/front/stream`);
    const live = await openLive(t, `${url}cameras/front/ws`);
    const all = await openLive(t, `${url}ws`, { named: true });
    all.say({ watch: ['front', 'back'] });
    await until('pictures', () => [stream.seen, live.pictures, all.pictures].every((seen) => seen.length > 3));
    const closed = new Promise((resolve) => live.socket.once('close', (code, reason) => resolve([code, String(reason)])));
    await front.kill();
    await until('offline', async () => (await viewOf(gateway, 'front'))?.condition === 'offline');
    assert.deepEqual(await ids(gateway), ['back', 'front'], 'one that is away is not gone');
    for (const topic of ['status', 'state']) await publish(`homeguard/front/${topic}`, '');
    await until('it has gone', async () => (await ids(gateway)).join() === 'back' && list().length === 1);
    await within('end of the stream', stream.ended);
    assert.deepEqual(await within('end of the WebSocket', closed), [1001, 'the camera "front" was removed from the message bus']);
    await until('word of it', () => all.messages.some(({ detail }) => detail === 'the camera "front" was removed from the message bus'));
    assert.equal(all.socket.readyState, all.socket.OPEN, 'it watches the other one');
    const metrics = await (await fetch(`${url}metrics`, { headers: bearer })).text();
    assert.ok(!metrics.includes('camera="front"') && metrics.includes('camera="back"'));
    assert.equal((await fetch(`${url}cameras/front/snapshot`, { headers: bearer })).status, 404);
    await until('its counts to be cleared', () => {
      const last = Object.fromEntries(counts.map(({ topic, payload }) => [topic, payload.toString()]));
      return Object.values(last).length === 2 && Object.values(last).every((count) => count === '');
    });
    const again = await startCamera(t, bus, 'front', frames);
    again.play();
    await until('it is back', async () => (await viewOf(gateway, 'front'))?.online);
    const viewer = watchStream(t, `${url}cameras/front/stream`);
    await until('pictures', () => viewer.seen.some(({ stamp }) => stamp));
  });

  test('whoever tells a state is no bare camera any more, offline or not; a state that is none changes nothing', async (t) => {
    const { bus, gateway, client, publish } = await setUp(t);
    publishJpegs(t, client, 'front', [picture]);
    await until('front', async () => (await viewOf(gateway, 'front'))?.condition === 'live');
    await publish('homeguard/front/state', 'ON');
    await until('complaint', () => gateway.lines.some(({ msg }) => /state that cannot be read/.test(msg)));
    assert.equal((await viewOf(gateway, 'front'))?.condition, 'live');
    // As ESPHome does: a status of its own, and pictures.
    await publish('homeguard/front/status', 'offline');
    await until('offline', async () => (await viewOf(gateway, 'front'))?.condition === 'offline');
    await publish('homeguard/front/status', 'online');
    await until('live', async () => (await viewOf(gateway, 'front'))?.condition === 'live');
    const camera = await startCamera(t, bus, 'front', frames);
    camera.setState('idle', { settings });
    await until('its settings', async () => Object.keys((await viewOf(gateway, 'front'))?.settings ?? {}).length === 1);
    await camera.kill();
    await until('offline', async () => (await viewOf(gateway, 'front'))?.condition === 'offline');
  });

  test('a picture that the broker has kept is no sign of life, and is shown to nobody; the next one is', async (t) => {
    const { bus, gateway, publish } = await setUp(t);
    const { url } = gateway;
    const [, other = picture] = frames;
    await publish('homeguard/door/frame', picture);
    await until('the broker’s word of it', async () => {
      const told = await receive(await connectMqtt(t, bus.url, bus.login('homeassistant')), 'homeguard/door/viewers/broker');
      return await until('count', () => told.length > 0);
    });
    const asked = performance.now();
    await until('a second', () => performance.now() - asked > 1_000);
    assert.deepEqual(await ids(gateway), []);
    await publish('homeguard/door/frame', other);
    await until('door', async () => (await ids(gateway)).join() === 'door');
    for (let i = 0; i < 6; i++) await publish('homeguard/door/frame', picture);
    // The look is over, so a viewer subscribes anew, and gets what was kept.
    const viewer = watchStream(t, `${url}cameras/door/stream`);
    const isDropped = async () =>
      (await (await fetch(`${url}metrics`, { headers: bearer })).text()).includes('{camera="door",cause="retained"} 1');
    await until('the kept one to be dropped', isDropped);
    assert.equal(viewer.seen.length, 0);
    await publish('homeguard/door/frame', other);
    await until('a picture', () => viewer.seen.some(({ jpeg }) => jpeg.equals(other)));
    // It can be forgotten, too, though it never told a status; if it sends a picture, it is found again.
    await publish('homeguard/door/status', '');
    await until('it has gone', async () => (await ids(gateway)).length === 0);
    await within('end of its viewer', viewer.ended);
    await until('it is back', async () => (await publish('homeguard/door/frame', other, false)) && (await ids(gateway)).length === 1);
  });

  test('a thousand ids keep no camera out that tells of itself', async (t) => {
    const { bus, gateway, client } = await setUp(t);
    const small = smallJpeg({ width: 640, height: 480 });
    const flood = () => {
      for (let i = 0; i < 1_000; i++) client.publish(`homeguard/c${i}/frame`, small);
    };
    const timer = setInterval(flood, 200);
    defer(t, () => clearInterval(timer));
    await until('as many as there may be', async () => (await ids(gateway)).length === 64);
    const camera = await startCamera(t, bus, 'front', frames);
    camera.play();
    await until('front', async () => (await viewOf(gateway, 'front'))?.online);
    assert.ok((await ids(gateway)).length <= 64);
    const viewer = watchStream(t, `${gateway.url}cameras/front/stream`);
    await until('pictures', () => viewer.seen.length > 5);
  });

  test('the address of the page: the one that is set, else the machine’s name where others reach it', async (t) => {
    const { bus } = await setUp(t);
    const told = await receive(await connectMqtt(t, bus.url, bus.login('homeassistant')), 'homeguard/_gateway/page');
    const last = () => told.at(-1)?.payload.toString();
    await startTestGateway(t, bus, { GATEWAY_URL: 'https://cams.example.org/x/' });
    await until('address', () => last() === 'https://cams.example.org/x/');
    const other = await startTestGateway(t, bus);
    const own = `http://${os.hostname()}${os.hostname().includes('.') ? '' : '.local'}:${other.gateway.address.port}/`;
    const publisher = await connectMqtt(t, bus.url, bus.login('gateway'));
    await publisher.publishAsync('homeguard/_gateway/page', own, { qos: 1, retain: true });
    await until('what it could not have said to be taken back', () => last() === '');
    await publisher.publishAsync('homeguard/_gateway/page', 'http://another/', { qos: 1, retain: true });
    await until('another’s', () => last() === 'http://another/');
  });
});
