import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { Access, type Admission, type Arrival } from '../../services/broker/access.ts';
import { ClientIds } from '../../services/broker/client-ids.ts';
import { MAX_CONNECTS, type PlaceSocket, Places } from '../../services/broker/places.ts';
import { remedyFor } from '../../services/broker/remedy.ts';
import { topicOf } from '../../services/broker/topic-kinds.ts';
import { rulesOfAccount, rulesOfOwnUser } from '../../services/broker/topic-rights.ts';
import { MAX_SUBSCRIPTIONS, Visitor } from '../../services/broker/visitor.ts';
import { Accounts } from '../../services/shared/accounts.ts';
import { AuditLog } from '../../services/shared/audit.ts';
import * as contract from '../../services/shared/contract.ts';
import { hashPassword } from '../../services/shared/password.ts';
import { ADMIN, NOTHING, parseRights } from '../../services/shared/rights.ts';
import { keepLog } from '../helpers/kept-log.ts';
import { rightsTable, type TableUser, tableUsers } from '../helpers/rights-table.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const prefixes = { prefix: 'homeguard', discoveryPrefix: 'homeassistant' };

function visitorOf({ name, may, clientId = 'any' }: TableUser): Visitor {
  const camera = /^homeguard-camera-(.+)/.exec(clientId)?.[1];
  const rules = may ? rulesOfAccount(name, parseRights(may)) : rulesOfOwnUser(name, camera);
  return new Visitor({ user: name, clientId, address: '192.0.2.1' }, { prefixes, rules, isOwn: !may });
}

const made = (name: string, ...may: string[]) => visitorOf({ name, may });

describe('the table of rights', () => {
  test('has every topic that the contract knows', () => {
    const known = [
      ...Object.keys(contract).filter((name) => name.endsWith('Topic') && name !== 'parseTopic'),
      ...Object.keys(contract.cameraTopics('homeguard', 'front')),
    ];
    const listed = new Set(rightsTable.map(({ name }) => name));
    assert.deepEqual(
      known.filter((name) => !listed.has(name)),
      [],
    );
    for (const { topic, isWhole } of rightsTable) assert.ok(isWhole, `${topic}: a cell for each of ${tableUsers.length} users`);
  });

  for (const { topic, cells } of rightsTable) {
    test(topic, () => {
      for (const { user, cell } of cells) {
        const visitor = visitorOf(user);
        const who = `${user.name} ${user.clientId ?? ''}`;
        assert.equal(visitor.mayRead(topic), cell.includes('r'), `${who} reads`);
        assert.equal(visitor.maySubscribe(topic), cell.includes('r'), `${who} subscribes`);
        assert.equal(visitor.mayPublish(topic), cell.includes('p'), `${who} publishes`);
        assert.equal(visitor.mayPublish(topic, { isClearing: true }), /[pc]/.test(cell), `${who} clears`);
        assert.equal(visitor.mayRead(topic), cell.includes('r'), `${who} reads, remembered`);
      }
    });
  }
});

test('a filter is granted if it can bring anything that may be read', () => {
  const reader = made('anna', 'read:front');
  const granted = [
    '#',
    '+/#',
    'homeguard/#',
    'homeguard/+/frame',
    '+/+/frame',
    'homeguard/front/#',
    'homeguard/front/controls/+',
    '+/front/+',
  ];
  for (const filter of granted) assert.ok(reader.maySubscribe(filter), filter);
  const refused = ['homeguard/door/#', 'homeguard/+', 'homeassistant/#', 'homeguard/+/+/set', 'homeguard/+/controls/+/set', '+', '$SYS/#'];
  for (const filter of [...refused, '$share/group/homeguard/front/frame', 'zigbee2mqtt/#', ''])
    assert.ok(!reader.maySubscribe(filter), filter);
  const controller = made('bert', 'control:front');
  for (const filter of ['homeguard/+/+/set', 'replies/bert/#', 'replies/+/1']) assert.ok(controller.maySubscribe(filter), filter);
  assert.ok(!controller.maySubscribe('replies/anna/#'));
  const device = made('lamp', 'use:zigbee2mqtt');
  for (const filter of ['zigbee2mqtt/#', 'zigbee2mqtt/+/set', '#']) assert.ok(device.maySubscribe(filter), filter);
  for (const filter of ['homeguard/#', 'homeassistant/#', 'zigbee2mqtt2/#']) assert.ok(!device.maySubscribe(filter), filter);
  const health = visitorOf({ name: 'healthcheck' });
  assert.ok(health.maySubscribe('homeguard/+/preview') && !health.maySubscribe('homeguard/+/frame'));
  assert.ok(visitorOf({ name: 'camera', clientId: 'homeguard-camera-front' }).maySubscribe('homeassistant/device/+/config'));
  for (const filter of ['#', '+/x', 'homeguard/+']) assert.ok(!made('nobody').maySubscribe(filter), filter);
});

test('a camera answers a command only where its sender may publish, too', () => {
  const set = 'homeguard/front/snapshot/set';
  const responseTopics = { 'replies/bert/1': true, 'replies/anna/1': false, 'zigbee2mqtt/bridge/request/restart': false };
  for (const [responseTopic, may] of Object.entries(responseTopics))
    assert.equal(made('bert', 'control:front').mayPublish(set, { responseTopic }), may, responseTopic);
  assert.ok(visitorOf({ name: 'homeassistant' }).mayPublish(set, { responseTopic: 'replies/me' }));
  assert.ok(made('bert', 'publish:front').mayPublish('homeguard/front/frame', { responseTopic: 'anything' }), 'it is no command');
});

test('rights that change count at once, and many topics are remembered no longer than others', () => {
  const visitor = made('anna', 'read:front', 'publish:front');
  assert.ok(visitor.mayRead('homeguard/front/frame') && visitor.mayPublish('homeguard/front/frame'));
  for (let i = 0; i < 1_000; i++) assert.ok(!visitor.mayRead(`homeguard/c${i}/frame`));
  assert.ok(visitor.mayRead('homeguard/front/frame'));
  visitor.setRules(rulesOfAccount('anna', NOTHING));
  assert.ok(!visitor.mayRead('homeguard/front/frame') && !visitor.mayPublish('homeguard/front/frame'));
});

test('topics and filters are so long and so deep at most, in each place where one may stand', () => {
  const admin = made('anna', 'admin', 'use:attic');
  const long = (bytes: number) => `attic/${'é'.repeat((bytes - 6) / 2)}`;
  const deep = (levels: number) => `attic${'/x'.repeat(levels - 1)}`;
  for (const [fits, exceeds, why] of [
    [long(1_024), long(1_026), /more than 1024 bytes: take a shorter/],
    [deep(32), deep(33), /more than 32 levels/],
  ] as const) {
    assert.deepEqual([admin.mayPublish(fits), admin.maySubscribe(fits)], [true, true]);
    assert.deepEqual([admin.mayPublish(exceeds), admin.maySubscribe(exceeds)], [false, false]);
    assert.ok(!admin.mayPublish('homeguard/front/fps/set', { responseTopic: exceeds }));
    for (const deed of ['publish', 'read'] as const) assert.match(admin.refusal(deed, exceeds).remedy, why);
  }
});

test('so many subscriptions of one client; one that it has it may have again, and one that it gives up makes room', () => {
  const visitor = made('anna', 'admin');
  for (let i = 0; i < MAX_SUBSCRIPTIONS; i++) assert.ok(visitor.subscribe(`t/${i}`));
  assert.deepEqual([visitor.subscribe('one/more'), visitor.subscribe('t/7')], [false, true]);
  visitor.unsubscribe('t/7');
  assert.deepEqual([visitor.subscribe('one/more'), visitor.subscribe('t/7'), visitor.isSubscribed('t/7')], [true, false, false]);
});

test('prefixes within each other: birth and discovery go first', () => {
  const kind = (prefix: string, discoveryPrefix: string, name: string) => topicOf({ prefix, discoveryPrefix }, name).kind;
  assert.equal(kind('home/cams', 'home', 'home/cams/front/frame'), 'told');
  assert.equal(kind('home/cams', 'home', 'home/device/homeguard_front/config'), 'discovery');
  assert.equal(kind('home', 'home/ha', 'home/ha/device/homeguard_front/config'), 'discovery');
  assert.equal(kind('home', 'home/ha', 'home/ha/status'), 'birth');
  assert.equal(kind('home', 'home', 'home/status'), 'birth');
  assert.equal(kind('homeguard', 'homeassistant', 'homeguardian/front/frame'), 'outer');
});

test('what was refused is told with what mends it', () => {
  const own = { user: 'homeassistant', isOwn: true };
  const remedies: [deed: 'read' | 'publish', name: string, right: string | null][] = [
    ['publish', 'homeguard/front/frame', 'publish:front'],
    ['publish', 'homeguard/front/fps/set', 'control:front'],
    ['read', 'homeguard/front/#', 'read:front'],
    ['read', 'homeguard/+/frame', 'read:*'],
    ['read', 'zigbee2mqtt/+/state', 'use:zigbee2mqtt'],
    ['publish', 'homeguard/_broker/telemetry', 'admin'],
    ['publish', '$SYS/x', null],
    ['publish', 'homeguard/front/viewers/broker', null],
  ];
  for (const [deed, name, right] of remedies) {
    const remedy = remedyFor(prefixes, { deed, name, ...own });
    assert.equal(
      remedy,
      right ? `make a user that may: npm run user -- add NAME --may ${right}` : "nobody may: it is the broker's own, or the gateways'",
    );
  }
  const anna = remedyFor(prefixes, { deed: 'publish', name: 'homeguard/front/frame', user: 'anna', isOwn: false });
  assert.equal(anna, 'give it the right publish:front, too: npm run user -- may anna …');
});

/** Each takes its time. */
const hashOfX = hashPassword('x');

/** A front door with two of the broker's own users and whom the test adds. */
function openAccess(t: TestContext, own: Record<string, string> = { camera: 'right'.repeat(5), gateway: 'short' }) {
  const dir = makeWorkDir(t);
  const accounts = new Accounts(dir);
  const access = new Access({ prefixes, users: { own: new Map(Object.entries(own)), accounts } });
  const arrive = (user: string | undefined, password: string | undefined, more: Partial<Arrival> = {}) => {
    const holder = { clean: true, closed: false };
    const arrival = {
      user,
      password: password === undefined ? undefined : Buffer.from(password),
      clientId: `${user}-1`,
      address: '192.0.2.1',
    };
    return access.admit({ will: undefined, holder, ...arrival, ...more });
  };
  return { access, accounts, arrive, dir };
}

const codeOf = (admission: Admission | null) => (admission && 'refused' in admission ? admission.refused.returnCode : 'in');

function visitorIn(admission: Admission | null): Visitor {
  assert.ok(admission && 'visitor' in admission);
  return admission.visitor;
}

describe('logins', () => {
  test('only a known user with its own password gets in', async (t) => {
    const { arrive } = openAccess(t);
    assert.equal(codeOf(await arrive('camera', 'right'.repeat(5))), 'in');
    assert.equal(codeOf(await arrive('gateway', 'short')), 'in');
    const refused: [string | undefined, string | undefined][] = [
      ['camera', 'short'],
      ['camera', ''],
      ['camera', undefined],
      ['', ''],
      [undefined, undefined],
      [undefined, 'short'],
      ['__proto__', 'x'],
    ];
    for (const [user, password] of refused) assert.equal(codeOf(await arrive(user, password)), 5, `${user}:${password}`);
  });

  test('one that was made gets in, by its right password, until it is removed; a name of the own users is theirs', async (t) => {
    const { access, accounts, arrive } = openAccess(t);
    const hash = await hashOfX;
    accounts.set('anna', { hash, rights: parseRights(['read:front']) });
    accounts.set('camera', { hash, rights: ADMIN });
    const visitor = visitorIn(await arrive('anna', 'x'));
    assert.ok(visitor.mayRead('homeguard/front/frame') && !visitor.mayRead('homeguard/door/frame'));
    assert.equal(codeOf(await arrive('anna', 'y')), 5);
    assert.equal(codeOf(await arrive('camera', 'x')), 5);
    const began = performance.now();
    for (let i = 0; i < 20; i++) assert.equal(codeOf(await arrive('anna', 'x')), 'in');
    assert.ok(performance.now() - began < 50, 'the right password is remembered');
    accounts.set('anna', null);
    assert.equal(codeOf(await arrive('anna', 'x')), 5);
    assert.equal(access.refresh(), null, 'the same object has read its own change');
  });

  test('after wrong ones it is not looked at, but an own user whose password nobody guesses gets in, and all do on own ways', async (t) => {
    const { arrive } = openAccess(t);
    for (let i = 0; i < 5; i++) assert.equal(codeOf(await arrive('nobody', 'x')), 5);
    for (let i = 0; i < 20; i++)
      assert.notEqual(codeOf(await arrive('nobody', undefined, { address: '192.0.2.9' })), 3, 'nothing was guessed');
    assert.equal(codeOf(await arrive('nobody', 'x')), 3);
    assert.equal(codeOf(await arrive('gateway', 'short')), 3);
    assert.equal(codeOf(await arrive('gateway', 'short', { address: '192.0.2.2' })), 'in');
    assert.equal(codeOf(await arrive('camera', 'right'.repeat(5))), 'in');
    for (let i = 0; i < 20; i++) assert.equal(codeOf(await arrive('nobody', 'x', { address: 'unix socket' })), 5);
    assert.equal(codeOf(await arrive('gateway', 'short', { address: 'unix socket' })), 'in');
  });

  test('nobody comes in with a will that may not be published', async (t) => {
    const { arrive } = openAccess(t);
    const will = (topic: string) => ({ will: { topic, isClearing: false }, clientId: 'homeguard-camera-front' });
    assert.equal(codeOf(await arrive('camera', 'right'.repeat(5), will('homeguard/front/status'))), 'in');
    for (const topic of ['homeguard/door/status', 'homeguard/front/fps/set', '$SYS/x'])
      assert.equal(codeOf(await arrive('camera', 'right'.repeat(5), will(topic))), 5, topic);
  });

  test('a client id or a name that is longer than anybody needs is refused, and not remembered', async (t) => {
    const { arrive } = openAccess(t);
    assert.equal(codeOf(await arrive('camera', 'right'.repeat(5), { clientId: 'x'.repeat(256) })), 'in');
    assert.equal(codeOf(await arrive('camera', 'right'.repeat(5), { clientId: 'x'.repeat(257) })), 2);
    for (let i = 0; i < 20; i++)
      assert.equal(codeOf(await arrive('x'.repeat(257), 'x', { clientId: 'x' })), 5, 'it is nobody, and was not looked at');
  });

  test('who has left before the password was looked at is not let in', async (t) => {
    const { arrive } = openAccess(t);
    assert.equal(await arrive('camera', 'right'.repeat(5), { holder: { clean: false, closed: true } }), null);
  });

  test('switched off, anyone gets in and may all but what is the broker’s own', async () => {
    const access = new Access({ prefixes, users: null });
    const holder = { clean: true, closed: false };
    const visitor = visitorIn(
      await access.admit({ user: undefined, password: undefined, clientId: 'x', address: 'a', will: undefined, holder }),
    );
    for (const topic of ['homeguard/front/frame', 'homeguard/front/fps/set', 'a/$b']) assert.ok(visitor.mayPublish(topic), topic);
    for (const filter of ['#', '+/+/frame', 'a/$b']) assert.ok(visitor.maySubscribe(filter), filter);
    for (const topic of ['$SYS/x', '$SYS/#', '$share/group/homeguard/front/frame', '$'])
      assert.ok(!visitor.mayPublish(topic) && !visitor.maySubscribe(topic), topic);
  });
});

test('who is a user no longer, or has another password, is named; others get their new rights', async (t) => {
  const { access, arrive, dir } = openAccess(t);
  const theirs = new Accounts(dir);
  const hash = await hashOfX;
  for (const name of ['anna', 'bert', 'cleo']) theirs.set(name, { hash, rights: parseRights(['read:front']) });
  assert.deepEqual(access.refresh()?.gone, []);
  const [anna, bert, cleo] = [
    visitorIn(await arrive('anna', 'x')),
    visitorIn(await arrive('bert', 'x')),
    visitorIn(await arrive('cleo', 'x')),
  ];
  theirs.set('anna', null);
  theirs.set('bert', { hash: 'another', rights: ADMIN });
  theirs.set('cleo', { hash, rights: parseRights(['read:door']) });
  assert.deepEqual(access.refresh(), { gone: [anna, bert], users: ['bert', 'cleo'] });
  assert.ok(cleo.mayRead('homeguard/door/frame') && !cleo.mayRead('homeguard/front/frame'));
  assert.ok(bert.mayRead('homeguard/front/frame') && !bert.mayRead('homeguard/door/frame'), 'until it is disconnected');
  assert.equal(access.refresh(), null);
});

describe('client ids', () => {
  const open = () => ({ clean: true, closed: false });

  test('those of our services are theirs alone', () => {
    const ids = new ClientIds('home/guard');
    for (const [id, user] of [
      ['home-guard-camera-front', 'camera'],
      ['home-guard-gateway-pi-8080-1-front', 'gateway'],
      ['home-guard-broker-bridge-', 'bridge'],
    ] as const) {
      assert.match(ids.claim(id, 'homeassistant', null, open()) ?? '', /ids that begin with home-guard-/);
      assert.match(ids.claim(id, 'anna', parseRights(['read:*', 'publish:door']), open()) ?? '', /ids that begin with/);
      assert.equal(ids.claim(id, user, null, open()), null);
    }
    assert.equal(ids.claim('home-guard-camera-door', 'anna', parseRights(['publish:door']), open()), null, 'a camera of another machine');
  });

  test('that of another user is refused while there is a connection or a session, one of the same user is not', () => {
    const ids = new ClientIds('homeguard');
    const [first, second, kept] = [open(), open(), { clean: false, closed: false }];
    assert.equal(ids.claim('x', 'anna', null, first), null);
    assert.match(ids.claim('x', 'bert', null, open()) ?? '', /another user/);
    assert.equal(ids.claim('x', 'anna', null, second), null);
    ids.release('x', first);
    assert.match(ids.claim('x', 'bert', null, open()) ?? '', /another user/, 'the second has it now');
    ids.release('x', second);
    assert.equal(ids.claim('x', 'bert', null, kept), null);
    kept.closed = true;
    ids.release('x', kept);
    assert.match(ids.claim('x', 'anna', null, open()) ?? '', /another user/, 'its session is kept');
    ids.forget('x');
    assert.equal(ids.claim('x', 'anna', null, open()), null);
  });

  test('a few thousand are remembered; those with a connection are not forgotten', () => {
    const ids = new ClientIds('homeguard');
    ids.claim('live', 'anna', null, open());
    for (let i = 0; i < 5_000; i++) ids.claim(`kept-${i}`, 'anna', null, { clean: false, closed: true });
    assert.equal(ids.claim('kept-0', 'bert', null, open()), null);
    assert.notEqual(ids.claim('kept-4999', 'bert', null, open()), null);
    assert.notEqual(ids.claim('live', 'bert', null, open()), null);
  });
});

test('a gateway is known by its user, and by its client id, which nobody else may have', () => {
  const withUsers = new Access({ prefixes, users: { own: new Map(), accounts: new Accounts('/nowhere') } });
  const without = new Access({ prefixes: { ...prefixes, prefix: 'home/guard' }, users: null });
  const identity = (user: string | undefined, clientId: string) => ({ user, clientId, address: '' });
  assert.ok(withUsers.isGateway(identity('gateway', 'anything')));
  assert.ok(!withUsers.isGateway(identity('camera', 'anything')));
  assert.ok(without.isGateway(identity(undefined, 'home-guard-gateway-hall-8080-front')));
  assert.ok(!without.isGateway(identity('gateway', 'mqttjs_1234')));
});

test('who has done what is in the log, and of a flood only how many', () => {
  const { log, lines } = keepLog();
  const audit = new AuditLog(log);
  const deed = { who: 'user anna', from: '192.0.2.1', topic: 'homeguard/front/fps/set', value: '9' };
  audit.note('command', deed, 0);
  const { level, time, msg, ...fields } = lines[0] ?? assert.fail();
  assert.deepEqual([msg, fields], ['a command was sent', { audit: 'command', ...deed }]);
  for (let i = 0; i < 200; i++) audit.note('command', deed, 1);
  assert.equal(lines.length, 61);
  audit.note('mqtt-login', deed, 1);
  assert.equal(lines.length, 62, 'a flood of one kind hides no other');
  audit.note('command', deed, 60_000);
  assert.equal(lines.length, 63);
});

describe('places', () => {
  class FakeSocket extends EventEmitter {
    readonly remoteAddress: string | undefined;
    isClosed = false;

    constructor(remoteAddress?: string) {
      super();
      this.remoteAddress = remoteAddress;
    }

    destroy(): void {
      this.isClosed = true;
      this.emit('close');
    }
  }

  function setUp({ max = 4, maxPerAddress = 3 } = {}) {
    const told: string[] = [];
    const gathering = { tell: (_level: string, sentence: string, fields: object) => told.push(`${sentence} ${JSON.stringify(fields)}`) };
    const places = new Places({ max, maxPerAddress, gathering });
    const come = (address?: string, { now = 0, isUnix = false } = {}) => {
      const socket = new FakeSocket(address);
      const place = places.admit(socket as unknown as PlaceSocket, isUnix, now);
      return { socket, place, isIn: () => place !== null && !socket.isClosed };
    };
    return { come, told };
  }

  test('from one address there are so many at once, a household is one, and this machine may have all', () => {
    const { come, told } = setUp({ max: 20 });
    const household = ['2001:db8::1', '2001:db8::2', '2001:db8::3:1', '2001:db8::4'].map((address) => come(address));
    assert.deepEqual(
      household.map(({ isIn }) => isIn()),
      [true, true, true, false],
    );
    assert.match(
      told.join('\n'),
      /^more than 3 connections from one address: .*BROKER_MAX_CONNECTIONS_PER_ADDRESS \{"from":"2001:db8:0:0::\/64"\}$/,
    );
    household[0]?.socket.destroy();
    household[0]?.socket.destroy();
    assert.deepEqual([come('2001:db8::5').isIn(), come('2001:db8::6').isIn(), come('2001:db8:0:1::1').isIn()], [true, false, true]);
    const own = ['127.0.0.1', '::1', '::ffff:127.0.0.1', '127.0.0.1', '::1'].map((address) => come(address));
    assert.ok(own.every(({ isIn }) => isIn()));
    assert.ok([1, 2, 3, 4].every(() => come(undefined, { isUnix: true }).isIn()));
    assert.ok(!come(undefined).isIn(), 'who has no address has gone already');
  });

  test('when all are taken, the network with most peers without a login loses the one that came first', () => {
    const { come, told } = setUp({ max: 5 });
    const inside = ['10.0.0.1', '10.0.0.1'].map((address) => come(address));
    for (const { place } of inside) place?.settle();
    const [alone, first, second] = ['10.0.0.9', '10.0.0.2', '10.0.0.2'].map((address) => come(address));
    const newcomer = come('10.0.0.3');
    assert.deepEqual([alone?.isIn(), first?.isIn(), second?.isIn(), newcomer.isIn()], [true, false, true, true]);
    assert.match(told.join('\n'), /^more than 5 connections: the oldest .* BROKER_MAX_CONNECTIONS \{"from":"10.0.0.2"\}$/);
    for (const each of [alone, second, newcomer]) each?.place?.settle();
    assert.ok(!come('127.0.0.1').isIn(), 'all have logged in');
    assert.ok([...inside, alone, second, newcomer].every((each) => each?.isIn()));
    newcomer.socket.destroy();
    assert.ok(come('127.0.0.1').isIn());
  });

  test('an address opens so many in a minute, others and this machine notice nothing', () => {
    const { come, told } = setUp();
    const hammer = (count: number, now: number) =>
      Array.from({ length: count }, () => {
        const { place, socket } = come('10.0.0.1', { now });
        socket.destroy();
        return place;
      }).filter(Boolean).length;
    assert.equal(hammer(MAX_CONNECTS + 5, 1_000), MAX_CONNECTS);
    assert.match(told[0] ?? '', /^more than 120 connections in a minute from one address: .* \{"from":"10.0.0.1"\}$/);
    assert.ok(come('10.0.0.2', { now: 1_000 }).isIn());
    for (let i = 0; i < 2 * MAX_CONNECTS; i++) assert.ok(come('127.0.0.1', { now: 1_000 }).place);
    assert.equal(hammer(1, 60_999), 0);
    assert.equal(hammer(1, 61_000), 1);
  });

  test('the connects of ten thousand addresses are counted', () => {
    const { come } = setUp();
    const comeAndGo = (address: string) => {
      const { place, socket } = come(address);
      socket.destroy();
      return place !== null;
    };
    for (let i = 0; i < MAX_CONNECTS; i++) comeAndGo('10.0.0.1');
    for (let i = 1; i < 10_000; i++) comeAndGo(`10.1.${i >> 8}.${i & 255}`);
    assert.ok(!comeAndGo('10.0.0.1'), 'not forgotten yet');
    comeAndGo('10.2.0.0');
    assert.ok(!comeAndGo('10.0.0.1'), 'it has come again since');
    for (let i = 0; i < 10_000; i++) comeAndGo(`10.3.${i >> 8}.${i & 255}`);
    assert.ok(comeAndGo('10.0.0.1'), 'forgotten for ten thousand others');
  });
});
