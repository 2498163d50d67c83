import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { type TestContext, test } from 'node:test';
import { Camera } from '../../services/gateway/camera.ts';
import { Channel } from '../../services/gateway/channel.ts';
import type { Picture } from '../../services/gateway/picture.ts';
import type { Viewer } from '../../services/gateway/viewer.ts';
import { readWish, WATCH_COMPLAINT } from '../../services/gateway/wish.ts';
import { tinyJpeg } from '../helpers/pictures.ts';

const state = (condition: string, fps = 30, more: object = {}) =>
  JSON.stringify({ condition, cause: null, advice: null, since: '', device: null, format: { width: 320, height: 240, fps }, ...more });

/** A camera's channel on a clock of the test's own, and the numbers of viewers it told. */
function setUp(t: TestContext, condition = 'live', fps = 30) {
  let now = 1_000_000;
  t.mock.method(performance, 'now', () => now);
  const told: number[] = [];
  const camera = new Camera('front');
  camera.online = true;
  camera.setState(state(condition, fps));
  const channel = new Channel(camera, (viewers) => told.push(viewers));
  /** Lets `ms` pass as the hub sees it: a look every 250 ms, and a frame every `frameEach` ms if given. */
  const pass = (ms: number, frameEach = Number.POSITIVE_INFINITY) => {
    let nextFrame = now + frameEach;
    for (const end = now + ms; now < end; ) {
      now += Math.min(10, end - now);
      if (now >= nextFrame) {
        channel.receive(tinyJpeg({ seq: 1 }));
        nextFrame += frameEach;
      }
      if (now % 250 === 0) channel.tick(now);
    }
  };
  return { channel, camera, told, pass, clock: () => now };
}

class Watcher implements Viewer {
  readonly shown: { picture: Picture; now: number }[] = [];
  told = 0;
  ended = false;

  show(picture: Picture, now: number): void {
    this.shown.push({ picture, now });
  }

  tell(): void {
    this.told++;
  }

  end(): void {
    this.ended = true;
  }

  get placeholders(): number[] {
    return this.shown.filter(({ picture }) => picture.isPlaceholder).map(({ now }) => now);
  }
}

test('every viewer gets each frame, as the very same picture', (t) => {
  const { channel } = setUp(t);
  const [one, other] = [new Watcher(), new Watcher()];
  channel.watch(one);
  channel.watch(other);
  const jpeg = tinyJpeg({ seq: 7 });
  channel.receive(jpeg);
  assert.equal(one.shown.length, 1);
  assert.equal(one.shown[0]?.picture, other.shown[0]?.picture);
  assert.equal(one.shown[0]?.picture.jpeg, jpeg);
  assert.deepEqual(one.shown[0]?.picture.stamp, { seq: 7, t: 1_000_000 });
});

test('the number of viewers is told at each change, also when one leaves twice', (t) => {
  const { channel, told } = setUp(t);
  const first = channel.watch(new Watcher());
  const second = channel.watch(new Watcher());
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  second[Symbol.dispose]();
  assert.deepEqual(told, [1, 2, 1, 0]);
  assert.equal(channel.viewers, 0);
});

test('who comes while others watch sees the newest picture at once', (t) => {
  const { channel } = setUp(t);
  channel.watch(new Watcher());
  channel.receive(tinyJpeg({ seq: 1 }));
  channel.receive(tinyJpeg({ seq: 2 }));
  const late = new Watcher();
  channel.watch(late);
  assert.deepEqual(
    late.shown.map(({ picture }) => picture.stamp?.seq),
    [2],
  );
});

test('who comes after all had left does not see an old picture', (t) => {
  const { channel, pass } = setUp(t);
  channel.watch(new Watcher())[Symbol.dispose]();
  const watching = channel.watch(new Watcher());
  channel.receive(tinyJpeg({ seq: 1 }));
  watching[Symbol.dispose]();
  pass(10_000);
  const late = new Watcher();
  channel.watch(late);
  assert.equal(late.shown.length, 0);
});

test('bytes that are no JPEG are counted and shown to nobody', (t) => {
  const { channel } = setUp(t);
  const watcher = new Watcher();
  channel.watch(watcher);
  for (const bytes of [Buffer.alloc(0), Buffer.from('hello'), tinyJpeg().subarray(0, 50), tinyJpeg().subarray(1)]) channel.receive(bytes);
  assert.equal(watcher.shown.length, 0);
  assert.deepEqual(channel.traffic.dropped, { off: 0, 'no-jpeg': 4, retained: 0 });
});

test('no placeholder while frames come', (t) => {
  const { channel, pass } = setUp(t);
  const watcher = new Watcher();
  channel.watch(watcher);
  pass(10_000, 30);
  assert.deepEqual(watcher.placeholders, []);
  assert.ok(watcher.shown.length > 300);
});

test('a camera that falls silent: a placeholder within 2 s, then at least one a second, and live again with the next frame', (t) => {
  const { channel, pass, clock } = setUp(t);
  const watcher = new Watcher();
  channel.watch(watcher);
  pass(3_000, 30);
  const lost = clock();
  pass(10_000);
  const times = [lost, ...watcher.placeholders];
  assert.ok((times[1] ?? Number.POSITIVE_INFINITY) - lost <= 2_000, `first after ${(times[1] ?? 0) - lost} ms`);
  for (let i = 2; i < times.length; i++) assert.ok((times[i] ?? 0) - (times[i - 1] ?? 0) <= 1_000, `${times}`);
  assert.ok(times.length >= 9, `${times.length}`);
  assert.equal(channel.darkness()?.condition, 'no-frames');
  channel.receive(tinyJpeg({ seq: 99 }));
  assert.equal(watcher.shown.at(-1)?.picture.stamp?.seq, 99);
  assert.equal(channel.darkness(), null);
});

test('a camera that never sends: the same, counted from the first viewer', (t) => {
  const { channel, pass, clock } = setUp(t);
  pass(60_000);
  const began = clock();
  const watcher = new Watcher();
  channel.watch(watcher);
  assert.deepEqual(watcher.placeholders, [], 'its first frame may still come in time');
  pass(2_000);
  assert.ok(watcher.placeholders.length >= 1);
  assert.ok((watcher.placeholders[0] ?? 0) - began <= 2_000);
});

test('a camera of one frame a second is not taken for a silent one', (t) => {
  const { channel, pass } = setUp(t, 'live', 1);
  const watcher = new Watcher();
  channel.watch(watcher);
  pass(20_000, 1_000);
  assert.deepEqual(watcher.placeholders, []);
});

test('no rate that a camera promises keeps a viewer without a placeholder for long', (t) => {
  const { channel, pass } = setUp(t, 'live', 0.001);
  const watcher = new Watcher();
  channel.watch(watcher);
  pass(5_500);
  assert.ok(watcher.placeholders.length > 0);
});

test('a dark camera shows at once why, and a new cause as soon as it is known', (t) => {
  const { channel, camera, pass } = setUp(t, 'no-device');
  const watcher = new Watcher();
  channel.watch(watcher);
  assert.equal(watcher.placeholders.length, 1);
  const first = watcher.shown[0]?.picture;
  pass(500);
  camera.setState(state('device-busy', 30, { cause: 'held by 4711' }));
  channel.changed(null);
  assert.equal(watcher.placeholders.length, 2);
  assert.notEqual(watcher.shown[1]?.picture, first);
  assert.equal(watcher.told, 1);
});

test('the same darkness is drawn once for all viewers', (t) => {
  const { channel, pass } = setUp(t, 'off');
  const [one, other] = [new Watcher(), new Watcher()];
  channel.watch(one);
  channel.watch(other);
  pass(5_000);
  const pictures = new Set([...one.shown, ...other.shown].map(({ picture }) => picture));
  assert.equal(pictures.size, 1);
  assert.ok(one.shown.length >= 5 && other.shown.length >= 5);
});

test('nobody watches: nothing is drawn', (t) => {
  const { channel, pass } = setUp(t, 'no-device');
  const watcher = new Watcher();
  channel.watch(watcher)[Symbol.dispose]();
  pass(10_000);
  assert.equal(watcher.shown.length, 1);
});

test('a lost bus is what is shown, whatever the camera said last', (t) => {
  const { channel, pass } = setUp(t);
  const watcher = new Watcher();
  channel.watch(watcher);
  pass(1_000, 30);
  channel.changed('The bus is gone.');
  assert.equal(watcher.placeholders.length, 1);
  assert.deepEqual([channel.view().condition, channel.view().cause], ['bus-lost', 'The bus is gone.']);
  channel.changed(null);
  channel.receive(tinyJpeg());
  assert.equal(channel.view().condition, 'live');
});

test('its view tells rate and viewers', (t) => {
  const { channel, pass } = setUp(t);
  channel.watch(new Watcher());
  pass(6_000, 50);
  const { fps, viewers, id } = channel.view();
  assert.deepEqual([id, viewers], ['front', 1]);
  assert.ok(Math.abs(fps - 20) < 1, `${fps}`);
});

test('a recent picture is one that came lately', (t) => {
  const { channel, pass } = setUp(t);
  channel.watch(new Watcher());
  assert.equal(channel.recent(60_000), null);
  channel.receive(tinyJpeg({ seq: 5 }));
  pass(500);
  assert.equal(channel.recent(1_000)?.stamp?.seq, 5);
  assert.equal(channel.recent(400), null);
});

test('at a stop every viewer is ended', (t) => {
  const { channel } = setUp(t);
  const watcher = new Watcher();
  channel.watch(watcher);
  channel.end();
  assert.ok(watcher.ended);
});

test('since when: the camera tells of its own troubles, the gateway of those that only it can see', (t) => {
  const { channel, camera } = setUp(t);
  const liveSince = '2026-11-19T10:38:45.120Z';
  camera.setState(state('live', 30, { since: liveSince }));
  channel.changed(null);
  assert.equal(channel.view().since, liveSince);
  const before = Date.now();
  channel.changed('The bus is gone.');
  const lost = String(channel.view().since);
  assert.ok(Date.parse(lost) >= before && Date.parse(lost) <= Date.now(), lost);
  assert.equal(channel.view().since, lost);
  channel.changed(null);
  assert.equal(channel.view().since, liveSince);
  const goneSince = '2026-11-22T17:23:07.890Z';
  camera.setState(state('no-device', 30, { since: goneSince }));
  assert.equal(channel.view().since, goneSince);
});

test('switched off: the picture from before is forgotten, and what is still on its way is shown to nobody', (t) => {
  const { channel, camera } = setUp(t);
  const watcher = new Watcher();
  channel.watch(watcher);
  channel.receive(tinyJpeg({ seq: 1 }));
  camera.setState(state('off', 30, { cause: 'switched off', advice: 'Switch it on.' }));
  channel.changed(null);
  channel.receive(tinyJpeg({ seq: 2 }));
  assert.equal(channel.recent(Number.POSITIVE_INFINITY), null);
  assert.deepEqual(
    watcher.shown.map(({ picture }) => picture.stamp?.seq ?? 'placeholder'),
    [1, 'placeholder'],
  );
  camera.setState(state('live'));
  channel.changed(null);
  const late = new Watcher();
  channel.watch(late);
  assert.equal(late.shown.length, 0, 'nothing from before');
  channel.receive(tinyJpeg({ seq: 3 }));
  assert.equal(late.shown[0]?.picture.stamp?.seq, 3);
});

test('whoever cannot see whether the camera was switched off keeps no picture of it', (t) => {
  const { channel, camera } = setUp(t);
  channel.watch(new Watcher());
  const losses = [() => channel.changed('The bus is gone.'), () => (camera.online = false)];
  for (const lose of losses) {
    channel.receive(tinyJpeg({ seq: 1 }));
    assert.ok(channel.recent(Number.POSITIVE_INFINITY));
    lose();
    channel.changed(null);
    camera.online = true;
    assert.equal(channel.recent(Number.POSITIVE_INFINITY), null);
  }
});

test('live or idle with a hint is not dark, and the view tells the hint', (t) => {
  for (const condition of ['live', 'idle']) {
    const { channel, camera, pass } = setUp(t);
    const watcher = new Watcher();
    channel.watch(watcher);
    camera.setState(state(condition, 15, { cause: 'it is dim', advice: 'Switch on a light.' }));
    channel.changed(null);
    pass(5_000, 66);
    assert.deepEqual([channel.darkness(), watcher.placeholders], [null, []]);
    assert.deepEqual(
      [channel.view().condition, channel.view().cause, channel.view().advice],
      [condition, 'it is dim', 'Switch on a light.'],
    );
    t.mock.restoreAll();
  }
});

/** A viewer that can show so many device pixels across; null: all there are. */
class Tile extends Watcher {
  wish: { width: number; fps: number } | null;

  constructor(width: number | null = 640, fps = 10) {
    super();
    this.wish = width === null ? null : { width, fps };
  }

  room() {
    return this.wish;
  }

  get seqs(): (number | undefined)[] {
    return this.shown.map(({ picture }) => picture.stamp?.seq);
  }
}

/** A channel whose camera offers small frames, and what it wants last: whole ones for so many, small ones for so many, so many a second. */
function setUpSmall(t: TestContext) {
  let now = 1_000_000;
  t.mock.method(performance, 'now', () => now);
  const camera = new Camera('front');
  camera.online = true;
  const small = { width: 640, height: 360 };
  camera.setState(state('live', 30, { small }));
  const wanted: number[][] = [];
  const channel = new Channel(camera, (whole, { viewers, fps }) => wanted.push([whole, viewers, fps]));
  const whole = (seq: number) => channel.receive(tinyJpeg({ seq }));
  const little = (seq: number) => channel.receiveSmall(tinyJpeg({ seq }));
  /** Lets `ms` pass, with what comes meanwhile every 50 ms. */
  const pass = (ms: number, come = () => {}) => {
    for (const end = now + ms; now < end; ) {
      now += 50;
      come();
      if (now % 250 === 0) channel.tick(now);
    }
  };
  return { channel, camera, wanted, whole, little, pass, small };
}

test('small frames are asked for; whole ones are shown until they come, and none that is older than what was shown', (t) => {
  const { channel, wanted, whole, little } = setUpSmall(t);
  const [tile, other] = [new Tile(800, 5), new Watcher()];
  channel.watch(tile);
  assert.deepEqual(wanted.at(-1), [1, 1, 5]);
  whole(7);
  whole(8);
  little(7);
  assert.deepEqual(wanted.at(-1), [0, 1, 5]);
  whole(9);
  little(8);
  little(10);
  assert.deepEqual(tile.seqs, [7, 8, 10]);
  channel.watch(other);
  assert.deepEqual(wanted.at(-1), [1, 1, 5]);
  whole(11);
  little(11);
  assert.deepEqual(tile.seqs, [7, 8, 10, 11]);
  assert.deepEqual(
    other.shown.map(({ picture }) => picture.stamp?.seq),
    [9, 11],
  );
  const late = new Tile();
  channel.watch(late);
  assert.deepEqual(late.seqs, [11], 'it sees at once what there is');
  assert.deepEqual(wanted.at(-1), [1, 2, 10]);
});

test('who can show more than small frames have gets whole ones; so does everybody of a camera that has none', (t) => {
  const { channel, camera, wanted, little, small } = setUpSmall(t);
  const tiles = [new Tile(801), new Tile(null), new Tile(800)];
  for (const tile of tiles) channel.watch(tile);
  little(1);
  assert.deepEqual(wanted.at(-1), [2, 1, 10]);
  const last = tiles.at(-1);
  assert.ok(last);
  last.wish = { width: 900, fps: 1 };
  channel.fit(last);
  assert.deepEqual(wanted.at(-1), [3, 0, 0]);
  last.wish = { width: 300, fps: 100 };
  channel.fit(last);
  assert.deepEqual(wanted.at(-1), [3, 1, 15]);
  last.wish = { width: 300, fps: 0.1 };
  channel.fit(last);
  assert.deepEqual(wanted.at(-1), [3, 1, 2]);
  camera.setState(state('live', 30, { small: null }));
  channel.changed(null);
  assert.deepEqual(wanted.at(-1), [3, 0, 0]);
  camera.setState(state('live', 30, { small }));
  channel.changed(null);
  assert.deepEqual(wanted.at(-1), [3, 1, 2]);
});

test('small frames that stop: whole ones after 2 s; that never come: they are not asked for for a minute', (t) => {
  const { channel, wanted, whole, little, pass } = setUpSmall(t);
  const tile = new Tile();
  channel.watch(tile);
  little(1);
  assert.deepEqual(wanted.at(-1), [0, 1, 10]);
  pass(1_900);
  assert.deepEqual(wanted.at(-1), [0, 1, 10]);
  assert.ok(tile.placeholders.length > 0, 'nothing comes, and that is said');
  pass(250);
  assert.deepEqual(wanted.at(-1), [1, 1, 10]);
  let seq = 2;
  const shown = tile.shown.length;
  pass(9_500, () => whole(seq++));
  assert.equal(tile.shown.length, shown + 190);
  assert.deepEqual(wanted.at(-1), [1, 1, 10]);
  pass(1_000, () => whole(seq++));
  assert.deepEqual(wanted.at(-1), [1, 0, 0]);
  pass(58_000, () => whole(seq++));
  assert.deepEqual(wanted.at(-1), [1, 0, 0]);
  pass(2_000, () => whole(seq++));
  assert.deepEqual(wanted.at(-1), [1, 1, 10]);
});

test('a tile that is made large shows small frames until whole ones come, and nothing older than those after', (t) => {
  const { channel, wanted, whole, little, pass } = setUpSmall(t);
  const [tile, other] = [new Tile(), new Tile()];
  channel.watch(tile);
  channel.watch(other);
  little(1);
  pass(2_000, () => little(2));
  tile.wish = null;
  channel.fit(tile);
  assert.deepEqual(wanted.at(-1), [1, 1, 10]);
  tile.shown.length = 0;
  little(3);
  whole(5);
  little(4);
  whole(6);
  assert.deepEqual(tile.seqs, [3, 5, 6]);
  tile.wish = { width: 500, fps: 10 };
  channel.fit(tile);
  little(6);
  little(7);
  assert.deepEqual(tile.seqs, [3, 5, 6, 7]);
  assert.equal(channel.recent(10_000)?.stamp?.seq, 6, 'a snapshot is a whole frame');
});

test('a camera that begins anew counts anew: its small frames are shown a second later at most', (t) => {
  const { channel, whole, little, pass } = setUpSmall(t);
  const tile = new Tile();
  channel.watch(tile);
  whole(5_000);
  little(4_999);
  let seq = 0;
  pass(1_100, () => little(seq++));
  assert.ok(tile.shown.length > 1);
});

test('switched off, no small frame is shown any more', (t) => {
  const { channel, camera, little } = setUpSmall(t);
  const tile = new Tile();
  channel.watch(tile);
  little(1);
  camera.setState(state('off'));
  channel.changed(null);
  little(2);
  assert.deepEqual(tile.shown.filter(({ picture }) => !picture.isPlaceholder).length, 1);
  assert.equal(channel.traffic.dropped.off, 1);
});

test('what a client can show of a camera: a rate, a width, or all there is; what is neither changes nothing', () => {
  const look = (wish: unknown) => readWish(JSON.stringify({ watch: { front: wish } }));
  assert.deepEqual(look({}).watch, new Map([['front', { fps: null, width: null }]]));
  assert.deepEqual(look({ fps: 5, width: 480.5 }).watch, new Map([['front', { fps: 5, width: 480.5 }]]));
  assert.deepEqual(readWish('{"watch":["front"]}').watch, new Map([['front', { fps: null, width: null }]]));
  for (const width of [0, -1, '480', 65_537, [], true]) {
    const { watch, complaints } = look({ width });
    assert.deepEqual([watch, complaints], [undefined, [WATCH_COMPLAINT]], `${width}`);
  }
});

test('whole ones pause: small ones stand in for them, but none that is as old as what is shown', (t) => {
  const { channel, whole, little, pass } = setUpSmall(t);
  const [tile, single] = [new Tile(), new Tile(null)];
  channel.watch(tile);
  channel.watch(single);
  little(1);
  whole(10);
  pass(1_100);
  little(9);
  little(10);
  little(11);
  assert.deepEqual(single.seqs.slice(-2), [10, 11]);
  assert.deepEqual(
    single.seqs.filter((seq) => seq === 10 || seq === 9),
    [10],
  );
  pass(1_000);
  little(2);
  assert.equal(single.seqs.at(-1), 2, 'a camera that began anew');
});
