import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import mqtt from 'mqtt';
import { connectRaw, openRaw } from '../helpers/raw-mqtt.ts';
import { connectMqtt, receive, startTestBroker, type TestBroker } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';

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

function mosquitto(...args: (string | number)[]): Promise<{ code: unknown; stdout: string }> {
  return new Promise((resolve) => {
    execFile('mosquitto_sub', ['-h', '127.0.0.1', ...args.map(String)], (error, stdout) => resolve({ code: error?.code ?? 0, stdout }));
  });
}
