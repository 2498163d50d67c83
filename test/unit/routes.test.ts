/** Every route of the gateway, and what it answers to whom: from one table, which has to have them all. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Access } from '../../services/gateway/access/access.ts';
import { createClientFinder } from '../../services/gateway/access/proxy.ts';
import { doctorProgram, userProgram } from '../../services/gateway/access/user-command.ts';
import { type AppParts, createApp } from '../../services/gateway/app.ts';
import { readAssets } from '../../services/gateway/assets.ts';
import { Camera } from '../../services/gateway/camera.ts';
import { Channel } from '../../services/gateway/channel.ts';
import { Refusals } from '../../services/gateway/refusals.ts';
import { Accounts } from '../../services/shared/accounts.ts';
import { parseRights } from '../../services/shared/rights.ts';
import { writeSecret } from '../../services/shared/secrets.ts';
import { keepLog } from '../helpers/kept-log.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const secrets = { token: 'the-token-of-the-tests', password: 'the password of the tests' };

/** Who asks. The viewer and the controller are for the camera `front`; the publisher may do nothing here. */
const WHO = ['nobody', 'publisher', 'viewer', 'controller', 'admin'] as const;
type Who = (typeof WHO)[number];

interface Row {
  path: string;
  method?: string;
  need: string;
  body?: string;
  /** In the order of WHO. 400 and 426: it was let through, and asked for what cannot be. */
  answers: [number, number, number, number, number];
}

const open = (status: number): Row['answers'] => [status, status, status, status, status];
const login = (status: number): Row['answers'] => [401, 403, status, status, status];
const view = (status: number) => ({ front: login(status), door: [401, 403, 404, 404, status] as Row['answers'] });
const admin = (status: number): Row['answers'] => [401, 403, 403, 403, status];
const user = (sent: object) => JSON.stringify(sent);
const ticket = (path: string) => JSON.stringify({ path });

/** Route, as it is declared -> what is asked of it. */
const TABLE: Record<string, Row[]> = {
  'GET /healthz': [{ path: '/healthz', need: 'open', answers: open(200) }],
  'GET /assets/:name{.+}': [
    { path: '/assets/style.css', need: 'open', answers: open(200) },
    { path: '/assets/nope', need: 'open', answers: open(404) },
  ],
  'GET /login': [
    { path: '/login', need: 'open', answers: open(200) },
    { path: '/login?token=wrong', need: 'open', answers: open(401) },
  ],
  'POST /login': [{ path: '/login', method: 'POST', need: 'open', body: 'no form', answers: open(401) }],
  'POST /logout': [{ path: '/logout', method: 'POST', need: 'open', answers: open(303) }],
  'GET /me': [{ path: '/me', need: 'self', answers: [401, 200, 200, 200, 200] }],
  'GET /tokens': [{ path: '/tokens', need: 'admin', answers: [401, 403, 403, 403, 200] }],
  'POST /tokens': [
    { path: '/tokens', method: 'POST', need: 'admin', body: '{"name":"printer","right":"view"}', answers: [401, 403, 403, 403, 201] },
    { path: '/tokens', method: 'POST', need: 'admin', body: '{"name":"printer","right":"view"}', answers: [401, 403, 403, 403, 409] },
    { path: '/tokens', method: 'POST', need: 'admin', body: '{"name":"x","right":"all"}', answers: [401, 403, 403, 403, 422] },
    {
      path: '/tokens',
      method: 'POST',
      need: 'admin',
      body: '{"name":"x","right":"admin","cameras":["front"]}',
      answers: [401, 403, 403, 403, 422],
    },
  ],
  'DELETE /tokens/:name': [
    { path: '/tokens/printer', method: 'DELETE', need: 'admin', answers: [401, 403, 403, 403, 204] },
    { path: '/tokens/printer', method: 'DELETE', need: 'admin', answers: [401, 403, 403, 403, 404] },
  ],
  'GET /users': [{ path: '/users', need: 'admin', answers: admin(200) }],
  'POST /users': [
    { path: '/users', method: 'POST', need: 'admin', body: user({ name: 'anna', may: ['read:front'] }), answers: admin(201) },
    { path: '/users', method: 'POST', need: 'admin', body: user({ name: 'anna', may: ['read:front'] }), answers: admin(409) },
    { path: '/users', method: 'POST', need: 'admin', body: user({ name: 'admin', may: ['admin'] }), answers: admin(422) },
    { path: '/users', method: 'POST', need: 'admin', body: 'no JSON', answers: admin(422) },
    { path: '/users', method: 'POST', need: 'admin', body: 'x'.repeat(17 << 10), answers: admin(413) },
  ],
  'PATCH /users/:name': [
    { path: '/users/anna', method: 'PATCH', need: 'admin', body: user({ may: ['control:front'] }), answers: admin(200) },
    { path: '/users/anna', method: 'PATCH', need: 'admin', body: user({}), answers: admin(422) },
    { path: '/users/nope', method: 'PATCH', need: 'admin', body: user({ password: null }), answers: admin(404) },
  ],
  'DELETE /users/:name': [
    { path: '/users/anna', method: 'DELETE', need: 'admin', answers: admin(204) },
    { path: '/users/anna', method: 'DELETE', need: 'admin', answers: admin(404) },
    { path: '/users/admin', method: 'DELETE', need: 'admin', answers: admin(404) },
  ],
  'POST /tickets': [
    { path: '/tickets', method: 'POST', need: 'login', body: ticket('/cameras/front/stream'), answers: login(201) },
    { path: '/tickets', method: 'POST', need: 'login', body: ticket('/cameras/door/stream'), answers: view(201).door },
    { path: '/tickets', method: 'POST', need: 'login', body: ticket('/snapshot?max_age=5'), answers: login(201) },
    { path: '/tickets', method: 'POST', need: 'login', body: ticket('/login'), answers: login(201) },
    { path: '/tickets', method: 'POST', need: 'login', body: ticket('/tokens'), answers: login(422) },
    { path: '/tickets', method: 'POST', need: 'login', body: 'no JSON', answers: login(422) },
  ],
  'GET /readyz': [{ path: '/readyz', need: 'login', answers: login(200) }],
  'GET /metrics': [{ path: '/metrics', need: 'view-all', answers: [401, 403, 403, 403, 200] }],
  'GET /': [
    { path: '/', need: 'login', answers: login(200) },
    { path: '/?action=stream&fps=0', need: 'login', answers: login(400) },
    { path: '/?action=snapshot&max_age=x', need: 'login', answers: login(400) },
  ],
  'GET /cameras': [{ path: '/cameras', need: 'login', answers: login(200) }],
  'GET /cameras/:id': [
    { path: '/cameras/front', need: 'view', answers: view(200).front },
    { path: '/cameras/door', need: 'view', answers: view(200).door },
  ],
  'GET /stream': [{ path: '/stream?fps=0', need: 'view', answers: login(400) }],
  'GET /snapshot': [{ path: '/snapshot?max_age=x', need: 'view', answers: login(400) }],
  'GET /cameras/:id/stream': [
    { path: '/cameras/front/stream?fps=0', need: 'view', answers: view(400).front },
    { path: '/cameras/door/stream?fps=0', need: 'view', answers: view(400).door },
    { path: '/cameras/front/stream', method: 'HEAD', need: 'view', answers: view(200).front },
  ],
  'GET /cameras/:id/snapshot': [
    { path: '/cameras/front/snapshot?max_age=x', need: 'view', answers: view(400).front },
    { path: '/cameras/door/snapshot?max_age=x', need: 'view', answers: view(400).door },
  ],
  'POST /cameras/:id/doctor': [
    { path: '/cameras/front/doctor', method: 'POST', need: 'control', answers: [401, 403, 403, 200, 200] },
    { path: '/cameras/door/doctor', method: 'POST', need: 'control', answers: [401, 403, 404, 404, 200] },
  ],
  'POST /cameras/:id/:setting{.+}': [
    { path: '/cameras/front/capture', method: 'POST', need: 'control', body: 'OFF', answers: [401, 403, 403, 204, 204] },
    { path: '/cameras/door/capture', method: 'POST', need: 'control', body: 'OFF', answers: [401, 403, 404, 404, 204] },
  ],
  'GET /ws': [{ path: '/ws', need: 'login', answers: login(426) }],
  'GET /cameras/:id/ws': [
    { path: '/cameras/front/ws', need: 'view', answers: view(426).front },
    { path: '/cameras/door/ws', need: 'view', answers: view(426).door },
  ],
};

/** Where there is nothing, for anybody. */
const NOTHING = [
  '/nonsense',
  '/cameras/front/nothing',
  '/tokens/printer',
  '/users/viewer',
  '/.env',
  '/cams',
  '/assets',
  '/me/x',
  '/login/x',
  '//healthz',
  '/Healthz',
  '/%68idden',
];

function channelOf(id: string): Channel {
  const camera = new Camera(id);
  camera.online = true;
  const capture = { type: 'switch', label: 'Capture', value: 'ON', default: 'ON' };
  camera.setState(JSON.stringify({ condition: 'live', settings: { capture } }));
  return new Channel(camera, () => {});
}

function setUp(overrides: Partial<AppParts> = {}, basePath = '/', dataDir = makeWorkDir({ after })) {
  const { log, lines } = keepLog();
  const accounts = new Accounts(dataDir);
  const clientOf = createClientFinder(['192.0.2.200']);
  const proxyLogin = { header: 'remote-user', rights: parseRights(['read:door']) };
  const access = new Access({ dataDir, secrets, accounts, proxyLogin, basePath, clientOf, log });
  const made = { publisher: ['publish:esp', 'use:zigbee2mqtt'], viewer: ['read:front'], controller: ['control:front'] };
  for (const [name, may] of Object.entries(made)) accounts.set(name, { hash: `of ${name}`, rights: parseRights(may) });
  const channels = new Map(['door', 'front'].map((id) => [id, channelOf(id)]));
  const ids = [...channels.keys()];
  const commands = { send: async () => ({ is: 'done' }), askDoctor: async () => ({ is: 'done', checkup: {} }) };
  const defaultId = (mayView: (id: string) => boolean) => ids.find(mayView);
  const hub = {
    ids,
    trouble: null,
    channel: (id: string) => channels.get(id),
    commands: () => commands,
    defaultId,
    find: async (id: string | undefined, mayView: (id: string) => boolean) => {
      const wanted = id ?? defaultId(mayView) ?? '';
      return mayView(wanted) ? channels.get(wanted) : undefined;
    },
  } as unknown as AppParts['hub'];
  const metrics = { contentType: 'text/plain', text: async () => '' };
  const parts = {
    hub,
    access,
    assets: readAssets(),
    basePath,
    door: { turnAway: () => null, slow: () => () => {}, noisy: () => () => {} },
    callers: { admitViewer: () => {} },
    clientOf,
    userProgram: 'npm run user --',
    doctorProgram: 'npm run doctor',
    metrics,
    log,
  };
  const { app, routes } = createApp({ ...parts, refusals: new Refusals(log), ...overrides });
  let asked = 0;
  const ask = async (path: string, { from = `198.51.${asked >> 8}.${asked++ & 255}`, ...init }: RequestInit & { from?: string } = {}) => {
    const headers = new Headers(init.headers);
    if (!headers.has('Host')) headers.set('Host', 'cam.example');
    const incoming = { headers: Object.fromEntries(headers), socket: { remoteAddress: from } };
    return app.request(`http://cam.example${path}`, { ...init, headers }, { incoming } as never);
  };
  /** Logged in as one of them: users by a proxy's word, so that no password has to be computed. */
  const as = (who: Who): { from?: string; headers: Record<string, string> } => {
    if (who === 'nobody') return { headers: {} };
    if (who === 'admin') return { headers: { Authorization: `Bearer ${secrets.token}` } };
    return { from: '192.0.2.200', headers: { 'Remote-User': who } };
  };
  return { app, routes, ask, as, access, lines };
}

describe('every route', () => {
  test('is in the table, with what it needs, and none is made in any other way', () => {
    const { app, routes } = setUp();
    assert.deepEqual([...routes.needs.keys()].sort(), Object.keys(TABLE).sort());
    for (const [route, need] of routes.needs) for (const row of TABLE[route] ?? []) assert.equal(row.need, need, `${route} ${row.path}`);
    const others = app.routes.map(({ method, path }) => `${method} ${path}`).filter((route) => !routes.needs.has(route));
    assert.deepEqual([...new Set(others)], ['ALL /*']);
  });

  test('answers each as it should', async () => {
    const { ask, as } = setUp();
    for (const rows of Object.values(TABLE)) {
      for (const { path, method = 'GET', body = null, answers } of rows) {
        for (const [i, who] of WHO.entries()) {
          // A user's login can be handed out by himself alone, and these come by a proxy.
          const expected = body === ticket('/login') && !['nobody', 'admin'].includes(who) ? 403 : answers[i];
          const answer = await ask(path, { method, body, ...as(who) });
          assert.equal(answer.status, expected, `${who} at ${method} ${path}: ${await answer.text()}`);
        }
      }
    }
  });

  test('one that is not declared is not served, whoever asks', async () => {
    const { app, ask, as } = setUp();
    app.get('/hidden', (c) => c.text('a secret'));
    for (const [who, status] of [
      ['nobody', 401],
      ['viewer', 404],
      ['admin', 404],
    ] as const) {
      const answer = await ask('/hidden', as(who));
      assert.equal(answer.status, status, who);
      assert.ok(!(await answer.text()).includes('secret'));
    }
  });

  test('where there is nothing, nobody learns that', async () => {
    for (const basePath of ['/', '/cams/']) {
      const { ask, as } = setUp({}, basePath);
      for (const path of basePath === '/' ? NOTHING : ['/', '/healthz', '/login', '/assets/style.css', '/cams/nothing', '/camsx/']) {
        assert.equal((await ask(path, as('nobody'))).status, 401, path);
        assert.equal((await ask(path, as('admin'))).status, 404, path);
        assert.equal((await ask(path, { method: 'PATCH', ...as('nobody') })).status, 401, path);
      }
    }
  });

  test('a camera that one may not see answers as one that does not exist', async () => {
    const { ask, as } = setUp();
    const body = async (path: string) => (await (await ask(path, as('viewer'))).text()).replaceAll(/door|nope/g, '…');
    for (const rest of ['', '/stream', '/snapshot', '/ws'])
      assert.equal(await body(`/cameras/door${rest}`), await body(`/cameras/nope${rest}`));
    assert.match(await body('/cameras/nope'), /Known are: front\./);
    const list = (await (await ask('/cameras', as('viewer'))).json()) as { id: string; default: boolean }[];
    assert.deepEqual(
      list.map(({ id, default: isDefault }) => [id, isDefault]),
      [['front', true]],
    );
  });

  test('each camera says whether who asks may set it', async () => {
    const { ask, as } = setUp();
    for (const [who, control] of [
      ['viewer', false],
      ['controller', true],
      ['admin', true],
    ] as const) {
      const list = (await (await ask('/cameras', as(who))).json()) as { id: string; control: boolean }[];
      assert.equal(list.find(({ id }) => id === 'front')?.control, control, who);
    }
    const anyone = setUp({ access: null });
    assert.equal(((await (await anyone.ask('/cameras/front')).json()) as { control: boolean }).control, true);
  });

  test('without a login anybody may all but make tokens', async () => {
    const { ask } = setUp({ access: null });
    for (const rows of Object.values(TABLE)) {
      for (const { path, method = 'GET', need, body = null, answers } of rows) {
        if (path.startsWith('/login')) continue;
        const expected = need === 'admin' ? 403 : body && answers[4] === 201 ? 409 : answers[4];
        assert.equal((await ask(path, { method, body })).status, expected, `${method} ${path}`);
      }
    }
  });
});

describe('who asks', () => {
  test('is known by the first of token, ticket, session, a proxy’s word, name and password', async () => {
    const { ask, access } = setUp();
    const token = access.tokens.make({ name: 'octoprint', right: 'view', cameras: ['door'] }, 0);
    const me = async (headers: Record<string, string>, from?: string) => {
      const answer = await ask('/me', { headers, ...(from && { from }) });
      return answer.status === 200 ? ((await answer.json()) as { name: string; by: string }) : { name: answer.status };
    };
    const name = async (headers: Record<string, string>, from?: string) => (await me(headers, from)).name;
    const basic = (pair: string) => ({ Authorization: `Basic ${btoa(pair)}` });
    assert.equal(await name({ Authorization: `Bearer ${secrets.token}` }), 'admin');
    assert.deepEqual(await me({ Authorization: `Bearer ${token}` }), {
      ...{ name: 'octoprint', by: 'token', admin: false, may: ['read:door'], cameras: { door: 'view' } },
    });
    assert.equal(await name({ Authorization: `Bearer ${token}x` }), 401);
    assert.equal(await name({ ...basic(`anything:${token}`) }), 'octoprint');
    assert.equal(await name({ ...basic(`:${token}`) }), 'octoprint');
    assert.equal(await name({ ...basic(`admin:${secrets.password}`) }), 'admin');
    assert.equal(await name({ ...basic('admin:wrong') }), 401);
    assert.equal(await name({ Authorization: 'Basic ***' }), 401);
    // A browser shows what a proxy in front of us asked it for.
    assert.equal(await name({ ...basic(`admin:${secrets.password}`), 'User-Agent': 'Mozilla/5.0' }), 401);
    assert.equal(await name({ 'Remote-User': 'viewer' }, '192.0.2.200'), 'viewer');
    assert.equal(await name({ 'Remote-User': 'viewer' }), 401, 'no trusted proxy');
    assert.equal(await name({ 'Remote-User': 'viewer', Authorization: `Bearer ${token}` }, '192.0.2.200'), 'octoprint');
  });

  test('a proxy’s word: its user here, or what those may who are none; a strange name is none', async () => {
    const { ask } = setUp();
    const me = async (name: string) => {
      const answer = await ask('/me', { from: '192.0.2.200', headers: { 'Remote-User': name } });
      return answer.status === 200 ? ((await answer.json()) as { may: string[] }).may : answer.status;
    };
    assert.deepEqual(await me('viewer'), ['read:front']);
    assert.deepEqual(await me('anna@example.org'), ['read:door']);
    for (const name of ['', ' ', 'a, b', 'x'.repeat(200)]) assert.equal(await me(name), 401, name);
  });

  test('who may do nothing is told what to do', async () => {
    const { ask, as } = setUp();
    const answer = await ask('/cameras', as('publisher'));
    assert.equal(answer.status, 403);
    assert.match(
      await answer.text(),
      /You are logged in as publisher, who may see no camera here: .*npm run user -- add publisher --may read:\*/,
    );
    const page = await ask('/', { ...as('publisher'), headers: { ...as('publisher').headers, Accept: 'text/html' } });
    assert.deepEqual([page.status, page.headers.get('content-type')], [403, 'text/html; charset=UTF-8']);
  });

  test('what is told of a refusal has nothing in it that a page would take for more than text', async () => {
    const { ask, as } = setUp();
    const form = await ask('/login', { method: 'POST', body: new URLSearchParams({ name: '"><script>', password: 'x' }) });
    assert.ok(!(await form.text()).includes('"><script>'));
    const broken = { 'Content-Type': 'multipart/form-data; boundary=x' };
    assert.equal((await ask('/login', { method: 'POST', body: 'no form', headers: broken })).status, 401);
    const answer = await ask('/cameras/%3Cscript%3E', as('admin'));
    assert.deepEqual(
      [answer.status, answer.headers.get('content-type'), answer.headers.get('x-content-type-options')],
      [404, 'application/problem+json', 'nosniff'],
    );
    const named = await ask('/', { from: '192.0.2.200', headers: { 'Remote-User': 'publisher', Accept: 'text/html' } });
    assert.ok(!/<script(?! type="module" src="[^"]*assets\/)/.test(await named.text()));
  });
});

describe('users', () => {
  test('what is wrong is named, with what would be right, and nothing is changed', async () => {
    const { ask, as } = setUp();
    const list = async () => (await ask('/users', as('admin'))).text();
    const before = await list();
    assert.deepEqual((JSON.parse(before) as unknown[])[0], { name: 'controller', may: ['control:front'], made: null });
    assert.ok(!before.includes('of controller'), 'no hash');
    const good = { name: 'anna', may: ['read:front'] };
    const cases: [method: string, path: string, sent: unknown, told: RegExp][] = [
      ['POST', '/users', [], /^this is no JSON object: send \{"name": "anna", "may": \["read:front"\]\}/],
      ['POST', '/users', { ...good, right: 'x' }, /^"right" is not known here: send/],
      ['POST', '/users', { may: good.may }, /^name has to be a text: send/],
      ['POST', '/users', { ...good, name: '../x' }, /^"\.\.\/x" is no user's name: a name is/],
      ['POST', '/users', { ...good, name: 'camera' }, /^camera is HomeGuard's own: choose another name\.$/],
      ['POST', '/users', { name: 'anna' }, /^may has to be a list of one right or more/],
      ['POST', '/users', { ...good, may: 'read:front' }, /^may has to be a list of one right or more/],
      ['POST', '/users', { ...good, may: ['reed:front'] }, /^"reed:front" is no right: say admin, read:\{camera\}/],
      ['POST', '/users', { ...good, password: 'short' }, /^the password is too short: it has to have at least 8 characters\.$/],
      ['POST', '/users', { ...good, password: 'x'.repeat(1025) }, /^the password is too long: it may have 1024 bytes\.$/],
      ['POST', '/users', { ...good, password: 'two lines\nof it' }, /^the password has more than one line/],
      ['POST', '/users', { ...good, password: 12345678 }, /^password has to be a text, or null/],
      ['PATCH', '/users/viewer', {}, /^nothing is to be changed: send \{"may": \["read:front"\]\}, \{"password": "…"\}, or both/],
      ['PATCH', '/users/viewer', { may: [] }, /to take everything away, remove the user\.$/],
      ['PATCH', '/users/viewer', { name: 'other' }, /^"name" is not known here/],
    ];
    for (const [method, path, sent, told] of cases) {
      const answer = await ask(path, { method, body: JSON.stringify(sent), ...as('admin') });
      assert.deepEqual([answer.status, answer.headers.get('content-type')], [422, 'application/problem+json'], JSON.stringify(sent));
      assert.match(((await answer.json()) as { detail: string }).detail, told);
    }
    assert.equal(await list(), before);
  });

  test('a password is made and shown once, unless it was chosen, and no log has it; a page of another site makes nobody', async () => {
    const { ask, as, lines } = setUp();
    const send = (method: string, path: string, sent: object, headers = {}) =>
      ask(path, { method, body: user(sent), headers: { ...as('admin').headers, ...headers } });
    const read = async (answer: Response) => (await answer.json()) as Record<string, unknown>;
    assert.equal((await send('POST', '/users', { name: 'anna', may: ['admin'] }, { Origin: 'http://evil.example' })).status, 403);
    const { password, made, ...shown } = await read(await send('POST', '/users', { name: 'anna', may: ['control:front', 'use:zigbee'] }));
    assert.deepEqual(shown, { name: 'anna', may: ['control:front', 'use:zigbee'] });
    assert.ok(Math.abs(Date.parse(String(made)) - Date.now()) < 10_000);
    assert.match(String(password), /^[\w-]{27}$/);
    const chosen = await read(await send('PATCH', '/users/anna', { password: 'chosen by anna' }));
    assert.deepEqual(chosen, { ...shown, made });
    const again = await read(await send('PATCH', '/users/anna', { password: null, may: ['read:*'] }));
    assert.deepEqual([again.may, String(again.password).length, again.password === password], [['read:*'], 27, false]);
    assert.equal((await ask('/users/anna', { method: 'DELETE', ...as('admin') })).status, 204);
    const audited = lines.flatMap(({ audit, who, user, may, login }) => (audit ? [[audit, who, user, may, login]] : []));
    assert.deepEqual(audited, [
      ['user-made', 'admin', 'anna', 'control:front,use:zigbee', undefined],
      ['user-changed', 'admin', 'anna', undefined, 'another password'],
      ['user-changed', 'admin', 'anna', 'read:*', 'another password'],
      ['user-removed', 'admin', 'anna', undefined, undefined],
    ]);
    for (const secret of [password, again.password, 'chosen by']) assert.ok(!JSON.stringify(lines).includes(String(secret)));
  });

  test('a change waits while another makes one, on the command line perhaps', async () => {
    const dataDir = makeWorkDir({ after });
    const { ask, as } = setUp({}, '/', dataDir);
    const rights = async () => ((await (await ask('/users', as('admin'))).json()) as { may: string[] }[]).at(-1)?.may;
    writeFileSync(join(dataDir, 'users.lock'), '');
    const change = ask('/users/viewer', { method: 'PATCH', body: user({ may: ['read:*'] }), ...as('admin') });
    for (let i = 0; i < 3; i++) assert.deepEqual(await rights(), ['read:front']);
    rmSync(join(dataDir, 'users.lock'));
    assert.equal((await change).status, 200);
    assert.deepEqual(await rights(), ['read:*']);
  });

  test('where the broker has a folder of its own nothing is written, and the answer has the command for a shell', async () => {
    const dataDir = makeWorkDir({ after });
    writeSecret(dataDir, 'mqtt-gateway', 'as setup puts it there');
    const { ask, as } = setUp({ userProgram: userProgram({ isContainer: true, folder: '/app/services/gateway' }) }, '/', dataDir);
    const before = readFileSync(join(dataDir, 'users.json'), 'utf8');
    const command = async (method: string, path: string, sent?: object) => {
      const answer = await ask(path, { method, body: sent ? user(sent) : null, ...as('admin') });
      const { detail, command } = (await answer.json()) as Record<string, string>;
      assert.match(detail ?? '', answer.status === 409 && command ? /the gateway may not write: run this command/ : /There is/);
      return command ?? answer.status;
    };
    const run = 'docker compose run --rm setup user';
    const hostile = "use:a'; reboot";
    assert.equal(
      await command('POST', '/users', { name: 'anna', may: ['read:front', 'admin'] }),
      `${run} add anna --may admin --may read:front`,
    );
    assert.equal(await command('POST', '/users', { name: 'anna', may: [hostile] }), `${run} add anna --may 'use:a'\\''; reboot'`);
    assert.equal(await command('POST', '/users', { name: 'viewer', may: ['read:front'] }), 409);
    assert.equal(
      await command('PATCH', '/users/viewer', { may: ['read:*'], password: null }),
      `${run} may viewer 'read:*' && ${run} password viewer`,
    );
    assert.equal(await command('DELETE', '/users/viewer'), `${run} remove viewer`);
    assert.equal(await command('DELETE', '/users/nope'), 404);
    assert.equal(readFileSync(join(dataDir, 'users.json'), 'utf8'), before);
    assert.equal(userProgram({ isContainer: false, folder: '/opt/homeguard/services/gateway' }), 'sudo /opt/homeguard/user.sh');
    assert.equal(userProgram({ isContainer: false, folder: '/home/pi/homeguard/services/gateway' }), 'npm run user --');
    assert.equal(doctorProgram({ isContainer: true, folder: '/app/services/gateway' }), 'docker compose run --rm camera doctor');
    assert.equal(doctorProgram({ isContainer: false, folder: '/opt/homeguard/services/gateway' }), 'sudo /opt/homeguard/doctor.sh');
    assert.equal(doctorProgram({ isContainer: false, folder: '/home/pi/homeguard/services/gateway' }), 'npm run doctor');
    writeSecret(dataDir, 'mqtt-homeassistant', 'as a broker makes it beside its users');
    assert.equal((await ask('/users/viewer', { method: 'DELETE', ...as('admin') })).status, 204);
  });

  test('a token ends with the admin who made it: with his user, his right and his password', async () => {
    const { ask, as } = setUp();
    const change = (sent: object, method = 'PATCH', path = '/users/iris') =>
      ask(path, { method, body: user(sent), ...as('admin') }).then(({ status }) => status);
    const withToken = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });
    const makeToken = async (name: string, by: { from?: string; headers: Record<string, string> }) => {
      const answer = await ask('/tokens', { method: 'POST', body: user({ name, right: 'admin' }), ...by });
      assert.equal(answer.status, 201);
      return ((await answer.json()) as { token: string }).token;
    };
    const isGood = async (token: string) => (await ask('/cameras', withToken(token))).status === 200;
    const byProxy = { from: '192.0.2.200', headers: { 'Remote-User': 'iris' } };
    await change({ name: 'iris', may: ['admin'] }, 'POST', '/users');
    const own = await makeToken('own', as('admin'));
    const hers = await makeToken('hers', byProxy);
    const next = await makeToken('next', withToken(hers));
    assert.deepEqual([await isGood(hers), await isGood(next)], [true, true]);
    await change({ may: ['control:*'] });
    assert.deepEqual([await isGood(hers), await isGood(next), await isGood(own)], [false, false, true]);
    await change({ may: ['admin'] });
    assert.ok(await isGood(hers), 'admin once more');
    await change({ password: null });
    assert.deepEqual([await isGood(hers), await isGood(next)], [false, false]);
    const list = (await (await ask('/tokens', as('admin'))).json()) as { name: string; by: string | null; ended: boolean }[];
    assert.deepEqual(
      list.map(({ name, by, ended }) => [name, by, ended]),
      [
        ['own', null, false],
        ['hers', 'iris', true],
        ['next', 'iris', true],
      ],
    );
  });
});

describe('pages of other sites', () => {
  const change = { method: 'POST', body: 'OFF' };
  const origins: [Record<string, string>, boolean][] = [
    [{ Origin: 'http://cam.example' }, true],
    [{ Origin: 'http://evil.example' }, false],
    [{ Origin: 'http://cam.example:81' }, false],
    [{ Origin: 'null' }, false],
    [{}, true],
    [{ 'Sec-Fetch-Site': 'same-origin' }, true],
    [{ 'Sec-Fetch-Site': 'none' }, true],
    [{ 'Sec-Fetch-Site': 'same-site' }, false],
    [{ 'Sec-Fetch-Site': 'cross-site' }, false],
    [{ Origin: 'http://evil.example', 'Sec-Fetch-Site': 'same-origin' }, false],
  ];
  for (const [headers, isOwn] of origins) {
    test(`${JSON.stringify(headers)}: ${isOwn ? 'may' : 'may not'} change anything`, async () => {
      const { ask, as } = setUp();
      const authorised = { headers: { ...as('admin').headers, ...headers } };
      assert.equal((await ask('/cameras/front/capture', { ...change, ...authorised })).status, isOwn ? 204 : 403);
      assert.equal((await ask('/tokens/none', { method: 'DELETE', ...authorised })).status, isOwn ? 404 : 403);
      assert.equal((await ask('/ws', { headers: { ...authorised.headers, Upgrade: 'x' } })).status, isOwn ? 426 : 403);
      assert.equal((await ask('/cameras', authorised)).status, 200, 'reading is what cookies and CORS guard');
    });
  }
});

describe('people who are led to the login', () => {
  const html = { Accept: 'text/html,*/*;q=0.8' };
  test('by a redirect where a cookie would have come, and by a page of ours where it may have been kept back', async () => {
    const { ask } = setUp({}, '/cams/');
    for (const site of ['none', 'same-origin']) {
      const answer = await ask('/cams/', { headers: { ...html, 'Sec-Fetch-Site': site } });
      assert.deepEqual([answer.status, answer.headers.get('location')], [303, '/cams/login'], site);
    }
    for (const headers of [html, { ...html, 'Sec-Fetch-Site': 'cross-site' }] as Record<string, string>[]) {
      for (const path of ['/cams/', '/cams/cameras/front/stream']) {
        const answer = await ask(path, { headers });
        const page = await answer.text();
        assert.deepEqual([answer.status, answer.headers.get('www-authenticate')], [401, 'Bearer']);
        assert.match(page, /<a href="\/cams\/login">/);
        assert.match(page, /url=\/cams\/login"/);
        assert.ok(!/<script(?![^>]*src="\/cams\/assets\/)/.test(page), 'no script in the page itself');
      }
    }
  });

  test('the link with the token: a redirect for programs, a page for who comes from another site', async () => {
    const { ask, lines } = setUp({}, '/cams/');
    const open = (headers: Record<string, string>) => ask(`/cams/login?token=${secrets.token}`, { headers });
    for (const headers of [{}, { 'Sec-Fetch-Site': 'cross-site' }, { ...html, 'Sec-Fetch-Site': 'none' }] as Record<string, string>[]) {
      const answer = await open(headers);
      assert.deepEqual([answer.status, answer.headers.get('location')], [303, '/cams/']);
    }
    for (const headers of [html, { ...html, 'Sec-Fetch-Site': 'cross-site' }] as Record<string, string>[]) {
      const answer = await open(headers);
      assert.equal(answer.status, 200);
      assert.match(answer.headers.get('set-cookie') ?? '', /^homeguard=[\w-]{32}; .*Path=\/cams\/; HttpOnly; SameSite=Strict$/);
      assert.equal(answer.headers.get('referrer-policy'), 'no-referrer', 'the token would be in the next request');
      assert.ok(!(await answer.text()).includes(secrets.token));
    }
    assert.ok(lines.some(({ audit, who, by }) => audit === 'login' && who === 'admin' && by === 'link'));
    assert.ok(!JSON.stringify(lines).includes(secrets.token));
    const head = await ask(`/cams/login?token=${secrets.token}`, { method: 'HEAD' });
    assert.equal(head.headers.get('set-cookie'), null, 'a look is no login');
  });

  test('behind TLS the cookie’s name is nobody else’s, and each base path has one', async () => {
    for (const [basePath, name] of [
      ['/', '__Host-homeguard'],
      ['/cams/', '__Host-homeguard+cams'],
      ['/a/b/', '__Host-homeguard+a+b'],
    ] as const) {
      const { ask } = setUp({}, basePath);
      const headers = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '203.0.113.9' };
      const answer = await ask(`${basePath}login`, {
        method: 'POST',
        from: '192.0.2.200',
        headers,
        body: new URLSearchParams({ password: secrets.password }),
      });
      const [pair = '', ...attributes] = (answer.headers.get('set-cookie') ?? '').split('; ');
      assert.equal(pair.split('=')[0], name);
      assert.deepEqual(attributes.sort(), ['HttpOnly', 'Max-Age=2592000', 'Path=/', 'SameSite=Strict', 'Secure']);
      assert.equal((await ask(`${basePath}me`, { from: '192.0.2.200', headers: { ...headers, Cookie: pair } })).status, 200);
    }
  });

  test('nothing behind the login is kept by anybody, and no other site may read or frame it', async () => {
    const { ask, as } = setUp();
    for (const path of ['/', '/cameras', '/me', '/tokens', '/metrics', '/readyz', '/cameras/nope', '/nonsense']) {
      for (const who of ['nobody', 'admin'] as const) {
        const { headers } = await ask(path, as(who));
        assert.equal(headers.get('cache-control'), 'no-store', `${who} ${path}`);
        assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin', path);
        assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'; script-src 'self'; .*frame-ancestors 'self'$/);
        assert.ok(!/unsafe/.test(headers.get('content-security-policy') ?? ''));
      }
    }
    const stream = await ask('/stream', { method: 'HEAD', ...as('admin') });
    assert.equal(stream.headers.get('cross-origin-resource-policy'), 'cross-origin', 'web sites embed pictures');
    const policy =
      (await ask('/healthz', { headers: { Host: "x; script-src 'unsafe-inline'" } })).headers.get('content-security-policy') ?? '';
    assert.ok(!policy.includes('unsafe'));
  });
});
