import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Camera } from '../../services/gateway/camera.ts';
import { CamerasList, LIST_MS } from '../../services/gateway/cameras-list.ts';
import { ownAddress, pageAddress } from '../../services/gateway/page-address.ts';
import { Sighting } from '../../services/gateway/sighting.ts';

const button = { type: 'button', label: 'b' } as const;
const number = { type: 'number', label: 'n', value: 1, default: 1, min: 0, max: 9, step: 1 } as const;

function setUp() {
  const told: { id: string; [name: string]: unknown }[][] = [];
  const list = new CamerasList('homeguard', (json) => told.push(JSON.parse(json)));
  const camera = new Camera('front');
  camera.setStatus('online');
  camera.setState(JSON.stringify({ condition: 'idle', format: { width: 640, height: 480, fps: 30 } }));
  return { list, told, camera };
}

test('told when it has changed, at most once a second, and not again when it has not', () => {
  const { list, told, camera } = setUp();
  list.tick(0, () => [camera]);
  assert.equal(told.length, 0);
  for (let now = 0; now < LIST_MS; now += 100) {
    list.changed(now);
    list.tick(now, () => [camera]);
  }
  assert.equal(told.length, 0);
  list.tick(LIST_MS, () => [camera]);
  assert.equal(told.length, 1);
  list.changed(2_000);
  list.tick(5_000, () => [camera]);
  assert.equal(told.length, 1, 'nothing was different');
  camera.setState(JSON.stringify({ condition: 'live', format: { width: 640, height: 480, fps: 15 } }));
  list.changed(6_000);
  list.tick(7_000, () => [camera]);
  assert.deepEqual(
    told.map(([first]) => first?.condition),
    ['idle', 'live'],
  );
  list.changed(8_000);
  list.tick(9_000, () => []);
  assert.deepEqual(told.at(-1), []);
});

test('rates and counts are not in it', () => {
  const { list, told, camera } = setUp();
  for (const fps of [10, 20, 30]) {
    camera.setState(JSON.stringify({ condition: 'live', since: String(fps), format: { width: 640, height: 480, fps } }));
    list.changed(fps * 1_000);
    list.tick(fps * 1_000 + LIST_MS, () => [camera]);
  }
  assert.equal(told.length, 1);
});

test('settings with the topics they have: a button has no value, what is read-only is not set', () => {
  const { list, told, camera } = setUp();
  const settings = { fps: number, 'controls/focus': { ...number, readOnly: true }, 'controls/reset_pan': button };
  camera.setState(JSON.stringify({ condition: 'live', settings }));
  list.changed(0);
  list.tick(LIST_MS, () => [camera]);
  const base = 'homeguard/front';
  assert.deepEqual(told[0]?.[0]?.settings, {
    fps: { topic: `${base}/fps`, set: `${base}/fps/set` },
    'controls/focus': { topic: `${base}/controls/focus` },
    'controls/reset_pan': { set: `${base}/controls/reset_pan/set` },
    snapshot: { set: `${base}/snapshot/set` },
    restart: { set: `${base}/restart/set` },
    reset: { set: `${base}/reset/set` },
  });
});

test('one that only sends pictures has a topic for these, and its status if it tells one', () => {
  const { list, told } = setUp();
  const camera = new Camera('door');
  camera.sighting = new Sighting('homeguard/door/frame', 0, () => 0);
  const see = (now: number) => {
    list.changed(now);
    list.tick(now + LIST_MS, () => [camera]);
    return told.at(-1)?.[0]?.topics;
  };
  assert.deepEqual(see(0), { frame: 'homeguard/door/frame' });
  camera.setStatus('online');
  assert.deepEqual(see(5_000), { frame: 'homeguard/door/frame', status: 'homeguard/door/status' });
});

test('the page: the address that is set, else the machine by its name if others reach it', () => {
  const place = { host: 'raspberrypi', isContainer: false, port: 8080 };
  const at = (host: string, url?: string) => ({ host, url, basePath: '/cams/' });
  assert.equal(pageAddress(at('127.0.0.1', 'https://cams.example.org/'), place), 'https://cams.example.org/');
  assert.equal(pageAddress(at('0.0.0.0'), place), 'http://raspberrypi.local:8080/cams/');
  assert.equal(pageAddress(at('192.168.1.2'), { ...place, host: 'pi.lan' }), 'http://pi.lan:8080/cams/');
  for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '::1']) assert.equal(pageAddress(at(host), place), null, host);
  assert.equal(pageAddress(at('0.0.0.0'), { ...place, isContainer: true }), null);
  assert.equal(ownAddress(at('127.0.0.1'), place), 'http://raspberrypi.local:8080/cams/');
});
