import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAccess } from '../../services/broker/access.ts';

const users = new Map([
  ['camera', 'right'],
  ['gateway', 'other'],
]);

test('only a known user with its own password gets in', () => {
  const access = createAccess(users, 'homeguard');
  assert.ok(access.mayConnect('camera', Buffer.from('right')));
  assert.ok(access.mayConnect('gateway', Buffer.from('other')));
  const refused: [string | undefined, string | undefined][] = [
    ['camera', 'other'],
    ['camera', 'right '],
    ['camera', ''],
    ['camera', undefined],
    ['nobody', 'right'],
    ['', ''],
    [undefined, undefined],
    [undefined, 'right'],
    ['__proto__', ''],
  ];
  for (const [user, password] of refused) {
    assert.ok(!access.mayConnect(user, password === undefined ? undefined : Buffer.from(password)), `${user}:${password}`);
  }
});

test('switched off, anyone gets in', () => {
  const access = createAccess(null, 'homeguard');
  assert.ok(access.mayConnect(undefined, undefined));
  assert.ok(access.mayConnect('camera', Buffer.from('wrong')));
});

test("the broker's own topics are nobody's", () => {
  const access = createAccess(users, 'homeguard');
  for (const topic of ['$SYS/x', '$SYS/#', '$share/group/homeguard/front/frame', '$']) assert.ok(!access.mayUse(topic), topic);
  for (const topic of ['homeguard/front/frame', '#', '+/+/frame', 'a/$b']) assert.ok(access.mayUse(topic), topic);
});

test('a gateway is known by its user, and where there are no users by its client id', () => {
  const withUsers = createAccess(users, 'homeguard');
  assert.ok(withUsers.isGateway('gateway', 'anything'));
  assert.ok(!withUsers.isGateway('camera', 'homeguard-gateway-hall-8080-front'));
  const without = createAccess(null, 'homeguard');
  assert.ok(without.isGateway(undefined, 'homeguard-gateway-hall-8080-front'));
  assert.ok(!without.isGateway('gateway', 'mqttjs_1234'));
});

test('a gateway is known with a prefix of several levels too', () => {
  assert.ok(createAccess(null, 'home/guard').isGateway(undefined, 'home-guard-gateway-hall-8080-front'));
});
