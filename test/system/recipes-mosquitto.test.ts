/** deploy/mosquitto/homeguard.conf as it stands, in a real Mosquitto that fetches from our broker. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { MqttClient } from 'mqtt';
import { readStamp } from '../../services/shared/contract.ts';
import { readSecret } from '../../services/shared/secrets.ts';
import { type CameraBus, type FakeCamera, readFrames, startCamera } from '../helpers/fake-camera.ts';
import { freePort } from '../helpers/free-port.ts';
import { type Mosquitto, startMosquitto } from '../helpers/mosquitto.ts';
import { deployed } from '../helpers/nginx.ts';
import { stamped } from '../helpers/pictures.ts';
import { startProgram } from '../helpers/program.ts';
import { connectMqtt, type Received, receive, startTestBroker, type TestBroker } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const [frame = Buffer.alloc(0)] = await readFrames({ width: 320, height: 240, count: 10, bytes: 20_000 });
const discovery = 'homeassistant/device/homeguard_front/config';

type Place = { BROKER_PORT: string; DATA_DIR: string };

interface House {
  bus: CameraBus;
  camera: FakeCamera;
  mosquitto: Mosquitto;
  /** In Mosquitto, by MQTT 5. */
  client: MqttClient;
  received: Received[];
}

const findPlace = async (t: TestContext): Promise<Place> => ({ BROKER_PORT: String(await freePort()), DATA_DIR: makeWorkDir(t) });

/** A house with a Mosquitto, and HomeGuard's broker in this process. */
async function setUp(t: TestContext): Promise<House & { bus: TestBroker }> {
  const place = await findPlace(t);
  const bus = await startTestBroker(t, place);
  return { ...(await furnish(t, place, bus)), bus };
}

/** @param bus HomeGuard's broker, which has begun */
async function furnish(t: TestContext, env: Place, bus: CameraBus): Promise<House> {
  const camera = await startCamera(t, { url: bus.url, login: bus.login }, 'front', [frame]);
  camera.takeCommands({}, ({ wanted }) => ({ value: wanted }));
  const config = deployed('mosquitto/homeguard.conf', {
    'homeguard.local:1883': `127.0.0.1:${env.BROKER_PORT}`,
    'remote_password PASSWORD': `remote_password ${readSecret(env.DATA_DIR, 'mqtt-homeassistant')}`,
  });
  const mosquitto = await startMosquitto(t, { lines: config.split('\n') });
  const client = await connectMqtt(t, mosquitto.url, { protocolVersion: 5 });
  return { bus, camera, mosquitto, client, received: await receive(client, '#') };
}

const last = ({ received }: House, topic: string) => received.filter((message) => message.topic === topic).at(-1)?.payload;

function sendPreview({ camera }: House, seq: number): boolean {
  const stamp = { seq, t: Date.now() * 1000 };
  return camera.bus.publishPicture(camera.topics.preview, stamped(frame, seq, stamp.t), stamp, { expirySeconds: 10 });
}

/** What somebody finds there who comes now. */
async function retained(t: TestContext, { mosquitto }: House, topic: string): Promise<string | undefined> {
  const received = await receive(await connectMqtt(t, mosquitto.url), topic);
  await until(`retained ${topic}`, () => received.length > 0);
  return received[0]?.retain ? received[0].payload.toString() : undefined;
}

test('previews, states and discovery are fetched, what is retained stays retained, and no frame comes', async (t) => {
  const house = await setUp(t);
  const { camera, received } = house;
  camera.bus.announce(discovery, '{"device":{}}');
  await until('the status', () => last(house, camera.topics.status)?.equals(Buffer.from('online')));
  await until('the preview', () => sendPreview(house, 7) && last(house, camera.topics.preview));
  assert.deepEqual(readStamp(last(house, camera.topics.preview) ?? frame)?.seq, 7);
  const preview = received.find(({ topic }) => topic === camera.topics.preview);
  assert.deepEqual([preview?.properties?.contentType, preview?.properties?.userProperties?.seq], ['image/jpeg', '7']);
  camera.setState('no-device', { cause: 'It was unplugged.' });
  await until('the state', () => last(house, camera.topics.state)?.includes('no-device'));
  assert.match((await retained(t, house, camera.topics.state)) ?? '', /"condition":"no-device"/);
  assert.equal(await retained(t, house, discovery), '{"device":{}}');
  assert.equal(await retained(t, house, 'homeguard/_bridge/connected'), '1');
  camera.send();
  await camera.sendSnapshot(frame, 8);
  await until('the snapshot, behind the frame', () => last(house, camera.topics.snapshot));
  assert.equal(last(house, camera.topics.frame), undefined);
  assert.deepEqual(
    house.bus.lines.filter(({ msg }) => /refused|fault/.test(msg)),
    [],
  );
});

test('a command comes through once and is answered, and so does the word that Home Assistant has started', async (t) => {
  const house = await setUp(t);
  const { camera, client } = house;
  const births = await receive(await connectMqtt(t, house.bus.url, house.bus.login('homeassistant')), 'homeassistant/status');
  await until('the status', () => last(house, camera.topics.status));
  await client.publishAsync(camera.topics.set('controls/brightness'), '160', { qos: 1 });
  await client.publishAsync('homeassistant/status', 'online');
  await until('the answer', () => last(house, camera.topics.answer));
  await until('the birth', () => births.length > 0);
  await client.publishAsync(camera.topics.set('fps'), '5', { qos: 1 });
  await until('the next one', () => camera.commands.length >= 2);
  // By now a message that goes round in a circle would have come again.
  assert.deepEqual(camera.commands, [
    { setting: 'controls/brightness', wanted: '160' },
    { setting: 'fps', wanted: '5' },
  ]);
  assert.equal(births.length, 1);
});

test("HomeGuard's broker dies and comes back: so does the bridge, and it says so", async (t) => {
  const place = await findPlace(t);
  const start = async () => {
    const program = startProgram(t, { main: 'services/broker/main.ts', env: place });
    await program.outputMatching(/the message bus is open/);
    return program;
  };
  const broker = await start();
  const login = (username: string) => ({ username, password: readSecret(place.DATA_DIR, `mqtt-${username}`) });
  const house = await furnish(t, place, { url: `mqtt://127.0.0.1:${place.BROKER_PORT}`, login });
  const stands = () => last(house, 'homeguard/_bridge/connected')?.toString();
  await until('the status', () => last(house, house.camera.topics.status));
  await broker.end();
  await until('word of it', () => stands() === '0');
  await start();
  await until('the bridge', () => stands() === '1', { ms: 20_000 });
  const came = () => readStamp(last(house, house.camera.topics.preview) ?? frame)?.seq === 9;
  await until('the next preview', () => sendPreview(house, 9) && came(), { ms: 20_000 });
});
