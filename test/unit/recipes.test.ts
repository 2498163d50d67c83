/** What deploy/ has for programs that cannot be run here: its form, and that topics and ids are those that HomeGuard has. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { cameraTopics, parseTopic } from '../../services/shared/contract.ts';

const read = (file: string) => readFileSync(join(import.meta.dirname, '../../deploy', file), 'utf8');
const topics = cameraTopics('homeguard', 'camera');

/** Settings that every camera has, or most; and buttons. */
const SETTINGS = ['capture', 'fps', 'resolution', 'quality', 'controls/brightness'];
const BUTTONS = ['snapshot', 'restart', 'reset'];
const readable = new Set([
  ...[topics.frame, topics.preview, topics.status, topics.state, topics.telemetry, topics.snapshot, topics.answer, topics.doctor],
  ...SETTINGS.map(topics.setting),
]);
const writable = new Set([...SETTINGS, ...BUTTONS].map(topics.set));

describe('Node-RED', () => {
  /** Nodes that come with Node-RED. */
  const CORE = ['tab', 'comment', 'inject', 'debug', 'change', 'switch', 'template', 'delay', 'trigger', 'rbe'];
  const NETWORK = ['mqtt-broker', 'mqtt in', 'mqtt out', 'http in', 'http response'];
  interface Node {
    id: string;
    type: string;
    z?: string;
    wires?: string[][];
    outputs?: number;
    [name: string]: unknown;
  }
  const flow = JSON.parse(read('node-red/flow.json')) as Node[];
  const of = (type: string) => flow.filter((node) => node.type === type);

  test('nodes of its own alone, each once, all on the one tab, and every wire leads to one', () => {
    const ids = flow.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    const [tab] = of('tab');
    for (const node of flow) {
      assert.ok([...CORE, ...NETWORK].includes(node.type), node.type);
      if (node.wires) assert.equal(node.z, tab?.id, node.id);
      if (node.outputs) assert.equal(node.wires?.length, node.outputs, node.id);
      for (const to of node.wires?.flat() ?? []) assert.ok(ids.includes(to), `${node.id} leads to ${to}`);
    }
  });

  test('every node is reached, or begins something', () => {
    const begins = ['tab', 'mqtt-broker', 'comment', 'inject', 'mqtt in', 'http in'];
    const reached = new Set(flow.flatMap(({ wires }) => wires?.flat() ?? []));
    for (const { id, type } of flow) assert.ok(begins.includes(type) || reached.has(id), id);
  });

  test('its topics are those of the camera `camera`, and pictures come as bytes', () => {
    for (const { topic, datatype } of of('mqtt in')) {
      assert.ok(readable.has(String(topic)), String(topic));
      const isPicture = [topics.frame, topics.snapshot].includes(String(topic));
      assert.equal(datatype === 'buffer', isPicture, String(topic));
    }
    for (const { topic } of of('inject')) assert.ok(writable.has(String(topic)), String(topic));
  });

  test('frames are dropped and not queued; commands are not retained; no login is in the file', () => {
    const [limit] = of('delay');
    assert.deepEqual([limit?.pauseType, limit?.rate, limit?.drop], ['rate', '1', true]);
    assert.deepEqual(
      of('mqtt out').map(({ retain, qos }) => [retain, qos]),
      [['false', '1']],
    );
    const [broker] = of('mqtt-broker');
    assert.ok(broker && !('credentials' in broker) && !('user' in broker) && !('password' in broker));
    for (const node of [...of('mqtt in'), ...of('mqtt out')]) assert.equal(node.broker, broker.id);
  });
});

describe('openHAB', () => {
  const things = read('openhab/homeguard.things').replaceAll(/\/\/.*$/gm, '');
  const items = read('openhab/homeguard.items').replaceAll(/\/\/.*$/gm, '');

  test('its topics are those of the camera `camera`', () => {
    const named = [...things.matchAll(/(\w+Topic)="([^"]+)"/g)];
    assert.ok(named.length > 10);
    for (const [, name, topic = ''] of named) assert.ok((name === 'commandTopic' ? writable : readable).has(topic), topic);
  });

  test('brackets and quotation marks are in pairs', () => {
    for (const text of [things, items]) {
      const open: string[] = [];
      const pairs: Record<string, string> = { '}': '{', ']': '[', ')': '(' };
      const bare = text.replaceAll(/"[^"\n]*"/g, '');
      assert.ok(!bare.includes('"'));
      for (const sign of bare.match(/[{}[\]()]/g) ?? []) {
        if (sign in pairs) assert.equal(open.pop(), pairs[sign]);
        else open.push(sign);
      }
      assert.deepEqual(open, []);
    }
  });

  test('every channel has its item, of a kind that fits', () => {
    const kinds: Record<string, string> = { image: 'Image', string: 'String', number: 'Number', switch: 'Switch' };
    const channels = [...things.matchAll(/^ *Type (\w+) +: +(\w+) /gm)].map(([, type = '', id]) => `${kinds[type]} ${id}`);
    const linked = [...items.matchAll(/^(\w+) .*\{ channel="mqtt:topic:homeguard:camera:(\w+)" \}$/gm)].map(
      ([, kind, id]) => `${kind} ${id}`,
    );
    assert.ok(channels.length >= 9);
    assert.deepEqual(linked.sort(), channels.sort());
  });
});

test("Mosquitto's topics go one way each, and frames do not", () => {
  const lines = [...read('mosquitto/homeguard.conf').matchAll(/^topic (\S+) (in|out|both) ([01]) (\S+) (\S+)$/gm)];
  assert.equal(lines.length, read('mosquitto/homeguard.conf').match(/^topic /gm)?.length);
  for (const [line, filter = '', direction, , local, remote] of lines) {
    assert.equal(local, remote, line);
    const topic =
      local +
      filter
        .replace('controls/+', 'controls/brightness')
        .replace(/\+\/set$/, 'fps/set')
        .replace(/^\+/, 'camera');
    if (local === 'homeguard/') assert.ok((direction === 'out' ? writable : readable).has(topic), line);
    assert.notEqual(parseTopic('homeguard', topic)?.rest, 'frame', line);
  }
});
