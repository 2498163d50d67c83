import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { readFrames, startCamera } from '../helpers/fake-camera.ts';
import { connectMqtt, type Env, receive, startTestBroker, startTestGateway } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { bearer, type LiveViewer, openLive, type Seen, seqs } from '../helpers/viewers.ts';

const frames = await readFrames({ width: 320, height: 240, count: 10, bytes: 20_000 });

async function setUp(t: TestContext, { ids = ['front'], env = {} }: { ids?: string[]; env?: Env } = {}) {
  const bus = await startTestBroker(t);
  const cameras = [];
  for (const id of ids) {
    const camera = await startCamera(t, bus, id, frames);
    camera.play();
    cameras.push(camera);
  }
  const { url } = await startTestGateway(t, bus, env);
  await until('cameras at the gateway', async () => {
    const list = (await (await fetch(`${url}cameras`, { headers: bearer })).json()) as { online: boolean }[];
    return list.length === ids.length && list.every(({ online }) => online);
  });
  return { bus, cameras, url };
}

const rateOf = (seen: Seen[]) => ((seen.length - 1) * 1000) / ((seen.at(-1)?.at ?? 0) - (seen[0]?.at ?? 0));
const errors = ({ messages }: LiveViewer) => messages.filter(({ type }) => type === 'error').map(({ detail }) => String(detail));

describe('one camera', { concurrency: 3 }, () => {
  test('each binary message is a JPEG as it was published, each text message JSON; the state comes first', async (t) => {
    const { cameras, url } = await setUp(t);
    const live = await openLive(t, `${url}cameras/front/ws`);
    await until('pictures', () => live.pictures.length >= 30);
    const [state] = live.messages;
    assert.equal(state?.type, 'state');
    assert.deepEqual([state?.id, state?.condition, state?.default], ['front', 'live', true]);
    assert.ok(Math.abs(Number(state?.now) - Date.now()) < 5_000);
    const numbers = seqs(live.pictures);
    assert.equal(numbers.length, live.pictures.length);
    assert.ok(
      numbers.every((seq, i) => i === 0 || seq === (numbers[i - 1] ?? 0) + 1),
      `${numbers}`,
    );
    for (const { jpeg, stamp } of live.pictures) {
      const original = frames[(stamp?.seq ?? 0) % frames.length] ?? Buffer.alloc(0);
      assert.ok(jpeg.subarray(-original.length + 2).equals(original.subarray(2)));
    }
    cameras[0]?.setState('no-device', { cause: 'unplugged' });
    await until('new state', () => live.messages.at(-1)?.condition === 'no-device' && live.messages.at(-1)?.cause === 'unplugged');
  });

  test('ping is answered with what it brought and the time here', async (t) => {
    const { url } = await setUp(t);
    const live = await openLive(t, `${url}cameras/front/ws`);
    live.say({ ping: 12.5 });
    const pong = await until('pong', () => live.messages.find(({ type }) => type === 'pong'));
    assert.equal(pong.ping, 12.5);
    assert.ok(Math.abs(Number(pong.now) - Date.now()) < 5_000);
  });

  test('nonsense is answered with why, and changes nothing', async (t) => {
    const { url } = await setUp(t);
    const live = await openLive(t, `${url}cameras/front/ws`);
    for (const message of ['', 'hello', '5', 'null', '{', '"fps"']) live.say(message);
    await until('six complaints', () => errors(live).length === 6);
    assert.match(errors(live)[0] ?? '', /has to be a JSON object/);
    for (const fps of [0, -1, 'many', null, 241, []]) live.say({ fps });
    await until('six more', () => errors(live).length === 12);
    assert.match(errors(live)[6] ?? '', /fps has to be a number above 0, at most 240/);
    live.say({ watch: ['front'] });
    await until('one more', () => errors(live).length === 13);
    assert.match(errors(live)[12] ?? '', /watch works at \/ws/);
    live.socket.send(Buffer.from('{"ping":1}'));
    await until('a complaint about bytes', () => errors(live).length === 14);
    const before = live.pictures.length;
    await until('pictures', () => live.pictures.length > before + 10);
  });

  test('a message of more than 4 kB ends it', async (t) => {
    const { url } = await setUp(t);
    const live = await openLive(t, `${url}cameras/front/ws`);
    const closed = new Promise((resolve) => live.socket.once('close', resolve));
    live.say({ ping: 'x'.repeat(5_000) });
    assert.equal(await closed, 1009);
    const { viewers } = (await until('zero viewers', async () => {
      const camera = (await (await fetch(`${url}cameras/front`, { headers: bearer })).json()) as { viewers: number };
      return camera.viewers === 0 && camera;
    })) as { viewers: number };
    assert.equal(viewers, 0);
  });

  test('the handshake: no Upgrade is 426, an unknown camera 404', async (t) => {
    const { url } = await setUp(t);
    const response = await fetch(`${url}cameras/front/ws`, { headers: bearer });
    assert.deepEqual([response.status, response.headers.get('upgrade')], [426, 'websocket']);
    await assert.rejects(openLive(t, `${url}cameras/nope/ws`), /refused with 404/);
  });
});

describe('all cameras in one', { concurrency: 3 }, () => {
  test('pictures of those that are watched, each with its id and a zero byte', async (t) => {
    const { cameras, url } = await setUp(t, { ids: ['door', 'front', 'yard'] });
    const live = await openLive(t, `${url}ws`, { named: true });
    live.say({ watch: ['front', 'door'] });
    await until('pictures of both', () => ['front', 'door'].every((id) => live.ids.filter((each) => each === id).length > 10));
    assert.ok(!live.ids.includes('yard'));
    for (const [i, id] of live.ids.entries()) {
      const camera = cameras.find((each) => each.id === id);
      const stamp = live.pictures[i]?.stamp;
      assert.ok(
        camera?.sent.some(({ seq, t: takenAt }) => seq === stamp?.seq && takenAt === stamp.t),
        `${id} ${JSON.stringify(stamp)}`,
      );
    }
    assert.deepEqual(new Set(live.messages.map(({ id }) => id)), new Set(['front', 'door']));
    // The list is the whole wish: what is not in it is no longer watched.
    live.say({ watch: ['yard', 'front'] });
    await until('pictures of the third', () => live.ids.includes('yard'));
    const from = live.ids.length;
    await until('more of them', () => live.ids.length > from + 30);
    assert.deepEqual(new Set(live.ids.slice(from)), new Set(['front', 'yard']));
    live.say({ watch: [] });
    live.say({ ping: 1 });
    await until('pong', () => live.messages.some(({ type }) => type === 'pong'));
    const after = live.ids.length;
    await until('time for a frame', async () => (await fetch(`${url}cameras/front/snapshot`, { headers: bearer })).status === 200);
    assert.equal(live.ids.length, after);
  });

  test('until it says what it wants it counts for nobody; then as one viewer each, on the bus too', async (t) => {
    const { bus, url } = await setUp(t, { ids: ['door', 'front'] });
    const received = await receive(await connectMqtt(t, bus.url, bus.login('homeassistant')), 'homeguard/+/viewers/+');
    const last = (id: string) =>
      String(received.filter(({ topic }) => topic.startsWith(`homeguard/${id}/viewers/gateway`)).at(-1)?.payload ?? '');
    const live = await openLive(t, `${url}ws`, { named: true });
    await until('zeros', () => last('door') === '0' && last('front') === '0');
    live.say({ watch: ['front'] });
    await until('one', () => last('front') === '1' && last('door') === '0');
    live.say({ watch: ['front', 'front', 'door'] });
    await until('one each', () => last('front') === '1' && last('door') === '1');
    live.socket.terminate();
    await until('zeros again', () => last('door') === '0' && last('front') === '0');
  });

  test('ids that are unknown, and lists that are none, are told; the known ones are watched', async (t) => {
    const { url } = await setUp(t);
    const live = await openLive(t, `${url}ws`, { named: true });
    live.say({ watch: ['nope', 'front', '__proto__', 5] });
    await until('picture and complaint', () => live.ids.includes('front') && errors(live).length === 1);
    assert.match(errors(live)[0] ?? '', /watch has to be a list of ids of known cameras/);
    for (const watch of ['front', 5, { 0: 'front' }, null]) live.say({ watch });
    await until('four more', () => errors(live).length === 5);
  });

  test('no more cameras than there is room for viewers', async (t) => {
    const { url } = await setUp(t, { ids: ['door', 'front', 'yard'], env: { GATEWAY_MAX_VIEWERS: '2' } });
    const live = await openLive(t, `${url}ws`, { named: true });
    live.say({ watch: ['door', 'front', 'yard'] });
    await until('complaint', () => errors(live).length > 0);
    const list = (await (await fetch(`${url}cameras`, { headers: bearer })).json()) as { viewers: number }[];
    assert.ok(list.reduce((sum, { viewers }) => sum + viewers, 0) <= 2);
  });
});

test('fps paces this client, for each of its cameras, from when it is said', async (t) => {
  const { url } = await setUp(t, { ids: ['door', 'front'] });
  const [live, free] = [await openLive(t, `${url}ws`, { named: true }), await openLive(t, `${url}cameras/front/ws`)];
  live.say({ fps: 5, watch: ['front', 'door'] });
  // The last three seconds; a machine that has too much to do for a moment gets another try.
  const lately = (seen: Seen[]) => seen.filter(({ at }) => at > performance.now() - 3_000);
  const isAbout = (rate: number, fps: number) => Math.abs(rate - fps) <= 0.1 * fps;
  const of = (id: string) => live.pictures.filter((_, i) => live.ids[i] === id);
  await until('3 s of pictures', () => of('front').length > 15, { ms: 10_000 });
  await until('5 a second of each', () => ['front', 'door'].every((id) => isAbout(rateOf(lately(of(id))), 5)), { ms: 20_000 });
  await until('30 a second for another client', () => isAbout(rateOf(lately(free.pictures)), 30), { ms: 20_000 });
  live.say({ fps: 15 });
  await until('15 a second of each', () => ['front', 'door'].every((id) => isAbout(rateOf(lately(of(id))), 15)), { ms: 20_000 });
});
