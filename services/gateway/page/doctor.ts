/** Has the doctor look at a camera, where that is. */
import type { Checkup } from '../../shared/checkup.ts';
import { LoginNeeded } from './camera.ts';

/** Whoever comes too soon is told when to come again; it is waited for once, if it is not longer than this, in ms. */
const MAX_WAIT_MS = 10_000;

/** Why there are no findings, in a sentence. */
export class NoFindings extends Error {
  /** What to type on the camera's machine instead; empty where that would not help. */
  readonly command: string;

  constructor(why: string, command = '') {
    super(why);
    this.command = command;
  }
}

/** Throws LoginNeeded, NoFindings, or what fetch throws when the gateway is not reached. */
export async function askDoctor(id: string): Promise<Checkup> {
  const first = await post(id);
  const waitMs = first.status === 429 ? Number(first.headers.get('Retry-After') ?? Number.NaN) * 1000 : Number.NaN;
  if (waitMs <= MAX_WAIT_MS) await new Promise((resolve) => setTimeout(resolve, waitMs));
  const response = waitMs <= MAX_WAIT_MS ? await post(id) : first;
  if (response.status === 401 || response.redirected) throw new LoginNeeded();
  if (!response.ok) throw await refusalIn(response);
  return (await response.json()) as Checkup;
}

function post(id: string): Promise<Response> {
  return fetch(`cameras/${id}/doctor`, { method: 'POST' });
}

async function refusalIn(response: Response): Promise<NoFindings> {
  try {
    const { detail, title, command } = (await response.json()) as { detail?: string; title?: string; command?: string };
    return new NoFindings(detail ?? title ?? '', command);
  } catch {
    return new NoFindings(`The gateway answered ${response.status}`); // Not ours: a proxy's own page.
  }
}
