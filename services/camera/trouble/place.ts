/** Where this process runs: in a container, in a systemd unit, or neither, from what /proc and the markers of engines say. Pure. */

export type Place =
  | { kind: 'container'; engine: Engine }
  /** `manager`: the system's own systemd, or the one that each user has. */
  | { kind: 'systemd'; unit: string; manager: 'system' | 'user' }
  | { kind: 'plain' };

export type Engine = 'docker' | 'podman' | 'kubernetes' | 'other';

/** What tells where a process runs; a text is empty where its file cannot be read. */
export interface Traces {
  /** /proc/self/cgroup (cgroups(7)): `0::/system.slice/homeguard.service`. */
  cgroup: string;
  /** /proc/self/mountinfo (proc(5)). */
  mounts: string;
  /** Names of the namespaces: `pid:[4026531836]`. */
  namespaces: string[];
  /** Is there a /.dockerenv? */
  dockerenv: boolean;
  /** Is there a /run/.containerenv? */
  containerenv: boolean;
  /** Is there a /run/systemd/container, as LXC and systemd-nspawn have it? */
  booted: boolean;
}

/** The kernel's first namespaces of pid, IPC and UTS have these numbers (include/linux/proc_ns.h). */
const FIRST_NAMESPACES = ['pid:[4026531836]', 'ipc:[4026531839]', 'uts:[4026531838]'];
/** Services that begin other people's programs: what they start is no service. */
const LETS_IN = /^(crond?|atd|sshd?(@.*)?|dropbear|(serial-)?getty@.*|lightdm|gdm3?|sddm|xrdp.*|user@.*)\.service$/;
/** Desktops start programs as such units; a terminal is one of them. */
const DESKTOP = /^(app-|dbus|gnome-terminal|plasma-|vte-)/;

export function placeOf(traces: Traces): Place {
  const engine = engineOf(traces);
  if (engine) return { kind: 'container', engine };
  const service = serviceOf(traces.cgroup);
  if (service) return { kind: 'systemd', ...service };
  return traces.booted ? { kind: 'container', engine: 'other' } : { kind: 'plain' };
}

function engineOf({ cgroup, mounts, namespaces, dockerenv, containerenv }: Traces): Engine | null {
  // Engines give each container files of its own in /etc; what else they mount is to be seen on their host, too.
  if (/\/kubelet\/pods\/\S+ \/etc\//.test(mounts) || /kubepods/.test(cgroup)) return 'kubernetes';
  if (/\/overlay-containers\/\S+ \/etc\//.test(mounts) || /libpod-/.test(cgroup)) return 'podman';
  if (/\/containers\/[0-9a-f]{12,}\/\S+ \/etc\//.test(mounts) || /\/docker[-/][0-9a-f]{12}/.test(cgroup)) return 'docker';
  // An image that was written to a disk keeps its marker: what runs in the first namespaces is in no container.
  if (FIRST_NAMESPACES.every((first) => namespaces.includes(first))) return null;
  if (containerenv) return 'podman';
  return dockerenv ? 'docker' : null;
}

/** The service a cgroup belongs to; null for logins, terminals and what they start. */
export function serviceOf(cgroup: string): { unit: string; manager: 'system' | 'user' } | null {
  // cgroup v2, or systemd's own hierarchy of v1.
  const path = /^(?:0::|\d+:name=systemd:)(\/.+)$/m.exec(cgroup)?.[1] ?? '';
  const parts = path.split('/');
  const isUsers = parts.some((part) => /^user@\d+\.service$/.test(part));
  const unit = parts.findLast((part) => part.endsWith('.service') && !LETS_IN.test(part));
  if (!unit || (isUsers && DESKTOP.test(unit))) return null;
  return { unit, manager: isUsers ? 'user' : 'system' };
}
