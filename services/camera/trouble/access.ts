/** Who may open the device, and what gives us the right where we may not. Pure. */
import type { Engine, Place } from './place.ts';
import type { DeviceFile, Scene, Us } from './scene.ts';

/** What the kernel shows for a user or group that our user namespace does not have (/proc/sys/kernel/overflowgid). */
const NOBODY = 65534;
const READ_WRITE = 0o6;
/** Gives all cameras to the group video, now and at each start. */
const RULE = [
  `echo 'SUBSYSTEM=="video4linux", GROUP="video", MODE="0660"' | sudo tee /etc/udev/rules.d/99-homeguard.rules`,
  'sudo udevadm control --reload',
  'sudo udevadm trigger --subsystem-match=video4linux',
].join(' && ');

type Service = Extract<Place, { kind: 'systemd' }>;

/** Who we are, and whose the device is: `uid 1000, groups 1000; the device is root:44 0660`. */
export function describeAccess({ us, node }: Pick<Scene, 'us' | 'node'>): string {
  const who = `uid ${us.uid}, groups ${[...new Set([us.gid, ...us.groups])].join(' ')}`;
  if (!node) return who;
  return `${who}; the device is ${node.uid === 0 ? 'root' : node.uid}:${node.gid} ${node.mode.toString(8).padStart(4, '0')}`;
}

/** What to do when the device at `path` is refused: EACCES comes from its owner, group and mode, EPERM from a control group's rules. */
export function accessAdvice(scene: Scene, path: string, error: 'EACCES' | 'EPERM'): string {
  const { us, node, place } = scene;
  if (!node) return `Look with \`ls -l ${word(path)}\` whether the device is there, and whose it is.`;
  if (error === 'EPERM' || mayOpen(us, node)) return denialAdvice(place, node, error);
  if (place.kind === 'container' && (node.uid === NOBODY || node.gid === NOBODY)) return NAMESPACE_ADVICE[place.engine];
  return groupHelps(us, node) ? groupAdvice(scene, node) : ruleAdvice(place);
}

/** By owner, group and mode, of which the first that is ours counts; ffmpeg reads and writes. */
function mayOpen(us: Us, node: DeviceFile): boolean {
  // Root may open all but what its user namespace does not have.
  if (us.uid === 0 && node.uid !== NOBODY) return true;
  if (us.uid === node.uid) return mayUse(node.mode >> 6);
  return mayUse([us.gid, ...us.groups].includes(node.gid) ? node.mode >> 3 : node.mode);
}

function mayUse(bits: number): boolean {
  return (bits & READ_WRITE) === READ_WRITE;
}

/** Would its group open the device to us, and is it one that a service should have? */
function groupHelps(us: Us, node: DeviceFile): boolean {
  return us.uid !== node.uid && node.gid !== 0 && node.gid !== NOBODY && mayUse(node.mode >> 3);
}

function groupAdvice({ us, place, launcher }: Scene, node: DeviceFile): string {
  if (place.kind === 'container' && place.engine !== 'other') return containerAdvice(place.engine, node.gid, launcher);
  const group = node.group ?? String(node.gid);
  if (launcher) return launcherAdvice(place, group);
  const isMember = us.memberOf.includes(node.gid);
  if (place.kind === 'systemd' && place.manager === 'system') return serviceAdvice(place, group, isMember);
  // A user's own services live on without logins.
  const again = place.kind === 'systemd' ? 'restart the machine' : 'log out, log in again and start HomeGuard again';
  if (isMember) return `The group ${group} is yours by now, but HomeGuard began without it: ${again}.`;
  return us.user ? `Run \`${join(us.user, node)}\`, and then ${again}.` : strangerAdvice(us.uid, group);
}

/** By the group's number: its name would be looked up inside the image. */
function containerAdvice(engine: Exclude<Engine, 'other'>, gid: number, launcher: Scene['launcher']): string {
  const advice = {
    docker: inCompose(`group_add: ["${gid}"]`),
    podman: `Start the container with \`--group-add ${gid}\``,
    kubernetes: `Put the line \`supplementalGroups: [${gid}]\` under securityContext of the pod and apply it again`,
  }[engine];
  return launcher ? `${advice}; where uWSGI changes its user, its ini file needs \`add-gid = ${gid}\`, too.` : `${advice}.`;
}

/** uWSGI takes `add-gid` only where it changes its group, and then instead of its user's groups (core/utils.c; tried with 2.0.21). */
function launcherAdvice(place: Place, group: string): string {
  const again = place.kind === 'systemd' ? `run ${restart(place)}` : 'start uWSGI again';
  const line = `\`add-gid = ${group}\``;
  return `Put the line ${line} beside uid and gid into uWSGI's ini file and ${again}, or better, give HomeGuard a service of its own.`;
}

function serviceAdvice(place: Service, group: string, isMember: boolean): string {
  if (isMember) return `Run ${restart(place)}: its user has the group ${group} by now, but the service began without it.`;
  return `${inUnit(place, `SupplementaryGroups=${group}`)}.`;
}

function strangerAdvice(uid: number, group: string): string {
  return `Start HomeGuard as a user that has the group ${group}: the number ${uid} is nobody in /etc/passwd.`;
}

/** usermod(8) takes no group that has no name. */
function join(user: string, { gid, group }: DeviceFile): string {
  if (group !== null) return `sudo usermod -aG ${word(group)} ${word(user)}`;
  return `sudo groupadd -g ${gid} homeguard-video && sudo usermod -aG homeguard-video ${word(user)}`;
}

function ruleAdvice(place: Place): string {
  if (place.kind !== 'container') return `Run \`${RULE}\`, which lets the group video open the camera.`;
  return `On the host, run \`${RULE}\`, which lets the group video open the camera, and start the container again.`;
}

const NAMESPACE_ADVICE: Record<Engine, string> = {
  docker: `${inCompose('userns_mode: "host"')}, for the container does not know the owner of the device; a rootless Docker cannot.`,
  podman: 'Start the container with `--group-add keep-groups`, as a user of the host that has the group of the device.',
  kubernetes: 'Put the line `hostUsers: true` into the spec of the pod, for the container does not know the owner of the device.',
  other: 'Let the host hand in the device with an owner that the container knows.',
};

/** Owner and mode would let us in, yet something does not. */
function denialAdvice(place: Place, node: DeviceFile, error: 'EACCES' | 'EPERM'): string {
  if (error === 'EPERM' && place.kind === 'container') return RULES_ADVICE[place.engine](node);
  if (error === 'EPERM' && place.kind === 'systemd' && place.manager === 'system') {
    return `${inUnit(place, `DeviceAllow=char-${node.major} rw`)}.`;
  }
  const where = place.kind === 'container' ? ' on the host' : '';
  return `If it stays dark, look for "denied" in what \`sudo dmesg\` prints${where}: owner and mode of the device would let HomeGuard in.`;
}

/** A container opens those devices that its engine was told of. */
const RULES_ADVICE: Record<Engine, (node: DeviceFile) => string> = {
  docker: ({ major }) => `${inCompose(`device_cgroup_rules: ["c ${major}:* rw"]`)}.`,
  podman: ({ path }) => `Start the container with \`--device ${word(path)}\`.`,
  kubernetes: () => 'Put the line `privileged: true` under securityContext of the container and apply it again.',
  other: ({ major }) =>
    `Let the container use the device: for LXC put the line \`lxc.cgroup2.devices.allow = c ${major}:* rw\` into its file.`,
};

function inCompose(line: string): string {
  const [begin] = line.split(':');
  return `Give the camera service in compose.yaml the line \`${line}\`, in place of its ${begin} if it has one, and run \`docker compose up -d\``;
}

/** How a line comes into a unit of systemd, and counts. */
export function inUnit(place: Service, line: string): string {
  return `Run \`sudo systemctl edit ${word(place.unit)}\`, put the lines \`[Service]\` and \`${line}\` into it, and run ${restart(place)}`;
}

function restart({ unit, manager }: Service): string {
  return manager === 'system' ? `\`sudo systemctl restart ${word(unit)}\`` : `\`systemctl --user restart ${word(unit)}\``;
}

/** As one word of a shell. */
export function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
