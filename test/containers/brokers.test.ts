/** The containers beside a broker that the house has already: bridged to it, or with it in place of ours. */
import assert from 'node:assert/strict';
import { before, type TestContext, test } from 'node:test';
import { type Mosquitto, startMosquitto } from '../helpers/mosquitto.ts';
import { connectMqtt, receive } from '../helpers/services.ts';
import { buildImages, makeStack } from '../helpers/stack.ts';
import { until } from '../helpers/until.ts';
import { frame, STARTED_MS } from './watch.ts';

const login = { username: 'house', password: 'the password of the house' };
const camera = { environment: { CAMERA_SOURCE: 'test' } };

before(buildImages);

/** A Mosquitto on this machine, as containers and as we reach it, and all that comes to it. */
async function startHouse(t: TestContext): Promise<{ house: Mosquitto; url: string; seen: (topic: string) => string | undefined }> {
  const house = await startMosquitto(t, { users: { [login.username]: login.password }, address: '0.0.0.0' });
  const client = await connectMqtt(t, house.url, login);
  const messages = await receive(client, '#');
  const seen = (topic: string) => messages.findLast((message) => message.topic === topic)?.payload.toString('latin1');
  return { house, url: `mqtt://host.docker.internal:${house.port}`, seen };
}

test('BRIDGE_URL: the camera is at the house broker, takes its commands, and is offline there when the stack goes', async (t) => {
  const { house, url, seen } = await startHouse(t);
  const stack = await makeStack(t, {
    env: { BRIDGE_URL: url, BRIDGE_USERNAME: login.username, BRIDGE_PASSWORD: login.password },
    // On a network the house's broker has an address; this machine's own is not to be known beforehand.
    change: { services: { camera, broker: { extra_hosts: ['host.docker.internal:host-gateway'] } } },
  });
  await stack.up();
  await until('the camera', () => seen('homeguard/camera/status') === 'online', { ms: STARTED_MS });
  await until('its picture', () => seen('homeguard/camera/preview')?.startsWith('\xff\xd8'), { ms: STARTED_MS });
  await until('its discovery', () => seen('homeassistant/device/homeguard_camera/config'));
  const client = await connectMqtt(t, house.url, login);
  await client.publishAsync('homeguard/camera/capture/set', 'OFF', { qos: 1 });
  await until('the value', () => seen('homeguard/camera/capture') === 'OFF');
  assert.equal((await stack.camera()).condition, 'off');
  await stack.compose('stop', 'broker');
  await until('offline', () => seen('homeguard/camera/status') === 'offline');
});

test('a broker in place of ours, with its file in deploy/docker: the picture comes, and ours does not run', async (t) => {
  const { url, seen } = await startHouse(t);
  const stack = await makeStack(t, {
    files: ['deploy/docker/other-broker.yaml'],
    env: { MQTT_URL: url, MQTT_USERNAME: login.username, MQTT_PASSWORD: login.password },
    change: { services: { camera } },
  });
  await stack.up();
  await frame(stack, STARTED_MS);
  assert.equal(seen('homeguard/camera/status'), 'online');
  assert.equal(await stack.container('broker'), '');
});
