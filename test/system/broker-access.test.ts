import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import mqtt from 'mqtt';
import { Accounts } from '../../services/shared/accounts.ts';
import { defer } from '../helpers/cleanup.ts';
import { makeUsers } from '../helpers/made-users.ts';
import { connectRaw, openRaw } from '../helpers/raw-mqtt.ts';
import { rightsTable, type TableUser, tableUsers } from '../helpers/rights-table.ts';
import { connectMqtt, type Received, receive, startTestBroker, type TestBroker } from '../helpers/services.ts';
import { until, untilEvent } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

type Version = 4 | 5;
const versions: Version[] = [4, 5];

/** The code of the CONNACK that refuses; `let in` when it does not. */
async function refusal({ url }: TestBroker, protocolVersion: Version, login: mqtt.IClientOptions): Promise<unknown> {
  try {
    const client = await mqtt.connectAsync(url, { protocolVersion, reconnectPeriod: 0, ...login }, false);
    await client.endAsync(true);
    return 'let in';
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

for (const version of versions) {
  const words = version === 5 ? 'MQTT 5' : 'MQTT 3.1.1';

  test(`${words}: a wrong password, an unknown user and nobody are refused, each of the own users gets in`, async (t) => {
    const bus = await startTestBroker(t);
    const right = bus.login('camera');
    // 3.1.1: 5 not authorized; 5: 135 not authorized, 134 bad user name or password.
    const codes = version === 5 ? [134, 135] : [4, 5];
    for (const login of [{ ...right, password: 'wrong' }, { ...right, username: 'other' }, { username: 'camera' }, {}, { username: '' }]) {
      const code = await refusal(bus, version, login);
      assert.ok(codes.includes(Number(code)), `${JSON.stringify(login)}: ${code}`);
    }
    for (const user of ['camera', 'gateway', 'homeassistant']) assert.equal(await refusal(bus, version, bus.login(user)), 'let in');
    const refused = bus.lines.filter(({ msg }) => msg.startsWith('login refused'));
    assert.equal(refused.length, 1, 'a flood of them is one line a minute');
    assert.ok(!JSON.stringify(bus.lines).includes(String(right.password)), 'no password is logged');
  });

  test(`${words}: BROKER_AUTH=off lets anyone in, and says so`, async (t) => {
    const bus = await startTestBroker(t, { BROKER_AUTH: 'off' });
    assert.equal(await refusal(bus, version, {}), 'let in');
    assert.equal(await refusal(bus, version, { username: 'camera', password: 'wrong' }), 'let in');
    assert.ok(bus.lines.some(({ msg }) => msg.startsWith('BROKER_AUTH is off')));
  });

  test(`${words}: $SYS is refused to readers and writers, and no wildcard reaches it`, async (t) => {
    const bus = await startTestBroker(t);
    const reader = await connectMqtt(t, bus.url, { protocolVersion: version, ...bus.login('homeassistant') });
    const received = await receive(reader, '#');
    const raw = await connectRaw(t, { host: '127.0.0.1', port: bus.broker.address.port }, { version, ...bus.login('homeassistant') });
    for (const topic of ['$SYS/#', '$SYS/+/heartbeat', '$share/group/homeguard/+/frame']) {
      raw.send({ cmd: 'subscribe', messageId: 7, subscriptions: [{ topic, qos: 0 }] });
      const answer = await raw.next('suback');
      assert.ok(answer.cmd === 'suback' && Number(answer.granted[0]) >= 128, `${topic}: ${JSON.stringify(answer)}`);
    }
    const writer = await connectMqtt(t, bus.url, { protocolVersion: version, ...bus.login('camera') });
    const written = writer.publishAsync('$SYS/x', 'mischief', { qos: 1 });
    if (version === 5) await assert.rejects(written, /Not authorized/);
    // 3.1.1 has no other way to refuse a message than to close the connection, or to take it and let it fall.
    else await written;
    await writer.publishAsync('after', 'x', { qos: 1 });
    await until('message after it', () => received.some(({ topic }) => topic === 'after'));
    assert.ok(!received.some(({ topic }) => topic.startsWith('$')));
  });
}

test('who does not say CONNECT first is closed', async (t) => {
  const bus = await startTestBroker(t);
  const http = Buffer.from(`GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: ${'curl'.repeat(20)}\r\n\r\n`);
  for (const bytes of [http, Buffer.from([0xc0, 0]), Buffer.from([0x30, 3, 0, 1, 0x61])]) {
    const raw = await openRaw(t, { host: '127.0.0.1', port: bus.broker.address.port });
    raw.socket.write(bytes);
    await until('end of the connection', () => raw.closed, { ms: 3000 });
  }
});

test('mosquitto_sub gets in with the right password only, in both versions', async (t) => {
  const bus = await startTestBroker(t);
  const { password = '' } = bus.login('homeassistant');
  const publisher = await connectMqtt(t, bus.url, bus.login('camera'));
  await publisher.publishAsync('homeguard/front/state', '{"condition":"live"}', { qos: 1, retain: true });
  for (const version of ['mqttv311', 'mqttv5']) {
    const run = (pw: string) =>
      mosquitto('-p', bus.broker.address.port, '-V', version, '-u', 'homeassistant', '-P', pw, '-t', 'homeguard/+/state', '-C', 1, '-W', 3);
    assert.deepEqual(await run(password), { code: 0, stdout: '{"condition":"live"}\n' });
    const refused = await run('wrong');
    assert.notEqual(refused.code, 0);
    assert.equal(refused.stdout, '');
  }
});

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

describe('the table of rights, walked by real clients', () => {
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

test('a client id belongs to its user: nobody takes over the connection of another one, or one of our services', async (t) => {
  const dataDir = makeWorkDir(t);
  const login = await makeUsers(dataDir, { anna: ['read:front'] });
  const bus = await startTestBroker(t, { DATA_DIR: dataDir });
  const hub = await connectMqtt(t, bus.url, { ...bus.login('homeassistant'), clientId: 'the hub' });
  for (const version of versions) {
    const rejected = version === 5 ? 133 : 2;
    for (const clientId of ['the hub', 'homeguard-camera-front', 'homeguard-gateway-x', 'homeguard-broker-bridge-'])
      assert.equal(await refusal(bus, version, { ...login('anna'), clientId }), rejected, clientId);
    assert.equal(await refusal(bus, version, { ...login('anna'), clientId: 'her own' }), 'let in');
  }
  assert.ok(hub.connected);
  const closed = untilEvent(hub, 'close');
  await connectMqtt(t, bus.url, { ...bus.login('homeassistant'), clientId: 'the hub' });
  await closed;
  assert.ok(
    bus.lines.some(
      ({ msg, cause }) => msg.startsWith('login refused: its client id') && /another user has a connection/.test(String(cause)),
    ),
  );
});

test('who is removed, or gets another password, is out within 2 s, with the will told; a damaged file takes nothing from anybody', async (t) => {
  const dataDir = makeWorkDir(t);
  const login = await makeUsers(dataDir, { anna: ['publish:front'], bert: ['read:front'], cleo: ['read:front'] });
  const bus = await startTestBroker(t, { DATA_DIR: dataDir });
  const will = { topic: 'homeguard/front/status', payload: Buffer.from('offline'), qos: 1 as const, retain: true };
  const anna = await connectMqtt(t, bus.url, { protocolVersion: 5, ...login('anna'), will });
  const bert = await connectMqtt(t, bus.url, { protocolVersion: 4, ...login('bert') });
  const cleo = await connectMqtt(t, bus.url, login('cleo'));
  const heard = await receive(cleo, 'homeguard/front/#');
  const users = join(dataDir, 'users.json');
  const whole = readFileSync(users, 'utf8');
  writeFileSync(users, '{');
  const told = () => bus.lines.filter(({ msg }) => /^the users in .* cannot be read .* until then all users stay as they were$/.test(msg));
  await until('a word about the file', () => told().length > 0, { ms: 3_000 });
  assert.ok(anna.connected && bert.connected && cleo.connected);
  writeFileSync(users, whole);
  const code = new Promise((resolve) => anna.once('disconnect', ({ reasonCode }) => resolve(reasonCode)));
  const began = performance.now();
  const accounts = new Accounts(dataDir);
  accounts.set('anna', null);
  accounts.set('bert', { ...(accounts.get('bert') ?? assert.fail()), hash: 'another' });
  assert.equal(await code, 0x87);
  await until('the end of both', () => !anna.connected && !bert.connected);
  assert.ok(performance.now() - began < 2_500, `${performance.now() - began} ms`);
  await until('the will', () => textsOn(heard).includes('offline'));
  assert.ok(cleo.connected);
  assert.equal(await refusal(bus, 5, login('anna')), 135);
  assert.equal(told().length, 1);
});

test('who guesses is not looked at any more, the right one gets in from another address, and our own at once', async (t) => {
  const dataDir = makeWorkDir(t);
  const login = await makeUsers(dataDir, { anna: ['read:front'] });
  const path = join(dataDir, 'bus.sock');
  const bus = await startTestBroker(t, { DATA_DIR: dataDir, BROKER_SOCKET: path });
  const guess = () => refusal(bus, 5, { username: 'anna', password: 'a guess' });
  for (let i = 0; i < 5; i++) assert.equal(await guess(), 135);
  assert.equal(await guess(), 136, 'unavailable: try again later');
  assert.equal(await refusal(bus, 4, login('anna')), 3, 'from the same address the right one has to wait, too');
  assert.equal(await refusal(bus, 5, bus.login('homeassistant')), 'let in');
  const address = { host: '127.0.0.1', port: bus.broker.address.port, localAddress: '127.0.0.2' };
  const elsewhere = new mqtt.MqttClient(() => net.connect(address), { ...login('anna'), reconnectPeriod: 0 });
  defer(t, () => elsewhere.endAsync(true).then(() => {}));
  await untilEvent(elsewhere, 'connect');
  assert.equal(await refusal({ ...bus, url: `mqtt+unix://${path}` }, 5, login('anna')), 'let in');
  assert.ok(bus.lines.some(({ msg }) => msg.startsWith('login refused unread')));
});

function mosquitto(...args: (string | number)[]): Promise<{ code: unknown; stdout: string }> {
  return new Promise((resolve) => {
    execFile('mosquitto_sub', ['-h', '127.0.0.1', ...args.map(String)], (error, stdout) => resolve({ code: error?.code ?? 0, stdout }));
  });
}
