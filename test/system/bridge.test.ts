import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lookAtBridge } from '../../services/doctor/bridge.ts';
import { judgeBridge } from '../../services/doctor/bridge-findings.ts';
import { readStamp } from '../../services/shared/contract.ts';
import { readSecret } from '../../services/shared/secrets.ts';
import { defer } from '../helpers/cleanup.ts';
import { freePort } from '../helpers/free-port.ts';
import { houseUsers, listenAtHome, sendPreview, startBridged, startFullCamera, startHouse } from '../helpers/house.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { oldBroker } from '../helpers/old-broker.ts';
import { tinyJpeg } from '../helpers/pictures.ts';
import { startProgram } from '../helpers/program.ts';
import { connectMqtt, receive, type TestBroker } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const topic = (rest: string) => `homeguard/front/${rest}`;
const discovery = 'homeassistant/device/homeguard_front/config';
const login = { BRIDGE_USERNAME: 'bridge', BRIDGE_PASSWORD: houseUsers.bridge };
const warnings = ({ lines }: TestBroker) => lines.filter(({ level }) => level >= 40).map(({ msg }) => msg);

describe('bridge', { concurrency: 4 }, () => {
  test('a camera is at the house under the same names, retained what is to be; frames stay at home', async (t) => {
    const house = await startHouse(t);
    const bus = await startBridged(t, house.url);
    const camera = await startFullCamera(bus);
    defer(t, () => camera.stop());
    camera.bus.announce(discovery, '{"device":{}}');
    const shot = { seq: 9, t: 1_700_000_000_000_000 };
    await camera.bus.deliver(camera.topics.snapshot, tinyJpeg(shot), { retain: true, stamp: shot, user: { id: '4711' } });
    await until('snapshot', () => house.on(topic('snapshot')).length === 1);
    assert.ok(sendPreview(camera, 8));
    assert.ok(camera.bus.publishPicture(camera.topics.frame, tinyJpeg({ seq: 8 }), { seq: 8, t: 1 }));
    camera.bus.publish(camera.topics.telemetry, '{"fps":30}');
    await camera.answer({ setting: 'fps', wanted: '31', value: '30', refused: 'fps has to be at most 30.' });
    const gateway = await connectMqtt(t, bus.url, bus.login('gateway'));
    await gateway.publishAsync(topic('viewers/gateway-x'), '1', { qos: 1, retain: true });
    await camera.bus.deliver(topic('fps'), '15', { retain: true });
    await until('the newest value', () => house.on(topic('fps')).at(-1) === '15');
    await until('telemetry', () => house.on(topic('telemetry')).length === 1);
    const kept = await house.kept();
    const names = [
      'answer',
      'capture',
      'controls/focus_absolute',
      'fps',
      'preview',
      'resolution',
      'snapshot',
      'state',
      'status',
      'telemetry',
    ];
    assert.deepEqual(
      [...new Set(house.heard.map((each) => each.topic))].filter((name) => /^home\w+\/[a-z]/.test(name)).sort(),
      [discovery, ...names.map(topic)].sort(),
    );
    const passing = ['answer', 'telemetry'].map(topic);
    assert.deepEqual(Object.keys(kept).sort(), [discovery, ...names.map(topic)].filter((name) => !passing.includes(name)).sort());
    assert.deepEqual([kept[topic('status')], kept[topic('capture')], kept[discovery]], ['online', 'ON', '{"device":{}}']);
    for (const [name, stamp, more] of [
      ['preview', { seq: 8, t: 1_000_000 }, {}],
      ['snapshot', shot, { id: '4711' }],
    ] as const) {
      const [picture] = house.heard.filter((each) => each.topic === topic(name));
      assert.deepEqual(readStamp(picture?.payload ?? Buffer.alloc(0)), stamp);
      assert.equal(picture?.properties?.contentType, 'image/jpeg');
      assert.deepEqual({ ...picture?.properties?.userProperties }, { seq: String(stamp.seq), t: String(stamp.t), ...more });
    }
    const preview = house.heard.find((each) => each.topic === topic('preview'));
    assert.ok(Number(preview?.properties?.messageExpiryInterval) <= 10);
    // Switched off: nobody at the house finds a picture of before either.
    await camera.bus.deliver(camera.topics.preview, '', { retain: true });
    await until('no preview', async () => (await house.kept())[topic('preview')] === undefined);
    assert.deepEqual(warnings(bus), []);
    const home = await connectMqtt(t, bus.url, bus.login('homeassistant'));
    const told = await receive(home, 'homeguard/_broker/telemetry');
    await until('the broker to tell of its bridge', () => told.some(({ payload }) => JSON.parse(String(payload)).bridge === 1));
  });

  test('commands and the birth message come in, once; nothing else does, and nothing comes back', async (t) => {
    const house = await startHouse(t);
    await house.client.publishAsync(topic('capture/set'), 'OFF', { qos: 1, retain: true });
    const bus = await startBridged(t, house.url);
    const camera = await startFullCamera(bus);
    defer(t, () => camera.stop());
    camera.takeCommands({});
    const atHome = await listenAtHome(t, bus);
    await until('camera', () => house.on(topic('status')).includes('online'));
    await until('a word about the retained command', () => warnings(bus).some((msg) => /retained command/.test(msg)));
    const send = (name: string, text: string) => house.client.publishAsync(name, text, { qos: 1 });
    for (const [name, text] of [
      [topic('fps/set'), '15'],
      [topic('controls/focus_absolute/set'), '3'],
      [topic('snapshot/set'), ''],
      ['homeassistant/status', 'online'],
      [topic('viewers/set'), '5'],
      [topic('fps/set'), 'x'.repeat(1_025)],
      [topic('status/set'), 'x'],
      ['homeguard/other/fps/set', '7'],
      ['homeguard/door/status', 'online'],
      ['homeassistant/device/homeguard_door/config', '{}'],
      [topic('quality/set'), '80'],
    ] as const) {
      await send(name, text);
    }
    await until('the last command', () => camera.commands.length >= 4);
    await until('its answer', () => house.on(topic('answer')).length === 4);
    assert.deepEqual(
      camera.commands.map(({ setting, wanted }) => [setting, wanted]),
      [
        ['fps', '15'],
        ['controls/focus_absolute', '3'],
        ['snapshot', ''],
        ['quality', '80'],
      ],
    );
    // Only what the camera itself says, beside what was let in.
    const strange = atHome.filter((each) => !/^homeguard\/front\/(status|state|answer)$/.test(each.topic));
    assert.deepEqual(
      strange.map((each) => `${each.topic} ${each.payload}`),
      [
        `${topic('fps/set')} 15`,
        `${topic('controls/focus_absolute/set')} 3`,
        `${topic('snapshot/set')} `,
        'homeassistant/status online',
        `${topic('quality/set')} 80`,
      ],
    );
    for (const name of ['fps/set', 'quality/set', 'controls/focus_absolute/set']) {
      const wanted = name === 'fps/set' ? 2 : 1;
      assert.equal(house.on(topic(name)).length, wanted, `${name} did not come back`);
    }
    assert.deepEqual(
      warnings(bus).filter((msg) => !/retained command/.test(msg)),
      ["a command from the house's broker is ignored: it has more than 1024 bytes"],
    );
  });

  test('the house goes and comes back: what is so now is there within 5 s, and what is no more is not', async (t) => {
    // It keeps all of it over its own restart.
    const house = await startHouse(t, { lines: ['persistence true', `persistence_location ${makeWorkDir(t)}/`] });
    const bus = await startBridged(t, house.url);
    const [camera, door] = [await startFullCamera(bus), await startFullCamera(bus, 'door')];
    defer(t, () => Promise.all([camera.stop(), door.kill()]).then(() => {}));
    await until('cameras', () => house.on(topic('status')).length + house.on('homeguard/door/status').length === 2);
    sendPreview(camera, 1);
    await camera.sendSnapshot(tinyJpeg(), 1);
    await until('pictures', () => house.on(topic('preview')).length === 1 && house.on(topic('snapshot')).length === 1);
    await house.stop();
    await until('loss', () => warnings(bus).length > 0);
    for (let seq = 2; seq < 30; seq++) {
      sendPreview(camera, seq);
      camera.bus.publish(camera.topics.telemetry, `{"n":${seq}}`);
      camera.bus.announce(topic('fps'), String(seq));
      await camera.answer({ setting: 'fps', wanted: String(seq), value: String(seq), refused: null });
    }
    // Switched off, and the other one unplugged from the bus, its focus taken from it, while nobody at the house could be told.
    await camera.bus.deliver(camera.topics.preview, '', { retain: true });
    camera.setState('off');
    await door.bus.deliver('homeguard/door/controls/focus_absolute', '', { retain: true });
    await door.kill();
    house.heard.length = 0;
    await house.start();
    const back = performance.now();
    assert.equal((await house.kept())[topic('fps')], '30', 'it still says what was so before');
    const wanted = { status: 'online', fps: '29', capture: 'ON' };
    await until('what is so now', async () => {
      const kept = await house.kept();
      assert.equal(kept['homeguard/door/status'], 'offline');
      assert.equal(kept['homeguard/door/controls/focus_absolute'], undefined);
      for (const [name, text] of Object.entries(wanted)) assert.equal(kept[topic(name)], text);
      assert.equal(JSON.parse(kept[topic('state')] ?? '{}').condition, 'off');
      assert.equal(kept[topic('preview')], undefined, 'no picture of before');
      assert.ok(kept[topic('snapshot')], 'the snapshot is still at home');
      return true;
    });
    t.diagnostic(`right ${Math.round(performance.now() - back)} ms after its return`);
    assert.ok(performance.now() - back < 5_000);
    const queued = house.heard.filter(({ topic: name }) => /telemetry|answer/.test(name));
    assert.deepEqual(queued, [], 'nothing waited');
    const live = house.heard.filter((each) => each.topic === topic('fps') && !each.retain).map(({ payload }) => String(payload));
    assert.deepEqual(live, ['29'], 'the newest value, once, and none of before');
    // That it was lost, and, when trying again, why.
    assert.ok(warnings(bus).length <= 2, warnings(bus).join('\n'));
    assert.equal(bus.lines.filter(({ msg }) => msg === 'the message bus is back').length, 1, 'and one for the return');
  });

  test('killed or stopped: the house says offline by itself', async (t) => {
    const house = await startHouse(t, { users: { ...houseUsers }, lines: ['allow_anonymous true'] });
    for (const [signal, code, isStuck] of [
      ['SIGKILL', null],
      ['SIGTERM', 0],
      ['SIGTERM', 0, 'stuck'],
    ] as const) {
      house.heard.length = 0;
      const dir = makeWorkDir(t);
      const env = { BRIDGE_URL: house.url, ...login, DATA_DIR: dir, BROKER_PORT: String(await freePort()) };
      const program = startProgram(t, { main: 'services/broker/main.ts', env });
      await program.outputMatching(/the house's broker is there/);
      const url = `mqtt://127.0.0.1:${env.BROKER_PORT}`;
      const camera = await startFullCamera({ url, login: (user) => ({ username: user, password: readSecret(dir, `mqtt-${user}`) }) });
      sendPreview(camera, 1);
      await until('preview', () => house.on(topic('preview')).length > 0);
      house.heard.length = 0;
      // A house that takes nothing keeps nobody from stopping in time.
      if (isStuck) process.kill(house.pid(), 'SIGSTOP');
      program.signal(signal);
      await program.ends({ code, ms: 5_000 });
      if (isStuck) process.kill(house.pid(), 'SIGCONT');
      await until('offline', () => house.on(topic('status')).at(-1) === 'offline');
      const kept = await house.kept();
      assert.equal(kept[topic('status')], 'offline');
      // One that was stuck may hear the end of the connection before the last words in it; then the preview expires.
      if (signal === 'SIGTERM' && !isStuck) assert.equal(kept[topic('preview')], undefined);
      await camera.kill();
    }
  });

  test('a camera that is forgotten at home is forgotten at the house, and may come back', async (t) => {
    const house = await startHouse(t);
    const bus = await startBridged(t, house.url);
    const camera = await startFullCamera(bus);
    camera.bus.announce(discovery, '{}');
    await until('discovery', () => house.on(discovery).length === 1);
    await camera.stop();
    const names = ['status', 'state', 'capture', 'fps', 'resolution', 'controls/focus_absolute', 'preview', 'snapshot'].map(topic);
    // As `forget` does.
    const home = await connectMqtt(t, bus.url, bus.login('camera'));
    for (const name of [discovery, ...names]) await home.publishAsync(name, '', { qos: 1, retain: true });
    await until('nothing', async () => Object.keys(await house.kept()).length === 0);
    await until('its connection to end', () => /homeguard-bridge-[0-9a-f]{12}-front disconnected/.test(house.log()));
    assert.deepEqual(await house.kept(), {}, 'and no Last Will came after it');
    const again = await startFullCamera(bus);
    defer(t, () => again.stop());
    await until('it is back', async () => (await house.kept())[topic('status')] === 'online');
  });

  test('by TLS with an authority of its own, by Unix socket, and with MQTT 3.1.1', async (t) => {
    const house = await startMosquitto(t, { users: houseUsers, tls: true });
    const plain = await startHouse(t);
    const old = await oldBroker(t, plain.port);
    const ways = [
      await startBridged(t, house.url, { ...login, BRIDGE_TLS_CA: house.ca }),
      await startBridged(t, house.socketUrl, { ...login, MQTT_PREFIX: 'sock' }),
      await startBridged(t, old, { MQTT_PREFIX: 'old' }),
    ];
    for (const way of ways) await until("the house's broker", () => way.lines.some(({ msg }) => /^the house's broker is there/.test(msg)));
    const home = await connectMqtt(t, ways[2]?.url ?? '', ways[2]?.login('camera'));
    await home.publishAsync('old/front/status', 'online', { qos: 1, retain: true });
    await home.publishAsync('old/front/preview', tinyJpeg({ seq: 1 }), { qos: 0, retain: true });
    await until('it there', () => plain.on('old/front/status').includes('online') && plain.on('old/front/preview').length === 1);
    const commands: string[] = [];
    home.on('message', (_topic, payload) => commands.push(String(payload)));
    await home.subscribeAsync('old/front/fps/set');
    await plain.client.publishAsync('old/front/fps/set', '15', { qos: 1 });
    await until('a command', () => commands[0] === '15');
    assert.ok(ways[2]?.lines.some(({ msg }) => /going on with 3\.1\.1/.test(msg)));
  });

  test('what is wrong is told in one line, with its remedy', async (t) => {
    const house = await startMosquitto(t, { users: houseUsers });
    const [wrong, absent] = [await startBridged(t, house.url, { BRIDGE_USERNAME: 'bridge' }), await startBridged(t, 'mqtt://127.0.0.1:9')];
    for (const bus of [wrong, absent]) {
      const camera = await startFullCamera(bus);
      defer(t, () => camera.stop());
    }
    await until('both', () => warnings(wrong).length + warnings(absent).length >= 2);
    assert.match(
      warnings(wrong).join('\n'),
      /^The message bus at .* refuses our login: set BRIDGE_USERNAME and BRIDGE_PASSWORD to a user it knows\.$/,
    );
    assert.match(warnings(absent).join('\n'), /^The message bus at mqtt:\/\/127\.0\.0\.1:9 cannot be reached .*BRIDGE_URL\.$/);
    const strict = await startHouse(t, { lines: ['max_packet_size 20000'] });
    const large = await startBridged(t, strict.url);
    const camera = await startFullCamera(large);
    defer(t, () => camera.stop());
    await until('the house', () => strict.on(topic('status')).includes('online'));
    await camera.sendSnapshot(tinyJpeg({ size: 30_000 }), 1);
    sendPreview(camera, 2);
    await until('the smaller one', () => strict.on(topic('preview')).length === 1);
    assert.doesNotMatch(strict.log(), /-front disconnected/);
    assert.ok(!strict.on(topic('status')).includes('offline'));
    assert.match(warnings(large).join('\n'), /takes packets of at most 20000 bytes: let it take larger ones/);
    for (const bus of [wrong, absent]) {
      const [found] = judgeBridge(await lookAtBridge(bus.settings));
      assert.deepEqual([found?.topic, found?.ok], ['bridge', null]);
      assert.match(`${found?.text} ${found?.remedy}`, bus === wrong ? /BRIDGE_PASSWORD/ : /nothing listens .*BRIDGE_URL/);
    }
    await assert.rejects(
      startBridged(t, house.url, { BRIDGE_TLS_CA: '/none.pem' }),
      /BRIDGE_TLS_CA names \/none\.pem, which cannot be read/,
    );
  });

  test('BRIDGE_URL with our own address is refused, with and without logins', async (t) => {
    for (const BROKER_AUTH of ['on', 'off']) {
      const port = String(await freePort());
      const bus = await startBridged(t, `mqtt://localhost:${port}`, { BROKER_AUTH, BROKER_PORT: port, BROKER_HOST: '127.0.0.1' });
      const camera = await startFullCamera(bus);
      defer(t, () => camera.stop());
      await until('a word about it', () => warnings(bus).some((msg) => /BRIDGE_URL \(.*\) names our own broker/.test(msg)));
      assert.deepEqual(
        warnings(bus).filter((msg) => !/names our own|BROKER_AUTH is off/.test(msg)),
        [],
      );
      const atHome = await listenAtHome(t, bus);
      await until('status', () => atHome.length >= 2);
      assert.equal(atHome.filter((each) => each.topic === topic('status')).length, 1);
    }
  });

  test('another bridge that carries everything back is noticed, and ours stands still', async (t) => {
    const port = String(await freePort());
    const theirs = ['connection back', `address 127.0.0.1:${port}`, 'topic # both 1', 'notifications false'];
    const house = await startHouse(t, { lines: theirs });
    const bus = await startBridged(t, house.url, { BROKER_AUTH: 'off', BROKER_PORT: port });
    // Theirs tries again only after some seconds; a new start is sooner.
    await house.stop();
    await house.start();
    const camera = await startFullCamera(bus);
    defer(t, () => camera.stop());
    await until('a word about it', () => warnings(bus).some((msg) => /another bridge brings back what we bring/.test(msg)), { ms: 10_000 });
    t.diagnostic(`${house.heard.length} messages until it was noticed`);
    const before = house.heard.length;
    await camera.bus.deliver(topic('fps'), '1', { retain: true });
    await until('by their bridge', () => house.on(topic('fps')).includes('1'));
    assert.ok(house.heard.length - before < 200, `${house.heard.length - before} messages`);
  });

  test('two HomeGuards with one house: neither throws the other out, and a camera of the same id is named', async (t) => {
    const house = await startHouse(t);
    const [one, other] = [await startBridged(t, house.url), await startBridged(t, house.url)];
    for (const bus of [one, other]) {
      const camera = await startFullCamera(bus);
      defer(t, () => camera.stop());
    }
    await until('a word about it', () => [one, other].some((bus) => warnings(bus).some((msg) => /a camera of the same id/.test(msg))));
    assert.ok([one, other].every((bus) => !warnings(bus).some((msg) => /was lost/.test(msg))));
    assert.doesNotMatch(house.log(), /already connected/);
  });
});
