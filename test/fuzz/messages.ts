/** Targets that take messages: of the bus, of WebSocket clients, of HTTP. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { WebSocket } from 'ws';
import { readHello, twins } from '../../services/broker/bridge/hello.ts';
import { Demand } from '../../services/broker/demand.ts';
import { readFormer } from '../../services/camera/discovery/former.ts';
import { readPage } from '../../services/camera/discovery/page.ts';
import { readResponse } from '../../services/camera/knobs/response.ts';
import { readSnapshotCommand } from '../../services/camera/knobs/snapshot-command.ts';
import { Camera } from '../../services/gateway/camera.ts';
import { CamerasList, LIST_MS } from '../../services/gateway/cameras-list.ts';
import { Channel } from '../../services/gateway/channel.ts';
import { type CommandBus, Commands } from '../../services/gateway/command.ts';
import { checkKnobs } from '../../services/gateway/knobs.ts';
import { LiveClient } from '../../services/gateway/live.ts';
import { boundExceeded } from '../../services/gateway/request-bounds.ts';
import { checkWanted } from '../../services/gateway/setting.ts';
import { Sighting } from '../../services/gateway/sighting.ts';
import { TelemetryBook } from '../../services/gateway/telemetry.ts';
import { CAMERA_ID, CONDITIONS, cameraTopics } from '../../services/shared/contract.ts';
import { type Knob, readKnob, textOf } from '../../services/shared/knob.ts';
import { smallJpeg } from '../helpers/pictures.ts';
import { broken, oddJson, oddJsonText, oddText } from './inputs.ts';
import { target } from './target.ts';

const knobs = {
  fps: { type: 'number', label: 'Rate', value: 30, default: 30, min: 1, max: 60, step: 1 },
  resolution: { type: 'select', label: 'Size', value: '640x480', default: '640x480', options: ['640x480', '1280x720'] },
  capture: { type: 'switch', label: 'Capture', value: 'ON', default: 'ON' },
  'controls/name': { type: 'text', label: 'Name', value: '', default: '', maxLength: 9 },
};
const state = {
  condition: 'live',
  cause: null,
  advice: null,
  since: '2026-11-22T10:38:45.120Z',
  name: 'Front',
  device: { path: '/dev/video0', name: 'C922', bus: 'usb-1' },
  format: { pixel: 'MJPG', width: 640, height: 480, fps: 15, encoded: false },
  settings: knobs,
};
const telemetry = {
  fps: 30,
  frames: 5,
  dropped: 1,
  corrupt: 0,
  bytes: 9,
  restarts: 0,
  viewers: 1,
  uptime_s: 3,
  drops: { slow: 1 },
  memory: 5,
};
const hello = { bridge: '0123456789ab', host: 'raspberrypi', cameras: ['front', 'door'] };
const former = {
  device: { name: 'Front', model: 'C922', configuration_url: 'http://pi.local:8080/#front' },
  components: {
    number_fps: { platform: 'number', name: 'Rate', min: 1, max: 60, step: 1 },
    select_resolution: { platform: 'select', name: 'Size', options: ['a', '(None)'], value_template: 'x' },
  },
};
const answer = { setting: 'fps', wanted: '15', value: '15', refused: null };
const oddKnob = fc
  .tuple(
    fc.constantFrom(...Object.values(knobs)),
    fc.dictionary(fc.constantFrom('value', 'default', 'min', 'max', 'step', 'options', 'maxLength', 'type', 'readOnly'), oddJson('x'), {
      maxKeys: 3,
    }),
  )
  .map(([knob, changes]) => ({ ...knob, ...changes }));
const picture = smallJpeg({ width: 640, height: 480 });

/** A WebSocket as far as a client's looks go. */
function fakeSocket() {
  const said: string[] = [];
  let isClosed = false;
  const socket = {
    bufferedAmount: 0,
    on: () => socket,
    once: () => socket,
    send: (data: string | Buffer) => void (typeof data === 'string' && said.push(data)),
    close: () => {
      isClosed = true;
    },
    terminate: () => {
      isClosed = true;
    },
  };
  return { socket: socket as unknown as WebSocket, said, isClosed: () => isClosed };
}

function cameraOf(id: string, json = JSON.stringify(state)): Camera {
  const camera = new Camera(id);
  camera.setStatus('online');
  camera.setState(json);
  return camera;
}

const wish = fc.oneof(
  oddJsonText({ fps: 5, watch: ['front', 'door'], ping: 1 }),
  fc
    .array(fc.oneof(fc.constantFrom('front', 'door', 'nope'), oddJson('toString')), { maxLength: 5 })
    .map((watch) => JSON.stringify({ watch })),
  oddText,
);

export const messageTargets = [
  target('state', fc.tuple(fc.array(oddJsonText(state), { maxLength: 3 }), fc.boolean()), ([payloads, online]) => {
    const camera = new Camera('front');
    const channel = new Channel(camera, () => {});
    camera.setStatus(online ? 'online' : 'offline');
    for (const payload of payloads) {
      camera.setState(payload);
      channel.changed(null);
      const view = channel.view();
      assert.deepEqual(JSON.parse(JSON.stringify(view)).id, 'front');
      assert.ok([...CONDITIONS, 'offline', 'bus-lost'].includes(view.condition), view.condition);
      assert.equal(typeof view.name, 'string');
      assert.ok(view.size === null || (view.size.width >= 16 && view.size.height <= 16_384));
      assert.ok(camera.promisedFps > 0 && camera.promisedFps <= 1_000);
      for (const text of [view.cause, view.advice, view.since]) assert.ok(text === null || typeof text === 'string');
      // Drawn, too, which needs texts and sizes.
      channel.watch({ show: () => {}, end: () => {} })[Symbol.dispose]();
    }
    let list = '';
    const cameras = new CamerasList('homeguard', (told) => {
      list = told;
    });
    cameras.changed(0);
    cameras.tick(LIST_MS, () => [camera]);
    assert.equal(JSON.parse(list)[0].id, 'front');
  }),
  target('telemetry', fc.array(oddJsonText(telemetry), { maxLength: 3 }), (payloads) => {
    const book = new TelemetryBook('homeguard');
    for (const topic of ['homeguard/front/telemetry', 'homeguard/_broker/telemetry'])
      for (const payload of payloads) book.take(topic, Buffer.from(payload), () => true, 0);
    for (const { figures, drops } of [book.camera('front', 1), book.broker(1)].filter((told) => told !== null)) {
      assert.ok([...Object.values(figures), ...Object.values(drops)].every((each) => Number.isFinite(each) && each >= 0));
      assert.ok(Object.keys(drops).every((cause) => /^[a-z0-9-]{1,32}$/.test(cause)));
    }
  }),
  target('pictures of anybody', fc.array(fc.tuple(broken(fc.constant(picture)), fc.nat(20_000)), { maxLength: 12 }), (all) => {
    let now = 0;
    const sighting = new Sighting('homeguard/front/frame', now, () => 1);
    for (const [bytes, pause] of all) {
      now += pause;
      sighting.take(bytes, now);
      sighting.tick(now);
      assert.ok(Number.isFinite(sighting.fps) && sighting.fps >= 0);
      assert.ok(sighting.silence === null || sighting.silence.condition === 'no-frames');
    }
  }),
  target('answer', fc.array(oddJsonText(answer), { maxLength: 4 }), (payloads) => {
    let hear = (_: { payload: Buffer }) => {};
    const bus = {
      ...{ connected: true, trouble: null, deliver: async () => true, unsubscribe: () => {}, onChange: () => {} },
      subscribe: (_topic: string, handler: typeof hear) => {
        hear = handler;
      },
    } as unknown as CommandBus;
    const commands = new Commands(bus, cameraTopics('homeguard', 'front'), () => false);
    void commands.send('fps', '15');
    for (const payload of payloads) hear({ payload: Buffer.from(payload) });
    commands.drop({ condition: 'offline', cause: null, advice: null });
    assert.equal(commands.underWay, 0);
  }),
  target('bridge’s hello', oddJsonText(hello), (payload) => {
    const found = readHello(Buffer.from(payload));
    if (found) assert.ok(twins(hello, found).every((id) => CAMERA_ID.test(id)));
  }),
  target('a former discovery', oddJsonText(former), (payload) => {
    const found = readFormer(payload);
    if (!found) return;
    assert.ok(found.page === null || URL.canParse(found.page));
    for (const knob of Object.values(found.knobs)) assert.ok(textOf(knob) === null || typeof textOf(knob) === 'string');
  }),
  target('address of the page', oddText, (payload) => {
    const page = readPage(payload);
    assert.ok(page === null || /^https?:\/\//.test(page));
  }),
  target('who wants frames', fc.tuple(fc.array(oddText, { maxLength: 4 }), oddText), ([filters, topic]) => {
    const demand = new Demand('homeguard');
    demand.setFilters('a', [...filters, 'homeguard/+/frame']);
    demand.notice(`homeguard/${topic}/frame`, false);
    demand.notice(topic, false);
    for (const [camera, count] of demand.changes()) assert.ok(CAMERA_ID.test(camera) && (count === null || count >= 0));
  }),
  target('knob', fc.tuple(oddKnob, oddText), ([given, text]) => {
    const knob: Knob | undefined = checkKnobs({ fps: given })?.fps;
    if (!knob) return;
    const read = readKnob(knob, text);
    if ('refused' in read) {
      assert.ok(read.refused.length > 0);
      return;
    }
    if (knob.type === 'button') return;
    // What was found right is right, and means the same.
    if (text.trim().toLowerCase() !== 'default') assert.deepEqual(readKnob(knob, read.text), read);
    if (knob.type === 'number' && text.trim().toLowerCase() !== 'default')
      assert.ok(Number(read.text) >= knob.min && Number(read.text) <= knob.max, read.text);
    if (knob.type === 'select' && read.text !== knob.default) assert.ok(knob.options.includes(read.text));
  }),
  target(
    'value over HTTP',
    fc.tuple(oddJson(...Object.keys(knobs)), fc.oneof(fc.constantFrom(...Object.keys(knobs), 'snapshot', 'restart'), oddText), oddText),
    (given) => {
      const [settings, setting, text] = given;
      const channel = new Channel(cameraOf('front', JSON.stringify({ ...state, settings })), () => {});
      const checked = checkWanted(channel, setting, text);
      if (checked instanceof Response) assert.ok(checked.status >= 400 && checked.status < 600);
      else assert.equal(typeof checked.text, 'string');
    },
  ),
  target('snapshot command', fc.oneof(oddJsonText({ size: '1920x1080', id: 'abc' }), oddText), (text) => {
    const read = readSnapshotCommand(text);
    if ('refused' in read) assert.ok(read.refused.length > 0 && read.refused.length < 200);
    else if (read.size) assert.ok(read.size.width >= 10 && read.size.height <= 9_999);
    if (read.id !== undefined) assert.match(read.id, /^\P{C}{1,64}$/u);
  }),
  target(
    'response topic',
    fc.tuple(fc.oneof(oddText, fc.constantFrom('replies/me', 'homeguard/front/fps/set')), fc.uint8Array({ maxLength: 300 })),
    (given) => {
      const [responseTopic, data] = given;
      const read = readResponse({ responseTopic, correlationData: Buffer.from(data) }, ['homeguard', 'homeassistant']);
      if (read && 'topic' in read) assert.doesNotMatch(read.topic, /[+#\0]|^\$|^homeguard|(^|\/)set$/);
    },
  ),
  target('WebSocket client', fc.tuple(fc.array(wish, { maxLength: 12 }), fc.boolean()), ([wishes, several]) => {
    const channels = new Map(['front', 'door'].map((id) => [id, new Channel(cameraOf(id), () => {})]));
    const { socket, said, isClosed } = fakeSocket();
    const describe = (channel: Channel) => channel.view();
    const find = several ? (id: string) => channels.get(id) : null;
    const options = { describe, find, isFull: () => false, slow: () => {}, noisy: () => {} };
    const client = new LiveClient(socket, { bytesWritten: 0, writableLength: 0 } as never, options);
    for (const each of wishes) client.take(each);
    for (const text of said) assert.equal(typeof JSON.parse(text), 'object');
    assert.ok(!isClosed());
    for (const { viewers } of channels.values()) assert.ok(viewers <= (several ? 1 : 0));
    client.take('{"watch":[],"ping":1}');
    assert.equal(JSON.parse(said.find((text) => text.includes('"pong"')) ?? '{}').type, 'pong');
    if (several) for (const { viewers } of channels.values()) assert.equal(viewers, 0);
  }),
  target('bounds of a request', fc.tuple(oddText, oddText, fc.nat(300), fc.option(oddText)), ([url, length, lines, coding]) => {
    const headers = { 'content-length': length, ...(coding === null ? {} : { 'transfer-encoding': coding }) };
    const exceeded = boundExceeded({ method: 'GET', url, rawHeaders: Array(2 * lines).fill('x'), headers });
    assert.ok(exceeded === null ? lines <= 100 && coding === null : exceeded.status >= 400 && exceeded.status < 500);
  }),
];
