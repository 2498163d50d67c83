/** The programs of deploy/python as they stand, with Debian's paho-mqtt and OpenCV. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { readStamp } from '../../services/shared/contract.ts';
import { takeApart } from '../helpers/camera-harness.ts';
import { type FakeCamera, readFrames, startCamera } from '../helpers/fake-camera.ts';
import { freePort } from '../helpers/free-port.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { stamped } from '../helpers/pictures.ts';
import type { Program } from '../helpers/program.ts';
import { startPython } from '../helpers/python.ts';
import { startTestBroker, type TestBroker } from '../helpers/services.ts';
import { until } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

const frames = await readFrames({ width: 320, height: 240, count: 10, bytes: 20_000 });
const line = /^seq (\d+) {2}age (\d+) ms {2}320x240 {2}(\S+ \S+(?: %)?) {2}(\d+\.\d) looked at a second {2}(\d+) skipped$/gm;

interface Line {
  seq: number;
  age: number;
  seen: string;
  skipped: number;
}

function linesOf({ stdout }: Program): Line[] {
  return [...stdout.matchAll(line)].map(([, seq, age, seen = '', , skipped]) => ({
    seq: Number(seq),
    age: Number(age),
    seen,
    skipped: Number(skipped),
  }));
}

const secret = (bus: TestBroker) => join(bus.settings.dataDir, 'secrets/mqtt-homeassistant');
const login = (bus: TestBroker) => ['--port', new URL(bus.url).port, '--password-file', secret(bus)];

function watch(t: TestContext, bus: TestBroker, ...args: string[]): Program {
  return startPython(t, 'deploy/python/watch.py', [...login(bus), '--camera', 'front', ...args]);
}

async function setUp(t: TestContext): Promise<{ bus: TestBroker; camera: FakeCamera }> {
  const bus = await startTestBroker(t);
  return { bus, camera: await startCamera(t, bus, 'front', frames) };
}

// Most of their time they wait, so they do so together.
describe('watch.py and snapshot.py', { concurrency: 3 }, () => {
  test('it reads frames, looks at them, keeps the last one, and ends after as many as it was told', async (t) => {
    const { bus, camera } = await setUp(t);
    camera.play(30);
    const file = join(makeWorkDir(t), 'last.jpg');
    const program = watch(t, bus, '--count', '40', '--save', file);
    await program.ends({ ms: 60_000 });
    const lines = linesOf(program);
    const last = lines.at(-1);
    assert.ok(lines.length >= 2 && last, program.output);
    for (const { seen, age } of lines) assert.ok(seen === 'faces 0' && age < 60_000, program.output);
    const kept = readFileSync(file);
    assert.equal(readStamp(kept)?.seq, last.seq);
    assert.ok(frames.some((frame) => frame.equals(takeApart(kept).bytes)));
  });

  test('a window needs a desktop, and it says so', async (t) => {
    const program = startPython(t, 'deploy/python/watch.py', ['--show']);
    await program.ends({ code: 2, ms: 60_000 });
    assert.match(program.stderr, /error: --show needs a desktop, and there is none here: take --save$/m);
  });

  test('when it is slow it skips frames and does not fall behind', async (t) => {
    const { bus, camera } = await setUp(t);
    camera.play(30);
    const program = watch(t, bus, '--edges', '--work', '0.3', '--count', '6');
    await program.ends({ ms: 60_000 });
    const [first, last] = [linesOf(program)[0], linesOf(program).at(-1)];
    assert.ok(first && last, program.output);
    assert.match(last.seen, /^edges \d+\.\d %$/);
    // Six in a row would be five numbers apart; it looked at the newest each time, and counted the others.
    assert.ok(last.seq - first.seq >= 20, program.output);
    assert.equal(last.skipped, last.seq - first.seq - 5);
  });

  test('why it is dark: the login, the broker, the name, the service, the device', async (t) => {
    const { bus, camera } = await setUp(t);
    camera.setState('no-device', { cause: 'There is no capture device.', advice: 'Plug the camera in.' });
    const away = await startCamera(t, bus, 'away', frames);
    await away.stop();
    const wrong = join(makeWorkDir(t), 'password');
    writeFileSync(wrong, 'not this one\n');
    const impatient = ['--patience', '0.5'];
    const programs = {
      login: watch(t, bus, '--password-file', wrong),
      broker: watch(t, bus, '--port', String(await freePort()), ...impatient),
      name: watch(t, bus, '--camera', 'door', ...impatient),
      service: watch(t, bus, '--camera', 'away', ...impatient),
      device: watch(t, bus, ...impatient),
      file: watch(t, bus, '--password-file', '/nowhere'),
    };
    const says = (name: keyof typeof programs, pattern: RegExp) => programs[name].outputMatching(pattern, { ms: 60_000 });
    await says('broker', /^no frame for 0.5 s: the broker at 127.0.0.1:\d+ cannot be reached \(.*refused\): is HomeGuard running/m);
    await says('name', /there is no camera 'door' on this broker below 'homeguard'; there is: away, front\./);
    await says('service', /the service of camera 'away' is not running/);
    await says('device', /camera 'front' is dark: no-device\. There is no capture device\. Plug the camera in$/m);
    await programs.login.ends({ code: 1, ms: 60_000 });
    assert.match(programs.login.stderr, /^the broker at 127.0.0.1:\d+ refuses our login: .*\n$/);
    await programs.file.ends({ code: 1, ms: 60_000 });
    assert.match(programs.file.stderr, /^the password cannot be read from \/nowhere .*--password-file.*\n$/);
    camera.setState('live');
    camera.play(10);
    await programs.device.outputMatching(line, { ms: 60_000 });
  });

  test('it finds a broker that was away, and ends when it is told to', async (t) => {
    const env = { BROKER_PORT: String(await freePort()), DATA_DIR: makeWorkDir(t) };
    const first = await startTestBroker(t, env);
    const camera = await startCamera(t, { url: first.url, login: first.login }, 'front', frames);
    camera.play(10);
    const program = watch(t, first, '--edges', '--patience', '0.5');
    await program.outputMatching(line, { ms: 60_000 });
    await first.stop();
    await program.outputMatching(/no frame for 0.5 s: the (connection to the )?broker at 127.0.0.1:\d+ (was lost|cannot be reached)/);
    await startTestBroker(t, env);
    await until('the camera', () => camera.bus.connected, { ms: 20_000 });
    const seq = camera.sent.length;
    await until('new frames', () => (linesOf(program).at(-1)?.seq ?? 0) > seq, { ms: 20_000 });
    await program.stop();
  });

  test("by TLS, from somebody's Mosquitto; another authority is told from it", async (t) => {
    const users = { camera: 'one', homeassistant: 'two' };
    const mosquitto = await startMosquitto(t, { users, tls: true });
    const camera = await startCamera(
      t,
      { url: mosquitto.socketUrl, login: () => ({ username: 'camera', password: 'one' }) },
      'front',
      frames,
    );
    camera.play(10);
    const file = join(makeWorkDir(t), 'password');
    writeFileSync(file, users.homeassistant);
    const other = await startMosquitto(t, { tls: true });
    const args = (ca: string) => [
      ...['--host', 'localhost', '--port', String(mosquitto.port), '--password-file', file],
      ...['--camera', 'front', '--tls-ca', ca, '--count', '2', '--edges', '--patience', '0.5'],
    ];
    const wrong = startPython(t, 'deploy/python/watch.py', args(other.ca));
    const right = startPython(t, 'deploy/python/watch.py', args(mosquitto.ca));
    await right.ends({ ms: 60_000 });
    assert.ok(linesOf(right).length > 0, right.output);
    await wrong.outputMatching(/cannot be reached \(.*certificate verify failed.*\): --tls-ca has to name the authority/, { ms: 60_000 });
  });

  test('a setting is set and answered, a wrong one is refused with the reason, and a snapshot is kept', async (t) => {
    const { bus, camera } = await setUp(t);
    const [first = Buffer.alloc(0)] = frames;
    await camera.sendSnapshot(first, 1); // an old one, which is retained
    camera.takeCommands({}, ({ setting, wanted }) => {
      // Later than the answer: by then the old one would have been taken for it.
      if (setting === 'snapshot') setTimeout(() => void camera.sendSnapshot(first, 77), 100);
      return setting === 'fps' ? { refused: 'fps goes from 1 to 30.' } : { value: wanted };
    });
    const file = join(makeWorkDir(t), 'now.jpg');
    const ask = (...args: string[]) => startPython(t, 'deploy/python/snapshot.py', [...login(bus), '--camera', 'front', ...args]);
    const [done, refused] = [ask('--set', 'controls/brightness=160', '--size', '640x480', file), ask('--set', 'fps=99', file)];
    await done.ends({ ms: 60_000 });
    assert.match(done.stdout, /^controls\/brightness is 160\n.*now\.jpg: \d+ bytes, \d+ ms old\n$/);
    const kept = readFileSync(file);
    assert.deepEqual(kept, stamped(first, 77, readStamp(kept)?.t));
    await refused.ends({ code: 1, ms: 60_000 });
    assert.equal(refused.stderr, 'fps was refused: fps goes from 1 to 30.\n');
    assert.deepEqual(
      camera.commands.filter(({ setting }) => setting !== 'fps'),
      [
        { setting: 'controls/brightness', wanted: '160' },
        { setting: 'snapshot', wanted: '640x480' },
      ],
    );
  });
});
