import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readSecret } from '../../services/shared/secrets.ts';
import { type Program, startProgram } from '../helpers/program.ts';
import { connectMqtt } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string };

interface Line {
  level: string;
  time: string;
  msg: string;
  [field: string]: unknown;
}

/** What a program has written so far; each line has to be an object that tells level, time and msg. */
function linesOf({ stdout, stderr }: Program): Line[] {
  assert.equal(stderr, '');
  return stdout.split('\n').flatMap((text, i, all) => {
    if (text === '' && i === all.length - 1) return [];
    const line = JSON.parse(text) as Line;
    assert.match(line.level, /^(debug|info|warn|error)$/);
    assert.equal(new Date(line.time).toISOString(), line.time);
    assert.equal(typeof line.msg, 'string');
    // None stands there twice, which JSON.parse would not tell.
    for (const name of Object.keys(line)) assert.equal(text.split(`"${name}":`).length, 2, `${name} in ${text}`);
    return [line];
  });
}

describe('logs', { concurrency: 2 }, () => {
  test('LOG_FORMAT=json: one object a line, for each event with its fields', async (t) => {
    const env = { LOG_FORMAT: 'json', DATA_DIR: makeWorkDir(t), CAMERA_SOURCE: '/dev/video77', CAMERA_ID: 'front' };
    const broker = startProgram(t, { main: 'services/broker/main.ts', env });
    const [, port] = await broker.outputMatching(/open on 127\.0\.0\.1:(\d+)/);
    const bus = { ...env, MQTT_URL: `mqtt://127.0.0.1:${port}` };
    const camera = startProgram(t, { main: 'services/camera/main.ts', env: bus });
    const gateway = startProgram(t, { main: 'services/gateway/main.ts', env: bus });
    const [, web] = await gateway.outputMatching(/serving on 127\.0\.0\.1:(\d+)/);
    await assert.rejects(connectMqtt(t, bus.MQTT_URL, { username: 'camera', password: 'wrong', clientId: 'somebody' }));
    await fetch(`http://127.0.0.1:${web}/cameras`);
    const find = (program: Program, pattern: RegExp) =>
      until(`line ${pattern}`, () => linesOf(program).find(({ msg }) => pattern.test(msg)));
    const said = async (program: Program, pattern: RegExp, fields: object) => {
      const { time: _time, msg: _msg, ...told } = await find(program, pattern);
      assert.deepEqual(told, fields);
    };
    await said(broker, /^the message bus is open/, { level: 'info', service: 'broker', version });
    await said(gateway, /^serving on/, { level: 'info', service: 'gateway', version, bus: bus.MQTT_URL });
    await said(camera, /^begins; its picture comes from \/dev\/video77$/, {
      level: 'info',
      service: 'camera',
      camera: 'front',
      version,
      source: '/dev/video77',
    });
    const dark = { condition: 'no-device', cause: '/dev/video77 is not there' };
    const advice = 'Plug in the camera; the picture then comes by itself.';
    await said(camera, /^no-device: /, { level: 'warn', service: 'camera', camera: 'front', ...dark, advice });
    await said(broker, /^login refused/, {
      level: 'warn',
      service: 'broker',
      audit: 'mqtt-login-failed',
      client: 'somebody',
      user: 'camera',
      from: '127.0.0.1',
    });
    await said(gateway, /^a request without a login was refused/, {
      level: 'warn',
      service: 'gateway',
      client: '127.0.0.1',
      path: '/cameras',
      reason: 'no-login',
    });
    for (const program of [camera, gateway, broker]) {
      await program.stop();
      assert.ok(linesOf(program).length > 0);
    }
  });

  test('all in one: the address is a line, too, without its token', async (t) => {
    const dataDir = makeWorkDir(t);
    const program = startProgram(t, {
      env: { LOG_FORMAT: 'json', CAMERA_SOURCE: 'test', CAMERA_SIZE: '320x240', DATA_DIR: dataDir },
    });
    const line = await until('the address', () => linesOf(program).find(({ url }) => url !== undefined), { ms: 15_000 });
    assert.match(String(line.url), /^http:\/\/127\.0\.0\.1:\d+\/$/);
    assert.equal(line.version, version);
    assert.ok(!program.stdout.includes(readSecret(dataDir, 'gateway-token') ?? assert.fail()));
    const login = await until('the login', () => linesOf(program).find(({ audit }) => audit === 'mqtt-login'));
    assert.match(String(login.who), /^user (camera|gateway)$/);
    const there = await until('the picture', () => linesOf(program).find(({ msg }) => msg.startsWith('the picture is there')), {
      ms: 15_000,
    });
    assert.deepEqual([there.service, there.camera, there.size, there.condition], ['camera', 'camera', '320x240', 'idle']);
  });

  test('text: a flood of wrong logins is one line, and what a stranger names makes no line of its own', async (t) => {
    const dataDir = makeWorkDir(t);
    const broker = startProgram(t, { main: 'services/broker/main.ts', env: { DATA_DIR: dataDir } });
    const [, port] = await broker.outputMatching(/ INFO: broker: the message bus is open on 127\.0\.0\.1:(\d+) · version=/);
    for (let i = 0; i < 5; i++) {
      // A line feed does not get as far as here: the broker's guard closes over it.
      const wrong = { username: 'x\u2028ERROR broker: all is lost', password: 'wrong', clientId: `c${i}` };
      await assert.rejects(connectMqtt(t, `mqtt://127.0.0.1:${port}`, wrong));
    }
    const right = { username: 'camera', password: readSecret(dataDir, 'mqtt-camera') };
    await connectMqtt(t, `mqtt://127.0.0.1:${port}`, right);
    await broker.outputMatching(/login refused/);
    await broker.stop();
    const lines = broker.output.trimEnd().split('\n');
    assert.equal(lines.filter((line) => line.includes('login refused')).length, 1, broker.output);
    for (const line of lines) assert.match(line, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (INFO|WARN): broker: /);
  });

  test('json: a start that fails is one line, too', async (t) => {
    const program = startProgram(t, { main: 'services/broker/main.ts', env: { LOG_FORMAT: 'json', BROKER_PORT: 'x' } });
    await program.ends({ code: 1 });
    const [line, ...more] = linesOf(program);
    assert.deepEqual(more, []);
    assert.equal(line?.level, 'error');
    assert.match(line?.msg ?? '', /^HomeGuard cannot start: .*BROKER_PORT/s);
  });

  test('a format that is none is named, with those that are', async (t) => {
    const program = startProgram(t, { main: 'services/broker/main.ts', env: { LOG_FORMAT: 'xml' } });
    await program.ends({ code: 1 });
    assert.match(program.stderr, /LOG_FORMAT is "xml" and has to be text or json/);
  });
});
