import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import mqtt from 'mqtt';
import { Accounts } from '../../services/shared/accounts.ts';
import { defer } from '../helpers/cleanup.ts';
import { makeUsers } from '../helpers/made-users.ts';
import { connectRaw, openRaw } from '../helpers/raw-mqtt.ts';
import { connectMqtt, receive, startTestBroker, type TestBroker } from '../helpers/services.ts';
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

describe('users', { concurrency: 4 }, () => {
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
    const told = () =>
      bus.lines.filter(({ msg }) => /^the users in .* cannot be read .* until then all users stay as they were$/.test(msg));
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
    await until('the will', () => heard.some(({ payload }) => String(payload) === 'offline'));
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
});

function mosquitto(...args: (string | number)[]): Promise<{ code: unknown; stdout: string }> {
  return new Promise((resolve) => {
    execFile('mosquitto_sub', ['-h', '127.0.0.1', ...args.map(String)], (error, stdout) => resolve({ code: error?.code ?? 0, stdout }));
  });
}
