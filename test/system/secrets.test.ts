import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BROKER_USERS, readSecret } from '../../services/shared/secrets.ts';
import { startProgram } from '../helpers/program.ts';
import { connectMqtt } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const root = join(import.meta.dirname, '../..');
const marker = (name: string) => `mark-${name}-0f3a9c`;
const env = {
  LOG_LEVEL: 'debug',
  GATEWAY_PASSWORD: marker('password'),
  GATEWAY_TOKEN: marker('token-of-the-gateway'),
  BRIDGE_URL: 'mqtt://127.0.0.1:9',
  BRIDGE_USERNAME: 'homeguard',
  BRIDGE_PASSWORD: marker('bridge'),
  CAMERA_SOURCE: `rtsp://viewer:${marker('source')}@127.0.0.1:9/live?key=${marker('query')}`,
};

/** What our own processes have as arguments. */
function commandLines(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    })
    .filter((line) => line.includes('services/'))
    .join('\n');
}

for (const format of ['text', 'json'] as const) {
  test(`LOG_FORMAT=${format}: no secret is told to anybody`, async (t) => {
    const dataDir = makeWorkDir(t);
    const all = { ...env, DATA_DIR: dataDir, LOG_FORMAT: format };
    const run = (main: string, args: string[], input = '') => {
      const { stdout, stderr } = spawnSync(process.execPath, [join(root, main), ...args], {
        env: { PATH: process.env.PATH, ...all },
        input,
        encoding: 'utf8',
      });
      return stdout + stderr;
    };
    const seen: Record<string, string> = {};
    seen.user = run('services/user/main.ts', ['add', 'anna', '--may', 'control:*', '--password-file', '-'], marker('anna'));
    assert.match(seen.user, /anna is made/);
    const program = startProgram(t, { env: all });
    await program.outputMatching(/HomeGuard is running/);
    const [, web] = await program.outputMatching(/(http:\/\/127\.0\.0\.1:\d+\/)/);
    const [, port] = await program.outputMatching(/MQTT: 127\.0\.0\.1:(\d+)/);

    const client = await connectMqtt(t, `mqtt://127.0.0.1:${port}`, { username: 'anna', password: marker('anna') });
    seen.topics = '';
    client.on('message', (topic, payload) => {
      seen.topics += `${topic} ${payload.toString('latin1')}\n`;
    });
    await client.subscribeAsync('#');
    await assert.rejects(connectMqtt(t, `mqtt://127.0.0.1:${port}`, { username: 'anna', password: marker('wrong') }));

    const ask = async (path: string, init: RequestInit = {}) => {
      const answer = await fetch(`${web}${path}`, { redirect: 'manual', ...init });
      return { status: answer.status, cookie: answer.headers.get('set-cookie') ?? '', text: await answer.text(), headers: answer.headers };
    };
    const form = (password: string) => ask('login', { method: 'POST', body: new URLSearchParams({ name: 'admin', password }) });
    const [cookie = ''] = (await form(env.GATEWAY_PASSWORD)).cookie.split(';');
    assert.match(cookie, /=/);
    const headers = { Cookie: cookie, Origin: web?.slice(0, -1) ?? '', 'Content-Type': 'application/json' };
    const made = await ask('tokens', { method: 'POST', headers, body: JSON.stringify({ name: 'printer', right: 'view' }) });
    const ticketed = await ask('tickets', { method: 'POST', headers, body: JSON.stringify({ path: '/cameras/camera/snapshot' }) });
    assert.deepEqual([made.status, ticketed.status], [201, 201]);
    const { token } = JSON.parse(made.text) as { token: string };
    const { ticket } = JSON.parse(ticketed.text) as { ticket: string };
    const answers = [
      await form(marker('wrong')),
      await ask(`login?token=${marker('wrong')}`),
      await ask(`cameras/camera/snapshot?ticket=${marker('wrong')}`),
      await ask(`cameras/camera/snapshot?ticket=${ticket}`),
      await ask(`cameras/camera/stream?fps=${marker('wrong')}`, { headers }),
      await ask(`nowhere?password=${marker('wrong')}`, { headers }),
      await ask('tokens', { headers }),
      ...(await Promise.all(['metrics', 'me', 'cameras', ''].map((path) => ask(path, { headers })))),
      await ask('cameras', { headers: { Authorization: `Bearer ${token}` } }),
      await ask('cameras', { headers: { Authorization: `Bearer ${marker('wrong')}` } }),
    ];
    seen.answers = answers.map(({ text, headers: told }) => `${JSON.stringify([...told])}\n${text}`).join('\n');
    seen.doctor = run('services/doctor/main.ts', []);
    const examined = await ask('cameras/camera/doctor', { method: 'POST', headers });
    assert.equal(examined.status, 200, examined.text);
    assert.match(examined.text, /network camera rtsp/);
    seen.findings = examined.text;
    await until('what the doctor told the bus', () => /homeguard\/camera\/doctor \{/.test(seen.topics ?? ''));
    await until('what the camera says', () => /homeguard\/camera\/\w/.test(seen.topics ?? ''));
    seen.processes = commandLines();
    assert.match(seen.processes, /homeguard\.ts/);
    await program.stop();
    // As text the address is told once, for whoever started it.
    seen.log = program.stdout.replace(`${web}login?token=${env.GATEWAY_TOKEN}`, web ?? '') + program.stderr;
    for (const event of ['login', 'login-failed', 'mqtt-login', 'mqtt-login-failed', 'token-made', 'ticket-made'])
      assert.match(seen.log, new RegExp(`audit"?[=:]"?${event}\\b`), event);
    const secrets = [token, ticket, cookie.split('=')[1] ?? '', ...BROKER_USERS.map((user) => readSecret(dataDir, `mqtt-${user}`) ?? '')];
    for (const [where, text] of Object.entries(seen)) {
      assert.notEqual(text, '', where);
      assert.equal(/.*mark-[\w-]+-0f3a9c.*/.exec(text)?.[0], undefined, where);
      for (const secret of secrets.filter(Boolean)) assert.ok(!text.includes(secret), `a secret that was made is in ${where}`);
    }
  });
}
