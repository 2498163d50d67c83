import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BridgeFacts } from '../../services/doctor/bridge.ts';
import { judgeBridge } from '../../services/doctor/bridge-findings.ts';

const well: BridgeFacts = { url: 'mqtt://house:1883', username: 'homeguard', trouble: null, version: 5, isOurOwn: false };
const judged = (facts: Partial<BridgeFacts>) => judgeBridge({ ...well, ...facts })[0];
const unreached = (said: string) => `The message bus at ${well.url} cannot be reached (${said}): start the broker, or set BRIDGE_URL.`;

test('no bridge is wanted: nothing is said of it', () => assert.deepEqual(judgeBridge(null), []));

test('a house that takes us', () => {
  const found = judged({});
  assert.deepEqual(found, {
    topic: 'bridge',
    ok: true,
    subject: 'mqtt://house:1883',
    text: 'speaks MQTT 5, the login as homeguard is right',
    remedy: null,
  });
});

for (const [facts, text, remedy] of [
  [{ trouble: unreached('connect ECONNREFUSED 10.0.0.2:1883') }, /nothing listens/, /correct BRIDGE_URL/],
  [{ trouble: unreached('getaddrinfo ENOTFOUND house') }, /name that nobody knows/, /BRIDGE_URL/],
  [{ trouble: unreached('Server busy') }, /cannot be reached \(Server busy\)/, /correct BRIDGE_URL/],
  [
    { trouble: `The message bus at ${well.url} refuses our login: set …` },
    /refuses the user homeguard .* BRIDGE_PASSWORD/,
    /BRIDGE_USERNAME/,
  ],
  [{ trouble: `The message bus at ${well.url} refuses our login: set …`, username: undefined }, /wants a login/, /BRIDGE_USERNAME/],
  [{ isOurOwn: true }, /HomeGuard's own broker/, /BRIDGE_URL/],
] as const) {
  test(`the house: ${facts.trouble ?? 'our own broker'}`, () => {
    const found = judged(facts);
    assert.equal(found?.ok, null, 'it keeps no picture away');
    assert.match(found?.text ?? '', text);
    assert.match(found?.remedy ?? '', remedy);
    assert.doesNotMatch(`${found?.text} ${found?.remedy}`, /MQTT_/);
  });
}
