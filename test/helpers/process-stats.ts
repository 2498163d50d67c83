import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessStats {
  pid: number;
  parent: number;
  /** The short name, at most 15 characters: `ffmpeg`. */
  name: string;
  /** One letter: `R` runs, `S` sleeps, `Z` is a zombie (proc_pid_stat(5)). */
  state: string;
  /** User and system time so far, in steps of 0.01 s. */
  cpuSeconds: number;
  /** The same of children that ended and were waited for. */
  endedChildrenCpuSeconds: number;
  /** Memory that is resident now; 0 for a zombie. */
  rssBytes: number;
}

export interface TreeStats {
  pids: number[];
  cpuSeconds: number;
  rssBytes: number;
}

// USER_HZ, which is 100 on every Linux that Node runs on, whatever the kernel's own tick.
const ticksPerSecond = 100;

/** What /proc says of one process now; undefined when there is none of that id. */
export function processStats(pid: number): ProcessStats | undefined {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The name is in parentheses and may itself hold spaces and parentheses.
  const nameEnd = stat.lastIndexOf(')');
  const fields = stat.slice(nameEnd + 2).split(' ');
  const ticks = (field: number): number => Number(fields[field - 3]) / ticksPerSecond;
  const resident = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return {
    pid,
    parent: Number(fields[1]),
    name: stat.slice(stat.indexOf('(') + 1, nameEnd),
    state: fields[0] ?? '?',
    cpuSeconds: ticks(14) + ticks(15),
    endedChildrenCpuSeconds: ticks(16) + ticks(17),
    rssBytes: Number(resident ?? 0) * 1024,
  };
}

/** The process and all that descend from it, itself first; empty when it is gone. */
export function processTree(pid: number): ProcessStats[] {
  const all = allPids().flatMap((each) => processStats(each) ?? []);
  const tree = all.filter((each) => each.pid === pid);
  for (const parent of tree) tree.push(...all.filter((each) => each.parent === parent.pid));
  return tree;
}

/** The sums over the tree. CPU time of descendants that have ended counts, so a difference of two of these is what was used between. */
export function treeStats(pid: number): TreeStats {
  const total: TreeStats = { pids: [], cpuSeconds: 0, rssBytes: 0 };
  for (const each of processTree(pid)) {
    total.pids.push(each.pid);
    total.cpuSeconds += each.cpuSeconds + each.endedChildrenCpuSeconds;
    total.rssBytes += each.rssBytes;
  }
  return total;
}

/** The processes that were started with this environment variable, or inherited it. Zombies have none any more. */
export function pidsWithEnv(name: string, value: string): number[] {
  const entry = `${name}=${value}`;
  return allPids().filter((pid) => read(`/proc/${pid}/environ`)?.split('\0').includes(entry));
}

function allPids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // ended since, or somebody else's
  }
}
