import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { Discovery } from '../../services/camera/discovery/discovery.ts';
import type { Sight } from '../../services/camera/discovery/message.ts';
import type { Knobs } from '../../services/shared/knob.ts';
import type { Message } from '../../services/shared/message.ts';
import { knobs, sightOf, stateOf, subject } from '../helpers/discovery-subject.ts';

const topic = 'homeassistant/device/homeguard_front/config';
const { 'controls/brightness': _, ...fewer } = knobs;

/** A bus on which time passes when a test says so. */
class Line {
  readonly sent: { at: number; payload: string }[] = [];
  again = 0;
  greeted = 0;
  now = 0;
  sight: Omit<Sight, 'page'> = sightOf(knobs);
  readonly discovery: Discovery;
  readonly handlers = new Map<string, (message: Message) => void>();
  readonly #tick: (ms: number) => void;
  #onChange: (connected: boolean) => void = () => {};

  constructor(t: TestContext, random = 0.5) {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    t.after(() => t.mock.timers.reset());
    this.#tick = (ms) => t.mock.timers.tick(ms);
    this.discovery = new Discovery({
      bus: {
        announce: (at, payload) => {
          assert.equal(at, topic);
          this.sent.push({ at: this.now, payload });
        },
        announceAgain: () => {
          this.again++;
        },
        subscribe: (filter, handler) => this.handlers.set(filter, handler),
        unsubscribe: (filter) => this.handlers.delete(filter),
        onChange: (listener) => {
          this.#onChange = listener;
        },
      },
      subject,
      prefix: 'homeguard',
      discoveryPrefix: 'homeassistant',
      look: () => this.sight,
      greet: () => {
        this.greeted++;
      },
      random: () => random,
    });
    this.discovery.start();
  }

  connect(): void {
    this.#onChange(false);
    this.#onChange(true);
  }

  pass(ms: number): void {
    for (let left = ms; left > 0; left -= 100) {
      this.now += 100;
      this.#tick(100);
    }
  }

  hear(at: string, payload: string, retain = false): void {
    this.handlers.get(at)?.({ topic: at, payload: Buffer.from(payload), retain, user: {} });
  }

  show(settings: Knobs, more: Partial<Sight> = {}): void {
    this.sight = { ...sightOf(settings), ...more };
    this.discovery.changed();
  }

  /** Begun, and told once. */
  static told(t: TestContext): Line {
    const line = new Line(t);
    line.connect();
    line.pass(4_000);
    assert.equal(line.sent.length, 1);
    line.pass(6_000);
    return line;
  }
}

test('nothing is said before there is a bus, and then once', (t) => {
  const line = new Line(t);
  line.discovery.changed();
  line.pass(10_000);
  assert.equal(line.sent.length, 0);
  line.connect();
  line.pass(1_900);
  assert.equal(line.sent.length, 0, 'a former message may come');
  line.pass(1_200);
  assert.equal(line.sent.length, 1);
  assert.ok(!line.handlers.has(topic), 'its own message is read once');
  line.pass(60_000);
  assert.equal(line.sent.length, 1);
});

test('with a former message it need not wait, and keeps what that has told of a device that is not there', (t) => {
  const before = Line.told(t).sent[0]?.payload ?? '';
  t.mock.timers.reset();
  const line = new Line(t);
  line.sight = { state: stateOf({}, { device: null, name: 'front' }), insight: 'none' };
  line.connect();
  line.hear(topic, before, true);
  line.pass(4_000);
  assert.equal(line.sent.length, 0, 'the camera may yet come');
  line.pass(1_100);
  assert.deepEqual(
    line.sent.map(({ payload }) => payload),
    [before],
  );
});

test('changes that come together go out together, and two messages are 5 s apart', (t) => {
  const line = Line.told(t);
  for (let i = 0; i < 30; i++) line.show(i % 2 ? knobs : fewer);
  line.show(fewer);
  line.pass(1_000);
  assert.equal(line.sent.length, 2);
  line.show(knobs);
  line.pass(4_900);
  assert.equal(line.sent.length, 2);
  line.pass(200);
  assert.equal(line.sent.length, 3);
});

test('where nothing has changed nothing is said: values, conditions, viewers, a camera that comes and goes', (t) => {
  const line = Line.told(t);
  for (let i = 0; i < 100; i++) {
    const fps = { ...knobs.fps, value: i } as Knobs['fps'];
    const focus = { ...knobs['controls/focus_automatic_continuous'], inactive: true } as Knobs['fps'];
    line.show({ ...knobs, fps: fps as never, 'controls/focus_automatic_continuous': focus as never });
    line.pass(1_100);
    const state = stateOf({}, { condition: 'no-device', cause: `${i}`, format: null, test: i % 3 === 0, name: 'Test picture' });
    line.show({}, { state, insight: 'none' });
    line.pass(1_100);
  }
  assert.equal(line.sent.length, 1);
});

test('however it flaps, no two messages are nearer than 5 s, and the last one says how it is', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 0, max: 4 })), { minLength: 1, maxLength: 60 }),
      (events) => {
        t.mock.timers.reset();
        const line = Line.told(t);
        for (const [ms, event] of events) {
          line.pass(ms);
          if (event === 4) line.hear('homeassistant/status', 'online');
          else if (event === 3) line.connect();
          else line.show({ ...fewer, [`controls/of_${event}`]: { type: 'button', label: 'B' } });
        }
        const { sight } = line;
        line.pass(30_000);
        const times = line.sent.map(({ at }) => at);
        const nearest = Math.min(...times.slice(1).map((time, i) => time - (times[i] ?? 0)));
        assert.ok(nearest >= 5_000, `${nearest} ms`);
        for (const setting of Object.keys(sight.state.settings ?? {}).filter((name) => name.startsWith('controls/')))
          assert.match(line.sent.at(-1)?.payload ?? '', new RegExp(`"homeguard/front/${setting}(/set)?"`));
      },
    ),
    { numRuns: 40 },
  );
});

test('after the birth of Home Assistant all is said again, 1 to 5 s later, once', (t) => {
  for (const random of [0, 0.999]) {
    t.mock.timers.reset();
    const line = new Line(t, random);
    line.connect();
    line.pass(10_000);
    for (const payload of ['offline', 'ONLINE', '']) line.hear('homeassistant/status', payload);
    line.hear('homeassistant/status', 'online', true);
    line.pass(6_000);
    assert.equal(line.again, 0);
    for (let i = 0; i < 20; i++) line.hear('homeassistant/status', 'online');
    line.pass(900);
    assert.equal(line.again, 0);
    line.pass(3_900);
    assert.deepEqual([line.again, line.greeted], [1, 2], 'the first message, and this');
    line.pass(20_000);
    assert.equal(line.again, 1);
    assert.equal(line.sent.length, 1);
  }
});

test('a message that has just gone out again is not followed by a changed one at once, nor is that put off for ever', (t) => {
  const line = Line.told(t);
  line.hear('homeassistant/status', 'online');
  line.pass(2_000);
  line.show(fewer);
  line.pass(800);
  assert.deepEqual([line.again, line.sent.length], [1, 1]);
  line.pass(4_000);
  assert.equal(line.sent.length, 1);
  line.pass(1_100);
  assert.equal(line.sent.length, 2);
  line.show(knobs);
  for (let i = 0; i < 10; i++) {
    line.hear('homeassistant/status', 'online');
    line.pass(1_000);
  }
  assert.equal(line.sent.length, 3);
});

test('the page is linked to as soon as a gateway tells where it is, and stays so when the gateway goes', (t) => {
  const line = Line.told(t);
  assert.doesNotMatch(line.sent[0]?.payload ?? '', /configuration_url/);
  line.hear('homeguard/_gateway/page', 'http://pi:8080/', true);
  line.pass(1_100);
  assert.match(line.sent[1]?.payload ?? '', /"configuration_url":"http:\/\/pi:8080\/#front"/);
  for (const payload of ['', 'nonsense', 'http://pi:8080/']) line.hear('homeguard/_gateway/page', payload);
  line.pass(20_000);
  assert.equal(line.sent.length, 2);
});

test('a stopped one says nothing more', (t) => {
  const line = Line.told(t);
  line.show(fewer);
  line.hear('homeassistant/status', 'online');
  line.discovery[Symbol.dispose]();
  line.pass(30_000);
  assert.deepEqual([line.sent.length, line.again], [1, 0]);
});
