/** deploy/systemd on a machine that systemd has really booted, in a container: installed, used, hurt, updated, removed. The tests build on each other. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { readStamp } from '../../services/shared/contract.ts';
import { until } from '../helpers/until.ts';
import { bootMachine, type Machine } from './systemd/machine.ts';

const SERVICES = ['broker', 'camera', 'gateway'] as const;
/** What issue and FAULTS.md promise, in ms. */
const PLUG_MS = 5_000;
const UNPLUG_MS = 3_000;
const REPLUG_MS = 10_000;
const RECOVERY_MS = 5_000;
const STOP_MS = 5_000;
const STARTED_MS = 20_000;

let machine: Machine;
let token: string;

// What is registered while a hook runs is undone at that hook's end.
const undos: (() => void | Promise<void>)[] = [];
before(async () => {
  machine = await bootMachine({ after: (undo) => undos.push(undo) });
});
after(async () => {
  for (const undo of undos) await undo();
});

const pidOf = async (service: string) => Number(await machine.show(`homeguard-${service}`, 'MainPID'));

const stateOf = async (property: string) =>
  (await Promise.all(SERVICES.map((service) => machine.show(`homeguard-${service}`, property)))).join(' ');

async function timed(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return performance.now() - began;
}

test('one command installs it, without a camera: all are active, and the address that it prints logs a browser in', async (t) => {
  let printed = '';
  t.diagnostic(`installed in ${Math.round((await timed(async () => (printed = await machine.install()))) / 1000)} s`);
  // The image leaves it to the installer.
  assert.match(await machine.sh('command -v v4l2-ctl'), /v4l2-ctl/);
  const [, page, path] = /(http:\/\/raspberrypi\.local:8080\/)(login\?token=[\w-]+)\n/.exec(printed) ?? [];
  assert.ok(page, printed);
  const answer = await fetch(machine.url + path, { redirect: 'manual' });
  assert.equal(answer.status, 303);
  assert.match(answer.headers.get('set-cookie') ?? '', /^homeguard=/);
  token = path?.split('=')[1] ?? '';
  assert.equal(await machine.token(), token);
  assert.equal(await machine.show('homeguard.target', 'ActiveState'), 'active');
  for (const service of SERVICES) assert.equal(await machine.show(`homeguard-${service}`, 'ActiveState'), 'active');
  await machine.condition(/^no-device$/, token, STARTED_MS);
});

test('nothing of root is left in the checkout, and no login stands in the journal', async () => {
  assert.equal(await machine.sh('cd /root/homeguard && ls -d node_modules dist 2>/dev/null || true'), '');
  const journal = await machine.sh('journalctl --no-pager');
  assert.match(journal, /homeguard-gateway.*serving on/);
  for (const secret of [token, (await machine.sh('cat /var/lib/homeguard/gateway/secrets/gateway-password')).trim()]) {
    assert.ok(!journal.includes(secret));
  }
});

test('the camera appears, vanishes and comes back under another number', async () => {
  await machine.plug(0);
  assert.ok(readStamp(await machine.picture(token, PLUG_MS)));
  await machine.unplug(0);
  await machine.condition(/^no-device$/, token, UNPLUG_MS);
  await machine.plug(2);
  await machine.picture(token, REPLUG_MS);
  assert.equal((await machine.condition(/^(live|idle)$/, token, PLUG_MS)).device?.path, '/dev/video2');
});

test('the camera has the group video, a user of its own, and no network', async () => {
  const status = async (service: string) => await machine.sh(`cat /proc/${await pidOf(service)}/status`);
  const field = (text: string, name: string) => new RegExp(`^${name}:\\t(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
  const all = await Promise.all(SERVICES.map(status));
  const uids = all.map((text) => Number(field(text, 'Uid').split('\t')[0]));
  assert.equal(new Set(uids).size, 3);
  assert.ok(uids.every((uid) => uid >= 61_184 && uid <= 65_519));
  for (const text of all) {
    assert.deepEqual([field(text, 'CapEff'), field(text, 'NoNewPrivs'), field(text, 'Seccomp')], ['0000000000000000', '1', '2']);
  }
  const groups = all.map((text) => field(text, 'Groups').split(' '));
  assert.deepEqual(
    groups.map((list) => list.includes('44')),
    [false, true, false],
  );
  const interfaces = (await machine.sh(`cat /proc/${await pidOf('camera')}/net/dev`)).match(/^\s*\S+:/gm)?.map((name) => name.trim());
  assert.deepEqual(interfaces, ['lo:']);
});

test('each service writes nowhere but in its own folder, and sees the secrets of no other', async () => {
  for (const service of SERVICES) {
    const inside = `nsenter --target ${await pidOf(service)} --mount`;
    assert.equal((await machine.sh(`${inside} ls /var/lib/private/homeguard`)).trim(), service);
    const writable = await machine.sh(
      `${inside} sh -c 'for each in / /usr /etc /opt/homeguard /var/lib /home; do [ -w $each ] && echo $each; done; true'`,
    );
    assert.equal(writable, '');
  }
});

test('another number than that of cameras is refused to the camera, whoever may open its node', async () => {
  const pid = await pidOf('camera');
  const cgroup = `/sys/fs/cgroup/system.slice/homeguard-camera.service`;
  await machine.sh('mknod -m 666 /dev/test-kmsg c 1 11; mknod -m 666 /dev/test-camera c 81 7');
  // A shell that enters the service's control group, and stays root in all else: only DevicePolicy= is left to refuse.
  const look = (path: string) =>
    machine.sh(`sh -c 'echo $$ >${cgroup}/cgroup.procs; exec dd if=${path} of=/dev/null count=0' 2>&1 || true`);
  assert.ok(pid > 0);
  assert.match(await look('/dev/test-kmsg'), /Operation not permitted/);
  assert.match(await look('/dev/test-camera'), /No such device/);
});

test('a service that is killed is back within 5 s, and leaves the others alone', async (t) => {
  for (const service of SERVICES) {
    const before = await Promise.all(SERVICES.map(pidOf));
    const took = await timed(async () => {
      await machine.sh(`kill -9 ${await pidOf(service)}`);
      await until(
        `another ${service}`,
        async () => {
          const pid = await pidOf(service);
          return pid > 0 && !before.includes(pid);
        },
        { ms: RECOVERY_MS },
      );
      await machine.picture(token, RECOVERY_MS);
    });
    t.diagnostic(`${service}: ${(took / 1000).toFixed(1)} s to the next picture`);
    assert.ok(took <= RECOVERY_MS, `${service}: ${took} ms`);
    const now = await Promise.all(SERVICES.map(pidOf));
    assert.equal(now.filter((pid, i) => pid !== before[i]).length, 1);
  }
});

test('a service that hangs is ended and started anew', async () => {
  await machine.dropIn('homeguard-gateway', '90-watchdog', ['WatchdogSec=3s', 'TimeoutAbortSec=1s']);
  await machine.sh('systemctl restart homeguard-gateway');
  await machine.picture(token, STARTED_MS);
  const restarts = () => machine.show('homeguard-gateway', 'NRestarts');
  const pid = await pidOf('gateway');
  // Twice the watchdog's time: it is told in time that all is well.
  await machine.sh('sleep 6');
  assert.deepEqual([await restarts(), await pidOf('gateway')], ['0', pid]);
  await machine.sh(`kill -STOP ${pid}`);
  await until('a restart', async () => (await restarts()) === '1', { ms: 12_000 });
  await machine.picture(token, RECOVERY_MS);
  assert.match(await machine.sh('journalctl -u homeguard-gateway --no-pager'), /Watchdog timeout/);
  await machine.sh('rm -r /etc/systemd/system/homeguard-gateway.service.d; systemctl daemon-reload; systemctl restart homeguard-gateway');
});

test('without its group the camera says permission-denied; what its advice says, done to the letter, brings the picture', async () => {
  // Numbered between the unit and what the advice writes.
  await machine.dropIn('homeguard-camera', '50-no-group', ['SupplementaryGroups=']);
  await machine.sh('systemctl restart homeguard-camera');
  const { cause, advice } = await machine.condition(/^permission-denied$/, token, STARTED_MS);
  assert.match(cause ?? '', /EACCES on \/dev\/video2: uid \d+, groups \d+; the device is root:44 0660/);
  const seen = await machine.sh('/opt/homeguard/doctor.sh || echo "exit $?"');
  assert.match(seen, /in the system's service homeguard-camera\.service/);
  assert.ok(seen.includes(`→ ${advice}`) && seen.endsWith('exit 1\n'), seen);
  await follow(advice ?? '');
  await machine.picture(token, STARTED_MS);
  assert.match(await machine.sh('/opt/homeguard/doctor.sh'), /✔ The picture comes\./);
  await machine.sh(
    'rm /etc/systemd/system/homeguard-camera.service.d/50-no-group.conf /etc/systemd/system/homeguard-camera.service.d/override.conf',
  );
});

test('without its DeviceAllow= the same', async () => {
  await machine.dropIn('homeguard-camera', '50-no-device', ['DeviceAllow=']);
  await machine.sh('systemctl restart homeguard-camera');
  const { cause, advice } = await machine.condition(/^permission-denied$/, token, STARTED_MS);
  assert.match(cause ?? '', /EPERM/);
  await follow(advice ?? '');
  await machine.picture(token, STARTED_MS);
  await machine.sh(
    'rm /etc/systemd/system/homeguard-camera.service.d/50-no-device.conf /etc/systemd/system/homeguard-camera.service.d/override.conf',
  );
  await machine.sh('systemctl daemon-reload; systemctl restart homeguard-camera');
  await machine.picture(token, STARTED_MS);
});

/** Does what stands between backticks. `systemctl edit` gets its lines from a pipe and not from an editor; systemd 252 cannot, so they go where it would put them. */
async function follow(advice: string): Promise<void> {
  const [edit = '', section = '', line = '', restart = ''] = [...advice.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
  const unit = /^sudo systemctl edit (\S+\.service)$/.exec(edit)?.[1];
  assert.ok(unit, advice);
  assert.match(restart, /^sudo systemctl restart \S+$/);
  const override = `/etc/systemd/system/${unit}.d/override.conf`;
  const script = `if systemctl --help | grep -q -- --stdin; then sudo systemctl edit --stdin ${unit}; else cat >${override} && systemctl daemon-reload; fi`;
  await machine.feed(script, `${section}\n${line}\n`);
  await machine.sh(restart);
}

test('the target ends within 5 s, with offline published and the broker last; it starts with the same secrets and settings', async (t) => {
  const password = (await machine.sh('cat /var/lib/homeguard/broker/secrets/mqtt-homeassistant')).trim();
  const subscribe = ['mosquitto_sub', '-u', 'homeassistant', '-P', password, '-t', 'homeguard/camera/status', '-C', '2'];
  const subscriber = spawn('docker', ['exec', machine.name, ...subscribe], { stdio: ['ignore', 'pipe', 'inherit'], timeout: 30_000 });
  let heard = '';
  subscriber.stdout.setEncoding('utf8').on('data', (text: string) => (heard += text));
  await until('online', () => heard === 'online\n');
  const fps = await fetch(`${machine.url}cameras/camera/fps`, {
    method: 'POST',
    body: '15',
    headers: { Authorization: `Bearer ${token}` },
  });
  assert.ok(fps.ok, `${fps.status}`);
  const took = await timed(async () => {
    await machine.sh('systemctl stop homeguard.target');
    // The target itself has ended by now; its services are about to.
    await until('all services to have ended', async () => (await stateOf('ActiveState')) === 'inactive inactive inactive');
  });
  t.diagnostic(`${(took / 1000).toFixed(1)} s`);
  assert.ok(took <= STOP_MS, `${took} ms`);
  assert.equal(await stateOf('Result'), 'success success success');
  await until('offline', () => heard === 'online\noffline\n');
  const at = async (service: string) => Number(await machine.show(`homeguard-${service}`, 'InactiveEnterTimestampMonotonic'));
  assert.ok((await at('broker')) >= Math.max(await at('camera'), await at('gateway')));
  await machine.sh('systemctl start homeguard.target');
  await machine.picture(token, STARTED_MS);
  assert.equal(await machine.token(), token);
  const camera = (await (await machine.get('cameras/camera', token)).json()) as { settings: { name: string; value: string }[] };
  assert.match(JSON.stringify(camera.settings), /"fps"[^}]*15/);
});

test('a camera that is gone for good is forgotten, one that is there is not', async () => {
  const password = (await machine.sh('cat /var/lib/homeguard/broker/secrets/mqtt-camera')).trim();
  await machine.sh(`mosquitto_pub -u camera -P '${password}' -q 1 -r -t homeguard/gone/status -m offline`);
  assert.match(
    await machine.sh('/opt/homeguard/forget.sh gone'),
    /The camera gone is forgotten:\n.*\n {2}message bus: \d+ kept values cleared/,
  );
  assert.match(await machine.sh('/opt/homeguard/forget.sh camera 2>&1 || echo "exit $?"'), /the camera camera is there.*\nexit 1\n$/);
});

test('a user is made for both services that know users, each of which may read its own file', async () => {
  const made = await machine.sh('/opt/homeguard/user.sh add anna --may read:camera');
  const password = /password {3}(\S+)/.exec(made)?.[1];
  assert.ok(password, made);
  for (const part of ['broker', 'gateway'])
    assert.match(await machine.sh(`cd /var/lib/homeguard/${part} && stat -c '%a %u' users.json && stat -c '%u' .`), /^600 (\d+)\n\1\n$/);
  const watch = (topic: string) => `mosquitto_sub -u anna -P '${password}' -t ${topic} -C 1 -W 5`;
  await until('the user to be known', async () => (await machine.sh(`${watch('homeguard/camera/status')} || true`)) === 'online\n');
  assert.match(await machine.sh('echo "a password of mine" | /opt/homeguard/user.sh password anna --password-file -'), /as you chose it/);
  assert.match(await machine.sh('/opt/homeguard/user.sh remove anna && /opt/homeguard/user.sh list'), /is removed.*\nThere are no users/);
});

test('it starts with the machine, without a camera, and with the same secrets', async () => {
  await machine.reboot();
  await machine.condition(/^no-device$/, token, STARTED_MS);
  await machine.plug(0);
  await machine.picture(token, PLUG_MS);
});

test('installed again it keeps settings and secrets, makes what is missing, and follows no link of a service', async () => {
  await machine.sh(`sed -i 's/^#CAMERA_NAME=.*/CAMERA_NAME=Hen house/' /etc/homeguard/homeguard.env`);
  await machine.sh(
    'rm /var/lib/homeguard/*/secrets/mqtt-gateway && touch /root/precious && ln -s /root/precious /var/lib/homeguard/camera/link',
  );
  await machine.sh('systemctl disable homeguard-camera');
  await machine.install();
  assert.equal(await machine.token(), token);
  assert.equal((await machine.sh('systemctl is-enabled homeguard-camera || true')).trim(), 'disabled');
  await machine.sh('systemctl enable --now homeguard-camera');
  await machine.picture(token, STARTED_MS);
  assert.match(await (await machine.get('cameras/camera', token)).text(), /"name":"Hen house"/);
  assert.equal((await machine.sh('stat -c %U /root/precious')).trim(), 'root');
});

test('it goes away without its data, and with it when asked', async () => {
  const left = () =>
    machine.sh(
      'ls -d /opt/homeguard* /etc/systemd/system/homeguard* /etc/systemd/system/*/homeguard* /etc/homeguard /var/lib/homeguard /run/homeguard 2>/dev/null || true',
    );
  await machine.sh('/root/homeguard/deploy/systemd/uninstall.sh');
  assert.deepEqual((await left()).trim().split('\n'), [
    '/etc/homeguard',
    '/etc/systemd/system/homeguard-camera.service.d',
    '/var/lib/homeguard',
  ]);
  await machine.sh('/root/homeguard/deploy/systemd/uninstall.sh --data');
  assert.equal(await left(), '');
  assert.equal((await machine.sh("systemctl list-units --all --no-legend 'homeguard*'")).trim(), '');
});
