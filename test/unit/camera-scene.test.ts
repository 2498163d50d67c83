import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findGroup, findUser, groupsOf } from '../../services/camera/trouble/accounts.ts';
import { type Place, placeOf, serviceOf, type Traces } from '../../services/camera/trouble/place.ts';

const nothing: Traces = { cgroup: '0::/\n', mounts: '', namespaces: [], dockerenv: false, containerenv: false, booted: false };
const first = ['pid:[4026531836]', 'ipc:[4026531839]', 'uts:[4026531838]'];
const id = '3f29a1b0c4d5e6f7'.repeat(4);
const engine = (traces: Partial<Traces>) => {
  const place = placeOf({ ...nothing, ...traces });
  return place.kind === 'container' ? place.engine : place.kind;
};

test('Docker is known by the files that it mounts, its control group, or its mark', () => {
  const mounts = `655 640 254:1 /var/lib/docker/containers/${id}/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw\n`;
  assert.equal(engine({ mounts }), 'docker');
  assert.equal(engine({ mounts, namespaces: first }), 'docker'); // --pid=host --ipc=host --uts=host
  assert.equal(engine({ cgroup: `0::/system.slice/docker-${id}.scope\n` }), 'docker');
  assert.equal(engine({ cgroup: `4:memory:/docker/${id}\n1:name=systemd:/docker/${id}\n` }), 'docker');
  assert.equal(engine({ dockerenv: true, namespaces: ['pid:[4026532201]', ...first.slice(1)] }), 'docker');
  assert.equal(engine({ dockerenv: true }), 'docker');
});

test("an image's mark on a real disk makes no container", () => {
  assert.equal(engine({ dockerenv: true, namespaces: first }), 'plain');
  assert.equal(engine({ containerenv: true, namespaces: first }), 'plain');
});

test('the host of containers is no container', () => {
  const mounts = [
    `8 6 0:29 / /var/lib/docker/overlay2/${id}/merged rw - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A`,
    `9 6 0:30 / /var/lib/docker/containers/${id}/mounts/shm rw - tmpfs shm rw`,
    `7 6 0:26 / /var/lib/containers/storage/overlay-containers/${id}/userdata/shm rw - tmpfs shm rw`,
    '5 6 0:27 / /var/lib/kubelet/pods/6e3b2a1c/volumes/kubernetes.io~projected/kube-api rw - tmpfs tmpfs rw',
  ];
  assert.equal(engine({ mounts: `${mounts.join('\n')}\n`, namespaces: first, cgroup: '0::/user.slice/session-1.scope\n' }), 'plain');
});

test('Podman and Kubernetes, LXC and the like', () => {
  const run = `/var/lib/containers/storage/overlay-containers/${id}/userdata`;
  assert.equal(engine({ mounts: `7 6 0:26 ${run}/hosts /etc/hosts rw - tmpfs tmpfs rw\n` }), 'podman');
  assert.equal(engine({ cgroup: `0::/machine.slice/libpod-${id}.scope/container\n` }), 'podman');
  assert.equal(engine({ containerenv: true }), 'podman');
  const pod = '/var/lib/kubelet/pods/6e3b2a1c-0000-4111-8222-000000000000';
  assert.equal(engine({ mounts: `9 8 254:1 ${pod}/etc-hosts /etc/hosts rw - ext4 /dev/sda1 rw\n` }), 'kubernetes');
  assert.equal(engine({ cgroup: '0::/kubepods.slice/kubepods-besteffort.slice\n', dockerenv: true }), 'kubernetes');
  assert.equal(engine({ booted: true }), 'other');
  // A service within such a container is given what any service is given.
  assert.equal(engine({ booted: true, cgroup: '0::/system.slice/homeguard.service\n' }), 'systemd');
});

test('a service of systemd is known by its control group, of both versions', () => {
  const place: Place = { kind: 'systemd', unit: 'homeguard-camera.service', manager: 'system' };
  for (const cgroup of [
    '0::/system.slice/homeguard-camera.service\n',
    '0::/system.slice/system-homeguard.slice/homeguard-camera.service/worker\n',
    '12:pids:/system.slice/homeguard-camera.service\n1:name=systemd:/system.slice/homeguard-camera.service\n0::/\n',
  ]) {
    assert.deepEqual(placeOf({ ...nothing, cgroup, namespaces: first }), place, cgroup);
  }
  const users = '0::/user.slice/user-1000.slice/user@1000.service';
  assert.deepEqual(serviceOf(`${users}/app.slice/homeguard.service\n`), { unit: 'homeguard.service', manager: 'user' });
});

test('logins, terminals, cron and what the desktop starts are no services', () => {
  const users = '/user.slice/user-1000.slice/user@1000.service';
  for (const path of [
    '/',
    '/init.scope',
    '/user.slice/user-1000.slice/session-3.scope',
    users,
    `${users}/app.slice/app-org.gnome.Terminal.slice/vte-spawn-4d2a.scope`,
    `${users}/app.slice/app-gnome-xterm-1234.scope`,
    `${users}/app.slice/app-org.kde.konsole@5f0c.service`,
    `${users}/app.slice/gnome-terminal-server.service`,
    `${users}/tmux-spawn-1b2c.scope`,
    '/system.slice/cron.service',
    '/system.slice/ssh.service',
    '/system.slice/system-getty.slice/getty@tty1.service',
    '/system.slice/ssh@1-10.0.0.2:22-10.0.0.3:5.service',
  ]) {
    assert.equal(serviceOf(`0::${path}\n`), null, path);
  }
  assert.equal(serviceOf(''), null);
});

const passwd = 'root:x:0:0:root:/root:/bin/bash\n# a remark\n\npi:x:1000:1000:,,,:/home/pi:/bin/bash\n+::::::\n';
const group = 'root:x:0:\nvideo:x:44:motion,pi\nrender:x:105:pizza\npi:x:1000:\nbroken\n';

test('names of users and groups are null where there is none', () => {
  assert.deepEqual(findUser(passwd, 1000), { name: 'pi', uid: 1000, gid: 1000 });
  assert.deepEqual([findUser(passwd, 1001), findUser('', 0)], [null, null]);
  assert.deepEqual([findGroup(group, 44), findGroup(group, 45), findGroup('', 0)], ['video', null, null]);
});

test("a fresh login has the user's own group and all that name him", () => {
  assert.deepEqual(groupsOf(group, { name: 'pi', uid: 1000, gid: 1000 }), [1000, 44]);
  assert.deepEqual(groupsOf('', { name: 'pi', uid: 1000, gid: 1000 }), [1000]);
});
