import assert from 'node:assert/strict';
import { mkdirSync, statSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { startProgram } from '../helpers/program.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

test('a start takes under 3 s, a stop under 5 s, and secrets are for the owner only', async (t) => {
  const dataDir = makeWorkDir(t);
  const began = performance.now();
  const program = startProgram(t, { env: { CAMERA_SOURCE: 'test', DATA_DIR: dataDir } });
  await program.outputMatching(/login\?token=/);
  assert.ok(performance.now() - began < 3000);
  for (const name of ['gateway-token', 'gateway-password', 'mqtt-camera', 'mqtt-gateway', 'mqtt-healthcheck', 'mqtt-homeassistant']) {
    assert.equal(statSync(join(dataDir, 'secrets', name)).mode & 0o777, 0o600, name);
  }
  await program.stop();
});

test('all wrong settings are named at once, in sentences, exit code 1', async (t) => {
  const env = { CAMERA_FPS: '300', GATEWAY_PORT: 'http', CAMERA_SIZZE: '640x480', MQTT_URL: 'broker', BROKER_PORT: '0' };
  const program = startProgram(t, { env });
  await program.ends({ code: 1 });
  assert.match(program.stderr, /4 settings are wrong/);
  assert.match(program.stderr, /CAMERA_FPS is "300" and has to be a whole number from 1 to 240/);
  assert.match(program.stderr, /GATEWAY_PORT is "http"/);
  assert.match(program.stderr, /CAMERA_SIZZE is no setting; did you mean CAMERA_SIZE\?/);
  assert.match(program.stderr, /MQTT_URL is "broker"/);
  assert.doesNotMatch(program.stderr, /at .*\.ts/, 'a stack trace');
});

for (const [name, setting] of [
  ['the gateway', 'GATEWAY_PORT'],
  ['the broker', 'BROKER_PORT'],
] as const) {
  test(`a port of ${name} that is taken: one sentence, exit code 1`, async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    t.after(() => server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const program = startProgram(t, { env: { CAMERA_SOURCE: 'test', [setting]: String(port) } });
    await program.ends({ code: 1 });
    assert.match(
      program.stderr,
      new RegExp(`^HomeGuard cannot start: 127\\.0\\.0\\.1:${port} is taken by another program: .*${setting}.*\\n$`),
    );
  });
}

test('a file that is missing: one sentence, exit code 1', async (t) => {
  const program = startProgram(t, { env: { CAMERA_SOURCE: '/nowhere/film.mp4' } });
  await program.ends({ code: 1 });
  assert.match(program.stderr, /^HomeGuard cannot start: .*\/nowhere\/film\.mp4.*\n$/);
});

test('no ffmpeg: one sentence that names the remedy, exit code 1', async (t) => {
  const bin = join(makeWorkDir(t), 'bin');
  mkdirSync(bin);
  const program = startProgram(t, { env: { CAMERA_SOURCE: 'test', PATH: bin } });
  await program.ends({ code: 1 });
  assert.match(program.stderr, /^HomeGuard cannot start: ffmpeg is missing.*apt-get install ffmpeg.*\n$/);
});

test('a data folder that cannot be written: one sentence, exit code 1', async (t) => {
  const file = join(makeWorkDir(t), 'file');
  symlinkSync('/dev/null', file);
  const program = startProgram(t, { env: { CAMERA_SOURCE: 'test', DATA_DIR: join(file, 'data') } });
  await program.ends({ code: 1 });
  assert.match(program.stderr, /^HomeGuard cannot start: .*DATA_DIR.*\n$/);
});
