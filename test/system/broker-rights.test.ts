import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import mqtt from 'mqtt';
import { startTestCamera } from '../helpers/camera-harness.ts';
import { defer } from '../helpers/cleanup.ts';
import { camerasOf } from '../helpers/jpeg-topics.ts';
import { makeUsers } from '../helpers/made-users.ts';
import { rightsTable, type TableUser, tableUsers } from '../helpers/rights-table.ts';
import { connectMqtt, type Received, receive, startTestBroker, startTestGateway } from '../helpers/services.ts';
import { until, untilEvent } from '../helpers/until.ts';
import { watchStream } from '../helpers/viewers.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

type Version = 4 | 5;
const versions: Version[] = [4, 5];

/** A broker with all users of the table, and one who may all. The bridge's own login is known to nobody outside. */
async function openTable(t: TestContext) {
  const dataDir = makeWorkDir(t);
  const made = await makeUsers(dataDir, Object.fromEntries(tableUsers.flatMap(({ name, may }) => (may ? [[name, may]] : []))));
  const bus = await startTestBroker(t, { DATA_DIR: dataDir });
  const loginOf = ({ name, may, clientId }: TableUser) => ({ ...(may ? made(name) : bus.login(name)), ...(clientId && { clientId }) });
  const connect = (user: TableUser, protocolVersion: Version, more: mqtt.IClientOptions = {}) =>
    connectMqtt(t, bus.url, { protocolVersion, ...loginOf(user), ...more });
  const boss = tableUsers.find(({ name }) => name === 'boss') as TableUser;
  const users = tableUsers.filter(({ name }) => name !== 'bridge');
  const rows = rightsTable.map(({ topic, cells }) => ({
    topic,
    cellOf: (user: TableUser) => cells.find((each) => each.user === user)?.cell ?? '-',
  }));
  return { bus, loginOf, connect, boss: await connect(boss, 5), users, rows };
}

/** Numbers and a Map, which show what is amiss better than one at a time. */
const sorted = (texts: Iterable<string>) => [...new Set(texts)].sort();
const textsOn = (received: Received[]) => received.map(({ payload }) => String(payload));

describe('the table of rights, walked by real clients', { concurrency: 3 }, () => {
  test('publish: what may not be is refused by MQTT 5, and goes nowhere by either', async (t) => {
    const { bus, connect, boss, users, rows } = await openTable(t);
    const heard = await receive(boss, '#');
    for (const version of versions) {
      const wanted: string[] = [];
      for (const user of users) {
        const client = await connect(user, version);
        for (const { topic, cellOf } of rows) {
          const text = `${user.name} ${user.clientId ?? ''} ${version} ${topic}`;
          const isWanted = cellOf(user).includes('p');
          if (isWanted) wanted.push(text);
          const published = client.publishAsync(topic, text, { qos: 1 });
          if (version === 5 && !isWanted) await assert.rejects(published, /Not authorized/, text);
          else await published;
        }
        assert.ok(client.connected, 'and nobody is closed for it');
        await client.endAsync();
      }
      await until('all that may be', () => heard.length >= wanted.length && textsOn(heard).includes(wanted.at(-1) ?? ''));
      const seen = textsOn(heard).filter((text) => text.includes(` ${version} `));
      assert.deepEqual(sorted(seen), sorted(wanted));
    }
    const refusals = bus.lines.filter(({ msg }) => msg.startsWith('a message was refused: the user reader may not'));
    assert.equal(refusals.length, 1, 'gathered');
    assert.match(String(refusals[0]?.remedy), /^give it the right \w+:.*npm run user -- may reader …$/);
  });

  test('read: by name, by wildcard as it comes, and what is retained', async (t) => {
    const { connect, boss, users, rows } = await openTable(t);
    const live = new Map<TableUser, Received[]>();
    for (const user of users) {
      const client = await connect(user, 5);
      for (const { topic, cellOf } of rows) {
        const subscribed = client.subscribeAsync(topic, { qos: 0 }).then(
          () => true,
          () => false,
        );
        assert.equal(await subscribed, cellOf(user).includes('r'), `${user.name} ${user.clientId ?? ''} ${topic}`);
      }
      await client.unsubscribeAsync(rows.map(({ topic }) => topic));
      live.set(user, rows.some(({ cellOf }) => cellOf(user).includes('r')) ? await receive(client, '#') : []);
    }
    const readable = rows.filter(({ topic }) => !topic.startsWith('$'));
    for (const { topic } of readable) await boss.publishAsync(topic, `of the boss`, { qos: 1, retain: true });
    for (const user of users) {
      const wanted = sorted(readable.filter(({ cellOf }) => cellOf(user).includes('r')).map(({ topic }) => topic));
      const topicsOf = (received: Received[]) =>
        sorted(received.map(({ topic }) => topic).filter((topic) => readable.some((row) => row.topic === topic)));
      await until(`all that ${user.name} may read`, () => topicsOf(live.get(user) ?? []).length >= wanted.length);
      assert.deepEqual(topicsOf(live.get(user) ?? []), wanted, user.name);
      for (const version of wanted.length > 0 ? versions : []) {
        const kept = await receive(await connect(user, version), '#');
        await until(`all that is kept for ${user.name}`, () => topicsOf(kept).length >= wanted.length);
        assert.deepEqual(topicsOf(kept), wanted, user.name);
      }
    }
  });

  test('will: who may not publish it does not come in', async (t) => {
    const { bus, loginOf, boss, users, rows } = await openTable(t);
    const heard = await receive(boss, '#');
    const wills = [
      'homeguard/front/status',
      'homeguard/front/controls/brightness/set',
      'homeguard/front/viewers/gateway-pi',
      'zigbee2mqtt/lamp',
    ];
    const wanted: string[] = [];
    for (const user of users) {
      for (const { topic, cellOf } of rows.filter((row) => wills.includes(row.topic))) {
        const text = `the will of ${user.name} ${user.clientId ?? ''} for ${topic}`;
        const connecting = mqtt.connectAsync(
          bus.url,
          {
            ...{ protocolVersion: 5, reconnectPeriod: 0, ...loginOf(user) },
            will: { topic, payload: Buffer.from(text), qos: 1, retain: false },
          },
          false,
        );
        if (!cellOf(user).includes('p')) {
          await assert.rejects(connecting, /Not authorized/, text);
          continue;
        }
        wanted.push(text);
        const client = await connecting;
        client.on('error', () => {});
        client.stream.destroy();
        await client.endAsync(true);
      }
    }
    await until('all wills', () => heard.length >= wanted.length);
    assert.deepEqual(sorted(textsOn(heard).filter((text) => text.startsWith('the will'))), sorted(wanted));
  });
});

describe('rights', { concurrency: 3 }, () => {
  test('a session of before brings what its user may read now, and no more', async (t) => {
    const dataDir = makeWorkDir(t);
    const login = await makeUsers(dataDir, { anna: ['read:front', 'read:door'] });
    const bus = await startTestBroker(t, { DATA_DIR: dataDir });
    const session = { clean: false, clientId: 'of anna', ...login('anna') };
    const first = await connectMqtt(t, bus.url, session);
    for (const filter of ['homeguard/+/state', 'homeguard/door/#']) await first.subscribeAsync(filter, { qos: 1 });
    await first.endAsync();
    const publisher = await connectMqtt(t, bus.url, bus.login('camera'));
    const tell = async (text: string) => {
      for (const camera of ['door', 'front']) await publisher.publishAsync(`homeguard/${camera}/state`, text, { qos: 1 });
    };
    await tell('while away');
    await makeUsers(dataDir, { anna: ['read:front'] });
    await until('the change', () => bus.lines.some(({ msg }) => msg.startsWith('the users have changed')), { ms: 3_000 });
    const heard: string[] = [];
    // What was kept comes right after the login.
    const again = mqtt.connect(bus.url, { ...session, reconnectPeriod: 0 });
    defer(t, () => again.endAsync(true).then(() => {}));
    again.on('message', (topic, payload) => topic.endsWith('/state') && heard.push(`${topic} ${payload}`));
    await untilEvent(again, 'connect');
    await tell('there again');
    await until('the last', () => heard.some((each) => each.endsWith('front/state there again')));
    assert.deepEqual(heard, ['homeguard/front/state while away', 'homeguard/front/state there again']);
  });

  test('frames flow for those who may see them: a wildcard of another user is no viewer, until it may', async (t) => {
    const dataDir = makeWorkDir(t);
    const login = await makeUsers(dataDir, { anna: ['read:front'] });
    const bus = await startTestBroker(t, { DATA_DIR: dataDir });
    const counts = await receive(await connectMqtt(t, bus.url, bus.login('homeassistant')), 'homeguard/+/viewers/broker');
    const last = (camera: string) => String(counts.findLast(({ topic }) => topic === `homeguard/${camera}/viewers/broker`)?.payload);
    const camera = await connectMqtt(t, bus.url, bus.login('camera'));
    for (const id of ['front', 'door']) await camera.publishAsync(`homeguard/${id}/status`, 'online', { qos: 1, retain: true });
    const anna = await receive(await connectMqtt(t, bus.url, login('anna')), 'homeguard/+/frame');
    await until('a viewer of front', () => last('front') === '1' && last('door') === '0');
    await makeUsers(dataDir, { anna: ['read:door'] });
    await until('a viewer of door', () => last('front') === '0' && last('door') === '1', { ms: 3_000 });
    for (const id of ['front', 'door']) await camera.publishAsync(`homeguard/${id}/frame`, 'a picture', { qos: 1 });
    await until('a frame', () => anna.length > 0);
    assert.deepEqual(
      anna.map(({ topic }) => topic),
      ['homeguard/door/frame'],
    );
  });

  test('our own services are refused nothing, nor is a camera service of another machine that is only this camera', async (t) => {
    const dataDir = makeWorkDir(t);
    const login = await makeUsers(dataDir, { shed: ['publish:garden'] });
    const bus = await startTestBroker(t, { DATA_DIR: dataDir });
    const { username, password } = login('shed');
    const gateway = await startTestGateway(t, bus);
    await startTestCamera(t, bus, { CAMERA_SOURCE: 'test', CAMERA_SIZE: '320x240' });
    const afar = { DATA_DIR: makeWorkDir(t), MQTT_USERNAME: username, MQTT_PASSWORD: password };
    await startTestCamera(t, bus, { CAMERA_ID: 'garden', CAMERA_SOURCE: 'test', CAMERA_SIZE: '320x240', ...afar });
    const seen = async () => (await camerasOf(gateway)).filter(({ online }) => online).map(({ id }) => id);
    await until('both cameras', async () => (await seen()).join() === 'camera,garden', { ms: 15_000 });
    const hub = await connectMqtt(t, bus.url, { protocolVersion: 5, ...bus.login('homeassistant') });
    const discovered = await receive(hub, 'homeassistant/device/+/config');
    await until('discovery of both', () => new Set(discovered.map(({ topic }) => topic)).size === 2, { ms: 15_000 });
    await hub.publishAsync('homeassistant/status', 'online', { qos: 1 });
    const replies = await receive(hub, 'replies/#');
    for (const id of ['camera', 'garden']) {
      const viewer = watchStream(t, `${gateway.url}cameras/${id}/stream`);
      await until(`frames of ${id}`, () => viewer.seen.length > 3, { ms: 15_000 });
      await hub.publishAsync(`homeguard/${id}/quality/set`, '50', { qos: 1, properties: { responseTopic: `replies/${id}` } });
    }
    await until(
      'both answers',
      () => replies.some(({ topic }) => topic === 'replies/camera') && replies.some(({ topic }) => topic === 'replies/garden'),
    );
    const commands = bus.lines.filter(({ msg }) => msg === 'a command was sent').map(({ who, topic, value }) => [who, topic, value]);
    assert.deepEqual(commands, [
      ['user homeassistant', 'homeguard/camera/quality/set', '50'],
      ['user homeassistant', 'homeguard/garden/quality/set', '50'],
    ]);
    assert.deepEqual(
      bus.lines.filter(({ msg }) => msg.includes('refused')),
      [],
    );
  });
});
