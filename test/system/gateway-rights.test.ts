/** Users, tokens and tickets at a real gateway: what they see, and that it ends when they may no more. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { Accounts } from '../../services/shared/accounts.ts';
import { hashPassword } from '../../services/shared/password.ts';
import { parseRights } from '../../services/shared/rights.ts';
import { readFrames, startCamera } from '../helpers/fake-camera.ts';
import { connectMqtt, startTestBroker, startTestGateway, type TestBroker, type TestGateway, token } from '../helpers/services.ts';
import { until, within } from '../helpers/until.ts';
import { bearer, openLive, watchStream } from '../helpers/viewers.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const undos: (() => void | Promise<void>)[] = [];
const scope = { after: (undo: () => void | Promise<void>) => void undos.push(undo) };
const hash = hashPassword('of the house');
let bus: TestBroker;
let gateway: TestGateway;
let accounts: Accounts;
let url = '';

before(async () => {
  bus = await startTestBroker(scope);
  const frames = await readFrames({ width: 320, height: 240, count: 5, bytes: 5_000 });
  for (const id of ['door', 'front']) (await startCamera(scope, bus, id, frames)).play(10);
  // Each test comes from an address of its own, so that none waits for what another has guessed.
  gateway = await startTestGateway(scope, bus, { GATEWAY_TRUSTED_PROXIES: '127.0.0.1' });
  url = gateway.url;
  accounts = new Accounts(gateway.settings.dataDir);
  await until('both cameras', async () => ((await (await fetch(`${url}cameras`, { headers: bearer })).json()) as unknown[]).length === 2);
});

after(async () => {
  for (const undo of undos.reverse()) await undo();
});

const may = async (name: string, ...rights: string[]) => accounts.set(name, { hash: await hash, rights: parseRights(rights) });

let addresses = 0;
const from = () => ({ 'X-Forwarded-For': `192.0.2.${++addresses}` });

async function logIn(name: string, password = 'of the house'): Promise<{ Cookie: string }> {
  const body = new URLSearchParams({ name, password });
  const answer = await fetch(`${url}login`, { method: 'POST', redirect: 'manual', headers: from(), body });
  assert.equal(answer.status, 303, await answer.text());
  return { Cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '' };
}

const statusOf = async (path: string, init: RequestInit = {}) => {
  const answer = await fetch(url + path, { redirect: 'manual', ...init });
  await answer.body?.cancel();
  return answer.status;
};
const send = (path: string, body: object, headers: Record<string, string> = bearer) =>
  fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });

/** All that can be open: a stream, a WebSocket of one camera, one of all. */
async function watchAll(t: { after: (undo: () => void) => void }, headers: Record<string, string>) {
  const stream = watchStream(t, `${url}cameras/front/stream`, headers);
  const [one, all] = await Promise.all([
    openLive(t, `${url}cameras/front/ws`, { headers }),
    openLive(t, `${url}ws`, { headers, named: true }),
  ]);
  all.say({ watch: ['front', 'door'] });
  const closings = [one, all].map(({ socket }) => new Promise<number>((resolve) => socket.once('close', resolve)));
  await until('pictures', () => stream.seen.length > 0 && one.pictures.length > 0 && all.pictures.length > 0);
  return { stream, one, all, ended: () => within('end of all', Promise.all([stream.ended, ...closings]), { ms: 3_000 }) };
}

describe('what is let in', { concurrency: 4 }, () => {
  test('a user sees the cameras that he may see, at every address, and no other', async (t) => {
    await may('anna', 'read:front');
    const headers = await logIn('anna');
    const list = (await (await fetch(`${url}cameras`, { headers })).json()) as { id: string; default: boolean }[];
    assert.deepEqual(
      list.map(({ id, default: isDefault }) => [id, isDefault]),
      [['front', true]],
      'the default camera is another one for others',
    );
    const { all } = await watchAll(t, headers);
    assert.deepEqual(new Set(all.ids), new Set(['front']));
    assert.ok(all.messages.some(({ type, detail }) => type === 'error' && String(detail).includes('known cameras')));
    assert.equal(await statusOf('stream', { headers }), 200);
    assert.equal(await statusOf('cameras/door/snapshot', { headers }), 404);
    assert.equal(await statusOf('cameras/front/fps', { method: 'POST', headers, body: '5' }), 403);
    await assert.rejects(openLive(t, `${url}cameras/door/ws`, { headers }), /refused with 404/);
  });

  test('other rights count at once, also for what is open', async (t) => {
    await may('bert', 'read:*');
    const { all, stream, one } = await watchAll(t, await logIn('bert'));
    await until('both cameras', () => new Set(all.ids).size === 2);
    await may('bert', 'read:door');
    await within('end of the stream', stream.ended);
    await until('end of the WebSocket of one camera', () => one.socket.readyState === one.socket.CLOSED);
    await until('the camera was taken', () =>
      all.messages.some(({ type, detail }) => type === 'error' && String(detail).includes('"front"')),
    );
    all.ids.length = 0;
    await until('pictures of the other', () => all.ids.length > 3);
    assert.deepEqual(new Set(all.ids), new Set(['door']));
  });

  test('logging out ends what is open by this login, and by no other', async (t) => {
    await may('carla', 'read:*');
    const [headers, other] = [await logIn('carla'), await logIn('carla')];
    const [watching, elsewhere] = [await watchAll(t, headers), await watchAll(t, other)];
    assert.equal(await statusOf('logout', { method: 'POST', headers }), 303);
    assert.deepEqual((await watching.ended()).slice(1), [4401, 4401], 'the page then shows the login');
    assert.equal(await statusOf('cameras', { headers }), 401);
    const { length } = elsewhere.stream.seen;
    await until('more pictures elsewhere', () => elsewhere.stream.seen.length > length + 3);
    const third = await logIn('carla');
    assert.equal(await statusOf('logout?everywhere=1', { method: 'POST', headers: third }), 303);
    await elsewhere.ended();
    assert.equal(await statusOf('cameras', { headers: other }), 401);
  });

  test('a user that is removed, or has another password, is out within 2 s', async (t) => {
    await may('dora', 'read:*');
    const changed = await logIn('dora');
    const watching = await watchAll(t, changed);
    accounts.set('dora', { hash: await hashPassword('another one'), rights: parseRights(['read:*']) });
    await watching.ended();
    assert.equal(await statusOf('cameras', { headers: changed }), 401);
    await may('dora', 'read:*');
    const removed = await logIn('dora');
    const again = await watchAll(t, removed);
    accounts.set('dora', null);
    await again.ended();
    assert.equal(await statusOf('cameras', { headers: removed }), 401);
  });

  test('the life of a user over HTTP: at the page and on MQTT, with other rights, another password, and gone', async (t) => {
    const change = async (method: string, path: string, body: object | null = null) => {
      const answer = await fetch(url + path, { method, headers: bearer, body: body && JSON.stringify(body) });
      assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
      return answer.status === 204 ? {} : ((await answer.json()) as { password?: string });
    };
    const { password = '' } = await change('POST', 'users', { name: 'kira', may: ['control:*'] });
    const headers = await logIn('kira', password);
    const enter = (secret: string) => connectMqtt(t, bus.url, { username: 'kira', password: secret });
    const client = await until('the user to be known on MQTT', () => enter(password), { ms: 3_000 });
    await client.subscribeAsync('homeguard/front/state');

    const both = await watchAll(t, headers);
    await change('PATCH', 'users/kira', { may: ['read:door'] });
    await within('end of the stream', both.stream.ended);
    assert.equal(await statusOf('cameras/front/snapshot', { headers }), 404);
    assert.equal(await statusOf('cameras/door/snapshot', { headers }), 200, 'still logged in');
    const isRefused = () =>
      client.subscribeAsync('homeguard/front/telemetry').then(
        () => false,
        () => true,
      );
    await until('other rights on MQTT', isRefused, { ms: 3_000 });

    await change('PATCH', 'users/kira', { may: ['read:*'] });
    const watching = await watchAll(t, headers);
    await change('PATCH', 'users/kira', { password: 'one of her own' });
    await watching.ended();
    assert.equal(await statusOf('cameras', { headers }), 401);
    await until('the end on MQTT', () => !client.connected, { ms: 3_000 });
    const again = await enter('one of her own');
    const last = await watchAll(t, await logIn('kira', 'one of her own'));
    await change('DELETE', 'users/kira');
    await last.ended();
    await until('the end on MQTT', () => !again.connected, { ms: 3_000 });
    await assert.rejects(enter('one of her own'));
  });

  test('users that are made at once, here and on the command line, are all there', async () => {
    const main = join(import.meta.dirname, '../../services/user/main.ts');
    const env = { PATH: process.env.PATH, DATA_DIR: gateway.settings.dataDir };
    const add = (name: string) => promisify(execFile)(process.execPath, [main, 'add', name, '--may', 'read:*'], { env });
    const names = ['lena', 'lisa'];
    const byHttp = (name: string) => send('users', { name, may: ['read:*'] }).then(({ status }) => assert.equal(status, 201));
    await Promise.all(names.flatMap((name) => [byHttp(`${name}1`), add(`${name}2`)]));
    const list = (await (await fetch(`${url}users`, { headers: bearer })).json()) as { name: string }[];
    const made = list.map(({ name }) => name).filter((name) => name.startsWith('l'));
    assert.deepEqual(made, ['lena1', 'lena2', 'lisa1', 'lisa2']);
  });

  test('a token: made by an admin, shown once, for a program that can show it as Bearer or as a password, until it is removed', async (t) => {
    const made = await send('tokens', { name: 'octoprint', right: 'control', cameras: ['front'] });
    const { token: secret, ...shown } = (await made.json()) as { token: string };
    assert.deepEqual([made.status, shown], [201, { name: 'octoprint', right: 'control', cameras: ['front'] }]);
    const list = await (await fetch(`${url}tokens`, { headers: bearer })).text();
    assert.ok(list.includes('octoprint') && !list.includes(secret));
    const headers = { Authorization: `Bearer ${secret}` };
    const basic = { Authorization: `Basic ${btoa(`any name:${secret}`)}` };
    for (const each of [headers, basic]) {
      assert.equal(await statusOf('cameras/front/snapshot', { headers: each }), 200);
      assert.equal(await statusOf('cameras/door/snapshot', { headers: each }), 404);
      assert.equal(await statusOf('tokens', { headers: each }), 403);
      assert.equal(await statusOf('metrics', { headers: each }), 403);
    }
    const [watching, byBasic] = [await watchAll(t, headers), await watchAll(t, basic)];
    assert.equal(await statusOf('tokens/octoprint', { method: 'DELETE', headers: bearer }), 204);
    await Promise.all([watching.ended(), byBasic.ended()]);
    assert.equal(await statusOf('cameras', { headers }), 401);
    assert.ok(gateway.lines.some(({ audit, who, token: name }) => audit === 'token-made' && who === 'admin' && name === 'octoprint'));
    assert.ok(!JSON.stringify(gateway.lines).includes(secret));
  });

  test('a token that may see all is enough for Prometheus', async () => {
    const { token: secret } = (await (await send('tokens', { name: 'prometheus', right: 'view' })).json()) as { token: string };
    assert.equal(await statusOf('metrics', { headers: { Authorization: `Bearer ${secret}` } }), 200);
  });

  test('a user shows name and password with each request, where a program can do nothing else', async () => {
    await may('emil', 'read:front');
    const headers = { ...from(), Authorization: `Basic ${btoa('emil:of the house')}` };
    assert.equal(await statusOf('cameras/front/snapshot', { headers }), 200);
    const began = performance.now();
    for (let i = 0; i < 50; i++) assert.equal(await statusOf('me', { headers }), 200);
    assert.ok(performance.now() - began < 2_000, 'each would take 0.1 s if it were computed anew');
    const wrong = { ...from(), Authorization: `Basic ${btoa('emil:wrong')}` };
    const answers: number[] = [];
    // A machine that computes slowly may have let the first wait of a second pass; each is twice the one before.
    while (answers.at(-1) !== 429 && answers.length < 9) answers.push(await statusOf('me', { headers: wrong }));
    assert.deepEqual(answers.slice(0, 5), [401, 401, 401, 401, 401]);
    assert.equal(answers.at(-1), 429);
  });

  test('a ticket shows one stream, once, to whoever has it, and goes on; no log has it', async (t) => {
    await may('fred', 'read:front');
    const headers = await logIn('fred');
    const answer = await send('tickets', { path: '/cameras/front/stream?fps=20' }, headers);
    const { url: address, expires } = (await answer.json()) as { url: string; ticket: string; expires: string };
    assert.ok(address.startsWith(`${url}cameras/front/stream?fps=20&ticket=`), address);
    assert.ok(Math.abs(Date.parse(expires) - Date.now() - 60_000) < 5_000);
    const head = (path: string) => fetch(path, { method: 'HEAD' }).then(({ status }) => status);
    assert.equal(await head(address), 401, 'a look shows nothing, and spends nothing');
    assert.equal((await fetch(address.replace('front', 'door'))).status, 401);
    const viewer = watchStream(t, address, {});
    await until('pictures', () => viewer.seen.length > 3);
    assert.equal((await fetch(address)).status, 401, 'spent');
    const { length } = viewer.seen;
    await until('more pictures', () => viewer.seen.length > length + 3);
    assert.ok(!JSON.stringify(gateway.lines).includes(new URL(address).searchParams.get('ticket') ?? ''));
    // It is its issuer's.
    assert.equal(await statusOf('logout', { method: 'POST', headers }), 303);
    await within('end of the stream', viewer.ended, { ms: 3_000 });
  });

  test('a ticket logs in once, as whoever made it', async () => {
    await may('gina', 'read:door');
    const { url: address } = (await (await send('tickets', { path: '/login' }, await logIn('gina'))).json()) as { url: string };
    assert.ok(address.startsWith(`${url}login?token=`));
    const login = await fetch(address, { redirect: 'manual' });
    assert.deepEqual([login.status, login.headers.get('location')], [303, '/']);
    const headers = { Cookie: login.headers.get('set-cookie')?.split(';')[0] ?? '' };
    assert.equal(((await (await fetch(`${url}me`, { headers })).json()) as { name: string }).name, 'gina');
    assert.equal((await fetch(address, { redirect: 'manual' })).status, 401);
  });

  test('sessions of the gateway’s own password end when it, or the token, is another one after a restart', async (t) => {
    const settings = { DATA_DIR: makeWorkDir(t), GATEWAY_PASSWORD: 'the first of them', MQTT_URL: 'mqtt://127.0.0.1:1' };
    const start = async (env: Record<string, string>) => startTestGateway(t, null, { ...settings, ...env });
    const first = await start({});
    const login = await fetch(`${first.url}login?token=${token}`, { redirect: 'manual' });
    const headers = { Cookie: login.headers.get('set-cookie')?.split(';')[0] ?? '' };
    const knows = async (other: TestGateway) => (await fetch(`${other.url}me`, { headers })).status;
    assert.equal(await knows(first), 200);
    await first.stop();
    const same = await start({});
    assert.equal(await knows(same), 200);
    await same.stop();
    assert.equal(await knows(await start({ GATEWAY_PASSWORD: 'the second of them' })), 401);
  });
});

test('a damaged list of users keeps those in who are known, and the log says so once', async () => {
  await may('hans', 'read:front');
  const headers = await logIn('hans');
  writeFileSync(`${gateway.settings.dataDir}/users.json`, '{');
  const line = await until('the line', () => gateway.lines.find(({ msg }) => msg.includes('users.json cannot be read')));
  assert.match(line.msg, /mend the file, or delete it and add them anew; until then all users stay as they were$/);
  assert.equal(await statusOf('cameras', { headers }), 200);
});
